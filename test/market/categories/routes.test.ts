import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { routes as accountRoutes } from '../../../src/market/accounts/routes.ts';
import { routes as auditRoutes } from '../../../src/market/audit/routes.ts';
import { routes as productRoutes } from '../../../src/market/catalog/routes.ts';
import { slugOf } from '../../../src/market/categories/paths.ts';
import { routes as categoryRoutes } from '../../../src/market/categories/routes.ts';
import type { CategoryNode } from '../../../src/market/categories/schemas.ts';
import { openDatabase } from '../../../src/persistence/database.ts';
import { startTestServer, type TestServer } from '../../gateway/harness.ts';
import { type TestDatabase, testDatabase } from '../../persistence/support.ts';

let database: TestDatabase;
let server: TestServer;
let admin: string;
let seller: string;

beforeAll(async () => {
  database = await testDatabase();
  server = await startTestServer({
    routes: [...accountRoutes, ...productRoutes, ...categoryRoutes, ...auditRoutes],
    database: openDatabase(database.pool),
  });
  admin = await server.bearer('admin');
  const { body } = await server.call('POST', '/v1/auth/register', {
    body: { email: 'seller@example.com', password: 'correct horse', name: 'Seller', role: 'seller' },
  });
  seller = `Bearer ${body.accessToken}`;
});
afterAll(async () => {
  await server.stop(1_000);
  await database.close();
});

let skus = 0;
async function list(category: string, change: object = {}): Promise<string> {
  const variants = [{ sku: `C-${++skus}`, price: { amount: 1_000, currency: 'USD' }, stock: 1 }];
  const body = { title: 'Thing', category, variants, ...change };
  const made = await server.call('POST', '/v1/products', { token: seller, body });
  expect(made.status).toBe(201);
  return made.body.productId;
}
const act = (method: string, path: string, body?: object, token = admin) =>
  server.call(method, path, { token, ...(body && { body }) });
const create = async (name: string, parentId?: string): Promise<CategoryNode> => {
  const { status, body } = await act('POST', '/v1/categories', { name, ...(parentId && { parentId }) });
  expect([name, status]).toEqual([name, 201]);
  return body;
};
const idsOf = async (query: string) => {
  const { body } = await server.call('GET', `/v1/products?limit=100&${query}`);
  return body.items.map(({ productId }: { productId: string }) => productId).sort();
};
/** Without following. */
const raw = (path: string) => fetch(server.url + path, { redirect: 'manual' });
const read = async (slug: string): Promise<CategoryNode> =>
  (await server.call('GET', `/v1/categories/${encodeURIComponent(slug)}`)).body;

describe('the tree', () => {
  test('grows with the paths of listings, and counts active products with those of the branches', async () => {
    await list('Garden>Tools');
    await list('Garden > Tools > Spades');
    await list('Garden', { status: 'draft' });
    const garden = await read('garden');
    expect(garden).toMatchObject({
      ...{ name: 'Garden', path: 'Garden', slug: 'garden', productCount: 2 },
      children: [
        {
          ...{ name: 'Tools', path: 'Garden > Tools', slug: 'garden-tools', productCount: 2 },
          children: [{ name: 'Spades', productCount: 1, children: [] }],
        },
      ],
    });
    const { body } = await server.call('GET', '/v1/categories');
    expect(body.items.find(({ name }: CategoryNode) => name === 'Garden')).toEqual(garden);
  });

  test('is changed by admins alone, and refuses what cannot be', async () => {
    expect((await act('POST', '/v1/categories', { name: 'X' }, seller)).body.code).toBe('forbidden');
    const books = await create('Books');
    const novels = await create('Novels', books.categoryId);
    expect(novels.path).toBe('Books > Novels');
    const refused = async (method: string, path: string, body?: object) => {
      const answer = await act(method, path, body);
      return [answer.status, answer.body.code];
    };
    const one = `/v1/categories/${books.categoryId}`;
    expect(await refused('POST', '/v1/categories', { name: 'Books' })).toEqual([409, 'category_exists']);
    expect(await refused('POST', '/v1/categories', { name: 'a > b' })).toEqual([400, 'validation_failed']);
    const unknown = 'cat_00000000-0000-4000-8000-000000000000';
    expect(await refused('POST', '/v1/categories', { name: 'Y', parentId: unknown })).toEqual([
      404,
      'not_found',
    ]);
    expect(await refused('PATCH', one, { parentId: novels.categoryId })).toEqual([409, 'category_cycle']);
    expect(await refused('PATCH', one, { parentId: books.categoryId })).toEqual([409, 'category_cycle']);
    expect(await refused('PATCH', one, { name: 'Garden' })).toEqual([409, 'category_exists']);
    expect(await refused('DELETE', one)).toEqual([409, 'category_not_empty']);
    expect(await refused('PATCH', `/v1/categories/${unknown}`, { name: 'Y' })).toEqual([404, 'not_found']);
    await list('Books > Novels');
    expect(await refused('DELETE', `/v1/categories/${novels.categoryId}`)).toEqual([
      409,
      'category_not_empty',
    ]);
    const empty = await create('Empty');
    expect((await act('DELETE', `/v1/categories/${empty.categoryId}`)).status).toBe(204);
    expect(await refused('DELETE', `/v1/categories/${empty.categoryId}`)).toEqual([404, 'not_found']);
  });
});

describe('a category that is moved or renamed', () => {
  test('takes its branches and products along, answers under its former slugs with 301, and the feed hears of it', async () => {
    const productId = await list('Music > Vinyl > Jazz');
    const vinyl = await read('music-vinyl');
    const { rows: seen } = await database.pool.query('SELECT max(position) AS position FROM feed');
    const moved = await act('PATCH', `/v1/categories/${vinyl.categoryId}`, {
      name: 'Records',
      parentId: null,
    });
    expect(moved.body).toMatchObject({ path: 'Records', slug: 'records', productCount: 1 });
    expect((await server.call('GET', `/v1/products/${productId}`)).body.category).toBe('Records > Jazz');
    const { rows } = await database.pool.query(
      `SELECT topic, key, type FROM feed WHERE position > $1 AND topic = 'item'`,
      [seen[0].position],
    );
    expect(rows).toEqual([{ topic: 'item', key: productId, type: 'ItemUpdated' }]);
    for (const [former, present] of [
      ['music-vinyl', 'records'],
      ['music-vinyl-jazz', 'records-jazz'],
    ]) {
      const answer = await raw(`/v1/categories/${former}`);
      expect([answer.status, answer.headers.get('location')]).toEqual([301, `/v1/categories/${present}`]);
      const listed = await raw(`/v1/products?category=${former}&limit=3`);
      expect([listed.status, listed.headers.get('location')]).toEqual([
        301,
        `/v1/products?limit=3&category=${present}`,
      ]);
    }
    expect(await idsOf('category=records')).toEqual([productId]);
    expect(await idsOf(`category=${encodeURIComponent('Records > Jazz')}`)).toEqual([productId]);
    expect(await idsOf('category=Music')).toEqual([]);
    // And back: the slug is the present one again.
    const music = await read('music');
    await act('PATCH', `/v1/categories/${vinyl.categoryId}`, { name: 'Vinyl', parentId: music.categoryId });
    expect((await raw('/v1/categories/music-vinyl')).status).toBe(200);
    expect((await raw('/v1/categories/records')).headers.get('location')).toBe('/v1/categories/music-vinyl');
  });

  test('shares no slug with another one', async () => {
    const one = await create('Bits & Bobs');
    const other = await create('Bits, Bobs');
    expect(one.slug).toBe('bits-bobs');
    expect(other.slug).toMatch(/^bits-bobs-[0-9a-f]{12}$/);
    expect((await read(other.slug)).name).toBe('Bits, Bobs');
  });
});

test('slugs are letters and digits of any script', () => {
  expect(['Électronique > Télés', 'Спорт', '家電 > 冷蔵庫', '***'].map(slugOf)).toEqual([
    ...['electronique-teles', 'спорт', '家電-冷蔵庫', 'category'],
  ]);
});

test('what administrators make of the tree is in the audit trail, and what changes nothing is not', async () => {
  const { categoryId } = await create('Audited');
  const path = `/v1/categories/${categoryId}`;
  expect((await act('PATCH', path, { name: 'Audited anew' })).status).toBe(200);
  expect((await act('PATCH', path, { name: 'Audited anew' })).status).toBe(200);
  expect((await act('POST', '/v1/categories', { name: 'Audited anew' })).status).toBe(409);
  expect((await act('DELETE', path)).status).toBe(204);
  const { body } = await act('GET', `/v1/admin/audit?target=${categoryId}`);
  const seen = body.items.map(({ action, actor, details }: Record<string, object>) => [
    action,
    actor,
    details,
  ]);
  const actor = { accountId: expect.stringMatching(/^acc_/), role: 'admin' };
  expect(seen).toEqual([
    ['category.removed', actor, { path: 'Audited anew' }],
    ['category.changed', actor, { path: 'Audited anew' }],
    ['category.created', actor, { path: 'Audited' }],
  ]);
});
