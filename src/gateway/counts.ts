/**
 * How many of something each key has at the moment (an address its live sockets), over all gateway threads of the
 * process, in shared memory of a fixed size, and over other processes on the same Redis.
 *
 * 1. A count-min sketch: a key counts in one cell of each row, and its count is the smallest of them. It is never too
 *    low; it is too high only for a key that shares all its cells with others that have many.
 * 2. Each thread writes to rows of its own, which it empties when it starts: what a thread had that died is not counted
 *    any more. Where other processes count, too (limit-exchange.ts), the last part is theirs.
 */
import { heaviest } from './heaviest.ts';
import type { Hashed } from './key-hash.ts';

const rows = 4;
/** A power of two. */
const cells = 2 ** 14;
const threadWords = rows * cells;

/** `parts`: one for each thread, and one for other processes where they count. */
export function countWords(parts: number): number {
  return parts * threadWords;
}

export class Counts {
  readonly #words: Int32Array;
  readonly #own: number;

  constructor(words: Int32Array, thread: number) {
    this.#words = words;
    this.#own = thread * threadWords;
    words.fill(0, this.#own, this.#own + threadWords);
  }

  add(key: Hashed, change: 1 | -1): void {
    for (let row = 0; row < rows; row++) Atomics.add(this.#words, this.#own + cellOf(key, row), change);
  }

  of(key: Hashed): number {
    let least = Number.POSITIVE_INFINITY;
    for (let row = 0; row < rows; row++) {
      let sum = 0;
      const cell = cellOf(key, row);
      for (let at = cell; at < this.#words.length; at += threadWords) sum += Atomics.load(this.#words, at);
      least = Math.min(least, sum);
    }
    return least;
  }
}

/** Cells and how many sockets each has, in turn. */
export type SocketCells = readonly number[];

/** What a process tells the others of its sockets, and the part of the memory for what it hears of theirs. */
export class SharedSockets {
  readonly #words: Int32Array;
  readonly #others: number;

  constructor(words: Int32Array) {
    this.#words = words;
    this.#others = words.length - threadWords;
  }

  /** The cells of this process, at most `max`: those with most sockets. */
  own(max: number): SocketCells {
    const sums = new Int32Array(threadWords);
    for (let at = 0; at < this.#others; at++) sums[at % threadWords]! += this.#words[at]!;
    return heaviest(sums, max).flatMap((cell) => [cell, sums[cell]!]);
  }

  /** Counts another process's sockets in, or out again: `sign`. */
  count(cells: SocketCells, sign: 1 | -1): void {
    for (let i = 0; i + 1 < cells.length; i += 2) {
      const [cell, sockets] = [cells[i]!, cells[i + 1]!];
      if (cell < 0 || cell >= threadWords) continue;
      Atomics.add(this.#words, this.#others + cell, sign * sockets);
    }
  }
}

function cellOf({ lo, hi }: Hashed, row: number): number {
  // Two hashes make as many as are wanted (Kirsch and Mitzenmacher).
  return row * cells + ((lo + Math.imul(row, hi | 1)) & (cells - 1));
}
