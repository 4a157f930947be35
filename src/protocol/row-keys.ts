/**
 * Rows that are found by keys of one or more 32-bit words: open addressing over typed arrays, no object a row.
 *
 * 1. A row keeps its number until it is removed; then the number is given to another one.
 * 2. The index is one small table at first, later 256 of them, each of which grows alone: no insertion moves more than a
 *    few thousand rows.
 * 3. Clients choose ids: whoever knew the hash could choose many that fall into one place. So it is seeded by the thread
 *    (`seedKeyHashes`). The order of rows never depends on it.
 */
import type { SavedColumn } from './row-blocks.ts';
import { rowsPerSlice, type Slices } from './slices.ts';
import type { Words } from './uuid-words.ts';

let seed = 0x2545f491;

/** To be called once, by a thread's start, with a number that nobody outside can know. */
export function seedKeyHashes(random: number): void {
  seed = random | 0;
}

/** A single table is split when it has so many rows. */
const splitRows = 4_096;
const segmentBits = 8;
/** Most tables stay small, and arrays of at most 64 bytes need no memory outside of the heap. */
const firstSlots = 8;
const firstRows = 4;
/** Of each segment when the single table is split. */
const segmentSlots = 32;
const chunkBits = 12;
const chunkRows = 1 << chunkBits;

/**
 * Three half words a slot: row + 1 in two of them (0: the slot is empty), and half of the key's hash, its mark. The mark
 * tells most keys apart, and says where the key belongs in however many slots: growing looks at no key.
 */
type Slots = Uint16Array;
const slotSize = 3;
const markValues = 2 ** 16;
/** To be multiplied with, because every look would have to divide otherwise. */
const homesPerMark = 1 / (markValues * slotSize);

export class RowKeys {
  readonly #words: number;
  /** The keys of so many rows each; the first chunk begins small. */
  readonly #chunks: Uint32Array[] = [];
  /** row + 1 of the free row that is used next, 0: there is none. The first word of its key names the one after it. */
  #firstFree = 0;
  /** Rows that were ever used. */
  #end = 0;
  #size = 0;
  #segments: Slots[] = [new Uint16Array(firstSlots * slotSize)];
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

  /** row + 1 of the free row that is used next, 0: there is none. */
  get firstFree(): number {
    return this.#firstFree;
  }

  /** One word of a row's key; of a free row the first one is row + 1 of the free row after it. */
  word(row: number, index: number): number {
    return this.#chunks[row >>> chunkBits]![(row & (chunkRows - 1)) * this.#words + index]!;
  }

  /** The words of the keys, to be saved and restored. Nothing is found before `restored`. */
  columns(): SavedColumn[] {
    return Array.from({ length: this.#words }, (_, index) => ({
      get: (row) => this.word(row, index),
      set: (row, word) => {
        this.#chunkOf(row)[(row & (chunkRows - 1)) * this.#words + index] = word;
        this.#end = Math.max(this.#end, row + 1);
      },
    }));
  }

  /** All rows are there: those that are not free can be found from now on. */
  *restored(firstFree: number): Slices<void> {
    const isFree = new Uint8Array(this.#end);
    for (let free = firstFree, n = 0; free !== 0; free = this.word(free - 1, 0), n++) {
      isFree[free - 1] = 1;
      if (n % rowsPerSlice === 0) yield;
    }
    for (let row = 0; row < this.#end; row++) {
      if (row % rowsPerSlice === 0) yield;
      if (isFree[row] === 0) this.#index(this.#hashAt(row), row);
    }
    this.#firstFree = firstFree;
  }

  /** The first row with this key that `isIt` takes for the right one; -1: there is none. */
  find(words: Words, at: number, isIt: ((row: number) => boolean) | null = null): number {
    const hash = this.#hash(words, at);
    const slots = this.#segments[this.#segmentOf(hash)]!;
    const mark = hash % markValues;
    for (let slot = homeOf(slots, mark); ; slot = nextSlot(slots, slot)) {
      const row = rowAt(slots, slot);
      if (row < 0) return -1;
      if (slots[slot + 2] === mark && this.#isAt(row, words, at) && (isIt === null || isIt(row))) return row;
    }
  }

  /** A new row. The key must not be there, unless `find` can tell the rows apart. */
  add(words: Words, at: number): number {
    const row = this.#newRow();
    const chunk = this.#chunkOf(row);
    const place = (row & (chunkRows - 1)) * this.#words;
    for (let n = 0; n < this.#words; n++) chunk[place + n] = words[at + n]!;
    this.#index(this.#hash(words, at), row);
    return row;
  }

  remove(row: number): void {
    const hash = this.#hashAt(row);
    const segment = this.#segmentOf(hash);
    const slots = this.#segments[segment]!;
    let hole = homeOf(slots, hash % markValues);
    while (rowAt(slots, hole) !== row) hole = nextSlot(slots, hole);
    // What follows without a gap may have been pushed on by the removed one: it moves back into the hole.
    for (let slot = nextSlot(slots, hole); rowAt(slots, slot) >= 0; slot = nextSlot(slots, slot)) {
      const home = homeOf(slots, slots[slot + 2]!);
      if (distance(slots, home, slot) < distance(slots, hole, slot)) continue;
      slots.copyWithin(hole, slot, slot + slotSize);
      hole = slot;
    }
    slots.fill(0, hole, hole + slotSize);
    this.#counts[segment]!--;
    this.#size--;
    this.#chunks[row >>> chunkBits]![(row & (chunkRows - 1)) * this.#words] = this.#firstFree;
    this.#firstFree = row + 1;
  }

  #index(hash: number, row: number): void {
    this.#size++;
    this.#insert(hash, row);
    if (this.#segments.length === 1 && this.#size > splitRows) this.#split();
  }

  #newRow(): number {
    if (this.#firstFree === 0) return this.#end++;
    const row = this.#firstFree - 1;
    this.#firstFree = this.word(row, 0);
    return row;
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
    const wanted = number > 0 ? chunkRows : Math.max(firstRows, rows * 2);
    const grown = new Uint32Array(wanted * this.#words);
    if (chunk !== undefined) grown.set(chunk);
    this.#chunks[number] = grown;
    return grown;
  }

  #insert(hash: number, row: number): void {
    const segment = this.#segmentOf(hash);
    let slots = this.#segments[segment]!;
    const count = ++this.#counts[segment]!;
    // Three quarters of the slots; half as many more are enough, because growing is cheap.
    if (count * slotSize * 4 > slots.length * 3) {
      const grown = new Uint16Array(Math.ceil((slots.length / slotSize) * 1.5) * slotSize);
      for (let slot = 0; slot < slots.length; slot += slotSize) {
        const known = rowAt(slots, slot);
        if (known >= 0) put(grown, slots[slot + 2]!, known);
      }
      slots = grown;
      this.#segments[segment] = slots;
    }
    put(slots, hash % markValues, row);
  }

  #split(): void {
    const [slots] = this.#segments;
    const segments = 1 << segmentBits;
    this.#segments = Array.from({ length: segments }, () => new Uint16Array(segmentSlots * slotSize));
    this.#counts = new Array(segments).fill(0);
    for (let slot = 0; slot < slots!.length; slot += slotSize) {
      const row = rowAt(slots!, slot);
      if (row >= 0) this.#insert(this.#hashAt(row), row);
    }
  }

  #segmentOf(hash: number): number {
    return this.#segments.length === 1 ? 0 : hash >>> (32 - segmentBits);
  }

  #hashAt(row: number): number {
    return this.#hash(this.#chunks[row >>> chunkBits]!, (row & (chunkRows - 1)) * this.#words);
  }

  #hash(words: Words, at: number): number {
    let hash = seed;
    for (let n = 0; n < this.#words; n++) hash = mixed(hash, words[at + n]!);
    return hash >>> 0;
  }
}

/** The slot where a key with this mark belongs. */
function homeOf(slots: Slots, mark: number): number {
  return Math.floor(mark * slots.length * homesPerMark) * slotSize;
}

function nextSlot(slots: Slots, slot: number): number {
  return slot + slotSize === slots.length ? 0 : slot + slotSize;
}

/** Of the way from one slot on to another. */
function distance(slots: Slots, from: number, to: number): number {
  return to >= from ? to - from : to - from + slots.length;
}

/** -1: the slot is empty. */
function rowAt(slots: Slots, slot: number): number {
  return (slots[slot]! | (slots[slot + 1]! << 16)) - 1;
}

function put(slots: Slots, mark: number, row: number): void {
  let slot = homeOf(slots, mark);
  while (rowAt(slots, slot) >= 0) slot = nextSlot(slots, slot);
  slots[slot] = row + 1;
  slots[slot + 1] = (row + 1) >>> 16;
  slots[slot + 2] = mark;
}

/** One round of MurmurHash3's mixing (Appleby, public domain), shortened. */
function mixed(hash: number, word: number): number {
  let next = Math.imul(hash ^ word, 0x85ebca6b);
  next ^= next >>> 13;
  next = Math.imul(next, 0xc2b2ae35);
  return next ^ (next >>> 16);
}
