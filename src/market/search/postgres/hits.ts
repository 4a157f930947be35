/** One page of hits. */
import type { Query } from '../../../persistence/database.ts';
import type { SearchQuery } from '../engine.ts';
import type { RawFacets } from './counting.ts';
import { textOf } from './expression.ts';
import type { Facet } from './lexemes.ts';
import { bestOf, candidates, estimateOf, expressionOf, isCountable, limitOf, type Plan } from './plan.ts';
import {
  behind,
  facetColumn,
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

export interface PageRows {
  readonly rows: readonly HitRow[];
  /** Behind which the next page begins; null: this is the last one. */
  readonly next: readonly (string | number)[] | null;
}

export type Key = readonly (string | number)[] | null;

const hitColumns = 'product_id, points, rating, price_amount';

/** How much more what an account looks at lately counts. */
const interestPoints = { brand: 40, category: 25 };

function pointsSql(plan: Plan, values: Values): string {
  const { resolved, search } = plan;
  const points = [pointsOf(resolved.ranked, values)];
  const { brands = [], categories = [] } = search.interests ?? {};
  if (brands.length > 0)
    points.push(`CASE WHEN brand = ANY(${values.add(brands)}) THEN ${interestPoints.brand} ELSE 0 END`);
  if (categories.length > 0)
    points.push(
      `CASE WHEN category = ANY(${values.add(categories)}) THEN ${interestPoints.category} ELSE 0 END`,
    );
  return `(${points.join(' + ')})`;
}

/** Without terms there is nothing to be relevant to, but what an account likes. */
export function orderOf({ sort, terms, interests }: SearchQuery): SortOrder {
  const isRelevant = sort !== 'relevance' || terms.length > 0 || interests !== null;
  return orders[isRelevant ? sort : 'newest'];
}

function keyOf({ columns }: SortOrder, row: HitRow): (string | number)[] {
  return columns.map((column) => row[column as keyof HitRow]);
}

function pageOf(plan: Plan, rows: readonly HitRow[]): PageRows {
  const { limit } = plan.search;
  const page = rows.slice(0, limit);
  return { rows: page, next: rows.length > limit ? keyOf(orderOf(plan.search), page.at(-1)!) : null };
}

// ----------------------------------------------------------------
// All candidates are read.

export interface Counted {
  readonly page: PageRows;
  readonly found: number;
  readonly raw: RawFacets;
}

/** Hits, total and facets of all that match; null when they turn out to be too many. */
export async function readAll(
  query: Query,
  plan: Plan,
  after: Key,
  facets: readonly Facet[],
): Promise<Counted | null> {
  const values = new Values();
  const order = orderOf(plan.search);
  const max = limitOf(plan) + 1;
  const points = order === orders.relevance ? pointsSql(plan, values) : '0';
  const look = { expression: expressionOf(plan, 'anywhere', null), without: null, max, sampleSize: null };
  const select = candidates(plan, look, values, points);
  const key = after === null ? 'true' : behind(order, after, values);
  const columns = facets.map((facet) => facetColumn(facet, plan.search.currency, values));
  const [row] = await query<RawFacets & { found: number; hits: HitRow[] }>(
    `WITH c AS MATERIALIZED (${select})
     SELECT ${[
       '(SELECT count(*)::int FROM c) AS found',
       `(SELECT coalesce(json_agg(h), '[]') FROM (SELECT ${hitColumns} FROM c WHERE ${key}
          ORDER BY ${orderBy(order)} LIMIT ${values.add(plan.search.limit + 1)}::int) AS h) AS hits`,
       ...columns,
     ].join(', ')}`,
    values.all,
  );
  if (row!.found === max && after === null) return null;
  return { page: pageOf(plan, row!.hits), found: row!.found, raw: row! };
}

// ----------------------------------------------------------------
// Most match: an order is walked.

/** So many rows are passed at once; a page may take several rounds. */
const walkedMax = 10_000;
const walksMax = 3;
/** With fewer in heads, descriptions are looked at, too. */
const fewInHead = 200;

export function walkHits(query: Query, plan: Plan, after: Key): Promise<PageRows> {
  return orderOf(plan.search) === orders.relevance
    ? walkWindow(query, plan, after)
    : walkOrder(query, plan, after);
}

/** Of an order that has an index, rows that match, from behind the key on. */
async function walkOrder(query: Query, plan: Plan, after: Key): Promise<PageRows> {
  const order = orderOf(plan.search);
  const { limit } = plan.search;
  const rows: HitRow[] = [];
  let key = after;
  for (let walk = 0; walk < walksMax; walk++) {
    const values = new Values();
    const passed = passedRows(plan, order, key, values);
    rows.push(
      ...(await query<HitRow>(
        `SELECT product_id, 0 AS points, rating, price_amount::float8 FROM (${passed} LIMIT ${walkedMax}) AS w
         WHERE ${matching(plan, 'anywhere', values)} LIMIT ${values.add(limit + 1 - rows.length)}::int`,
        values.all,
      )),
    );
    if (rows.length > limit) return pageOf(plan, rows);
    key = await lastPassed(query, plan, order, key);
    if (key === null) return { rows, next: null };
  }
  // Hardly any match here: the next page goes on where this one gave up.
  return { rows, next: key };
}

async function lastPassed(query: Query, plan: Plan, order: SortOrder, after: Key): Promise<Key> {
  const values = new Values();
  const passed = passedRows(plan, order, after, values);
  const [last] = await query<HitRow>(
    `SELECT product_id, 0 AS points, rating, price_amount::float8 FROM (${passed} OFFSET ${walkedMax - 1} LIMIT 1) AS w`,
    values.all,
  );
  return last === undefined ? null : keyOf(order, last);
}

function passedRows({ search }: Plan, order: SortOrder, after: Key, values: Values): string {
  const conditions = ['is_listed'];
  const isByPrice = order === orders.price_asc || order === orders.price_desc;
  if (isByPrice) conditions.push(`currency = ${values.add(search.currency)}`);
  if (after !== null) conditions.push(behind(order, after, values));
  return `SELECT * FROM search_documents WHERE ${conditions.join(' AND ')} ORDER BY ${orderBy(order)}`;
}

function matching(plan: Plan, where: 'anywhere' | 'head', values: Values): string {
  const { filters, currency } = plan.search;
  return [
    `words @@ ${values.add(textOf(expressionOf(plan, where, null)))}::tsquery`,
    ...rowConditions(filters, currency, values, null),
  ].join(' AND ');
}

/** The best rated of those with the words in their heads, ranked; filled up with those that have them anywhere. */
async function walkWindow(query: Query, plan: Plan, after: Key): Promise<PageRows> {
  const values = new Values();
  const points = pointsSql(plan, values);
  const inHead = expressionOf(plan, 'head', null);
  const { window } = plan.limits;
  const best = bestOf(plan, inHead, window);
  const walked = (where: 'anywhere' | 'head', max: number) =>
    `(SELECT product_id, rating, price_amount, ${points} AS points
      FROM (${passedRows(plan, orders.rating, null, values)} LIMIT ${walkedMax}) AS w
      WHERE ${matching(plan, where, values)} LIMIT ${max})`;
  const look = { expression: best, without: null, max: limitOf(plan), sampleSize: null };
  const looked = () =>
    `(SELECT product_id, rating, price_amount, points FROM (${candidates(plan, look, values, points)}) AS h)`;
  const { likely } = estimateOf(plan, inHead);
  // Rows that are read either way, about.
  const passed = (window * plan.total) / Math.max(1, likely);
  const isLookedUp = isCountable(plan, best) && estimateOf(plan, best).likely <= passed;
  const sources = [isLookedUp ? looked() : walked('head', window)];
  if (likely < fewInHead) sources.push(walked('anywhere', fewInHead));
  const key = after === null ? 'true' : behind(orders.relevance, after, values);
  const rows = await query<HitRow>(
    `SELECT product_id, points, rating, price_amount::float8 FROM (${sources.join(' UNION ')}) AS c WHERE ${key}
     ORDER BY ${orderBy(orders.relevance)} LIMIT ${values.add(plan.search.limit + 1)}::int`,
    values.all,
  );
  return pageOf(plan, rows);
}
