/**
 * The engine for gateway tests: the real actors in one real shard over a journal in memory, with a clock that can be
 * moved on and a payment provider that does as told. Only clock, storage and provider are replaced.
 */

import { setTimeout as wait } from 'node:timers/promises';
import type { OrderView } from '../../src/actors/order/commands.ts';
import type { PaymentCommand } from '../../src/actors/payments/commands.ts';
import { deciders } from '../../src/features.ts';
import { evenSpread } from '../../src/protocol/address.ts';
import { type Answer, busy } from '../../src/protocol/answer.ts';
import type { AnyCommand } from '../../src/protocol/command.ts';
import type { Push } from '../../src/protocol/decider.ts';
import type { Log } from '../../src/protocol/log.ts';
import type { ReplyTo } from '../../src/runtime/mailbox.ts';
import { Shard } from '../../src/runtime/shard.ts';
import { defaultShardLimits } from '../../src/runtime/shard-options.ts';
import { MemoryJournal, MemorySnapshots, MemoryStore } from '../support/memory-journal.ts';
import type { Shards } from './shards.ts';

/** Keeps quiet except for what would explain a failing test. */
export const testLog: Log = (level, message, fields) => {
  if (level === 'error') console.error(message, fields ?? '');
};

export async function until<Result>(
  condition: () => Result | Promise<Result>,
  limitMs = 10_000,
): Promise<NonNullable<Result>> {
  const deadlineMs = performance.now() + limitMs;
  for (;;) {
    const result = await condition();
    if (result) return result;
    if (performance.now() > deadlineMs) throw new Error(`not within ${limitMs} ms: ${condition}`);
    await wait(5);
  }
}

export async function startEngine(): Promise<Engine> {
  const engine = new Engine();
  await engine.start();
  return engine;
}

export class Engine {
  /** Where pushes go; several gateways may listen. */
  readonly listeners = new Set<(push: Push) => void>();
  /** Pushes are lost while it is true. */
  isDeaf = false;
  /** Commands of these types are answered `busy` without reaching the shard. */
  readonly refusing = new Set<string>();
  /** Commands asked so far, by type. */
  readonly asked = new Map<string, number>();
  /** What the provider says of payments by their ids, when it is asked to examine them: what went back of what was taken. */
  readonly standings = new Map<string, { captured: number; refunded: number }>();
  readonly now = (): number => Date.now() + this.#aheadMs;
  readonly shards: Shards = {
    ask: (kind, key, command) => this.#ask(kind, key, command),
    find: async (kind, name) => this.#shard.find(kind, name),
    stats: async () => [this.#shard.stats()],
  };
  readonly #waiting: (() => void)[] = [];
  readonly #newest = new Map<string, OrderView>();
  #aheadMs = 0;
  #isProviderSlow = false;
  // After the fields that it is made of.
  readonly #shard: Shard = this.#makeShard(new MemoryStore());

  #makeShard(store: MemoryStore): Shard {
    return new Shard({
      shard: 0,
      partitions: evenSpread(1).partitionsOf(0),
      owner: 'test',
      deciders,
      journal: new MemoryJournal(store),
      snapshots: new MemorySnapshots(store),
      clock: { now: this.now, advanceTo: () => {} },
      scheduler: {
        now: () => performance.now(),
        soon: setImmediate,
        after(ms, task) {
          const timer = setTimeout(task, ms);
          return () => clearTimeout(timer);
        },
      },
      ask: ({ command }, done) => this.#askProvider(command as PaymentCommand, done),
      push: (push) => this.#push(push),
      onDurable: () => {},
      onRetired: () => {},
      onFatal: (reason) => {
        throw new Error(reason);
      },
      log: testLog,
      limits: defaultShardLimits,
    });
  }

  async start(): Promise<void> {
    await this.#shard.start();
  }

  async stop(): Promise<void> {
    await this.#shard.stop(1_000);
  }

  /** Moves the clock on. */
  advance(ms: number): void {
    this.#aheadMs += ms;
  }

  /** Payment commands wait while it is true. */
  get isProviderSlow(): boolean {
    return this.#isProviderSlow;
  }

  set isProviderSlow(isSlow: boolean) {
    this.#isProviderSlow = isSlow;
    if (!isSlow) for (const answer of this.#waiting.splice(0)) answer();
  }

  /** The buyer's newest order, by the last push about it, when it has that status. */
  newestOrder(buyerId: string, status: string): string | null {
    const order = this.#newest.get(`buyer/${buyerId}`);
    return order?.status === status ? order.orderId : null;
  }

  #askProvider(command: PaymentCommand, done: ReplyTo): void {
    const answer = () => {
      const { code, body } = pay(command, this.standings);
      done(code, body);
    };
    if (this.#isProviderSlow) this.#waiting.push(answer);
    else setImmediate(answer);
  }

  #push(push: Push): void {
    if (push.type === 'order.updated') this.#newest.set(push.topic, push.body as OrderView);
    if (!this.isDeaf) for (const listen of this.listeners) listen(push);
  }

  #ask(kind: string, key: string, command: AnyCommand): Promise<Answer> {
    this.asked.set(command.type, (this.asked.get(command.type) ?? 0) + 1);
    if (this.refusing.has(command.type)) return Promise.resolve(busy);
    return new Promise((resolve) => {
      // A copy, as when it had travelled between threads.
      this.#shard.deliver(kind, key, structuredClone(command), (code, body) =>
        resolve({ code, body: structuredClone(body) }),
      );
    });
  }
}

/** Says yes, unless the payment method is one that is declined. */
function pay(command: PaymentCommand, standings: Engine['standings']): Answer {
  const paymentId = `pi_${command.orderId}`;
  if (command.type === 'ExaminePayment') {
    const { captured, refunded } = standings.get(command.paymentId) ?? { captured: 0, refunded: 0 };
    const usd = (amount: number) => ({ amount, currency: 'USD' });
    return { code: 'ok', body: { captured: usd(captured), refunded: usd(refunded), disputed: null } };
  }
  if (command.type === 'AuthorizePayment' && command.paymentMethod.includes('Declined'))
    return { code: 'payment_declined', body: { paymentId, declineCode: 'generic_decline' } };
  return { code: 'ok', body: { paymentId } };
}
