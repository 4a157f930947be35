import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  Audiences,
  type Group,
  groupSocketsMax,
  turnsAtOnceMax,
} from '../../../src/gateway/live/audiences.ts';
import { decode } from '../../../src/gateway/live/codec.ts';

/** A gateway whose turns of the event loop the test takes, and its sockets, each of which keeps what it is sent. */
class Room {
  readonly #turns: { readonly run: () => void; readonly ms: number }[] = [];
  #nowMs = 0;
  readonly #socketsByGroup = new Map<string, Set<Watcher>>();
  /** Sockets that were sent something in the turn that runs, or ran last. */
  sent = new Set<Watcher>();
  readonly audiences = new Audiences({
    publish: (name, bytes, isBinary) => {
      const { buffer } = new Uint8Array(bytes);
      const frame = decode(buffer, isBinary);
      for (const socket of this.#of(name)) {
        socket.frames.push(frame);
        this.sent.add(socket);
      }
    },
    now: () => this.#nowMs,
    after: (ms, run) => this.#turns.push({ run, ms }),
  });

  enter(topic: string, count: number, isBinary = false): Watcher[] {
    return Array.from({ length: count }, () => {
      const socket = { topic, group: this.audiences.enter(topic, isBinary), frames: [] };
      this.#of(socket.group.name).add(socket);
      return socket;
    });
  }

  leave(socket: Watcher): void {
    this.#of(socket.group.name).delete(socket);
    this.audiences.leave(socket.topic, socket.group);
  }

  #of(name: string): Set<Watcher> {
    const known = this.#socketsByGroup.get(name) ?? new Set();
    this.#socketsByGroup.set(name, known);
    return known;
  }

  /** False when there is none to be taken. */
  takeTurn(lateMs = 0): boolean {
    const turn = this.#turns.shift();
    this.sent = new Set();
    this.#nowMs += (turn?.ms ?? 0) + lateMs;
    turn?.run();
    return turn !== undefined;
  }

  takeAll(): void {
    while (this.takeTurn());
  }
}

interface Watcher {
  readonly topic: string;
  readonly group: Group;
  readonly frames: unknown[];
}

const figure = (n: number) => ({ type: 'figure', n });
const phase = (name: string) => ({ type: 'phase', name });
const many = groupSocketsMax * 10;

describe('what everybody is sent', () => {
  test('leaves in the turn in which it is said, where few listen', () => {
    const room = new Room();
    const sockets = [...room.enter('a', 3), ...room.enter('a', 3, true)];
    room.audiences.send('a', figure(1), 'figure');
    for (const { frames } of sockets) expect(frames).toEqual([figure(1)]);
  });

  test('is for those of the topic, and for nobody who has left', () => {
    const room = new Room();
    const [here, gone] = room.enter('a', 2);
    const [elsewhere] = room.enter('b', 1);
    room.leave(gone!);
    room.audiences.send('a', figure(1), 'figure');
    room.takeAll();
    expect([here, gone, elsewhere].map((socket) => socket!.frames.length)).toEqual([1, 0, 0]);
  });

  test('goes to no more than a group of thousands in one turn, and to all of them in the end', () => {
    const room = new Room();
    const sockets = room.enter('a', many);
    room.audiences.send('a', figure(1), 'figure');
    let turns = 0;
    do {
      expect(room.sent.size).toBeLessThanOrEqual(groupSocketsMax);
      turns++;
    } while (room.takeTurn());
    expect(turns).toBeGreaterThanOrEqual(many / groupSocketsMax);
    for (const { frames } of sockets) expect(frames).toEqual([figure(1)]);
  });

  test('is the newest that there is when a group’s turn comes, and no group waits for longer than a round', () => {
    const room = new Room();
    const sockets = room.enter('a', many);
    const rounds = 3;
    for (let turn = 1; turn <= rounds * (many / groupSocketsMax); turn++) {
      room.audiences.send('a', figure(turn), 'figure');
      for (const { frames } of room.sent) expect(frames.at(-1)).toEqual(figure(turn === 1 ? 1 : turn - 1));
      room.takeTurn();
    }
    for (const { frames } of sockets) expect(frames.length).toBeGreaterThanOrEqual(rounds - 1);
    room.takeAll();
    const last = figure(rounds * (many / groupSocketsMax));
    for (const { frames } of sockets) expect(frames.at(-1)).toEqual(last);
  });

  test('makes up for turns that came late, and for no more than a few', () => {
    const room = new Room();
    const sockets = room.enter('a', many);
    room.audiences.send('a', figure(1), 'figure');
    expect(room.sent.size).toBe(groupSocketsMax);
    room.takeTurn(60_000);
    expect(room.sent.size).toBe(groupSocketsMax * turnsAtOnceMax);
    room.takeTurn();
    expect(room.sent.size).toBe(groupSocketsMax);
    room.takeAll();
    for (const { frames } of sockets) expect(frames).toEqual([figure(1)]);
  });

  test('serves a topic of few while a crowd is being served', () => {
    const room = new Room();
    room.enter('crowd', many);
    const [alone] = room.enter('small', 1);
    room.audiences.send('crowd', figure(1), 'figure');
    room.audiences.send('small', figure(7), 'figure');
    for (let turn = 0; turn < many / groupSocketsMax; turn++) {
      room.audiences.send('crowd', figure(turn), 'figure');
      room.takeTurn();
    }
    expect(alone!.frames).toEqual([figure(7)]);
  });

  test('stands in order for each: what must arrive arrives, and a figure is none that was said before', () => {
    const words = fc.array(
      fc.oneof(
        fc.record({ say: fc.constant('figure' as const) }),
        fc.record({ say: fc.constant('phase' as const) }),
        fc.record({ say: fc.constant('turn' as const) }),
        fc.record({ say: fc.constant('enter' as const), isBinary: fc.boolean() }),
        fc.record({ say: fc.constant('leave' as const), at: fc.nat() }),
      ),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(words, (all) => {
        const room = new Room();
        const sockets = room.enter('a', groupSocketsMax * 3);
        const phasesSince = new Map(sockets.map((socket) => [socket, 0]));
        let said = 0;
        let phases = 0;
        for (const word of all) {
          if (word.say === 'figure') room.audiences.send('a', figure(++said), 'figure');
          else if (word.say === 'phase') room.audiences.send('a', phase(String(++phases)), null);
          else if (word.say === 'turn') room.takeTurn();
          else if (word.say === 'enter') {
            const [socket] = room.enter('a', 1, word.isBinary);
            sockets.push(socket!);
            phasesSince.set(socket!, phases);
          } else {
            const [gone] = sockets.splice(word.at % sockets.length, 1);
            room.leave(gone!);
          }
        }
        room.takeAll();
        for (const socket of sockets) {
          const frames = socket.frames as ({ n: number } & { name: string })[];
          const seen = frames.filter(({ n }) => n !== undefined).map(({ n }) => n);
          expect(seen).toEqual([...new Set(seen)].sort((a, b) => a - b));
          const heard = frames.filter(({ name }) => name !== undefined).map(({ name }) => Number(name));
          // A newcomer may be told what its group had not got yet.
          const since = phasesSince.get(socket)!;
          expect(heard.filter((name) => name > since)).toEqual(
            Array.from({ length: phases - since }, (_, n) => since + n + 1),
          );
          expect(heard).toEqual([...heard].sort((a, b) => a - b));
        }
      }),
      { numRuns: 100 },
    );
  });

  test('is bounded: a group that would have too much waiting is sent to before its turn', () => {
    const room = new Room();
    const sockets = room.enter('a', many);
    for (let n = 1; n <= 200; n++) room.audiences.send('a', phase(String(n)), null);
    for (const { frames } of sockets) expect(frames.length).toBeGreaterThan(200 - 65);
    room.takeAll();
    for (const { frames } of sockets) expect(frames.length).toBe(200);
  });
});
