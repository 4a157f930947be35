/** What all engines make of their counts. */
import { currencies } from '../../protocol/currencies.ts';
import { type Facets, facetValuesMax, levelMark } from './engine.ts';

const majorBounds = [25, 50, 100];

/** Where price ranges of a currency meet, in minor units: 25, 50 and 100; of one without minor units a hundred times that. */
export function priceBounds(currency: string): readonly number[] {
  const digits = currencies.get(currency)?.digits ?? 2;
  return majorBounds.map((bound) => bound * 10 ** Math.max(2, digits));
}

/** `counts`: of the ranges in their order. */
export function priceRanges(currency: string, counts: readonly number[]): Facets['priceRanges'] {
  const bounds = priceBounds(currency);
  return [null, ...bounds].map((from, i) => ({ from, to: bounds[i] ?? null, count: counts[i] ?? 0 }));
}

/** `Electronics > Phones` is in itself and in `Electronics`. */
export function branchesOf(category: string): string[] {
  const branches: string[] = [];
  for (let at = category.indexOf(levelMark); at >= 0; at = category.indexOf(levelMark, at + 1))
    branches.push(category.slice(0, at));
  branches.push(category);
  return branches;
}

/** From how many are in each category itself. */
export function categoryFacet(
  own: Iterable<readonly [category: string, count: number]>,
): Facets['categories'] {
  const counts = new Map<string, number>();
  for (const [category, count] of own)
    for (const path of branchesOf(category)) counts.set(path, (counts.get(path) ?? 0) + count);
  return [...counts]
    .map(([value, count]) => ({ value, count }))
    .sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1))
    .slice(0, facetValuesMax);
}

export const ratingSteps = [4, 3, 2, 1] as const;

/** Values that nothing has are left out. */
export function counted<Value>(values: readonly Value[], counts: readonly number[]) {
  return values.map((value, i) => ({ value, count: counts[i] ?? 0 })).filter(({ count }) => count > 0);
}
