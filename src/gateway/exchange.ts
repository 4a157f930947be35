/**
 * HTTP's way in and out of the pipeline: one request and its answer on the socket. No handler is given a uWS response:
 * besides this file only request.ts (the peer's address) and the upgrade (live/endpoint.ts, live/refuse-upgrade.ts)
 * touch one.
 *
 * 1. `onAborted` is attached before anything else, and after an abort nothing is written: uWS ends the process
 *    for either mistake.
 * 2. Everything wanted from the request is copied before the first await; body chunks are copied when they come.
 * 3. A request gets exactly one answer, corked. Whatever is thrown becomes a problem.
 * 4. Memory is bounded: body bytes per request and together, and requests at once.
 */
import type { HttpRequest, HttpResponse } from 'uWebSockets.js';
import { STATUS_CODES } from 'node:http';
import { DoorbusterError } from '../protocol/errors.ts';
import { fingerprintOf } from './idempotency.ts';
import type { Door, OpenRequest } from './pipeline.ts';
import { problemType } from './problem.ts';
import {
  bodyBytesMax,
  type Gate,
  parseBody,
  RequestBody,
  type RequestHead,
  readHead,
  readHeaders,
} from './request.ts';
import type { AnyRequest, Identity, Reply, ReplyHeaders } from './route.ts';
import { hasBody, type Match } from './router.ts';

const noHeaders: ReplyHeaders = Object.freeze({});
const noBytes = Buffer.alloc(0);

export class Exchange implements Door {
  readonly keyName = 'Idempotency-Key header';
  readonly #gate: Gate;
  readonly #res: HttpResponse;
  readonly #startedAtMs = performance.now();
  readonly #head: RequestHead;
  #match: Match | null = null;
  #headers = noHeaders;
  /** undefined: not known yet. */
  #identity: Identity | null | undefined = undefined;
  /** null for a route that reads none. */
  #body: RequestBody | null = null;
  #isAdmitted = false;
  #isRunning = false;
  #isAborted = false;
  #isSettled = false;

  constructor(gate: Gate, res: HttpResponse, req: HttpRequest) {
    this.#gate = gate;
    this.#res = res;
    res.onAborted(() => this.#abort());
    gate.enter();
    this.#head = readHead(res, req);
    try {
      this.#begin(req);
    } catch (error) {
      this.#fail(error);
    }
  }

  get queryText(): string {
    return this.#head.query;
  }

  get key(): string {
    return this.#head.idempotencyKey;
  }

  fingerprint({ rawBody }: AnyRequest): string {
    const { path, query } = this.#head;
    const { route } = this.#match!.compiled;
    return fingerprintOf(route.method, query === '' ? path : `${path}?${query}`, rawBody);
  }

  #begin(req: HttpRequest): void {
    const gate = this.#gate;
    if (gate.isOverfull) throw tooBusy();
    const method = this.#head.method === 'HEAD' ? 'GET' : this.#head.method;
    const match = gate.router.find(method, this.#head.path);
    if (match === null) throw new DoorbusterError('not_found', 'No such path');
    if ('allow' in match)
      throw new DoorbusterError('method_not_allowed', `This path has ${match.allow}`, { allow: match.allow });
    this.#match = match;
    const { route, headerNames } = match.compiled;
    if (headerNames.length > 0) this.#headers = readHeaders(req, headerNames);

    const identity = gate.pipeline.identify(route, this.#head.authorization);
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

    if (hasBody(route)) {
      const body = new RequestBody(gate);
      this.#body = body;
      body.isTooLarge = this.#isDeclaredTooLarge();
      if (!body.isTooLarge) this.#res.onData((chunk, isLast) => this.#receive(body, chunk, isLast));
    }
    this.#proceed();
  }

  #receive(body: RequestBody, chunk: ArrayBuffer, isLast: boolean): void {
    if (this.#isSettled || body.isTooLarge) return;
    if (!body.add(chunk, isLast)) this.#fail(tooBusy());
    else if (body.isComplete || body.isTooLarge) this.#proceed();
  }

  /** Goes on as far as what has come allows. */
  #proceed(): void {
    if (this.#isSettled || this.#isRunning || this.#identity === undefined) return;
    try {
      if (!this.#isAdmitted) {
        const { route } = this.#match!.compiled;
        this.#gate.pipeline.admit(route, this.#identity, this.#head.remoteAddress);
        this.#isAdmitted = true;
      }
      if (this.#body?.isTooLarge)
        throw new DoorbusterError('payload_too_large', `A body may have ${bodyBytesMax} bytes`);
      if (this.#body !== null && !this.#body.isComplete) return;
      this.#isRunning = true;
      this.#run(this.#match!, this.#identity).then(
        (reply) => this.#send(reply),
        (error) => this.#fail(error),
      );
    } catch (error) {
      this.#fail(error);
    }
  }

  #run({ compiled, params }: Match, identity: Identity | null): Promise<Reply> {
    const { pipeline } = this.#gate;
    const rawBody = this.#body?.bytes() ?? noBytes;
    const isParsed = this.#body !== null && !compiled.route.isRaw;
    const body = isParsed ? parseBody(rawBody, this.#head.contentType) : undefined;
    const request: OpenRequest = {
      services: pipeline.services,
      identity,
      params,
      query: null,
      body,
      rawBody,
      headers: this.#headers,
      requestId: this.#head.requestId,
      remoteAddress: this.#head.remoteAddress,
      mintedId: null,
    };
    return pipeline.run(compiled, request, this);
  }

  #fail(error: unknown): void {
    const route = this.#match?.compiled.route ?? null;
    this.#send(this.#gate.pipeline.replyTo(error, this.#head.requestId, route));
  }

  #send(reply: Reply): void {
    if (this.#isSettled) return;
    const isWritable = !this.#isAborted;
    this.#settle(reply.status);
    if (!isWritable) return;
    // A body that may have no end is not read out after an early answer: the connection is closed instead.
    const mayNeverEnd = !this.#body?.isComplete && (this.#head.isChunked || this.#isDeclaredTooLarge());
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
    this.#body?.release();
    const gate = this.#gate;
    gate.pipeline.observe(this.#match?.compiled.route ?? null, status, this.#startedAtMs);
    gate.leave();
  }
}

function tooBusy(): DoorbusterError {
  return new DoorbusterError('busy', 'Too many requests are open: try again');
}

// ----------------------------------------------------------------
// Writes one reply to one response that is still open: corked, once, with the headers that every answer has.

interface AnswerOptions {
  readonly requestId: string;
  /** HEAD: the length of the body, but not the body. */
  readonly isHead: boolean;
  readonly mustClose: boolean;
}

function writeReply(res: HttpResponse, reply: Reply, options: AnswerOptions): void {
  const { status, headers, body } = reply;
  const bytes = body === undefined ? null : body instanceof Uint8Array ? body : JSON.stringify(body);
  res.cork(() => {
    res.writeStatus(statusLine(status));
    if (bytes !== null) res.writeHeader('Content-Type', status >= 400 ? problemType : 'application/json');
    res.writeHeader('X-Request-Id', options.requestId);
    for (const name in headers) res.writeHeader(name, headers[name]!);
    if (headers?.['Cache-Control'] === undefined) res.writeHeader('Cache-Control', 'no-store');
    const hasNoBody = status === 204 || options.isHead;
    if (!hasNoBody || options.mustClose) {
      res.end(hasNoBody ? '' : (bytes ?? ''), options.mustClose);
      return;
    }
    // Any argument to `endWithoutBody`, `undefined` too, is a length whose body uWS would wait for.
    if (bytes !== null) res.writeHeader('Content-Length', String(Buffer.byteLength(bytes)));
    res.endWithoutBody();
  });
}

// ----------------------------------------------------------------
// Status lines as HTTP wants them, made once each.

const lineByStatus = new Map<number, string>();

export function statusLine(status: number): string {
  let line = lineByStatus.get(status);
  if (line === undefined) {
    line = `${status} ${STATUS_CODES[status] ?? 'Unknown'}`;
    lineByStatus.set(status, line);
  }
  return line;
}
