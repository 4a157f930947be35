/** The list of sales from the tables that the projections keep, newest first. */
import type { SaleItem, SaleView } from '../../actors/sale/commands.ts';
import { limitDefault } from '../../gateway/schemas.ts';
import { decodeCursor, type PageFilter, pageOf } from '../../persistence/cursor.ts';
import type { Database } from '../../persistence/database.ts';
import { instantMs } from '../../persistence/instant.ts';
import { money } from '../../protocol/money.ts';

interface SalePage {
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

const pageText = `SELECT sale_id AS "saleId", seller_id AS "sellerId", title, phase, stock,
    stock_refusals AS "stockRefusals", ${instantMs('prequeue_at')} AS "prequeueAtMs", ${instantMs('starts_at')} AS "startsAtMs",
    ${instantMs('ends_at')} AS "endsAtMs", queueing, hold_seconds AS "holdSeconds", payment_seconds AS "paymentSeconds",
    ${instantMs('created_at')} AS "createdAtMs"
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
  database: Database,
  { cursor, limit = limitDefault }: PageFilter,
): Promise<SalePage> {
  const [afterMs, afterId] = decodeCursor(cursor, 'sales', ['number', 'string']) ?? [null, null];
  const page = pageOf(
    await database.query<Omit<SaleView, 'items'>>(pageText, [afterMs, afterId, limit + 1]),
    limit,
    'sales',
    ({ createdAtMs, saleId }) => [createdAtMs, saleId],
  );
  const items = await database.query<ItemRecord>(itemsText, [page.rows.map(({ saleId }) => saleId)]);
  const itemsBySale = Map.groupBy(items, ({ saleId }) => saleId);
  return {
    items: page.rows.map((sale) => ({ ...sale, items: (itemsBySale.get(sale.saleId) ?? []).map(itemOf) })),
    nextCursor: page.nextCursor,
  };
}
