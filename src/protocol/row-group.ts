/** The sender's side of a group of rows (rows.ts): it fills during one turn, and hands each row its answer. */
import type { Answer } from './answer.ts';
import type { RowCommand } from './command.ts';
import type { GroupRequest } from './peer-frame.ts';
import { bytesOf, newWords } from './row-words.ts';
import { type GroupAnswer, groupRowsMax, type Rows } from './rows.ts';

type Done = (answer: Answer) => void;

/** Most groups have one row; so few bytes need no memory outside of the heap. */
const firstRows = 1;

export class RowGroup {
  readonly #command: RowCommand;
  readonly #shared: Record<string, string> = {};
  readonly #fields: object[] = [];
  readonly #dones: Done[] = [];
  readonly #beside: unknown[] = [];
  #words: Int32Array;
  #message: GroupRequest | null = null;
  #rows: { count: number; words: Int32Array } | null = null;

  constructor(command: RowCommand, fields: object) {
    this.#command = command;
    for (const name of command.rows.groupNames) this.#shared[name] = textOf(fields, name);
    this.#words = newWords(firstRows * command.rows.words);
  }

  /** The message that stands for it among those of the turn; `finish` fills in the rows. */
  message(id: number, key: string): GroupRequest {
    const { kind, type } = this.#command;
    this.#message = [3, id, kind, key, type, this.#shared, 0, new Uint8Array(0)];
    return this.#message;
  }

  get id(): number {
    return this.#message![1];
  }

  /** The rows for a receiver in the same thread; `finish` fills them in. */
  rows(): Rows {
    const { type } = this.#command;
    const rows = { type, group: this.#shared, count: 0, words: this.#words, beside: this.#beside };
    this.#rows = rows;
    return rows;
  }

  get size(): number {
    return this.#dones.length;
  }

  /** False when the command belongs elsewhere: the group is another one's, or full, or the fields fit no row. */
  take(command: RowCommand, fields: object, done: Done): boolean {
    const count = this.#dones.length;
    if (command !== this.#command || count === groupRowsMax) return false;
    for (const name of command.rows.groupNames) if (textOf(fields, name) !== this.#shared[name]) return false;
    const { words } = command.rows;
    if (this.#words.length < (count + 1) * words) {
      const grown = newWords(this.#words.length * 2);
      grown.set(this.#words);
      this.#words = grown;
    }
    if (!command.rows.write(fields, this.#words, count * words, this.#beside)) return false;
    this.#fields.push(fields);
    this.#dones.push(done);
    return true;
  }

  /** Nothing is added from now on. */
  finish(): void {
    const count = this.#dones.length;
    if (this.#rows !== null) {
      this.#rows.count = count;
      this.#rows.words = this.#words;
    }
    if (this.#message === null) return;
    this.#message[6] = count;
    this.#message[7] = bytesOf(this.#words, count * this.#command.rows.words);
    if (this.#beside.length > 0) this.#message[8] = this.#beside;
  }

  /** Any code but `ok` is that of every row. */
  settle(answer: Answer): void {
    if (answer.code !== 'ok') {
      for (const done of this.#dones) done(answer);
      return;
    }
    const [code, common, others] = answer.body as GroupAnswer;
    const { view } = this.#command.rows;
    let next = 0;
    let nth = 0;
    for (let row = 0; row < this.#dones.length; row++) {
      const done = this.#dones[row]!;
      const other = others[next];
      if (other !== undefined && other[0] === row) {
        next++;
        done({ code: other[1], body: other[2] });
      } else done({ code, body: view(common, this.#fields[row]!, nth++) });
    }
  }
}

/** The groups of one turn: commands of one type to one actor are one group, whatever other rows go there between them. */
export class RowGroups {
  /** Those that the next command may still join, by the key of their actor. */
  readonly #byKey = new Map<string, RowGroup[]>();
  #unfinished: RowGroup[] = [];

  /** The group that has taken the command: a new one when it is its only row. null: the command fits no row. */
  join(command: RowCommand, key: string, fields: object, done: Done): RowGroup | null {
    const open = this.#byKey.get(key);
    for (const group of open ?? []) if (group.take(command, fields, done)) return group;
    const group = new RowGroup(command, fields);
    if (!group.take(command, fields, done)) return null;
    // The newest first: an older one of the same type is full.
    if (open) open.unshift(group);
    else this.#byKey.set(key, [group]);
    this.#unfinished.push(group);
    return group;
  }

  /** What comes to this actor from now on begins groups of its own. */
  close(key: string): void {
    if (this.#byKey.size > 0) this.#byKey.delete(key);
  }

  /** The turn is over. */
  finish(): void {
    if (this.#unfinished.length === 0) return;
    for (const group of this.#unfinished) group.finish();
    this.#unfinished = [];
    this.#byKey.clear();
  }
}

function textOf(fields: object, name: string): string {
  return (fields as Record<string, string>)[name]!;
}
