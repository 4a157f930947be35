/**
 * A growing column of numbers, one a row: memory comes in chunks, so that no growth copies more than one of them, and only
 * where something was written. Rows that nothing was written to read as 0.
 */
type Numbers = Uint8Array | Uint32Array | Float64Array;

const chunkBits = 12;
const chunkRows = 1 << chunkBits;
const rowMask = chunkRows - 1;
/** The first chunk begins so small, because most tables stay so. */
const firstRows = 16;

export class Column {
  readonly #make: (rows: number) => Numbers;
  readonly #chunks: (Numbers | undefined)[] = [];

  constructor(make: (rows: number) => Numbers) {
    this.#make = make;
  }

  get(row: number): number {
    const chunk = this.#chunks[row >>> chunkBits];
    const place = row & rowMask;
    return chunk !== undefined && place < chunk.length ? chunk[place]! : 0;
  }

  set(row: number, value: number): void {
    const chunk = this.#chunks[row >>> chunkBits];
    const place = row & rowMask;
    if (chunk !== undefined && place < chunk.length) chunk[place] = value;
    else if (value !== 0) this.#grow(row)[place] = value;
  }

  #grow(row: number): Numbers {
    const number = row >>> chunkBits;
    const before = this.#chunks[number];
    let rows = number === 0 ? (before?.length ?? firstRows) : chunkRows;
    while (rows <= (row & rowMask)) rows *= 2;
    const grown = this.#make(rows);
    if (before !== undefined) grown.set(before);
    this.#chunks[number] = grown;
    return grown;
  }
}

export const byteColumn = () => new Column((rows) => new Uint8Array(rows));
export const wordColumn = () => new Column((rows) => new Uint32Array(rows));
export const doubleColumn = () => new Column((rows) => new Float64Array(rows));
