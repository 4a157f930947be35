/**
 * A map that keeps what was used lately, within a bound. It has two generations: what is set, or found in the older one,
 * goes to the younger, and when that is full the older one is dropped whole.
 *
 * So a key costs one look-up, mostly, and nothing is ever deleted to make room: to find the oldest key of a large Map
 * V8 walks over all keys that were deleted before it (25 us at 50,000 keys).
 */
export class RecentMap<Key, Value extends object> {
  readonly #youngMax: number;
  #young = new Map<Key, Value>();
  #old = new Map<Key, Value>();

  /** At most `max` entries; half of them, at the least, are those that were used last. */
  constructor(max: number) {
    this.#youngMax = Math.ceil(max / 2);
  }

  get(key: Key): Value | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  set(key: Key, value: Value): void {
    this.#young.set(key, value);
    if (this.#young.size < this.#youngMax) return;
    this.#old = this.#young;
    this.#young = new Map();
  }

  delete(key: Key): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }

  /** Entries whose value changed since may come twice, the newer one first. */
  *[Symbol.iterator](): Generator<[Key, Value]> {
    yield* this.#young;
    yield* this.#old;
  }
}
