/**
 * Somebody leaves a running server: afterwards no table, journal, snapshot, mail or file has their name, address or e-mail.
 * The traces are looked for before as well, so that the search finds what is there.
 */
import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  startTestRedis,
  type TestDatabase,
  type TestRedis,
  testDatabase,
  whyNoRedis,
} from '../../persistence/support.ts';
import { openSite, type Site, waitFor } from '../../system/server.ts';
import {
  call,
  type Drop,
  expected,
  guest,
  holding,
  member,
  openDrop,
  type Person,
} from '../../system/shop.ts';

const without = whyNoRedis();
if (without) console.warn(`skipping erasure with the journal in Redis: ${without}`);
const password = 'a long password';

describe.each([
  ['PostgreSQL', false],
  ['Redis', true],
] as const)('whoever leaves, with the journal in %s,', (_, hasRedis) => {
  if (hasRedis && without) return test.skip('needs Redis', () => {});
  let stores: TestDatabase;
  let redis: TestRedis | null = null;
  let site: Site;
  let drop: Drop;
  beforeAll(async () => {
    stores = await testDatabase();
    redis = hasRedis ? await startTestRedis() : null;
    site = await openSite({ DATABASE_URL: stores.url, ...(redis ? { REDIS_URL: redis.url } : {}) });
    await site.start();
    drop = await openDrop(site.server, 20);
  });
  afterAll(async () => {
    const errors = site.server.errors();
    await site.close();
    await redis?.stop();
    await stores.close();
    expect(errors).toEqual([]);
  });

  /** Every place in which one of these texts stands, whatever the place is. */
  async function places(texts: readonly string[]): Promise<string[]> {
    const found = [...(await inTables(texts)), ...(await inFiles(site.dataDir, texts))];
    return redis ? [...found, ...(await inRedis(redis.url, texts))] : found;
  }

  async function inTables(texts: readonly string[]): Promise<string[]> {
    const { rows } = await stores.pool.query<{ table_name: string; column_name: string; data_type: string }>(
      `SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'public'`,
    );
    expect(rows.map(({ table_name }) => table_name)).toContain('journal_frames');
    const found: string[] = [];
    for (const { table_name: table, column_name: column, data_type: type } of rows) {
      const value = type === 'bytea' ? `"${column}"` : `convert_to("${column}"::text, 'UTF8')`;
      for (const text of texts) {
        const sql = `SELECT 1 FROM "${table}" WHERE position(convert_to($1, 'UTF8') IN ${value}) > 0 LIMIT 1`;
        if ((await stores.pool.query(sql, [text])).rows.length > 0) found.push(`${table}.${column}: ${text}`);
      }
    }
    return found;
  }

  async function someoneWithAPast() {
    const email = `leaving-${randomUUID()}@example.com`;
    const name = `Zuleika ${randomUUID().slice(0, 8)}`;
    const body = { email, password, name, role: 'buyer' };
    const { account, accessToken } = await expected(site.server, 'POST /v1/auth/register', 201, { body });
    const who: Person = { accountId: account.accountId, token: accessToken };
    const street = `${randomUUID().slice(0, 8)} Quince Crescent`;
    const city = `Ely-${randomUUID().slice(0, 8)}`;
    const address = { name, line1: street, city, postalCode: '73001', country: 'US' };
    await expected(site.server, 'POST /v1/me/addresses', 201, { who, body: address });
    const legalName = `${randomUUID().slice(0, 8)} Quince Ltd`;
    const payoutReference = `acct_${randomUUID().slice(0, 8)}`;
    const application = { legalName, country: 'US', payoutReference };
    await expected(site.server, 'POST /v1/sellers/apply', 201, { who, body: application });
    const holder = await holding(site.server, drop, who);
    const order = await expected(site.server, 'POST /v1/checkout', 201, {
      who,
      body: { holdIds: [holder.holdId], shippingAddress: address, paymentMethod: 'pm_card_visa' },
      headers: { 'idempotency-key': randomUUID() },
    });
    expect(order.shippingAddress).toEqual(address);
    const read = await expected(site.server, `GET /v1/orders/${order.orderId}`, 200, { who });
    expect(read.shippingAddress).toEqual(address);
    return {
      who,
      email,
      orderId: order.orderId as string,
      traces: [email, name, street, city, legalName, payoutReference],
    };
  }
  const leave = (who: Person, body: object = { currentPassword: password }) =>
    call(site.server, 'DELETE /v1/me', { who, body });
  const isDone = (accountId: string) =>
    waitFor(async () => {
      const { rows } = await stores.pool.query(
        'SELECT 1 FROM account_erasures WHERE account_id = $1 AND done_at IS NOT NULL',
        [accountId],
      );
      return rows.length > 0;
    }, 60_000);
  async function settle({ who, orderId }: { who: Person; orderId: string }) {
    await expected(site.server, `POST /v1/orders/${orderId}/cancel`, 200, { who });
    await waitFor(async () => {
      const { rows } = await stores.pool.query('SELECT status FROM orders WHERE order_id = $1', [orderId]);
      return rows[0]?.status === 'refunded';
    });
  }

  test('is forgotten everywhere within a minute', async () => {
    const person = await someoneWithAPast();
    const { who, email, traces } = person;
    await expected(site.server, 'POST /v1/me/export', 202, { who });
    await waitFor(async () => (await readdir(join(site.dataDir, 'mail')).catch(() => [])).length > 0);
    const before = await places(traces);
    expect(before).toEqual(
      expect.arrayContaining([`accounts.email: ${email}`, `accounts.name: ${traces[1]}`]),
    );
    expect(before.some((place) => place.startsWith('mail/'))).toBe(true);
    // The journal, snapshots, orders and kept answers never had them in plain text.
    const open = ['accounts', 'addresses', 'sellers', 'mails', 'mail/'];
    expect(before.filter((place) => !open.some((start) => place.startsWith(start)))).toEqual([]);

    const used = await leave(who);
    expect([used.status, used.body.code, used.body.reasons]).toEqual([
      409,
      'account_in_use',
      ['open_orders'],
    ]);
    await settle(person);
    expect((await leave(who, { currentPassword: 'not this one' })).body.code).toBe('invalid_credentials');
    expect((await leave(who, {})).body.code).toBe('invalid_credentials');
    expect((await leave(who)).status).toBe(202);

    // The address is free at once, and the password opens nothing.
    const login = await call(site.server, 'POST /v1/auth/login', { body: { email, password } });
    expect(login.body.code).toBe('invalid_credentials');
    const startedAtMs = performance.now();
    await isDone(who.accountId);
    expect(performance.now() - startedAtMs).toBeLessThan(60_000);
    const { rows } = await stores.pool.query('SELECT 1 FROM account_keys WHERE account_id = $1', [
      who.accountId,
    ]);
    expect(rows).toEqual([]);
    expect(await places(traces)).toEqual([]);
    const again = { email, password, name: 'Another', role: 'buyer' };
    const other = await expected(site.server, 'POST /v1/auth/register', 201, { body: again });
    expect(other.account.accountId).not.toBe(who.accountId);

    // The order is still there, for the books.
    const kept = await stores.pool.query(
      'SELECT buyer_id, total_amount::int AS total, shipping_address FROM orders WHERE order_id = $1',
      [person.orderId],
    );
    expect(kept.rows).toMatchObject([
      { buyer_id: who.accountId, total: 19_900, shipping_address: { country: 'US' } },
    ]);
    const gone = await waitFor(async () => {
      const answer = await call(site.server, 'GET /v1/me', { who });
      return answer.status === 401 ? answer : null;
    });
    expect(gone.body.code).toBe('invalid_token');
  });

  test('is forgotten by orders of an earlier version, too, which knew the address in plain text', async () => {
    const person = await someoneWithAPast();
    const { who, orderId, traces } = person;
    await settle(person);
    // As a row of before: the order's actor is asked to forget, and says so to its table.
    await stores.pool.query(`UPDATE orders SET shipping_address = $2 WHERE order_id = $1`, [
      orderId,
      { name: traces[1], line1: traces[2], country: 'US' },
    ]);
    expect(await inTables(traces)).toContain(`orders.shipping_address: ${traces[1]}`);
    expect((await leave(who)).status).toBe(202);
    await isDone(who.accountId);
    expect(await places(traces)).toEqual([]);
  });

  test('has a copy of everything before', async () => {
    const { who, email, orderId, traces } = await someoneWithAPast();
    const started = await call(site.server, 'POST /v1/me/export', { who });
    expect(started.status).toBe(202);
    const { exportId, url } = started.body;
    expect(started.headers.get('location')).toBe(`/v1/me/exports/${exportId}`);
    await waitFor(async () => {
      const { status } = await expected(site.server, `GET /v1/me/exports/${exportId}`, 200, { who });
      return status === 'done';
    });
    const copy = await expected(site.server, `GET ${url}`, 200, { who });
    expect(copy).toMatchObject({
      account: { email, name: traces[1] },
      addresses: [{ line1: traces[2], isDefault: true }],
      orders: [{ orderId, shippingAddress: { line1: traces[2] } }],
      hasAllOrders: true,
    });
    expect(copy.sessions.length).toBeGreaterThan(0);
    const stranger = await member(site.server, 'buyer');
    for (const path of [`/v1/me/exports/${exportId}`, url])
      expect((await call(site.server, `GET ${path}`, { who: stranger })).body.code).toBe('not_found');
    expect((await call(site.server, `GET ${url}`)).status).toBe(401);
    await stores.pool.query(`UPDATE account_exports SET expires_at = now() WHERE export_id = $1`, [exportId]);
    expect((await call(site.server, `GET ${url}`, { who })).body.code).toBe('not_found');
  });

  test('a guest leaves without a password, a seller not while a sale runs', async () => {
    const who = await guest(site.server);
    expect((await leave(who, {})).status).toBe(202);
    const refused = await leave(drop.seller);
    expect(refused.status).toBe(409);
    expect(refused.body.reasons).toContain('running_sales');
  });

  test('as a seller takes the listings along, and the name in every kept answer', async () => {
    const name = `Zuleika ${randomUUID().slice(0, 8)}`;
    const body = { email: `${randomUUID()}@example.com`, password, name, role: 'seller' };
    const { account, accessToken } = await expected(site.server, 'POST /v1/auth/register', 201, { body });
    const seller: Person = { accountId: account.accountId, token: accessToken };
    const sku = `SKU-${randomUUID()}`;
    const product = {
      ...{ title: 'Mug', category: 'Home' },
      variants: [{ sku, price: { amount: 900, currency: 'USD' }, stock: 3 }],
    };
    const key = () => ({ headers: { 'idempotency-key': randomUUID() } });
    const created = { who: seller, body: product, ...key() };
    const { productId } = await expected(site.server, 'POST /v1/products', 201, created);
    const another = { sku: `${sku}-L`, price: { amount: 950, currency: 'USD' }, stock: 1 };
    const added = { who: seller, body: another, ...key() };
    const path = `POST /v1/products/${productId}/variants`;
    expect((await expected(site.server, path, 201, added)).seller.name).toBe(name);
    // The same again is answered from what is kept.
    const repeated = await call(site.server, 'POST /v1/products', created);
    expect(repeated.headers.get('idempotency-replayed')).toBe('true');
    expect(repeated.body.seller.name).toBe(name);
    const open = ['accounts', 'mails', 'mail/'];
    const before = await places([name]);
    expect(before.filter((place) => !open.some((start) => place.startsWith(start)))).toEqual([]);
    expect((await leave(seller)).status).toBe(202);
    expect((await call(site.server, `GET /v1/products/${productId}`)).status).toBe(404);
    await isDone(seller.accountId);
    expect(await places([name])).toEqual([]);
  });
});

/** Of the data folder, without the embedded database's own. */
async function inFiles(folder: string, texts: readonly string[], under = ''): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(join(folder, under), { withFileTypes: true })) {
    const path = join(under, entry.name);
    if (entry.isDirectory()) found.push(...(await inFiles(folder, texts, path)));
    else {
      const bytes = await readFile(join(folder, path));
      found.push(...texts.filter((text) => bytes.includes(text)).map((text) => `${path}: ${text}`));
    }
  }
  return found;
}

/** Every stream and every other key. */
async function inRedis(url: string, texts: readonly string[]): Promise<string[]> {
  const client = new Redis(url);
  try {
    const found: string[] = [];
    const keys = await client.keys('*');
    expect(keys.length).toBeGreaterThan(0);
    for (const key of keys) {
      const isStream = (await client.type(key)) === 'stream';
      const bytes = isStream
        ? Buffer.concat(flat(await client.xrangeBuffer(key, '-', '+')))
        : ((await client.dumpBuffer(key)) ?? Buffer.alloc(0));
      found.push(...texts.filter((text) => bytes.includes(text)).map((text) => `${key}: ${text}`));
    }
    return found;
  } finally {
    client.disconnect();
  }
}

const flat = (value: unknown): Buffer[] =>
  Buffer.isBuffer(value) ? [value] : Array.isArray(value) ? value.flatMap(flat) : [];
