import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../../../src/gateway/handling.ts';
import { routes as accountRoutes } from '../../../src/market/accounts/routes.ts';
import { routes as cartRoutes } from '../../../src/market/cart/routes.ts';
import { routes as productRoutes } from '../../../src/market/catalog/routes.ts';
import { routes as pricingRoutes } from '../../../src/market/pricing/routes.ts';
import { openDatabase } from '../../../src/persistence/database.ts';
import { type CallOptions, startTestServer, type TestServer } from '../../gateway/harness.ts';
import { type TestDatabase, testDatabase, until } from '../../persistence/support.ts';

let database: TestDatabase;
let server: TestServer;
let seller: string;
let nowMs = Date.now();
beforeAll(async () => {
  database = await testDatabase();
  server = await startTestServer({
    routes: [...accountRoutes, ...productRoutes, ...pricingRoutes, ...cartRoutes],
    ...{ database: openDatabase(database.pool), now: () => nowMs },
    env: { RATE_ACCOUNT_BURST: '10000' },
  });
  seller = (await register('seller')).token;
});
afterAll(async () => {
  await server.stop(1_000);
  await database.close();
});

let registered = 0;
async function register(role = 'buyer') {
  const email = `cart-${++registered}@example.com`;
  const credentials = { email, password: 'correct horse' };
  const { body } = await server.call('POST', '/v1/auth/register', {
    body: { ...credentials, name: 'Ann', role },
  });
  return { credentials, token: `Bearer ${body.accessToken}`, accountId: body.account.accountId as string };
}
const guest = () => server.bearer('guest');

let made = 0;
async function product(stock: number, price = { amount: 1_000, currency: 'USD' }, images: string[] = []) {
  const sku = `CART-${++made}`;
  const body = { title: `Thing ${made}`, category: 'Home', images, variants: [{ sku, price, stock }] };
  const { body: shown, status } = await server.call('POST', '/v1/products', { token: seller, body });
  expect(status).toBe(201);
  return { sku, path: `/v1/products/${shown.productId}`, productId: shown.productId as string };
}

const read = (token: string) => server.call('GET', '/v1/cart', { token });
const add = (token: string, sku: string, quantity = 1, headers: CallOptions['headers'] = {}) =>
  server.call('POST', '/v1/cart/items', { token, body: { sku, quantity }, headers });
const usd = (amount: number) => ({ amount, currency: 'USD' });

describe('a cart', () => {
  test('of a guest is empty, then has what was added', async () => {
    const token = await guest();
    const before = await read(token);
    expect(before.status).toBe(200);
    expect(before.headers.get('cache-control')).toBe('no-store');
    expect(before.body).toEqual({
      cartId: expect.stringMatching(/^crt_/),
      ...{ currency: null, items: [], couponCodes: [], subtotal: usd(0), discount: usd(0) },
      ...{ itemCount: 0, version: 0, expiresAt: null },
    });
    const { sku, productId } = await product(20, usd(1_250), ['https://example.com/a.webp']);
    const added = await add(token, sku, 2);
    expect([added.status, added.body.code]).toEqual([200, undefined]);
    expect(added.body).toMatchObject({
      ...{ currency: 'USD', itemCount: 2, subtotal: usd(2_500), discount: usd(0) },
      items: [
        {
          ...{ sku, productId, title: `Thing ${made}`, imageUrl: 'https://example.com/a.webp', quantity: 2 },
          ...{ unitPrice: usd(1_250), priceAtAdd: usd(1_250), priceChanged: false, lineTotal: usd(2_500) },
          ...{ available: 20, availability: 'ok' },
        },
      ],
    });
    expect(Date.parse(added.body.expiresAt)).toBe(nowMs + 30 * 24 * 3_600_000);
    expect((await read(token)).body).toEqual(added.body);
    const changed = await server.call('PUT', `/v1/cart/items/${sku}`, { token, body: { quantity: 5 } });
    expect(changed.body.itemCount).toBe(5);
    const removed = await server.call('DELETE', `/v1/cart/items/${sku}`, { token });
    expect([removed.status, removed.body.items, removed.body.currency]).toEqual([200, [], null]);
    expect((await server.call('DELETE', `/v1/cart/items/${sku}`, { token })).status).toBe(200);
    const gone = await server.call('PUT', `/v1/cart/items/${sku}`, { token, body: { quantity: 5 } });
    expect([gone.status, gone.body.code]).toEqual([404, 'not_found']);
  });

  test('says what changed since: the price, the units, and that it is gone', async () => {
    const token = await guest();
    const { sku, path } = await product(12);
    await add(token, sku, 3);
    await server.call('PATCH', path, { token: seller, body: { variants: [{ sku, price: usd(1_100) }] } });
    expect((await read(token)).body.items[0]).toMatchObject({
      ...{ unitPrice: usd(1_100), priceAtAdd: usd(1_000), priceChanged: true, lineTotal: usd(3_300) },
      availability: 'ok',
    });
    const take = (delta: number) =>
      server.shards.ask('sku', sku, {
        ...{ type: 'AdjustStock', adjustmentId: `a${delta}`, delta, reason: 'test', sellerId: null },
      });
    await take(-4);
    expect((await read(token)).body.items[0]).toMatchObject({ available: 8, availability: 'low' });
    await take(-6);
    expect((await read(token)).body.items[0]).toMatchObject({ available: 2, availability: 'insufficient' });
    await server.call('PATCH', path, { token: seller, body: { status: 'archived' } });
    expect((await read(token)).body.items[0]).toMatchObject({ available: 0, availability: 'gone' });
    const again = await add(token, sku);
    expect([again.status, again.body.code]).toEqual([404, 'unknown_sku']);
  });

  test('takes the id of a product with one variant for its SKU', async () => {
    const token = await guest();
    const { sku, productId } = await product(2);
    expect((await add(token, productId)).body.items).toMatchObject([{ sku }]);
    const removed = await server.call('DELETE', `/v1/cart/items/${productId}`, { token });
    expect(removed.body.items).toEqual([]);
  });

  test('takes more than there is, and marks it', async () => {
    const token = await guest();
    const { sku } = await product(2);
    const { status, body } = await add(token, sku, 3);
    expect([status, body.items[0].availability, body.items[0].available]).toEqual([200, 'insufficient', 2]);
  });

  test('has limits, and refuses what is no quantity and no SKU', async () => {
    const token = await guest();
    const { sku } = await product(500);
    const refused = async (quantity: unknown, name: unknown = sku) => {
      const body = { sku: name, quantity };
      const answer = await server.call('POST', '/v1/cart/items', { token, body });
      return [answer.status, answer.body.code];
    };
    expect(await refused(0)).toEqual([400, 'validation_failed']);
    expect(await refused(1.5)).toEqual([400, 'validation_failed']);
    expect(await refused(1, 'no such thing')).toEqual([400, 'validation_failed']);
    expect(await refused(1, 'NO-SUCH-THING')).toEqual([404, 'unknown_sku']);
    expect(await refused(100)).toEqual([409, 'quantity_limit']);
    await add(token, sku, 99);
    const more = await add(token, sku, 1);
    expect([more.status, more.body.code, more.body.limit]).toEqual([409, 'quantity_limit', 99]);
    const variants = Array.from({ length: 99 }, (_, n) => ({ sku: `MANY-${n}`, price: usd(100), stock: 1 }));
    await server.call('POST', '/v1/products', {
      token: seller,
      body: { title: 'Many', category: 'Home', variants },
    });
    for (const each of variants) expect((await add(token, each.sku)).status).toBe(200);
    const full = await add(token, (await product(1)).sku);
    expect([full.status, full.body.code, full.body.limit]).toEqual([409, 'cart_full', 100]);
    const emptied = await server.call('DELETE', '/v1/cart', { token });
    expect([emptied.status, emptied.body.items]).toEqual([200, []]);
  });

  test('is changed on the base of what was seen', async () => {
    const token = await guest();
    const { sku } = await product(5);
    const first = await add(token, sku);
    const tag = first.headers.get('etag')!;
    expect((await add(token, sku, 1, { 'if-match': tag })).status).toBe(200);
    const stale = [
      await add(token, sku, 1, { 'if-match': tag }),
      await server.call('PUT', `/v1/cart/items/${sku}`, {
        token,
        body: { quantity: 4 },
        headers: { 'if-match': tag },
      }),
      await server.call('DELETE', `/v1/cart/items/${sku}`, { token, headers: { 'if-match': tag } }),
      await server.call('DELETE', '/v1/cart', { token, headers: { 'if-match': `W/${tag}` } }),
    ];
    for (const { status, body } of stale) expect([status, body.code]).toEqual([412, 'stale_version']);
    const present = await read(token);
    expect(present.body.itemCount).toBe(2);
    const known = { token, headers: { 'if-none-match': present.headers.get('etag')! } };
    expect((await server.call('GET', '/v1/cart', known)).status).toBe(304);
  });

  test('adds once, however often the same keyed request comes', async () => {
    const token = await guest();
    const { sku } = await product(50);
    const headers = { 'idempotency-key': 'add-1' };
    const answers = [await add(token, sku, 2, headers), await add(token, sku, 2, headers)];
    expect(answers.map(({ body }) => body.itemCount)).toEqual([2, 2]);
    expect(answers[1]!.headers.get('idempotency-replayed')).toBe('true');
    const other = await add(token, sku, 3, headers);
    expect([other.status, other.body.code]).toEqual([422, 'idempotency_key_reused']);
  });

  test('loses none of many edits at once', async () => {
    const token = await guest();
    const goods = await Promise.all([product(99), product(99), product(99)]);
    await Promise.all(Array.from({ length: 60 }, (_, n) => add(token, goods[n % 3]!.sku)));
    expect((await read(token)).body.items.map((item: { quantity: number }) => item.quantity)).toEqual([
      20, 20, 20,
    ]);
  });

  test('is over after 30 days', async () => {
    const accountId = newId('account');
    const { body } = await add(await server.bearer('guest', accountId), (await product(5)).sku);
    nowMs += 30 * 24 * 3_600_000;
    // The token is a new one: it lives for a day.
    const later = await read(await server.bearer('guest', accountId));
    nowMs -= 30 * 24 * 3_600_000;
    expect(later.body).toMatchObject({ items: [], currency: null, expiresAt: null });
    expect(later.body.version).toBeGreaterThan(body.version);
  });

  test('has one currency', async () => {
    const token = await guest();
    const choose = (currency: string) =>
      server.call('PUT', '/v1/cart/currency', { token, body: { currency } });
    expect((await choose('USD')).body.currency).toBe('USD');
    const { sku } = await product(5);
    await add(token, sku);
    const unrated = await add(token, (await product(5, { amount: 900, currency: 'ISK' })).sku);
    expect([unrated.status, unrated.body.code]).toEqual([422, 'no_exchange_rate']);
    expect((await choose('XXX')).status).toBe(400);
    expect((await choose('USD')).status).toBe(200);
  });

  test('exchanges what is priced in others, at the rates of its beginning', async () => {
    const token = await guest();
    const admin = await server.bearer('admin');
    const put = (rates: object) =>
      server.call('PUT', '/v1/exchange-rates', { token: admin, body: { base: 'USD', rates } });
    expect((await put({ EUR: '0.8' })).status).toBe(200);
    // A gateway may go on with the table that it has read for five seconds.
    const chosen = await until(async () => {
      const answer = await server.call('PUT', '/v1/cart/currency', { token, body: { currency: 'EUR' } });
      return answer.status === 200 ? answer : null;
    });
    expect(chosen.body.currency).toBe('EUR');
    expect((await put({ EUR: '0.5' })).status).toBe(200);
    const { body } = await add(token, (await product(5)).sku, 2);
    expect(body).toMatchObject({
      exchangeRate: { USD: '0.8' },
      items: [{ priceAtAdd: { amount: 800, currency: 'EUR' }, unitPrice: { amount: 800 } }],
      subtotal: { amount: 1_600, currency: 'EUR' },
    });
  });

  test('asks for a token', async () => {
    expect((await server.call('GET', '/v1/cart')).status).toBe(401);
    const { status } = await server.call('POST', '/v1/cart/items', { body: { sku: 'A', quantity: 1 } });
    expect(status).toBe(401);
  });
});

describe('a coupon code', () => {
  const define = (code: string, change: object = {}) =>
    server.shards.ask('coupon', code, {
      ...{ type: 'DefineCoupon', kind: 'coupon' },
      terms: {
        ...{
          sellerId: null,
          discount: { kind: 'percent', basisPoints: 1_000 },
          limit: null,
          limitPerBuyer: null,
        },
        ...{ startsAtMs: null, endsAtMs: null, minimumSubtotal: null, stackable: true, priority: 0 },
        scope: { skus: null, categories: null, sellerId: null },
        ...change,
      },
    });
  const put = (token: string, code: string) => server.call('PUT', `/v1/cart/coupons/${code}`, { token });

  test('takes off what an order would take off', async () => {
    await define('SAVE10');
    const token = await guest();
    await add(token, (await product(9)).sku, 3);
    const shown = await put(token, 'save10');
    expect([shown.status, shown.body.code]).toEqual([200, undefined]);
    expect(shown.body).toMatchObject({ couponCodes: ['SAVE10'], subtotal: usd(3_000), discount: usd(300) });
    expect((await put(token, 'SAVE10')).body.version).toBe(shown.body.version);
    const removed = await server.call('DELETE', '/v1/cart/coupons/SAVE10', { token });
    expect(removed.body).toMatchObject({ couponCodes: [], discount: usd(0) });
  });

  test('that does not apply says why', async () => {
    await define('LATER', { startsAtMs: nowMs + 1_000 });
    await define('ELSEWHERE', { scope: { skus: ['OTHER'], categories: null, sellerId: null } });
    await define('RICH', { minimumSubtotal: usd(5_000) });
    await define('NONE', { limit: 1 });
    await server.shards.ask('coupon', 'NONE', { type: 'TakeCoupon', orderId: 'ord_1', buyerId: 'acc_1' });
    await define('ALONE', { stackable: false });
    await define('FIRST');
    const token = await guest();
    await add(token, (await product(9)).sku, 3);
    const refused = async (code: string) => {
      const { status, body } = await put(token, code);
      return [status, body.code, body.reason];
    };
    expect(await refused('UNKNOWN-CODE')).toEqual([404, 'unknown_coupon', undefined]);
    expect(await refused('x')).toEqual([404, 'unknown_coupon', undefined]);
    expect(await refused('LATER')).toEqual([409, 'coupon_not_applicable', 'not_started']);
    expect(await refused('ELSEWHERE')).toEqual([409, 'coupon_not_applicable', 'scope']);
    expect(await refused('RICH')).toEqual([409, 'coupon_not_applicable', 'minimum_subtotal']);
    expect(await refused('NONE')).toEqual([409, 'coupon_exhausted', undefined]);
    expect((await put(token, 'FIRST')).status).toBe(200);
    expect(await refused('ALONE')).toEqual([409, 'coupon_not_applicable', 'not_stackable']);
  });
});

test('a guest’s cart is in the account’s after the sign-in', async () => {
  const buyer = await register();
  const [both, own, guests] = await Promise.all([product(200), product(5), product(5)]);
  await add(buyer.token, both.sku, 60);
  await add(buyer.token, own.sku, 1);
  const { body: visitor } = await server.call('POST', '/v1/auth/guest');
  const token = `Bearer ${visitor.accessToken}`;
  await add(token, both.sku, 60);
  await add(token, guests.sku, 2);
  const signIn = () =>
    server.call('POST', '/v1/auth/login', {
      body: { ...buyer.credentials, guestToken: visitor.accessToken },
    });
  expect((await signIn()).status).toBe(200);
  const quantities = async () =>
    (await read(buyer.token)).body.items.map((item: { sku: string; quantity: number }) => [
      item.sku,
      item.quantity,
    ]);
  expect(await quantities()).toEqual([
    [both.sku, 99],
    [own.sku, 1],
    [guests.sku, 2],
  ]);
  expect((await read(token)).body.items).toEqual([]);
  expect((await signIn()).status).toBe(200);
  expect(await quantities()).toEqual([
    [both.sku, 99],
    [own.sku, 1],
    [guests.sku, 2],
  ]);
});

test('a guest who registers keeps the cart', async () => {
  const { body: visitor } = await server.call('POST', '/v1/auth/guest');
  const { sku } = await product(5);
  await add(`Bearer ${visitor.accessToken}`, sku, 2);
  const body = { email: 'keeps@example.com', password: 'correct horse', name: 'Gus', role: 'buyer' };
  const registered = await server.call('POST', '/v1/auth/register', {
    body,
    token: `Bearer ${visitor.accessToken}`,
  });
  expect((await read(`Bearer ${registered.body.accessToken}`)).body.itemCount).toBe(2);
});
