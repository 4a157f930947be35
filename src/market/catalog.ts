/**
 * The catalogue: products and their variants. What is for sale and how many is the sku actors' business; this table
 * says what a product is, and `registration.ts` tells the actors.
 *
 * 1. A SKU belongs to one product for ever; a deleted product is archived and keeps its SKUs.
 * 2. A row is written before its actor is told, and says what the actor does not know yet, so that a crash in between
 *    heals by asking again.
 * 3. Creating is repeatable under one product id.
 */

import { DoorbusterError } from '../protocol/errors.ts';
import type { Money } from '../protocol/money.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import type { Database, Query } from './database.ts';
import type { Registration } from './registration.ts';

export interface Variant {
  readonly sku: string;
  readonly options: Readonly<Record<string, string>>;
  readonly price: Money;
}

export interface NewVariant extends Variant {
  /** Units on hand at the start. */
  readonly stock: number;
}

interface Description {
  readonly title: string;
  readonly description: string;
  readonly brand: string;
  readonly category: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly images: readonly string[];
}

export interface NewProduct extends Description {
  readonly variants: readonly NewVariant[];
}

export interface ProductChange extends Partial<Description> {
  readonly variants?: readonly (Pick<Variant, 'sku'> & Partial<Variant>)[];
}

export interface Product extends Description {
  readonly productId: string;
  readonly sellerId: string;
  /** `available` is what the tables know: a moment old, null until they heard of the SKU. */
  readonly variants: readonly (Variant & { readonly available: number | null })[];
  readonly rating: number | null;
  readonly ratingCount: number;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly version: number;
}

export type ProductSort = 'price_asc' | 'price_desc' | 'newest' | 'rating';

export interface ProductFilter {
  readonly category?: string;
  readonly seller?: string;
  readonly sort?: ProductSort;
  readonly cursor?: string;
  readonly limit?: number;
}

export interface Catalog {
  /** Refuses with `sku_taken` {sku}, `validation_failed`, `busy` (its SKUs are told later: repeat with the same id). */
  create(sellerId: string, productId: string, product: NewProduct): Promise<Product>;
  /** Refuses with `not_found`. */
  read(productId: string): Promise<Product>;
  list(filter: ProductFilter): Promise<{ items: Product[]; nextCursor: string | null }>;
  /** `sellerId` null: whoever the owner is. `versions` null: whatever the version. */
  change(
    sellerId: string | null,
    productId: string,
    versions: readonly number[] | null,
    change: ProductChange,
  ): Promise<Product>;
  archive(sellerId: string | null, productId: string, versions: readonly number[] | null): Promise<void>;
  /** Tells the actors what they do not know yet; answers with how many products that were. */
  registerPending(): Promise<number>;
}

interface Row {
  product_id: string;
  seller_id: string;
  title: string;
  description: string;
  brand: string;
  category: string;
  attributes: Record<string, unknown>;
  images: string[];
  price_amount: string;
  rating: string;
  rating_count: number;
  version: number;
  created_at: Date;
  updated_at: Date;
  variants: (Omit<Variant, 'price'> & { amount: number; currency: string; available: number | null })[];
}

const columns = `p.*, (
  SELECT coalesce(json_agg(json_build_object('sku', v.sku, 'options', v.options, 'amount', v.price_amount,
    'currency', v.currency, 'available', s.on_hand - s.held - s.sold) ORDER BY v.position), '[]')
  FROM variants v LEFT JOIN stock_levels s ON s.sku = v.sku WHERE v.product_id = p.product_id) AS variants`;

const fromRow = (row: Row): Product => ({
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

const notFound = () => new DoorbusterError('not_found', 'No such product');
const invalid = (path: string, message: string) =>
  new DoorbusterError('validation_failed', 'The product is not valid', { errors: [{ path, message }] });

/** `Electronics>Phones ` as `Electronics > Phones`. */
export function normaliseCategory(category: string): string {
  const levels = category.split('>').map((level) => level.trim());
  if (levels.some((level) => level === '')) throw invalid('/category', 'must be names separated by >');
  return levels.join(' > ');
}

function checkVariants(variants: readonly { sku: string; price?: Money }[]): void {
  const currency = variants.find((variant) => variant.price)?.price?.currency;
  const seen = new Set<string>();
  for (const [i, { sku, price }] of variants.entries()) {
    if (seen.has(sku)) throw invalid(`/variants/${i}/sku`, 'must not be named twice');
    seen.add(sku);
    if (price && price.currency !== currency)
      throw invalid(`/variants/${i}/price/currency`, 'must be the same for all variants of a product');
  }
}

interface SortOrder {
  readonly orderBy: string;
  /** Rows after the cursor's key $1, $2. */
  readonly after: string;
  readonly types: readonly ('string' | 'number')[];
  keyOf(row: Row): (string | number)[];
}

/** Every order ends with the id, so that no two rows are equal and pages neither repeat nor miss one. */
const sorts: Readonly<Record<ProductSort, SortOrder>> = {
  newest: {
    orderBy: 'p.product_id DESC',
    after: 'p.product_id < $1',
    types: ['string'],
    keyOf: (row) => [row.product_id],
  },
  price_asc: {
    orderBy: 'p.price_amount, p.product_id',
    after: '(p.price_amount, p.product_id) > ($1::numeric, $2)',
    types: ['number', 'string'],
    keyOf: (row) => [Number(row.price_amount), row.product_id],
  },
  price_desc: {
    orderBy: 'p.price_amount DESC, p.product_id DESC',
    after: '(p.price_amount, p.product_id) < ($1::numeric, $2)',
    types: ['number', 'string'],
    keyOf: (row) => [Number(row.price_amount), row.product_id],
  },
  rating: {
    orderBy: 'p.rating DESC, p.product_id DESC',
    after: '(p.rating, p.product_id) < ($1::numeric, $2)',
    types: ['number', 'string'],
    keyOf: (row) => [Number(row.rating), row.product_id],
  },
};

export const pageLimitDefault = 20;

export function createCatalog(database: Database, registration: Registration): Catalog {
  async function read(productId: string): Promise<Product> {
    const [row] = await database.query<Row>(
      `SELECT ${columns} FROM products p WHERE p.product_id = $1 AND NOT p.is_archived`,
      [productId],
    );
    if (!row) throw notFound();
    return fromRow(row);
  }

  /** Locks the product's row for the owner's change. */
  async function lockOwned(
    query: Query,
    sellerId: string | null,
    productId: string,
    versions: readonly number[] | null,
  ): Promise<Row> {
    await query('SELECT 1 FROM products WHERE product_id = $1 FOR UPDATE', [productId]);
    const [row] = await query<Row>(
      `SELECT ${columns} FROM products p WHERE p.product_id = $1 AND NOT p.is_archived`,
      [productId],
    );
    if (!row || (sellerId !== null && row.seller_id !== sellerId)) throw notFound();
    if (versions !== null && !versions.includes(row.version))
      throw new DoorbusterError('stale_version', `The product is at version ${row.version}`, {
        version: row.version,
      });
    return row;
  }

  return {
    read,

    async create(sellerId, productId, product) {
      checkVariants(product.variants);
      const category = normaliseCategory(product.category);
      await database.transaction((query) => insert(query, sellerId, productId, { ...product, category }));
      const told = await registration.tell(productId);
      if (told.refused !== null) {
        // The SKU has an actor but no row: tables older than the journal. The actor is right.
        await database.query('DELETE FROM products WHERE product_id = $1', [productId]);
        throw skuTaken(told.refused);
      }
      if (!told.isCurrent) {
        throw new DoorbusterError(
          'busy',
          'The SKUs are not registered yet: repeat with the same Idempotency-Key',
        );
      }
      return read(productId);
    },

    async list({ category, seller, sort = 'newest', cursor, limit = pageLimitDefault }) {
      const order = sorts[sort];
      const key = decodeCursor(cursor, sort, order.types);
      const values: unknown[] = key ?? [];
      const value = (of: unknown) => `$${values.push(of)}`;
      const conditions = ['NOT p.is_archived'];
      if (key) conditions.push(order.after);
      if (seller !== undefined) conditions.push(`p.seller_id = ${value(seller)}`);
      if (category !== undefined) {
        const prefix = normaliseCategory(category);
        // `X > …` are exactly the texts from `X > ` up to `X >!`, in the byte order of collation "C".
        conditions.push(
          `(p.category = ${value(prefix)} OR (p.category >= ${value(`${prefix} > `)} AND p.category < ${value(`${prefix} >!`)}))`,
        );
      }
      const rows = await database.query<Row>(
        `SELECT ${columns} FROM products p WHERE ${conditions.join(' AND ')}
         ORDER BY ${order.orderBy} LIMIT ${value(limit + 1)}`,
        values,
      );
      const page = rows.slice(0, limit);
      const last = rows.length > limit ? page.at(-1) : undefined;
      return { items: page.map(fromRow), nextCursor: last ? encodeCursor(sort, order.keyOf(last)) : null };
    },

    async change(sellerId, productId, versions, change) {
      const isTold = await database.transaction(async (query) => {
        const row = await lockOwned(query, sellerId, productId, versions);
        return update(query, row, change);
      });
      // Told now when that works, else by the next round of `registerPending`: the change itself is done.
      if (isTold) {
        await registration.tell(productId).catch((error) => {
          if (!(error instanceof DoorbusterError)) throw error;
        });
      }
      return read(productId);
    },

    async archive(sellerId, productId, versions) {
      await database.transaction(async (query) => {
        await lockOwned(query, sellerId, productId, versions);
        await query(
          'UPDATE products SET is_archived = true, version = version + 1, updated_at = now() WHERE product_id = $1',
          [productId],
        );
      });
    },

    registerPending: () => registration.tellPending(),
  };
}

function skuTaken(sku: string): DoorbusterError {
  return new DoorbusterError('sku_taken', `The SKU ${sku} exists already`, { sku });
}

async function insert(query: Query, sellerId: string, productId: string, product: NewProduct): Promise<void> {
  const cheapest = Math.min(...product.variants.map((variant) => variant.price.amount));
  const inserted = await query(
    `INSERT INTO products (product_id, seller_id, title, description, brand, category, attributes, images,
       price_amount, currency) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
     ON CONFLICT (product_id) DO NOTHING RETURNING 1`,
    [
      productId,
      sellerId,
      product.title,
      product.description,
      product.brand,
      product.category,
      JSON.stringify(product.attributes),
      JSON.stringify(product.images),
      cheapest,
      product.variants[0]!.price.currency,
    ],
  );
  // The id is ours alone, so it was a repeat of this very request.
  if (inserted.length === 0) return;
  const rows = product.variants.map(({ sku, options, price, stock }, position) => ({
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

/** Writes the change and answers whether the actors must be told of it. */
async function update(query: Query, row: Row, change: ProductChange): Promise<boolean> {
  const changes = change.variants ?? [];
  for (const [i, { sku }] of changes.entries()) {
    if (!row.variants.some((variant) => variant.sku === sku))
      throw invalid(`/variants/${i}/sku`, 'must be a variant of this product');
  }
  const bySku = new Map(changes.map((variant) => [variant.sku, variant]));
  const before = fromRow(row);
  const variants = before.variants.map((variant) => ({ ...variant, ...bySku.get(variant.sku) }));
  if (bySku.size !== changes.length) checkVariants(changes);
  checkVariants(variants);

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
  const told = variants.map((variant, i) => {
    const { price } = before.variants[i]!;
    const isStale =
      after.title !== before.title ||
      variant.price.amount !== price.amount ||
      variant.price.currency !== price.currency;
    return {
      sku: variant.sku,
      options: variant.options,
      amount: variant.price.amount,
      currency: variant.price.currency,
      isStale,
    };
  });
  await query(
    `UPDATE variants SET options = v.options, price_amount = v.amount, currency = v.currency,
       actor_state = CASE WHEN v."isStale" AND actor_state = 'current' THEN 'stale' ELSE actor_state END
     FROM jsonb_to_recordset($1) AS v(sku text, options jsonb, amount bigint, currency text, "isStale" boolean)
     WHERE variants.sku = v.sku`,
    [JSON.stringify(told)],
  );
  return told.some((variant) => variant.isStale);
}
