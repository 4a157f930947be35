/** The list of sales from the tables that the projections keep, newest first. */
import type pg from 'pg';
import type { SaleItem, SaleView } from '../../actors/sale/commands.ts';
import { decodeCursor, encodeCursor } from '../../persistence/cursor.ts';
import { money } from '../../protocol/money.ts';

export interface SalePage {
  readonly items: SaleView[];
  /** null: this was the last page. */
  readonly nextCursor: string | null;
}

interface ItemRecord {
  saleId: string;
  sku: string;
  quantity: number;
  price: number;
  currency: string;
  purchaseLimit: number;
}

const ms = (column: string) => `(extract(epoch from ${column}) * 1000)::float8`;

const pageText = `SELECT sale_id AS "saleId", seller_id AS "sellerId", title, phase, stock,
    stock_refusals AS "stockRefusals", ${ms('prequeue_at')} AS "prequeueAtMs", ${ms('starts_at')} AS "startsAtMs",
    ${ms('ends_at')} AS "endsAtMs", queueing, hold_seconds AS "holdSeconds", payment_seconds AS "paymentSeconds",
    ${ms('created_at')} AS "createdAtMs"
  FROM sales
  WHERE $1::float8 IS NULL OR (created_at, sale_id) < (to_timestamp($1::float8 / 1000), $2::text)
  ORDER BY created_at DESC, sale_id DESC LIMIT $3`;

const itemsText = `SELECT sale_id AS "saleId", sku, quantity::float8, price::float8, currency,
    purchase_limit AS "purchaseLimit"
  FROM sale_items WHERE sale_id = ANY($1) ORDER BY sale_id, position`;

function itemOf({ sku, quantity, price, currency, purchaseLimit }: ItemRecord): SaleItem {
  return { sku, quantity, price: money(price, currency), purchaseLimit };
}

/** Refuses a cursor that is not its own. */
export async function listSales(
  pool: pg.Pool,
  filter: { readonly cursor: string | null; readonly limit: number },
): Promise<SalePage> {
  const key = decodeCursor(filter.cursor, 'sales', ['number', 'string']);
  const [afterMs, afterId] = key ?? [null, null];
  // One row more than asked says whether there is another page.
  const { rows } = await pool.query<Omit<SaleView, 'items'>>(pageText, [afterMs, afterId, filter.limit + 1]);
  const page = rows.slice(0, filter.limit);
  const items = await pool.query<ItemRecord>(itemsText, [page.map(({ saleId }) => saleId)]);
  const itemsBySale = Map.groupBy(items.rows, ({ saleId }) => saleId);
  const last = page.at(-1);
  return {
    items: page.map((sale) => ({ ...sale, items: (itemsBySale.get(sale.saleId) ?? []).map(itemOf) })),
    nextCursor:
      rows.length > page.length && last ? encodeCursor('sales', [last.createdAtMs, last.saleId]) : null,
  };
}
