/** A partition with a large actor opens after the others of its shard, and holds none of them up. */
import { afterEach, describe, expect, test } from 'vitest';
import { readChecks } from '../../src/ops/checks.ts';
import { partitionOf } from '../../src/protocol/address.ts';
import type { AnyDecider } from '../../src/protocol/decider.ts';
import { counter, type Running, startShard, stopShards, until } from '../support/counter-shard.ts';
import { MemoryJournal, MemoryStore } from '../support/memory-journal.ts';

afterEach(stopShards);

const heavy = 'a';
const home = partitionOf('counter', heavy);
const light = 'b';

/** A counter whose restoring takes as many slices as it is asked to. */
function puppet() {
  const switched = { slices: Number.POSITIVE_INFINITY, passed: 0, bug: null as Error | null };
  const decider: Partial<AnyDecider> = {
    *restoreInSlices(key, snapshot, version) {
      for (let slice = 0; slice < switched.slices; slice++) {
        switched.passed++;
        yield;
      }
      if (switched.bug) throw switched.bug;
      return counter.restore(key, snapshot, version);
    },
  };
  return { switched, decider };
}

/** What an owner left that has gone: a saved counter of 7 that will ring, and one frame after it. */
async function left(atMs = 1_000_000): Promise<MemoryStore> {
  const store = new MemoryStore();
  const one = await startShard(store, { owner: 'one' }, atMs);
  await one.send({ type: 'Add', amount: 7 });
  await one.send({ type: 'RingAt', atMs: atMs + 3_600_000 });
  expect(await one.snapshotter.stop(5_000)).toBe(true);
  await one.send({ type: 'Add', amount: 2 });
  await one.send({ type: 'Add', amount: 1 }, light);
  expect(await one.shard.stop(5_000)).toBe(true);
  return store;
}

function startBeside(store: MemoryStore, decider: Partial<AnyDecider>, owner = 'two'): Promise<Running> {
  return startShard(store, { owner, heavyBytes: 0, sliceMs: 0, decider });
}

const recovering = ({ shard }: Running) => shard.stats().recoveringPartitions;
const halted = ({ shard }: Running) => shard.stats().haltedPartitions;
const readBy = async (one: Running, key = heavy) => {
  const { code, body } = await one.send({ type: 'Read' }, key);
  return code === 'ok' ? (body as { total: number }).total : code;
};
const turns = async (count: number) => {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
};

describe('a partition with a large actor', () => {
  test('is recovered beside the others: they answer meanwhile, it is busy and named until it is done', async () => {
    const { switched, decider } = puppet();
    const one = await startBeside(await left(), decider);
    await until(() => switched.passed > 3);
    expect([await readBy(one, light), await readBy(one)]).toEqual([1, 'busy']);
    expect((await one.send({ type: 'Add', amount: 1 }, light)).code).toBe('ok');
    expect((await one.send({ type: 'Add', amount: 1 })).code).toBe('busy');
    expect([recovering(one), halted(one)]).toEqual([[home], []]);
    expect(one.shard.searched()).not.toContain(home);
    expect(one.shard.positions().map(([partition]) => partition)).not.toContain(home);
    switched.slices = 0;
    await until(() => recovering(one).length === 0);
    expect(await readBy(one)).toBe(9);
    expect((await one.send({ type: 'Add', amount: 1 })).body).toEqual({ total: 10 });
    expect(one.shard.searched()).toContain(home);
  });

  test('has its timers and messages when it is done, and not before', async () => {
    const store = await left();
    const [before, { switched, decider }] = [puppet(), puppet()];
    before.switched.slices = 0;
    const one = await startBeside(store, before.decider);
    await until(() => recovering(one).length === 0);
    await until(() => one.journal.appends === 1);
    await one.send({ type: 'WantGreeting' });
    await one.send({ type: 'RingAt', atMs: one.clock.at + 3_600_000 });
    expect(await one.snapshotter.stop(5_000)).toBe(true);
    expect(await one.shard.stop(5_000)).toBe(true);
    const two = await startBeside(store, decider);
    two.clock.at += 7_200_000;
    await until(() => switched.passed > 50);
    expect([two.asked, two.journal.appends]).toEqual([[], 0]);
    switched.slices = 0;
    await until(() => two.asked.length === 1 && two.journal.appends === 1);
    expect((await two.send({ type: 'Read' })).body).toMatchObject({ rings: 2, total: 9 });
  });

  test('tells its time before anybody decides, from its snapshot and from the frames after it', async () => {
    const store = new MemoryStore();
    const one = await startShard(store, { owner: 'one' }, 5_000_000);
    await one.send({ type: 'RingAt', atMs: 5_100_000 });
    await one.snapshotter.stop(5_000);
    const { switched, decider } = puppet();
    const two = await startBeside(store, decider);
    expect([recovering(two), two.clock.at]).toEqual([[home], 5_100_000]);
    await two.shard.stop(1_000);
    // That it rang is in the journal only.
    switched.slices = 0;
    const three = await startShard(store, { owner: 'three', decider }, 5_200_000);
    await until(() => three.journal.appends === 1);
    await three.shard.stop(1_000);
    switched.slices = Number.POSITIVE_INFINITY;
    const four = await startBeside(store, decider, 'four');
    expect([recovering(four), four.clock.at]).toEqual([[home], 5_200_000]);
  });

  test('whose former owner saves and trims meanwhile is read again', async () => {
    const store = await left();
    const { switched, decider } = puppet();
    switched.slices = 0;
    const one = await startShard(store, { owner: 'one' });
    await one.send({ type: 'Add', amount: 1 });
    let times = 0;
    store.interlude = async (partition) => {
      if (partition !== home || ++times > 1) return;
      expect(await one.snapshotter.stop(5_000)).toBe(true);
      expect(store.stream(home).frames).toEqual([]);
    };
    const two = await startBeside(store, decider);
    await until(() => recovering(two).length === 0);
    expect([times, await readBy(two), halted(two)]).toEqual([2, 10, []]);
  });

  test('that is overtaken meanwhile ends alone and at once', async () => {
    const store = await left();
    const { switched, decider } = puppet();
    const one = await startBeside(store, decider);
    await new MemoryJournal(store).claim([home], 'three');
    await until(() => one.replaced.length === 1);
    expect([one.replaced, recovering(one), one.shard.numbers.includes(home)]).toEqual([[home], [], false]);
    const { passed } = switched;
    await turns(20);
    expect(switched.passed - passed).toBeLessThan(2);
    expect([await readBy(one), await readBy(one, light), one.retired]).toEqual(['busy', 1, []]);
  });

  test('that is overtaken after its last confirmation lets nothing out', async () => {
    const store = await left();
    const { switched, decider } = puppet();
    const one = await startBeside(store, decider);
    await until(() => switched.passed > 3);
    let open = () => {};
    one.journal.gate = new Promise((resolve) => {
      open = resolve;
    });
    await new MemoryJournal(store).claim([home], 'three');
    // It was confirmed before the claim. By the time it begins that has run out.
    await new Promise((resolve) => setTimeout(resolve, 600));
    switched.slices = 0;
    await until(() => recovering(one).length === 0);
    const answer = readBy(one);
    await turns(20);
    open();
    expect(await answer).toBe('busy');
    await until(() => one.replaced.length === 1);
  });

  test('that is closed meanwhile is let go of at once, and may be opened again', async () => {
    const store = await left();
    const { switched, decider } = puppet();
    const one = await startBeside(store, decider);
    await until(() => switched.passed > 3);
    expect(await one.shard.close([home], 1_000)).toBe(true);
    expect(store.stream(home).owner).toBe(null);
    const { passed } = switched;
    await turns(20);
    expect(switched.passed - passed).toBeLessThan(2);
    expect([await readBy(one), recovering(one)]).toEqual(['busy', []]);
    switched.slices = 0;
    await one.shard.open([home]);
    await until(() => one.shard.searched().includes(home));
    expect(await readBy(one)).toBe(9);
  });

  test('does not hold up the stop of its shard', async () => {
    const store = await left();
    const { switched, decider } = puppet();
    const one = await startBeside(store, decider);
    await until(() => switched.passed > 3);
    const sinceMs = performance.now();
    expect(await one.shard.stop(5_000)).toBe(true);
    expect(performance.now() - sinceMs).toBeLessThan(1_000);
    const { passed } = switched;
    await turns(20);
    expect([switched.passed - passed < 2, one.shard.stats().actors, one.fatal]).toEqual([true, 0, []]);
  });

  test('that cannot be restored is halted alone', async () => {
    const { switched, decider } = puppet();
    const one = await startBeside(await left(), decider);
    await until(() => switched.passed > 3);
    switched.bug = new Error('a bug');
    switched.slices = 0;
    await until(() => halted(one).length === 1);
    expect(halted(one)).toMatchObject([{ partition: home, reason: expect.stringContaining('a bug') }]);
    await until(() => recovering(one).length === 0);
    expect([await readBy(one), await readBy(one, light)]).toEqual(['busy', 1]);
    expect([one.fatal, one.retired]).toEqual([[], []]);
  });

  test('is tried again when a store does not answer', async () => {
    const store = await left();
    const { switched, decider } = puppet();
    switched.slices = 0;
    let times = 0;
    store.interlude = async (partition) => {
      if (partition === home && ++times < 3) throw new Error('the database is away');
    };
    const lines: string[] = [];
    const one = await startShard(store, {
      ...{ owner: 'two', heavyBytes: 0, sliceMs: 0, decider, isHurried: true },
      log: (_, message) => void lines.push(message),
    });
    await until(() => recovering(one).length === 0);
    expect([times, await readBy(one)]).toEqual([3, 9]);
    expect(lines.filter((line) => line === 'a partition cannot be recovered yet')).toHaveLength(2);
  });

  test('is none when its state is small', async () => {
    const { decider } = puppet();
    const store = await left();
    const { decider: calm, switched } = puppet();
    switched.slices = 0;
    const one = await startShard(store, { owner: 'two', decider: calm });
    expect([recovering(one), await readBy(one)]).toEqual([[], 9]);
    await one.shard.stop(1_000);
    const two = await startShard(store, { owner: 'three', heavyBytes: 10, decider });
    expect(recovering(two)).toEqual([home]);
  });

  test('is named by /readyz, which stays ready', async () => {
    const { decider } = puppet();
    const one = await startBeside(await left(), decider);
    const checks = await readChecks(
      { query: async () => ({}) } as never,
      {
        stats: async (role: string) => (role === 'shard' ? [{ index: 0, body: one.shard.stats() }] : []),
        states: () => [],
      } as never,
    );
    expect(checks.partitions).toEqual({ isOk: true, detail: `partition ${home} is still being recovered` });
  });
});
