/** "Only 3 left": what the sku's events make of the stock levels, the feed, and what lists are filtered by. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SkuEvent } from '../../../src/actors/sku/events.ts';
import { routes as accountRoutes } from '../../../src/market/accounts/routes.ts';
import { routes as productRoutes } from '../../../src/market/catalog/routes.ts';
import { createJob } from '../../../src/market/catalog/stock-job.ts';
import { projection } from '../../../src/market/inventory/projection.ts';
import { openDatabase } from '../../../src/persistence/database.ts';
import { startTestServer, type TestServer } from '../../gateway/harness.ts';
import { type TestDatabase, testDatabase } from '../../persistence/support.ts';

let database: TestDatabase;
let server: TestServer;
let seller: { token: string; accountId: string };

beforeAll(async () => {
  database = await testDatabase();
  server = await startTestServer({
    routes: [...accountRoutes, ...productRoutes],
    database: openDatabase(database.pool),
  });
  const { body } = await server.call('POST', '/v1/auth/register', {
    body: { email: 'seller@example.com', password: 'correct horse', name: 'Seller', role: 'seller' },
  });
  seller = { token: `Bearer ${body.accessToken}`, accountId: body.account.accountId };
});
afterAll(async () => {
  await server.stop(1_000);
  await database.close();
});

const price = { amount: 1_000, currency: 'USD' };
const sku = 'LEFT-1';
const atMs = Date.now();
const adjusted = (delta: number): SkuEvent => ({
  type: 'StockAdjusted',
  adjustmentId: 'a',
  delta,
  reason: 'x',
  atMs,
});

async function project(...events: SkuEvent[]): Promise<void> {
  const client = await database.pool.connect();
  await projection.project(
    client,
    events.map((event) => ({ kind: 'sku', key: sku, event })),
  );
  client.release();
}

const factsOf = async (topic: string) =>
  (
    await database.pool.query(
      `SELECT body->'available' AS left, key FROM feed WHERE topic = $1 AND type <> 'ItemCreated'
    ORDER BY position`,
      [topic],
    )
  ).rows;
const listed = async (query: string) =>
  (await server.call('GET', `/v1/products?${query}`)).body.items.map(
    (item: { productId: string }) => item.productId,
  );

test('people are told how many are left when they are few, and lists follow', async () => {
  const stopping = new AbortController().signal;
  const job = createJob({ pool: database.pool });
  await job.round(stopping);
  const variants = [{ sku, price, stock: 40 }];
  const made = await server.call('POST', '/v1/products', {
    token: seller.token,
    body: { title: 'Lamp', category: 'Home', variants },
  });
  const { productId } = made.body;
  const path = `/v1/products/${productId}`;
  const shown = async () => {
    const [{ inStock, stockLevel, left }] = (await server.call('GET', path)).body.variants;
    return { inStock, stockLevel, left };
  };
  await project({
    type: 'SkuRegistered',
    productId,
    sellerId: seller.accountId,
    title: 'Lamp',
    price,
    stock: 40,
    atMs,
  });
  expect(await shown()).toEqual({ inStock: true, stockLevel: 'high', left: undefined });
  await job.round(stopping);
  expect(await listed('inStock=true')).toEqual([productId]);
  await project(adjusted(-10));
  const before = await factsOf('item');
  expect(before).toEqual([{ left: 40, key: productId }]);
  // A sale's units change nothing of what is left for others, once they are set aside.
  await project({
    type: 'AllotmentOpened',
    saleId: 's',
    quantity: 15,
    price,
    purchaseLimit: 1,
    holdSeconds: 1,
    atMs,
  });
  await project({
    type: 'HoldPlaced',
    holdId: 'h',
    saleId: 's',
    buyerId: 'b',
    ticketNumber: 1,
    quantity: 5,
    expiresAtMs: 1,
    atMs,
  });
  expect(await factsOf('item')).toEqual(before);
  await project(adjusted(-5));
  expect(await shown()).toEqual({ inStock: true, stockLevel: 'low', left: 10 });
  await project(adjusted(-7), adjusted(-3));
  expect(await shown()).toEqual({ inStock: false, stockLevel: 'none', left: 0 });
  expect((await factsOf('item')).map(({ left }) => left)).toEqual([40, 10, 0]);
  await job.round(stopping);
  expect([await listed('inStock=true'), await listed('inStock=false')]).toEqual([[], [productId]]);
  await project(adjusted(50));
  await job.round(stopping);
  expect(await listed('inStock=true')).toEqual([productId]);
  expect(await factsOf('shelf')).toEqual([1, 2, 3].map(() => ({ left: null, key: productId })));
  expect((await factsOf('item')).map(({ left }) => left)).toEqual([40, 10, 0, 50]);
});

test('a job that the feed does not know any more looks at every product', async () => {
  await database.pool.query('DELETE FROM feed_checkpoints');
  await database.pool.query('UPDATE products SET in_stock = NOT in_stock');
  expect(await listed('inStock=true')).toEqual([]);
  await createJob({ pool: database.pool }).round(new AbortController().signal);
  expect(await listed('inStock=true')).toHaveLength(1);
});
