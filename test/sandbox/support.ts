/** A real sandbox on a free port, the real SDK, and a real HTTP listener for webhooks. */
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import Stripe from 'stripe';
import { freePort } from '../../src/persistence/embedded/free-port.ts';
import type { Log } from '../../src/protocol/log.ts';
import type { Faults } from '../../src/sandbox/faults.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/server.ts';

export const webhookSecret = 'whsec_test_secret_of_the_sandbox';
export const quiet: Log = () => {};

export async function until<Result>(
  condition: () => Result | Promise<Result>,
  limitMs = 10_000,
): Promise<Result> {
  const endMs = performance.now() + limitMs;
  for (;;) {
    const result = await condition();
    if (result) return result;
    if (performance.now() > endMs) throw new Error(`not within ${limitMs} ms: ${condition}`);
    await wait(5);
  }
}

/** A seeded stand-in for chance, so that a run with faults can be repeated. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface Heard {
  readonly rawBody: Buffer;
  readonly signature: string;
}

export async function listenForWebhooks(answer: () => number = () => 200) {
  const heard: Heard[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const status = answer();
      if (status === 200)
        heard.push({
          rawBody: Buffer.concat(chunks),
          signature: String(request.headers['stripe-signature']),
        });
      response.writeHead(status).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    heard,
    types: () => heard.map(({ rawBody }) => JSON.parse(rawBody.toString()).type as string),
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export interface TestSandbox {
  readonly sandbox: Sandbox;
  readonly dataDir: string;
  readonly stripe: Stripe;
  faults(faults: Partial<Faults>): Promise<void>;
  // biome-ignore lint/suspicious/noExplicitAny: the ledger's JSON is what the tests look at
  totals(): Promise<any>;
  /** Stops it (unless it is stopped already) and starts another on the same port and data. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export function connectStripe(url: string, timeout = 5_000): Stripe {
  const { hostname, port } = new URL(url);
  return new Stripe('sk_test_1', {
    host: hostname,
    port,
    protocol: 'http',
    maxNetworkRetries: 0,
    telemetry: false,
    timeout,
  });
}

export async function testSandbox(webhookUrl: string | null = null, seed = 1): Promise<TestSandbox> {
  const dataDir = await mkdtemp(join(tmpdir(), 'doorbuster-sandbox-'));
  const options = {
    dataDir,
    log: quiet,
    webhook: { url: webhookUrl, secret: webhookSecret },
    random: seeded(seed),
  };
  // Chosen here: where uWebSockets.js chooses one, it does not allow another to listen there soon after.
  const port = await freePort('127.0.0.1', 0);
  let sandbox = await startSandbox({ ...options, port });
  return {
    get sandbox() {
      return sandbox;
    },
    dataDir,
    stripe: connectStripe(sandbox.url),
    async faults(faults) {
      const response = await fetch(`${sandbox.url}/_sandbox/faults`, {
        method: 'POST',
        body: JSON.stringify(faults),
      });
      if (response.status !== 200) throw new Error(await response.text());
    },
    totals: async () => (await fetch(`${sandbox.url}/_sandbox/totals`)).json(),
    async restart() {
      await sandbox.stop();
      sandbox = await startSandbox({ ...options, port });
    },
    async stop() {
      await sandbox.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

let nextOrder = 1;
export const newOrderId = () => `ord_test-${nextOrder++}`;

export function paymentOf(orderId: string, paymentMethod = 'pm_card_visa'): Stripe.PaymentIntentCreateParams {
  return {
    amount: 49_900,
    currency: 'usd',
    payment_method: paymentMethod,
    allowed_payment_method_types: ['card'],
    capture_method: 'manual',
    confirm: true,
    error_on_requires_action: true,
    metadata: { orderId, buyerId: 'acc_1' },
  };
}
