/**
 * Live sockets of each address over all gateway threads of the process, in shared memory of a fixed size.
 *
 * 1. A count-min sketch: an address counts in one cell of each row, and its count is the smallest of them. It is never
 *    too low; it is too high only for an address that shares all its cells with others that have many sockets.
 * 2. Each thread writes to rows of its own, which it empties when it starts: the sockets of a thread that died are
 *    not counted any more.
 */
import type { Hashed } from '../key-hash.ts';

const rows = 4;
/** A power of two. */
const cells = 2 ** 14;
const threadWords = rows * cells;

export function socketCountWords(gateways: number): number {
  return gateways * threadWords;
}

export class SocketCounts {
  readonly #words: Int32Array;
  readonly #own: number;

  constructor(words: Int32Array, gateway: number) {
    this.#words = words;
    this.#own = gateway * threadWords;
    words.fill(0, this.#own, this.#own + threadWords);
  }

  add(address: Hashed, sockets: 1 | -1): void {
    for (let row = 0; row < rows; row++) Atomics.add(this.#words, this.#own + cellOf(address, row), sockets);
  }

  of(address: Hashed): number {
    let least = Number.POSITIVE_INFINITY;
    for (let row = 0; row < rows; row++) {
      let sum = 0;
      const cell = cellOf(address, row);
      for (let at = cell; at < this.#words.length; at += threadWords) sum += Atomics.load(this.#words, at);
      least = Math.min(least, sum);
    }
    return least;
  }
}

function cellOf({ lo, hi }: Hashed, row: number): number {
  // Two hashes make as many as are wanted (Kirsch and Mitzenmacher).
  return row * cells + ((lo + Math.imul(row, hi | 1)) & (cells - 1));
}
