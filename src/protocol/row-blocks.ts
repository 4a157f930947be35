/**
 * Rows of a table as bytes, a fixed number of rows a block. A full block is a block of the actor's snapshot (see
 * `Decider.snapshot`): as long as its rows do not change it has the same bytes, and is not saved again. The rows after the
 * last full block are the tail, which stands in the rest of the snapshot: a small table has no blocks at all.
 *
 * A column of a block: what each number is more than the least of them, in as few bytes as the greatest needs; equal
 * numbers take none.
 */
import type { Slices } from './slices.ts';

/** A column of a table, as it is saved and restored. Rows are restored in their order. */
export interface SavedColumn {
  get(row: number): number;
  set(row: number, value: number): void;
}

export interface SavedRows {
  /** Of all rows, in full blocks and in the tail. */
  readonly end: number;
  readonly tail: Uint8Array;
}

/** The blocks of a snapshot in their order: gathered, or used up. */
export class Blocks {
  readonly rowsPerBlock: number;
  readonly all: Uint8Array[];
  #next = 0;

  constructor(rowsPerBlock: number, all: readonly Uint8Array[] = []) {
    this.rowsPerBlock = rowsPerBlock;
    this.all = [...all];
  }

  next(): Uint8Array {
    const block = this.all[this.#next++];
    if (block === undefined) throw new Error(`it has only ${this.all.length} blocks`);
    return block;
  }
}

export function* saveRows(columns: readonly SavedColumn[], end: number, blocks: Blocks): Slices<SavedRows> {
  const { rowsPerBlock, all } = blocks;
  let from = 0;
  for (; from + rowsPerBlock <= end; from += rowsPerBlock) {
    all.push(encodeRows(columns, from, rowsPerBlock));
    yield;
  }
  return { end, tail: encodeRows(columns, from, end - from) };
}

export function* restoreRows(
  columns: readonly SavedColumn[],
  { end, tail }: SavedRows,
  blocks: Blocks,
): Slices<void> {
  const { rowsPerBlock } = blocks;
  let from = 0;
  for (; from + rowsPerBlock <= end; from += rowsPerBlock) {
    decodeRows(columns, from, rowsPerBlock, blocks.next());
    yield;
  }
  decodeRows(columns, from, end - from, tail);
}

/** Bytes a number; 8: the numbers themselves. */
const widths = [0, 1, 2, 4, 8] as const;
type Width = (typeof widths)[number];
/** Before a column's numbers: the width, and the least number. */
const headBytes = 9;

function encodeRows(columns: readonly SavedColumn[], from: number, count: number): Uint8Array {
  if (count === 0) return new Uint8Array(0);
  const parts = columns.map((column) => encodeColumn(column, from, count));
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + headBytes + part.bytes.length, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const { width, least, bytes: numbers } of parts) {
    view.setUint8(at, width);
    view.setFloat64(at + 1, least, true);
    bytes.set(numbers, at + headBytes);
    at += headBytes + numbers.length;
  }
  return bytes;
}

/** The numbers of the column that is being encoded: no garbage of a megabyte a block. */
let scratch = new Float64Array(0);

function encodeColumn(
  column: SavedColumn,
  from: number,
  count: number,
): { width: Width; least: number; bytes: Uint8Array } {
  if (scratch.length < count) scratch = new Float64Array(count);
  const values = scratch;
  let least = column.get(from);
  let greatest = least;
  let isWhole = true;
  for (let n = 0; n < count; n++) {
    const value = column.get(from + n);
    values[n] = value;
    if (value < least) least = value;
    if (value > greatest) greatest = value;
    if (Math.floor(value) !== value) isWhole = false;
  }
  const width = isWhole ? (widths.find((each) => greatest - least < 2 ** (8 * each)) ?? 8) : 8;
  if (width === 8) least = 0;
  const numbers = roomFor(width, count);
  for (let n = 0; n < numbers.length; n++) numbers[n] = values[n]! - least;
  return { width, least, bytes: new Uint8Array(numbers.buffer) };
}

function decodeRows(columns: readonly SavedColumn[], from: number, count: number, bytes: Uint8Array): void {
  if (count === 0) return;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  for (const column of columns) {
    if (at + headBytes > bytes.length) throw new Error('a block is too short');
    const width = view.getUint8(at);
    const least = view.getFloat64(at + 1, true);
    at += headBytes;
    // Saved bytes may stand at any address: numbers need a copy of their own.
    const numbers = roomFor(width, count);
    const saved = bytes.subarray(at, at + width * count);
    if (saved.length < width * count) throw new Error('a block is too short');
    new Uint8Array(numbers.buffer).set(saved);
    for (let n = 0; n < count; n++) column.set(from + n, width === 0 ? least : least + numbers[n]!);
    at += width * count;
  }
  if (at !== bytes.length) throw new Error('a block is too long');
}

/** Room for whole numbers of so many bytes each, little-endian, as every machine that Node runs on keeps them. */
export function roomFor(width: number, count: number): Uint8Array | Uint16Array | Uint32Array | Float64Array {
  switch (width) {
    case 0:
      return new Uint8Array(0);
    case 1:
      return new Uint8Array(count);
    case 2:
      return new Uint16Array(count);
    case 4:
      return new Uint32Array(count);
    case 8:
      return new Float64Array(count);
    default:
      throw new Error(`a column of ${width} bytes a number`);
  }
}
