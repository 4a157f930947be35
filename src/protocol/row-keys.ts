/**
 * Rows that are found by keys of one or more 32-bit words: open addressing over typed arrays, no object a row.
 *
 * 1. A row keeps its number until it is removed; then the number is given to another one.
 * 2. The index is one small table at first, later 256 of them, each of which grows alone: no insertion moves more than a
 *    few thousand rows.
 * 3. Clients choose ids: whoever knew the hash could choose many that fall into one place. So it is seeded by the thread
 *    (`seedKeyHashes`). The order of rows never depends on it.
 */
import { type Column, wordColumn } from './column.ts';

let seed = 0x2545f491;

/** To be called once, by a thread's start, with a number that nobody outside can know. */
export function seedKeyHashes(random: number): void {
  seed = random | 0;
}

type Words = Uint32Array | Int32Array;

/** A single table is split when it has so many rows. */
const splitRows = 4_096;
const segmentBits = 8;
const firstSlots = 16;

export class RowKeys {
  readonly #words: number;
  readonly #columns: readonly Column[];
  readonly #free: number[] = [];
  /** Rows that were ever used. */
  #end = 0;
  #size = 0;
  /** Slots hold row + 1; 0: empty. Their number is a power of two. */
  #segments: Uint32Array[] = [new Uint32Array(firstSlots)];
  #counts: number[] = [0];

  constructor(words: number) {
    this.#words = words;
    this.#columns = Array.from({ length: words }, wordColumn);
  }

  get size(): number {
    return this.#size;
  }

  /** Rows have numbers below it. */
  get end(): number {
    return this.#end;
  }

  /** One word of a row's key. */
  word(row: number, index: number): number {
    return this.#columns[index]!.get(row);
  }

  /** Writes a row's key to `into`. */
  read(row: number, into: Words, at: number): void {
    for (let n = 0; n < this.#words; n++) into[at + n] = this.#columns[n]!.get(row);
  }

  /** The first row with this key that `isIt` takes for the right one; -1: there is none. */
  find(words: Words, at: number, isIt: ((row: number) => boolean) | null = null): number {
    const hash = this.#hash(words, at);
    const slots = this.#segments[this.#segmentOf(hash)]!;
    const mask = slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const row = slots[slot]! - 1;
      if (row < 0) return -1;
      if (this.#isAt(row, words, at) && (isIt === null || isIt(row))) return row;
    }
  }

  /** A new row. The key must not be there, unless `find` can tell the rows apart. */
  add(words: Words, at: number): number {
    const row = this.#free.pop() ?? this.#end++;
    for (let n = 0; n < this.#words; n++) this.#columns[n]!.set(row, words[at + n]!);
    this.#size++;
    this.#insert(this.#hash(words, at), row);
    if (this.#segments.length === 1 && this.#size > splitRows) this.#split();
    return row;
  }

  remove(row: number): void {
    const hash = this.#hashOf(row);
    const segment = this.#segmentOf(hash);
    const slots = this.#segments[segment]!;
    const mask = slots.length - 1;
    let hole = hash & mask;
    while (slots[hole] !== row + 1) hole = (hole + 1) & mask;
    // What follows without a gap may have been pushed on by the removed one: it moves back into the hole.
    for (let slot = (hole + 1) & mask; slots[slot] !== 0; slot = (slot + 1) & mask) {
      const home = this.#hashOf(slots[slot]! - 1) & mask;
      const isBeyondHole = ((slot - home) & mask) >= ((slot - hole) & mask);
      if (!isBeyondHole) continue;
      slots[hole] = slots[slot]!;
      hole = slot;
    }
    slots[hole] = 0;
    this.#counts[segment]!--;
    this.#size--;
    this.#free.push(row);
  }

  #isAt(row: number, words: Words, at: number): boolean {
    for (let n = 0; n < this.#words; n++)
      if (this.#columns[n]!.get(row) !== words[at + n]! >>> 0) return false;
    return true;
  }

  #insert(hash: number, row: number): void {
    const segment = this.#segmentOf(hash);
    let slots = this.#segments[segment]!;
    const count = ++this.#counts[segment]!;
    if (count * 4 > slots.length * 3) {
      slots = this.#rebuilt(slots, slots.length * 2);
      this.#segments[segment] = slots;
    }
    put(slots, hash, row);
  }

  #rebuilt(slots: Uint32Array, length: number): Uint32Array {
    const grown = new Uint32Array(length);
    for (const entry of slots) if (entry !== 0) put(grown, this.#hashOf(entry - 1), entry - 1);
    return grown;
  }

  #split(): void {
    const [slots] = this.#segments;
    const segments = 1 << segmentBits;
    this.#segments = Array.from({ length: segments }, () => new Uint32Array(firstSlots * 2));
    this.#counts = new Array(segments).fill(0);
    for (const entry of slots!) if (entry !== 0) this.#insert(this.#hashOf(entry - 1), entry - 1);
  }

  #segmentOf(hash: number): number {
    return this.#segments.length === 1 ? 0 : hash >>> (32 - segmentBits);
  }

  #hashOf(row: number): number {
    let hash = seed;
    for (let n = 0; n < this.#words; n++) hash = mixed(hash, this.#columns[n]!.get(row));
    return hash >>> 0;
  }

  #hash(words: Words, at: number): number {
    let hash = seed;
    for (let n = 0; n < this.#words; n++) hash = mixed(hash, words[at + n]!);
    return hash >>> 0;
  }
}

function put(slots: Uint32Array, hash: number, row: number): void {
  const mask = slots.length - 1;
  let slot = hash & mask;
  while (slots[slot] !== 0) slot = (slot + 1) & mask;
  slots[slot] = row + 1;
}

/** One round of MurmurHash3's mixing (Appleby, public domain), shortened. */
function mixed(hash: number, word: number): number {
  let next = Math.imul(hash ^ word, 0x85ebca6b);
  next ^= next >>> 13;
  next = Math.imul(next, 0xc2b2ae35);
  return next ^ (next >>> 16);
}
