import { Packr } from 'msgpackr';
import { describe, expect, it } from 'vitest';
import { type Answer, busy } from '../../src/protocol/answer.ts';
import { type AnyCommand, commandsTo } from '../../src/protocol/command.ts';
import type { Push } from '../../src/protocol/decider.ts';
import { Peer, type PeerHandler, type PeerLimits } from '../../src/protocol/peer.ts';
import { u32, uuid } from '../../src/protocol/rows.ts';
import { Random } from '../sim/random.ts';
import { type MemoryWire, VirtualTime, wirePair } from '../support/memory-wire.ts';

const limits: PeerLimits = {
  openRequestsMax: 1_000,
  timeoutMs: 5_000,
  unackedBytesMax: 10_000,
  frameBytesMax: 4_000,
  frameMessagesMax: 40,
};
const names = [
  { role: 'gateway', index: 0 },
  { role: 'shard', index: 1 },
] as const;

class Side {
  readonly peer: Peer;
  readonly wire: MemoryWire;
  readonly pushes: Push[] = [];
  readonly broken: string[] = [];
  readonly counters = { requestsRefused: 0, pushesLost: 0 };
  readonly received: unknown[] = [];

  constructor(
    wire: MemoryWire,
    scheduler: VirtualTime,
    index: 0 | 1,
    own: Partial<PeerLimits> = {},
    onRequest: PeerHandler['onRequest'] = (kind, key, command, reply) =>
      reply('ok', `${kind}/${key}: ${command.type}`),
  ) {
    this.wire = wire;
    const handler: PeerHandler = {
      onRequest: (kind, key, command, reply) => {
        this.received.push(command);
        onRequest(kind, key, command, reply);
      },
      onPush: (push) => this.pushes.push(push),
      onBroken: (reason) => this.broken.push(reason),
    };
    this.peer = new Peer(wire, handler, {
      self: names[index],
      other: names[1 - index]!,
      limits: { ...limits, ...own },
      scheduler,
      counters: this.counters,
    });
  }

  /** All answers that were given, however often. */
  ask(command: AnyCommand & { readonly text?: string }, key = 'a'): Answer[] {
    const answers: Answer[] = [];
    this.peer.request('sku', key, command, (answer) => answers.push(answer));
    return answers;
  }

  push(text: string): void {
    this.peer.push({ topic: 'sale/a', type: 'news', body: text });
  }
}

interface Setting {
  readonly own?: readonly [Partial<PeerLimits>, Partial<PeerLimits>];
  readonly onRequest?: PeerHandler['onRequest'];
  readonly delayMs?: () => number;
}

function connect({ own = [{}, {}], onRequest, delayMs }: Setting = {}) {
  const time = new VirtualTime();
  const wires = wirePair(time, delayMs);
  const one = new Side(wires[0], time, 0, own[0]);
  const two = new Side(wires[1], time, 1, own[1], onRequest);
  return { time, one, two };
}

/** One side alone: the test plays the other one. */
function connectAlone(own: Partial<PeerLimits> = {}) {
  const time = new VirtualTime();
  const [wire, far] = wirePair(time);
  const side = new Side(wire, time, 0, own);
  const packr = new Packr({ useRecords: true });
  const say = (frame: unknown) => {
    far.post(packr.pack(frame));
    time.run(2);
  };
  const { frameBytesMax, frameMessagesMax, unackedBytesMax } = limits;
  const hello = ['doorbuster', 4, names[1], { frameBytesMax, frameMessagesMax, unackedBytesMax }];
  return { time, side, far, say, hello };
}

const told = 'x'.repeat(100);

describe('two peers', () => {
  it('a request is answered once, by whoever is addressed', () => {
    const { time, one } = connect();
    const answers = one.ask({ type: 'Read' }, 'b');
    time.run(10);
    expect(answers).toEqual([{ code: 'ok', body: 'sku/b: Read' }]);
    expect(one.peer.openRequests).toBe(0);
  });

  it('both ask and push at once', () => {
    const { time, one, two } = connect();
    const answers = [one.ask({ type: 'One' }), two.ask({ type: 'Two' })];
    one.push('hello');
    time.run(10);
    expect(answers.flat().map(({ code }) => code)).toEqual(['ok', 'ok']);
    expect(two.pushes).toEqual([{ topic: 'sale/a', type: 'news', body: 'hello' }]);
  });

  it('everything of one turn travels in one frame, after the hello', () => {
    const { time, one } = connect();
    time.run(5);
    for (let i = 0; i < 30; i++) one.ask({ type: 'Read' });
    time.run(10);
    expect(one.wire.posted.length).toBe(2);
  });

  it('an answer that comes after its time is dropped: the request was answered busy', () => {
    const { time, one, two } = connect({
      onRequest: (_kind, _key, _command, reply) => time.after(6_000, () => reply('ok', 1)),
    });
    const answers = one.ask({ type: 'Read' });
    time.run(5_500);
    expect(answers).toEqual([busy]);
    time.run(5_000);
    expect(two.received.length).toBe(1);
    expect(answers).toEqual([busy]);
  });

  it('more than the bound of open requests are busy at once', () => {
    const { time, one, two } = connect({ own: [{ openRequestsMax: 2 }, {}], onRequest: () => {} });
    const answers = [1, 2, 3].map(() => one.ask({ type: 'Read' }));
    expect(answers).toEqual([[], [], [busy]]);
    time.run(5_500);
    expect(answers).toEqual([[busy], [busy], [busy]]);
    expect(two.received.length).toBe(2);
    expect(one.counters.requestsRefused).toBe(1);
  });

  it('close sends what was said, then answers busy to all that is open and to all that comes', () => {
    const { time, one, two } = connect();
    time.run(5);
    one.push('farewell');
    const open = one.ask({ type: 'Read' });
    one.peer.close();
    const later = one.ask({ type: 'Read' });
    time.run(10);
    expect([open, later]).toEqual([[busy], [busy]]);
    expect(two.pushes.length).toBe(1);
    expect(one.wire.isClosed).toBe(true);
    one.peer.close();
    expect(open).toEqual([busy]);
  });
});

describe('the hello', () => {
  it('what is said before it waits for it, and is bounded', () => {
    const { time, side, say, hello } = connectAlone({ openRequestsMax: 3 });
    const answers = [1, 2, 3, 4].map(() => side.ask({ type: 'Read' }));
    for (let i = 0; i < 60_000; i++) side.push(`${i}`);
    time.run(100);
    expect(side.wire.posted.length).toBe(1);
    expect(answers).toEqual([[], [], [], [busy]]);
    expect(side.counters.pushesLost).toBeGreaterThan(9_000);
    say(hello);
    time.run(1);
    expect(side.wire.posted.length).toBeGreaterThan(1);
    expect(side.broken).toEqual([]);
  });

  it.each([
    ['of another version', ['doorbuster', 3, 'whatever is behind it'], /version 3 .* here it is 4/],
    [
      'from somebody else',
      ['doorbuster', 4, { role: 'shard', index: 0 }, limits],
      /shard 0 in place of shard 1/,
    ],
    ['that is none, but a frame', [0, [2, 'a', 'b', 'c']], /before the hello/],
    ['that is noise', 'doorbuster', /cannot be read/],
  ])('%s breaks the wire: open requests are busy, and nothing comes or goes any more', (_, first, reason) => {
    const { side, say, hello } = connectAlone();
    const answers = side.ask({ type: 'Read' });
    say(first);
    expect(answers).toEqual([busy]);
    expect(side.broken).toEqual([expect.stringMatching(reason)]);
    expect(side.wire.isClosed).toBe(true);
    say(hello);
    expect(side.ask({ type: 'Read' })).toEqual([busy]);
    expect([side.wire.posted.length, side.broken.length]).toEqual([1, 1]);
  });

  it('that never comes costs the time limit, no more', () => {
    const { time, side } = connectAlone();
    const answers = side.ask({ type: 'Read' });
    time.run(5_300);
    expect(answers).toEqual([busy]);
  });
});

describe('a frame that breaks the rules', () => {
  it.each([
    ['a second hello', ['doorbuster', 4, names[1], limits], /second hello/],
    ['too many messages', [0, ...Array.from({ length: 41 }, () => [2, 'a', 'b', 1])], /41 messages/],
    ['too many bytes', [0, [2, 'a', 'b', 'x'.repeat(4_000)]], /40\d\d bytes/],
    ['an acknowledgement of what was never sent', [10_000], /10000 bytes, which cannot be/],
    ['an acknowledgement that is no number', [Number.NaN], /cannot be/],
    ['a message of an unknown kind', [0, [4, 'a']], /cannot be read/],
    ['something else', { a: 1 }, /cannot be read/],
  ])('%s closes the wire with its reason', (_, frame, reason) => {
    const { side, say, hello } = connectAlone();
    say(hello);
    const answers = side.ask({ type: 'Read' });
    say(frame);
    expect(side.broken).toEqual([expect.stringMatching(reason)]);
    expect(answers).toEqual([busy]);
    expect(side.pushes).toEqual([]);
  });

  it('bytes that are no msgpack at all close it, too', () => {
    const { time, side, far, say, hello } = connectAlone();
    say(hello);
    far.post(Uint8Array.from([0xc1, 0xff, 0x00]));
    time.run(2);
    expect(side.broken.length).toBe(1);
  });

  it('none that a peer of ours sends is one, whatever the other side takes', () => {
    const small = { frameBytesMax: 300, frameMessagesMax: 3 };
    const { time, one, two } = connect({ own: [{}, small] });
    time.run(5);
    const answers = Array.from({ length: 30 }, (_, i) => one.ask({ type: 'Read', text: 'x'.repeat(i) }));
    for (let i = 0; i < 30; i++) one.push(`${i}`);
    time.run(10);
    expect([one.broken, two.broken]).toEqual([[], []]);
    expect(answers.flat().length).toBe(30);
    expect(two.pushes.map(({ body }) => body)).toEqual(Array.from({ length: 30 }, (_, i) => `${i}`));
    for (const bytes of one.wire.posted.slice(1)) expect(bytes.length).toBeLessThanOrEqual(300);
    expect(one.wire.posted.length).toBeGreaterThan(20);
  });
});

describe('a message that fits no frame', () => {
  const huge = 'x'.repeat(5_000);

  it('a request is refused as too large, and those beside it are not', () => {
    const { time, one } = connect();
    const answers = [
      one.ask({ type: 'Read' }),
      one.ask({ type: 'Read', text: huge }),
      one.ask({ type: 'Read' }),
    ];
    time.run(10);
    expect(answers.map(([answer]) => answer!.code)).toEqual(['ok', 'payload_too_large', 'ok']);
  });

  it('an answer becomes busy', () => {
    const { time, one } = connect({
      onRequest: (_kind, _key, { type }, reply) => reply('ok', type === 'Much' ? huge : 1),
    });
    const answers = [one.ask({ type: 'Much' }), one.ask({ type: 'Little' })];
    time.run(10);
    expect(answers.flat()).toEqual([busy, { code: 'ok', body: 1 }]);
  });

  it('a push is lost and counted', () => {
    const { time, one, two } = connect();
    one.push(huge);
    one.push('little');
    time.run(10);
    expect(two.pushes.length).toBe(1);
    expect(one.counters.pushesLost).toBe(1);
  });
});

describe('a side that does not read', () => {
  it('is asked and told no more than the bound, until it reads on', () => {
    const { time, one, two } = connect({ own: [{ timeoutMs: 60_000 }, {}], onRequest: () => {} });
    time.run(5);
    two.wire.isPaused = true;
    const answers: Answer[][] = [];
    for (let turn = 0; turn < 200; turn++) {
      answers.push(one.ask({ type: 'Read', text: told }));
      one.push(told);
      time.run(1);
    }
    const refused = answers.filter(([answer]) => answer !== undefined).length;
    expect(refused).toBe(one.counters.requestsRefused);
    expect(refused).toBeGreaterThan(100);
    expect(one.counters.pushesLost).toBe(refused);
    const sent = one.wire.posted.reduce((sum, bytes) => sum + bytes.length, 0);
    expect(sent).toBeLessThan(limits.unackedBytesMax + 500);
    // The acknowledgement comes by itself: the other side has nothing to say.
    two.wire.resume();
    time.run(5);
    expect(two.received.length).toBe(200 - refused);
    expect(one.ask({ type: 'Read' })).toEqual([]);
    one.push('again');
    time.run(5);
    expect(two.pushes.at(-1)!.body).toBe('again');
  });

  it('still gets the answers that it asked for', () => {
    const { time, one, two } = connect({ onRequest: (_kind, _key, _command, reply) => reply('ok', told) });
    const answers: Answer[][] = [];
    for (let turn = 0; turn < 300; turn++) {
      answers.push(one.ask({ type: 'Read' }));
      // It sends, and does not read.
      one.wire.isPaused = true;
      time.run(2);
    }
    const asked = answers.filter(([answer]) => answer === undefined).length;
    one.wire.resume();
    time.run(10);
    expect(asked).toBeGreaterThan(150);
    expect(answers.flat().filter(({ code }) => code === 'ok').length).toBe(asked);
    expect(two.broken).toEqual([]);
  });

  it('a burst of one turn is taken whole when nothing else is on its way', () => {
    const { time, one } = connect({ own: [{ unackedBytesMax: 1_000 }, {}] });
    time.run(5);
    const answers = Array.from({ length: 500 }, () => one.ask({ type: 'Read', text: told }));
    time.run(10);
    expect(answers.flat().every(({ code }) => code === 'ok')).toBe(true);
  });

  it('acknowledgements do not call for acknowledgements', () => {
    const { time, one, two } = connect({ own: [{ unackedBytesMax: 100 }, { unackedBytesMax: 100 }] });
    for (let i = 0; i < 10; i++) one.push(told);
    time.run(10);
    const frames = () => one.wire.posted.length + two.wire.posted.length;
    const before = frames();
    time.run(10_000);
    expect(frames()).toBe(before);
  });
});

/** Bursts both ways over a slow wire whose ends stop reading now and then, with limits that bite. */
function storm(seed: number) {
  const random = new Random(seed, 'peers');
  const own = [0, 1].map(() => ({
    openRequestsMax: random.int(5, 400),
    timeoutMs: random.pick([100, 5_000]),
    unackedBytesMax: random.int(500, 20_000),
    frameBytesMax: random.int(600, 5_000),
    frameMessagesMax: random.int(1, 40),
  })) as unknown as readonly [Partial<PeerLimits>, Partial<PeerLimits>];
  const time = new VirtualTime();
  const wires = wirePair(time, () => random.int(0, 30));
  const answerLater: PeerHandler['onRequest'] = (_kind, _key, command, reply) => {
    const text = 'y'.repeat(random.chance(0.02) ? 6_000 : random.int(0, 200));
    const answer = () => reply('ok', [(command as unknown as { n: number }).n, text]);
    if (random.chance(0.5)) answer();
    else time.after(random.int(0, 150), answer);
  };
  const sides = [
    new Side(wires[0], time, 0, own[0], answerLater),
    new Side(wires[1], time, 1, own[1], answerLater),
  ] as const;
  const asked: { readonly n: number; readonly answers: Answer[] }[] = [];
  for (let turn = 0; turn < 150; turn++) {
    for (const side of sides) {
      if (random.chance(0.05)) side.wire.isPaused = true;
      else if (random.chance(0.3)) side.wire.resume();
      for (let burst = random.chance(0.1) ? random.int(0, 300) : random.int(0, 5); burst > 0; burst--) {
        const n = asked.length;
        const text = 'x'.repeat(random.chance(0.01) ? 6_000 : random.int(0, 150));
        if (random.chance(0.3)) side.push(`${n} ${text}`);
        else asked.push({ n, answers: side.ask({ type: 'Read', ...{ n, text } }) });
      }
      const { openRequestsMax } = own[sides.indexOf(side)]!;
      expect(side.peer.openRequests).toBeLessThanOrEqual(openRequestsMax!);
    }
    time.run(random.int(0, 10));
  }
  for (const side of sides) side.wire.resume();
  time.run(10_000);
  return { sides, asked, own };
}

describe('a storm of requests and pushes both ways', () => {
  it('each request gets exactly one answer, its own or busy or too large; no frame is above the limits; no wire breaks', () => {
    const codes = new Map<string, number>();
    for (let seed = 1; seed <= 40; seed++) {
      const { sides, asked, own } = storm(seed);
      for (const { n, answers } of asked) {
        const [answer] = answers;
        if (answers.length !== 1) throw new Error(`seed ${seed}, request ${n}: ${JSON.stringify(answers)}`);
        if (answer!.code === 'ok' && (answer!.body as [number, string])[0] !== n)
          throw new Error(`seed ${seed}, request ${n} got the answer of another one`);
        codes.set(answer!.code, (codes.get(answer!.code) ?? 0) + 1);
      }
      for (const [index, side] of sides.entries()) {
        expect(side.broken, `seed ${seed}`).toEqual([]);
        expect(side.peer.openRequests).toBe(0);
        const longest = Math.max(...side.wire.posted.map((bytes) => bytes.length));
        expect(longest).toBeLessThanOrEqual(own[1 - index]!.frameBytesMax!);
        // In order, and none twice.
        const numbers = side.pushes.map(({ body }) => Number.parseInt(body as string, 10));
        expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
      }
    }
    expect([...codes.keys()].sort()).toEqual(['busy', 'ok', 'payload_too_large']);
    // The limits did bite, and most got through.
    expect(codes.get('ok')).toBeGreaterThan(5_000);
    expect(codes.get('busy')).toBeGreaterThan(1_000);
    expect(codes.get('payload_too_large')).toBeGreaterThan(50);
  });
});

describe('commands in rows', () => {
  const id = '018f0c3a-1111-7000-8000-0123456789ab';
  const take = commandsTo('sku')('Take')
    .takes<{ room: string; id: string; count: number }>()
    .inRows<string, string>({
      group: ['room'],
      row: { id: uuid(), count: u32 },
      view: (common, { count }) => `${common} ${count}`,
    });
  const answering: PeerHandler['onRequest'] = (_kind, _key, _command, reply) =>
    reply('ok', ['created', 'taken', []]);

  function takes(peer: Peer, counts: readonly number[], key = 'a', room = 'r'): Answer[] {
    const answers: Answer[] = [];
    for (const count of counts)
      peer.requestRow(take, key, { room, id, count }, (answer) => answers.push(answer));
    return answers;
  }

  it('of one turn and one actor are one message, and each is answered', () => {
    const { time, one, two } = connect({ onRequest: answering });
    const answers = takes(one.peer, [1, 2, 3]);
    expect(one.peer.openRequests).toBe(3);
    time.run(10);
    expect(answers.map(({ body }) => body)).toEqual(['taken 1', 'taken 2', 'taken 3']);
    expect(two.received).toMatchObject([{ type: 'Take', group: { room: 'r' }, count: 3 }]);
    expect(one.peer.openRequests).toBe(0);
  });

  it('of another room, another actor and another turn are other messages', () => {
    const { time, one, two } = connect({ onRequest: answering });
    takes(one.peer, [1, 2]);
    takes(one.peer, [3], 'b');
    takes(one.peer, [4], 'a', 's');
    time.run(10);
    takes(one.peer, [5]);
    time.run(10);
    expect(two.received).toMatchObject([{ count: 2 }, { count: 1 }, { count: 1 }, { count: 1 }]);
  });

  it('of two types are a message each, in whatever order they come', () => {
    const drop = commandsTo('thing')('Drop')
      .takes<{ id: string }>()
      .inRows<null, null>({ group: [], row: { id: uuid() }, view: () => null });
    const { time, one, two } = connect({ onRequest: answering });
    for (const count of [1, 2]) {
      takes(one.peer, [count]);
      one.peer.requestRow(drop, 'a', { id }, () => {});
    }
    time.run(10);
    expect(two.received).toMatchObject([
      { type: 'Take', count: 2 },
      { type: 'Drop', count: 2 },
    ]);
  });

  it('keep their order among the other commands to the same actor', () => {
    const { time, one, two } = connect({ onRequest: answering });
    takes(one.peer, [1]);
    one.ask({ type: 'Read' }, 'a');
    takes(one.peer, [2, 3]);
    time.run(10);
    expect(two.received).toMatchObject([{ count: 1 }, { type: 'Read' }, { count: 2 }]);
  });

  it('travel alone, as they are, when they fit no row', () => {
    const { time, one, two } = connect();
    takes(one.peer, [-1]);
    time.run(10);
    expect(two.received).toEqual([{ type: 'Take', room: 'r', id, count: -1 }]);
  });

  it('count one by one at the bound, and are busy when the other side is gone', () => {
    const { one } = connect({ own: [{ openRequestsMax: 2 }, {}] });
    const answers = takes(one.peer, [1, 2, 3]);
    expect(answers).toEqual([busy]);
    expect(one.counters.requestsRefused).toBe(1);
    one.peer.close();
    expect(answers).toEqual([busy, busy, busy]);
    expect(one.peer.openRequests).toBe(0);
  });
});
