/** What each SKU cost when: a row a price, the present one without an end. */
import { limitDefault } from '../../gateway/schemas.ts';
import { decodeCursor, numberPart, type PageFilter, pageOf } from '../../persistence/cursor.ts';
import type { Database, Query } from '../../persistence/database.ts';
import type { Money } from '../../protocol/money.ts';
import type { PastPrice } from './schemas.ts';

interface PresentPrice extends Money {
  readonly productId: string;
  readonly sku: string;
  readonly compareAt: number | null;
}

/** Ends the rows that say otherwise and begins new ones. Prices that are as they were change nothing. `by`: who set them, where it was not the seller. */
export async function recordPrices(
  query: Query,
  prices: readonly PresentPrice[],
  by: string | null = null,
): Promise<void> {
  const skus = prices.map(({ sku }) => sku);
  const rows = await query<{ sku: string; amount: string; currency: string; compareAt: string | null }>(
    `SELECT sku, price_amount AS amount, currency, compare_at_amount AS "compareAt" FROM price_history
     WHERE sku = ANY($1) AND valid_to IS NULL`,
    [skus],
  );
  const known = new Map(rows.map(({ sku, ...price }) => [sku, keyOf(price)]));
  const changed = prices.filter((price) => known.get(price.sku) !== keyOf(price));
  if (changed.length === 0) return;
  const ended = changed.filter(({ sku }) => known.has(sku)).map(({ sku }) => sku);
  if (ended.length > 0)
    await query('UPDATE price_history SET valid_to = now() WHERE sku = ANY($1) AND valid_to IS NULL', [
      ended,
    ]);
  await beginPrices(query, changed, by);
}

const keyOf = ({ amount, currency, compareAt }: Record<'amount' | 'currency' | 'compareAt', unknown>) =>
  `${amount} ${currency} ${compareAt}`;

/** Of SKUs that have no present price. */
export async function beginPrices(
  query: Query,
  prices: readonly PresentPrice[],
  by: string | null = null,
): Promise<void> {
  await query(
    `INSERT INTO price_history (product_id, sku, price_amount, currency, compare_at_amount, changed_by)
     SELECT g.*, $2 FROM jsonb_to_recordset($1::jsonb)
       AS g("productId" text, sku text, amount bigint, currency text, "compareAt" bigint) ORDER BY sku`,
    [JSON.stringify(prices), by],
  );
}

export async function endPrice(query: Query, sku: string): Promise<void> {
  await query('UPDATE price_history SET valid_to = now() WHERE sku = $1 AND valid_to IS NULL', [sku]);
}

interface PriceRow {
  readonly position: string;
  readonly sku: string;
  readonly price_amount: string;
  readonly currency: string;
  readonly compare_at_amount: string | null;
  readonly changed_by: string | null;
  readonly valid_from: Date;
  readonly valid_to: Date | null;
}

const sort = 'prices';
const parts = [numberPart(Number.MAX_SAFE_INTEGER)];

/** Newest first. */
export async function listPrices(
  database: Database,
  productId: string,
  { cursor, limit = limitDefault }: PageFilter,
): Promise<{ items: PastPrice[]; nextCursor: string | null }> {
  const [before = null] = decodeCursor(cursor, sort, parts) ?? [];
  const rows = await database.query<PriceRow>(
    `SELECT position, sku, price_amount, currency, compare_at_amount, changed_by, valid_from, valid_to FROM price_history
     WHERE product_id = $1 AND ($2::bigint IS NULL OR position < $2) ORDER BY position DESC LIMIT $3`,
    [productId, before, limit + 1],
  );
  const page = pageOf(rows, limit, sort, ({ position }) => [Number(position)]);
  return { items: page.rows.map(pastPrice), nextCursor: page.nextCursor };
}

function pastPrice(row: PriceRow): PastPrice {
  const { sku, currency, compare_at_amount: compareAt, valid_from: from, valid_to: to } = row;
  return {
    sku,
    price: { amount: Number(row.price_amount), currency },
    ...(compareAt !== null && { compareAtPrice: { amount: Number(compareAt), currency } }),
    ...(row.changed_by !== null && { by: row.changed_by }),
    from: from.toISOString(),
    to: to?.toISOString() ?? null,
  };
}
