/**
 * HTTP's way in and out of the pipeline: one request and its answer on the socket. No handler is given a uWS response:
 * besides this file only head.ts (what came), answer.ts and the upgrade (live/endpoint.ts)
 * touch one.
 *
 * 1. `onAborted` is attached before anything else, and after an abort nothing is written: uWS ends the process
 *    for either mistake.
 * 2. Everything wanted from the request is copied before the first await; body chunks are copied when they come.
 * 3. A request gets exactly one answer, corked. Whatever is thrown becomes a problem.
 * 4. Memory is bounded: body bytes per request and together, and requests at once. Large bodies go to files (upload.ts)
 *    and large answers come piece by piece (streamed.ts).
 * 5. After a chunked body the connection is closed: uWS reads trailers as the next request. A body that is not read to
 *    its end, and a head with a fault, close it, too.
 */
import type { HttpRequest, HttpResponse } from 'uWebSockets.js';
import { DoorbusterError } from '../protocol/errors.ts';
import { writeReply, writeStreamHead } from './answer.ts';
import { preflightNames } from './cors.ts';
import { RequestHead } from './head.ts';
import { fingerprintOf } from './idempotency.ts';
import { isApiPath, missing } from './pages.ts';
import type { Door, OpenRequest } from './pipeline.ts';
import { represent } from './representation.ts';
import { bodyBytesMax, type Gate, parseBody, RequestBody } from './request.ts';
import type { AnyRequest, Identity, Reply, Route } from './route.ts';
import { hasBody, type Match, readsBody } from './router.ts';
import { StreamedAnswer, streamsMax } from './streamed.ts';
import type { Upload, UploadedFile, UploadRules } from './upload.ts';

const noBytes = Buffer.alloc(0);

export class Exchange implements Door {
  readonly keyName = 'Idempotency-Key header';
  readonly #gate: Gate;
  readonly #res: HttpResponse;
  readonly #startedAtMs = performance.now();
  readonly #head: RequestHead;
  #match: Match | null = null;
  #identity: Identity | null = null;
  /** null for a route that reads none. */
  #body: RequestBody | null = null;
  /** null for a route that takes no file. */
  #upload: Upload | null = null;
  /** The upload, once all of it has come. */
  #uploaded: UploadedFile | null = null;
  #isPaused = false;
  #streamed: StreamedAnswer | null = null;
  #isAdmitted = false;
  #isRunning = false;
  #isAborted = false;
  #isAnswered = false;
  #isSettled = false;

  constructor(gate: Gate, res: HttpResponse, req: HttpRequest) {
    this.#gate = gate;
    this.#res = res;
    res.onAborted(() => this.#abort());
    gate.enter();
    this.#head = new RequestHead(res, req);
    try {
      this.#begin(req);
    } catch (error) {
      this.#fail(error);
    }
  }

  get queryText(): string {
    return this.#head.query;
  }

  get key(): string | null {
    return this.#head.idempotencyKey;
  }

  fingerprint({ rawBody, upload }: AnyRequest): string {
    const { path, query } = this.#head;
    const { route } = this.#match!.compiled;
    const body = upload === null ? rawBody : Buffer.from(upload.sha256, 'hex');
    return fingerprintOf(route.method, query === '' ? path : `${path}?${query}`, body);
  }

  #begin(req: HttpRequest): void {
    const gate = this.#gate;
    const head = this.#head;
    const match = gate.router.find(head.method === 'HEAD' ? 'GET' : head.method, head.path);
    head.walk(req, match !== null && 'compiled' in match ? match.compiled.headerNames : preflightNames);
    head.client = gate.pipeline.addresses.of(head.peer, head.forwardedFor);
    if (head.fault !== null) throw new DoorbusterError('malformed_request', head.fault);
    if (gate.isOverfull) throw tooBusy();
    gate.pipeline.arrive(head.client);
    if (match === null) {
      gate.pipeline.limits.refused.take(head.client);
      const isRead = head.method === 'GET' || head.method === 'HEAD';
      if (gate.html === null || !isRead || isApiPath(head.path))
        throw new DoorbusterError('not_found', 'No such path');
      this.#show(missing(gate.html), null);
      return;
    }
    if ('allow' in match) {
      const preflight = gate.cors.preflight(head, match.allow, match.headerNames);
      if (preflight === null)
        throw new DoorbusterError('method_not_allowed', `This path has ${match.allow}`, {
          allow: match.allow,
        });
      this.#send(preflight);
      return;
    }
    const page = match.compiled.page ?? null;
    // Browsers ask for HTML when they want a page, and for anything when a page asks.
    const chosen = page !== null && head.accept.includes('text/html') ? { ...match, compiled: page } : match;
    this.#match = chosen;
    const { route } = chosen.compiled;

    this.#identity = gate.pipeline.identify(route, head.authorization, head.client);
    if (route.upload !== undefined) {
      this.#receiveFile(route, route.upload);
      return;
    }
    if (hasBody(route)) {
      const body = new RequestBody(gate, this.#bodyBytesMax());
      this.#body = body;
      body.isTooLarge = this.#isDeclaredTooLarge();
      if (!body.isTooLarge) this.#res.onData((chunk, isLast) => this.#receive(body, chunk, isLast));
    }
    this.#proceed();
  }

  /** Nothing is written for whoever may not send it. */
  #receiveFile(route: Route, rules: UploadRules): void {
    this.#admit(route);
    if (this.#isDeclaredTooLarge()) throw this.#tooLarge();
    const { contentType, headers, isChunked } = this.#head;
    const upload = this.#gate.uploads.begin(
      rules,
      this.#identity?.accountId ?? '',
      contentType,
      headers['content-encoding'] ?? '',
      {
        pause: () => this.#setPaused(true),
        resume: () => this.#setPaused(false),
        onFailure: (error) => this.#fail(error),
      },
    );
    this.#upload = upload;
    this.#res.onData((chunk, isLast) => {
      if (this.#isAnswered || this.#isSettled) return;
      if (!upload.add(chunk)) this.#fail(this.#tooLarge());
      // As for a body in memory: trailers of a chunked body are seen before this turn ends.
      else if (isLast && isChunked) setImmediate(() => void this.#completeUpload(upload));
      else if (isLast) void this.#completeUpload(upload);
    });
  }

  async #completeUpload(upload: Upload): Promise<void> {
    if (this.#isAnswered || this.#isSettled) return;
    this.#isRunning = true;
    try {
      this.#uploaded = await upload.finish();
      this.#show(await this.#run(this.#match!, this.#identity), this.#match!.compiled.route);
    } catch (error) {
      this.#fail(error);
    }
  }

  #setPaused(isPaused: boolean): void {
    if (this.#isAborted || this.#isAnswered || this.#isPaused === isPaused) return;
    this.#isPaused = isPaused;
    if (isPaused) this.#res.pause();
    else this.#res.resume();
  }

  #receive(body: RequestBody, chunk: ArrayBuffer, isLast: boolean): void {
    if (this.#isAnswered || this.#isSettled || body.isTooLarge) return;
    // Trailers look to uWS like a next request. It says so (an abort) before this turn ends: only then is it known
    // that the request is whole, and a refused one has done nothing.
    if (isLast && this.#head.isChunked) setImmediate(() => this.#complete(body));
    if (!body.add(chunk) && !isLast) this.#fail(tooBusy());
    else if (body.isTooLarge) this.#proceed();
    else if (isLast && !this.#head.isChunked) this.#complete(body);
  }

  #complete(body: RequestBody): void {
    body.isComplete = true;
    this.#proceed();
  }

  /** Goes on as far as what has come allows. */
  #proceed(): void {
    if (this.#isAnswered || this.#isSettled || this.#isRunning) return;
    try {
      this.#admit(this.#match!.compiled.route);
      if (this.#body?.isTooLarge) throw this.#tooLarge();
      if (this.#body !== null && !this.#body.isComplete) return;
      this.#isRunning = true;
      this.#run(this.#match!, this.#identity).then(
        (reply) => this.#show(reply, this.#match!.compiled.route),
        (error) => this.#fail(error),
      );
    } catch (error) {
      this.#fail(error);
    }
  }

  #admit(route: Route): void {
    if (this.#isAdmitted) return;
    this.#gate.pipeline.admit(route, this.#identity);
    this.#isAdmitted = true;
  }

  #tooLarge(): DoorbusterError {
    return new DoorbusterError('payload_too_large', `A body may have ${this.#bodyBytesMax()} bytes`);
  }

  #run({ compiled, params }: Match, identity: Identity | null): Promise<Reply> {
    const { pipeline } = this.#gate;
    const rawBody = this.#body?.bytes() ?? noBytes;
    const body = readsBody(compiled.route) ? parseBody(rawBody, this.#head.contentType) : undefined;
    const request: OpenRequest = {
      services: pipeline.services,
      identity,
      params,
      query: null,
      body,
      rawBody,
      upload: this.#uploaded,
      headers: this.#head.headers,
      requestId: this.#head.requestId,
      client: this.#head.client,
      mintedId: null,
    };
    return pipeline.run(compiled, request, this);
  }

  #fail(error: unknown): void {
    const route = this.#match?.compiled.route ?? null;
    this.#send(this.#gate.pipeline.replyTo(error, this.#head.requestId, route));
  }

  /** Most answers are sent as they are: those to reads may be known to the client, or be compressed for it. */
  #show(reply: Reply, route: Route | null): void {
    if (reply.stream !== undefined && this.#gate.openStreams >= streamsMax) {
      this.#fail(tooBusy());
      return;
    }
    const isRead = route?.method === 'GET' && reply.status === 200;
    const shown = isRead || reply.file !== undefined ? represent(reply, route, this.#head) : reply;
    if (shown instanceof Promise) void shown.then((encoded) => this.#send(encoded));
    else this.#send(shown);
  }

  #send(reply: Reply): void {
    if (this.#isAnswered || this.#isSettled) return;
    this.#isAnswered = true;
    // uWS closes a connection only after it has read all that came with the request, and would hand out the next
    // request in it. While this one has no answer yet it closes the connection instead: so it gets none in this turn.
    if (this.#mustClose()) setImmediate(() => this.#write(reply, true));
    else this.#write(reply, false);
  }

  #write(reply: Reply, mustClose: boolean): void {
    const { stream } = reply;
    const isStreamed = stream !== undefined && this.#head.method !== 'HEAD' && !this.#isAborted;
    if (!isStreamed) this.#settle(reply.status);
    if (this.#isAborted) return;
    // A connection that is not read from never hears that its client has gone.
    if (this.#isPaused) this.#res.resume();
    const route = this.#match?.compiled.route ?? null;
    const corsLines = this.#gate.cors.linesFor(this.#head);
    if (isStreamed) {
      writeStreamHead(this.#res, reply, this.#head, mustClose, route, corsLines);
      void this.#stream(reply.status, stream, mustClose);
    } else writeReply(this.#res, reply, this.#head, mustClose, route, corsLines);
  }

  async #stream(status: number, pieces: AsyncIterable<Uint8Array>, mustClose: boolean): Promise<void> {
    const gate = this.#gate;
    gate.openStreams += 1;
    this.#streamed = new StreamedAnswer(this.#res);
    try {
      await this.#streamed.send(pieces, mustClose);
    } catch (error) {
      // The status has gone out: the log is told, and the client sees an answer that breaks off.
      gate.pipeline.replyTo(error, this.#head.requestId, this.#match?.compiled.route ?? null);
    } finally {
      gate.openStreams -= 1;
      this.#settle(status);
    }
  }

  /** Also wherever what follows on the connection could be anything but the next request: invariant 5. */
  #mustClose(): boolean {
    const { isLast, isChunked, fault } = this.#head;
    if (this.#gate.isDraining || isLast || isChunked || fault !== null) return true;
    if (this.#match?.compiled.route.upload !== undefined) return this.#uploaded === null;
    return !this.#body?.isComplete && this.#isDeclaredTooLarge();
  }

  #isDeclaredTooLarge(): boolean {
    return this.#head.contentLength > this.#bodyBytesMax();
  }

  #bodyBytesMax(): number {
    const route = this.#match?.compiled.route;
    return route?.upload?.bytesMax ?? route?.bodyBytesMax ?? bodyBytesMax;
  }

  #abort(): void {
    this.#isAborted = true;
    this.#streamed?.abort();
    // A handler that runs goes on: its outcome may be stored for a repeat.
    if (!this.#isRunning) this.#settle(499);
  }

  #settle(status: number): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#body?.release();
    this.#upload?.close();
    const gate = this.#gate;
    const { requestId, client } = this.#head;
    const route = this.#match?.compiled.route ?? null;
    const identity = this.#identity;
    gate.pipeline.observe(route, status, this.#startedAtMs, requestId, client.text, identity, 'http');
    gate.leave();
  }
}

function tooBusy(): DoorbusterError {
  return new DoorbusterError('busy', 'Too many requests are open: try again');
}
