/** One look into the index: hits, total and facets of all candidates, or total and facets of a sample of too many. */
import type { Query } from '../../../persistence/database.ts';
import type { Facets } from '../engine.ts';
import { categoryFacet, counted, priceRanges, ratingSteps } from '../facets.ts';
import { type Expression, textOf } from './expression.ts';
import type { Facet } from './lexemes.ts';
import { isCountable, limitOf, type Plan, sampleSizeOf } from './plan.ts';
import {
  behind,
  countColumns,
  flagOf,
  meetsAll,
  orderBy,
  orders,
  pointsOf,
  rowConditions,
  type SortOrder,
  Values,
} from './statements.ts';

/** A hit with all that any order is by. */
export interface HitRow {
  readonly product_id: string;
  readonly points: number;
  readonly rating: number;
  readonly price_amount: number;
}

export type Key = readonly (string | number)[] | null;

type Pairs = readonly (readonly [string, number])[];

interface LookRow {
  readonly hits: HitRow[];
  readonly brands: Pairs;
  readonly categories: Pairs;
  readonly counts: {
    readonly read: number;
    readonly found: number;
    readonly ratings: readonly number[];
    readonly inStock: readonly number[];
    readonly priceRanges: readonly number[];
  };
}

export interface Look extends LookRow {
  /** How many documents each one that was counted stands for. */
  readonly factor: number;
}

/** What of the hits a look is to give; null: it only counts. */
export interface Page {
  readonly order: SortOrder;
  readonly after: Key;
}

const allFacets = Object.keys(flagOf) as readonly Facet[];
export const facetsBut = (without: readonly Facet[]) => allFacets.filter((facet) => !without.includes(facet));

const facts = 'product_id, brand, category, currency, price_amount, rating, in_stock, head';

/**
 * `facets`: whose values are wanted. Without a sample null when there turn out to be too many candidates, unless the page
 * is a later one: that goes on as the first one was found.
 */
async function look(
  query: Query,
  plan: Plan,
  expression: Expression,
  facets: readonly Facet[],
  page: Page | null,
  sampleSize: number | null,
): Promise<Look | null> {
  const { filters, currency, limit } = plan.search;
  const values = new Values();
  const max = limitOf(plan) + 1;
  const flags = Object.entries(rowConditions(filters, currency, values)).map(
    ([facet, condition]) => `${condition} AS ${flagOf[facet as Facet]}`,
  );
  const { order, after } = page ?? { order: orders.newest, after: null };
  const text = `WITH c AS MATERIALIZED (
      SELECT ${facts}, ${flags.join(', ')} FROM search_documents
      WHERE words @@ ${values.add(textOf(expression))}::tsquery AND ${isOfOrder(plan, values)}
        ${sampleSize === null ? '' : `AND sample % ${sampleSize} = 0`}
      LIMIT ${values.add(sampleSize === null ? max : null)}::int)
    SELECT (SELECT coalesce(json_agg(h), '[]') FROM (
        SELECT * FROM (SELECT product_id, ${pointsSql(plan, order, values)} AS points, rating, price_amount FROM c WHERE ${meetsAll}) AS m
        WHERE ${after === null ? 'true' : behind(order, after, values)}
        ORDER BY ${orderBy(order)} LIMIT ${values.add(page === null ? 0 : limit + 1)}::int) AS h) AS hits,
      ${countColumns(currency, facets, values)}`;
  const name = `search_${order.name}_${sampleSize ?? 'all'}_${after === null ? 'first' : 'next'}`;
  const [row] = await query<LookRow>(text, values.all, name);
  if (sampleSize === null && row!.counts.read === max && after === null) return null;
  return { ...row!, factor: sampleSize ?? 1 };
}

/** Prices of several currencies have no order. */
function isOfOrder({ search: { sort, currency } }: Plan, values: Values): string {
  const given = `${values.add(sort === 'price_asc' || sort === 'price_desc' ? currency : null)}::text`;
  return `(${given} IS NULL OR currency = ${given})`;
}

/** How much more what an account looks at lately counts. */
const interestPoints = { brand: 40, category: 25 };

export function pointsSql({ resolved, search }: Plan, order: SortOrder, values: Values): string {
  if (order !== orders.relevance) return '0';
  const { brands = [], categories = [] } = search.interests ?? {};
  return `(${pointsOf(resolved.ranked, values)}
    + CASE WHEN brand = ANY(${values.add(brands)}::text[]) THEN ${interestPoints.brand} ELSE 0 END
    + CASE WHEN category = ANY(${values.add(categories)}::text[]) THEN ${interestPoints.category} ELSE 0 END)`;
}

/** All candidates with their hits; null: they are too many. */
export async function readAll(
  query: Query,
  plan: Plan,
  expression: Expression,
  facets: readonly Facet[],
  page: Page,
): Promise<Look | null> {
  return look(query, plan, expression, facets, page, null);
}

/** Total and facets: of all candidates when they are not too many, else of a sample. */
export async function count(
  query: Query,
  plan: Plan,
  expression: Expression,
  facets: readonly Facet[],
): Promise<Look> {
  const all = isCountable(plan, expression) ? await look(query, plan, expression, facets, null, null) : null;
  return all ?? (await look(query, plan, expression, facets, null, sampleSizeOf(plan, expression)))!;
}

/** `lookOf`: the look that the facet's values are taken from. */
export function facetsOf(lookOf: (facet: Facet) => Look, currency: string): Facets {
  const pairs = (facet: 'brands' | 'categories') => {
    const { [facet]: found, factor } = lookOf(facet);
    return found.map(([value, number]) => [value, number * factor] as const);
  };
  const numbers = (facet: 'ratings' | 'inStock' | 'priceRanges') => {
    const { counts, factor } = lookOf(facet);
    return counts[facet].map((number) => number * factor);
  };
  return {
    brands: pairs('brands').map(([value, number]) => ({ value, count: number })),
    categories: categoryFacet(pairs('categories')),
    priceRanges: priceRanges(currency, numbers('priceRanges')),
    ratings: counted([...ratingSteps], numbers('ratings')),
    inStock: counted([true, false], numbers('inStock')),
  };
}
