/**
 * Lists of products, in two steps: the ids of a page by an index, then their rows.
 *
 * 1. Every order ends with the id, so that no two products are equal and pages neither repeat nor miss one.
 * 2. A page by number counts all rows up to it, and its total all rows: few of these run at once in a gateway, so that
 *    whoever asks for many takes no processor from the journal. More wait, and still more are refused.
 * 3. A filter that is not given is not in the statement, so that each statement has its own plan. Statements that come
 *    often are prepared; there are few of them.
 */
import { BulkheadRejectedError, bulkhead } from 'cockatiel';
import { limitDefault } from '../../gateway/schemas.ts';
import { type CursorPart, decodeCursor, idPart, numberPart, pageOf } from '../../persistence/cursor.ts';
import type { Query } from '../../persistence/database.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import { normaliseTags } from './checks.ts';
import { isPublic, type ProductRow, readRows } from './rows.ts';
import type { ProductFilter, ProductSort } from './schemas.ts';

type Key = string | number;

interface SortOrder {
  /** What the key is made of besides the id; null: of the id alone. */
  readonly column: string | null;
  readonly type: 'numeric' | 'text';
  readonly isDescending: boolean;
  readonly part: CursorPart;
}

const byId: SortOrder = { column: null, type: 'text', isDescending: true, part: idPart('product') };
const amount = numberPart(1_000_000_000_000);
const titleKey: CursorPart = (part) => typeof part === 'string' && part.length <= 128 && !part.includes('\0');

const sorts: Readonly<Record<ProductSort, SortOrder>> = {
  newest: byId,
  price_asc: { column: 'price_amount', type: 'numeric', isDescending: false, part: amount },
  price_desc: { column: 'price_amount', type: 'numeric', isDescending: true, part: amount },
  title: { column: 'title_key', type: 'text', isDescending: false, part: titleKey },
  rating: { column: 'rating', type: 'numeric', isDescending: true, part: numberPart(5, 2) },
};

/** A filter whose category is looked up, and who asks. */
export interface Listing extends Omit<ProductFilter, 'category'> {
  /** null: of any category. */
  readonly categoryIds: readonly string[] | null;
}

interface IdRow {
  readonly product_id: string;
  readonly key: Key | null;
}

/** The parts of a statement, each value a parameter. */
class Statement {
  readonly values: unknown[] = [];
  readonly conditions: string[] = [];
  /** What of the filter is in it; names the prepared statement. */
  readonly #names: string[] = [];

  value(of: unknown): string {
    return `$${this.values.push(of)}`;
  }

  where(name: string, condition: string): void {
    this.#names.push(name);
    this.conditions.push(condition);
  }

  get condition(): string {
    return this.conditions.join(' AND ');
  }

  /** undefined: too many filters at once to be one of few statements. */
  nameFor(use: string): string | undefined {
    return this.#names.length <= 2 ? `catalog_${use}_${this.#names.join('_')}` : undefined;
  }
}

function statementOf(listing: Listing): Statement {
  const statement = new Statement();
  const { categoryIds, brand, tag, seller, priceMin, priceMax, currency, inStock, status } = listing;
  const isPriced = priceMin !== undefined || priceMax !== undefined;
  if (status === undefined) statement.conditions.push(isPublic);
  else if (status !== 'any') statement.where('status', `p.status = ${statement.value(status)}`);
  if (seller !== undefined) statement.where('seller', `p.seller_id = ${statement.value(seller)}`);
  if (categoryIds !== null)
    statement.where('category', `p.category_id = ANY(${statement.value(categoryIds)})`);
  if (brand !== undefined) statement.where('brand', `p.brand = ANY(${statement.value(brandsOf(brand))})`);
  if (tag !== undefined) statement.where('tag', `p.tags @> ${statement.value(normaliseTags([tag]))}::text[]`);
  if (currency !== undefined || isPriced)
    statement.where('currency', `p.currency = ${statement.value(currency ?? 'USD')}`);
  if (priceMin !== undefined) statement.where('min', `p.price_amount >= ${statement.value(priceMin)}`);
  if (priceMax !== undefined) statement.where('max', `p.price_amount <= ${statement.value(priceMax)}`);
  if (inStock !== undefined) statement.where(`stock${inStock}`, inStock ? 'p.in_stock' : 'NOT p.in_stock');
  return statement;
}

/** `Nimbus,Acme\, Inc.` as its two names. */
function brandsOf(list: string): string[] {
  return list
    .split(/(?<!\\),/)
    .map((name) => name.replaceAll('\\,', ',').trim())
    .filter((name) => name !== '');
}

function orderOf({ column, isDescending }: SortOrder): string {
  const direction = isDescending ? 'DESC' : 'ASC';
  return column === null
    ? `p.product_id ${direction}`
    : `p.${column} ${direction}, p.product_id ${direction}`;
}

function idsText({ column, type }: SortOrder, condition: string, orderBy: string): string {
  const key = column === null ? 'NULL' : `p.${column}${type === 'numeric' ? '::float8' : ''}`;
  return `SELECT p.product_id, ${key} AS key FROM products p WHERE ${condition} ORDER BY ${orderBy}`;
}

/** Refuses with `validation_failed` a cursor that is not of this order. */
export async function listByCursor(query: Query, listing: Listing) {
  const { sort = 'newest', cursor, limit = limitDefault } = listing;
  const order = sorts[sort];
  const key = decodeCursor(
    cursor,
    sort,
    order.column === null ? [order.part] : [order.part, idPart('product')],
  );
  const statement = statementOf(listing);
  if (key !== null) {
    const places = key.map((part, i) => {
      const isNumber = i === 0 && order.type === 'numeric';
      return statement.value(part) + (isNumber ? '::numeric' : '::text');
    });
    const columns = order.column === null ? 'p.product_id' : `p.${order.column}, p.product_id`;
    statement.where('after', `(${columns}) ${order.isDescending ? '<' : '>'} (${places.join(', ')})`);
  }
  const text = `${idsText(order, statement.condition, orderOf(order))} LIMIT ${statement.value(limit + 1)}`;
  const ids = await query<IdRow>(text, statement.values, statement.nameFor(sort));
  const page = pageOf(ids, limit, sort, (row) =>
    row.key === null ? [row.product_id] : [row.key, row.product_id],
  );
  return { rows: await rowsOf(query, page.rows), nextCursor: page.nextCursor };
}

const countingMax = 2;
const waitingMax = 100;
const counting = bulkhead(countingMax, waitingMax);

/** Refuses with `busy` when too many wait. */
async function among<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await counting.execute(work);
  } catch (error) {
    if (!(error instanceof BulkheadRejectedError)) throw error;
    throw new DoorbusterError('busy', 'Too many pages are counted: go on by the cursor, or try again');
  }
}

/** Refuses with `busy`. */
export async function listByPage(query: Query, listing: Listing, page: number): Promise<ProductRow[]> {
  const { sort = 'newest', limit = limitDefault } = listing;
  const order = sorts[sort];
  const statement = statementOf(listing);
  const text = `${idsText(order, statement.condition, orderOf(order))}
    LIMIT ${statement.value(limit)} OFFSET ${statement.value((page - 1) * limit)}`;
  const ids = await among(() => query<IdRow>(text, statement.values, statement.nameFor(`${sort}_page`)));
  return rowsOf(query, ids);
}

/** Refuses with `busy`. */
export async function countListed(query: Query, listing: Listing): Promise<number> {
  const statement = statementOf(listing);
  const text = `SELECT count(*)::integer AS count FROM products p WHERE ${statement.condition}`;
  const [row] = await among(() =>
    query<{ count: number }>(text, statement.values, statement.nameFor('count')),
  );
  return row?.count ?? 0;
}

function rowsOf(query: Query, ids: readonly IdRow[]): Promise<ProductRow[]> {
  return readRows(
    query,
    ids.map((row) => row.product_id),
  );
}
