/** The other names of actors of one kind, each with its actor: UUIDs as sixteen bytes, because there are as many as holds. */
import type { UuidRows } from '../protocol/decider.ts';
import { IdTable } from '../protocol/id-table.ts';

export class Names<Actor extends object> {
  readonly #ids = new IdTable('');
  /** By the rows of the table. */
  readonly #actors: (Actor | null)[] = [];

  find(name: string): Actor | null {
    const row = this.#ids.find(name);
    return row < 0 ? null : this.#actors[row]!;
  }

  add(name: string, actor: Actor): void {
    const row = this.#ids.find(name);
    this.#actors[row < 0 ? this.#ids.add(name) : row] = actor;
  }

  addRows({ words, from, step, count }: UuidRows, actor: Actor): void {
    for (let n = 0, at = from; n < count; n++, at += step) {
      const row = this.#ids.findUuid(words, at);
      this.#actors[row < 0 ? this.#ids.addUuid(words, at) : row] = actor;
    }
  }

  /** False when there is no such name. */
  drop(name: string): boolean {
    const row = this.#ids.find(name);
    if (row < 0) return false;
    this.#ids.remove(row);
    this.#actors[row] = null;
    return true;
  }
}
