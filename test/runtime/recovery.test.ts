import { afterEach, describe, expect, it } from 'vitest';
import { partitionOf } from '../../src/protocol/address.ts';
import { startShard, stopShards, until } from '../support/counter-shard.ts';
import { MemoryStore } from '../support/memory-journal.ts';

afterEach(stopShards);

describe('recovery', () => {
  it('replays what was acknowledged', async () => {
    const store = new MemoryStore();
    const one = await startShard(store);
    for (let n = 0; n < 10; n++) await one.send({ type: 'Add', amount: n }, `key-${n}`);
    const two = await startShard(store);
    for (let n = 0; n < 10; n++) {
      expect((await two.send({ type: 'Read' }, `key-${n}`)).body).toMatchObject({ total: n });
    }
  });

  it('starts from the snapshot when there is one, and a trimmed journal is enough', async () => {
    const store = new MemoryStore();
    const one = await startShard(store, { snapshotEveryMs: 0 });
    for (let n = 0; n < 20; n++) await one.send({ type: 'Add', amount: 1 });
    expect(await one.shard.stop(5_000)).toBe(true);
    expect(await one.snapshotter.stop(5_000)).toBe(true);
    expect(store.stream(partitionOf('counter', 'a')).frames).toEqual([]);
    const two = await startShard(store);
    await two.send({ type: 'Add', amount: 1 });
    const three = await startShard(store);
    expect((await three.send({ type: 'Read' })).body).toMatchObject({ total: 21 });
  });

  it('reads a partition again that was saved and trimmed while it was read', async () => {
    const store = new MemoryStore();
    const one = await startShard(store);
    for (let n = 0; n < 6; n++) await one.send({ type: 'Add', amount: 1 });
    store.interlude = async (partition) => {
      if (partition !== partitionOf('counter', 'a')) return;
      store.interlude = null;
      expect(await one.snapshotter.stop(5_000)).toBe(true);
      expect(store.stream(partition).frames).toEqual([]);
    };
    const two = await startShard(store);
    expect(store.interlude).toBeNull();
    expect(two.shard.stats()).toMatchObject({ haltedPartitions: [] });
    expect((await two.send({ type: 'Read' })).body).toMatchObject({ total: 6 });
  });

  it('that was overtaken meanwhile gives the partition up, and does not call it damaged', async () => {
    const store = new MemoryStore();
    const one = await startShard(store, { owner: 'one' });
    await one.send({ type: 'Add', amount: 1 });
    const taken = partitionOf('counter', 'a');
    store.interlude = async (partition) => {
      if (partition !== taken) return;
      store.interlude = null;
      const three = await startShard(store, { owner: 'three', partitions: [taken] });
      await three.send({ type: 'Add', amount: 1 });
      expect(await three.snapshotter.stop(5_000)).toBe(true);
    };
    const two = await startShard(store, { owner: 'two' });
    expect(store.interlude).toBeNull();
    expect(two.shard.stats()).toMatchObject({ haltedPartitions: [], partitions: 63 });
    expect(two.replaced).toEqual([taken]);
    expect((await two.send({ type: 'Read' })).code).toBe('busy');
  });

  it('saves many actors in one go, each as it is', async () => {
    const store = new MemoryStore();
    const one = await startShard(store);
    const keys = Array.from({ length: 2_000 }, (_, n) => `key-${n}`);
    await Promise.all(keys.map((key, n) => one.send({ type: 'Add', amount: n % 100 }, key)));
    expect(await one.snapshotter.stop(10_000)).toBe(true);
    const two = await startShard(store);
    expect(two.shard.stats()).toMatchObject({ haltedPartitions: [] });
    for (const [n, key] of keys.entries()) {
      expect((await two.send({ type: 'Read' }, key)).body).toMatchObject({ total: n % 100 });
    }
  });

  it('halts a partition whose snapshot cannot be read, rather than guess', async () => {
    const store = new MemoryStore();
    const one = await startShard(store);
    await one.send({ type: 'Add', amount: 1 }, 'a');
    await one.snapshotter.stop(5_000);
    const saved = store.snapshots.get(partitionOf('counter', 'a'))!;
    for (const [name, actor] of saved.actors)
      saved.actors.set(name, { ...actor, state: actor.state.slice(0, 3) });
    const two = await startShard(store);
    expect((await two.send({ type: 'Read' }, 'a')).code).toBe('busy');
    expect((await two.send({ type: 'Read' }, 'b')).code).toBe('ok');
  });

  it('halts it also when the actor is one that must be in memory', async () => {
    const store = new MemoryStore();
    const one = await startShard(store);
    await one.send({ type: 'RingAt', atMs: one.clock.at + 3_600_000 }, 'a');
    await one.snapshotter.stop(5_000);
    const saved = store.snapshots.get(partitionOf('counter', 'a'))!;
    for (const [name, actor] of saved.actors)
      saved.actors.set(name, { ...actor, state: actor.state.slice(0, 3) });
    const two = await startShard(store);
    expect(two.shard.stats().haltedPartitions).toHaveLength(1);
    expect((await two.send({ type: 'Read' }, 'a')).code).toBe('busy');
    expect((await two.send({ type: 'Read' }, 'b')).code).toBe('ok');
  });

  it('halts a partition with a missing frame and goes on with the others', async () => {
    const store = new MemoryStore();
    const one = await startShard(store);
    await one.send({ type: 'Add', amount: 1 }, 'a');
    await one.send({ type: 'Add', amount: 1 }, 'a');
    await one.send({ type: 'Add', amount: 1 }, 'b');
    expect(partitionOf('counter', 'a')).not.toBe(partitionOf('counter', 'b'));
    store.stream(partitionOf('counter', 'a')).frames.shift();
    const two = await startShard(store);
    expect((await two.send({ type: 'Read' }, 'a')).code).toBe('busy');
    expect((await two.send({ type: 'Read' }, 'b')).body).toMatchObject({ total: 1 });
    expect(two.shard.stats().haltedPartitions).toHaveLength(1);
  });

  it('shows what a halted partition knows up to its loss, and changes nothing', async () => {
    const store = new MemoryStore();
    const one = await startShard(store);
    for (const amount of [1, 2, 4]) await one.send({ type: 'Add', amount });
    const { frames } = store.stream(partitionOf('counter', 'a'));
    frames.splice(1, 1);
    const two = await startShard(store);
    expect((await two.send({ type: 'Read' })).body).toMatchObject({ total: 1 });
    expect((await two.send({ type: 'Add', amount: 1 })).code).toBe('busy');
    expect((await two.send({ type: 'Add', amount: 1_000 })).code).toBe('busy');
    expect((await two.send({ type: 'Read' })).body).toMatchObject({ total: 1 });
    expect(frames).toHaveLength(2);
    // Nothing of it is under way: it closes as soon as the others.
    expect(await two.shard.stop(1_000)).toBe(true);
  });

  it('never lets engine time go back behind what was journaled', async () => {
    const store = new MemoryStore();
    const one = await startShard(store);
    one.clock.at = 5_000_000;
    await one.send({ type: 'RingAt', atMs: 4_000_000 });
    await until(() => store.stream(partitionOf('counter', 'a')).frames.length >= 2);
    const two = await startShard(store);
    expect(two.clock.at).toBe(5_000_000);
  });

  it('goes on from the time of the snapshot when nothing is left to replay', async () => {
    const store = new MemoryStore();
    const one = await startShard(store, {}, 9_000_000);
    await one.send({ type: 'Add', amount: 1 });
    await one.snapshotter.stop(5_000);
    const two = await startShard(store);
    expect(two.clock.at).toBe(9_000_000);
  });
});
