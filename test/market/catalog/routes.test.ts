import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readStock, registerSku } from '../../../src/actors/sku/commands.ts';
import { routes as accountRoutes } from '../../../src/market/accounts/routes.ts';
import { Registration } from '../../../src/market/catalog/registration.ts';
import { routes as productRoutes } from '../../../src/market/catalog/routes.ts';
import { type Catalog, catalogOf } from '../../../src/market/catalog/store.ts';
import { routes as inventoryRoutes } from '../../../src/market/inventory/routes.ts';
import { openDatabase } from '../../../src/persistence/database.ts';
import { startTestServer, type TestServer } from '../../gateway/harness.ts';
import { type TestDatabase, testDatabase } from '../../persistence/support.ts';

let database: TestDatabase;
let server: TestServer;
let catalog: Catalog;
let registration: Registration;
let seller: { token: string; accountId: string };
let rival: { token: string; accountId: string };

beforeAll(async () => {
  database = await testDatabase();
  server = await startTestServer({
    routes: [...accountRoutes, ...productRoutes, ...inventoryRoutes],
    database: openDatabase(database.pool),
  });
  catalog = catalogOf(server.services);
  registration = new Registration(openDatabase(database.pool), server.services.ask, () => {});
  [seller, rival] = await Promise.all([newSeller('seller'), newSeller('rival')]);
});
afterAll(async () => {
  await server.stop(1_000);
  await database.close();
});

async function newSeller(name: string) {
  const { body } = await server.call('POST', '/v1/auth/register', {
    body: { email: `${name}@example.com`, password: 'correct horse', name, role: 'seller' },
  });
  return { token: `Bearer ${body.accessToken}`, accountId: body.account.accountId as string };
}

const usd = (amount: number) => ({ amount, currency: 'USD' });
let skus = 0;
const newSku = () => `SKU-${++skus}`;
const product = (change: object = {}) => ({
  title: 'Console',
  description: 'It plays.',
  brand: 'Acme',
  category: 'Electronics>Consoles',
  attributes: { colour: 'black', ports: 3 },
  images: ['https://example.com/a.png', '/media/a.webp'],
  variants: [{ sku: newSku(), options: { size: 'L' }, price: usd(49_900), stock: 10 }],
  ...change,
});
const claim = (productId: string) => ({
  productId,
  identity: { accountId: seller.accountId, roles: ['seller'], sessionId: '', expiresAtMs: 0 } as const,
  versions: null,
});
const create = (body: object, token = seller.token, headers: Record<string, string> = {}) =>
  server.call('POST', '/v1/products', { token, body, headers });

describe('a new product', () => {
  test('is in the catalogue and its SKUs are with their actors', async () => {
    const body = product();
    const made = await create(body);
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({
      title: 'Console',
      category: 'Electronics > Consoles',
      sellerId: seller.accountId,
      attributes: { colour: 'black', ports: 3 },
      variants: [{ sku: body.variants[0]!.sku, options: { size: 'L' }, price: usd(49_900) }],
      ratingAvg: null,
      reviewCount: 0,
      status: 'active',
      seller: { sellerId: seller.accountId, name: 'seller', ratingAvg: null },
      priceFrom: usd(49_900),
      version: 1,
    });
    expect(made.headers.get('etag')).toMatch(/^"1\.\w+"$/);
    const path = made.headers.get('location')!;
    expect((await server.call('GET', path, { token: seller.token })).body).toEqual(made.body);
    const stock = await server.call('GET', `/v1/inventory/${body.variants[0]!.sku}`);
    expect(stock.body).toMatchObject({ onHand: 10, held: 0, sold: 0, available: 10 });
    expect(Date.parse(stock.body.asOf)).toBeGreaterThan(0);
  });

  test('cannot take a SKU that exists', async () => {
    const body = product();
    await create(body);
    const taken = await create(
      { ...product(), variants: [...product().variants, ...body.variants] },
      rival.token,
    );
    expect([taken.status, taken.body.code, taken.body.sku]).toEqual([
      409,
      'sku_taken',
      body.variants[0]!.sku,
    ]);
    // Nothing of the refused product was kept.
    const { body: page } = await server.call('GET', `/v1/products?seller=${rival.accountId}`);
    expect(page.items).toEqual([]);
  });

  test('raced for one SKU exists once', async () => {
    const body = product();
    const answers = await Promise.all([
      create(body),
      create(body, rival.token),
      create(body),
      create(body, rival.token),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409]);
  });

  test('needs a seller and sensible values', async () => {
    expect((await create(product(), await server.bearer('buyer'))).body.code).toBe('forbidden');
    for (const [path, change] of [
      ['/variants', { variants: [] }],
      ['/category', { category: 'A > > B' }],
      ['/images/0', { images: ['javascript:alert(1)'] }],
      ['/images/0', { images: ['//example.com/a.png'] }],
      ['/images/0', { images: ['/v1/me'] }],
      [
        '/variants/1/sku',
        {
          variants: [
            { sku: 'TW', price: usd(1), stock: 1 },
            { sku: 'TW', price: usd(1), stock: 1 },
          ],
        },
      ],
      [
        '/variants/1/price/currency',
        {
          variants: [
            { sku: 'A1', price: usd(1), stock: 1 },
            { sku: 'A2', price: { amount: 1, currency: 'EUR' }, stock: 1 },
          ],
        },
      ],
      ['/variants/0/stock', { variants: [{ sku: 'A1', price: usd(1), stock: -1 }] }],
      ['/variants/0/price/amount', { variants: [{ sku: 'A1', price: usd(1.5), stock: 1 }] }],
    ] as const) {
      const answer = await create(product(change));
      expect([path, answer.body.code, answer.body.errors?.[0].path]).toEqual([
        path,
        'validation_failed',
        path,
      ]);
    }
  });

  test('made while the engine is away is busy, and a repeat of the request makes the same one', async () => {
    const body = product();
    const key = { 'idempotency-key': 'product-1' };
    // The key is begun, then the shard of the SKU goes away.
    const { ask } = server.shards;
    server.shards.ask = async (kind, ...rest) =>
      kind === 'sku' ? { code: 'busy', body: null } : ask.call(server.shards, kind, ...rest);
    const busy = await create(body, seller.token, key);
    server.shards.ask = ask;
    expect([busy.status, busy.body.code]).toEqual([503, 'busy']);
    const made = await create(body, seller.token, key);
    expect([made.status, made.headers.get('idempotency-replayed')]).toEqual([201, null]);
    const { rows } = await database.pool.query('SELECT product_id FROM variants WHERE sku = $1', [
      body.variants[0]!.sku,
    ]);
    expect(rows).toEqual([{ product_id: made.body.productId }]);
  });
});

describe('a row whose actor was not sent it', () => {
  test('is sent by the next round, with what the row says by then', async () => {
    const body = product();
    server.shards.isAway = true;
    expect((await create(body)).status).toBe(503);
    const sku = body.variants[0]!.sku;
    const { rows } = await database.pool.query('SELECT product_id FROM variants WHERE sku = $1', [sku]);
    const productId = rows[0].product_id;
    await catalog.change(claim(productId), {
      title: 'Console 2',
      variants: [{ sku, price: usd(500) }],
    });
    server.shards.isAway = false;
    expect(await registration.registerPending()).toBeGreaterThan(0);
    expect(await registration.registerPending()).toBe(0);
    const { body: stock } = await server.services.ask(readStock, sku, {});
    expect(stock).toMatchObject({ productId, title: 'Console 2', price: usd(500), onHand: 10 });
  });

  test('whose answer was lost before a change of price ends with the new price', async () => {
    const body = product();
    const sku = body.variants[0]!.sku;
    const { ask } = server.shards;
    server.shards.ask = async (kind, ...rest) => {
      const answer = await ask.call(server.shards, kind, ...rest);
      return kind === 'sku' ? { code: 'busy', body: null } : answer;
    };
    expect((await create(body)).status).toBe(503);
    server.shards.ask = ask;
    const { rows } = await database.pool.query('SELECT product_id FROM variants WHERE sku = $1', [sku]);
    await catalog.change(claim(rows[0].product_id), {
      variants: [{ sku, price: usd(700) }],
    });
    await registration.registerPending();
    expect((await server.services.ask(readStock, sku, {})).body).toMatchObject({
      price: usd(700),
      onHand: 10,
    });
    expect(await registration.registerPending()).toBe(0);
  });

  test('whose actor belongs to another product is refused', async () => {
    const body = product();
    const sku = body.variants[0]!.sku;
    const other = { productId: 'prd_other', sellerId: 'acc_other', title: 'Old', price: usd(1), stock: 1 };
    await server.services.ask(registerSku, sku, other);
    server.logged.length = 0;
    const taken = await create(body);
    expect([taken.status, taken.body.code]).toEqual([409, 'sku_taken']);
    const { rows } = await database.pool.query('SELECT 1 FROM variants WHERE sku = $1', [sku]);
    expect(rows).toEqual([]);
  });
});

describe('case 03: a price that the provider cannot charge', () => {
  const wrong = [
    { amount: 100_000_000, currency: 'USD' },
    { amount: 49, currency: 'USD' },
    { amount: 5_124, currency: 'KWD' },
    { amount: 150, currency: 'MGA' },
    { amount: 1_000_000, currency: 'ISK' },
  ];
  const pathsOf = (body: { errors: { path: string }[] }) => body.errors.map(({ path }) => path);

  test('is refused for a new product, at the variant that has it', async () => {
    for (const price of wrong) {
      const { status, body } = await create(product({ variants: [{ sku: newSku(), price, stock: 1 }] }));
      expect([price, status, body.code]).toEqual([price, 400, 'validation_failed']);
      expect(pathsOf(body)).toEqual(['/variants/0/price/amount']);
    }
    const price = { amount: 1_000, currency: 'ZZZ' };
    const { status, body } = await create(product({ variants: [{ sku: newSku(), price, stock: 1 }] }));
    expect([status, pathsOf(body)]).toEqual([400, ['/variants/0/price/currency']]);
    expect((await create(product({ variants: [{ sku: newSku(), price: usd(0), stock: 1 }] }))).status).toBe(
      201,
    );
  });

  test('is refused in a change, and nothing of the change is done', async () => {
    const body = product();
    const path = (await create(body)).headers.get('location')!;
    const { sku } = body.variants[0]!;
    for (const price of wrong) {
      const change = { title: 'Changed', variants: [{ sku, price }] };
      const answer = await server.call('PATCH', path, { token: seller.token, body: change });
      expect([price, answer.status, pathsOf(answer.body)]).toEqual([
        price,
        400,
        ['/variants/0/price/amount'],
      ]);
    }
    expect((await server.call('GET', path)).body).toMatchObject({ title: 'Console', version: 1 });
  });
});

describe('a change', () => {
  test('counts the version up, reaches the actor, and needs the present version', async () => {
    const body = product();
    const sku = body.variants[0]!.sku;
    const path = (await create(body)).headers.get('location')!;
    const patch = (version: string, change: object, token = seller.token) =>
      server.call('PATCH', path, { token, body: change, headers: { 'if-match': version } });
    const first = await patch('"1"', { title: 'Console Pro', variants: [{ sku, price: usd(59_900) }] });
    expect([first.status, first.headers.get('etag'), first.body.variants[0].price.amount]).toEqual([
      200,
      expect.stringMatching(/^"2\.\w+"$/),
      59_900,
    ]);
    expect((await server.services.ask(readStock, sku, {})).body).toMatchObject({
      title: 'Console Pro',
      price: usd(59_900),
    });
    const stale = await patch('"1"', { title: 'Other' });
    expect([stale.status, stale.body.code, stale.body.version]).toEqual([412, 'stale_version', 2]);
    // A weak tag never matches, be it of the present version.
    const present = first.headers.get('etag')!;
    for (const tags of ['garbage', '', `W/${present}`, '"1", "9"'])
      expect([tags, (await patch(tags, { title: 'Other' })).status]).toEqual([tags, 412]);
    expect((await patch('*', { brand: 'Zed' })).headers.get('etag')).toMatch(/^"3\./);
    expect((await patch(`"1", ${present.replace('2', '3')}`, { brand: 'Yod' })).status).toBe(200);
    const removing = await server.call('DELETE', path, {
      token: seller.token,
      headers: { 'if-match': `W/"4"` },
    });
    expect(removing.body.code).toBe('stale_version');
    expect((await patch('"4"', { variants: [{ sku: 'NOT-MINE' }] })).body.errors[0].path).toBe(
      '/variants/0/sku',
    );
    expect((await patch('"4"', {})).body.code).toBe('validation_failed');
  });

  test('of another’s product finds none; an admin may', async () => {
    const path = (await create(product())).headers.get('location')!;
    const change = (token: string) => server.call('PATCH', path, { token, body: { brand: 'X' } });
    expect((await change(rival.token)).body.code).toBe('not_found');
    expect((await change(await server.bearer('admin'))).status).toBe(200);
    expect((await change(await server.bearer('buyer'))).body.code).toBe('forbidden');
  });

  test('raced on one version succeeds once', async () => {
    const path = (await create(product())).headers.get('location')!;
    const patch = (title: string) =>
      server.call('PATCH', path, { token: seller.token, body: { title }, headers: { 'if-match': '"1"' } });
    const statuses = (await Promise.all(['a', 'b', 'c', 'd'].map(patch))).map(({ status }) => status);
    expect(statuses.sort()).toEqual([200, 412, 412, 412]);
  });

  test('raced without versions leaves actor and row in agreement', async () => {
    const body = product();
    const sku = body.variants[0]!.sku;
    const path = (await create(body)).headers.get('location')!;
    await Promise.all(
      [100, 200, 300, 400, 500].map((amount) =>
        server.call('PATCH', path, {
          token: seller.token,
          body: { variants: [{ sku, price: usd(amount) }] },
        }),
      ),
    );
    await registration.registerPending();
    const { body: row } = await server.call('GET', path);
    expect((await server.services.ask(readStock, sku, {})).body).toMatchObject({
      price: row.variants[0].price,
    });
  });

  test('to the archive takes it out of the catalogue and keeps its SKU taken', async () => {
    const body = product();
    const path = (await create(body)).headers.get('location')!;
    const remove = (token: string, version: string) =>
      server.call('DELETE', path, { token, headers: { 'if-match': version } });
    expect((await remove(rival.token, '"1"')).status).toBe(404);
    expect((await remove(seller.token, '"2"')).status).toBe(412);
    expect((await remove(seller.token, '"1"')).status).toBe(204);
    expect((await server.call('GET', path)).status).toBe(404);
    const own = await server.call('GET', path, { token: seller.token });
    expect([own.status, own.body.status, own.headers.get('cache-control')]).toEqual([
      ...[200, 'archived', 'no-store'],
    ]);
    expect((await create({ ...product(), variants: body.variants })).body.code).toBe('sku_taken');
  });
});

describe('the list', () => {
  let owner: { token: string; accountId: string };
  beforeAll(async () => {
    owner = await newSeller('lister');
    const of = (title: string, category: string, amount: number) =>
      create(
        product({ title, category, variants: [{ sku: newSku(), price: usd(amount), stock: 1 }] }),
        owner.token,
      );
    await of('a', 'Toys', 300);
    await of('b', 'Toys > Cars', 100);
    await of('c', 'Toys > Cars > Red', 100);
    await of('d', 'Toys!', 50);
    await of('e', 'Toysmith', 400);
  });
  const titles = async (query: string) => {
    const { body } = await server.call('GET', `/v1/products?seller=${owner.accountId}&${query}`);
    return (body.items as { title: string }[]).map(({ title }) => title).join('');
  };

  test('comes in every order, a category with all below it and no other', async () => {
    expect(await titles('')).toBe('edcba');
    expect(await titles('sort=price_asc')).toBe('dbcae');
    expect(await titles('sort=price_desc')).toBe('eacbd');
    expect(await titles('sort=rating')).toBe('edcba');
    expect(await titles('category=Toys')).toBe('cba');
    expect(await titles('category=Toys%3ECars')).toBe('cb');
  });

  test('is paged without a gap or a repeat', async () => {
    for (const sort of ['newest', 'price_asc', 'price_desc', 'rating']) {
      let seen = '';
      let cursor = '';
      for (let pages = 0; pages < 10; pages++) {
        const { body } = await server.call(
          'GET',
          `/v1/products?seller=${owner.accountId}&sort=${sort}&limit=2${cursor}`,
        );
        seen += (body.items as { title: string }[]).map(({ title }) => title).join('');
        if (body.nextCursor === null) break;
        cursor = `&cursor=${body.nextCursor}`;
      }
      expect([sort, seen]).toEqual([sort, await titles(`sort=${sort}`)]);
    }
  });

  test('refuses a cursor that is not its own', async () => {
    const { body } = await server.call('GET', `/v1/products?seller=${owner.accountId}&limit=1`);
    const forged = (of: unknown) => Buffer.from(JSON.stringify(of)).toString('base64url');
    for (const cursor of [
      'x',
      forged(['newest']),
      forged(['price_asc', 'a', 'b']),
      forged(['price_asc', 1e300, 'b']),
    ]) {
      for (const sort of ['newest', 'price_asc']) {
        const answer = await server.call('GET', `/v1/products?sort=${sort}&cursor=${cursor}`);
        expect([cursor, answer.body.code]).toEqual([cursor, 'validation_failed']);
      }
    }
    const other = await server.call('GET', `/v1/products?sort=price_asc&cursor=${body.nextCursor}`);
    expect(other.body.code).toBe('validation_failed');
  });
});
