import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Rule, ruledAmount } from '../../../src/market/price-rules/price.ts';

const rule = (change: Partial<Rule>): Rule => ({
  ...{ kind: 'stock', steps: [], currency: 'USD', floorAmount: 500, ceilingAmount: 1_500 },
  ...change,
});
const byStock = rule({
  steps: [
    { atMost: 20, percent: -12.5 },
    { atMost: 5, percent: 20 },
  ],
});
const byTime = rule({
  kind: 'time',
  steps: [
    { at: 2_000, percent: -50 },
    { at: 1_000, percent: -10 },
  ],
});

describe('a price rule', () => {
  test.each([
    [21, 1_000],
    [20, 875],
    [6, 875],
    [5, 1_200],
    [0, 1_200],
  ])('by stock, with %i left: the smallest step that holds', (available, expected) => {
    expect(ruledAmount(byStock, 1_000, available, 0)).toBe(expected);
  });

  test.each([
    [999, 1_000],
    [1_000, 900],
    [1_999, 900],
    [2_000, 500],
  ])('by time, at %i: the latest step that has come', (at, expected) => {
    expect(ruledAmount(byTime, 1_000, 7, at)).toBe(expected);
  });

  test('never leaves its bounds, and what it sets can be charged', () => {
    const steps = fc.array(
      fc.record({ atMost: fc.nat({ max: 50 }), percent: fc.integer({ min: -90, max: 900 }) }),
      { maxLength: 5 },
    );
    fc.assert(
      fc.property(steps, fc.integer({ min: 0, max: 1_000_000 }), fc.nat({ max: 60 }), (given, base, left) => {
        const bounded = rule({ steps: given, currency: 'BHD', floorAmount: 500, ceilingAmount: 90_000 });
        const amount = ruledAmount(bounded, base, left, 0);
        expect(amount).toBeGreaterThanOrEqual(500);
        expect(amount).toBeLessThanOrEqual(90_000);
        expect(amount % 10).toBe(0);
      }),
    );
  });
});
