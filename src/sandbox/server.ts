/**
 * The built-in payment provider: the provider's HTTP paths on loopback, without money. The shop talks to it through
 * the same SDK as to the real one.
 *
 * 1. An answer is sent after the ledger's file holds what it says, reads included.
 * 2. While a call with an idempotency key runs, a second one with that key is refused with 409.
 * 3. Faults (`POST /_sandbox/faults`) touch the provider's paths only, never the books under `/_sandbox/`.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { Log } from '../protocol/log.ts';
import { type Answered, perform } from './api.ts';
import { ApiRefusal, type Call, invalid } from './call.ts';
import { changeFaults, type Faults, noFaults } from './faults.ts';
import { type Ledger, openLedger } from './ledger.ts';
import { paymentsPage, totalsOf } from './totals.ts';
import { createWebhooks, type Webhooks } from './webhooks.ts';

export interface Sandbox {
  readonly url: string;
  readonly port: number;
  setWebhookUrl(url: string | null): void;
  stop(): Promise<void>;
}

export interface SandboxOptions {
  /** 0 picks a free one. */
  readonly port: number;
  readonly dataDir: string;
  readonly log: Log;
  readonly webhook: { readonly url: string | null; readonly secret: string };
  /** From 0 up to 1, for the faults. */
  readonly random?: () => number;
}

const bodyBytesMax = 64 * 1024;
const runningMax = 10_000;

type Sent = { status: number; body: object; headers?: Record<string, string> } | null;

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

function createBooks(ledger: Ledger, webhooks: Webhooks, faults: { current: Faults }) {
  return (method: string, url: URL, body: string): Sent => {
    if (url.pathname === '/_sandbox/totals' && method === 'GET')
      return { status: 200, body: { ...totalsOf(ledger), webhooks: webhooks.counts() } };
    if (url.pathname === '/_sandbox/payments' && method === 'GET') {
      const limit = Number(url.searchParams.get('limit') ?? 100);
      if (!Number.isInteger(limit) || limit < 1 || limit > 1000) throw invalid('limit must be 1 to 1000');
      const page = paymentsPage(ledger, url.searchParams.get('after'), limit);
      if (!page) throw invalid('no such payment to start after', {}, 404);
      return { status: 200, body: page };
    }
    if (url.pathname === '/_sandbox/faults' && method === 'GET') return { status: 200, body: faults.current };
    if (url.pathname === '/_sandbox/faults' && method === 'POST') {
      const changed = changeFaults(faults.current, parseJson(body));
      if (typeof changed === 'string') throw invalid(changed);
      faults.current = changed;
      return { status: 200, body: changed };
    }
    throw invalid('Nothing here', {}, 404);
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function createProvider(
  ledger: Ledger,
  webhooks: Webhooks,
  faults: { current: Faults },
  random: () => number,
) {
  const runningKeys = new Set<string>();

  /** null: the answer was lost on the way. */
  async function provide(call: Call): Promise<Sent> {
    const { delayMs, failRate, failStatus, dropAnswerRate } = faults.current;
    if (delayMs > 0) await pause(delayMs);
    if (random() < failRate) {
      throw new ApiRefusal(failStatus, {
        type: failStatus === 429 ? 'rate_limit_error' : 'api_error',
        message: 'The sandbox was told to fail.',
      });
    }
    const answered: Answered = perform(ledger, call, Date.now());
    await ledger.flushed();
    webhooks.send(answered.events);
    if (random() < dropAnswerRate) return null;
    const headers: Record<string, string> = {};
    if (answered.isReplayed) headers['idempotent-replayed'] = 'true';
    if (call.idempotencyKey !== null) headers['idempotency-key'] = call.idempotencyKey;
    return { status: answered.status, body: answered.body, headers };
  }

  return async (request: IncomingMessage, url: URL, body: string): Promise<Sent> => {
    if (!/^(Bearer|Basic) \S/.test(request.headers.authorization ?? ''))
      throw invalid('You did not provide an API key.', {}, 401);
    const key = request.method === 'POST' ? (request.headers['idempotency-key'] ?? null) : null;
    if (Array.isArray(key) || (key !== null && (key.length === 0 || key.length > 255)))
      throw invalid('Idempotency keys have 1 to 255 characters.', {}, 400);
    const params = new Map(request.method === 'POST' ? new URLSearchParams(body) : url.searchParams);
    const call = { method: request.method ?? '', path: url.pathname, params, idempotencyKey: key };
    if (key === null) return provide(call);
    if (runningKeys.has(key))
      throw new ApiRefusal(409, {
        type: 'idempotency_error',
        code: 'idempotency_key_in_use',
        message: 'There is currently another in-progress request using this Idempotent Key.',
      });
    runningKeys.add(key);
    return provide(call).finally(() => runningKeys.delete(key));
  };
}

export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { log } = options;
  const random = options.random ?? Math.random;
  const faults = { current: noFaults };
  const ledger = await openLedger(options.dataDir);
  const webhooks = createWebhooks({ ...options.webhook, log, faults: () => faults.current, random });
  const books = createBooks(ledger, webhooks, faults);
  const provider = createProvider(ledger, webhooks, faults, random);
  let running = 0;
  let requestCount = 0;

  async function handle(request: IncomingMessage): Promise<Sent> {
    const url = new URL(request.url ?? '/', 'http://sandbox');
    if (running > runningMax)
      throw new ApiRefusal(429, { type: 'rate_limit_error', message: 'Too many requests at once.' });
    const body = await readBody(request);
    if (url.pathname.startsWith('/_sandbox/')) return books(request.method ?? '', url, body);
    return provider(request, url, body);
  }

  function refusal(error: unknown): Sent {
    if (error instanceof ApiRefusal)
      return { status: error.status, body: { error: { ...error.error, message: error.message } } };
    log('error', 'sandbox: a call failed', { error: String(error) });
    return { status: 500, body: { error: { type: 'api_error', message: 'An unexpected error.' } } };
  }

  function respond(response: ServerResponse, sent: Sent): void {
    if (sent === null || response.destroyed) {
      response.destroy();
      return;
    }
    const text = JSON.stringify(sent.body);
    response.writeHead(sent.status, {
      ...sent.headers,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(text),
      'request-id': `req_sandbox${++requestCount}`,
      // What was not read of a refused body would be taken for the next request.
      ...(sent.status === 413 ? { connection: 'close' } : {}),
    });
    response.end(text);
  }

  // The client keeps its connections; the server must not be the one that closes an idle one under a new request.
  const server = createServer({ keepAliveTimeout: 75_000 }, (request, response) => {
    running++;
    void handle(request)
      .catch((error: unknown) => (request.destroyed && !request.complete ? null : refusal(error)))
      .then((sent) => respond(response, sent))
      .finally(() => {
        running--;
      });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  log('info', 'sandbox: no money moves', { port, payments: ledger.intents.length });

  return {
    url: `http://127.0.0.1:${port}`,
    port,
    setWebhookUrl: webhooks.setUrl,
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const cut = setTimeout(() => server.closeAllConnections(), 2_000);
      await closed;
      clearTimeout(cut);
      webhooks.stop();
      await ledger.close();
    },
  };
}
