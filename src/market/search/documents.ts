/** Copies of the catalogue's rows, as engines get them. */
import type { Database, Query } from '../../persistence/database.ts';
import type { Removal, SearchDocument } from './engine.ts';

interface Row {
  product_id: string;
  is_public: boolean;
  title: string;
  description: string;
  brand: string;
  category: string;
  tags: string[];
  attributes: SearchDocument['attributes'];
  price_amount: string;
  currency: string;
  rating: string;
  rating_count: number;
  in_stock: boolean;
  seller_id: string;
  created_at: Date;
}

const selection = `SELECT p.product_id, p.is_public, p.title, p.description, p.brand, c.path AS category, p.tags,
    p.attributes, p.price_amount, p.currency, p.rating, p.rating_count, p.in_stock, p.seller_id, p.created_at
  FROM products p JOIN categories c USING (category_id)`;

const documentOf = (row: Row, version: number): SearchDocument => ({
  productId: row.product_id,
  version,
  title: row.title,
  description: row.description,
  brand: row.brand,
  category: row.category,
  tags: row.tags,
  attributes: row.attributes,
  price: { amount: Number(row.price_amount), currency: row.currency },
  rating: Number(row.rating),
  reviewCount: row.rating_count,
  inStock: row.in_stock,
  sellerId: row.seller_id,
  createdAtMs: row.created_at.getTime(),
});

/**
 * Drawn in a statement of its own, before the rows are read in another: so whatever was committed before a copy with a
 * greater number was read is in it.
 */
async function drawVersion(query: Query): Promise<{ version: number; horizon: bigint }> {
  const [row] = await query<{ version: string; horizon: string }>(
    `SELECT nextval('search_versions') AS version, pg_snapshot_xmin(pg_current_snapshot())::text AS horizon`,
  );
  return { version: Number(row!.version), horizon: BigInt(row!.horizon) };
}

export interface Copies {
  readonly documents: readonly SearchDocument[];
  /** Those that are not public, or not there. */
  readonly removals: readonly Removal[];
  /** What transactions before this one wrote was seen. */
  readonly horizon: bigint;
}

/** The present rows of these products. */
export async function readCopies({ query }: Database, productIds: readonly string[]): Promise<Copies> {
  const { version, horizon } = await drawVersion(query);
  const rows = await query<Row>(`${selection} WHERE p.product_id = ANY($1) AND p.is_public`, [productIds]);
  const documents = rows.map((row) => documentOf(row, version));
  const isFound = new Set(documents.map(({ productId }) => productId));
  const removals = productIds.filter((id) => !isFound.has(id)).map((productId) => ({ productId, version }));
  return { documents, removals, horizon };
}

/** All public products in the order of their ids, from behind one on. While a batch is used, the next one is read. */
export async function* readAllCopies(
  { query }: Database,
  batch: number,
  behind = '',
): AsyncGenerator<readonly SearchDocument[]> {
  const readBehind = async (after: string) => {
    const { version } = await drawVersion(query);
    const rows = await query<Row>(
      `${selection} WHERE p.product_id > $1 AND p.is_public ORDER BY p.product_id LIMIT $2`,
      [after, batch],
    );
    return rows.map((row) => documentOf(row, version));
  };
  for (let reading = readBehind(behind); ; ) {
    const documents = await reading;
    if (documents.length === 0) return;
    reading = readBehind(documents.at(-1)!.productId);
    // It is awaited when the next batch is asked for, if ever.
    reading.catch(() => {});
    yield documents;
  }
}
