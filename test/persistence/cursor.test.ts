import { describe, expect, test } from 'vitest';
import { decodeCursor, encodeCursor, pageOf } from '../../src/persistence/cursor.ts';

describe('a cursor', () => {
  test('comes back as it was, for its own list only', () => {
    const cursor = encodeCursor('newest', [7, 'prd_1']);
    expect(decodeCursor(cursor, 'newest', ['number', 'string'])).toEqual([7, 'prd_1']);
    expect(decodeCursor(null, 'newest', ['string'])).toBeNull();
    for (const [sort, types] of [
      ['rating', ['number', 'string']],
      ['newest', ['string', 'string']],
      ['newest', ['number']],
    ] as const)
      expect(() => decodeCursor(cursor, sort, types)).toThrow('cursor');
    for (const forged of [
      '',
      '%',
      'bnVsbA',
      encodeCursor('newest', [1e14, 'x']),
      encodeCursor('newest', [1, 'a\0']),
    ])
      expect(() => decodeCursor(forged, 'newest', ['number', 'string'])).toThrow('cursor');
  });
});

describe('a page', () => {
  const keyOf = (row: number) => [row];

  test('ends with a cursor to its last row when the query found one row more', () => {
    const { rows, nextCursor } = pageOf([3, 2, 1], 2, 'newest', keyOf);
    expect(rows).toEqual([3, 2]);
    expect(decodeCursor(nextCursor, 'newest', ['number'])).toEqual([2]);
  });

  test('is the last one when the query found no more', () => {
    expect(pageOf([3, 2], 2, 'newest', keyOf)).toEqual({ rows: [3, 2], nextCursor: null });
    expect(pageOf([], 2, 'newest', keyOf)).toEqual({ rows: [], nextCursor: null });
  });
});
