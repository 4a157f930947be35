/**
 * What happens to products, told once for all who want to know: a row of the hash chain that answers where a product
 * came from, and a fact of the feed (topic `item`, key the product's id).
 *
 * 1. Both are written in the transaction of the change, by a writer that has locked the product's row, after the change.
 * 2. A link names the fields that changed and the hash of the whole content after the change. It does not repeat the
 *    content: the chain is public, and what was there before need not be.
 * 3. Admins and the server itself are named by their role alone.
 */
import type { Identity } from '../../gateway/route.ts';
import type { Database, Query } from '../../persistence/database.ts';
import { appendAllToFeed } from '../../persistence/feed.ts';
import { hashOf } from '../../persistence/hash-chain.ts';
import { reviewListings } from '../compliance/review-store.ts';
import { type ProductRow, readRows } from './rows.ts';
import type { ProvenanceRow } from './schemas.ts';

export type Actor = ProvenanceRow['actor'];

/** Who changes a product of this seller. */
export function actorOf({ accountId, roles }: Identity, sellerId: string): Actor {
  if (accountId === sellerId) return { accountId, role: 'seller' };
  return { accountId: null, role: roles.includes('admin') ? 'admin' : 'operator' };
}

export interface ItemChange {
  readonly productId: string;
  readonly type: 'ItemCreated' | 'ItemUpdated';
  /** Names of what changed, as the product shows them. */
  readonly fields: readonly string[];
}

/**
 * `changes`: each product once. What is listed is judged first. Refuses with `listing_refused`, unless what is to be
 * refused is to be held.
 */
export async function recordChanges(
  query: Query,
  actor: Actor,
  changes: readonly ItemChange[],
  refused: 'refuse' | 'hold' = 'refuse',
): Promise<void> {
  const productIds = changes.map(({ productId }) => productId);
  await reviewListings(query, productIds, refused);
  const rows = await readRows(query, productIds);
  const rowById = new Map(rows.map((row) => [row.product_id, row]));
  const at = new Date().toISOString();
  const links = changes.flatMap((change) => {
    const row = rowById.get(change.productId);
    return row === undefined ? [] : [linkOf(actor, at, change, row)];
  });
  await query(
    `UPDATE products SET change_seq = links.seq, change_hash = links.hash
     FROM jsonb_to_recordset($1::jsonb) AS links("productId" text, seq integer, hash text)
     WHERE products.product_id = links."productId" AND products.product_id = ANY($2)`,
    [JSON.stringify(links.map(({ productId, seq, hash }) => ({ productId, seq, hash }))), productIds],
  );
  await appendLinks(query, links);
}

/** The first links of products that are not written yet: their rows are written with `seq` and `hash`, before the links. */
export function firstLinks(actor: Actor, created: readonly (Content & CreatedItem)[]): Link[] {
  const at = new Date().toISOString();
  return created.map((item) =>
    linkOf(actor, at, { ...item, type: 'ItemCreated' }, { ...item, change_seq: 0, change_hash: null }),
  );
}

type CreatedItem = Omit<ItemChange, 'type'>;

export interface Link extends Omit<ProvenanceRow, 'hash'> {
  readonly productId: string;
  readonly hash: string;
}

function linkOf(
  actor: Actor,
  at: string,
  { productId, type, fields }: ItemChange,
  row: Content & Pick<ProductRow, 'change_seq' | 'change_hash'>,
): Link {
  const link = {
    ...{ productId, seq: row.change_seq + 1, at, actor },
    change: { type, fields: [...fields], content: contentHash(row) },
    previousHash: row.change_hash,
  };
  return { ...link, hash: hashOf(link) };
}

/** The rows of the chains, and a fact for each. */
export async function appendLinks(query: Query, links: readonly Link[]): Promise<void> {
  await query(
    `INSERT INTO product_changes (product_id, seq, at, actor, change, hash, previous_hash)
     SELECT "productId", seq, at, actor, change, hash, "previousHash"
     FROM jsonb_to_recordset($1::jsonb) AS l("productId" text, seq integer, at timestamptz, actor jsonb, change jsonb,
       hash text, "previousHash" text)`,
    [JSON.stringify(links)],
  );
  const facts = links.map(({ productId, seq, hash, change: { type, fields } }) => ({
    ...{ topic: 'item', key: productId, type },
    body: { seq, fields, hash },
  }));
  await appendAllToFeed(query, facts);
}

interface ContentVariant
  extends Pick<ProductRow['variants'][number], 'sku' | 'options' | 'amount' | 'currency' | 'compareAt'> {
  readonly images: readonly string[];
}

/** What of a product is hashed. */
interface Content
  extends Readonly<
    Pick<
      ProductRow,
      'seller_id' | 'category_id' | 'title' | 'description' | 'brand' | 'attributes' | 'status' | 'images'
    >
  > {
  readonly tags: readonly string[];
  readonly variants: readonly ContentVariant[];
}

/** Of all that a seller says of a product. Stock, rating and where its category stands are not the seller's saying. */
export function contentHash(row: Content): string {
  const { title, description, brand, tags, attributes, images, status } = row;
  const { seller_id: sellerId, category_id: categoryId } = row;
  const variants = row.variants.map(({ sku, options, amount, currency, compareAt, images: shown }) => ({
    ...{ sku, options, amount, currency, compareAt, images: shown },
  }));
  return hashOf({
    sellerId,
    categoryId,
    title,
    description,
    brand,
    tags,
    attributes,
    images,
    status,
    variants,
  });
}

interface LinkRow extends Omit<ProvenanceRow, 'at'> {
  readonly at: Date;
}

/** Oldest first, behind the row `afterSeq`. */
export async function readChanges(
  database: Database,
  productId: string,
  afterSeq: number,
  limit: number,
): Promise<ProvenanceRow[]> {
  const rows = await database.query<LinkRow>(
    `SELECT seq, at, actor, change, hash, previous_hash AS "previousHash" FROM product_changes
     WHERE product_id = $1 AND seq > $2 ORDER BY seq LIMIT $3`,
    [productId, afterSeq, limit],
  );
  return rows.map((row) => ({ ...row, at: row.at.toISOString() }));
}
