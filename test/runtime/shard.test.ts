import { afterEach, describe, expect, it } from 'vitest';
import { partitionOf } from '../../src/protocol/address.ts';
import type { Decider, OutgoingCommand, Owed, Push } from '../../src/protocol/decider.ts';
import { Archivist } from '../../src/runtime/archivist.ts';
import type { ReplyTo } from '../../src/runtime/mailbox.ts';
import { systemScheduler } from '../../src/runtime/scheduler.ts';
import { defaultShardLimits, Shard, type ShardLimits } from '../../src/runtime/shard.ts';
import { MemoryJournal, MemorySnapshots, MemoryStore } from '../support/memory-journal.ts';

/** A counter that can be added to, asks a neighbour for a greeting, and rings a bell when its time has come. */
interface CounterState {
  total: number;
  greeting: 'none' | 'wanted' | string;
  ringAtMs: number;
  rings: number;
}
type CounterCommand =
  | { type: 'Add'; amount: number }
  | { type: 'Read' }
  | { type: 'WantGreeting' }
  | { type: 'RingAt'; atMs: number };
type CounterEvent =
  | { type: 'Added'; amount: number }
  | { type: 'GreetingWanted' }
  | { type: 'Greeted'; greeting: string }
  | { type: 'RingSet'; atMs: number }
  | { type: 'Rang'; atMs: number };

const counter: Decider<CounterState, CounterCommand, CounterEvent> = {
  kind: 'counter',
  version: 1,
  initial: () => ({ total: 0, greeting: 'none', ringAtMs: Number.POSITIVE_INFINITY, rings: 0 }),
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
        return { code: 'ok', events: [{ type: 'GreetingWanted' }] };
      case 'RingAt':
        return { code: 'ok', events: [{ type: 'RingSet', atMs: command.atMs }] };
      case 'Answered':
        return { code: 'ok', events: [{ type: 'Greeted', greeting: String(command.body) }] };
      case 'Tick':
        return { code: 'ok', events: at >= state.ringAtMs ? [{ type: 'Rang', atMs: at }] : [] };
      default:
        return { code: 'ok', events: [], reply: { ...state } };
    }
  },
  evolve(state, event) {
    if (event.type === 'Added') state.total += event.amount;
    if (event.type === 'GreetingWanted') state.greeting = 'wanted';
    if (event.type === 'Greeted') state.greeting = event.greeting;
    if (event.type === 'RingSet') state.ringAtMs = event.atMs;
    if (event.type === 'Rang') {
      state.rings++;
      state.ringAtMs = Number.POSITIVE_INFINITY;
    }
  },
  owes(state): readonly Owed[] {
    return state.greeting === 'wanted'
      ? [{ id: 'greet', kind: 'payments', key: 'x', command: { type: 'Greet' } }]
      : [];
  },
  deadline: (state) => state.ringAtMs,
  snapshot: (state) => ({ ...state, ringAtMs: Number.isFinite(state.ringAtMs) ? state.ringAtMs : null }),
  restore(_key, snapshot) {
    const saved = snapshot as CounterState & { ringAtMs: number | null };
    return { ...saved, ringAtMs: saved.ringAtMs ?? Number.POSITIVE_INFINITY };
  },
};

interface Running {
  shard: Shard;
  archivist: Archivist;
  snapshots: MemorySnapshots;
  journal: MemoryJournal;
  asked: { command: OutgoingCommand; done: ReplyTo }[];
  pushes: Push[];
  fatal: { reason: string; isFenced: boolean }[];
  clock: { at: number };
  send(command: CounterCommand, key?: string): Promise<{ code: string; body: unknown }>;
}

const running: Running[] = [];

async function start(
  store: MemoryStore,
  limits: Partial<ShardLimits> & { archiveEveryMs?: number } = {},
  atMs = 1_000_000,
): Promise<Running> {
  const { archiveEveryMs = 15_000, ...shardLimits } = limits;
  const journal = new MemoryJournal(store);
  const snapshots = new MemorySnapshots(store);
  const clock = { at: atMs };
  const asked: Running['asked'] = [];
  const pushes: Push[] = [];
  const fatal: Running['fatal'] = [];
  const advanceTo = (atMs: number) => {
    clock.at = Math.max(clock.at, atMs);
  };
  const shard = new Shard({
    shard: 0,
    shardCount: 1,
    owner: 'test',
    deciders: [counter],
    journal,
    snapshots,
    sleepers: snapshots,
    clock: { now: () => clock.at, advanceTo },
    scheduler: systemScheduler,
    ask: (_address, command, done) => void asked.push({ command, done }),
    push: (push) => void pushes.push(push),
    onDurable: (partition, seq) => archivist.advance(partition, seq),
    onFatal: (reason, isFenced) => void fatal.push({ reason, isFenced }),
    log: () => {},
    limits: { ...defaultShardLimits, ...shardLimits },
  });
  const archivist = new Archivist({
    deciders: [counter],
    journal,
    store: snapshots,
    clock: { now: () => clock.at, advanceTo },
    scheduler: systemScheduler,
    onSaved: (partition, seq) => shard.saved(partition, seq),
    log: () => {},
    limits: { everyMs: archiveEveryMs, idleMs: 60_000 },
  });
  await shard.start();
  archivist.start();
  const send = (command: CounterCommand, key = 'a') =>
    new Promise<{ code: string; body: unknown }>((resolve) =>
      shard.deliver('counter', key, command, (code, body) => resolve({ code, body })),
    );
  const one = { shard, archivist, snapshots, journal, asked, pushes, fatal, clock, send };
  running.push(one);
  return one;
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error('the condition never came true');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function closedGate(): { gate: Promise<void>; open: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { gate: promise, open: resolve };
}

afterEach(async () => {
  for (const { shard } of running.splice(0)) await shard.stop(1);
});

describe('a shard', () => {
  it('lets nothing out before the journal has it: neither the reply, nor a push, nor a later read', async () => {
    const one = await start(new MemoryStore());
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
    const one = await start(new MemoryStore());
    const { gate, open } = closedGate();
    one.journal.gate = gate;
    const first = one.send({ type: 'Add', amount: 1 });
    await until(() => one.journal.appends === 1);
    const rest = Array.from({ length: 50 }, () => one.send({ type: 'Add', amount: 1 }));
    open();
    await Promise.all([first, ...rest]);
    expect(one.journal.appends).toBe(2);
  });

  it('refuses new commands while the journal is silent, and goes on by itself when it answers', async () => {
    const one = await start(new MemoryStore(), { stallMs: 5 });
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
    const one = await start(new MemoryStore(), { mailboxMax: 10 });
    const codes = await Promise.all(
      Array.from({ length: 30 }, () => one.send({ type: 'Add', amount: 1 }).then((r) => r.code)),
    );
    expect(codes.filter((code) => code === 'busy')).toHaveLength(20);
  });

  it('counts a lost answer of the journal as what it was: done once', async () => {
    const one = await start(new MemoryStore());
    let lost = 0;
    one.journal.sabotage = () => (lost++ === 0 ? 'lost-answer' : null);
    expect(await one.send({ type: 'Add', amount: 5 })).toEqual({ code: 'ok', body: { total: 5 } });
    expect(lost).toBeGreaterThan(1);
    expect(one.fatal).toEqual([]);
  });

  it('that has been replaced by another owner answers nobody and says that it is fenced', async () => {
    const store = new MemoryStore();
    const old = await start(store);
    await old.send({ type: 'Add', amount: 1 });
    await new MemoryJournal(store).claim([partitionOf('counter', 'a')]);
    let isAnswered = false;
    void old.send({ type: 'Add', amount: 1 }).then(() => (isAnswered = true));
    await until(() => old.fatal.length > 0);
    expect(old.fatal[0]!.isFenced).toBe(true);
    expect(isAnswered).toBe(false);
    expect((await old.send({ type: 'Read' })).code).toBe('busy');
  });
});

describe('recovery', () => {
  it('replays what was acknowledged', async () => {
    const store = new MemoryStore();
    const one = await start(store);
    for (let n = 0; n < 10; n++) await one.send({ type: 'Add', amount: n }, `key-${n}`);
    const two = await start(store);
    for (let n = 0; n < 10; n++) {
      expect((await two.send({ type: 'Read' }, `key-${n}`)).body).toMatchObject({ total: n });
    }
  });

  it('starts from the snapshot when there is one, and a trimmed journal is enough', async () => {
    const store = new MemoryStore();
    const one = await start(store, { archiveEveryMs: 0 });
    for (let n = 0; n < 20; n++) await one.send({ type: 'Add', amount: 1 });
    expect(await one.shard.stop(5_000)).toBe(true);
    expect(await one.archivist.stop(5_000)).toBe(true);
    expect(store.stream(partitionOf('counter', 'a')).frames).toEqual([]);
    const two = await start(store);
    await two.send({ type: 'Add', amount: 1 });
    const three = await start(store);
    expect((await three.send({ type: 'Read' })).body).toMatchObject({ total: 21 });
  });

  it('reads a partition again that was saved and trimmed while it was read', async () => {
    const store = new MemoryStore();
    const one = await start(store);
    for (let n = 0; n < 6; n++) await one.send({ type: 'Add', amount: 1 });
    store.interlude = async (partition) => {
      if (partition !== partitionOf('counter', 'a')) return;
      store.interlude = null;
      expect(await one.archivist.stop(5_000)).toBe(true);
      expect(store.stream(partition).frames).toEqual([]);
    };
    const two = await start(store);
    expect(store.interlude).toBeNull();
    expect(two.shard.stats()).toMatchObject({ haltedPartitions: [] });
    expect((await two.send({ type: 'Read' })).body).toMatchObject({ total: 6 });
  });

  it('saves many actors in one go, each as it is', async () => {
    const store = new MemoryStore();
    const one = await start(store);
    const keys = Array.from({ length: 2_000 }, (_, n) => `key-${n}`);
    await Promise.all(keys.map((key, n) => one.send({ type: 'Add', amount: n % 100 }, key)));
    expect(await one.archivist.stop(10_000)).toBe(true);
    const two = await start(store);
    expect(two.shard.stats()).toMatchObject({ haltedPartitions: [] });
    for (const [n, key] of keys.entries()) {
      expect((await two.send({ type: 'Read' }, key)).body).toMatchObject({ total: n % 100 });
    }
  });

  it('halts a partition whose snapshot cannot be read, rather than guess', async () => {
    const store = new MemoryStore();
    const one = await start(store);
    await one.send({ type: 'Add', amount: 1 }, 'a');
    await one.archivist.stop(5_000);
    const saved = store.snapshots.get(partitionOf('counter', 'a'))!;
    for (const [name, actor] of saved.actors)
      saved.actors.set(name, { ...actor, state: actor.state.slice(0, 3) });
    const two = await start(store);
    expect((await two.send({ type: 'Read' }, 'a')).code).toBe('busy');
    expect((await two.send({ type: 'Read' }, 'b')).code).toBe('ok');
  });

  it('halts a partition with a missing frame and goes on with the others', async () => {
    const store = new MemoryStore();
    const one = await start(store);
    await one.send({ type: 'Add', amount: 1 }, 'a');
    await one.send({ type: 'Add', amount: 1 }, 'a');
    await one.send({ type: 'Add', amount: 1 }, 'b');
    expect(partitionOf('counter', 'a')).not.toBe(partitionOf('counter', 'b'));
    store.stream(partitionOf('counter', 'a')).frames.shift();
    const two = await start(store);
    expect((await two.send({ type: 'Read' }, 'a')).code).toBe('busy');
    expect((await two.send({ type: 'Read' }, 'b')).body).toMatchObject({ total: 1 });
    expect(two.shard.stats().haltedPartitions).toHaveLength(1);
  });

  it('shows what a halted partition knows up to its loss, and changes nothing', async () => {
    const store = new MemoryStore();
    const one = await start(store);
    for (const amount of [1, 2, 4]) await one.send({ type: 'Add', amount });
    const { frames } = store.stream(partitionOf('counter', 'a'));
    frames.splice(1, 1);
    const two = await start(store);
    expect((await two.send({ type: 'Read' })).body).toMatchObject({ total: 1 });
    expect((await two.send({ type: 'Add', amount: 1 })).code).toBe('busy');
    expect((await two.send({ type: 'Add', amount: 1_000 })).code).toBe('busy');
    expect((await two.send({ type: 'Read' })).body).toMatchObject({ total: 1 });
    expect(frames).toHaveLength(2);
  });

  it('never lets engine time go back behind what was journaled', async () => {
    const store = new MemoryStore();
    const one = await start(store);
    one.clock.at = 5_000_000;
    await one.send({ type: 'RingAt', atMs: 4_000_000 });
    await until(() => store.stream(partitionOf('counter', 'a')).frames.length >= 2);
    const two = await start(store);
    expect(two.clock.at).toBe(5_000_000);
  });

  it('goes on from the time of the snapshot when nothing is left to replay', async () => {
    const store = new MemoryStore();
    const one = await start(store, {}, 9_000_000);
    await one.send({ type: 'Add', amount: 1 });
    await one.archivist.stop(5_000);
    const two = await start(store);
    expect(two.clock.at).toBe(9_000_000);
  });
});

describe('a shard that was replaced', () => {
  it('learns of it although nobody asks it anything, and ends', async () => {
    const store = new MemoryStore();
    const one = await start(store);
    await one.send({ type: 'Add', amount: 1 });
    const two = await start(store);
    await until(() => one.fatal.length === 1);
    expect(one.fatal).toMatchObject([{ isFenced: true, reason: expect.stringContaining('another process') }]);
    expect((await one.send({ type: 'Read' })).code).toBe('busy');
    expect((await two.send({ type: 'Read' })).body).toMatchObject({ total: 1 });
    expect(two.fatal).toEqual([]);
  });

  it('answers nobody while it cannot ask whether it was', async () => {
    const one = await start(new MemoryStore());
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
    const one = await start(store, { stallMs: 5_000 });
    for (let n = 0; n < 6; n++) await one.send({ type: 'Add', amount: 1 });
    const stream = store.stream(partitionOf('counter', 'a'));
    stream.frames.splice(2);
    stream.tailSeq = 2;
    expect((await one.send({ type: 'Add', amount: 1 })).body).toEqual({ total: 7 });
    await until(() => one.shard.stats().restoredFrames === 4);
    expect(stream.frames.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(one.fatal).toEqual([]);
    const two = await start(store);
    expect((await two.send({ type: 'Read' })).body).toMatchObject({ total: 7 });
  });

  it('ends its owner when that does not have them either', async () => {
    const store = new MemoryStore();
    const one = await start(store);
    for (let n = 0; n < 6; n++) await one.send({ type: 'Add', amount: 1 });
    const two = await start(store);
    await until(() => one.fatal.length === 1);
    const stream = store.stream(partitionOf('counter', 'a'));
    stream.frames.splice(2);
    stream.tailSeq = 2;
    await until(() => two.fatal.length === 1);
    expect(two.fatal).toMatchObject([
      { isFenced: false, reason: expect.stringContaining('6 was acknowledged') },
    ]);
  });
});

describe('what an actor owes', () => {
  it('is sent only once it is durable, and the answer comes back as a command', async () => {
    const one = await start(new MemoryStore());
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
    const one = await start(store);
    await one.send({ type: 'WantGreeting' });
    one.asked[0]!.done('busy', null);
    one.clock.at += 60_000;
    await until(() => one.asked.length === 2);
    const two = await start(store);
    await until(() => two.asked.length === 1);
    expect(two.asked[0]!.command).toEqual(one.asked[0]!.command);
  });

  it('is not decided on twice when an answer comes twice', async () => {
    const one = await start(new MemoryStore());
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
    const one = await start(store);
    await one.send({ type: 'RingAt', atMs: one.clock.at + 3_600_000 });
    const two = await start(store, {}, one.clock.at + 3_600_000);
    await until(() => two.journal.appends === 1);
    expect((await two.send({ type: 'Read' })).body).toMatchObject({ rings: 1 });
  });
});

describe('actors that are not needed', () => {
  const keys = Array.from({ length: 300 }, (_, n) => `key-${n}`);

  /** A shard whose 300 counters were saved and have left memory. */
  async function asleep(store: MemoryStore): Promise<Running> {
    const one = await start(store, { archiveEveryMs: 0, idleMs: 1_000 });
    await Promise.all(keys.map((key, n) => one.send({ type: 'Add', amount: n % 50 }, key)));
    await until(() => {
      one.clock.at += 10_000;
      return one.shard.stats().actors === 0;
    });
    return one;
  }

  it('leave memory and come back as they were with the next command', async () => {
    const one = await asleep(new MemoryStore());
    const answers = await Promise.all(keys.map((key) => one.send({ type: 'Add', amount: 1 }, key)));
    expect(answers.map(({ body }) => body)).toEqual(keys.map((_, n) => ({ total: (n % 50) + 1 })));
  });

  it('stay in the store at a restart, but for those the journal speaks of', async () => {
    const store = new MemoryStore();
    const one = await asleep(store);
    await one.send({ type: 'Add', amount: 1 }, 'key-7');
    const two = await start(store);
    expect(two.shard.stats().actors).toBeLessThan(10);
    expect((await two.send({ type: 'Read' }, 'key-7')).body).toMatchObject({ total: 8 });
    expect((await two.send({ type: 'Read' }, 'key-8')).body).toMatchObject({ total: 8 });
    expect((await two.send({ type: 'Read' }, 'nobody')).body).toMatchObject({ total: 0 });
  });

  it('are answered for with `busy` while the store is away, never as if they were new', async () => {
    const one = await asleep(new MemoryStore());
    const wake = one.snapshots.wake;
    one.snapshots.wake = () => Promise.reject(new Error('the store is away'));
    expect((await one.send({ type: 'Add', amount: 1 }, 'key-9')).code).toBe('busy');
    one.snapshots.wake = wake;
    expect((await one.send({ type: 'Read' }, 'key-9')).body).toMatchObject({ total: 9 });
  });

  it('stay while they wait for a time or an answer', async () => {
    const one = await start(new MemoryStore(), { archiveEveryMs: 0, idleMs: 1_000 });
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
