/**
 * Many products of one seller at once, in a handful of statements however many they are: what an import asks for.
 *
 * 1. Lines are applied in their order, in memory, to what the tables say; then each product that is new or changed is
 *    written once, with its prices, its link of the chain and its fact of the feed, in the caller's transaction.
 * 2. A SKU is the key: one of the seller's changes its variant and that variant's product, a new one is a new product.
 *    What a line does not give stays as it is. A new SKU that is the variant of another goes into that one's product.
 * 3. A line that breaks a rule is refused by itself. A conflict with another transaction refuses all with `busy`, and a
 *    suspended seller is refused all.
 */
import type { Query } from '../../persistence/database.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import { type Resolved, resolveCategories } from '../categories/store.ts';
import { type Held, hold, judgeNew, refusalsOf } from '../compliance/review-store.ts';
import { lockActive } from '../sellers/store.ts';
import { type Actor, appendLinks, firstLinks, type Link, recordChanges } from './change-store.ts';
import { type BulkOutcome, type BulkProduct, type Draft, Drafts, type Known } from './drafts.ts';
import { adopted } from './image-store.ts';
import { beginPrices, recordPrices } from './price-store.ts';
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
  const categories = await resolveCategories(
    query,
    products.map(({ category }) => category),
  );
  const outcomes = products.map((product, at) => {
    if (refusals[at]) return refusals[at];
    try {
      const category = categories.get(product.category)!;
      if (category instanceof DoorbusterError) return category;
      return drafts.apply(product, category.categoryId);
    } catch (error) {
      if (error instanceof DoorbusterError) return error;
      throw error;
    }
  });
  const changed = drafts.changed();
  await adoptImages(query, changed);
  const { added = [], known = [] } = Object.groupBy(changed, ({ isNew }) => (isNew ? 'added' : 'known'));
  await create(query, sellerId, added, [...categories.values()]);
  await update(query, sellerId, known);
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
  const named = products.flatMap(({ variants, variantOf = [] }) => [
    ...variants.map(({ sku }) => sku),
    variantOf,
  ]);
  const skus = [...new Set(named.flat())];
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

// ----------------------------------------------------------------
// Writing it.

async function adoptImages(query: Query, drafts: readonly Draft[]): Promise<void> {
  const images = await adopted(
    query,
    drafts.map(({ productId, content }) => ({ productId, images: content.images })),
  );
  for (const [i, draft] of drafts.entries()) draft.content = { ...draft.content, images: images[i]! };
}

/** All that is to be known of a new product is known before it is written: each table is written once. */
async function create(
  query: Query,
  sellerId: string,
  drafts: readonly Draft[],
  categories: readonly (Resolved | DoorbusterError)[],
): Promise<void> {
  if (drafts.length === 0) return;
  const held = await judge(query, drafts, categories);
  const links = firstLinks(
    actorOf(sellerId),
    drafts.map(({ productId, fields, content: { categoryId: category_id, ...content }, variants }) => ({
      ...{ productId, fields: [...fields].sort(), ...content, seller_id: sellerId, category_id, variants },
    })),
  );
  await insertProducts(query, sellerId, drafts, links);
  await insertVariants(query, sellerId, drafts);
  await beginPrices(query, drafts.flatMap(pricesOf));
  await hold(query, held);
  await appendLinks(query, links);
}

/** Holds the drafts that a rule holds, and answers with what is held. */
async function judge(
  query: Query,
  drafts: readonly Draft[],
  categories: readonly (Resolved | DoorbusterError)[],
): Promise<Held[]> {
  const pathById = new Map(
    categories.flatMap((category) => ('path' in category ? [[category.categoryId, category.path]] : [])),
  );
  const listings = drafts.map(({ productId, content, variants }) => ({
    ...{ ...content, productId, variants, category: pathById.get(content.categoryId)! },
  }));
  const reasons = await judgeNew(query, listings);
  return drafts.flatMap((draft, i) => {
    if (reasons[i]!.length === 0) return [];
    draft.content = { ...draft.content, status: 'held' };
    return [{ ...listings[i]!, reasons: reasons[i]! }];
  });
}

async function update(query: Query, sellerId: string, drafts: readonly Draft[]): Promise<void> {
  if (drafts.length === 0) return;
  await updateProducts(query, drafts);
  await insertVariants(query, sellerId, drafts);
  await recordPrices(query, drafts.flatMap(pricesOf));
  const changes = drafts.map(({ productId, fields }) => ({
    ...{ productId, type: 'ItemUpdated' as const, fields: [...fields].sort() },
  }));
  await recordChanges(query, actorOf(sellerId), changes, 'hold');
}

const actorOf = (accountId: string): Actor => ({ accountId, role: 'seller' });

const pricesOf = ({ productId, variants }: Draft) =>
  variants.map(({ sku, amount, currency, compareAt }) => ({ productId, sku, amount, currency, compareAt }));

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

async function insertProducts(
  query: Query,
  sellerId: string,
  drafts: readonly Draft[],
  links: readonly Link[],
): Promise<void> {
  await query(
    `INSERT INTO products (product_id, seller_id, title, description, brand, category_id, tags, attributes, images,
       status, price_amount, currency, change_seq, change_hash)
     SELECT p.product_id, $1, p.title, p.description, p.brand, p.category_id, p.tags, p.attributes, p.images, p.status,
       p.price_amount, p.currency, l.seq, l.hash
     FROM jsonb_to_recordset($2::jsonb) AS ${productColumns}
       JOIN unnest($3::text[], $4::integer[], $5::text[]) AS l(product_id, seq, hash) USING (product_id)`,
    [
      ...[sellerId, JSON.stringify(drafts.map(productJson))],
      ...[
        links.map(({ productId }) => productId),
        links.map(({ seq }) => seq),
        links.map(({ hash }) => hash),
      ],
    ],
  );
}

/** Variants that are there are written after their product, whose status says what their actors are to be told. */
async function updateProducts(query: Query, drafts: readonly Draft[]): Promise<void> {
  await query(
    `UPDATE products SET title = p.title, description = p.description, brand = p.brand, category_id = p.category_id,
       tags = p.tags, attributes = p.attributes, images = p.images, status = p.status, price_amount = p.price_amount,
       currency = p.currency, version = version + 1, updated_at = now()
     FROM jsonb_to_recordset($1::jsonb) AS ${productColumns}
     WHERE products.product_id = p.product_id AND products.product_id = ANY($2)`,
    [JSON.stringify(drafts.map(productJson)), drafts.map(({ productId }) => productId)],
  );
  const variants = drafts.flatMap(({ variants, stale }) =>
    variants
      .filter(({ stock }) => stock === null)
      .map((variant) => ({ ...variant, isStale: stale.has(variant.sku) })),
  );
  await query(
    `UPDATE variants SET options = v.options, price_amount = v.amount, currency = v.currency,
       compare_at_amount = v."compareAt", prices = v.prices, weight_grams = v."weightGrams", images = v.images,
       actor_state = CASE WHEN NOT v."isStale" OR variants.actor_state <> 'current' THEN variants.actor_state
         WHEN variants.registered_at IS NOT NULL THEN 'stale'
         WHEN p.status = 'active' THEN 'pending' ELSE variants.actor_state END
     FROM jsonb_to_recordset($1::jsonb) AS v(sku text, options jsonb, amount bigint, currency text, "compareAt" bigint,
         prices jsonb, "weightGrams" integer, images jsonb, "isStale" boolean), products p
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
       prices, weight_grams, images, initial_stock, actor_state)
     SELECT v.sku, v."productId", $2, v.nth + (SELECT coalesce(max(position), -1) + 1 FROM variants o
         WHERE o.product_id = v."productId" COLLATE "C"),
       v.options, v.amount, v.currency, v."compareAt", v.prices, v."weightGrams", v.images, v.stock,
       CASE WHEN v."isForSale" THEN 'pending' ELSE 'current' END
     FROM jsonb_to_recordset($1::jsonb) AS v(sku text, "productId" text, nth integer, options jsonb, amount bigint,
       currency text, "compareAt" bigint, prices jsonb, "weightGrams" integer, images jsonb, stock bigint,
       "isForSale" boolean)
     ORDER BY v.sku COLLATE "C" ON CONFLICT (sku) DO NOTHING RETURNING 1`,
    [JSON.stringify(rows), sellerId],
  );
  if (inserted.length < rows.length)
    throw new DoorbusterError('busy', 'Another product took a SKU in this moment: try again');
}
