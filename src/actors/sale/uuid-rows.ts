/**
 * UUIDs by the number of their row, in chunks: no growth moves more than one of them, and rows that nothing was written to
 * cost nothing and are all 0.
 */
import { readUuid, type Words, uuidWords as words } from '../../protocol/uuid-words.ts';

const chunkBits = 12;
const chunkRows = 1 << chunkBits;
/** The first chunk begins so small, because most sales stay so. */
const firstRows = 16;
const none = new Uint32Array(words);

export class UuidRows {
  readonly #chunks: Uint32Array[] = [];

  set(row: number, uuid: Words, at: number): void {
    const known = this.#chunkWith(row);
    if (known === undefined && isEqual(uuid, at, none, 0)) return;
    const chunk = known ?? this.#grown(row);
    for (let n = 0; n < words; n++) chunk[placeOf(row) + n] = uuid[at + n]!;
  }

  isAt(row: number, uuid: Words, at: number): boolean {
    const chunk = this.#chunkWith(row);
    return chunk === undefined ? isEqual(none, 0, uuid, at) : isEqual(chunk, placeOf(row), uuid, at);
  }

  /** Its characters behind those of a prefix (`uuidSpace`). */
  read(row: number, into: number[]): string {
    const chunk = this.#chunkWith(row);
    return chunk === undefined ? readUuid(none, 0, into) : readUuid(chunk, placeOf(row), into);
  }

  /** The words of rows 0 to `end`, one after the other. */
  column(end: number): Uint32Array {
    const column = new Uint32Array((end + 1) * words);
    for (const [number, chunk] of this.#chunks.entries()) {
      const from = number * chunkRows * words;
      if (chunk !== undefined && from < column.length)
        column.set(chunk.subarray(0, Math.min(chunk.length, column.length - from)), from);
    }
    return column;
  }

  #chunkWith(row: number): Uint32Array | undefined {
    const chunk = this.#chunks[row >>> chunkBits];
    return chunk !== undefined && placeOf(row) < chunk.length ? chunk : undefined;
  }

  #grown(row: number): Uint32Array {
    const number = row >>> chunkBits;
    const before = this.#chunks[number];
    let rows = number === 0 ? (before?.length ?? firstRows * words) / words : chunkRows;
    while (rows <= (row & (chunkRows - 1))) rows *= 2;
    const grown = new Uint32Array(rows * words);
    if (before !== undefined) grown.set(before);
    this.#chunks[number] = grown;
    return grown;
  }
}

function placeOf(row: number): number {
  return (row & (chunkRows - 1)) * words;
}

/** By bits: one of them may have signs. */
export function isEqual(a: Words, at: number, b: Words, bt: number): boolean {
  let other = 0;
  for (let n = 0; n < words; n++) other |= a[at + n]! ^ b[bt + n]!;
  return other === 0;
}
