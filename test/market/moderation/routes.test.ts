/** Listings are judged where they are written, held ones wait for an administrator, and sellers hear what became of them. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { routes as accountRoutes } from '../../../src/market/accounts/routes.ts';
import { ensureAdmin } from '../../../src/market/accounts/store.ts';
import { listActions } from '../../../src/market/audit/store.ts';
import { importProducts } from '../../../src/market/catalog/bulk-store.ts';
import { routes as catalogRoutes } from '../../../src/market/catalog/routes.ts';
import { routes as complianceRoutes } from '../../../src/market/compliance/routes.ts';
import { routes } from '../../../src/market/moderation/routes.ts';
import { SearchConsumer } from '../../../src/market/search/consumer.ts';
import { PostgresIndex } from '../../../src/market/search/postgres/writer.ts';
import { routes as searchRoutes } from '../../../src/market/search/routes.ts';
import { guarded } from '../../../src/market/sellers/guard.ts';
import { beginToFollow } from '../../../src/market/sellers/hiding-store.ts';
import { createJob } from '../../../src/market/sellers/job.ts';
import { routes as sellerRoutes } from '../../../src/market/sellers/routes.ts';
import { type Database, openDatabase } from '../../../src/persistence/database.ts';
import { DoorbusterError } from '../../../src/protocol/errors.ts';
import { startTestServer, type TestServer } from '../../gateway/harness.ts';
import { type TestDatabase, testDatabase, until } from '../../persistence/support.ts';

let testDb: TestDatabase;
let database: Database;
let server: TestServer;
let admin: { accountId: string; token: string };
let seller: { accountId: string; token: string };
beforeAll(async () => {
  testDb = await testDatabase();
  database = openDatabase(testDb.pool);
  const all = [
    ...routes,
    ...searchRoutes,
    ...complianceRoutes,
    ...catalogRoutes,
    ...sellerRoutes,
    ...accountRoutes,
  ];
  server = await startTestServer({ routes: all.map(guarded), database });
  const { body } = await server.call('POST', '/v1/auth/login', { body: (await ensureAdmin(testDb.pool))! });
  admin = { accountId: body.account.accountId, token: `Bearer ${body.accessToken}` };
  seller = await newSeller();
});
afterAll(async () => {
  await server.stop(1_000);
  await testDb.close();
});
beforeEach(async () => {
  expect((await setWords([])).status).toBe(200);
  expect((await setBounds([])).status).toBe(200);
});

let count = 0;
async function newSeller() {
  const body = { email: `s${++count}@example.com`, password: 'correct horse', name: 'Sam', role: 'seller' };
  const { body: answer } = await server.call('POST', '/v1/auth/register', { body });
  return { accountId: answer.account.accountId as string, token: `Bearer ${answer.accessToken}` };
}

const setWords = (items: unknown, headers = {}, { token } = admin) =>
  server.call('PUT', '/v1/settings/forbidden-words', { token, body: { items }, headers });
const setBounds = (items: unknown, { token } = admin) =>
  server.call('PUT', '/v1/settings/price-bounds', { token, body: { items } });

function list(change: object = {}, { token } = seller) {
  const variants = [{ sku: `SKU-${++count}`, price: { amount: 9_900, currency: 'USD' }, stock: 5 }];
  const body = { title: 'Fine watch', category: 'Jewellery > Watches', variants, ...change };
  return server.call('POST', '/v1/products', { token, body });
}
const change = (productId: string, body: object, { token } = seller) =>
  server.call('PATCH', `/v1/products/${productId}`, { token, body });
const decide = (verb: string, productId: string, body: object = {}, { token } = admin) =>
  server.call('POST', `/v1/moderation/products/${productId}/${verb}`, { token, body });
const read = (productId: string, token?: string) =>
  server.call('GET', `/v1/products/${productId}`, token === undefined ? {} : { token });
async function queue(query = '') {
  const answer = await server.call('GET', `/v1/moderation/products${query}`, { token: admin.token });
  expect(answer.status).toBe(200);
  return answer.body as {
    items: { productId: string; reasons: { code: string }[] }[];
    nextCursor: string | null;
  };
}
const waits = async (productId: string) =>
  (await queue('?limit=100')).items.some((item) => item.productId === productId);

/** A listing that is held for the word "replica". */
async function held(): Promise<string> {
  await setWords([{ pattern: 'replica', action: 'hold' }]);
  const { status, body } = await list({ title: 'Replica watch' });
  expect([status, body.status]).toEqual([201, 'held']);
  return body.productId;
}

describe('a held listing', () => {
  test('is answered for, shown to nobody else, and waits with its reasons', async () => {
    const productId = await held();
    expect((await read(productId)).status).toBe(404);
    const stranger = await newSeller();
    expect((await read(productId, stranger.token)).status).toBe(404);
    expect((await read(productId, seller.token)).body.status).toBe('held');
    const listed = await server.call('GET', `/v1/products?seller=${seller.accountId}`);
    expect(listed.body.items.map((item: { productId: string }) => item.productId)).not.toContain(productId);
    const { items } = await queue('?limit=100');
    expect(items.at(-1)).toMatchObject({
      productId,
      product: { productId, title: 'Replica watch', status: 'held' },
      reasons: [{ code: 'forbidden_word', detail: '"replica" in the title' }],
      since: expect.stringMatching(/Z$/),
    });
    // Its SKU is for sale nowhere: the actor has never heard of it.
    const { sku } = (await read(productId, seller.token)).body.variants[0];
    expect(server.shards.asked.filter(({ key, type }) => key === sku && type === 'RegisterSku')).toEqual([]);
  });

  test('is in the shop once it is approved, and stays there with the same words', async () => {
    const productId = await held();
    const approved = await decide('approve', productId);
    expect([approved.status, approved.body.status]).toEqual([200, 'active']);
    expect((await read(productId)).body.title).toBe('Replica watch');
    expect(await waits(productId)).toBe(false);
    expect((await change(productId, { title: 'Replica watch' })).body.status).toBe('active');
    const { sku } = approved.body.variants[0];
    expect(server.shards.asked.filter(({ key, type }) => key === sku && type === 'RegisterSku')).toHaveLength(
      1,
    );
    // Other words are judged anew.
    expect((await change(productId, { description: 'A better replica' })).body.status).toBe('held');
    expect((await read(productId)).status).toBe(404);
    expect(await waits(productId)).toBe(true);
  });

  test('is taken down when it is rejected, and its seller reads why', async () => {
    const productId = await held();
    expect((await decide('reject', productId)).body.code).toBe('validation_failed');
    const rejected = await decide('reject', productId, { reason: 'No replicas here' });
    expect([rejected.status, rejected.body.status]).toEqual([200, 'archived']);
    const own = (await read(productId, seller.token)).body;
    expect(own).toMatchObject({ status: 'archived', rejection: { reason: 'No replicas here' } });
    expect((await read(productId)).status).toBe(404);
    expect(await waits(productId)).toBe(false);
    // Put up again, it waits again, whatever it is called now.
    await change(productId, { title: 'Watch' });
    expect((await change(productId, { status: 'active' })).body.status).toBe('held');
    expect((await queue('?limit=100')).items.at(-1)).toMatchObject({
      productId,
      reasons: [{ code: 'rejected_before', detail: 'No replicas here' }],
    });
    const approved = await decide('approve', productId);
    expect(approved.body).toMatchObject({ status: 'active' });
    expect(approved.body.rejection).toBeUndefined();
  });

  test('leaves the queue when its seller takes the word out, or takes the listing back', async () => {
    const mended = await held();
    expect((await change(mended, { title: 'Watch' })).body.status).toBe('active');
    expect((await read(mended)).status).toBe(200);
    const withdrawn = await held();
    expect((await change(withdrawn, { status: 'draft' })).body.status).toBe('draft');
    expect([await waits(mended), await waits(withdrawn)]).toEqual([false, false]);
    expect((await change(withdrawn, { status: 'active' })).body.status).toBe('held');
  });

  test('is decided once, by administrators, and the trail says so', async () => {
    const productId = await held();
    for (const role of ['buyer', 'seller', 'operator', 'guest'] as const) {
      const token = await server.bearer(role);
      const refused = [
        await decide('approve', productId, {}, { ...seller, token }),
        await decide('reject', productId, { reason: 'No' }, { ...seller, token }),
        await server.call('GET', '/v1/moderation/products', { token }),
      ];
      expect(refused.map(({ body }) => body.code)).toEqual(['forbidden', 'forbidden', 'forbidden']);
    }
    const answers = await Promise.all([
      decide('approve', productId),
      decide('reject', productId, { reason: 'No' }),
      decide('approve', productId),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
    expect(answers.find(({ status }) => status === 409)!.body.code).toBe('wrong_state');
    const { items } = await listActions(database, { target: productId });
    expect(items).toHaveLength(1);
    const unknown = await decide('approve', 'prd_018f0000-0000-7000-8000-000000000009');
    expect(unknown.body.code).toBe('not_found');
  });

  test('comes page by page, who has waited longest first', async () => {
    const ids = [await held(), await held(), await held()];
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page = await queue(`?limit=2${cursor && `&cursor=${cursor}`}`);
      seen.push(...page.items.map(({ productId }) => productId));
      cursor = page.nextCursor;
    }
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.slice(-3)).toEqual(ids);
    expect(
      (await server.call('GET', '/v1/moderation/products?cursor=bm8', { token: admin.token })).status,
    ).toBe(400);
  });
});

describe('rules', () => {
  test('refuse what they say is to be refused: nothing of it is written', async () => {
    await setWords([{ category: 'Jewellery', action: 'refuse' }]);
    const refused = await list();
    expect([refused.status, refused.body.code]).toEqual([422, 'listing_refused']);
    expect(refused.body.reasons).toEqual([{ code: 'forbidden_category', detail: 'The category Jewellery' }]);
    const draft = await list({ status: 'draft' });
    expect([draft.status, draft.body.status]).toEqual([201, 'draft']);
    const raised = await change(draft.body.productId, { status: 'active' });
    expect([raised.status, raised.body.code]).toEqual([422, 'listing_refused']);
    expect((await read(draft.body.productId, seller.token)).body.status).toBe('draft');
  });

  test('hold for a price only where a bound is set, also when the price comes later', async () => {
    const first = await list({
      variants: [{ sku: `SKU-${++count}`, price: { amount: 100, currency: 'KRW' }, stock: 1 }],
    });
    expect(first.body.status).toBe('active');
    await setBounds([{ currency: 'KRW', category: 'Jewellery', min: 200 }]);
    const { productId, variants } = first.body;
    const [{ sku }] = variants;
    const price = { amount: 150, currency: 'KRW' };
    const changed = await server.call('PATCH', `/v1/products/${productId}/variants/${sku}`, {
      token: seller.token,
      body: { price },
    });
    expect(changed.body.status).toBe('held');
    await decide('approve', productId);
    expect((await change(productId, { description: 'Still so cheap' })).body.status).toBe('active');
    const more = { sku: `SKU-${++count}`, price, stock: 1 };
    const added = await server.call('POST', `/v1/products/${productId}/variants`, {
      token: seller.token,
      body: more,
    });
    expect(added.body.status).toBe('held');
  });

  test('refuse single lines of an import, and hold others', async () => {
    await setWords([
      { pattern: 'replica', action: 'hold' },
      { pattern: 'ivory', action: 'refuse' },
    ]);
    const line = (title: string) => ({
      ...{ title, category: 'Jewellery' },
      variants: [{ sku: `SKU-${++count}`, price: { amount: 9_900, currency: 'USD' }, stock: 1 }],
    });
    const lines = [
      line('Watch'),
      line('Ivory watch'),
      line('Replica'),
      { ...line('Ivory'), status: 'draft' as const },
    ];
    const outcomes = await database.transaction((query) => importProducts(query, seller.accountId, lines));
    expect(outcomes.map((outcome) => (outcome instanceof DoorbusterError ? outcome.code : outcome))).toEqual([
      ...['created', 'listing_refused', 'created', 'created'],
    ]);
    const { rows } = await testDb.pool.query(
      'SELECT p.title, p.status FROM products p JOIN variants v USING (product_id) WHERE v.sku = ANY($1) ORDER BY v.sku',
      [lines.map(({ variants }) => variants[0]!.sku)],
    );
    expect(rows.map(({ title, status }) => `${title}: ${status}`).sort()).toEqual([
      ...['Ivory: draft', 'Replica: held', 'Watch: active'],
    ]);
    const queue = (await server.call('GET', '/v1/moderation/products?limit=100', { token: admin.token }))
      .body;
    expect(queue.items).toContainEqual(
      expect.objectContaining({
        product: expect.objectContaining({ title: 'Replica', status: 'held' }),
        reasons: [{ code: 'forbidden_word', detail: '"replica" in the title' }],
      }),
    );
    const who = await newSeller();
    const reason = { token: admin.token, body: { reason: 'Counterfeits' } };
    await server.call('POST', `/v1/admin/sellers/${who.accountId}/suspend`, reason);
    const refused = database.transaction((query) => importProducts(query, who.accountId, [line('Watch')]));
    await expect(refused).rejects.toMatchObject({ code: 'seller_suspended' });
  });

  test('or none: a new line of an import that says held waits for an administrator, and is put up by one', async () => {
    await setWords([]);
    const sku = `SKU-${++count}`;
    const line = {
      ...{ title: 'Sent as held', category: 'Jewellery', status: 'held' as const },
      variants: [{ sku, price: { amount: 9_900, currency: 'USD' }, stock: 1 }],
    };
    const put = () => database.transaction((query) => importProducts(query, seller.accountId, [line]));
    expect([await put(), await put()]).toEqual([['created'], ['unchanged']]);
    const token = admin.token;
    const { items } = (await server.call('GET', '/v1/moderation/products?limit=100', { token })).body;
    const [waiting] = items.filter(
      ({ product }: { product: { title: string } }) => product.title === line.title,
    );
    expect(waiting.reasons).toEqual([{ code: 'sent_as_held', detail: expect.any(String) }]);
    const path = `/v1/moderation/products/${waiting.productId}/approve`;
    expect((await server.call('POST', path, { token })).body.status).toBe('active');
    expect((await read(waiting.productId)).body.status).toBe('active');
  });

  test('judge what is written from then on', async () => {
    const before = (await list({ title: 'Replica' })).body.productId;
    await setWords([{ pattern: 'replica', action: 'hold' }]);
    expect((await read(before)).body.status).toBe('active');
  });

  test('are replaced as a whole, based on what was read, and the trail says so', async () => {
    const items = [{ pattern: 'replica', action: 'hold' }];
    const set = await setWords(items);
    expect(set.body).toEqual({ items });
    const etag = set.headers.get('etag')!;
    const got = await server.call('GET', '/v1/settings/forbidden-words', { token: admin.token });
    expect([got.body, got.headers.get('etag')]).toEqual([{ items }, etag]);
    expect((await setWords([], { 'if-match': etag })).status).toBe(200);
    const stale = await setWords(items, { 'if-match': etag });
    expect([stale.status, stale.body.code]).toEqual([412, 'stale_version']);
    const { items: actions } = await listActions(database, { action: 'settings.forbidden_words', limit: 2 });
    expect(actions.map(({ details }) => details)).toEqual([{ items: 0 }, { items: 1 }]);
  });

  test.each([
    [[{ action: 'hold' }]],
    [[{ pattern: 'a', category: 'b', action: 'hold' }]],
    [[{ pattern: ' ', action: 'hold' }]],
    [[{ pattern: 'a', action: 'burn' }]],
    [[{ pattern: 'a' }]],
    [Array.from({ length: 1_001 }, () => ({ pattern: 'a', action: 'hold' }))],
    ['replica'],
  ])('of words that say nothing are refused: %j', async (items) => {
    expect((await setWords(items)).body.code).toBe('validation_failed');
  });

  test.each([
    [[{ currency: 'USD' }]],
    [[{ currency: 'USD', min: 2, max: 1 }]],
    [[{ currency: 'dollars', min: 1 }]],
    [[{ min: 1 }]],
    [[{ currency: 'USD', min: -1 }]],
  ])('of prices that say nothing are refused: %j', async (items) => {
    expect((await setBounds(items)).body.code).toBe('validation_failed');
  });

  test('are an administrator’s', async () => {
    for (const path of ['/v1/settings/forbidden-words', '/v1/settings/price-bounds'])
      for (const role of ['seller', 'operator'] as const) {
        const token = await server.bearer(role);
        expect((await server.call('GET', path, { token })).status).toBe(403);
        expect((await server.call('PUT', path, { token, body: { items: [] } })).status).toBe(403);
      }
  });
});

describe('the products of a suspended seller', () => {
  const suspend = (verb: string, accountId: string) =>
    server.call('POST', `/v1/admin/sellers/${accountId}/${verb}`, {
      token: admin.token,
      body: { reason: 'Counterfeits' },
    });

  test('are shown to nobody, cannot be changed, and come back', async () => {
    const who = await newSeller();
    const { productId } = (await list({}, who)).body;
    expect((await read(productId)).status).toBe(200);
    expect((await suspend('suspend', who.accountId)).status).toBe(200);
    expect((await read(productId)).status).toBe(404);
    const listed = await server.call('GET', `/v1/products?seller=${who.accountId}`);
    expect(listed.body.items).toEqual([]);
    for (const answer of [
      await list({}, who),
      await change(productId, { title: 'Other' }, who),
      await server.call('DELETE', `/v1/products/${productId}`, { token: who.token }),
    ])
      expect([answer.status, answer.body.code]).toEqual([403, 'seller_suspended']);
    const { rows } = await testDb.pool.query(
      `SELECT type FROM feed WHERE topic = 'item' AND key = $1 ORDER BY position`,
      [productId],
    );
    expect(rows.map(({ type }) => type)).toEqual(['ItemCreated', 'ItemUpdated']);
    await suspend('reinstate', who.accountId);
    expect((await read(productId)).status).toBe(200);
  });

  test('leave the search, and come back to it', async () => {
    const who = await newSeller();
    const { productId } = (await list({ title: 'Zanzibar lamp' }, who)).body;
    const consumer = new SearchConsumer(database, new PostgresIndex(database), 'search');
    const found = async () => {
      await consumer.round(new AbortController().signal);
      const { items } = (await server.call('GET', '/v1/search?q=zanzibar')).body;
      return items.map((item: { productId: string }) => item.productId);
    };
    await until(async () => (await found()).length > 0);
    expect(await found()).toEqual([productId]);
    await suspend('suspend', who.accountId);
    await until(async () => (await found()).length === 0);
    await suspend('reinstate', who.accountId);
    await until(async () => (await found()).length > 0);
  });

  test('follow in slices where there are very many, with a fact each, whoever does it', async () => {
    const who = await newSeller();
    await database.query(
      `INSERT INTO products (product_id, seller_id, title, description, brand, category_id, attributes, images, price_amount, currency)
       SELECT 'prd_' || gen_random_uuid(), $1, 'One of many', '', '', (SELECT category_id FROM categories LIMIT 1),
         '{}', '[]', 100, 'USD' FROM generate_series(1, 1200)`,
      [who.accountId],
    );
    const shown = async () =>
      (await database.query('SELECT 1 FROM products WHERE seller_id = $1 AND is_public', [who.accountId]))
        .length;
    await suspend('suspend', who.accountId);
    expect(await shown()).toBe(0);
    await suspend('reinstate', who.accountId);
    expect(await shown()).toBe(1_200);
    // As where the server ends between the decision and the second slice: the job goes on.
    await database.query(
      `UPDATE sellers SET status = 'suspended', suspension_reason = 'x', suspended_at = now(), suspended_by = 'acc_1'
       WHERE account_id = $1`,
      [who.accountId],
    );
    await database.transaction((query) => beginToFollow(query, who.accountId));
    expect(await shown()).toBe(700);
    const job = createJob({ pool: testDb.pool, ask: server.services.ask });
    await job.round(new AbortController().signal);
    expect(await shown()).toBe(0);
    const { rows } = await testDb.pool.query(
      `SELECT count(*)::integer AS count FROM feed f JOIN products p ON p.product_id = f.key WHERE p.seller_id = $1`,
      [who.accountId],
    );
    expect(rows).toEqual([{ count: 3_600 }]);
    await job.round(new AbortController().signal);
    expect(await database.query('SELECT 1 FROM sellers WHERE NOT is_followed')).toEqual([]);
  });

  test('are hidden also when they are written at the same moment', async () => {
    for (let round = 0; round < 5; round++) {
      const who = await newSeller();
      const [made] = await Promise.all([list({}, who), suspend('suspend', who.accountId)]);
      expect([201, 403]).toContain(made.status);
      const { rows } = await testDb.pool.query('SELECT is_public FROM products WHERE seller_id = $1', [
        who.accountId,
      ]);
      expect(rows.every((row) => !row.is_public)).toBe(true);
    }
  });

  test('and an administrator’s change of a seller’s product stands in the trail', async () => {
    const { productId } = (await list()).body;
    await change(productId, { title: 'Mended' }, admin);
    await change(productId, { title: 'Own words' });
    await server.call('DELETE', `/v1/products/${productId}`, { token: admin.token });
    const { items } = await listActions(database, { target: productId });
    expect(items.map(({ action, actor }) => [action, actor.accountId])).toEqual([
      ['product.changed', admin.accountId],
      ['product.changed', admin.accountId],
    ]);
  });
});
