import { afterEach, describe, expect, it } from 'vitest';
import { allPartitions, partitionOf } from '../../src/protocol/address.ts';
import { closedGate, type Running, startShard, stopShards, until } from '../support/counter-shard.ts';
import { MemoryJournal, MemoryStore } from '../support/memory-journal.ts';

afterEach(stopShards);

const moved = partitionOf('counter', 'a');
const others = allPartitions.filter((partition) => partition !== moved);
const keyIn = (partition: number): string => {
  for (let n = 0; ; n++) if (partitionOf('counter', `k${n}`) === partition) return `k${n}`;
};
const elsewhere = keyIn(others[0]!);

/** Hands what the shards ask others for to the one that takes it. */
function connect(...shards: Running[]): () => void {
  const timer = setInterval(() => {
    for (const { asked } of shards)
      for (const { key, command, done } of asked.splice(0)) {
        const target = shards.find(({ shard }) => shard.numbers.includes(partitionOf('counter', key)));
        if (target) target.shard.deliver('counter', key, command, done);
        else done('busy', null);
      }
  }, 1);
  return () => clearInterval(timer);
}

describe('a partition', () => {
  it('is opened in a running shard, and knows what it knew elsewhere', async () => {
    const store = new MemoryStore();
    const one = await startShard(store, { owner: 'one' });
    await one.send({ type: 'Add', amount: 3 });
    expect(await one.shard.close([moved], 5_000)).toBe(true);
    const two = await startShard(store, { owner: 'two', partitions: [] });
    expect((await two.send({ type: 'Read' })).code).toBe('busy');
    const sinceMs = performance.now();
    await two.shard.open([moved]);
    // It was let go of: nobody's lease has to end.
    expect(performance.now() - sinceMs).toBeLessThan(400);
    expect((await two.send({ type: 'Add', amount: 4 })).body).toEqual({ total: 7 });
    expect((await one.send({ type: 'Read' })).code).toBe('busy');
    expect((await one.send({ type: 'Add', amount: 1 }, elsewhere)).body).toEqual({ total: 1 });
    expect(one.shard.numbers).toEqual(others);
    expect(two.shard.numbers).toEqual([moved]);
    expect([one.retired, two.retired]).toEqual([[], []]);
  });

  it('moves under load: what was acknowledged is there, every command is answered, the others go on', async () => {
    const store = new MemoryStore();
    const one = await startShard(store, { owner: 'one' });
    const two = await startShard(store, { owner: 'two', partitions: [] });
    const done = { isOver: false };
    const acknowledged = new Map<string, number>();
    const add = async (key: string): Promise<void> => {
      while (!done.isOver) {
        for (const shard of [one, two]) {
          const { code } = await shard.send({ type: 'Add', amount: 1 }, key);
          if (code === 'ok') acknowledged.set(key, (acknowledged.get(key) ?? 0) + 1);
          else expect(['busy', 'insufficient_stock']).toContain(code);
        }
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    const writers = ['a', elsewhere].map((key) => Promise.all([add(key), add(key), add(key)]));
    for (const [from, to] of [
      [one, two],
      [two, one],
      [one, two],
    ] as const) {
      const before = acknowledged.get('a') ?? 0;
      await until(() => (acknowledged.get('a') ?? 0) >= Math.min(before + 5, 95));
      expect(await from.shard.close([moved], 5_000)).toBe(true);
      await to.shard.open([moved]);
    }
    done.isOver = true;
    await Promise.all(writers);
    expect((await two.send({ type: 'Read' })).body).toMatchObject({ total: acknowledged.get('a') });
    expect((await one.send({ type: 'Read' }, elsewhere)).body).toMatchObject({
      total: acknowledged.get(elsewhere),
    });
    const { frames } = store.stream(moved);
    expect(frames.map(({ seq }) => seq)).toEqual(frames.map((_, index) => index + 1));
  });

  it('sends its messages again from where it is then, and messages to it find it', async () => {
    const store = new MemoryStore();
    const one = await startShard(store, { owner: 'one' });
    const two = await startShard(store, { owner: 'two', partitions: [] });
    await one.send({ type: 'Add', amount: 5 }, elsewhere);
    // Asked while nobody hands the question on.
    await one.send({ type: 'WantGreeting', from: 'a' }, elsewhere);
    await one.send({ type: 'WantGreeting', from: elsewhere });
    await one.shard.close([moved], 5_000);
    await two.shard.open([moved]);
    const disconnect = connect(one, two);
    const greeting = async (shard: Running, key: string) => {
      const { body } = await shard.send({ type: 'Read' }, key);
      return (body as { greeting: string }).greeting;
    };
    one.clock.at += 10_000;
    two.clock.at += 10_000;
    await expect.poll(() => greeting(two, 'a')).toBe('total 5');
    await expect.poll(() => greeting(one, elsewhere)).toBe('total 0');
    disconnect();
  });

  it('that is taken over while its shard writes ends alone: the others of its batch land and are answered', async () => {
    const store = new MemoryStore();
    const one = await startShard(store, { owner: 'one', stallMs: 60_000 });
    const { gate, open } = closedGate();
    one.journal.gate = gate;
    const answers: string[] = [];
    const add = (key: string) =>
      one.send({ type: 'Add', amount: 1 }, key).then(({ code }) => void answers.push(`${key} ${code}`));
    const all = ['a', elsewhere, 'a', elsewhere].map(add);
    const wanted = one.send({ type: 'WantGreeting' });
    await until(() => one.journal.appends === 1);
    const later = one.send({ type: 'Read' });
    await new MemoryJournal(store).claim([moved], 'two');
    open();
    await Promise.all(all);
    expect(answers.toSorted()).toEqual(['a busy', 'a busy', `${elsewhere} ok`, `${elsewhere} ok`].toSorted());
    expect([(await wanted).code, (await later).code]).toEqual(['busy', 'busy']);
    // Its pushes and messages are dropped, the others' are not.
    expect(one.pushes.map(({ body }) => body)).toEqual([1, 2]);
    expect(one.asked).toEqual([]);
    expect(one.replaced).toEqual([moved]);
    expect(store.stream(moved).frames).toEqual([]);
    expect((await one.send({ type: 'Add', amount: 1 }, elsewhere)).body).toEqual({ total: 3 });
    expect([one.fatal, one.retired]).toEqual([[], []]);
  });

  it('that is taken over leaves no actor, no timer and no message behind', async () => {
    const store = new MemoryStore();
    const one = await startShard(store, { owner: 'one' });
    await one.send({ type: 'RingAt', atMs: one.clock.at + 1_000 });
    await one.send({ type: 'WantGreeting' });
    await one.send({ type: 'Add', amount: 1 }, elsewhere);
    expect(one.shard.stats()).toMatchObject({ actors: 2, outboxDepth: 1, partitions: 64 });
    await new MemoryJournal(store).claim([moved], 'two');
    await until(() => one.replaced.length === 1);
    expect(one.shard.stats()).toMatchObject({ actors: 1, outboxDepth: 0, partitions: 63 });
    const appends = one.journal.appends;
    one.clock.at += 60_000;
    one.asked[0]!.done('ok', 'hello');
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(one.journal.appends).toBe(appends);
    expect(one.asked).toHaveLength(1);
    expect(one.shard.stats().mailboxDepth).toBe(0);
    expect(one.shard.searched()).toEqual(others);
  });

  it('comes back to a shard that had lost it', async () => {
    const store = new MemoryStore();
    const one = await startShard(store, { owner: 'one', partitions: [moved] });
    await one.send({ type: 'Add', amount: 1 });
    const two = await startShard(store, { owner: 'two', partitions: [moved] });
    await until(() => one.retired.length === 1);
    await two.send({ type: 'Add', amount: 1 });
    const back = one.shard.open([moved]);
    // Its new owner may still answer: it waits until that is over.
    expect((await one.send({ type: 'Read' })).code).toBe('busy');
    await back;
    expect((await one.send({ type: 'Add', amount: 1 })).body).toEqual({ total: 3 });
    await until(() => two.retired.length === 1);
    expect((await two.send({ type: 'Read' })).code).toBe('busy');
  });

  it('is not let go of when time runs out before all that was taken is done', async () => {
    const store = new MemoryStore();
    const one = await startShard(store, { owner: 'one' });
    const { gate, open } = closedGate();
    one.journal.gate = gate;
    const waiting = one.send({ type: 'Add', amount: 1 });
    await until(() => one.journal.appends === 1);
    expect(await one.shard.close([moved], 20)).toBe(false);
    expect((await waiting).code).toBe('busy');
    expect(store.stream(moved).owner).toBe('one');
    open();
    expect((await one.send({ type: 'Add', amount: 1 }, elsewhere)).code).toBe('ok');
  });

  it('that is opened while it is being let go of is owned afterwards', async () => {
    const store = new MemoryStore();
    const one = await startShard(store, { owner: 'one' });
    const { gate, open } = closedGate();
    const { journal } = one;
    const release = journal.release.bind(journal);
    journal.release = (...asked) => gate.then(() => release(...asked));
    const closing = one.shard.close([moved], 1_000);
    await until(() => !one.shard.numbers.includes(moved));
    const opening = one.shard.open([moved]);
    open();
    expect(await closing).toBe(true);
    await opening;
    expect(store.stream(moved).owner).toBe('one');
    expect((await one.send({ type: 'Add', amount: 1 })).code).toBe('ok');
  });

  it('is not opened twice, and not when it was closed before it was open', async () => {
    const store = new MemoryStore();
    const one = await startShard(store, { owner: 'one', partitions: others });
    await expect(one.shard.open([others[0]!])).rejects.toThrow(/open already/);
    await expect(one.shard.open([moved, others[0]!])).rejects.toThrow(/open already/);
    expect(one.shard.numbers).toEqual(others);
    const opening = one.shard.open([moved]);
    expect(one.shard.numbers).toHaveLength(64);
    expect(await one.shard.close([moved], 1_000)).toBe(true);
    await opening;
    expect(one.shard.numbers).toEqual(others);
    expect((await one.send({ type: 'Read' })).code).toBe('busy');
  });
});
