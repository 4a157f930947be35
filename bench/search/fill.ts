/** Puts made-up products into the tables of a server, past its API, and makes the search indexes. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import pg from 'pg';
import { readAllCopies } from '../../src/market/search/documents.ts';
import { connect, productsAlias } from '../../src/market/search/elasticsearch/connection.ts';
import { ElasticsearchIndex } from '../../src/market/search/elasticsearch/index.ts';
import { openDatabase } from '../../src/persistence/database.ts';
import { openPool } from '../../src/persistence/postgres.ts';
import { repository } from '../baselines/server.ts';
import { type MadeProduct, product } from './products.ts';

const batch = 5_000;
const run = promisify(execFile);

export interface Filled {
  readonly fillSeconds: number;
  readonly indexSeconds: number;
  /** In MB: rows, what is beside them, the indexes of words, the rest. */
  readonly sizes: Readonly<Record<'rows' | 'beside' | 'words' | 'other', number>>;
  /** null: there is no Elasticsearch. */
  readonly elasticsearch: { readonly seconds: number; readonly mb: number } | null;
}

export async function fill(
  databaseUrl: string,
  elasticsearchUrl: string | null,
  sellerId: string,
  count: number,
): Promise<Filled> {
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
    const indexSeconds = (performance.now() - filledAtMs) / 1_000;
    process.stderr.write(`S11: their index in ${indexSeconds.toFixed(0)} s\n`);
    await client.query('CHECKPOINT');
    return {
      fillSeconds: (filledAtMs - startedAtMs) / 1_000,
      indexSeconds,
      sizes: await sizesOf(client),
      elasticsearch:
        elasticsearchUrl === null ? null : await fillElasticsearch(databaseUrl, elasticsearchUrl),
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

async function fillElasticsearch(databaseUrl: string, url: string): Promise<Filled['elasticsearch']> {
  const pool = openPool(databaseUrl, { max: 1, name: 'bench' });
  try {
    const client = connect(url);
    const startedAtMs = performance.now();
    await new ElasticsearchIndex(client, productsAlias).indexAll(readAllCopies(openDatabase(pool), 500));
    const seconds = (performance.now() - startedAtMs) / 1_000;
    process.stderr.write(`S11: the index in Elasticsearch in ${seconds.toFixed(0)} s\n`);
    const { _all: all } = await client.indices.stats({ index: productsAlias, metric: 'store' });
    return { seconds, mb: (all.primaries?.store?.size_in_bytes ?? 0) / 1_048_576 };
  } finally {
    await pool.end();
  }
}

async function sizesOf(client: pg.Client): Promise<Filled['sizes']> {
  const { rows } = await client.query<{ name: string; own: number; all: number }>(
    `SELECT c.relname AS name, pg_relation_size(c.oid) / 1048576.0::float8 AS own,
       pg_table_size(c.oid) / 1048576.0::float8 AS all FROM pg_class c
     WHERE c.relname LIKE 'search\\_%' AND c.relkind IN ('r', 'i')`,
  );
  const sum = (is: (name: string) => boolean) =>
    rows.filter(({ name }) => is(name)).reduce((mb, row) => mb + Number(row.all), 0);
  const documents = rows.find(({ name }) => name === 'search_documents')!;
  const isOfWords = (name: string) => /^search_documents_(?:words|sample_\d+)$/.test(name);
  return {
    rows: Number(documents.own),
    beside: Number(documents.all) - Number(documents.own),
    words: sum(isOfWords),
    other: sum((name) => name !== 'search_documents' && !isOfWords(name)),
  };
}
