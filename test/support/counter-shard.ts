/** A shard of counters over a journal in memory, with the snapshotter beside it. */

import { allPartitions } from '../../src/protocol/address.ts';
import type { AnyCommand } from '../../src/protocol/command.ts';
import {
  type AnyDecider,
  type Decider,
  type PendingMessage,
  type Push,
  register,
} from '../../src/protocol/decider.ts';
import type { Log } from '../../src/protocol/log.ts';
import type { Scheduler } from '../../src/protocol/scheduler.ts';
import { systemScheduler } from '../../src/runtime/clock.ts';
import type { ReplyTo } from '../../src/runtime/mailbox.ts';
import { Shard } from '../../src/runtime/shard.ts';
import { defaultShardLimits, type ShardLimits } from '../../src/runtime/shard-options.ts';
import { Snapshotter } from '../../src/runtime/snapshotter.ts';
import { MemoryJournal, MemorySnapshots, type MemoryStore } from './memory-journal.ts';

/**
 * A counter that can be added to, asks for a greeting (outside, or another counter, whose total is the greeting), and
 * rings a bell when its time has come.
 */
export interface CounterState {
  total: number;
  greeting: 'none' | 'wanted' | string;
  /** The counter that is asked for the greeting; null: somebody outside. */
  greeter: string | null;
  ringAtMs: number;
  rings: number;
}
type CounterCommand =
  | { type: 'Add'; amount: number }
  | { type: 'Read' }
  | { type: 'WantGreeting'; from?: string }
  | { type: 'RingAt'; atMs: number };
type CounterEvent =
  | { type: 'Added'; amount: number }
  | { type: 'GreetingWanted'; from: string | null }
  | { type: 'Greeted'; greeting: string }
  | { type: 'RingSet'; atMs: number }
  | { type: 'Rang'; atMs: number };

const counterDecider: Decider<CounterState, CounterCommand, CounterEvent> = {
  kind: 'counter',
  version: 1,
  initial: () => ({
    total: 0,
    greeting: 'none',
    greeter: null,
    ringAtMs: Number.POSITIVE_INFINITY,
    rings: 0,
  }),
  decide(state, command, at) {
    switch (command.type) {
      case 'Add':
        if (state.total + command.amount > 100) return { code: 'insufficient_stock', events: [] };
        return {
          code: 'ok',
          events: [{ type: 'Added', amount: command.amount }],
          reply: (after) => ({ total: after.total }),
          pushes: (after) => [{ topic: 'sale/x', type: 'total', body: after.total }],
        };
      case 'WantGreeting':
        return { code: 'ok', events: [{ type: 'GreetingWanted', from: command.from ?? null }] };
      case 'RingAt':
        return { code: 'ok', events: [{ type: 'RingSet', atMs: command.atMs }] };
      case 'Answered':
        return { code: 'ok', events: [{ type: 'Greeted', greeting: greetingIn(command.body) }] };
      case 'Tick':
        return { code: 'ok', events: at >= state.ringAtMs ? [{ type: 'Rang', atMs: at }] : [] };
      default:
        return { code: 'ok', events: [], reply: { ...state } };
    }
  },
  evolve(state, event) {
    if (event.type === 'Added') state.total += event.amount;
    if (event.type === 'GreetingWanted') {
      state.greeting = 'wanted';
      state.greeter = event.from;
    }
    if (event.type === 'Greeted') state.greeting = event.greeting;
    if (event.type === 'RingSet') state.ringAtMs = event.atMs;
    if (event.type === 'Rang') {
      state.rings++;
      state.ringAtMs = Number.POSITIVE_INFINITY;
    }
  },
  pendingMessages(state): readonly PendingMessage[] {
    if (state.greeting !== 'wanted') return [];
    const { greeter } = state;
    return greeter === null
      ? [{ id: 'greet', kind: 'payments', key: 'x', command: { type: 'Greet' } }]
      : [{ id: `greet:${greeter}`, kind: 'counter', key: greeter, command: { type: 'Read' } }];
  },
  deadline: (state) => state.ringAtMs,
  snapshot: (state) => ({ ...state, ringAtMs: Number.isFinite(state.ringAtMs) ? state.ringAtMs : null }),
  restore(_key, snapshot) {
    const saved = snapshot as CounterState & { ringAtMs: number | null };
    return { ...saved, ringAtMs: saved.ringAtMs ?? Number.POSITIVE_INFINITY };
  },
};

export const counter = register(counterDecider);

function greetingIn(body: unknown): string {
  return typeof body === 'object' && body !== null && 'total' in body ? `total ${body.total}` : String(body);
}

export interface Running {
  shard: Shard;
  snapshotter: Snapshotter;
  snapshots: MemorySnapshots;
  journal: MemoryJournal;
  asked: { key: string; command: AnyCommand; done: ReplyTo }[];
  pushes: Push[];
  fatal: string[];
  /** Partitions that were taken over by another owner. */
  replaced: number[];
  retired: string[];
  clock: { at: number };
  send(command: CounterCommand, key?: string): Promise<{ code: string; body: unknown }>;
}

interface Options extends Partial<ShardLimits> {
  readonly snapshotEveryMs?: number;
  readonly partitions?: readonly number[];
  readonly owner?: string;
  readonly mayOpen?: () => Promise<void>;
  /** The counter, changed. */
  readonly decider?: Partial<AnyDecider>;
  readonly log?: Log;
  /** Timers look at the clock every few milliseconds: for tests that turn it. */
  readonly isHurried?: boolean;
}

const running: Running[] = [];

const hurriedScheduler: Scheduler = {
  ...systemScheduler,
  after: (ms, task) => systemScheduler.after(Math.min(ms, 2), task),
};

export async function startShard(
  store: MemoryStore,
  options: Options = {},
  atMs = 1_000_000,
): Promise<Running> {
  const {
    snapshotEveryMs = 15_000,
    partitions = allPartitions,
    owner = 'test',
    mayOpen,
    decider,
    log = () => {},
    isHurried = false,
    ...shardLimits
  } = options;
  const scheduler = isHurried ? hurriedScheduler : systemScheduler;
  const deciders = [{ ...counter, ...decider }];
  const journal = new MemoryJournal(store);
  const snapshots = new MemorySnapshots(store);
  const clock = { at: atMs };
  const said: Pick<Running, 'asked' | 'pushes' | 'fatal' | 'replaced' | 'retired'> = {
    ...{ asked: [], pushes: [], fatal: [], replaced: [], retired: [] },
  };
  const advanceTo = (atMs: number) => {
    clock.at = Math.max(clock.at, atMs);
  };
  const shared = { deciders, journal, clock: { now: () => clock.at, advanceTo }, scheduler, log };
  const shard = new Shard({
    ...shared,
    ...{ shard: 0, partitions, owner, snapshots, passivated: snapshots },
    ...(mayOpen ? { mayOpen } : {}),
    ask: ({ key, command }, done) => void said.asked.push({ key, command, done }),
    push: (push) => void said.pushes.push(push),
    onDurable: (partition, seq) => snapshotter.advance(partition, seq),
    onReplaced: (partition) => void said.replaced.push(partition),
    onRetired: (reason) => void said.retired.push(reason),
    onFatal: (reason) => void said.fatal.push(reason),
    limits: { ...defaultShardLimits, ...shardLimits },
  });
  const snapshotter = new Snapshotter({
    ...shared,
    store: snapshots,
    onSaved: (partition, seq) => shard.saved(partition, seq),
    limits: { everyMs: snapshotEveryMs, idleMs: 60_000 },
  });
  await shard.start();
  snapshotter.start();
  const send = (command: CounterCommand, key = 'a') =>
    new Promise<{ code: string; body: unknown }>((resolve) =>
      shard.deliver('counter', key, command, (code, body) => resolve({ code, body })),
    );
  const one = { shard, snapshotter, snapshots, journal, ...said, clock, send };
  running.push(one);
  return one;
}

export async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error('the condition never came true');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

export function closedGate(): { gate: Promise<void>; open: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { gate: promise, open: resolve };
}

export async function stopShards(): Promise<void> {
  for (const { shard } of running.splice(0)) await shard.stop(1);
}
