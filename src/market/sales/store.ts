/**
 * The list of sales from the tables that the projections keep, newest first. A sale is listed once its units are set
 * aside: one that is refused never is.
 */
import type { Phase, SaleItem, SaleView } from '../../actors/sale/commands.ts';
import { limitDefault } from '../../gateway/schemas.ts';
import { decodeCursor, idPart, instantPart, type PageFilter, pageOf } from '../../persistence/cursor.ts';
import type { Database, Query } from '../../persistence/database.ts';
import { money } from '../../protocol/money.ts';
import { type SaleItemRow, type SaleRow, saleItemTable, saleTable } from './rows.ts';

interface SalePage {
  readonly items: SaleView[];
  /** null: this was the last page. */
  readonly nextCursor: string | null;
}

const pageText = (sales: string) => `SELECT ${saleTable.selection} FROM ${sales}
  WHERE stock = 'ready' AND ($1::float8 IS NULL OR (created_at, sale_id) < (to_timestamp($1::float8 / 1000), $2::text))
    AND ($4::text IS NULL OR seller_id = $4)
  ORDER BY created_at DESC, sale_id DESC LIMIT $3`;

const allText = pageText('sales');
/** From the product's SKUs on: there are few sales of one product, however many there are. */
const ofSkusText = pageText(
  '(SELECT * FROM sales WHERE sale_id IN (SELECT sale_id FROM sale_items WHERE sku = ANY($5))) AS sales',
);
const skusText = 'SELECT sku FROM variants WHERE product_id = $1';

const itemsText = `SELECT ${saleItemTable.selection} FROM sale_items WHERE sale_id = ANY($1)
  ORDER BY sale_id, position`;

function itemOf({ sku, quantity, price, currency, purchaseLimit }: SaleItemRow): SaleItem {
  return { sku, quantity, price: money(price, currency), purchaseLimit };
}

function saleOf({ pausedFrom: _, updatedAtMs: __, ...sale }: SaleRow, items: SaleItemRow[]): SaleView {
  return { ...sale, items: items.map(itemOf) };
}

/** Whether the list shows the sale in this phase. */
export async function isListedAs(database: Database, saleId: string, phase: Phase): Promise<boolean> {
  const rows = await database.query('SELECT 1 FROM sales WHERE sale_id = $1 AND phase = $2', [saleId, phase]);
  return rows.length > 0;
}

/** Refuses a cursor that is not its own. */
export async function listSales(
  database: Database,
  {
    seller,
    product,
    cursor,
    limit = limitDefault,
  }: PageFilter & { readonly seller?: string; readonly product?: string },
): Promise<SalePage> {
  const [afterMs, afterId] = decodeCursor(cursor, 'sales', [instantPart, idPart('sale')]) ?? [null, null];
  const values = [afterMs, afterId, limit + 1, seller ?? null];
  const skus = product === undefined ? null : await database.query<{ sku: string }>(skusText, [product]);
  const page = pageOf(
    skus === null
      ? await database.query<SaleRow>(allText, values)
      : await database.query<SaleRow>(ofSkusText, [...values, skus.map(({ sku }) => sku)]),
    limit,
    'sales',
    ({ createdAtMs, saleId }) => [createdAtMs, saleId],
  );
  const items = await database.query<SaleItemRow>(itemsText, [page.rows.map(({ saleId }) => saleId)]);
  const itemsBySale = Map.groupBy(items, ({ saleId }) => saleId);
  return {
    items: page.rows.map((sale) => saleOf(sale, itemsBySale.get(sale.saleId) ?? [])),
    nextCursor: page.nextCursor,
  };
}

/** Whether a sale of this seller is announced, open or paused. */
export async function hasRunningSales(query: Query, sellerId: string): Promise<boolean> {
  const rows = await query(
    `SELECT 1 FROM sales WHERE seller_id = $1 AND phase <> 'ended' AND stock <> 'refused' LIMIT 1`,
    [sellerId],
  );
  return rows.length > 0;
}
