/** Choosing a variant, option by option. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { choose, chosenOf, optionsOf } from '../../src/web/pages/product/choosing.ts';

const variant = (sku: string, options: Record<string, string>, isOut = false) => ({
  ...{ sku, options },
  stockLevel: isOut ? ('none' as const) : ('high' as const),
});

const shoe = [
  variant('A-41', { colour: 'ember', size: '41' }),
  variant('A-42', { colour: 'ember', size: '42' }, true),
  variant('B-41', { colour: 'lake', size: '41' }, true),
  variant('B-42', { colour: 'lake', size: '42' }),
];

const outOf = (sku: string) =>
  optionsOf(shoe, chosenOf(shoe, sku)!).map(({ name, values }) => [
    name,
    values.filter(({ isOut }) => isOut).map(({ value }) => value),
  ]);

describe('of a product with two options', () => {
  test('the address says which one is chosen, else it is the first in stock', () => {
    expect(chosenOf(shoe, 'B-41')?.sku).toBe('B-41');
    expect(chosenOf(shoe, null)?.sku).toBe('A-41');
    expect(
      chosenOf(
        shoe.map((each) => ({ ...each, stockLevel: 'none' as const })),
        'X',
      )?.sku,
    ).toBe('A-41');
  });

  test('a later option has only what is in stock with the earlier choice', () => {
    expect(outOf('A-41')).toEqual([
      ['colour', []],
      ['size', ['42']],
    ]);
    expect(outOf('B-42')).toEqual([
      ['colour', []],
      ['size', ['41']],
    ]);
  });

  test('an earlier choice takes the later one along to what is in stock', () => {
    expect(choose(shoe, shoe[0]!, 'colour', 'lake').sku).toBe('B-42');
    expect(choose(shoe, shoe[3]!, 'colour', 'ember').sku).toBe('A-41');
  });
});

test('whatever is open can be chosen and is in stock; every variant in stock can be reached', () => {
  const values = ['a', 'b', 'c'];
  const grid = fc.array(fc.boolean(), { minLength: 9, maxLength: 9 }).filter((stock) => stock.includes(true));
  fc.assert(
    fc.property(grid, (stock) => {
      const variants = values.flatMap((x, i) =>
        values.map((y, j) => variant(`${x}${y}`, { x, y }, !stock[i * 3 + j])),
      );
      const reached = new Set<string>();
      const toSee = [chosenOf(variants, null)!];
      for (let next = toSee.pop(); next !== undefined; next = toSee.pop()) {
        expect(next.stockLevel).toBe('high');
        if (reached.has(next.sku)) continue;
        reached.add(next.sku);
        for (const { name, values: all } of optionsOf(variants, next))
          for (const { value, isOut } of all) {
            if (isOut) continue;
            const chosen = choose(variants, next, name, value);
            expect(chosen.options[name as 'x' | 'y']).toBe(value);
            toSee.push(chosen);
          }
      }
      expect([...reached].sort()).toEqual(
        variants
          .filter(({ stockLevel }) => stockLevel === 'high')
          .map(({ sku }) => sku)
          .sort(),
      );
    }),
  );
});
