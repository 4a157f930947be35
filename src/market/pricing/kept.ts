/**
 * Copies of what the tables say, in one gateway: no older than `freshMs` while the tables answer, and the last ones while they
 * are away. One query at a time reads what is wanted of one name.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import { DoorbusterError } from '../../protocol/errors.ts';

const freshMs = 5_000;
/** The tables are not waited for longer, and not asked again for so long after they failed. */
const awayMs = 1_000;

export class Kept<Value extends object> {
  readonly #read: (name: string) => Promise<Value>;
  readonly #copies: LRUCache<string, { readonly value: Value; readonly readAtMs: number }>;
  readonly #reading = new Map<string, Promise<Value>>();
  #awayUntilMs = Number.NEGATIVE_INFINITY;

  constructor(namesMax: number, read: (name: string) => Promise<Value>) {
    this.#read = read;
    this.#copies = new LRUCache({ max: namesMax });
  }

  /** Refuses with `busy` when there is no copy and the tables do not answer. */
  async get(name: string): Promise<Value> {
    const copy = this.#copies.get(name);
    if (copy !== undefined && performance.now() - copy.readAtMs < freshMs) return copy.value;
    if (performance.now() < this.#awayUntilMs) return copy === undefined ? away() : copy.value;
    const value = await Promise.race([this.#readOnce(name), delay(awayMs, null, { ref: false })]);
    if (value !== null) return value;
    this.#awayUntilMs = performance.now() + awayMs;
    return copy === undefined ? away() : copy.value;
  }

  /** null: the tables did not answer. */
  #readOnce(name: string): Promise<Value | null> {
    let reading = this.#reading.get(name);
    if (reading === undefined) {
      const askedAtMs = performance.now();
      reading = this.#read(name).then((value) => {
        this.#copies.set(name, { value, readAtMs: askedAtMs });
        return value;
      });
      this.#reading.set(name, reading);
      const forget = () => void this.#reading.delete(name);
      reading.then(forget, forget);
    }
    return reading.catch((error: unknown) => {
      if (error instanceof DoorbusterError && error.code === 'busy') return null;
      throw error;
    });
  }
}

function away(): never {
  throw new DoorbusterError('busy', 'The prices cannot be read now: try again');
}
