/**
 * Writes products and their variants. Every function works inside its caller's transaction, on a product whose row is
 * locked or new, and leaves prices and chain as the rows are.
 */
import type { Query } from '../../persistence/database.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import type { Money } from '../../protocol/money.ts';
import { resolveCategory } from '../categories/store.ts';
import { type Actor, recordChanges } from './change-store.ts';
import { checkPrices, checkVariants, normaliseTags } from './checks.ts';
import { adopted, keptImages, type StoredImage } from './image-store.ts';
import { endPrice, recordPrices } from './price-store.ts';
import { type ProductRow, readRows } from './rows.ts';
import type { NewProduct, NewVariant, ProductChange, ProductStatus } from './schemas.ts';

export function skuTaken(sku: string): DoorbusterError {
  return new DoorbusterError('sku_taken', `The SKU ${sku} exists already`, { sku });
}

export async function insertProduct(
  query: Query,
  actor: Actor,
  sellerId: string,
  productId: string,
  product: NewProduct,
): Promise<void> {
  const { status = 'active', variants } = product;
  const inserted = await query(
    `INSERT INTO products (product_id, seller_id, title, description, brand, category_id, tags, attributes, images,
       status, price_amount, currency) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
     ON CONFLICT (product_id) DO NOTHING RETURNING 1`,
    [
      productId,
      sellerId,
      product.title,
      product.description ?? '',
      product.brand ?? '',
      await resolveCategory(query, product.category),
      normaliseTags(product.tags ?? []),
      JSON.stringify(product.attributes ?? {}),
      JSON.stringify(await imagesAt(query, productId, [], product.images ?? [])),
      status,
      Math.min(...variants.map((variant) => variant.price.amount)),
      variants[0]!.price.currency,
    ],
  );
  // The id is ours alone, so it was a repeat of this very request.
  if (inserted.length === 0) return;
  await insertVariants(query, productId, variants, 0, status);
  await settle(query, productId);
  await recordChanges(query, actor, [
    { productId, type: 'ItemCreated', fields: Object.keys(product).toSorted() },
  ]);
}

async function imagesAt(
  query: Query,
  productId: string,
  before: readonly StoredImage[],
  urls: readonly string[],
): Promise<readonly StoredImage[]> {
  const [images] = await adopted(query, [{ productId, images: keptImages(productId, before, urls) }]);
  return images!;
}

/** Refuses with `sku_taken` {sku}. */
export async function insertVariants(
  query: Query,
  productId: string,
  variants: readonly NewVariant[],
  firstPosition: number,
  status: ProductStatus,
): Promise<void> {
  const rows = variants.map(
    ({ sku, options = {}, price, compareAtPrice, images = [], stock, ...more }, i) => ({
      sku,
      position: firstPosition + i,
      options,
      price_amount: price.amount,
      currency: price.currency,
      compare_at_amount: compareAtPrice?.amount ?? null,
      prices: more.prices ?? [],
      weight_grams: more.weightGrams ?? 0,
      images,
      initial_stock: stock,
    }),
  );
  // In order of SKU, so that two products which share some cannot wait for each other. The actor of what is not for
  // sale is made when it is.
  const taken = await query<{ sku: string }>(
    `INSERT INTO variants (sku, product_id, seller_id, position, options, price_amount, currency, compare_at_amount, prices,
       weight_grams, images, initial_stock, actor_state)
     SELECT v.sku, $1, (SELECT seller_id FROM products WHERE product_id = $1), v.position, v.options, v.price_amount, v.currency, v.compare_at_amount, v.prices, v.weight_grams, v.images,
       v.initial_stock,
       CASE WHEN $3::text = 'active' THEN 'pending' ELSE 'current' END
     FROM jsonb_to_recordset($2) AS v(sku text, position integer, options jsonb, price_amount bigint, currency text,
       compare_at_amount bigint, prices jsonb, weight_grams integer, images jsonb, initial_stock bigint) ORDER BY v.sku COLLATE "C"
     ON CONFLICT (sku) DO NOTHING RETURNING sku`,
    [productId, JSON.stringify(rows), status],
  );
  if (taken.length === rows.length) return;
  const mine = new Set(taken.map((row) => row.sku));
  throw skuTaken(rows.find((row) => !mine.has(row.sku))!.sku);
}

/** Brings what follows from the variants up to date: the product's lowest price and the history of prices. */
export async function settle(query: Query, productId: string, by: string | null = null): Promise<void> {
  const prices = await query<{ sku: string; amount: string; currency: string; compareAt: string | null }>(
    `SELECT sku, price_amount AS amount, currency, compare_at_amount AS "compareAt" FROM variants
     WHERE product_id = $1 AND NOT is_removed`,
    [productId],
  );
  const numbered = prices.map(({ amount, compareAt, ...price }) => ({
    ...{
      ...price,
      productId,
      amount: Number(amount),
      compareAt: compareAt === null ? null : Number(compareAt),
    },
  }));
  await query('UPDATE products SET price_amount = $2, currency = $3 WHERE product_id = $1', [
    productId,
    Math.min(...numbered.map(({ amount }) => amount)),
    numbered[0]!.currency,
  ]);
  await recordPrices(query, numbered, by);
}

/**
 * Writes the change and answers whether the actors must be sent it. `pathOf`: where in the body a variant stands. `by`: who
 * sets the prices, where it is not the seller.
 */
export async function updateProduct(
  query: Query,
  actor: Actor,
  row: ProductRow,
  change: ProductChange,
  pathOf?: (i: number) => string,
  by: string | null = null,
): Promise<boolean> {
  const { product_id: productId } = row;
  checkStatus(row.status, change.status);
  const title = change.title ?? row.title;
  const status = change.status ?? row.status;
  const category = change.category === undefined ? null : await resolveCategory(query, change.category);
  await query(
    `UPDATE products SET title = $2, description = $3, brand = $4, category_id = coalesce($5, category_id), tags = $6,
       attributes = $7, images = $8, status = $9, version = version + 1, updated_at = now() WHERE product_id = $1`,
    [
      productId,
      title,
      change.description ?? row.description,
      change.brand ?? row.brand,
      category,
      change.tags === undefined ? row.tags : normaliseTags(change.tags),
      JSON.stringify(change.attributes ?? row.attributes),
      JSON.stringify(
        change.images === undefined
          ? row.images
          : await imagesAt(query, productId, row.images, change.images),
      ),
      status,
    ],
  );
  const changed = await updateVariants(query, row, change.variants ?? [], pathOf);
  const isOther = title !== row.title || status !== row.status;
  await markStale(query, productId, isOther ? row.variants.map(({ sku }) => sku) : changed);
  await settle(query, productId, by);
  const fields = Object.keys(change).toSorted();
  await recordChanges(query, actor, [{ productId, type: 'ItemUpdated', fields }]);
  return isOther || changed.length > 0;
}

/** A listing that is held waits for an administrator: its seller cannot put it up. */
function checkStatus(before: ProductStatus, after: ProductStatus | undefined): void {
  if (before === 'held' && after === 'active')
    throw new DoorbusterError('wrong_state', 'The listing waits for an administrator');
}

/** Answers with the SKUs whose price is another one. */
async function updateVariants(
  query: Query,
  row: ProductRow,
  changes: NonNullable<ProductChange['variants']>,
  pathOf?: (i: number) => string,
): Promise<string[]> {
  if (changes.length === 0) return [];
  const before = new Map(row.variants.map((variant) => [variant.sku, variant]));
  for (const [i, { sku }] of changes.entries()) {
    if (!before.has(sku))
      throw new DoorbusterError('validation_failed', 'The product is not valid', {
        errors: [{ path: `/variants/${i}/sku`, message: 'must be a variant of this product' }],
      });
  }
  checkVariants(changes, null, pathOf);
  checkPrices(changes, pathOf);
  const bySku = new Map(changes.map((variant) => [variant.sku, variant]));
  const after = row.variants.map((variant) => {
    const { options, price, compareAtPrice, images, prices, weightGrams } = bySku.get(variant.sku) ?? {};
    const { amount, currency } = price ?? variant;
    const kept = currency === variant.currency ? variant.compareAt : null;
    return {
      sku: variant.sku,
      options: options ?? variant.options,
      amount,
      currency,
      compareAt: compareAtPrice === undefined ? kept : (compareAtPrice?.amount ?? null),
      images: images ?? variant.images,
      prices: prices ?? variant.prices,
      weightGrams: weightGrams ?? variant.weightGrams,
      price: { amount, currency },
      compareAtPrice,
    };
  });
  checkVariants(after);
  await query(
    `UPDATE variants SET options = v.options, price_amount = v.amount, currency = v.currency,
       compare_at_amount = v."compareAt", prices = v.prices, weight_grams = v."weightGrams", images = v.images
     FROM jsonb_to_recordset($1) AS v(sku text, options jsonb, amount bigint, currency text, "compareAt" bigint,
       prices jsonb, "weightGrams" integer, images jsonb)
     WHERE variants.sku = v.sku AND variants.product_id = $2`,
    [JSON.stringify(after), row.product_id],
  );
  return after.filter(({ sku, price }) => !isSamePrice(price, before.get(sku)!)).map(({ sku }) => sku);
}

/** The actors of these SKUs are to be sent their rows; one that was never made is made when it is for sale. */
async function markStale(query: Query, productId: string, skus: readonly string[]): Promise<void> {
  if (skus.length === 0) return;
  await query(
    `UPDATE variants v SET actor_state = CASE WHEN v.registered_at IS NOT NULL THEN 'stale'
         WHEN p.status = 'active' THEN 'pending' ELSE v.actor_state END
     FROM products p WHERE p.product_id = v.product_id AND v.product_id = $1 AND v.sku = ANY($2)
       AND v.actor_state = 'current'`,
    [productId, skus],
  );
}

export async function removeVariant(query: Query, productId: string, sku: string): Promise<void> {
  await markStale(query, productId, [sku]);
  await query('UPDATE variants SET is_removed = true WHERE sku = $1 AND product_id = $2', [sku, productId]);
  await endPrice(query, sku);
  await settle(query, productId);
}

/** The product is another version: this field of it was written. */
export async function touch(
  query: Query,
  actor: Actor,
  productId: string,
  field: 'variants' | 'images',
): Promise<void> {
  await query('UPDATE products SET version = version + 1, updated_at = now() WHERE product_id = $1', [
    productId,
  ]);
  await recordChanges(query, actor, [{ productId, type: 'ItemUpdated', fields: [field] }]);
}

/** Refuses with `not_found`. */
export async function readRow(query: Query, productId: string): Promise<ProductRow> {
  const [row] = await readRows(query, [productId]);
  if (row === undefined) throw new DoorbusterError('not_found', 'No such product');
  return row;
}

function isSamePrice(a: Money, b: Money): boolean {
  return a.amount === b.amount && a.currency === b.currency;
}
