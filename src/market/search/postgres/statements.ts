/**
 * The SQL of a search. Candidates are the rows of one look into the index, each with whether it meets each filter; hits,
 * total and facets are made of them in the same statement. All values are parameters, and a filter that nobody asks for is
 * a null, so there are few texts, which each connection prepares once.
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

/** What a row must be like for each filter, in SQL; a filter that is not asked for holds. */
export type Conditions = Readonly<Record<Facet, string>>;

export function rowConditions(
  { brands, category, priceMin, priceMax, ratingMin, inStock }: SearchFilters,
  currency: string,
  values: Values,
): Conditions {
  const unless = (value: unknown, type: string, condition: (value: string) => string) => {
    const given = `${values.add(value)}::${type}`;
    return `(${given} IS NULL OR ${condition(given)})`;
  };
  const isPriced = priceMin !== null || priceMax !== null;
  return {
    brands: unless(brands.length > 0 ? brands : null, 'text[]', (given) => `brand = ANY(${given})`),
    categories: unless(
      category,
      'text',
      (given) => `category = ${given} OR starts_with(category, ${given} || ' > ')`,
    ),
    priceRanges: `(${unless(isPriced ? currency : null, 'text', (given) => `currency = ${given}`)}
      AND ${unless(priceMin, 'bigint', (given) => `price_amount >= ${given}`)}
      AND ${unless(priceMax, 'bigint', (given) => `price_amount <= ${given}`)})`,
    ratings: unless(
      ratingMin === null ? null : Math.round(ratingMin * 100),
      'smallint',
      (given) => `rating >= ${given}`,
    ),
    inStock: unless(inStock, 'boolean', (given) => `in_stock = ${given}`),
  };
}

export interface SortOrder {
  readonly name: SearchSort;
  /** Columns of a candidate, from the first to the id, and whether they rise. */
  readonly columns: readonly string[];
  readonly isRising: boolean;
}

export const orders: Readonly<Record<SearchSort, SortOrder>> = {
  relevance: { name: 'relevance', columns: ['points', 'rating', 'product_id'], isRising: false },
  newest: { name: 'newest', columns: ['product_id'], isRising: false },
  rating: { name: 'rating', columns: ['rating', 'product_id'], isRising: false },
  price_asc: { name: 'price_asc', columns: ['price_amount', 'product_id'], isRising: true },
  price_desc: { name: 'price_desc', columns: ['price_amount', 'product_id'], isRising: false },
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

/** Relevance of a row, from the tsqueries of what was meant and of what is close to it; an empty one ranks nothing. */
export function pointsOf(ranked: { meant: string; wider: string }, values: Values): string {
  const rank = (text: string) =>
    `coalesce(ts_rank(${weights}, head, ${values.add(text === '' ? null : text)}::tsquery, ${byLength}), 0)`;
  return `(${pointsMax} * (${rank(ranked.meant)} + ${widerShare} * ${rank(ranked.wider)}))::int`;
}

// ----------------------------------------------------------------

const brandsMax = 50;
/** Categories that have something themselves; their branches are added up afterwards. */
const categoriesMax = 5_000;

/** Groups of one column of the candidates as `[[value, count], …]`. */
const groups = (column: string, max: number, where: string) =>
  `(SELECT coalesce(json_agg(json_build_array(value, count)), '[]') FROM
     (SELECT ${column} AS value, count(*) AS count FROM c WHERE ${where} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ${max}) AS g)`;

/** Columns of the candidates `c`, one for each facet: whether the row meets that filter. */
export const flagOf: Readonly<Record<Facet, string>> = {
  brands: 'is_brand',
  categories: 'is_category',
  priceRanges: 'is_price',
  ratings: 'is_rating',
  inStock: 'is_stock',
};
const facets = Object.keys(flagOf) as Facet[];
export const meetsAll = facets.map((facet) => flagOf[facet]).join(' AND ');
const meetsAllBut = (own: Facet) =>
  facets
    .filter((facet) => facet !== own)
    .map((facet) => flagOf[facet])
    .join(' AND ');

/** How many candidates there are, how many meet all filters, and each facet as JSON; groups of those that are wanted. */
export function countColumns(currency: string, wanted: readonly Facet[], values: Values): string {
  const isWanted = (facet: Facet) =>
    `${values.add(wanted.includes(facet))}::boolean AND ${meetsAllBut(facet)}`;
  const counts = (own: Facet, conditions: readonly string[]) =>
    `json_build_array(${conditions.map((condition) => `count(*) FILTER (WHERE ${meetsAllBut(own)} AND ${condition})`).join(', ')})`;
  const isOwn = `currency = ${values.add(currency)}::text`;
  const bounds = priceBounds(currency).map((bound) => `${values.add(bound)}::bigint`);
  const ranges = [null, ...bounds].map((from, i) => {
    const to = bounds[i];
    return [
      isOwn,
      from === null ? null : `price_amount >= ${from}`,
      to === undefined ? null : `price_amount < ${to}`,
    ]
      .filter((condition) => condition !== null)
      .join(' AND ');
  });
  return `${groups('brand', brandsMax, `${isWanted('brands')} AND brand <> ''`)} AS brands,
    ${groups('category', categoriesMax, isWanted('categories'))} AS categories,
    (SELECT json_build_object('read', count(*), 'found', count(*) FILTER (WHERE ${meetsAll}),
      'ratings', ${counts(
        'ratings',
        ratingSteps.map((step) => `rating >= ${step * 100}`),
      )},
      'inStock', ${counts('inStock', ['in_stock', 'NOT in_stock'])},
      'priceRanges', ${counts('priceRanges', ranges)}) FROM c) AS counts`;
}
