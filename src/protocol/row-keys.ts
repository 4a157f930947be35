/**
 * Rows that are found by keys of one or more 32-bit words: open addressing over typed arrays, no object a row.
 *
 * 1. A row keeps its number until it is removed; then the number is given to another one.
 * 2. The index is one small table at first, later 256 of them, each of which grows alone: no insertion moves more than a
 *    few thousand rows.
 * 3. Clients choose ids: whoever knew the hash could choose many that fall into one place. So it is seeded by the thread
 *    (`seedKeyHashes`). The order of rows never depends on it.
 */
import type { Words } from './uuid-words.ts';

let seed = 0x2545f491;

/** To be called once, by a thread's start, with a number that nobody outside can know. */
export function seedKeyHashes(random: number): void {
  seed = random | 0;
}

/** A single table is split when it has so many rows. */
const splitRows = 4_096;
const segmentBits = 8;
const firstSlots = 16;
const chunkBits = 12;
const chunkRows = 1 << chunkBits;

/**
 * Slots of two words: row + 1 (0: the slot is empty) and the key's hash, so that a look at a slot tells most keys apart,
 * and growing looks at no key. Their number is a power of two.
 */
type Slots = Uint32Array;

export class RowKeys {
  readonly #words: number;
  /** The keys of so many rows each; the first chunk begins small. */
  readonly #chunks: Uint32Array[] = [];
  readonly #free: number[] = [];
  /** Rows that were ever used. */
  #end = 0;
  #size = 0;
  #segments: Slots[] = [new Uint32Array(firstSlots * 2)];
  #counts: number[] = [0];

  constructor(words: number) {
    this.#words = words;
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
    return this.#chunks[row >>> chunkBits]![(row & (chunkRows - 1)) * this.#words + index]!;
  }

  /** The first row with this key that `isIt` takes for the right one; -1: there is none. */
  find(words: Words, at: number, isIt: ((row: number) => boolean) | null = null): number {
    const hash = this.#hash(words, at);
    const slots = this.#segments[this.#segmentOf(hash)]!;
    const mask = slots.length - 2;
    for (let slot = (hash << 1) & mask; ; slot = (slot + 2) & mask) {
      const row = slots[slot]! - 1;
      if (row < 0) return -1;
      if (slots[slot + 1] === hash && this.#isAt(row, words, at) && (isIt === null || isIt(row))) return row;
    }
  }

  /** A new row. The key must not be there, unless `find` can tell the rows apart. */
  add(words: Words, at: number): number {
    const row = this.#free.pop() ?? this.#end++;
    const chunk = this.#chunkOf(row);
    const place = (row & (chunkRows - 1)) * this.#words;
    for (let n = 0; n < this.#words; n++) chunk[place + n] = words[at + n]!;
    this.#size++;
    this.#insert(this.#hash(words, at), row);
    if (this.#segments.length === 1 && this.#size > splitRows) this.#split();
    return row;
  }

  remove(row: number): void {
    const hash = this.#hash(this.#chunks[row >>> chunkBits]!, (row & (chunkRows - 1)) * this.#words);
    const segment = this.#segmentOf(hash);
    const slots = this.#segments[segment]!;
    const mask = slots.length - 2;
    let hole = (hash << 1) & mask;
    while (slots[hole] !== row + 1) hole = (hole + 2) & mask;
    // What follows without a gap may have been pushed on by the removed one: it moves back into the hole.
    for (let slot = (hole + 2) & mask; slots[slot] !== 0; slot = (slot + 2) & mask) {
      const home = (slots[slot + 1]! << 1) & mask;
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
      slots[hole] = slots[slot]!;
      slots[hole + 1] = slots[slot + 1]!;
      hole = slot;
    }
    slots[hole] = 0;
    this.#counts[segment]!--;
    this.#size--;
    this.#free.push(row);
  }

  #isAt(row: number, words: Words, at: number): boolean {
    const chunk = this.#chunks[row >>> chunkBits]!;
    const place = (row & (chunkRows - 1)) * this.#words;
    for (let n = 0; n < this.#words; n++) if (chunk[place + n] !== words[at + n]! >>> 0) return false;
    return true;
  }

  #chunkOf(row: number): Uint32Array {
    const number = row >>> chunkBits;
    const chunk = this.#chunks[number];
    const rows = chunk === undefined ? 0 : chunk.length / this.#words;
    if ((row & (chunkRows - 1)) < rows) return chunk!;
    const wanted = number > 0 ? chunkRows : Math.max(firstSlots, rows * 2);
    const grown = new Uint32Array(wanted * this.#words);
    if (chunk !== undefined) grown.set(chunk);
    this.#chunks[number] = grown;
    return grown;
  }

  #insert(hash: number, row: number): void {
    const segment = this.#segmentOf(hash);
    let slots = this.#segments[segment]!;
    const count = ++this.#counts[segment]!;
    // Three quarters of the slots.
    if (count * 8 > slots.length * 3) {
      const grown = new Uint32Array(slots.length * 2);
      for (let slot = 0; slot < slots.length; slot += 2)
        if (slots[slot] !== 0) put(grown, slots[slot + 1]!, slots[slot]! - 1);
      slots = grown;
      this.#segments[segment] = slots;
    }
    put(slots, hash, row);
  }

  #split(): void {
    const [slots] = this.#segments;
    const segments = 1 << segmentBits;
    this.#segments = Array.from({ length: segments }, () => new Uint32Array(firstSlots * 4));
    this.#counts = new Array(segments).fill(0);
    for (let slot = 0; slot < slots!.length; slot += 2)
      if (slots![slot] !== 0) this.#insert(slots![slot + 1]!, slots![slot]! - 1);
  }

  #segmentOf(hash: number): number {
    return this.#segments.length === 1 ? 0 : hash >>> (32 - segmentBits);
  }

  #hash(words: Words, at: number): number {
    let hash = seed;
    for (let n = 0; n < this.#words; n++) hash = mixed(hash, words[at + n]!);
    return hash >>> 0;
  }
}

function put(slots: Slots, hash: number, row: number): void {
  const mask = slots.length - 2;
  let slot = (hash << 1) & mask;
  while (slots[slot] !== 0) slot = (slot + 2) & mask;
  slots[slot] = row + 1;
  slots[slot + 1] = hash;
}

/** One round of MurmurHash3's mixing (Appleby, public domain), shortened. */
function mixed(hash: number, word: number): number {
  let next = Math.imul(hash ^ word, 0x85ebca6b);
  next ^= next >>> 13;
  next = Math.imul(next, 0xc2b2ae35);
  return next ^ (next >>> 16);
}
