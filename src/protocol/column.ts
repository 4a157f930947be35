/**
 * A growing column of numbers, one a row: memory comes in chunks, so that no growth copies more than one of them, and only
 * where something was written. A chunk is as wide as the widest number in it: quantities take a byte, times take eight.
 * Rows that nothing was written to read as 0.
 */
const widths = [Uint8Array, Uint16Array, Uint32Array, Float64Array] as const;
type Width = (typeof widths)[number];
type Numbers = InstanceType<Width>;

const chunkBits = 12;
const chunkRows = 1 << chunkBits;
const rowMask = chunkRows - 1;
/**
 * The first chunk begins so small, because most tables stay so, and arrays of at most 64 bytes need no memory outside of the
 * heap.
 */
const firstRows = 8;

export class Column {
  readonly #chunks: (Numbers | undefined)[] = [];

  get(row: number): number {
    const chunk = this.#chunks[row >>> chunkBits];
    const place = row & rowMask;
    return chunk !== undefined && place < chunk.length ? chunk[place]! : 0;
  }

  set(row: number, value: number): void {
    const chunk = this.#chunks[row >>> chunkBits];
    const place = row & rowMask;
    if (chunk !== undefined && place < chunk.length) {
      chunk[place] = value;
      // A number that is too wide for the chunk reads back as another one.
      if (chunk[place] !== value) this.#grow(row, value)[place] = value;
    } else if (value !== 0) this.#grow(row, value)[place] = value;
  }

  /** The row's chunk with room for it and the value, and with all that is there already. */
  #grow(row: number, value: number): Numbers {
    const number = row >>> chunkBits;
    const before = this.#chunks[number];
    let rows = number === 0 ? (before?.length ?? firstRows) : chunkRows;
    while (rows <= (row & rowMask)) rows *= 2;
    const bytes = before?.BYTES_PER_ELEMENT ?? 1;
    const Wide = widths.find((each) => each.BYTES_PER_ELEMENT >= bytes && each.of(value)[0] === value);
    const grown = new (Wide ?? Float64Array)(rows);
    if (before !== undefined) grown.set(before);
    this.#chunks[number] = grown;
    return grown;
  }
}
