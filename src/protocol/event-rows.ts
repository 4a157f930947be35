/**
 * The rows of an event. A row is the beginning of one as it came (protocol/rows.ts): what only the decision needed stands
 * at its end, and is left out.
 */
import { wordsOf } from './row-words.ts';

let scratch = new Int32Array(0);
let scratchBytes = new Uint8Array(scratch.buffer);

export class EventRows {
  /** Those of the group that is being decided: one at a time, so all use the same, and the event gets a copy. */
  readonly words: Int32Array;
  count = 0;
  readonly #rowWords: number;

  constructor(rowsMax: number, rowWords: number) {
    if (scratch.length < rowsMax * rowWords) {
      scratch = new Int32Array(rowsMax * rowWords);
      scratchBytes = new Uint8Array(scratch.buffer);
    }
    this.words = scratch;
    this.#rowWords = rowWords;
  }

  /** Takes over a row that is accepted; returns where it stands. */
  add(words: Int32Array, from: number): number {
    const to = this.count++ * this.#rowWords;
    for (let n = 0; n < this.#rowWords; n++) this.words[to + n] = words[from + n]!;
    return to;
  }

  bytes(): Uint8Array {
    return scratchBytes.slice(0, this.count * this.#rowWords * 4);
  }
}

/** The rows' words. Throws when they are not as many as the event says. */
export function eventWords(rows: Uint8Array, count: number, rowWords: number): Int32Array {
  if (rows.length !== count * rowWords * 4) throw new Error(`${rows.length} bytes of ${count} rows`);
  return wordsOf(rows);
}
