import { describe, expect, test } from 'vitest';
import {
  decodeCursor,
  encodeCursor,
  idPart,
  instantPart,
  numberPart,
  pageOf,
} from '../../src/persistence/cursor.ts';

const productId = 'prd_0197f3a0-0000-7000-8000-000000000001';
const amount = numberPart(1_000_000_000_000);
const product = idPart('product');

describe('a cursor', () => {
  test('comes back as it was, for its own list only', () => {
    const cursor = encodeCursor('newest', [7, productId]);
    expect(decodeCursor(cursor, 'newest', [amount, product])).toEqual([7, productId]);
    expect(decodeCursor(null, 'newest', [product])).toBeNull();
    for (const [sort, parts] of [
      ['rating', [amount, product]],
      ['newest', [product, product]],
      ['newest', [amount]],
      ['newest', [amount, idPart('sale')]],
    ] as const)
      expect(() => decodeCursor(cursor, sort, parts)).toThrow('cursor');
  });

  test('whose parts are out of their shape or range is refused: the database could not take them', () => {
    for (const forged of ['', '%', 'bnVsbA', 'W10', 'InNhbGVzIg'])
      expect(() => decodeCursor(forged, 'sales', [instantPart, product])).toThrow('cursor');
    const numbers: unknown[] = [5e-324, 1e308, -1, 0.00001, 1e15, '7', null, [], {}, true];
    for (const number of numbers)
      expect([number, instantPart(number), amount(number)]).toEqual([number, false, false]);
    for (const id of ['', 'x', `${productId}0`, productId.toUpperCase(), 'sal_x', 'a\0', 7, null])
      expect([id, product(id)]).toEqual([id, false]);
    expect([1_790_000_000_000, 1_790_000_000_000.123, 0].map(instantPart)).toEqual([true, true, true]);
    expect([4.25, 4.255, 5.01].map(numberPart(5, 2))).toEqual([true, false, false]);
  });
});

describe('a page', () => {
  const keyOf = (row: number) => [row];

  test('ends with a cursor to its last row when the query found one row more', () => {
    const { rows, nextCursor } = pageOf([3, 2, 1], 2, 'newest', keyOf);
    expect(rows).toEqual([3, 2]);
    expect(decodeCursor(nextCursor, 'newest', [amount])).toEqual([2]);
  });

  test('is the last one when the query found no more', () => {
    expect(pageOf([3, 2], 2, 'newest', keyOf)).toEqual({ rows: [3, 2], nextCursor: null });
    expect(pageOf([], 2, 'newest', keyOf)).toEqual({ rows: [], nextCursor: null });
  });
});
