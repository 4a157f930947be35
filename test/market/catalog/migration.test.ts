/** A database of an earlier version: categories are texts, products are archived or not, keys have two collations. */
import { cp, glob, mkdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Pool } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newId } from '../../../src/gateway/handling.ts';
import { routes as productRoutes } from '../../../src/market/catalog/routes.ts';
import { routes as categoryRoutes } from '../../../src/market/categories/routes.ts';
import { auditChains } from '../../../src/ops/audit-provenance.ts';
import { openDatabase } from '../../../src/persistence/database.ts';
import { migrate } from '../../../src/persistence/migrate.ts';
import { openPool } from '../../../src/persistence/postgres.ts';
import { startTestServer, type TestServer } from '../../gateway/harness.ts';
import { type TestDatabase, temporaryFolder, testDatabase, testLog } from '../../persistence/support.ts';

const source = fileURLToPath(new URL('../../../src', import.meta.url));
const sellerId = newId('account');
let database: TestDatabase;
let folder: string;
let pool: Pool;
let server: TestServer;

async function sell(sku: string, category: string, isArchived: boolean, left: number): Promise<string> {
  const productId = newId('product');
  await pool.query(
    `INSERT INTO products (product_id, seller_id, title, description, brand, category, attributes, images, price_amount,
       currency, is_archived) VALUES ($1, $2, $3, '', 'Acme', $4, '{}', '["https://example.com/a.png"]', 500, 'USD', $5)`,
    [productId, sellerId, `Of ${category}`, category, isArchived],
  );
  await pool.query(
    `INSERT INTO variants (sku, product_id, position, options, price_amount, currency, initial_stock, actor_state)
     VALUES ($1, $2, 0, '{}', 500, 'USD', 9, 'current')`,
    [sku, productId],
  );
  await pool.query(
    `INSERT INTO stock_levels (sku, product_id, seller_id, on_hand, held, sold, allotted, updated_at)
     VALUES ($1, $2, $3, $4, 0, 0, 0, now())`,
    [sku, productId, sellerId, left],
  );
  return productId;
}

let phones: string;
let gone: string;
beforeAll(async () => {
  database = await testDatabase();
  folder = await temporaryFolder();
  await database.pool.query('CREATE DATABASE earlier');
  const url = new URL(database.url);
  url.pathname = '/earlier';
  for await (const file of glob('**/migrations/*.sql', { cwd: source })) {
    if (Number(basename(file).slice(0, 4)) > 17) continue;
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await cp(join(source, file), join(folder, file));
  }
  await migrate(url.href, testLog, folder);
  pool = openPool(url.href, { max: 4, name: 'earlier' });
  await pool.query(
    `INSERT INTO accounts (account_id, roles, email, name, password_hash) VALUES ($1, '{seller}', 'a@b.c', 'Ada', 'x')`,
    [sellerId],
  );
  phones = await sell('OLD-1', 'Electronics > Phones', false, 3);
  gone = await sell('OLD-2', 'Electronics', true, 9);
  await sell('OLD-3', 'electronics', false, 0);
  await sell('OLD-4', '家電', false, 9);
  await migrate(url.href, testLog);
  server = await startTestServer({
    routes: [...productRoutes, ...categoryRoutes],
    database: openDatabase(pool),
  });
});
afterAll(async () => {
  await server?.stop(1_000);
  await pool?.end();
  await database?.close();
  await rm(folder, { recursive: true, force: true });
});

test('products keep their category, price and stock; what was archived stays out of sight', async () => {
  const { body } = await server.call('GET', `/v1/products/${phones}`);
  expect(body).toMatchObject({
    ...{ title: 'Of Electronics > Phones', category: 'Electronics > Phones', status: 'active', tags: [] },
    seller: { sellerId, name: 'Ada', ratingAvg: null },
    images: [{ url: 'https://example.com/a.png' }],
    priceFrom: { amount: 500, currency: 'USD' },
    variants: [{ sku: 'OLD-1', stockLevel: 'low', left: 3 }],
  });
  expect((await server.call('GET', `/v1/products/${gone}`)).status).toBe(404);
  const listed = async (query: string) =>
    (await server.call('GET', `/v1/products?${query}`)).body.items.length;
  expect([await listed(''), await listed('inStock=true'), await listed('category=Electronics')]).toEqual([
    3, 2, 1,
  ]);
  const prices = await server.call('GET', `/v1/products/${phones}/prices`);
  expect(prices.body.items).toMatchObject([
    { sku: 'OLD-1', price: { amount: 500, currency: 'USD' }, to: null },
  ]);
});

test('categories became a tree, each with a slug of its own', async () => {
  const { body } = await server.call('GET', '/v1/categories');
  const slugs = body.items.map(({ path, slug }: { path: string; slug: string }) => [path, slug]);
  expect(slugs).toEqual([
    ['Electronics', 'electronics'],
    ['electronics', expect.stringMatching(/^electronics-[0-9a-f]{12}$/)],
    ['家電', expect.stringMatching(/^-?[0-9a-f]{12}$/)],
  ]);
  expect(body.items[0].children).toMatchObject([
    { path: 'Electronics > Phones', slug: 'electronics-phones' },
  ]);
});

test('a chain begins with the first change from now on, and the audit takes that', async () => {
  const before = await auditChains(pool);
  expect(before).toEqual({ mismatches: [], products: 0, changes: 0 });
  const token = await server.bearer('seller', sellerId);
  const changed = await server.call('PATCH', `/v1/products/${phones}`, { token, body: { brand: 'Zed' } });
  expect(changed.status).toBe(200);
  expect(await auditChains(pool)).toEqual({ mismatches: [], products: 1, changes: 1 });
});

test('no key of a table has another collation than "C"', async () => {
  const { rows } = await pool.query(
    `SELECT c.relname || '.' || a.attname AS name FROM pg_index i
       JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public'
       JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY(i.indkey)
       JOIN pg_collation o ON o.oid = a.attcollation
     WHERE o.collname <> 'C' AND a.attname ~ '(^sku$|_id$)' ORDER BY 1`,
  );
  expect(rows).toEqual([]);
});
