/** Total and facets: of all candidates, or of a sample when they are too many. */
import type { Query } from '../../../persistence/database.ts';
import type { Facets } from '../engine.ts';
import { categoryFacet, counted, priceRanges, ratingSteps } from '../facets.ts';
import { type Facet, isPriced } from './lexemes.ts';
import { candidates, expressionOf, isCountable, limitOf, type Plan, sampleSizeOf } from './plan.ts';
import { facetColumn, Values } from './statements.ts';

/** Facet values as the SQL gives them: pairs of value and count, or counts in the order of their ranges. */
export interface RawFacets {
  readonly brands?: readonly (readonly [string, number])[];
  readonly categories?: readonly (readonly [string, number])[];
  readonly ratings?: readonly number[];
  readonly inStock?: readonly number[];
  readonly priceRanges?: readonly number[];
}

export interface Counting {
  readonly found: number;
  readonly raw: RawFacets;
  /** How many documents each one that was counted stands for. */
  readonly factor: number;
}

const allFacets: readonly Facet[] = ['brands', 'categories', 'priceRanges', 'ratings', 'inStock'];

/** Facets that have a filter of their own, which they do not obey. */
function filteredFacets({ search: { filters } }: Plan): Facet[] {
  const isFiltered: Readonly<Record<Facet, boolean>> = {
    brands: filters.brands.length > 0,
    categories: filters.category !== null,
    priceRanges: isPriced(filters),
    ratings: filters.ratingMin !== null,
    inStock: filters.inStock !== null,
  };
  return allFacets.filter((facet) => isFiltered[facet]);
}

export const plainFacets = (plan: Plan) => allFacets.filter((facet) => !filteredFacets(plan).includes(facet));

/** Counts these facets, all of which leave out the filter `without`. */
export async function count(
  query: Query,
  plan: Plan,
  facets: readonly Facet[],
  without: Facet | null,
  isSampled = !isCountable(plan, expressionOf(plan, 'anywhere', without)),
): Promise<Counting> {
  const expression = expressionOf(plan, 'anywhere', without);
  const values = new Values();
  const sampleSize = isSampled ? sampleSizeOf(plan, expression) : null;
  // One more than may be read tells that there are more.
  const max = limitOf(plan) + 1;
  const select = candidates(plan, { expression, without, max, sampleSize }, values);
  const columns = facets.map((facet) => facetColumn(facet, plan.search.currency, values));
  const [row] = await query<RawFacets & { found: number }>(
    `WITH c AS MATERIALIZED (${select})
     SELECT ${['(SELECT count(*)::int FROM c) AS found', ...columns].join(', ')}`,
    values.all,
  );
  if (!isSampled && row!.found === max) return count(query, plan, facets, without, true);
  return { found: row!.found, raw: row!, factor: sampleSize ?? 1 };
}

/** The facets that `base` has not, each counted without its own filter. */
export async function countFiltered(query: Query, plan: Plan): Promise<Counting[]> {
  const countings: Counting[] = [];
  for (const facet of filteredFacets(plan)) countings.push(await count(query, plan, [facet], facet));
  return countings;
}

export function facetsOf(countings: readonly Counting[], currency: string): Facets {
  const pairs = (name: 'brands' | 'categories') =>
    countings.flatMap(({ raw, factor }) =>
      (raw[name] ?? []).map(([value, number]) => [value, number * factor] as const),
    );
  const numbers = (name: 'ratings' | 'inStock' | 'priceRanges') =>
    countings.flatMap(({ raw, factor }) => (raw[name] ?? []).map((number) => number * factor));
  return {
    brands: pairs('brands').map(([value, number]) => ({ value, count: number })),
    categories: categoryFacet(pairs('categories')),
    priceRanges: priceRanges(currency, numbers('priceRanges')),
    ratings: counted([...ratingSteps], numbers('ratings')),
    inStock: counted([true, false], numbers('inStock')),
  };
}
