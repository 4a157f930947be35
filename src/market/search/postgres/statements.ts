/**
 * The SQL of a search. Candidates are the rows of one look into the index; hits and facets are made of them in the same
 * statement. All values are parameters.
 */
import type { SearchFilters, SearchSort } from '../engine.ts';
import { priceBounds, ratingSteps } from '../facets.ts';
import type { Facet } from './lexemes.ts';

/** Collects the parameters of one statement. */
export class Values {
  readonly all: unknown[] = [];

  add(value: unknown): string {
    return `$${this.all.push(value)}`;
  }
}

/** What lexemes leave inexact. */
export function rowConditions(
  { priceMin, priceMax, ratingMin }: SearchFilters,
  currency: string,
  values: Values,
  without: Facet | null,
): string[] {
  const conditions: string[] = [];
  if ((priceMin !== null || priceMax !== null) && without !== 'priceRanges') {
    conditions.push(`currency = ${values.add(currency)}`);
    if (priceMin !== null) conditions.push(`price_amount >= ${values.add(priceMin)}`);
    if (priceMax !== null) conditions.push(`price_amount <= ${values.add(priceMax)}`);
  }
  if (ratingMin !== null && without !== 'ratings')
    conditions.push(`rating >= ${values.add(Math.round(ratingMin * 100))}`);
  return conditions;
}

export interface SortOrder {
  /** Columns of a candidate, from the first to the id, and whether they rise. */
  readonly columns: readonly string[];
  readonly isRising: boolean;
}

export const orders: Readonly<Record<SearchSort, SortOrder>> = {
  relevance: { columns: ['points', 'rating', 'product_id'], isRising: false },
  newest: { columns: ['product_id'], isRising: false },
  rating: { columns: ['rating', 'product_id'], isRising: false },
  price_asc: { columns: ['price_amount', 'product_id'], isRising: true },
  price_desc: { columns: ['price_amount', 'product_id'], isRising: false },
};

const typeOf = (column: string) => (column === 'product_id' ? 'text' : 'bigint');

/** Rows behind the key of a cursor. */
export function behind({ columns, isRising }: SortOrder, key: readonly unknown[], values: Values): string {
  const parameters = columns.map((column, i) => `${values.add(key[i])}::${typeOf(column)}`);
  return `(${columns.join(', ')}) ${isRising ? '>' : '<'} (${parameters.join(', ')})`;
}

export const orderBy = ({ columns, isRising }: SortOrder) =>
  columns.map((column) => (isRising ? column : `${column} DESC`)).join(', ');

/** Title, tags and brand, category: the description is found, but does not rank. Weights of D, C, B, A. */
const weights = `'{0, 0.25, 0.5, 1}'`;
/** Lengths do not count. */
const byLength = 0;
/** What is close to what was meant counts less than it. */
const widerShare = 0.35;
/** Ranks that differ by less are the same: then the rating decides. */
const pointsMax = 400;

export function pointsOf(ranked: { meant: string; wider: string }, values: Values): string {
  const rank = (text: string) => `ts_rank(${weights}, head, ${values.add(text)}::tsquery, ${byLength})`;
  const parts = [
    ...(ranked.meant === '' ? [] : [rank(ranked.meant)]),
    ...(ranked.wider === '' ? [] : [`${widerShare} * ${rank(ranked.wider)}`]),
  ];
  return parts.length === 0 ? '0' : `(${pointsMax} * (${parts.join(' + ')}))::int`;
}

// ----------------------------------------------------------------

const counts = (conditions: readonly string[]) =>
  `(SELECT json_build_array(${conditions.map((condition) => `count(*) FILTER (WHERE ${condition})`).join(', ')}) FROM c)`;

/** Groups of one column of the candidates as `[[value, count], …]`. */
const groups = (column: string, max: number, where: string) =>
  `(SELECT coalesce(json_agg(json_build_array(value, count)), '[]') FROM
     (SELECT ${column} AS value, count(*) AS count FROM c WHERE ${where} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ${max}) AS g)`;

const brandsMax = 50;
/** Categories that have something themselves; their branches are added up afterwards. */
const categoriesMax = 5_000;

/** Each facet as one JSON value, made of the candidates `c`. */
export function facetColumn(facet: Facet, currency: string, values: Values): string {
  switch (facet) {
    case 'brands':
      return `${groups('brand', brandsMax, `brand <> ''`)} AS brands`;
    case 'categories':
      return `${groups('category', categoriesMax, 'true')} AS categories`;
    case 'ratings':
      return `${counts(ratingSteps.map((step) => `rating >= ${step * 100}`))} AS ratings`;
    case 'inStock':
      return `${counts(['in_stock', 'NOT in_stock'])} AS "inStock"`;
    case 'priceRanges': {
      const own = `currency = ${values.add(currency)}`;
      const bounds = priceBounds(currency).map((bound) => `${values.add(bound)}::bigint`);
      const ranges = [
        `price_amount < ${bounds[0]}`,
        ...bounds.map((from, i) =>
          bounds[i + 1] === undefined
            ? `price_amount >= ${from}`
            : `price_amount >= ${from} AND price_amount < ${bounds[i + 1]}`,
        ),
      ];
      return `${counts(ranges.map((range) => `${own} AND ${range}`))} AS "priceRanges"`;
    }
  }
}
