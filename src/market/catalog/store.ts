/**
 * The catalogue: products and their variants. What is for sale and how many is the sku actors' business; this table
 * says what a product is, and `registration.ts` sends it to the actors.
 *
 * 1. A SKU belongs to one product for ever; a deleted product is archived and keeps its SKUs.
 * 2. A row is written before its actor is asked, and says what the actor does not know yet, so that a crash in between
 *    is mended by asking again.
 * 3. Creating is repeatable under one product id.
 */

import { perGateway } from '../../gateway/route.ts';
import { limitDefault } from '../../gateway/schemas.ts';
import { type CursorPart, decodeCursor, idPart, numberPart, pageOf } from '../../persistence/cursor.ts';
import type { Database, Query } from '../../persistence/database.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import { Registration } from './registration.ts';
import {
  checkPrices,
  checkVariants,
  columns,
  fromRow,
  insertProduct,
  normaliseCategory,
  type ProductRow,
  skuTaken,
  updateProduct,
} from './rows.ts';
import type { NewProduct, Product, ProductChange, ProductFilter, ProductSort } from './schemas.ts';

const notFound = () => new DoorbusterError('not_found', 'No such product');

interface SortOrder {
  readonly orderBy: string;
  /** Rows after the cursor's key $1, $2. */
  readonly after: string;
  /** What a cursor's key is made of. */
  readonly parts: readonly CursorPart[];
  keyOf(row: ProductRow): (string | number)[];
}

const productId = idPart('product');
const amount = numberPart(1_000_000_000_000);
const rating = numberPart(5, 2);

/** Every order ends with the id, so that no two rows are equal and pages neither repeat nor miss one. */
const sorts: Readonly<Record<ProductSort, SortOrder>> = {
  newest: {
    orderBy: 'p.product_id DESC',
    after: 'p.product_id < $1',
    parts: [productId],
    keyOf: (row) => [row.product_id],
  },
  price_asc: {
    orderBy: 'p.price_amount, p.product_id',
    after: '(p.price_amount, p.product_id) > ($1::numeric, $2)',
    parts: [amount, productId],
    keyOf: (row) => [Number(row.price_amount), row.product_id],
  },
  price_desc: {
    orderBy: 'p.price_amount DESC, p.product_id DESC',
    after: '(p.price_amount, p.product_id) < ($1::numeric, $2)',
    parts: [amount, productId],
    keyOf: (row) => [Number(row.price_amount), row.product_id],
  },
  rating: {
    orderBy: 'p.rating DESC, p.product_id DESC',
    after: '(p.rating, p.product_id) < ($1::numeric, $2)',
    parts: [rating, productId],
    keyOf: (row) => [Number(row.rating), row.product_id],
  },
};

/** What a SKU is called wherever it is shown outside the catalogue. */
export interface CatalogueEntry {
  readonly productId: string;
  readonly title: string;
  readonly imageUrl: string | null;
}

export class Catalog {
  readonly #database: Database;
  readonly #registration: Registration;

  constructor(database: Database, registration: Registration) {
    this.#database = database;
    this.#registration = registration;
  }

  /** Refuses with `sku_taken` {sku}, `validation_failed`, `busy` (its SKUs are registered later: repeat with the same id). */
  async create(sellerId: string, productId: string, product: NewProduct): Promise<Product> {
    checkVariants(product.variants);
    checkPrices(product.variants);
    const category = normaliseCategory(product.category);
    await this.#database.transaction((query) =>
      insertProduct(query, sellerId, productId, { ...product, category }),
    );
    const { isCurrent, refused } = await this.#registration.register(productId);
    if (refused !== null) {
      // The SKU has an actor but no row, because the tables are older than the journal. The actor decides.
      await this.#database.query('DELETE FROM products WHERE product_id = $1', [productId]);
      throw skuTaken(refused);
    }
    if (!isCurrent) {
      throw new DoorbusterError(
        'busy',
        'The SKUs are not registered yet: repeat with the same Idempotency-Key',
      );
    }
    return this.read(productId);
  }

  /** Refuses with `not_found`. */
  async read(productId: string): Promise<Product> {
    return fromRow(await rowOf((text, values) => this.#database.query(text, values), productId));
  }

  /** By SKU; also of what was taken out of the catalogue since. */
  async entriesOf(skus: readonly string[]): Promise<Map<string, CatalogueEntry>> {
    const rows = await this.#database.query<CatalogueEntry & { sku: string }>(
      `SELECT v.sku, p.product_id AS "productId", p.title, p.images->>0 AS "imageUrl"
       FROM variants v JOIN products p ON p.product_id = v.product_id WHERE v.sku = ANY($1)`,
      [skus],
    );
    return new Map(rows.map(({ sku, ...entry }) => [sku, entry]));
  }

  async list({ category, seller, sort = 'newest', cursor, limit = limitDefault }: ProductFilter) {
    const order = sorts[sort];
    const key = decodeCursor(cursor, sort, order.parts);
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
    const rows = await this.#database.query<ProductRow>(
      `SELECT ${columns} FROM products p WHERE ${conditions.join(' AND ')}
       ORDER BY ${order.orderBy} LIMIT ${value(limit + 1)}`,
      values,
    );
    const page = pageOf(rows, limit, sort, order.keyOf);
    return { items: page.rows.map(fromRow), nextCursor: page.nextCursor };
  }

  /** `sellerId` null: whoever the owner is. `versions` null: whatever the version. */
  async change(
    sellerId: string | null,
    productId: string,
    versions: readonly string[] | null,
    change: ProductChange,
  ): Promise<Product> {
    const mustRegister = await this.#database.transaction(async (query) =>
      updateProduct(query, await lockOwned(query, sellerId, productId, versions), change),
    );
    if (mustRegister) await this.#sendChange(productId);
    return this.read(productId);
  }

  /** Sent now when that works, else by the next round of the noun's job: the change itself is done. */
  async #sendChange(productId: string): Promise<void> {
    await this.#registration.register(productId).catch((error) => {
      if (!(error instanceof DoorbusterError)) throw error;
    });
  }

  async archive(
    sellerId: string | null,
    productId: string,
    versions: readonly string[] | null,
  ): Promise<void> {
    await this.#database.transaction(async (query) => {
      await lockOwned(query, sellerId, productId, versions);
      await query(
        'UPDATE products SET is_archived = true, version = version + 1, updated_at = now() WHERE product_id = $1',
        [productId],
      );
      await query(`UPDATE variants SET actor_state = 'stale' WHERE product_id = $1`, [productId]);
    });
    await this.#sendChange(productId);
  }
}

async function rowOf(query: Query, productId: string): Promise<ProductRow> {
  const [row] = await query<ProductRow>(
    `SELECT ${columns} FROM products p WHERE p.product_id = $1 AND NOT p.is_archived`,
    [productId],
  );
  if (!row) throw notFound();
  return row;
}

/** Locks the product's row for the owner's change. */
async function lockOwned(
  query: Query,
  sellerId: string | null,
  productId: string,
  versions: readonly string[] | null,
): Promise<ProductRow> {
  await query('SELECT 1 FROM products WHERE product_id = $1 FOR UPDATE', [productId]);
  const row = await rowOf(query, productId);
  if (sellerId !== null && row.seller_id !== sellerId) throw notFound();
  if (versions !== null && !versions.some((version) => Number(version.split('.', 1)[0]) === row.version))
    throw new DoorbusterError('stale_version', `The product is at version ${row.version}`, {
      version: row.version,
    });
  return row;
}

export const catalogOf = perGateway(
  ({ database, ask, log }) => new Catalog(database, new Registration(database, ask, log)),
);
