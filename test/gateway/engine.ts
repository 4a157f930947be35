/**
 * The engine for gateway tests: the real actors in one real shard over a journal in memory, with a clock that can be
 * moved on and a payment provider that does as told. Only clock, storage and provider are replaced.
 */

import { setTimeout as wait } from 'node:timers/promises';
import type { OrderView } from '../../src/actors/order/commands.ts';
import type { PaymentCommand } from '../../src/actors/payments/commands.ts';
import { deciders } from '../../src/features.ts';
import { type Answer, busy } from '../../src/protocol/answer.ts';
import type { AnyCommand } from '../../src/protocol/command.ts';
import type { Push } from '../../src/protocol/decider.ts';
import { evenSpread } from '../../src/protocol/directory.ts';
import type { Log } from '../../src/protocol/log.ts';
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

export interface Engine {
  readonly shards: Shards;
  readonly now: () => number;
  /** Moves the clock on. */
  advance(ms: number): void;
  /** Where pushes go; several gateways may listen. */
  readonly listeners: Set<(push: Push) => void>;
  /** Payment commands wait while it is true. */
  isProviderSlow: boolean;
  /** Pushes are lost while it is true. */
  isDeaf: boolean;
  /** Commands of these types are answered `busy` without reaching the shard. */
  readonly refusing: Set<string>;
  /** Commands asked so far, by type. */
  readonly asked: Map<string, number>;
  /** The buyer's newest order, by the last push about it, when it has that status. */
  newestOrder(buyerId: string, status: string): string | null;
  stop(): Promise<void>;
}

export async function startEngine(): Promise<Engine> {
  const store = new MemoryStore();
  let aheadMs = 0;
  const now = () => Date.now() + aheadMs;
  const listeners: Engine['listeners'] = new Set();
  const waiting: (() => void)[] = [];
  const newest = new Map<string, OrderView>();

  const shard = new Shard({
    shard: 0,
    partitions: evenSpread(1).partitionsOf(0),
    owner: 'test',
    deciders,
    journal: new MemoryJournal(store),
    snapshots: new MemorySnapshots(store),
    clock: { now, advanceTo: () => {} },
    scheduler: {
      now: () => performance.now(),
      soon: setImmediate,
      after(ms, task) {
        const timer = setTimeout(task, ms);
        return () => clearTimeout(timer);
      },
    },
    ask(_, command, done) {
      const answer = () => {
        const { code, body } = pay(command as PaymentCommand);
        done(code, body);
      };
      if (engine.isProviderSlow) waiting.push(answer);
      else setImmediate(answer);
    },
    push(push) {
      if (push.type === 'order.updated') newest.set(push.topic, push.body as OrderView);
      if (!engine.isDeaf) for (const listen of listeners) listen(push);
    },
    onDurable: () => {},
    onRetired: () => {},
    onFatal: (reason) => {
      throw new Error(reason);
    },
    log: testLog,
    limits: defaultShardLimits,
  });

  let isSlow = false;
  const engine: Engine = {
    shards: {
      ask: (kind, key, command) => ask(kind, key, command),
      find: async (kind, name) => shard.find(kind, name),
      stats: async () => [shard.stats()],
    },
    now,
    advance(ms) {
      aheadMs += ms;
    },
    listeners,
    get isProviderSlow() {
      return isSlow;
    },
    set isProviderSlow(value) {
      isSlow = value;
      if (!value) for (const answer of waiting.splice(0)) answer();
    },
    isDeaf: false,
    refusing: new Set(),
    asked: new Map(),
    newestOrder(buyerId, status) {
      const order = newest.get(`buyer/${buyerId}`);
      return order?.status === status ? order.orderId : null;
    },
    async stop() {
      await shard.stop(1_000);
    },
  };

  function ask(kind: string, key: string, command: AnyCommand): Promise<Answer> {
    engine.asked.set(command.type, (engine.asked.get(command.type) ?? 0) + 1);
    if (engine.refusing.has(command.type)) return Promise.resolve(busy);
    return new Promise((resolve) => {
      // A copy, as when it had travelled between threads.
      shard.deliver(kind, key, structuredClone(command), (code, body) =>
        resolve({ code, body: structuredClone(body) }),
      );
    });
  }

  await shard.start();
  return engine;
}

/** Says yes, unless the payment method is one that is declined. */
function pay(command: PaymentCommand): Answer {
  const paymentId = `pi_${command.orderId}`;
  if (command.type === 'AuthorizePayment' && command.paymentMethod.includes('Declined'))
    return { code: 'payment_declined', body: { paymentId, declineCode: 'generic_decline' } };
  return { code: 'ok', body: { paymentId } };
}
