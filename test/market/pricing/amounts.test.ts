import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { roundedToStep, scaled, spread, taxOf } from '../../../src/market/pricing/amounts.ts';

test('a product is rounded half away from zero, also below zero', () => {
  expect(scaled(-5, { numerator: 1n, denominator: 2n })).toBe(-3);
  expect(scaled(5, { numerator: 1n, denominator: 2n })).toBe(3);
  expect(scaled(-4, { numerator: 1n, denominator: 3n })).toBe(-1);
});

test.each([
  // BHD is charged in steps of 10 fils, UGX and ISK in whole units, MGA in steps of 100.
  ['BHD', 1234, 1230],
  ['BHD', 1235, 1240],
  ['BHD', 1236, 1240],
  ['USD', 1234, 1234],
  ['JPY', 7, 7],
  ['MGA', 1250, 1300],
  ['MGA', 1249, 1200],
])('a total in %s of %i is charged as %i', (currency, amount, expected) => {
  expect(roundedToStep({ amount, currency })).toEqual({ amount: expected, currency });
});

test.each([
  // 6.25 % of 9.99 are 0.624375; 20 % in 12.00 are 2.00; 19 % in 1.00 are 0.1597.
  [999, '0.0625', false, 62],
  [1200, '0.2', true, 200],
  [100, '0.19', true, 16],
  [8, '0.0625', false, 1],
  [0, '0.5', false, 0],
])('the tax of %i at %s (inclusive: %s) is %i', (amount, rate, inclusive, expected) => {
  expect(taxOf(amount, rate, inclusive)).toBe(expected);
});

describe('a spread', () => {
  const parts = (...values: number[]) => values.map((value, i) => ({ name: `l${i}`, value }));

  test.each([
    // 10.00 over 3 equal lines: the remainder goes to the first of the largest.
    [1000, [999, 999, 999], [334, 333, 333]],
    [100, [1000, 500], [67, 33]],
    [2, [1, 1, 1], [1, 1, 0]],
    [5, [0, 5], [0, 5]],
    [0, [5, 5], [0, 0]],
    [0, [0, 0], [0, 0]],
  ])('of %i over %j is %j', (amount, values, expected) => {
    expect(spread(amount, parts(...values))).toEqual(expected);
  });

  test('adds up, stays within each part, and does not depend on the order', () => {
    const values = fc.array(fc.integer({ min: 0, max: 1_000_000_000_000 }), { minLength: 1, maxLength: 100 });
    fc.assert(
      fc.property(values, fc.double({ min: 0, max: 1, noNaN: true }), (all, share) => {
        const named = parts(...all);
        const total = all.reduce((sum, value) => sum + value, 0);
        const amount = Math.floor(total * share);
        const shares = spread(amount, named);
        expect(shares.reduce((sum, each) => sum + each, 0)).toBe(amount);
        for (const [i, each] of shares.entries()) {
          expect(each).toBeGreaterThanOrEqual(0);
          expect(each).toBeLessThanOrEqual(all[i]!);
        }
        expect(spread(amount, named.toReversed())).toEqual(shares.toReversed());
      }),
      { numRuns: 300 },
    );
  });
});
