/** Puts made-up products into the tables of a server, past its API, and has it make the search index. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import pg from 'pg';
import { repository } from '../baselines/server.ts';
import { type MadeProduct, product } from './products.ts';

const batch = 5_000;
const run = promisify(execFile);

export interface Filled {
  readonly fillSeconds: number;
  readonly indexSeconds: number;
  /** In MB: the copies, their index, the rest. */
  readonly sizes: { readonly copies: number; readonly words: number; readonly other: number };
}

export async function fill(databaseUrl: string, sellerId: string, count: number): Promise<Filled> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const startedAtMs = performance.now();
    for (let from = 0; from < count; from += batch) {
      const products = Array.from({ length: Math.min(batch, count - from) }, (_, i) => product(from + i));
      await insert(client, sellerId, products);
    }
    await client.query('ANALYZE products, variants, categories');
    const filledAtMs = performance.now();
    process.stderr.write(`S11: ${count} products in ${((filledAtMs - startedAtMs) / 1_000).toFixed(0)} s\n`);
    await run(process.execPath, ['src/cli/reindex.ts'], {
      cwd: repository,
      env: { PATH: process.env.PATH, DATABASE_URL: databaseUrl },
    });
    await client.query('CHECKPOINT');
    return {
      fillSeconds: (filledAtMs - startedAtMs) / 1_000,
      indexSeconds: (performance.now() - filledAtMs) / 1_000,
      sizes: await sizesOf(client),
    };
  } finally {
    await client.end();
  }
}

/** Without stock levels: those are compared with actors, which there are none of. */
async function insert(client: pg.Client, sellerId: string, products: readonly MadeProduct[]): Promise<void> {
  const rows = JSON.stringify(products);
  const made = `jsonb_to_recordset($1::jsonb) AS r("productId" text, sku text, title text, description text, brand text,
    category text, tags jsonb, colour text, "priceAmount" bigint, rating numeric, stock bigint)`;
  await client.query('BEGIN');
  await client.query(
    `INSERT INTO categories (category_id, name, path)
     SELECT 'cat_' || gen_random_uuid(), category, category FROM (SELECT DISTINCT category FROM ${made}) AS c
     ON CONFLICT (path) DO NOTHING`,
    [rows],
  );
  await client.query(
    `INSERT INTO products (product_id, seller_id, title, description, brand, category_id, attributes, images, tags,
       price_amount, currency, rating, rating_count, in_stock)
     SELECT "productId", $2, title, description, brand, c.category_id, jsonb_build_object('colour', colour), '[]',
       ARRAY(SELECT jsonb_array_elements_text(tags)), "priceAmount", 'USD', rating, (rating > 0)::int, stock > 0
     FROM ${made} JOIN categories c ON c.path = r.category`,
    [rows, sellerId],
  );
  await client.query(
    `INSERT INTO variants (sku, product_id, seller_id, position, options, price_amount, currency, initial_stock, actor_state)
     SELECT sku, "productId", $2, 0, '{}', "priceAmount", 'USD', stock, 'current' FROM ${made}`,
    [rows, sellerId],
  );
  await client.query('COMMIT');
}

async function sizesOf(client: pg.Client): Promise<Filled['sizes']> {
  const { rows } = await client.query<{ name: string; mb: number }>(
    `SELECT c.relname AS name, pg_table_size(c.oid) / 1048576.0::float8 AS mb FROM pg_class c
     WHERE c.relname LIKE 'search\\_%' AND c.relkind IN ('r', 'i')`,
  );
  const sum = (is: (name: string) => boolean) =>
    rows.filter(({ name }) => is(name)).reduce((mb, row) => mb + Number(row.mb), 0);
  const copies = (name: string) => name === 'search_documents';
  const words = (name: string) => name === 'search_documents_words';
  return { copies: sum(copies), words: sum(words), other: sum((name) => !copies(name) && !words(name)) };
}
