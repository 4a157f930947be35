/** Kept pages of two gateways on one database: nobody is shown for long what is not so any more. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { routes as accountRoutes } from '../../../src/market/accounts/routes.ts';
import { routes as productRoutes } from '../../../src/market/catalog/routes.ts';
import { routes as categoryRoutes } from '../../../src/market/categories/routes.ts';
import { followCatalog, shownPagesOf } from '../../../src/market/categories/shown-index.ts';
import { openDatabase } from '../../../src/persistence/database.ts';
import { startTestServer, type TestServer } from '../../gateway/harness.ts';
import { type TestDatabase, testDatabase, until } from '../../persistence/support.ts';

let database: TestDatabase;
let here: TestServer;
let there: TestServer;
let stops: (() => void)[];
let seller: string;

beforeAll(async () => {
  database = await testDatabase();
  const routes = [...accountRoutes, ...productRoutes, ...categoryRoutes];
  const start = () => startTestServer({ routes, database: openDatabase(database.pool) });
  [here, there] = await Promise.all([start(), start()]);
  stops = [followCatalog(here.services), followCatalog(there.services)];
  const { body } = await here.call('POST', '/v1/auth/register', {
    body: { email: 'seller@example.com', password: 'correct horse', name: 'Seller', role: 'seller' },
  });
  seller = `Bearer ${body.accessToken}`;
});
afterAll(async () => {
  for (const stop of stops) stop();
  await Promise.all([here.stop(1_000), there.stop(1_000)]);
  await database.close();
});

let skus = 0;
async function make() {
  const variants = [{ sku: `K-${++skus}`, price: { amount: 1_000, currency: 'USD' }, stock: 20 }];
  const body = { title: 'Old', description: 'x'.repeat(2_000), category: 'Home', variants };
  const made = await here.call('POST', '/v1/products', { token: seller, body });
  return { path: made.headers.get('location')!, productId: made.body.productId as string };
}
const hitsOf = ({ services }: TestServer) => {
  const { products, lists } = shownPagesOf(services);
  return products.hits + lists.hits;
};
/** Asks until the answer comes from the kept ones. */
async function keep(server: TestServer, path: string) {
  return until(async () => {
    const before = hitsOf(server);
    const answer = await server.call('GET', path);
    return hitsOf(server) > before ? answer : null;
  });
}
const titleOf = async (server: TestServer, path: string) => (await server.call('GET', path)).body.title;

test('a change is shown at once where it was made, and by the other gateway in a moment', async () => {
  const { path, productId } = await make();
  const list = '/v1/products?sort=title&limit=5';
  for (const server of [here, there]) {
    expect((await keep(server, path)).body).toMatchObject({ productId, title: 'Old' });
    expect((await keep(server, list)).body.items[0].title).toBe('Old');
  }
  const changed = await here.call('PATCH', path, { token: seller, body: { title: 'New' } });
  expect(changed.status).toBe(200);
  expect(await titleOf(here, path)).toBe('New');
  expect((await here.call('GET', list)).body.items[0].title).toBe('New');
  // The seller may have come to the other gateway.
  expect((await there.call('GET', path, { token: seller })).body.title).toBe('New');
  await until(async () => (await titleOf(there, path)) === 'New', 5_000);
  await until(async () => (await there.call('GET', list)).body.items[0].title === 'New', 5_000);
});

test('what is known is 304, compressed when asked, and public', async () => {
  const { path } = await make();
  const kept = await keep(here, path);
  const etag = kept.headers.get('etag')!;
  expect(kept.headers.get('content-encoding')).toMatch(/^(?:br|gzip)$/);
  expect(kept.headers.get('cache-control')).toBe('public, max-age=5');
  const plain = await here.call('GET', path, { headers: { 'accept-encoding': 'identity' } });
  expect([plain.headers.get('content-encoding'), plain.body]).toEqual([null, kept.body]);
  expect(etag.startsWith(plain.headers.get('etag')!.slice(0, -1))).toBe(true);
  for (const tag of [etag, plain.headers.get('etag')!])
    expect((await here.call('GET', path, { headers: { 'if-none-match': tag } })).status).toBe(304);
});

test('what is taken out is gone, and a draft never gets in', async () => {
  const { path } = await make();
  await keep(there, path);
  await here.call('PATCH', path, { token: seller, body: { status: 'draft' } });
  expect((await here.call('GET', path)).status).toBe(404);
  expect((await here.call('GET', path, { token: seller })).status).toBe(200);
  expect((await here.call('GET', path)).status).toBe(404);
  await until(async () => (await there.call('GET', path)).status === 404, 5_000);
});

test('a category that is moved is moved for everybody', async () => {
  const { path, productId } = await make();
  const tree = await keep(there, '/v1/categories');
  const { categoryId } = tree.body.items.find(({ name }: { name: string }) => name === 'Home');
  await keep(there, path);
  const token = await here.bearer('admin');
  const moved = await here.call('PATCH', `/v1/categories/${categoryId}`, { token, body: { name: 'House' } });
  expect(moved.status).toBe(200);
  expect((await here.call('GET', path)).body).toMatchObject({ productId, category: 'House' });
  await until(async () => (await there.call('GET', path)).body.category === 'House', 5_000);
  await until(async () => (await there.call('GET', '/v1/categories')).body.items[0].name === 'House', 5_000);
});
