/** All products of one seller, whatever their status, in the order of their SKUs: what an export is made of. */
import type { Query } from '../../persistence/database.ts';
import type { BulkProduct } from './drafts.ts';
import { imageOf } from './image-store.ts';
import { type ProductRow, readRows } from './rows.ts';

export interface ExportedSku {
  readonly sku: string;
  readonly product: BulkProduct;
  /** The product's first SKU: who wants each product once takes it there. */
  readonly first: string;
}

/** The next SKUs behind `after`, each with its whole product; none: there are no more. */
export async function exportSkus(
  query: Query,
  sellerId: string,
  after: string,
  limit: number,
): Promise<ExportedSku[]> {
  const page = await query<{ sku: string; productId: string }>(
    `SELECT sku, product_id AS "productId" FROM variants
     WHERE seller_id = $1 AND sku > $2 AND NOT is_removed ORDER BY sku LIMIT $3`,
    [sellerId, after, limit],
  );
  const ids = [...new Set(page.map(({ productId }) => productId))];
  const stocks = await query<{ sku: string; stock: string }>(
    // What lies there: what is sold has gone, or goes.
    `SELECT v.sku, greatest(0, coalesce(s.on_hand - s.sold, v.initial_stock)) AS stock
     FROM variants v LEFT JOIN stock_levels s ON s.sku = v.sku WHERE v.product_id = ANY($1)`,
    [ids],
  );
  const stockBySku = new Map(stocks.map(({ sku, stock }) => [sku, Number(stock)]));
  const rows = await readRows(query, ids);
  const byId = new Map(rows.map((row) => [row.product_id, productOf(row, stockBySku)]));
  return page.map(({ sku, productId }) => {
    const product = byId.get(productId)!;
    return { sku, product, first: firstOf(product.variants.map((variant) => variant.sku)) };
  });
}

/** In the order of the database's keys, which is that of bytes. */
function firstOf(skus: readonly string[]): string {
  return skus.reduce((first, sku) =>
    Buffer.compare(Buffer.from(sku), Buffer.from(first)) < 0 ? sku : first,
  );
}

function productOf(row: ProductRow, stockBySku: ReadonlyMap<string, number>): BulkProduct {
  const { title, description, brand, category, tags, attributes, status } = row;
  const images = row.images.map((stored) => imageOf(row.product_id, stored).url);
  return {
    ...{ title, description, brand, category, tags, attributes, images, status },
    variants: row.variants.map(({ sku, options, amount, currency, compareAt }) => ({
      ...{ sku, options, price: { amount, currency }, stock: stockBySku.get(sku)! },
      ...(compareAt !== null && { compareAtPrice: { amount: compareAt, currency } }),
    })),
  };
}
