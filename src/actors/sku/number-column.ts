/**
 * Many whole numbers as one column: what each is more than the least of them, in as few bytes as the greatest needs;
 * equal numbers take none. A list of them took up to nine bytes a number, and the database its time to make it smaller.
 */
import { roomFor } from '../../protocol/row-blocks.ts';

/** Bytes a number; 8: the numbers themselves, as doubles. */
type Width = 0 | 1 | 2 | 4 | 8;

export interface NumberColumn {
  readonly count: number;
  /** 0 where the numbers stand as they are. */
  readonly least: number;
  readonly width: Width;
  /** Little-endian, as every machine that Node runs on keeps them. */
  readonly bytes: Uint8Array;
}

const int32Max = 2 ** 31 - 1;

/** The numbers are safe integers. */
export function numberColumn(numbers: readonly number[]): NumberColumn {
  const count = numbers.length;
  let [least, greatest] = count === 0 ? [0, 0] : [numbers[0]!, numbers[0]!];
  for (const number of numbers) {
    if (number < least) least = number;
    if (number > greatest) greatest = number;
  }
  const width = widthOf(greatest - least);
  if (width === 8) least = 0;
  const words = roomFor(width, count);
  for (let index = 0; index < words.length; index++) words[index] = numbers[index]! - least;
  return { count, least, width, bytes: new Uint8Array(words.buffer) };
}

/** The numbers of a column, or of a list, which earlier versions saved. */
export function numbersOf(column: NumberColumn | readonly number[]): ArrayLike<number> {
  if (!('bytes' in column)) return column;
  const { count, least, width, bytes } = column;
  // Saved bytes may stand at any address: words need a copy of their own.
  const words = roomFor(width, count);
  new Uint8Array(words.buffer).set(bytes);
  const numbers = new Float64Array(count);
  let isSmall = true;
  for (let index = 0; index < count; index++) {
    const number = least + (width === 0 ? 0 : words[index]!);
    numbers[index] = number;
    if (number > int32Max || number < -int32Max) isSmall = false;
  }
  // A small number that comes as a double costs an object of its own in whatever keeps it.
  return isSmall ? Int32Array.from(numbers) : numbers;
}

function widthOf(span: number): Width {
  if (span === 0) return 0;
  if (span < 2 ** 8) return 1;
  if (span < 2 ** 16) return 2;
  return span < 2 ** 32 ? 4 : 8;
}
