/** Whole numbers as a column: whatever they are, they come back as they were. */
import fc from 'fast-check';
import { Packr } from 'msgpackr';
import { expect, test } from 'vitest';
import { numberColumn, numbersOf } from '../../../src/actors/sku/number-column.ts';

const packr = new Packr({ useRecords: true });
const saved = <Value>(value: Value): Value => packr.unpack(packr.pack(value));

const numbers = fc
  .tuple(fc.maxSafeInteger(), fc.constantFrom(0, 1, 255, 256, 65_535, 65_536, 2 ** 31, 2 ** 32 - 1, 2 ** 32))
  .chain(([least, span]) =>
    fc.array(
      fc.oneof(
        fc.constantFrom(least, least + span),
        fc.integer({ min: 0, max: span }).map((n) => least + n),
      ),
    ),
  )
  .map((list) => list.filter(Number.isSafeInteger));

test('any whole numbers come back as they were, from a column and from a list', () => {
  fc.assert(
    fc.property(fc.oneof(numbers, fc.array(fc.maxSafeInteger())), (list) => {
      expect(Array.from(numbersOf(saved(numberColumn(list))))).toEqual(list);
      expect(Array.from(numbersOf(saved(list)))).toEqual(list);
    }),
    { numRuns: 2_000 },
  );
});

test.each([
  ['equal numbers', [7, 7, 7], 0],
  ['states', [0, 4, 2], 3],
  ['instants of a drop', [1_800_000_000_000, 1_800_000_000_250, 1_800_000_300_000], 12],
  ['0 among instants', [1_800_000_000_000, 0], 16],
])('%s take as few bytes as the greatest needs', (_, list, bytes) => {
  expect(numberColumn(list).bytes).toHaveLength(bytes);
});
