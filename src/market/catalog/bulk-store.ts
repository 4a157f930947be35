/**
 * Many products of one seller at once, in a handful of statements however many they are: what an import asks for.
 *
 * 1. Lines are applied in their order, in memory, to what the tables say; then each product that is new or changed is
 *    written once, with its prices, its link of the chain and its fact of the feed, in the caller's transaction.
 * 2. A SKU is the key: one of the seller's changes its variant and that variant's product, a new one is a new product.
 *    What a line does not give stays as it is.
 * 3. A line that breaks a rule is refused by itself. A conflict with another transaction refuses all with `busy`, and a
 *    suspended seller is refused all.
 */
import type { Query } from '../../persistence/database.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import { resolveCategory } from '../categories/store.ts';
import { refusalsOf } from '../compliance/review-store.ts';
import { lockActive } from '../sellers/store.ts';
import { recordChanges } from './change-store.ts';
import { type BulkOutcome, type BulkProduct, type Draft, Drafts, type Known } from './drafts.ts';
import { adopted } from './image-store.ts';
import { recordPrices } from './price-store.ts';
import { readRows } from './rows.ts';

export type { BulkProduct };

/** One outcome a product, or why it was refused. Refuses all with `busy` or `seller_suspended`. */
export async function importProducts(
  query: Query,
  sellerId: string,
  products: readonly BulkProduct[],
): Promise<(BulkOutcome | DoorbusterError)[]> {
  if (products.length === 0) return [];
  await lockActive(query, sellerId);
  const refusals = await refusalsOf(query, products.map(listingOf));
  const drafts = new Drafts(await readKnown(query, sellerId, products));
  const categoryIds = await categoriesOf(query, products);
  const outcomes = products.map((product, at) => {
    if (refusals[at]) return refusals[at];
    try {
      const categoryId = categoryIds.get(product.category)!;
      if (categoryId instanceof DoorbusterError) return categoryId;
      return drafts.apply(product, categoryId);
    } catch (error) {
      if (error instanceof DoorbusterError) return error;
      throw error;
    }
  });
  await write(query, sellerId, drafts.changed());
  return outcomes;
}

/** What a line says. What it leaves as it is was judged before, and is judged again with all of the product. */
function listingOf({
  title,
  description = '',
  brand = '',
  tags = [],
  category,
  attributes = {},
  status,
  variants,
}: BulkProduct) {
  const isListed = status === undefined || status === 'active';
  const priced = variants.map(({ sku, options = {}, price }) => ({ sku, options, ...price }));
  return isListed ? { title, description, brand, tags, category, attributes, variants: priced } : null;
}

// ----------------------------------------------------------------
// What the tables say.

async function readKnown(query: Query, sellerId: string, products: readonly BulkProduct[]): Promise<Known> {
  const skus = [...new Set(products.flatMap(({ variants }) => variants.map(({ sku }) => sku)))];
  const known = await query<{ sku: string; productId: string; isOwn: boolean }>(
    `SELECT v.sku, v.product_id AS "productId", p.seller_id = $2 AND NOT v.is_removed AS "isOwn"
     FROM variants v JOIN products p ON p.product_id = v.product_id WHERE v.sku = ANY($1)`,
    [skus, sellerId],
  );
  const own = known.filter(({ isOwn }) => isOwn).map(({ productId }) => productId);
  // In order of id, so that two imports of one seller cannot wait for each other.
  const locked = await query<{ productId: string; categoryId: string }>(
    `SELECT product_id AS "productId", category_id AS "categoryId" FROM products WHERE product_id = ANY($1)
     ORDER BY product_id FOR UPDATE`,
    [[...new Set(own)]],
  );
  const rows = await readRows(
    query,
    locked.map(({ productId }) => productId),
  );
  const categoryById = new Map(locked.map(({ productId, categoryId }) => [productId, categoryId]));
  return {
    productIdBySku: new Map(known.map(({ sku, productId, isOwn }) => [sku, isOwn ? productId : null])),
    rows: rows.map((row) => ({ ...row, categoryId: categoryById.get(row.product_id)! })),
  };
}

/** By the category as it was given: its id, or why there is none. What is missing of its path is created. */
async function categoriesOf(
  query: Query,
  products: readonly BulkProduct[],
): Promise<Map<string, string | DoorbusterError>> {
  const paths = [...new Set(products.map(({ category }) => category))];
  const known = await query<{ path: string; categoryId: string }>(
    'SELECT path, category_id AS "categoryId" FROM categories WHERE path = ANY($1)',
    [paths],
  );
  const ids = new Map<string, string | DoorbusterError>(
    known.map(({ path, categoryId }) => [path, categoryId]),
  );
  for (const path of paths.filter((path) => !ids.has(path)).sort()) {
    try {
      ids.set(path, await resolveCategory(query, path));
    } catch (error) {
      if (!(error instanceof DoorbusterError)) throw error;
      ids.set(path, error);
    }
  }
  return ids;
}

// ----------------------------------------------------------------
// Writing it.

async function write(query: Query, sellerId: string, drafts: readonly Draft[]): Promise<void> {
  if (drafts.length === 0) return;
  const images = await adopted(
    query,
    drafts.map(({ productId, content }) => ({ productId, images: content.images })),
  );
  for (const [i, draft] of drafts.entries()) draft.content = { ...draft.content, images: images[i]! };
  await insertProducts(
    query,
    sellerId,
    drafts.filter(({ isNew }) => isNew),
  );
  await updateProducts(
    query,
    drafts.filter(({ isNew }) => !isNew),
  );
  await insertVariants(query, sellerId, drafts);
  const prices = drafts.flatMap(({ productId, variants }) =>
    variants.map(({ sku, amount, currency, compareAt }) => ({ productId, sku, amount, currency, compareAt })),
  );
  await recordPrices(query, prices);
  await recordChanges(
    query,
    { accountId: sellerId, role: 'seller' },
    drafts.map(({ productId, isNew, fields }) => ({
      ...{ productId, type: isNew ? 'ItemCreated' : 'ItemUpdated', fields: [...fields].sort() },
    })),
    'hold',
  );
}

/** As the statements below name its columns. */
function productJson({ productId, content, variants }: Draft) {
  const { title, description, brand, categoryId, tags, attributes, images, status } = content;
  return {
    ...{
      product_id: productId,
      title,
      description,
      brand,
      category_id: categoryId,
      tags,
      attributes,
      images,
      status,
    },
    price_amount: Math.min(...variants.map(({ amount }) => amount)),
    currency: variants[0]!.currency,
  };
}

const productColumns = `p(product_id text, title text, description text, brand text, category_id text, tags text[],
  attributes jsonb, images jsonb, status text, price_amount bigint, currency text)`;

async function insertProducts(query: Query, sellerId: string, drafts: readonly Draft[]): Promise<void> {
  if (drafts.length === 0) return;
  await query(
    `INSERT INTO products (product_id, seller_id, title, description, brand, category_id, tags, attributes, images,
       status, price_amount, currency)
     SELECT p.product_id, $1, p.title, p.description, p.brand, p.category_id, p.tags, p.attributes, p.images, p.status,
       p.price_amount, p.currency
     FROM jsonb_to_recordset($2::jsonb) AS ${productColumns}`,
    [sellerId, JSON.stringify(drafts.map(productJson))],
  );
}

/** Variants that are there are written after their product, whose status says what their actors are to be told. */
async function updateProducts(query: Query, drafts: readonly Draft[]): Promise<void> {
  if (drafts.length === 0) return;
  await query(
    `UPDATE products SET title = p.title, description = p.description, brand = p.brand, category_id = p.category_id,
       tags = p.tags, attributes = p.attributes, images = p.images, status = p.status, price_amount = p.price_amount,
       currency = p.currency, version = version + 1, updated_at = now()
     FROM jsonb_to_recordset($1::jsonb) AS ${productColumns} WHERE products.product_id = p.product_id`,
    [JSON.stringify(drafts.map(productJson))],
  );
  const variants = drafts.flatMap(({ variants, stale }) =>
    variants
      .filter(({ stock }) => stock === null)
      .map((variant) => ({ ...variant, isStale: stale.has(variant.sku) })),
  );
  await query(
    `UPDATE variants SET options = v.options, price_amount = v.amount, currency = v.currency,
       compare_at_amount = v."compareAt", images = v.images,
       actor_state = CASE WHEN NOT v."isStale" OR variants.actor_state <> 'current' THEN variants.actor_state
         WHEN variants.registered_at IS NOT NULL THEN 'stale'
         WHEN p.status = 'active' THEN 'pending' ELSE variants.actor_state END
     FROM jsonb_to_recordset($1::jsonb) AS v(sku text, options jsonb, amount bigint, currency text, "compareAt" bigint,
         images jsonb, "isStale" boolean), products p
     WHERE variants.sku = v.sku COLLATE "C" AND p.product_id = variants.product_id`,
    [JSON.stringify(variants)],
  );
}

/** In order of SKU, as wherever variants are written. The actor of what is not for sale is made when it is. */
async function insertVariants(query: Query, sellerId: string, drafts: readonly Draft[]): Promise<void> {
  const rows = drafts.flatMap(({ productId, content, variants }) =>
    variants
      .filter(({ stock }) => stock !== null)
      .map((variant, nth) => ({ ...variant, productId, nth, isForSale: content.status === 'active' })),
  );
  if (rows.length === 0) return;
  const inserted = await query(
    `INSERT INTO variants (sku, product_id, seller_id, position, options, price_amount, currency, compare_at_amount,
       images, initial_stock, actor_state)
     SELECT v.sku, v."productId", $2, v.nth + (SELECT coalesce(max(position), -1) + 1 FROM variants o
         WHERE o.product_id = v."productId" COLLATE "C"),
       v.options, v.amount, v.currency, v."compareAt", v.images, v.stock,
       CASE WHEN v."isForSale" THEN 'pending' ELSE 'current' END
     FROM jsonb_to_recordset($1::jsonb) AS v(sku text, "productId" text, nth integer, options jsonb, amount bigint,
       currency text, "compareAt" bigint, images jsonb, stock bigint, "isForSale" boolean)
     ORDER BY v.sku COLLATE "C" ON CONFLICT (sku) DO NOTHING RETURNING 1`,
    [JSON.stringify(rows), sellerId],
  );
  if (inserted.length < rows.length)
    throw new DoorbusterError('busy', 'Another product took a SKU in this moment: try again');
}
