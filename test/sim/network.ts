/** Messages between shards, clients and the back office: delayed, lost, repeated, and so in any order. */
import { Packr } from 'msgpackr';
import type { Code } from '../../src/protocol/codes.ts';
import type { Owner } from './loop.ts';
import type { Random } from './random.ts';
import type { World } from './world.ts';

const packr = new Packr({ useRecords: true, moreTypes: false, int64AsType: 'number' });

export type Done = (code: Code, body: unknown) => void;
/** Gives the message to whoever it is for; `reply` may be called once or, when the receiver dies, never. */
export type Receive<Command> = (command: Command, reply: Done) => void;

/** The copy that the other side gets: nothing is shared between threads. */
export function copied<Value>(value: Value): Value {
  return packr.unpack(packr.pack(value)) as Value;
}

export class Network {
  readonly #world: World;
  readonly #random: Random;

  constructor(world: World) {
    this.#world = world;
    this.#random = world.random('network');
  }

  /** One request: `done` is called once, with the answer or, after `timeoutMs`, with `busy`. */
  ask<Command>(
    from: Owner | null,
    command: Command,
    timeoutMs: number,
    receive: Receive<Command>,
    done: Done,
  ): void {
    const { loop } = this.#world;
    let isSettled = false;
    const settle: Done = (code, body) => {
      if (isSettled) return;
      isSettled = true;
      cancel();
      done(code, body);
    };
    const cancel = loop.after(timeoutMs, from, () => settle('busy', null));
    this.#send(() => {
      let answers = 0;
      receive(copied(command), (code, body) => {
        if (++answers > 1) this.#world.fail('one answer per command', JSON.stringify({ command, code }));
        const answer = copied({ code, body });
        this.#send(() => settle(answer.code, answer.body), from);
      });
    }, null);
  }

  #send(arrive: () => void, to: Owner | null): void {
    const { loop, faults, count } = this.#world;
    const random = this.#random;
    const { lose, repeat, slow } = faults.network;
    const isLost = random.chance(lose);
    const copies = isLost ? 0 : random.chance(repeat) ? 2 : 1;
    if (isLost) count('messages lost');
    if (copies > 1) count('messages repeated');
    for (let copy = 0; copy < copies; copy++) {
      const isSlow = random.chance(slow);
      loop.after(isSlow ? random.int(20, 4_000) : random.next() * 4, to, arrive);
    }
  }
}
