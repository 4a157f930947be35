/** What a gateway does with holds: those that come while it gathers travel as one group of rows, of any size. */
import { type PlaceHold, placeHold } from '../../src/actors/sku/commands.ts';
import { RowGroup } from '../../src/protocol/row-group.ts';
import type { Rows } from '../../src/protocol/rows.ts';
import type { Done } from './network.ts';
import type { Random } from './random.ts';
import type { World } from './world.ts';

/** A group as it travels. */
export interface PackedRows {
  readonly type: string;
  readonly shared: Rows['group'];
  readonly count: number;
  readonly bytes: Uint8Array;
}

type Send = (key: string, packed: PackedRows, done: Done) => void;

export class Groups {
  readonly #world: World;
  readonly #random: Random;
  readonly #send: Send;
  readonly #open = new Map<string, RowGroup>();

  constructor(world: World, send: Send) {
    this.#world = world;
    this.#random = world.random('groups');
    this.#send = send;
  }

  ask(key: string, command: PlaceHold, done: Done): void {
    const answered = ({ code, body }: Parameters<Parameters<RowGroup['take']>[2]>[0]) => done(code, body);
    const open = this.#open.get(key);
    if (open?.take(placeHold, command, answered)) {
      // Somebody presses twice.
      if (this.#random.chance(0.1)) open.take(placeHold, command, () => {});
      return;
    }
    const group = new RowGroup(placeHold, command);
    if (!group.take(placeHold, command, answered)) throw new Error(`no row: ${JSON.stringify(command)}`);
    this.#open.set(key, group);
    const message = group.message(0, key);
    const gatheringMs = this.#random.chance(0.5) ? 0 : this.#random.int(1, 400);
    this.#world.loop.after(gatheringMs, null, () => {
      if (this.#open.get(key) === group) this.#open.delete(key);
      group.finish();
      const [, , , , type, shared, count, bytes] = message;
      this.#world.count(`groups of ${count > 3 ? 'many' : count}`);
      this.#send(key, { type, shared, count, bytes }, (code, body) => group.settle({ code, body }));
    });
  }
}
