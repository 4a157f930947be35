/**
 * One request and its answer on the socket: the only code that holds a uWS response.
 *
 * 1. `onAborted` is attached before anything else, and after an abort nothing is written: uWS ends the process
 *    for either mistake.
 * 2. Everything wanted from the request is copied before the first await; body chunks are copied when they come.
 * 3. A request gets exactly one answer, corked. Whatever is thrown becomes a problem.
 * 4. Checks are made in the contract's order: path, method, token, role, rate, size, type, JSON, schema.
 * 5. Memory is bounded: body bytes per request and together, and requests at once.
 */
import type { HttpRequest, HttpResponse } from 'uWebSockets.js';
import { DoorbusterError } from '../protocol/errors.ts';
import { newId } from '../protocol/ids.ts';
import { writeReply } from './answer.ts';
import { authorise, identify } from './auth.ts';
import { parseJson, parseQuery } from './check.ts';
import type { HttpMetrics } from './http-metrics.ts';
import { checkKey, fingerprintOf, runOnce } from './idempotency.ts';
import { addressKey, type Limiter } from './limiter.ts';
import { internalReply, refusalReply } from './problem.ts';
import { type RequestHead, readHead, readHeaders } from './request-head.ts';
import type { GatewayServices, Identity, Reply, RequestContext } from './route.ts';
import type { CompiledRoute, Match, Router } from './router.ts';
import type { Tokens } from './tokens.ts';

export const bodyBytesMax = 64 * 1024;

/** What all exchanges of one server share. */
export interface Gate {
  readonly services: GatewayServices;
  readonly router: Router;
  readonly tokens: Tokens;
  readonly accountLimiter: Limiter;
  readonly addressLimiter: Limiter;
  readonly metrics: HttpMetrics;
  readonly openMax: number;
  readonly openBodyBytesMax: number;
  /** Requests that have no answer yet. */
  open: number;
  openBodyBytes: number;
  isDraining: boolean;
  /** Called whenever `open` falls to 0. */
  onIdle: (() => void) | null;
}

const noBody = Buffer.alloc(0);

export class Exchange {
  readonly #gate: Gate;
  readonly #res: HttpResponse;
  readonly #startedAtMs = performance.now();
  readonly #head: RequestHead;
  #match: Match | null = null;
  #headers: Readonly<Record<string, string>> = {};
  /** undefined: not known yet. */
  #identity: Identity | null | undefined = undefined;
  #isAdmitted = false;
  #chunks: Buffer[] = [];
  #bytes = 0;
  #isBodyComplete = false;
  /** Whether nothing more of this request can come. */
  #isReceived = false;
  #isTooLarge = false;
  #isRunning = false;
  #isAborted = false;
  #isSettled = false;

  constructor(gate: Gate, res: HttpResponse, req: HttpRequest) {
    this.#gate = gate;
    this.#res = res;
    res.onAborted(() => this.#abort());
    gate.open += 1;
    this.#head = readHead(res, req);
    try {
      this.#begin(req);
    } catch (error) {
      this.#fail(error);
    }
  }

  #begin(req: HttpRequest): void {
    const gate = this.#gate;
    if (gate.open > gate.openMax) throw tooBusy();
    const method = this.#head.method === 'HEAD' ? 'GET' : this.#head.method;
    const match = gate.router.find(method, this.#head.path);
    if (match === null) throw new DoorbusterError('not_found', 'No such path');
    if ('allow' in match)
      throw new DoorbusterError('method_not_allowed', `This path has ${match.allow}`, { allow: match.allow });
    this.#match = match;
    const { route } = match.compiled;
    const { authorization } = this.#head;
    if (route.headers) this.#headers = readHeaders(req, route.headers, authorization);

    const identity = identify(gate.tokens, route.auth, authorization);
    if (identity instanceof Promise) {
      identity.then(
        (known) => {
          this.#identity = known;
          this.#proceed();
        },
        (error) => this.#fail(error),
      );
    } else {
      this.#identity = identity;
    }

    if (route.method === 'GET' || route.method === 'DELETE') this.#isBodyComplete = true;
    else if (this.#isDeclaredTooLarge()) this.#isTooLarge = true;
    else this.#res.onData((chunk, isLast) => this.#receive(chunk, isLast));
    this.#proceed();
  }

  #receive(chunk: ArrayBuffer, isLast: boolean): void {
    if (this.#isSettled || this.#isTooLarge) return;
    if (this.#bytes + chunk.byteLength > bodyBytesMax) {
      this.#isTooLarge = true;
      this.#releaseBody();
    } else {
      if (chunk.byteLength > 0) {
        // uWS takes the chunk's memory back after this call.
        this.#chunks.push(Buffer.from(new Uint8Array(chunk)));
        this.#bytes += chunk.byteLength;
        this.#gate.openBodyBytes += chunk.byteLength;
      }
      if (!isLast && this.#gate.openBodyBytes > this.#gate.openBodyBytesMax) {
        this.#fail(tooBusy());
        return;
      }
      this.#isBodyComplete = isLast;
      this.#isReceived = isLast;
    }
    if (isLast || this.#isTooLarge) this.#proceed();
  }

  /** Goes on as far as what has come allows. */
  #proceed(): void {
    if (this.#isSettled || this.#isRunning || this.#identity === undefined) return;
    const { route } = this.#match!.compiled;
    try {
      if (!this.#isAdmitted) {
        authorise(route.auth, this.#identity);
        if (this.#identity) this.#gate.accountLimiter.take(this.#identity.accountId);
        else this.#gate.addressLimiter.take(addressKey(this.#head.remoteAddress));
        this.#isAdmitted = true;
      }
      if (this.#isTooLarge)
        throw new DoorbusterError('payload_too_large', `A body may have ${bodyBytesMax} bytes`);
      if (!this.#isBodyComplete) return;
      this.#isRunning = true;
      this.#run(this.#match!.compiled).then(
        (reply) => this.#send(reply),
        (error) => this.#fail(error),
      );
    } catch (error) {
      this.#fail(error);
    }
  }

  #run(compiled: CompiledRoute): Promise<Reply> {
    const { route } = compiled;
    const rawBody =
      this.#chunks.length === 1
        ? this.#chunks[0]!
        : this.#chunks.length === 0
          ? noBody
          : Buffer.concat(this.#chunks);
    let body: unknown;
    if (!route.isRaw && route.method !== 'GET' && route.method !== 'DELETE') {
      if (rawBody.length > 0 && !jsonTypes.test(this.#head.contentType))
        throw new DoorbusterError('unsupported_media_type', 'Send the body as application/json');
      body = compiled.checkBody(parseJson(rawBody));
    }
    const query = compiled.checkQuery(parseQuery(this.#head.query, compiled.query));
    const context = (mintedId: string | null): RequestContext => ({
      services: this.#gate.services,
      identity: this.#identity ?? null,
      params: this.#match!.params,
      query,
      body,
      rawBody,
      headers: this.#headers,
      requestId: this.#head.requestId,
      remoteAddress: this.#head.remoteAddress,
      mintedId,
    });

    if (route.method === 'POST' && this.#identity && !route.isRaw) {
      if (this.#head.idempotencyKey !== '') {
        const { shards, run } = this.#gate.services;
        const target = this.#head.query === '' ? this.#head.path : `${this.#head.path}?${this.#head.query}`;
        return runOnce(
          {
            shards,
            run,
            accountId: this.#identity.accountId,
            key: checkKey(this.#head.idempotencyKey),
            fingerprint: fingerprintOf(route.method, target, rawBody),
            mints: route.idempotency?.mints ?? 'request',
          },
          (mintedId) => route.handle(context(mintedId)).catch((error) => this.#replyTo(error)),
        );
      }
      if (route.idempotency?.isRequired)
        throw new DoorbusterError('idempotency_key_required', 'Send an Idempotency-Key header');
    }
    return route.handle(context(route.idempotency ? newId(route.idempotency.mints) : null));
  }

  #replyTo(error: unknown): Reply {
    const reply = refusalReply(error);
    if (reply !== null) return reply;
    this.#gate.services.log('error', 'request failed', {
      requestId: this.#head.requestId,
      route: this.#match?.compiled.route.operationId ?? null,
      stack: error instanceof Error ? error.stack : String(error),
    });
    return internalReply;
  }

  #fail(error: unknown): void {
    this.#send(this.#replyTo(error));
  }

  #send(reply: Reply): void {
    if (this.#isSettled) return;
    const isWritable = !this.#isAborted;
    this.#settle(reply.status);
    if (!isWritable) return;
    // A body that may have no end is not read out after an early answer: the connection is closed instead.
    const mayNeverEnd = !this.#isReceived && (this.#head.isChunked || this.#isDeclaredTooLarge());
    writeReply(this.#res, reply, {
      requestId: this.#head.requestId,
      isHead: this.#head.method === 'HEAD',
      mustClose: this.#gate.isDraining || mayNeverEnd,
    });
  }

  /** Also when what was declared is no number. */
  #isDeclaredTooLarge(): boolean {
    return !(this.#head.contentLength <= bodyBytesMax);
  }

  #abort(): void {
    this.#isAborted = true;
    // A handler that runs goes on: its outcome may be stored for a repeat.
    if (!this.#isRunning) this.#settle(499);
  }

  #settle(status: number): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#releaseBody();
    const gate = this.#gate;
    const route = this.#match?.compiled.route.operationId ?? 'unknown';
    gate.metrics.observe(route, status, (performance.now() - this.#startedAtMs) / 1000);
    gate.open -= 1;
    if (gate.open === 0) gate.onIdle?.();
  }

  #releaseBody(): void {
    this.#gate.openBodyBytes -= this.#bytes;
    this.#bytes = 0;
    this.#chunks = [];
  }
}

const jsonTypes = /^application\/json\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?;?$/i;

function tooBusy(): DoorbusterError {
  return new DoorbusterError('busy', 'Too many requests are open: try again');
}
