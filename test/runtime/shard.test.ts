import { afterEach, describe, expect, it } from 'vitest';
import { partitionOf } from '../../src/protocol/address.ts';
import {
  type CounterState,
  closedGate,
  type Running,
  startShard,
  stopShards,
  until,
} from '../support/counter-shard.ts';
import { MemoryJournal, MemoryStore } from '../support/memory-journal.ts';

afterEach(stopShards);

describe('a shard', () => {
  it('lets nothing out before the journal has it: neither the reply, nor a push, nor a later read', async () => {
    const one = await startShard(new MemoryStore());
    const { gate, open } = closedGate();
    one.journal.gate = gate;
    const seen: string[] = [];
    const added = one.send({ type: 'Add', amount: 5 }).then(() => seen.push('added'));
    await until(() => one.journal.appends === 1);
    const read = one
      .send({ type: 'Read' })
      .then(({ body }) => seen.push(`read ${(body as CounterState).total}`));
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(seen).toEqual([]);
    expect(one.pushes).toEqual([]);
    open();
    await Promise.all([added, read]);
    expect(seen).toEqual(['added', 'read 5']);
    expect(one.pushes).toHaveLength(1);
  });

  it('gathers what comes while a batch is in flight into the next one', async () => {
    const one = await startShard(new MemoryStore());
    const { gate, open } = closedGate();
    one.journal.gate = gate;
    const first = one.send({ type: 'Add', amount: 1 });
    await until(() => one.journal.appends === 1);
    const rest = Array.from({ length: 50 }, () => one.send({ type: 'Add', amount: 1 }));
    open();
    await Promise.all([first, ...rest]);
    expect(one.journal.appends).toBe(2);
  });

  it('that is abandoned writes nothing more and answers nobody, although its journal answers', async () => {
    const one = await startShard(new MemoryStore());
    const { gate, open } = closedGate();
    one.journal.gate = gate;
    const seen: string[] = [];
    const add = () => one.send({ type: 'Add', amount: 1 }).then(({ code }) => seen.push(code));
    void add();
    await until(() => one.journal.appends === 1);
    void add();
    await until(() => one.shard.stats().mailboxDepth === 0);
    one.shard.abandon();
    open();
    await until(() => one.shard.positions().length === 0);
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect([one.journal.appends, seen, one.pushes]).toEqual([1, [], []]);
    expect((await one.send({ type: 'Read' })).code).toBe('busy');
  });

  it('refuses new commands while the journal is silent, and goes on by itself when it answers', async () => {
    const one = await startShard(new MemoryStore(), { stallMs: 5 });
    const { gate, open } = closedGate();
    one.journal.gate = gate;
    const first = one.send({ type: 'Add', amount: 1 });
    let refusal = '';
    const deadline = performance.now() + 5_000;
    while (refusal !== 'busy' && performance.now() < deadline) {
      refusal = (
        await Promise.race([
          one.send({ type: 'Read' }),
          new Promise<{ code: string }>((r) => setTimeout(() => r({ code: '' }), 2)),
        ])
      ).code;
    }
    expect(refusal).toBe('busy');
    // Who waits already is not left waiting: the outcome is unknown for now, and found by asking again.
    expect((await first).code).toBe('busy');
    open();
    await until(() => one.pushes.length === 1);
    expect((await one.send({ type: 'Read' })).body).toMatchObject({ total: 1 });
  });

  it('refuses commands beyond the bound of its mailbox', async () => {
    const one = await startShard(new MemoryStore(), { mailboxMax: 10 });
    const codes = await Promise.all(
      Array.from({ length: 30 }, () => one.send({ type: 'Add', amount: 1 }).then((r) => r.code)),
    );
    expect(codes.filter((code) => code === 'busy')).toHaveLength(20);
  });

  it('counts a lost answer of the journal as what it was: done once', async () => {
    const one = await startShard(new MemoryStore());
    let lost = 0;
    one.journal.sabotage = () => (lost++ === 0 ? 'lost-answer' : null);
    expect(await one.send({ type: 'Add', amount: 5 })).toEqual({ code: 'ok', body: { total: 5 } });
    expect(lost).toBeGreaterThan(1);
    expect(one.fatal).toEqual([]);
  });

  it('whose partition was taken by another owner answers nobody for it', async () => {
    const store = new MemoryStore();
    const old = await startShard(store);
    await old.send({ type: 'Add', amount: 1 });
    await new MemoryJournal(store).claim([partitionOf('counter', 'a')]);
    const refused = old.send({ type: 'Add', amount: 1 });
    await until(() => old.replaced.length > 0);
    expect(old.replaced).toEqual([partitionOf('counter', 'a')]);
    expect((await refused).code).toBe('busy');
    expect((await old.send({ type: 'Read' })).code).toBe('busy');
    // The partition ends, and neither the shard nor another of its partitions.
    expect((await old.send({ type: 'Add', amount: 1 }, 'b')).code).toBe('ok');
    expect([old.fatal, old.retired]).toEqual([[], []]);
  });
});

describe('a shard that was replaced', () => {
  it('learns of it although nobody asks it anything, and is retired', async () => {
    const store = new MemoryStore();
    const one = await startShard(store);
    await one.send({ type: 'Add', amount: 1 });
    const two = await startShard(store);
    await until(() => one.retired.length === 1);
    expect(one.retired).toMatchObject([expect.stringContaining('another process')]);
    expect(one.fatal).toEqual([]);
    expect(one.shard.stats()).toMatchObject({ partitions: 0, actors: 0 });
    expect((await one.send({ type: 'Read' })).code).toBe('busy');
    expect((await two.send({ type: 'Read' })).body).toMatchObject({ total: 1 });
    expect(two.fatal).toEqual([]);
  });

  it('answers nobody while it cannot ask whether it was', async () => {
    const one = await startShard(new MemoryStore());
    const { gate, open } = closedGate();
    one.journal.gate = gate;
    await until(() => one.shard.stats().journalSilentMs > 0);
    const codes: string[] = [];
    one.shard.deliver('counter', 'a', { type: 'Read' }, (code) => void codes.push(code));
    await until(() => codes.length === 1);
    expect(codes).toEqual(['busy']);
    open();
    await until(() => one.shard.stats().journalSilentMs === 0);
    expect((await one.send({ type: 'Read' })).code).toBe('ok');
  });
});

describe('a weak journal that has lost its last frames', () => {
  it('gets them again from its living owner, and goes on', async () => {
    const store = new MemoryStore();
    const one = await startShard(store, { stallMs: 5_000 });
    for (let n = 0; n < 6; n++) await one.send({ type: 'Add', amount: 1 });
    const stream = store.stream(partitionOf('counter', 'a'));
    stream.frames.splice(2);
    stream.tailSeq = 2;
    expect((await one.send({ type: 'Add', amount: 1 })).body).toEqual({ total: 7 });
    await until(() => one.shard.stats().restoredFrames === 4);
    expect(stream.frames.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(one.fatal).toEqual([]);
    const two = await startShard(store);
    expect((await two.send({ type: 'Read' })).body).toMatchObject({ total: 7 });
  });

  it('ends its owner when that does not have them either', async () => {
    const store = new MemoryStore();
    const one = await startShard(store);
    for (let n = 0; n < 6; n++) await one.send({ type: 'Add', amount: 1 });
    const two = await startShard(store);
    await until(() => one.retired.length === 1);
    const stream = store.stream(partitionOf('counter', 'a'));
    stream.frames.splice(2);
    stream.tailSeq = 2;
    await until(() => two.fatal.length === 1);
    expect(two.fatal).toMatchObject([expect.stringContaining('6 was acknowledged')]);
    expect(two.retired).toEqual([]);
  });
});

describe('the pending messages of an actor', () => {
  it('is sent only once it is durable, and the answer comes back as a command', async () => {
    const one = await startShard(new MemoryStore());
    const { gate, open } = closedGate();
    one.journal.gate = gate;
    const wanted = one.send({ type: 'WantGreeting' });
    await until(() => one.journal.appends === 1);
    expect(one.asked).toEqual([]);
    open();
    await wanted;
    expect(one.asked).toHaveLength(1);
    one.asked[0]!.done('ok', 'hello');
    await until(() => one.journal.appends === 2);
    expect((await one.send({ type: 'Read' })).body).toMatchObject({ greeting: 'hello' });
  });

  it('is asked again after `busy`, with the same command, and once more after a crash', async () => {
    const store = new MemoryStore();
    const one = await startShard(store);
    await one.send({ type: 'WantGreeting' });
    one.asked[0]!.done('busy', null);
    one.clock.at += 60_000;
    await until(() => one.asked.length === 2);
    const two = await startShard(store);
    await until(() => two.asked.length === 1);
    expect(two.asked[0]!.command).toEqual(one.asked[0]!.command);
  });

  it('is not sent again by an owner that cannot know whether it was replaced', async () => {
    const one = await startShard(new MemoryStore());
    await one.send({ type: 'WantGreeting' });
    const { gate, open } = closedGate();
    one.journal.gate = gate;
    await until(() => one.shard.stats().journalSilentMs > 0);
    one.clock.at += 60_000;
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(one.asked).toHaveLength(1);
    open();
    await until(() => one.asked.length === 2);
  });

  it('is not decided on twice when an answer comes twice', async () => {
    const one = await startShard(new MemoryStore());
    await one.send({ type: 'WantGreeting' });
    one.asked[0]!.done('ok', 'hello');
    one.asked[0]!.done('ok', 'again');
    await until(() => one.journal.appends === 2);
    expect((await one.send({ type: 'Read' })).body).toMatchObject({ greeting: 'hello' });
  });
});

describe('deadlines', () => {
  it('wake the actor, also after a restart', async () => {
    const store = new MemoryStore();
    const one = await startShard(store);
    await one.send({ type: 'RingAt', atMs: one.clock.at + 3_600_000 });
    const two = await startShard(store, {}, one.clock.at + 3_600_000);
    await until(() => two.journal.appends === 1);
    expect((await two.send({ type: 'Read' })).body).toMatchObject({ rings: 1 });
  });
});

describe('actors that are not needed', () => {
  const keys = Array.from({ length: 300 }, (_, n) => `key-${n}`);

  /** A shard whose 300 counters were saved and have left memory. */
  async function allPassivated(store: MemoryStore): Promise<Running> {
    const one = await startShard(store, { snapshotEveryMs: 0, idleMs: 1_000 });
    await Promise.all(keys.map((key, n) => one.send({ type: 'Add', amount: n % 50 }, key)));
    await until(() => {
      one.clock.at += 10_000;
      return one.shard.stats().actors === 0;
    });
    return one;
  }

  it('leave memory and come back as they were with the next command', async () => {
    const one = await allPassivated(new MemoryStore());
    const answers = await Promise.all(keys.map((key) => one.send({ type: 'Add', amount: 1 }, key)));
    expect(answers.map(({ body }) => body)).toEqual(keys.map((_, n) => ({ total: (n % 50) + 1 })));
  });

  it('stay in the store at a restart, but for those the journal speaks of', async () => {
    const store = new MemoryStore();
    const one = await allPassivated(store);
    await one.send({ type: 'Add', amount: 1 }, 'key-7');
    const two = await startShard(store);
    expect(two.shard.stats().actors).toBeLessThan(10);
    expect((await two.send({ type: 'Read' }, 'key-7')).body).toMatchObject({ total: 8 });
    expect((await two.send({ type: 'Read' }, 'key-8')).body).toMatchObject({ total: 8 });
    expect((await two.send({ type: 'Read' }, 'nobody')).body).toMatchObject({ total: 0 });
  });

  it('are answered for with `busy` while the store is away, never as if they were new', async () => {
    const one = await allPassivated(new MemoryStore());
    const { loadPassivated } = one.snapshots;
    one.snapshots.loadPassivated = () => Promise.reject(new Error('the store is away'));
    expect((await one.send({ type: 'Add', amount: 1 }, 'key-9')).code).toBe('busy');
    one.snapshots.loadPassivated = loadPassivated;
    expect((await one.send({ type: 'Read' }, 'key-9')).body).toMatchObject({ total: 9 });
  });

  it('stay while they wait for a time or an answer', async () => {
    const one = await startShard(new MemoryStore(), { snapshotEveryMs: 0, idleMs: 1_000 });
    await one.send({ type: 'RingAt', atMs: one.clock.at + 100_000_000 }, 'timed');
    await one.send({ type: 'WantGreeting' }, 'asking');
    await one.send({ type: 'Add', amount: 1 }, 'idle');
    await until(() => {
      one.clock.at += 10_000;
      return one.shard.stats().actors === 2;
    });
    for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(one.shard.stats().actors).toBe(2);
  });
});
