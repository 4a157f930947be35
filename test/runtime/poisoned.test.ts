/** An actor whose decider throws costs itself, and an event that cannot be applied its partition; nobody else. */
import { afterEach, describe, expect, test } from 'vitest';
import { readChecks } from '../../src/ops/checks.ts';
import { partitionOf } from '../../src/protocol/address.ts';
import type { AnyDecider } from '../../src/protocol/decider.ts';
import { encodeFrame, frameVersion } from '../../src/protocol/frame.ts';
import {
  type CounterState,
  counter,
  type Running,
  startShard,
  stopShards,
  until,
} from '../support/counter-shard.ts';
import { MemoryJournal, MemoryStore } from '../support/memory-journal.ts';

afterEach(stopShards);

const sick = 'a';
const healthy = 'b';
const home = partitionOf('counter', sick);

/** A fault that can be switched on and off, for states whose total is 13. */
function fault() {
  const switched = { isOn: true, times: 0 };
  const strike = (state: unknown) => {
    if (!switched.isOn || (state as CounterState).total !== 13) return;
    switched.times++;
    throw new Error('a bug');
  };
  return { switched, strike };
}

const poisoned = ({ shard }: Running) => shard.stats().poisonedActors;
const halted = ({ shard }: Running) => shard.stats().haltedPartitions;

async function expectOthersGoOn(one: Running): Promise<void> {
  expect((await one.send({ type: 'Add', amount: 1 }, healthy)).code).toBe('ok');
  expect([one.fatal, one.retired]).toEqual([[], []]);
}

function gaugeOf({ shard }: Running): number | undefined {
  const family = shard.metrics().find(({ name }) => name === 'doorbuster_poisoned_actors');
  return family?.samples.find(({ labels }) => labels.kind === 'counter')?.value;
}

describe('a decision that throws', () => {
  test('is answered internal_error, changes nothing, and the actor is named until a decision succeeds', async () => {
    const { switched, strike } = fault();
    const store = new MemoryStore();
    const one = await startShard(store, {
      decider: {
        decide(state, command, at) {
          strike(state);
          return counter.decide(state, command, at);
        },
      },
    });
    expect(gaugeOf(one)).toBe(0);
    await one.send({ type: 'Add', amount: 13 });
    const before = store.stream(home).frames.length;
    expect(await one.send({ type: 'Add', amount: 1 })).toEqual({ code: 'internal_error', body: null });
    expect(await one.send({ type: 'Read' })).toEqual({ code: 'internal_error', body: null });
    expect(store.stream(home).frames).toHaveLength(before);
    expect(poisoned(one)).toMatchObject([
      { kind: 'counter', key: sick, partition: home, during: 'Read', failures: 2, reason: 'Error: a bug' },
    ]);
    expect(gaugeOf(one)).toBe(1);
    await expectOthersGoOn(one);
    switched.isOn = false;
    expect((await one.send({ type: 'Read' })).body).toMatchObject({ total: 13 });
    expect([poisoned(one), gaugeOf(one)]).toEqual([[], 0]);
  });

  test('is named by /readyz, which stays ready', async () => {
    const { strike } = fault();
    const one = await startShard(new MemoryStore(), {
      decider: {
        decide(state, command, at) {
          strike(state);
          return counter.decide(state, command, at);
        },
      },
    });
    await one.send({ type: 'Add', amount: 13 });
    await one.send({ type: 'Read' });
    const checks = await readChecks(
      { query: async () => ({}) } as never,
      {
        stats: async (role: string) => (role === 'shard' ? [{ index: 0, body: one.shard.stats() }] : []),
        states: () => [],
      } as never,
    );
    expect(checks.actors).toEqual({
      isOk: true,
      detail: `counter/${sick} fails at Read, 1 times in a row: Error: a bug`,
    });
  });

  test('of a new actor makes none', async () => {
    const one = await startShard(new MemoryStore(), {
      decider: {
        decide: () => {
          throw new Error('a bug');
        },
      },
    });
    for (let n = 0; n < 50; n++)
      expect((await one.send({ type: 'Read' }, `new-${n}`)).code).toBe('internal_error');
    expect([poisoned(one), one.shard.stats().actors]).toEqual([[], 0]);
  });

  test('about a Tick is tried again after pauses that grow and are bounded, whatever else the actor does meanwhile', async () => {
    const { switched, strike } = fault();
    const ticksAtMs: number[] = [];
    const one = await startShard(new MemoryStore(), {
      isHurried: true,
      decider: {
        decide(state, command, at) {
          if (command.type === 'Tick') ticksAtMs.push(at);
          if (command.type === 'Tick') strike(state);
          return counter.decide(state, command, at);
        },
        // Always due, as a SKU's is while it has something to do.
        deadline: (state, at) =>
          (state as CounterState).ringAtMs <= at ? at + 1 : (state as CounterState).ringAtMs,
      },
    });
    await one.send({ type: 'RingAt', atMs: one.clock.at + 1 });
    await one.send({ type: 'Add', amount: 13 });
    for (let turn = 0; turn < 300; turn++) {
      one.clock.at += 1_000;
      // Commands that succeed set the timers anew; they must neither hurry the Tick nor end the marking.
      expect((await one.send({ type: 'RingAt', atMs: 1 })).code).toBe('ok');
      await new Promise((resolve) => setTimeout(resolve, 6));
    }
    await expectOthersGoOn(one);
    expect(poisoned(one)).toMatchObject([{ key: sick, during: 'Tick', failures: switched.times }]);
    const pauses = ticksAtMs.slice(1).map((atMs, index) => atMs - ticksAtMs[index]!);
    expect(ticksAtMs.length).toBeLessThan(20);
    expect(Math.max(...pauses)).toBeGreaterThan(30_000);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(62_000);
    switched.isOn = false;
    one.clock.at += 60_000;
    await one.send({ type: 'Read' });
    await until(() => poisoned(one).length === 0);
    expect((await one.send({ type: 'Read' })).body).toMatchObject({ rings: 1 });
  }, 60_000);

  test('does not fill the log', async () => {
    const lines: string[] = [];
    const one = await startShard(new MemoryStore(), {
      log: (_level, message) => void lines.push(message),
      decider: {
        decide(state, command, at) {
          if (command.type === 'Add') throw new Error('a bug');
          return counter.decide(state, command, at);
        },
      },
    });
    await one.send({ type: 'RingAt', atMs: 1 });
    for (let n = 0; n < 200; n++) {
      await one.send({ type: 'Add', amount: 1 });
      await one.send({ type: 'Read' });
    }
    expect(lines.filter((line) => line === 'a decision threw').length).toBeGreaterThan(0);
    expect(lines.length).toBeLessThan(30);
  });
});

describe('messages and a poisoned actor', () => {
  test('one to it is sent again after growing pauses until it is decided on', async () => {
    const { switched, strike } = fault();
    let asked = 0;
    const one = await startShard(new MemoryStore(), {
      decider: {
        decide(state, command, at) {
          if (command.type === 'Read') asked++;
          strike(state);
          return counter.decide(state, command, at);
        },
      },
    });
    await one.send({ type: 'Add', amount: 13 });
    await one.send({ type: 'WantGreeting', from: sick }, healthy);
    await until(() => asked === 1);
    for (let second = 0; second < 60; second++) {
      one.clock.at += 1_000;
      await new Promise((resolve) => setTimeout(resolve, 85));
      if (asked >= 5) break;
    }
    // 0.5, 1, 2 and 4 seconds after each other, not once in every round of the outbox.
    expect(asked).toBeLessThanOrEqual(6);
    switched.isOn = false;
    one.clock.at += 30_000;
    await until(() => poisoned(one).length === 0);
    one.clock.at += 30_000;
    await until(() => one.shard.stats().outboxDepth === 0);
    expect((await one.send({ type: 'Read' }, healthy)).body).toMatchObject({ greeting: 'total 13' });
  }, 30_000);

  test('an answer to it that it cannot decide on is not lost: it asks again', async () => {
    let isOn = true;
    const one = await startShard(new MemoryStore(), {
      decider: {
        decide(state, command, at) {
          if (command.type === 'Answered' && isOn) throw new Error('a bug');
          return counter.decide(state, command, at);
        },
      },
    });
    await one.send({ type: 'WantGreeting' });
    await until(() => one.asked.length === 1);
    one.asked[0]!.done('ok', 'hello');
    await until(() => poisoned(one).length === 1);
    isOn = false;
    one.clock.at += 1_000;
    await until(() => one.asked.length === 2);
    one.asked[1]!.done('ok', 'hello');
    await until(() => one.shard.stats().outboxDepth === 0);
    expect((await one.send({ type: 'Read' })).body).toMatchObject({ greeting: 'hello' });
    expect(poisoned(one)).toEqual([]);
  });
});

/** What is asked of a state beside a decision. */
test.each([Number.NaN, 1.5, Number.NEGATIVE_INFINITY, 2 ** 60])(
  'case 01: a deadline that is no time (%d) poisons its actor alone, and the deadlines of the others hold',
  async (none) => {
    const one = await startShard(new MemoryStore(), {
      isHurried: true,
      decider: {
        deadline: (state) => ((state as CounterState).total === 13 ? none : (state as CounterState).ringAtMs),
      },
    });
    await one.send({ type: 'RingAt', atMs: one.clock.at + 5_000 }, healthy);
    await one.send({ type: 'Add', amount: 13 });
    expect(poisoned(one)).toMatchObject([
      { key: sick, during: 'deadline', reason: `RangeError: ${none} is no time` },
    ]);
    one.clock.at += 5_000;
    for (let rings = 0; rings === 0; )
      rings = ((await one.send({ type: 'Read' }, healthy)).body as CounterState).rings;
    await expectOthersGoOn(one);
  },
);

const askedOf: readonly (keyof AnyDecider)[] = ['deadline', 'pendingMessages', 'gauges'];

describe('what else an actor is asked', () => {
  test.each(askedOf)(
    '%s: when it throws, live and at the start, the actor decides and the others go on',
    async (name) => {
      const { switched, strike } = fault();
      const asked = counter[name] as ((...args: unknown[]) => unknown) | undefined;
      const decider: Partial<AnyDecider> = {
        [name]: (state: unknown, ...rest: unknown[]) => {
          strike(state);
          return asked ? asked(state, ...rest) : [];
        },
      };
      const store = new MemoryStore();
      const one = await startShard(store, { decider, idleMs: 0 });
      expect((await one.send({ type: 'Add', amount: 13 })).code).toBe('ok');
      await one.send({ type: 'Read' });
      expect(one.shard.metrics().length).toBeGreaterThan(5);
      await expectOthersGoOn(one);
      const two = await startShard(store, { decider, idleMs: 0 });
      await expectOthersGoOn(two);
      expect((await two.send({ type: 'Read' })).body).toMatchObject({ total: 13 });
      expect(two.shard.metrics().length).toBeGreaterThan(5);
      expect(switched.times).toBeGreaterThan(0);
      const isMark = name === 'deadline' || name === 'pendingMessages';
      if (isMark) expect(poisoned(two)).toMatchObject([{ key: sick, during: name }]);
      switched.isOn = false;
      two.clock.at += 60_000;
      await two.send({ type: 'RingAt', atMs: two.clock.at }, healthy);
      await until(() => poisoned(two).length === 0);
    },
  );

  test('allNames: whoever cannot be named is not put away', async () => {
    const { strike } = fault();
    const store = new MemoryStore();
    const one = await startShard(store, {
      decider: {
        allNames: (state) => {
          strike(state);
          return [];
        },
      },
    });
    await one.send({ type: 'Add', amount: 13 });
    await one.send({ type: 'Add', amount: 1 }, healthy);
    await one.snapshotter.stop(5_000);
    expect([...store.snapshots.get(home)!.actors.values()]).toMatchObject([{ key: sick }]);
    expect(store.snapshots.get(home)!.actors.get('counter/a')).not.toHaveProperty('passivatedHash');
    await expectOthersGoOn(one);
  });

  test('counts: an event that cannot be counted has happened all the same', async () => {
    const one = await startShard(new MemoryStore(), {
      decider: {
        counts: () => {
          throw new Error('a bug');
        },
      },
    });
    expect((await one.send({ type: 'Add', amount: 2 })).body).toEqual({ total: 2 });
  });

  test('a reply that cannot be made: what was decided stands, and the answer says that something is wrong', async () => {
    const store = new MemoryStore();
    const one = await startShard(store, {
      decider: {
        decide(state, command, at) {
          const decision = counter.decide(state, command, at);
          if (command.type !== 'Add' || decision.code !== 'ok') return decision;
          return {
            ...decision,
            reply: () => {
              throw new Error('a bug');
            },
          };
        },
      },
    });
    expect(await one.send({ type: 'Add', amount: 2 })).toEqual({ code: 'internal_error', body: null });
    expect((await one.send({ type: 'Read' })).body).toMatchObject({ total: 2 });
    const two = await startShard(store);
    expect((await two.send({ type: 'Read' })).body).toMatchObject({ total: 2 });
  });

  test('snapshot: its partition is not saved any more and keeps its journal, the others are saved', async () => {
    const { strike } = fault();
    const store = new MemoryStore();
    const one = await startShard(store, {
      decider: {
        snapshot: (state) => {
          strike(state);
          return counter.snapshot(state);
        },
      },
    });
    await one.send({ type: 'Add', amount: 13 });
    await one.send({ type: 'Add', amount: 1 }, healthy);
    await one.snapshotter.stop(5_000);
    expect(one.snapshotter.stats().halted).toMatchObject([{ partition: home }]);
    expect(one.snapshotter.stats().halted[0]!.reason).toContain('counter/a cannot be saved');
    expect(store.stream(home).frames).toHaveLength(1);
    expect(store.snapshots.get(partitionOf('counter', healthy))?.checkpointSeq).toBe(1);
    await expectOthersGoOn(one);
  });
});

/** An event that cannot be applied to a total of 13. */
function unappliable(strike: (state: unknown) => void): Partial<AnyDecider> {
  return {
    evolve(state, event) {
      counter.evolve(state, event);
      strike(state);
    },
  };
}

describe('an event that cannot be applied', () => {
  test('live: its partition is halted, what was decided before stands, and the event is in no journal', async () => {
    const { strike } = fault();
    const store = new MemoryStore();
    const lines: string[] = [];
    const one = await startShard(store, {
      decider: unappliable(strike),
      log: (level, message) => void lines.push(`${level} ${message}`),
    });
    let other = 0;
    while (partitionOf('counter', `n${other}`) !== home) other++;
    const neighbour = `n${other}`;
    // All in one batch: the neighbour's event, the fatal one, and more of both.
    const codes = await Promise.all([
      one.send({ type: 'Add', amount: 12 }),
      one.send({ type: 'Add', amount: 5 }, neighbour),
      one.send({ type: 'Add', amount: 1 }),
      one.send({ type: 'Add', amount: 1 }),
      one.send({ type: 'Add', amount: 1 }, neighbour),
    ]);
    expect(codes.map(({ code }) => code)).toEqual(['ok', 'ok', 'internal_error', 'busy', 'busy']);
    expect(halted(one)).toMatchObject([{ partition: home }]);
    expect(halted(one)[0]!.reason).toContain('Added of counter/a cannot be applied: Error: a bug');
    // What is known is shown; the actor that was changed by half is not.
    expect((await one.send({ type: 'Read' }, neighbour)).body).toMatchObject({ total: 5 });
    expect((await one.send({ type: 'Read' })).code).toBe('busy');
    await expectOthersGoOn(one);
    expect(lines.filter((line) => line === 'error partition halted')).toHaveLength(1);
    expect(await one.shard.stop(1_000)).toBe(true);
    const two = await startShard(store);
    expect((await two.send({ type: 'Read' })).body).toMatchObject({ total: 12 });
    expect((await two.send({ type: 'Read' }, neighbour)).body).toMatchObject({ total: 5 });
  });

  test('in the journal: its partition is halted by recovery and by the snapshotter, and no other is', async () => {
    const { strike } = fault();
    const store = new MemoryStore();
    const one = await startShard(store);
    await one.send({ type: 'Add', amount: 12 });
    await one.send({ type: 'Add', amount: 1 });
    await one.send({ type: 'Add', amount: 1 }, healthy);
    const two = await startShard(store, { decider: unappliable(strike) });
    expect(halted(two)).toMatchObject([{ partition: home }]);
    expect((await two.send({ type: 'Read' })).code).toBe('busy');
    await expectOthersGoOn(two);
    two.snapshotter.advance(home, 2);
    await two.snapshotter.stop(5_000);
    expect(two.snapshotter.stats().halted).toMatchObject([{ partition: home }]);
  });
});

async function append(store: MemoryStore, record: { kind: string; key: string; event: { type: string } }) {
  const journal = new MemoryJournal(store);
  const [{ epoch, tailSeq } = { epoch: 0, tailSeq: 0 }] = await journal.claim([home]);
  const bytes = encodeFrame(home, epoch, tailSeq + 1, [record]);
  await journal.append([{ partition: home, epoch, seq: tailSeq + 1, bytes }]);
  return store.stream(home).frames.at(-1)!;
}

describe('what a later release wrote', () => {
  async function recovered(store: MemoryStore): Promise<Running> {
    const two = await startShard(store, {
      decider: {
        evolve(state, event) {
          if (!['Added', 'RingSet'].includes(event.type))
            throw new Error(`the event ${event.type} is not known`);
          counter.evolve(state, event);
        },
        restore(key, snapshot, version) {
          if (version !== 1) throw new Error(`unknown version ${version}`);
          return counter.restore(key, snapshot, version);
        },
      },
    });
    await expectOthersGoOn(two);
    return two;
  }

  test('an unknown event halts its partition', async () => {
    const store = new MemoryStore();
    await append(store, { kind: 'counter', key: sick, event: { type: 'Multiplied' } });
    const two = await recovered(store);
    expect(halted(two)[0]!.reason).toContain('Multiplied of counter/a cannot be applied');
  });

  test('an unknown kind of actor halts its partition', async () => {
    const store = new MemoryStore();
    await append(store, { kind: 'gauge', key: sick, event: { type: 'Added' } });
    const two = await recovered(store);
    expect(halted(two)[0]!.reason).toContain('unknown kind "gauge"');
  });

  test('an unknown frame format halts its partition', async () => {
    const store = new MemoryStore();
    const frame = await append(store, { kind: 'counter', key: sick, event: { type: 'Added' } });
    frame.bytes[0] = frameVersion + 1;
    const two = await recovered(store);
    expect(halted(two)[0]!.reason).toContain('unknown format version 2');
  });

  test.each(['an active', 'a passivated'])(
    'an unknown version of %s actor halts its partition',
    async (which) => {
      const store = new MemoryStore();
      const one = await startShard(store);
      await one.send({ type: 'Add', amount: 1 });
      if (which === 'an active') await one.send({ type: 'RingAt', atMs: one.clock.at + 1e6 });
      await one.snapshotter.stop(5_000);
      const { actors } = store.snapshots.get(home)!;
      for (const [name, actor] of actors) actors.set(name, { ...actor, version: 2 });
      const lines: string[] = [];
      const two = await recovered(store);
      for (let n = 0; n < 5; n++) expect((await two.send({ type: 'Read' })).code).toBe('busy');
      expect(halted(two)[0]!.reason).toContain('unknown version 2');
      expect(lines).toEqual([]);
    },
  );
});
