/**
 * The catalogue: products and their variants. What is for sale and how many is the sku actors' business; this table
 * says what a product is, and `registration.ts` tells the actors.
 *
 * 1. A SKU belongs to one product for ever; a deleted product is archived and keeps its SKUs.
 * 2. A row is written before its actor is told, and says what the actor does not know yet, so that a crash in between
 *    heals by asking again.
 * 3. Creating is repeatable under one product id.
 */

import { decodeCursor, encodeCursor } from '../../persistence/cursor.ts';
import type { Database, Query } from '../../persistence/database.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import type { Money } from '../../protocol/money.ts';
import type { Registration } from './registration.ts';
import {
  checkVariants,
  columns,
  fromRow,
  insertProduct,
  normaliseCategory,
  type ProductRow,
  skuTaken,
  updateProduct,
} from './rows.ts';

export interface Variant {
  readonly sku: string;
  readonly options: Readonly<Record<string, string>>;
  readonly price: Money;
}

export interface NewVariant extends Variant {
  /** Units on hand at the start. */
  readonly stock: number;
}

export interface Description {
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

const notFound = () => new DoorbusterError('not_found', 'No such product');
interface SortOrder {
  readonly orderBy: string;
  /** Rows after the cursor's key $1, $2. */
  readonly after: string;
  readonly types: readonly ('string' | 'number')[];
  keyOf(row: ProductRow): (string | number)[];
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
    const [row] = await database.query<ProductRow>(
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
  ): Promise<ProductRow> {
    await query('SELECT 1 FROM products WHERE product_id = $1 FOR UPDATE', [productId]);
    const [row] = await query<ProductRow>(
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
      await database.transaction((query) =>
        insertProduct(query, sellerId, productId, { ...product, category }),
      );
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
      const rows = await database.query<ProductRow>(
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
        return updateProduct(query, row, change);
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
