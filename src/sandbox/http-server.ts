/**
 * The sandbox's HTTP server on loopback: reads requests, sends JSON, and refuses what is too large or too much.
 *
 * 1. `onAborted` is attached before anything else, and after an abort nothing is written: uWebSockets.js ends the whole
 *    process for either mistake.
 * 2. The head and the chunks of the body are copied when they come: uWebSockets.js takes them back.
 * 3. A request gets one answer, or its connection is cut.
 */
import {
  App,
  type HttpRequest,
  type HttpResponse,
  type TemplatedApp,
  type us_listen_socket,
  us_listen_socket_close,
  us_socket_local_port,
} from 'uWebSockets.js';
import { STATUS_CODES } from 'node:http';
import type { Log } from '../protocol/log.ts';
import { ApiRefusal, invalid } from './call.ts';

interface Head {
  readonly method: string;
  readonly path: string;
  /** Without the question mark. */
  readonly query: string;
  /** Name, value, name, value, as they came; names in lower case. */
  readonly rawHeaders: readonly string[];
}

export interface Received extends Head {
  readonly body: string;
}

/** null: the connection is cut instead of answering. */
export type Sent = { status: number; body: object; headers?: Record<string, string> } | null;

/** Throws an ApiRefusal for everything that is not an answer. */
export type Handle = (received: Received) => Sent | Promise<Sent>;

const loopback = '127.0.0.1';
const bodyBytesMax = 64 * 1024;
const runningMax = 10_000;
const stopWaitMs = 2_000;

/** The first of that name, or null. */
export function headerOf({ rawHeaders }: Head, name: string): string | null {
  for (let index = 0; index < rawHeaders.length; index += 2)
    if (rawHeaders[index] === name) return rawHeaders[index + 1]!;
  return null;
}

export class HttpServer {
  readonly #handle: Handle;
  readonly #log: Log;
  readonly #app: TemplatedApp = App();
  #listening: us_listen_socket | null = null;
  #running = 0;
  #requestCount = 0;
  #isClosed = false;
  #onIdle: (() => void) | null = null;

  constructor(handle: Handle, log: Log) {
    this.#handle = handle;
    this.#log = log;
    this.#app.any('/*', (res, req) => void this.#serve(new Exchange(res, req)));
  }

  /** 0 picks a free port. Resolves with the port. */
  async listen(port: number): Promise<number> {
    this.#listening = await listenAlone(this.#app, port);
    return us_socket_local_port(this.#listening);
  }

  /** Waits a moment for the calls that run. */
  async close(): Promise<void> {
    if (this.#listening === null) return;
    us_listen_socket_close(this.#listening);
    this.#listening = null;
    if (this.#running > 0) await this.#idle();
    this.cut();
  }

  #idle(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, stopWaitMs);
      this.#onIdle = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Closes every socket at once. */
  cut(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#listening = null;
    this.#app.close();
  }

  async #serve(exchange: Exchange): Promise<void> {
    this.#running++;
    try {
      const sent = await this.#answer(exchange);
      exchange.respond(sent, `req_sandbox${++this.#requestCount}`);
    } finally {
      if (--this.#running === 0) this.#onIdle?.();
    }
  }

  async #answer(exchange: Exchange): Promise<Sent> {
    try {
      if (this.#running > runningMax)
        throw new ApiRefusal(429, { type: 'rate_limit_error', message: 'Too many requests at once.' });
      return await this.#handle({ ...exchange.head, body: await exchange.read() });
    } catch (error) {
      return exchange.isOver ? null : this.#refusal(error);
    }
  }

  #refusal(error: unknown): Sent {
    if (error instanceof ApiRefusal)
      return { status: error.status, body: { error: { ...error.error, message: error.message } } };
    this.#log('error', 'sandbox: a call failed', { error: String(error) });
    return { status: 500, body: { error: { type: 'api_error', message: 'An unexpected error.' } } };
  }
}

/** One request and its answer on the socket. */
class Exchange {
  readonly head: Head;
  readonly #res: HttpResponse;
  #onLeft: (() => void) | null = null;
  #isOver = false;

  constructor(res: HttpResponse, req: HttpRequest) {
    this.#res = res;
    res.onAborted(() => {
      this.#isOver = true;
      this.#onLeft?.();
    });
    const rawHeaders: string[] = [];
    req.forEach((name, value) => void rawHeaders.push(name, value));
    // No query is not a string, whatever the types say.
    const query = req.getQuery() ?? '';
    this.head = { method: req.getCaseSensitiveMethod(), path: req.getUrl(), query, rawHeaders };
  }

  /** The client has left, or was answered. */
  get isOver(): boolean {
    return this.#isOver;
  }

  read(): Promise<string> {
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      this.#onLeft = () => reject(new Error('the client went away'));
      this.#res.onData((chunk, isLast) => {
        bytes += chunk.byteLength;
        if (bytes > bodyBytesMax) reject(invalid('The request body is too large', {}, 413));
        else if (!isLast) chunks.push(Buffer.from(chunk.slice(0)));
        else resolve(Buffer.concat([...chunks, Buffer.from(chunk)]).toString('utf8'));
      });
    });
  }

  respond(sent: Sent, requestId: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const res = this.#res;
    if (sent === null) {
      res.close();
      return;
    }
    const { status, body, headers } = sent;
    const text = JSON.stringify(body);
    res.cork(() => {
      res.writeStatus(`${status} ${STATUS_CODES[status] ?? 'Unknown'}`);
      if (headers?.['content-type'] === undefined) res.writeHeader('content-type', 'application/json');
      for (const name in headers) res.writeHeader(name, headers[name]!);
      res.writeHeader('request-id', requestId);
      if (this.head.method !== 'HEAD') {
        res.end(text);
        return;
      }
      res.writeHeader('content-length', String(Buffer.byteLength(text)));
      res.endWithoutBody();
    });
  }
}

/** Refused where somebody listens: by default uWebSockets.js shares a port with others that do. */
const exclusivePort = 1;

/** The package's types have no options where a host is named. */
type ListenWithOptions = (
  host: string,
  port: number,
  options: number,
  done: (socket: us_listen_socket | false) => void,
) => void;

function listenAlone(app: TemplatedApp, port: number): Promise<us_listen_socket> {
  const listen = app.listen.bind(app) as unknown as ListenWithOptions;
  return new Promise((resolve, reject) => {
    listen(loopback, port, exclusivePort, (socket) => {
      if (socket) resolve(socket);
      else reject(new Error(`the sandbox cannot listen on ${loopback}:${port}: is it in use?`));
    });
  });
}
