/** The sandbox's HTTP server on loopback: reads requests, sends JSON, and refuses what is too large or too much. */
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Log } from '../protocol/log.ts';
import { ApiRefusal, invalid } from './call.ts';

export interface Received {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  /** Name, value, name, value, as they came. */
  readonly rawHeaders: readonly string[];
  readonly body: string;
}

/** null: the connection is cut instead of answering. */
export type Sent = { status: number; body: object; headers?: Record<string, string> } | null;

/** Throws an ApiRefusal for everything that is not an answer. */
export type Handle = (received: Received) => Promise<Sent>;

const bodyBytesMax = 64 * 1024;
const runningMax = 10_000;
const stopWaitMs = 2_000;

export class HttpServer {
  readonly #handle: Handle;
  readonly #log: Log;
  // The client keeps its connections; the server must not be the one that closes an idle one under a new request.
  readonly #server: Server = createServer(
    { keepAliveTimeout: 75_000, requireHostHeader: false },
    (request, response) => {
      void this.#serve(request, response);
    },
  );
  #running = 0;
  #requestCount = 0;

  constructor(handle: Handle, log: Log) {
    this.#handle = handle;
    this.#log = log;
  }

  /** 0 picks a free port. Resolves with the port. */
  async listen(port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, '127.0.0.1', resolve);
    });
    const address = this.#server.address() as AddressInfo;
    return address.port;
  }

  /** Waits a moment for the calls that run. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeIdleConnections();
    const cut = setTimeout(() => this.#server.closeAllConnections(), stopWaitMs);
    await closed;
    clearTimeout(cut);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#running++;
    try {
      this.#respond(response, await this.#answer(request));
    } finally {
      this.#running--;
    }
  }

  async #answer(request: IncomingMessage): Promise<Sent> {
    try {
      const url = new URL(request.url ?? '/', 'http://sandbox');
      if (this.#running > runningMax)
        throw new ApiRefusal(429, { type: 'rate_limit_error', message: 'Too many requests at once.' });
      const { method = '', headers, rawHeaders } = request;
      return await this.#handle({ method, url, headers, rawHeaders, body: await readBody(request) });
    } catch (error) {
      const hasLeft = request.destroyed && !request.complete;
      return hasLeft ? null : this.#refusal(error);
    }
  }

  #refusal(error: unknown): Sent {
    if (error instanceof ApiRefusal)
      return { status: error.status, body: { error: { ...error.error, message: error.message } } };
    this.#log('error', 'sandbox: a call failed', { error: String(error) });
    return { status: 500, body: { error: { type: 'api_error', message: 'An unexpected error.' } } };
  }

  #respond(response: ServerResponse, sent: Sent): void {
    if (sent === null || response.destroyed) {
      response.destroy();
      return;
    }
    const text = JSON.stringify(sent.body);
    response.writeHead(sent.status, {
      'content-type': 'application/json',
      ...sent.headers,
      'content-length': Buffer.byteLength(text),
      'request-id': `req_sandbox${++this.#requestCount}`,
      // What was not read of a refused body would be taken for the next request.
      ...(sent.status === 413 ? { connection: 'close' } : {}),
    });
    response.end(text);
  }
}

function readBody(request: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= bodyBytesMax) chunks.push(chunk);
      else reject(invalid('The request body is too large', {}, 413));
    });
    request.once('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
    request.once('error', reject);
    request.once('close', () => reject(new Error('the client went away')));
  });
}
