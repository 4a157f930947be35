/**
 * The provider's own HTTP paths, with the faults that were asked for.
 *
 * 1. An answer is sent after the ledger's file holds what it says, reads included.
 * 2. While a call with an idempotency key runs, a second one with that key is refused with 409.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { perform } from './api.ts';
import { ApiRefusal, type Call, invalid } from './call.ts';
import type { FaultSwitch } from './faults.ts';
import { headerOf, type Received, type Sent } from './http-server.ts';
import type { Ledger } from './ledger.ts';
import type { Webhooks } from './webhooks.ts';

export class ProviderPaths {
  readonly #ledger: Ledger;
  readonly #webhooks: Webhooks;
  readonly #faults: FaultSwitch;
  readonly #random: () => number;
  readonly #runningKeys = new Set<string>();

  constructor(ledger: Ledger, webhooks: Webhooks, faults: FaultSwitch, random: () => number) {
    this.#ledger = ledger;
    this.#webhooks = webhooks;
    this.#faults = faults;
    this.#random = random;
  }

  async handle(received: Received): Promise<Sent> {
    const call = callOf(received);
    const key = call.idempotencyKey;
    if (key === null) return this.#provide(call);
    if (this.#runningKeys.has(key))
      throw new ApiRefusal(409, {
        type: 'idempotency_error',
        code: 'idempotency_key_in_use',
        message: 'There is currently another in-progress request using this Idempotent Key.',
      });
    this.#runningKeys.add(key);
    try {
      return await this.#provide(call);
    } finally {
      this.#runningKeys.delete(key);
    }
  }

  async #provide(call: Call): Promise<Sent> {
    const { delayMs, failRate, failStatus, dropAnswerRate, refundFails, refundPending } =
      this.#faults.current;
    if (delayMs > 0) await pause(delayMs);
    if (this.#random() < failRate) {
      throw new ApiRefusal(failStatus, {
        type: failStatus === 429 ? 'rate_limit_error' : 'api_error',
        message: 'The sandbox was told to fail.',
      });
    }
    const refunding = { isBad: this.#random() < refundFails, isSlow: this.#random() < refundPending };
    const answered = perform(this.#ledger, call, Date.now(), refunding);
    await this.#ledger.flushed();
    this.#webhooks.send(answered.events);
    if (this.#random() < dropAnswerRate) return null;
    const headers: Record<string, string> = {};
    if (answered.isReplayed) headers['idempotent-replayed'] = 'true';
    if (call.idempotencyKey !== null) headers['idempotency-key'] = call.idempotencyKey;
    return { status: answered.status, body: this.#oddly(call, answered.body), headers };
  }

  /** What is sent instead of what was done. */
  #oddly({ method, path }: Call, body: object): object {
    const { oddBody, wrongAmount } = this.#faults.current;
    if (this.#random() < oddBody) return {};
    const isAuthorization = method === 'POST' && path === '/v1/payment_intents' && 'amount' in body;
    return isAuthorization && this.#random() < wrongAmount
      ? { ...body, amount: Number(body.amount) + 100 }
      : body;
  }
}

/**
 * A refund without a key stands for a clerk at the provider's own dashboard. A web page cannot be that clerk: browsers tell where
 * its requests come from.
 */
function isClerk(received: Received): boolean {
  return (
    received.method === 'POST' &&
    received.path === '/v1/refunds' &&
    headerOf(received, 'origin') === null &&
    headerOf(received, 'sec-fetch-site') === null
  );
}

function callOf(received: Received): Call {
  const { method, path, query, body } = received;
  if (!/^(Bearer|Basic) \S/.test(headerOf(received, 'authorization') ?? '') && !isClerk(received))
    throw invalid('You did not provide an API key.', {}, 401);
  const key = method === 'POST' ? headerOf(received, 'idempotency-key') : null;
  if (key !== null && (key.length === 0 || key.length > 255))
    throw invalid('Idempotency keys have 1 to 255 characters.', {}, 400);
  const params = new Map(new URLSearchParams(method === 'POST' ? body : query));
  return { method, path, params, idempotencyKey: key };
}
