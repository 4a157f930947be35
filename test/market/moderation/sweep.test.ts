/** Rules that are changed judge the listings that are there already: all of them, once, wherever the sweep was stopped. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { routes as accountRoutes } from '../../../src/market/accounts/routes.ts';
import { ensureAdmin } from '../../../src/market/accounts/store.ts';
import { importProducts } from '../../../src/market/catalog/bulk-store.ts';
import { routes as catalogRoutes } from '../../../src/market/catalog/routes.ts';
import { routes as complianceRoutes } from '../../../src/market/compliance/routes.ts';
import { routes } from '../../../src/market/moderation/routes.ts';
import { sweepOn } from '../../../src/market/moderation/sweep-store.ts';
import { type Database, openDatabase } from '../../../src/persistence/database.ts';
import { startTestServer, type TestServer } from '../../gateway/harness.ts';
import { type TestDatabase, testDatabase } from '../../persistence/support.ts';

let testDb: TestDatabase;
let database: Database;
let server: TestServer;
let admin: string;
let seller: { accountId: string; token: string };
beforeAll(async () => {
  testDb = await testDatabase();
  database = openDatabase(testDb.pool);
  const all = [...routes, ...complianceRoutes, ...catalogRoutes, ...accountRoutes];
  server = await startTestServer({ routes: all, database });
  const { body } = await server.call('POST', '/v1/auth/login', { body: (await ensureAdmin(testDb.pool))! });
  admin = `Bearer ${body.accessToken}`;
  const account = { email: 's@example.com', password: 'correct horse', name: 'Sam', role: 'seller' };
  const registered = (await server.call('POST', '/v1/auth/register', { body: account })).body;
  seller = { accountId: registered.account.accountId, token: `Bearer ${registered.accessToken}` };
});
afterAll(async () => {
  await server.stop(1_000);
  await testDb.close();
});

async function setWords(items: object[]): Promise<void> {
  const put = await server.call('PUT', '/v1/settings/forbidden-words', { token: admin, body: { items } });
  expect(put.status).toBe(200);
}
const progress = async () =>
  (await server.call('GET', '/v1/moderation/sweep', { token: admin })).body as {
    status: string;
    checked: number;
    total: number;
    held: number;
    startedAt: string | null;
    finishedAt: string | null;
  };
async function sweepAll(): Promise<void> {
  do await sweepOn(database);
  while ((await progress()).status === 'running');
}

let count = 0;
const line = (title: string, status: 'draft' | 'active' = 'active') => {
  const variants = [{ sku: `SKU-${++count}`, price: { amount: 9_900, currency: 'USD' }, stock: 5 }];
  return { title, category: 'Jewellery', status, variants };
};
async function list(title: string, status: 'draft' | 'active' = 'active'): Promise<string> {
  const body = line(title, status);
  const answer = await server.call('POST', '/v1/products', { token: seller.token, body });
  expect(answer.status).toBe(201);
  return answer.body.productId;
}
const read = async (productId: string) =>
  (await server.call('GET', `/v1/products/${productId}`, { token: seller.token })).body;

describe('rules that are changed', () => {
  test('are nothing to judge by as long as nobody has set any', async () => {
    await list('Replica of before');
    await sweepOn(database);
    expect(await progress()).toEqual({
      ...{ status: 'done', checked: 0, total: 0, held: 0, startedAt: null, finishedAt: null },
    });
  });

  test('hold what they match, also what they would refuse, and nothing else; the record says so', async () => {
    const [replica, ivory, watch] = [await list('Replica'), await list('Ivory'), await list('Watch')];
    const draft = await list('A replica in the making', 'draft');
    const [before] = (await database.query('SELECT count(*)::int AS n FROM products')) as [{ n: number }];
    await setWords([
      { pattern: 'replica', action: 'hold' },
      { pattern: 'ivory', action: 'refuse' },
    ]);
    expect((await progress()).status).toBe('running');
    await sweepAll();
    expect(await progress()).toMatchObject({
      ...{ status: 'done', checked: before.n, total: before.n, held: 3 },
      ...{ startedAt: expect.stringMatching(/Z$/), finishedAt: expect.stringMatching(/Z$/) },
    });
    const statuses = await Promise.all([replica, ivory, watch, draft].map(read));
    expect(statuses.map(({ status }) => status)).toEqual(['held', 'held', 'active', 'draft']);
    expect((await server.call('GET', `/v1/products/${ivory}`)).status).toBe(404);
    const { items } = (await server.call('GET', '/v1/moderation/products?limit=100', { token: admin })).body;
    expect(items).toContainEqual(
      expect.objectContaining({
        ...{ productId: ivory, reasons: [{ code: 'forbidden_word', detail: '"ivory" in the title' }] },
      }),
    );
    const chain = (await server.call('GET', `/v1/products/${replica}/provenance`, { token: seller.token }))
      .body;
    expect(chain.items.at(-1)).toMatchObject({
      ...{ actor: { accountId: null, role: 'system' }, change: { type: 'ItemUpdated', fields: ['status'] } },
    });
    const facts = await database.query<{ key: string }>(
      `SELECT key FROM feed WHERE topic = 'item' AND key = ANY($1) ORDER BY position DESC LIMIT 2`,
      [[replica, ivory, watch]],
    );
    expect(facts.map(({ key }) => key).sort()).toEqual([replica, ivory].sort());
  });

  test('let pass what an administrator has approved, and do not put up what waits', async () => {
    await setWords([{ pattern: 'amber', action: 'hold' }]);
    const [passed, waiting] = [await list('Amber'), await list('Amber, too')];
    const approve = `/v1/moderation/products/${passed}/approve`;
    expect((await server.call('POST', approve, { token: admin })).body.status).toBe('active');
    await setWords([
      { pattern: 'amber', action: 'hold' },
      { pattern: 'onyx', action: 'hold' },
    ]);
    await sweepAll();
    expect([(await read(passed)).status, (await read(waiting)).status]).toEqual(['active', 'held']);
    await setWords([]);
    await sweepAll();
    expect((await read(waiting)).status).toBe('held');
    expect((await progress()).held).toBe(0);
  });

  test('go on where they were, and begin anew when others come', async () => {
    const lines = Array.from({ length: 450 }, (_, n) => line(n % 100 === 0 ? 'Fur' : 'Coat'));
    await database.transaction((query) => importProducts(query, seller.accountId, lines));
    await setWords([{ pattern: 'fur', action: 'hold' }]);
    await sweepOn(database);
    await sweepOn(database);
    const first = await progress();
    expect([first.status, first.checked]).toEqual(['running', 200]);
    // As after a restart: what is known is what the table says.
    await sweepOn(database);
    expect((await progress()).checked).toBe(400);
    await setWords([{ pattern: 'coat', action: 'hold' }]);
    await sweepAll();
    const last = await progress();
    expect(last.checked).toBe(last.total);
    expect(last.held).toBe(445);
    const rows = await database.query(`SELECT FROM products WHERE title = 'Coat' AND status = 'active'`);
    expect(rows).toEqual([]);
  });

  test('wait for those who may still be writing by the rules of before', async () => {
    const writer = await testDb.pool.connect();
    try {
      await writer.query('BEGIN');
      await writer.query('SELECT FROM compliance_rules');
      await setWords([{ pattern: 'jade', action: 'hold' }]);
      for (let round = 0; round < 3; round++) await sweepOn(database);
      expect(await progress()).toMatchObject({ status: 'running', checked: 0 });
      await writer.query('COMMIT');
    } finally {
      writer.release();
    }
    await sweepAll();
    expect((await progress()).checked).toBeGreaterThan(0);
  });

  test('are told of to administrators alone', async () => {
    for (const token of [seller.token, undefined]) {
      const answer = await server.call('GET', '/v1/moderation/sweep', token === undefined ? {} : { token });
      expect(answer.status).toBe(token === undefined ? 401 : 403);
    }
  });
});
