import { afterAll, beforeAll, expect, test } from 'vitest';
import { newId } from '../../../src/gateway/handling.ts';
import { routes as accountRoutes } from '../../../src/market/accounts/routes.ts';
import { routes as productRoutes } from '../../../src/market/catalog/routes.ts';
import { routes } from '../../../src/market/wishlists/routes.ts';
import { eraseWishlists } from '../../../src/market/wishlists/store.ts';
import { openDatabase } from '../../../src/persistence/database.ts';
import { startTestServer, type TestServer } from '../../gateway/harness.ts';
import { type TestDatabase, testDatabase } from '../../persistence/support.ts';

let database: TestDatabase;
let server: TestServer;
let skus: string[];
beforeAll(async () => {
  database = await testDatabase();
  server = await startTestServer({
    routes: [...accountRoutes, ...productRoutes, ...routes],
    database: openDatabase(database.pool),
    env: { RATE_ACCOUNT_BURST: '10000' },
  });
  const seller = await server.call('POST', '/v1/auth/register', {
    body: { email: 'seller@example.com', password: 'correct horse', name: 'Seller', role: 'seller' },
  });
  skus = ['WISH-1', 'WISH-2'];
  const variants = skus.map((sku, n) => ({ sku, price: { amount: 1_000, currency: 'USD' }, stock: n * 3 }));
  const body = { title: 'Wish', category: 'Home', variants };
  await server.call('POST', '/v1/products', { token: `Bearer ${seller.body.accessToken}`, body });
});
afterAll(async () => {
  await server.stop(1_000);
  await database.close();
});

const begin = (token: string, name = 'Birthday') =>
  server.call('POST', '/v1/wishlists', { token, body: { name } });

test('a wishlist is its owner’s, until a link is made', async () => {
  const [token, other] = [await server.bearer('guest'), await server.bearer('buyer')];
  const made = await begin(token);
  expect([made.status, made.body]).toMatchObject([201, { name: 'Birthday', isShared: false, items: [] }]);
  const path = `/v1/wishlists/${made.body.wishlistId}`;
  const wish = (sku: string, body: object = {}) =>
    server.call('POST', `${path}/items/${sku}`, { token, body });
  expect((await wish('WISH-1', { notifyWhenBack: true })).status).toBe(200);
  const { body: list } = await wish('WISH-2');
  expect(list.items).toMatchObject([
    { sku: 'WISH-2', title: 'Wish', price: { amount: 1_000 }, available: 3, notifyWhenBack: false },
    { sku: 'WISH-1', available: 0, isForSale: true, notifyWhenBack: true },
  ]);
  expect((await wish('WISH-2')).body.items).toHaveLength(2);
  const unknown = await wish('NO-SUCH');
  expect([unknown.status, unknown.body.code]).toEqual([404, 'unknown_sku']);
  const strangers = await Promise.all([
    server.call('POST', `${path}/items/WISH-1`, { token: other, body: {} }),
    server.call('DELETE', `${path}/items/WISH-1`, { token: other }),
    server.call('POST', `${path}/share`, { token: other }),
    server.call('DELETE', path, { token: other }),
  ]);
  expect(strangers.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
  const { url } = (await server.call('POST', `${path}/share`, { token })).body;
  const shared = new URL(url).pathname;
  const seen = await server.call('GET', shared);
  expect(seen.body).toMatchObject({ name: 'Birthday', items: [{ sku: 'WISH-2' }, { sku: 'WISH-1' }] });
  expect(JSON.stringify(seen.body)).not.toMatch(/acc_|wsh_|notify/);
  await server.call('POST', `${path}/share`, { token });
  expect((await server.call('GET', shared)).status).toBe(404);
  const less = await server.call('DELETE', `${path}/items/WISH-1`, { token });
  expect(less.body.items).toMatchObject([{ sku: 'WISH-2' }]);
  expect((await server.call('DELETE', path, { token })).status).toBe(204);
  expect((await server.call('GET', '/v1/wishlists', { token })).body.items).toEqual([]);
});

test('lists come in pages, and there are at most 20', async () => {
  const token = await server.bearer('guest');
  for (let n = 0; n < 20; n++) expect((await begin(token, `List ${n}`)).status).toBe(201);
  const full = await begin(token);
  expect([full.status, full.body.code, full.body.limit]).toEqual([409, 'wishlist_full', 20]);
  const names: string[] = [];
  let cursor = '';
  do {
    const { body } = await server.call('GET', `/v1/wishlists?limit=7${cursor}`, { token });
    names.push(...body.items.map(({ name }: { name: string }) => name));
    cursor = body.nextCursor === null ? '' : `&cursor=${body.nextCursor}`;
  } while (cursor !== '');
  expect(names).toEqual(Array.from({ length: 20 }, (_, n) => `List ${n}`));
});

test('lists go with their account', async () => {
  const accountId = newId('account');
  const token = await server.bearer('guest', accountId);
  const { wishlistId } = (await begin(token)).body;
  await server.call('POST', `/v1/wishlists/${wishlistId}/items/WISH-2`, { token, body: {} });
  await eraseWishlists(openDatabase(database.pool).query, accountId);
  const { rows } = await database.pool.query('SELECT 1 FROM wishlist_items WHERE wishlist_id = $1', [
    wishlistId,
  ]);
  expect(rows).toEqual([]);
});
