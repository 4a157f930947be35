/** One page of hits. */
import type { Query } from '../../../persistence/database.ts';
import type { SearchQuery } from '../engine.ts';
import { type HitRow, type Key, pointsSql } from './counting.ts';
import { type Expression, textOf } from './expression.ts';
import type { Facet, Where } from './lexemes.ts';
import { bestOf, estimateOf, expressionOf, type Plan } from './plan.ts';
import { behind, orderBy, orders, rowConditions, type SortOrder, Values } from './statements.ts';

export interface PageRows {
  readonly rows: readonly HitRow[];
  /** Behind which the next page begins; null: this is the last one. */
  readonly next: readonly (string | number)[] | null;
}

/** Without terms there is nothing to be relevant to, but what an account likes. */
export function orderOf({ sort, terms, interests }: SearchQuery): SortOrder {
  const isRelevant = sort !== 'relevance' || terms.length > 0 || interests !== null;
  return orders[isRelevant ? sort : 'newest'];
}

function keyOf({ columns }: SortOrder, row: HitRow): (string | number)[] {
  return columns.map((column) => row[column as keyof HitRow]);
}

/** `rows`: one more than the page has, if there is one. */
export function pageOf(plan: Plan, rows: readonly HitRow[]): PageRows {
  const { limit } = plan.search;
  const page = rows.slice(0, limit);
  return { rows: page, next: rows.length > limit ? keyOf(orderOf(plan.search), page.at(-1)!) : null };
}

// ----------------------------------------------------------------
// Most match: an order is walked.

/** So many rows are passed at once; a page may take several rounds. */
const walkedMax = 10_000;
const walksMax = 3;
/** Reading a row's words takes so many times as long as reading the row. */
const wordsCost = 5;
/** With fewer in heads, descriptions are looked at, too. */
const fewInHead = 200;

export function walkHits(query: Query, plan: Plan, after: Key): Promise<PageRows> {
  return orderOf(plan.search) === orders.relevance
    ? walkWindow(query, plan, after)
    : walkOrder(query, plan, after);
}

const stepName = (after: Key) => (after === null ? 'first' : 'next');

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
         WHERE ${matching(plan, expressionOf(plan, 'anywhere', [...plan.telling.keys()]), values)}
         LIMIT ${values.add(limit + 1 - rows.length)}::int`,
        values.all,
        `search_walk_${order.name}_${stepName(key)}`,
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

/** The words are beside the row, so its facts are looked at first. */
function matching(plan: Plan, expression: Expression, values: Values): string {
  const { filters, currency } = plan.search;
  const conditions = Object.values(rowConditions(filters, currency, values)).join(' AND ');
  const words = `words @@ ${values.add(textOf(expression))}::tsquery`;
  return `CASE WHEN ${conditions} THEN ${words} ELSE false END`;
}

/** The best rated of those with the words in their heads, ranked; filled up with those that have them anywhere. */
async function walkWindow(query: Query, plan: Plan, after: Key): Promise<PageRows> {
  const values = new Values();
  const filters: readonly Facet[] = [...plan.telling.keys()];
  const points = pointsSql(plan, orders.relevance, values);
  const inHead = expressionOf(plan, 'head', filters);
  const { window } = plan.limits;
  const best = bestOf(plan, inHead, window);
  const walked = (where: Where, max: number) =>
    `(SELECT product_id, rating, price_amount, ${points} AS points
      FROM (${passedRows(plan, orders.rating, null, values)} LIMIT ${walkedMax}) AS w
      WHERE ${matching(plan, expressionOf(plan, where, filters), values)} LIMIT ${max})`;
  const looked = () => {
    const conditions = Object.values(rowConditions(plan.search.filters, plan.search.currency, values));
    return `(SELECT product_id, rating, price_amount, ${points} AS points FROM (
        SELECT * FROM search_documents
        WHERE words @@ ${values.add(textOf(best))}::tsquery AND ${conditions.join(' AND ')}
        ORDER BY ${orderBy(orders.rating)} LIMIT ${window}) AS l)`;
  };
  const { likely } = estimateOf(plan, inHead);
  // About so many rows are read either way; of those that are passed the words are read, too.
  const passed = (window * plan.total) / Math.max(1, likely);
  const isLookedUp = estimateOf(plan, best).likely <= passed * wordsCost;
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
