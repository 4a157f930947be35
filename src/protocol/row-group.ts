/** The sender's side of a group of rows (rows.ts): it fills during one turn, and hands each row its answer. */
import type { Answer } from './answer.ts';
import type { CommandType } from './command.ts';
import type { GroupRequest } from './peer-frame.ts';
import { acceptedRow, type GroupAnswer, groupRowsMax, type RowLayout } from './rows.ts';

export type RowCommand = CommandType & { readonly rows: RowLayout };
type Done = (answer: Answer) => void;

const firstRows = 8;

export class RowGroup {
  readonly #command: RowCommand;
  readonly #shared: Record<string, string> = {};
  readonly #fields: object[] = [];
  readonly #dones: Done[] = [];
  #words: Int32Array;
  #message: GroupRequest | null = null;

  constructor(command: RowCommand, fields: object) {
    this.#command = command;
    for (const name of command.rows.groupNames) this.#shared[name] = textOf(fields, name);
    this.#words = new Int32Array(firstRows * command.rows.words);
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

  /** False when the command belongs elsewhere: the group is another one's, or full, or the fields fit no row. */
  take(command: RowCommand, fields: object, done: Done): boolean {
    const count = this.#dones.length;
    if (command !== this.#command || count === groupRowsMax) return false;
    for (const name of command.rows.groupNames) if (textOf(fields, name) !== this.#shared[name]) return false;
    const { words } = command.rows;
    if (this.#words.length < (count + 1) * words) {
      const grown = new Int32Array(this.#words.length * 2);
      grown.set(this.#words);
      this.#words = grown;
    }
    if (!command.rows.write(fields, this.#words, count * words)) return false;
    this.#fields.push(fields);
    this.#dones.push(done);
    return true;
  }

  /** Nothing is added from now on. */
  finish(): void {
    const count = this.#dones.length;
    this.#message![6] = count;
    this.#message![7] = new Uint8Array(this.#words.buffer, 0, count * this.#command.rows.words * 4);
  }

  /** Any code but `ok` is that of every row. */
  settle(answer: Answer): void {
    if (answer.code !== 'ok') {
      for (const done of this.#dones) done(answer);
      return;
    }
    const [common, others] = answer.body as GroupAnswer;
    const { view } = this.#command.rows;
    let next = 0;
    for (const [row, done] of this.#dones.entries()) {
      const other = others[next];
      if (other !== undefined && other[0] === row) {
        next++;
        done({ code: other[1], body: other[2] });
      } else done({ code: acceptedRow, body: view(common, this.#fields[row]!) });
    }
  }
}

function textOf(fields: object, name: string): string {
  return (fields as Record<string, string>)[name]!;
}
