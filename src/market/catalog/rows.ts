/**
 * A product as rows: reading them, writing a new one, changing one. Every function works inside its caller's
 * transaction.
 */
import type { Query } from '../../persistence/database.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import type { Money } from '../../protocol/money.ts';
import { checkChargeable } from '../pricing/schemas.ts';
import type { NewProduct, Product, ProductChange, Variant } from './schemas.ts';

export interface ProductRow {
  product_id: string;
  seller_id: string;
  title: string;
  description: string;
  brand: string;
  category: string;
  attributes: Product['attributes'];
  images: string[];
  price_amount: string;
  rating: string;
  rating_count: number;
  version: number;
  created_at: Date;
  updated_at: Date;
  variants: (Omit<Variant, 'price'> & Money)[];
}

export const columns = `p.*, (
  SELECT coalesce(json_agg(json_build_object('sku', v.sku, 'options', v.options, 'amount', v.price_amount,
    'currency', v.currency, 'available', s.on_hand - s.held - s.sold - coalesce(s.allotted, 0)) ORDER BY v.position), '[]')
  FROM variants v LEFT JOIN stock_levels s ON s.sku = v.sku WHERE v.product_id = p.product_id) AS variants`;

export const fromRow = (row: ProductRow): Product => ({
  productId: row.product_id,
  sellerId: row.seller_id,
  title: row.title,
  description: row.description,
  brand: row.brand,
  category: row.category,
  attributes: row.attributes,
  images: row.images,
  variants: row.variants.map(({ sku, options, amount, currency, available }) => ({
    sku,
    options,
    price: { amount, currency },
    available,
  })),
  rating: row.rating_count === 0 ? null : Number(row.rating),
  ratingCount: row.rating_count,
  createdAt: row.created_at.toISOString(),
  updatedAt: row.updated_at.toISOString(),
  version: row.version,
});

const invalid = (path: string, message: string) =>
  new DoorbusterError('validation_failed', 'The product is not valid', { errors: [{ path, message }] });

/** `Electronics>Phones ` as `Electronics > Phones`. */
export function normaliseCategory(category: string): string {
  const levels = category.split('>').map((level) => level.trim());
  if (levels.some((level) => level === '')) throw invalid('/category', 'must be names separated by >');
  return levels.join(' > ');
}

export function checkVariants(variants: readonly { sku: string; price?: Money }[]): void {
  const currency = variants.find((variant) => variant.price)?.price?.currency;
  const seen = new Set<string>();
  for (const [i, { sku, price }] of variants.entries()) {
    if (seen.has(sku)) throw invalid(`/variants/${i}/sku`, 'must not be named twice');
    seen.add(sku);
    if (price && price.currency !== currency)
      throw invalid(`/variants/${i}/price/currency`, 'must be the same for all variants of a product');
  }
}

/** Refuses what can never be charged; what is free needs no charge. */
export function checkPrices(variants: readonly { price?: Money }[]): void {
  for (const [i, { price }] of variants.entries()) {
    if (price && price.amount > 0) checkChargeable(`/variants/${i}/price`, price);
  }
}

export function skuTaken(sku: string): DoorbusterError {
  return new DoorbusterError('sku_taken', `The SKU ${sku} exists already`, { sku });
}

export async function insertProduct(
  query: Query,
  sellerId: string,
  productId: string,
  product: NewProduct,
): Promise<void> {
  const cheapest = Math.min(...product.variants.map((variant) => variant.price.amount));
  const inserted = await query(
    `INSERT INTO products (product_id, seller_id, title, description, brand, category, attributes, images,
       price_amount, currency) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
     ON CONFLICT (product_id) DO NOTHING RETURNING 1`,
    [
      productId,
      sellerId,
      product.title,
      product.description ?? '',
      product.brand ?? '',
      product.category,
      JSON.stringify(product.attributes ?? {}),
      JSON.stringify(product.images ?? []),
      cheapest,
      product.variants[0]!.price.currency,
    ],
  );
  // The id is ours alone, so it was a repeat of this very request.
  if (inserted.length === 0) return;
  const rows = product.variants.map(({ sku, options = {}, price, stock }, position) => ({
    sku,
    position,
    options,
    price_amount: price.amount,
    currency: price.currency,
    initial_stock: stock,
  }));
  // In order of SKU, so that two products which share some cannot wait for each other.
  const taken = await query<{ sku: string }>(
    `INSERT INTO variants (sku, product_id, position, options, price_amount, currency, initial_stock)
     SELECT v.sku, $1, v.position, v.options, v.price_amount, v.currency, v.initial_stock
     FROM jsonb_to_recordset($2) AS v(sku text, position integer, options jsonb, price_amount bigint, currency text,
       initial_stock bigint) ORDER BY v.sku COLLATE "C"
     ON CONFLICT (sku) DO NOTHING RETURNING sku`,
    [productId, JSON.stringify(rows)],
  );
  if (taken.length === rows.length) return;
  const mine = new Set(taken.map((row) => row.sku));
  throw skuTaken(rows.find((row) => !mine.has(row.sku))!.sku);
}

/** Writes the change and answers whether the actors must be sent it. */
export async function updateProduct(query: Query, row: ProductRow, change: ProductChange): Promise<boolean> {
  const before = fromRow(row);
  const variants = changedVariants(before, change.variants ?? []);
  const after = { ...before, ...change };
  await query(
    `UPDATE products SET title = $2, description = $3, brand = $4, category = $5, attributes = $6, images = $7,
       price_amount = $8, currency = $9, version = version + 1, updated_at = now() WHERE product_id = $1`,
    [
      row.product_id,
      after.title,
      after.description,
      after.brand,
      normaliseCategory(after.category),
      JSON.stringify(after.attributes),
      JSON.stringify(after.images),
      Math.min(...variants.map((variant) => variant.price.amount)),
      variants[0]!.price.currency,
    ],
  );
  const rows = variants.map(({ sku, options, price }, i) => ({
    sku,
    options,
    ...price,
    isStale: after.title !== before.title || !isSamePrice(price, before.variants[i]!.price),
  }));
  await query(
    `UPDATE variants SET options = v.options, price_amount = v.amount, currency = v.currency,
       actor_state = CASE WHEN v."isStale" AND actor_state = 'current' THEN 'stale' ELSE actor_state END
     FROM jsonb_to_recordset($1) AS v(sku text, options jsonb, amount bigint, currency text, "isStale" boolean)
     WHERE variants.sku = v.sku`,
    [JSON.stringify(rows)],
  );
  return rows.some((variant) => variant.isStale);
}

/** All variants of the product, with their changes. */
function changedVariants(before: Product, changes: NonNullable<ProductChange['variants']>): Variant[] {
  for (const [i, { sku }] of changes.entries()) {
    if (!before.variants.some((variant) => variant.sku === sku))
      throw invalid(`/variants/${i}/sku`, 'must be a variant of this product');
  }
  checkPrices(changes);
  const bySku = new Map(changes.map((variant) => [variant.sku, variant]));
  const variants = before.variants.map((variant) => ({ ...variant, ...bySku.get(variant.sku) }));
  if (bySku.size !== changes.length) checkVariants(changes);
  checkVariants(variants);
  return variants;
}

function isSamePrice(a: Money, b: Money): boolean {
  return a.amount === b.amount && a.currency === b.currency;
}
