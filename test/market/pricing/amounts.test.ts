import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  convert,
  priceIn,
  rateBetween,
  ratesInto,
  roundedToStep,
  scaled,
  spread,
  taxOf,
} from '../../../src/market/pricing/amounts.ts';

const table = { base: 'USD', rates: { EUR: '0.9', JPY: '150.25', BHD: '0.377' } };

describe('a conversion', () => {
  test.each([
    // 10.00 USD at 0.9 is 9.00 EUR; at 150.25 it is 1,502.5 yen, and half goes away from zero.
    [1000, 'USD', '0.9', 'EUR', 900],
    [1000, 'USD', '150.25', 'JPY', 1503],
    [1000, 'USD', '0.377', 'BHD', 3770],
    // 100 yen at 0.00665557 are 0.665557 USD.
    [100, 'JPY', '0.00665557', 'USD', 67],
    [1, 'JPY', '0.000001', 'USD', 0],
    // 0.01 USD at 0.5 is half a cent.
    [1, 'USD', '0.5', 'EUR', 1],
    [3, 'USD', '0.5', 'EUR', 2],
    [1_000_000_000_000, 'USD', '150.25', 'JPY', 1_502_500_000_000],
    // 0.1 + 0.2 has no place here: 4.35 × 100 is 435, not 434.99….
    [100, 'USD', '4.35', 'EUR', 435],
    [115, 'USD', '1.1', 'EUR', 127],
  ])('of %i %s at %s is %s %i', (amount, from, rate, to, expected) => {
    expect(convert({ amount, currency: from }, rate, to)).toEqual({ amount: expected, currency: to });
  });

  test('is rounded half away from zero, also below zero', () => {
    expect(scaled(-5, { numerator: 1n, denominator: 2n })).toBe(-3);
    expect(scaled(5, { numerator: 1n, denominator: 2n })).toBe(3);
    expect(scaled(-4, { numerator: 1n, denominator: 3n })).toBe(-1);
  });
});

describe('the rate between two currencies', () => {
  test('is the table’s from the base, and follows from it otherwise', () => {
    expect(rateBetween(table, 'USD', 'EUR')).toBe('0.9');
    expect(rateBetween(table, 'EUR', 'USD')).toBe('1.111111111111111111');
    expect(rateBetween(table, 'EUR', 'JPY')).toBe('166.944444444444444444');
    expect(rateBetween(table, 'USD', 'USD')).toBe('1');
    expect(rateBetween({ base: 'USD', rates: { EUR: '2', GBP: '4' } }, 'EUR', 'GBP')).toBe('2');
  });

  test('is none where the table does not know one of them, or says that it is worth nothing', () => {
    expect(rateBetween(table, 'USD', 'SEK')).toBeNull();
    expect(rateBetween(table, 'SEK', 'USD')).toBeNull();
    expect(rateBetween({ base: 'USD', rates: { EUR: '0' } }, 'EUR', 'USD')).toBeNull();
  });

  test('is locked for a cart as one table into its currency', () => {
    expect(ratesInto(table, 'EUR')).toEqual({
      USD: '0.9',
      JPY: '0.005990016638935108',
      BHD: '2.38726790450928382',
    });
    expect(ratesInto(table, 'SEK')).toEqual({});
  });
});

test('a price list wins over a conversion; without either there is no price', () => {
  const price = { amount: 1000, currency: 'USD' };
  const prices = [{ amount: 995, currency: 'EUR' }];
  expect(priceIn('EUR', { price, prices }, { USD: '0.9' })).toEqual(prices[0]);
  expect(priceIn('EUR', { price }, { USD: '0.9' })).toEqual({ amount: 900, currency: 'EUR' });
  expect(priceIn('USD', { price, prices }, {})).toEqual(price);
  expect(priceIn('SEK', { price, prices }, {})).toBeNull();
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
