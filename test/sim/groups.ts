/** What a gateway or a shard does with commands that stand in rows: those that come while it gathers travel as one group, of any size. */
import type { RowCommand } from '../../src/protocol/command.ts';
import { RowGroup } from '../../src/protocol/row-group.ts';
import { type Rows, rowsFrom } from '../../src/protocol/rows.ts';
import type { Done } from './network.ts';
import type { Random } from './random.ts';
import type { World } from './world.ts';

/** A group as it travels. */
export interface PackedRows {
  readonly type: string;
  readonly shared: Rows['group'];
  readonly count: number;
  readonly bytes: Uint8Array;
  readonly beside: Rows['beside'];
}

export function unpacked({ type, shared, count, bytes, beside }: PackedRows): Rows {
  return rowsFrom(type, shared, count, bytes, beside);
}

type Send = (kind: string, key: string, packed: PackedRows, done: Done) => void;
type Settle = Parameters<RowGroup['take']>[2];

export class Groups {
  readonly #world: World;
  readonly #random: Random;
  readonly #send: Send;
  readonly #open = new Map<string, RowGroup>();

  constructor(world: World, random: Random, send: Send) {
    this.#world = world;
    this.#random = random;
    this.#send = send;
  }

  /** False when the command fits no row. */
  ask(command: RowCommand, key: string, fields: object, done: Done): boolean {
    const answered: Settle = ({ code, body }) => done(code, body);
    const name = `${command.type} ${key}`;
    const open = this.#open.get(name);
    if (open?.take(command, fields, answered)) {
      // Somebody presses twice.
      if (this.#random.chance(0.1)) open.take(command, fields, () => {});
      return true;
    }
    const group = new RowGroup(command, fields);
    if (!group.take(command, fields, answered)) return false;
    // So that also what comes alone may come twice in its group.
    if (this.#random.chance(0.1)) group.take(command, fields, () => {});
    this.#open.set(name, group);
    const message = group.message(0, key);
    const gatheringMs = this.#random.chance(0.5) ? 0 : this.#random.int(1, 400);
    this.#world.loop.after(gatheringMs, null, () => {
      if (this.#open.get(name) === group) this.#open.delete(name);
      group.finish();
      const [, , kind, , type, shared, count, bytes, beside = []] = message;
      this.#world.count(`${type}: groups of ${count > 3 ? 'many' : count}`);
      this.#send(kind, key, { type, shared, count, bytes, beside }, (code, body) =>
        group.settle({ code, body }),
      );
    });
    return true;
  }
}
