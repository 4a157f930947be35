/** Searches over HTTP: the catalogue's products, found by way of the feed. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { routes as accountRoutes } from '../../../src/market/accounts/routes.ts';
import { routes as productRoutes } from '../../../src/market/catalog/routes.ts';
import { SearchConsumer } from '../../../src/market/search/consumer.ts';
import { PostgresIndex } from '../../../src/market/search/postgres/writer.ts';
import { routes as searchRoutes } from '../../../src/market/search/routes.ts';
import { eraseViews, listViews, viewsOf } from '../../../src/market/views/store.ts';
import { openDatabase } from '../../../src/persistence/database.ts';
import { appendToFeed } from '../../../src/persistence/feed.ts';
import { startTestServer, type TestServer } from '../../gateway/harness.ts';
import { type TestDatabase, temporaryFolder, testDatabase, until } from '../../persistence/support.ts';

let database: TestDatabase;
let server: TestServer;
let consumer: SearchConsumer;
let token: string;
let nowMs = Date.now();
const productIds = new Map<string, string>();

const usd = (amount: number) => ({ amount, currency: 'USD' });
let skus = 0;

async function list(title: string, change: object = {}): Promise<string> {
  const body = {
    title,
    description: 'A plain thing.',
    brand: 'Acme',
    category: 'Things',
    variants: [{ sku: `SEARCH-${++skus}`, price: usd(5_000), stock: 3 }],
    ...change,
  };
  const made = await server.call('POST', '/v1/products', { token, body });
  expect(made.status).toBe(201);
  productIds.set(title, made.body.productId);
  return made.body.productId;
}
const follow = () => consumer.round(new AbortController().signal);
const search = (query: string, headers: Record<string, string> = {}) =>
  server.call('GET', `/v1/search?${query}`, { headers });
const titles = (body: { items: { title: string }[] }) => body.items.map(({ title }) => title);

beforeAll(async () => {
  database = await testDatabase();
  const synonymsFile = join(await temporaryFolder(), 'synonyms.txt');
  await writeFile(synonymsFile, 'lantern, lamp\n');
  const opened = openDatabase(database.pool);
  server = await startTestServer({
    routes: [...accountRoutes, ...productRoutes, ...searchRoutes],
    database: opened,
    env: { SYNONYMS_FILE: synonymsFile },
    now: () => nowMs,
  });
  consumer = new SearchConsumer(opened, new PostgresIndex(opened), 'search');
  const { body } = await server.call('POST', '/v1/auth/register', {
    body: { email: 'seller@example.com', password: 'correct horse', name: 'Seller', role: 'seller' },
  });
  token = `Bearer ${body.accessToken}`;
  await list('Brass lantern', {
    description: 'Burns <oil> & wax. A lantern for the garden.',
    brand: 'Lux, Inc.',
  });
  await list('Paper lantern', { variants: [{ sku: 'PAPER-1', price: usd(900), stock: 3 }], tags: ['party'] });
  await list('Telescope', { attributes: { colour: 'Black' }, category: 'Optics > Telescopes' });
  await follow();
});
afterAll(async () => {
  await server.stop(1_000);
  await database.close();
});

describe('a search', () => {
  test('finds the products of the catalogue, as the catalogue shows them', async () => {
    const { status, body, headers } = await search('q=lantern');
    expect(status).toBe(200);
    expect(titles(body).sort()).toEqual(['Brass lantern', 'Paper lantern']);
    expect(body).toMatchObject({ total: 2, isEstimate: false, didYouMean: null, nextCursor: null });
    const product = await server.call('GET', `/v1/products/${productIds.get('Paper lantern')}`);
    expect(body.items.find(({ title }: { title: string }) => title === 'Paper lantern')).toMatchObject({
      ...product.body,
      score: expect.any(Number),
    });
    expect(headers.get('search-engine')).toBe('postgres');
    expect(headers.get('search-degraded')).toBeNull();
    expect(headers.get('cache-control')).toBe('public, max-age=1');
  });

  test('shows hits as HTML that is safe', async () => {
    const { body } = await search('q=lantern%20brass');
    expect(body.items[0].highlights).toEqual({
      title: '<em>Brass</em> <em>lantern</em>',
      description: 'Burns &lt;oil&gt; &amp; wax. A <em>lantern</em> for the garden.',
    });
    const other = await search('q=telescope');
    expect(other.body.items[0].highlights.description).toBeNull();
  });

  test('says what was meant, in the words that were typed', async () => {
    const { body } = await search('q=a%20Lantrn%20of%20Bras%20');
    expect(body.didYouMean).toBe('a lantern of brass ');
    expect(titles(body)).toEqual(['Brass lantern']);
  });

  test('is narrowed by every filter of the contract', async () => {
    for (const [query, found] of [
      ['category=Optics', ['Telescope']],
      ['category=Optics%3ETelescopes', ['Telescope']],
      ['category=optics-telescopes', ['Telescope']],
      ['brand=Lux%5C,%20Inc.', ['Brass lantern']],
      ['brand=Nobody&brand=Lux%5C,%20Inc.', ['Brass lantern']],
      ['brand=Nobody,Acme', ['Telescope', 'Paper lantern']],
      ['priceMax=900', ['Paper lantern']],
      ['priceMin=901&q=lantern', ['Brass lantern']],
      ['attributes[colour]=black', ['Telescope']],
      ['attributes%5Bcolour%5D=black', ['Telescope']],
      ['ratingMin=1', []],
      ['ratingMin=4.987076556775669', []],
      ['currency=EUR&priceMin=0', []],
    ] as const) {
      const { body } = await search(query);
      expect([query, titles(body)]).toEqual([query, found]);
      expect(body.total).toBe(found.length);
    }
  });

  test('hears of what comes into stock', async () => {
    const found = async () => titles((await search('q=paper%20lantern&inStock=true')).body);
    expect(await found()).toEqual([]);
    const opened = openDatabase(database.pool);
    const key = productIds.get('Paper lantern')!;
    await opened.query('UPDATE products SET in_stock = true WHERE product_id = $1', [key]);
    await appendToFeed(opened.query, { topic: 'shelf', key, type: 'InStockChanged', body: {} });
    await follow();
    expect(await found()).toEqual(['Paper lantern']);
  });

  test('refuses what it cannot mean', async () => {
    for (const [query, path] of [
      [`q=${'x'.repeat(301)}`, '/q'],
      ['q=a&q=b', '/q'],
      ['sort=luck', '/sort'],
      ['priceMin=-1', '/priceMin'],
      ['ratingMin=6', '/ratingMin'],
      ['ratingMin=4.98707655677566912345', '/ratingMin'],
      ['attributes=red', '/attributes'],
      ['attributes[a]=b&attributes[a]=c', '/attributes/a'],
      ['limit=101', '/limit'],
      ['cursor=abc', '/cursor'],
      ['shape=round', '/shape'],
    ] as const) {
      const { status, body } = await search(query);
      expect([query, status, body.code, body.errors?.[0]?.path]).toEqual([
        query,
        400,
        'validation_failed',
        path,
      ]);
    }
    expect((await search(`q=${'x'.repeat(300)}`)).status).toBe(200);
  });

  test('has pages whose cursors are for this search only, and for ten minutes', async () => {
    const first = await search('q=lantern&limit=1');
    const { nextCursor } = first.body;
    const second = await search(`q=lantern&limit=1&cursor=${nextCursor}`);
    expect(titles({ items: [...first.body.items, ...second.body.items] }).sort()).toEqual([
      'Brass lantern',
      'Paper lantern',
    ]);
    expect(second.body.nextCursor).toBeNull();
    for (const other of ['q=lamp', 'q=lantern&sort=newest', 'q=lantern&inStock=true'])
      expect((await search(`${other}&cursor=${nextCursor}`)).body.code).toBe('validation_failed');
    nowMs += 10 * 60_000;
    expect((await search(`q=lantern&cursor=${nextCursor}`)).status).toBe(200);
    nowMs += 1;
    const late = await search(`q=lantern&cursor=${nextCursor}`);
    expect([late.status, late.body.code]).toEqual([400, 'cursor_expired']);
  });

  test('follows the catalogue: new, changed and archived products', async () => {
    const productId = await list('Sextant');
    expect((await search('q=sextant')).body.total).toBe(0);
    await follow();
    expect((await search('q=sextant')).body.total).toBe(1);
    const path = `/v1/products/${productId}`;
    await server.call('PATCH', path, { token, body: { title: 'Octant' } });
    await follow();
    expect([(await search('q=sextant')).body.total, (await search('q=octant')).body.total]).toEqual([0, 1]);
    await server.call('DELETE', path, { token });
    // Not shown from that moment on, and not counted when the index has heard of it.
    expect(titles((await search('q=octant')).body)).toEqual([]);
    await follow();
    expect((await search('q=octant')).body.total).toBe(0);
  });

  test('does not find a draft', async () => {
    await list('Astrolabe', { status: 'draft' });
    await follow();
    expect((await search('q=astrolabe')).body.total).toBe(0);
  });

  test('knows the synonyms of the file that is configured', async () => {
    expect(titles((await search('q=lamp%20')).body).length).toBe(2);
    expect((await search('q=spyglass%20')).body.total).toBe(0);
  });
});

describe('a personal search', () => {
  test('needs a token, and is nobody else’s to keep', async () => {
    expect((await search('personal=true')).status).toBe(401);
    const mine = await search('personal=true&q=lantern', { authorization: await server.bearer('buyer') });
    expect([mine.status, mine.headers.get('cache-control')]).toEqual([200, 'no-store']);
  });

  test('has earlier what the account looked at', async () => {
    const accountId = 'acc_01939f2a-7c00-7abc-8def-00000000beef';
    const authorization = await server.bearer('buyer', accountId);
    for (const title of ['Brass lantern', 'Paper lantern'] as const) {
      await database.pool.query('DELETE FROM product_views');
      const views = viewsOf(server.services);
      views.note(accountId, productIds.get(title)!);
      await views.write();
      nowMs = Date.now() + 1_000;
      const { body } = await search('personal=true&q=lantern', { authorization });
      expect(titles(body)[0]).toBe(title);
    }
  });

  test('an account has its latest fifty views', async () => {
    const views = viewsOf(server.services);
    const id = (n: number) => `prd_01939f2a-7c00-7abc-8def-${String(n).padStart(12, '0')}`;
    for (let n = 0; n < 60; n++) views.note('acc_many', id(n));
    await views.write();
    const { rows } = await database.pool.query(
      `SELECT count(*)::int AS n FROM product_views WHERE account_id = 'acc_many'`,
    );
    expect(rows[0].n).toBe(50);
    // In its export they are listed, and its erasure takes them.
    const { query } = openDatabase(database.pool);
    expect(await listViews(query, 'acc_many')).toHaveLength(50);
    await eraseViews(query, 'acc_many');
    expect(await listViews(query, 'acc_many')).toEqual([]);
  });
});

describe('suggestions', () => {
  test('are words, brands, categories and products by their titles', async () => {
    const { status, body, headers } = await server.call('GET', '/v1/suggest?q=tel');
    expect(status).toBe(200);
    expect(body.items).toEqual(
      expect.arrayContaining([
        { kind: 'query', text: 'telescope' },
        { kind: 'category', text: 'Optics > Telescopes' },
        { kind: 'product', text: 'Telescope', productId: productIds.get('Telescope') },
      ]),
    );
    expect(headers.get('search-engine')).toBe('postgres');
  });

  test('forgive a typing error, and know when to say nothing', async () => {
    const { body } = await server.call('GET', '/v1/suggest?q=telsco');
    expect(body.items).toContainEqual({ kind: 'query', text: 'telescope' });
    expect((await server.call('GET', '/v1/suggest?q=')).body).toEqual({ items: [] });
    expect((await server.call('GET', '/v1/suggest?q=lant&limit=1')).body.items).toHaveLength(1);
    expect((await server.call('GET', '/v1/suggest')).body.code).toBe('validation_failed');
  });
});

describe('the consumer', () => {
  test('reads the whole catalogue when the feed does not know it', async () => {
    await database.pool.query('TRUNCATE search_documents, search_lexicon, search_suggestions');
    await database.pool.query(`DELETE FROM feed_checkpoints WHERE consumer = 'search'`);
    const opened = openDatabase(database.pool);
    const fresh = new SearchConsumer(opened, new PostgresIndex(opened), 'search');
    expect(await fresh.round(new AbortController().signal)).toBeGreaterThanOrEqual(3);
    expect((await search('q=lantern')).body.total).toBe(2);
    expect(await fresh.round(new AbortController().signal)).toBe(0);
  });

  test('is heard of at the next round', async () => {
    await until(async () => (await search('q=telescope')).body.total === 1);
  });
});
