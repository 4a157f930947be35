/** One page of hits. */
import type { Query } from '../../../persistence/database.ts';
import type { SearchQuery } from '../engine.ts';
import { type HitRow, type Key, pointsSql } from './counting.ts';
import { type Expression, textOf } from './expression.ts';
import type { Where } from './lexemes.ts';
import { bestOf, estimateOf, expressionOf, isWalkShorter, type Plan } from './plan.ts';
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
/** With fewer in heads, descriptions are looked at, too. */
const fewInHead = 200;

export function walkHits(query: Query, plan: Plan, after: Key): Promise<PageRows> {
  return orderOf(plan.search) === orders.relevance
    ? walkWindow(query, plan, after)
    : walkOrder(query, plan, after);
}

const stepName = (after: Key) => (after === null ? 'first' : 'next');

/** Rows that match in an order that has an index, from behind the key on. */
async function walkOrder(query: Query, plan: Plan, after: Key): Promise<PageRows> {
  const order = orderOf(plan.search);
  const { limit } = plan.search;
  const expression = expressionOf(plan, 'anywhere', [...plan.telling.keys()]);
  const { likely } = estimateOf(plan, expression);
  if (!isWalkShorter(plan, limit, likely, likely))
    return pageOf(plan, await sorted(query, plan, expression, after));
  const rows: HitRow[] = [];
  let key = after;
  for (let walk = 0; walk < walksMax; walk++) {
    const values = new Values();
    const passed = passedRows(plan, order, key, values);
    rows.push(
      ...(await query<HitRow>(
        `SELECT ${hitColumns} FROM (${passed} LIMIT ${walkedMax}) AS w
         WHERE ${matching(plan, expression, values, false)} LIMIT ${values.add(limit + 1 - rows.length)}::int`,
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

/** All that match are read: they are not so many that walking would be shorter. */
function sorted(query: Query, plan: Plan, expression: Expression, after: Key): Promise<HitRow[]> {
  const order = orderOf(plan.search);
  const values = new Values();
  const isOwn = isByPrice(order) ? `currency = ${values.add(plan.search.currency)}` : 'true';
  return query<HitRow>(
    `SELECT ${hitColumns} FROM (
       SELECT * FROM search_documents WHERE ${matching(plan, expression, values, true)} AND ${isOwn} OFFSET 0) AS m
     WHERE ${after === null ? 'true' : behind(order, after, values)}
     ORDER BY ${orderBy(order)} LIMIT ${values.add(plan.search.limit + 1)}::int`,
    values.all,
    `search_sorted_${order.name}_${stepName(after)}`,
  );
}

const hitColumns = 'product_id, 0 AS points, rating, price_amount::float8';
const isByPrice = (order: SortOrder) => order === orders.price_asc || order === orders.price_desc;

async function lastPassed(query: Query, plan: Plan, order: SortOrder, after: Key): Promise<Key> {
  const values = new Values();
  const passed = passedRows(plan, order, after, values);
  const [last] = await query<HitRow>(
    `SELECT ${hitColumns} FROM (${passed} OFFSET ${walkedMax - 1} LIMIT 1) AS w`,
    values.all,
  );
  return last === undefined ? null : keyOf(order, last);
}

function passedRows({ search }: Plan, order: SortOrder, after: Key, values: Values): string {
  const conditions = ['is_listed'];
  if (isByPrice(order)) conditions.push(`currency = ${values.add(search.currency)}`);
  if (after !== null) conditions.push(behind(order, after, values));
  return `SELECT * FROM search_documents WHERE ${conditions.join(' AND ')} ORDER BY ${orderBy(order)}`;
}

/** `isLookedUp`: by the index; else the words are beside the row, so its facts are looked at first. */
function matching(plan: Plan, expression: Expression, values: Values, isLookedUp: boolean): string {
  const { filters, currency } = plan.search;
  const conditions = Object.values(rowConditions(filters, currency, values)).join(' AND ');
  const words = `words @@ ${values.add(textOf(expression))}::tsquery`;
  return isLookedUp ? `${words} AND ${conditions}` : `CASE WHEN ${conditions} THEN ${words} ELSE false END`;
}

/** The best rated of those with the words in their heads, ranked; filled up with those that have them anywhere. */
async function walkWindow(query: Query, plan: Plan, after: Key): Promise<PageRows> {
  const values = new Values();
  const points = pointsSql(plan, orders.relevance, values);
  const filters = [...plan.telling.keys()];
  const best = (where: Where, max: number) => {
    const expression = expressionOf(plan, where, filters);
    const looked = bestOf(plan, expression, max);
    const rows =
      looked === null
        ? `(${passedRows(plan, orders.rating, null, values)} LIMIT ${walkedMax})`
        : 'search_documents';
    return `(SELECT product_id, rating, price_amount, ${points} AS points FROM (
        SELECT * FROM ${rows} AS d WHERE ${matching(plan, looked ?? expression, values, looked !== null)}
        ORDER BY ${orderBy(orders.rating)} LIMIT ${max}) AS b)`;
  };
  const sources = [best('head', plan.limits.window)];
  if (estimateOf(plan, expressionOf(plan, 'head', filters)).likely < fewInHead)
    sources.push(best('anywhere', fewInHead));
  const key = after === null ? 'true' : behind(orders.relevance, after, values);
  const rows = await query<HitRow>(
    `SELECT product_id, points, rating, price_amount::float8 FROM (${sources.join(' UNION ')}) AS c WHERE ${key}
     ORDER BY ${orderBy(orders.relevance)} LIMIT ${values.add(plan.search.limit + 1)}::int`,
    values.all,
  );
  return pageOf(plan, rows);
}
