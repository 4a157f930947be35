/** Variants, statuses, prices and where a product came from. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readStock } from '../../../src/actors/sku/commands.ts';
import { routes as accountRoutes } from '../../../src/market/accounts/routes.ts';
import { routes as productRoutes } from '../../../src/market/catalog/routes.ts';
import { summariesOf } from '../../../src/market/catalog/store.ts';
import { routes as inventoryRoutes } from '../../../src/market/inventory/routes.ts';
import { auditChains } from '../../../src/ops/audit-provenance.ts';
import { openDatabase } from '../../../src/persistence/database.ts';
import { startTestServer, type TestServer } from '../../gateway/harness.ts';
import { type TestDatabase, testDatabase } from '../../persistence/support.ts';

let database: TestDatabase;
let server: TestServer;
let seller: { token: string; accountId: string };
let rival: { token: string; accountId: string };

beforeAll(async () => {
  database = await testDatabase();
  server = await startTestServer({
    routes: [...accountRoutes, ...productRoutes, ...inventoryRoutes],
    database: openDatabase(database.pool),
  });
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
const newSku = () => `V-${++skus}`;
const variant = (change: object = {}) => ({ sku: newSku(), price: usd(1_000), stock: 20, ...change });

async function make(change: object = {}, token = seller.token) {
  const made = await server.call('POST', '/v1/products', {
    token,
    body: { title: 'Lamp', category: 'Home', variants: [variant()], ...change },
  });
  expect([made.status, made.body.code]).toEqual([201, undefined]);
  return { path: made.headers.get('location')!, product: made.body };
}
const own = (method: string, path: string, body?: object, headers: Record<string, string> = {}) =>
  server.call(method, path, { token: seller.token, ...(body && { body }), headers });
const factsOf = async (productId: string) =>
  (
    await database.pool.query(
      `SELECT type, body->>'hash' AS hash FROM feed WHERE key = $1 AND topic = 'item' ORDER BY position`,
      [productId],
    )
  ).rows;

describe('a variant', () => {
  test('is added with its own SKU, which its actor knows, and changes the version', async () => {
    const { path, product } = await make();
    const added = variant({
      options: { colour: 'red' },
      compareAtPrice: usd(2_000),
      price: usd(500),
      stock: 3,
    });
    const answer = await own('POST', `${path}/variants`, added, { 'if-match': '"1"' });
    expect([answer.status, answer.body.version]).toEqual([201, 2]);
    expect(answer.body).toMatchObject({
      priceFrom: usd(500),
      variants: [
        { sku: product.variants[0].sku, stockLevel: 'high', inStock: true },
        {
          sku: added.sku,
          compareAtPrice: usd(2_000),
          stockLevel: 'low',
          left: 3,
          options: { colour: 'red' },
        },
      ],
    });
    expect(answer.body.variants[0]).not.toHaveProperty('left');
    expect((await server.services.ask(readStock, added.sku, {})).body).toMatchObject({ onHand: 3 });
    const again = await own('POST', `${path}/variants`, added);
    expect([again.status, again.body.code]).toEqual([409, 'sku_taken']);
    const stale = await own('POST', `${path}/variants`, variant(), { 'if-match': '"1"' });
    expect(stale.body.code).toBe('stale_version');
    const theirs = await server.call('POST', `${path}/variants`, { token: rival.token, body: variant() });
    expect(theirs.status).toBe(404);
    const euros = await own('POST', `${path}/variants`, variant({ price: { amount: 500, currency: 'EUR' } }));
    expect(euros.body.errors[0].path).toBe('/price/currency');
  });

  test('is changed by itself, down to a price that can be charged', async () => {
    const { path, product } = await make();
    const { sku } = product.variants[0];
    const changed = await own('PATCH', `${path}/variants/${sku}`, {
      ...{ price: usd(900), compareAtPrice: usd(1_000), options: { size: 'S' } },
    });
    expect(changed.body.variants[0]).toMatchObject({
      ...{ price: usd(900), compareAtPrice: usd(1_000), options: { size: 'S' } },
    });
    expect((await server.services.ask(readStock, sku, {})).body).toMatchObject({ price: usd(900) });
    const back = await own('PATCH', `${path}/variants/${sku}`, { compareAtPrice: null });
    expect(back.body.variants[0]).not.toHaveProperty('compareAtPrice');
    const low = await own('PATCH', `${path}/variants/${sku}`, { price: usd(1) });
    expect([low.status, low.body.errors[0].path]).toEqual([400, '/price/amount']);
    expect((await own('PATCH', `${path}/variants/NONE`, { price: usd(900) })).status).toBe(404);
    expect((await own('PATCH', `${path}/variants/${sku}`, {})).status).toBe(400);
  });

  test('is removed, but for the last one and while units are held or set aside', async () => {
    const { path, product } = await make({ variants: [variant(), variant()] });
    const [first, second] = product.variants.map(({ sku }: { sku: string }) => sku);
    const sale = { saleId: 'sal_1', sellerId: seller.accountId, quantity: 1, price: usd(1_000) };
    const command = { type: 'OpenAllocation', ...sale, purchaseLimit: 1, holdSeconds: 60 };
    expect((await server.shards.ask('sku', first, command)).code).toBe('created');
    const used = await own('DELETE', `${path}/variants/${first}`);
    expect([used.status, used.body.code]).toEqual([409, 'variant_in_use']);
    expect((await own('DELETE', `${path}/variants/${second}`)).status).toBe(204);
    const { body } = await server.call('GET', path);
    expect(body.variants.map(({ sku }: { sku: string }) => sku)).toEqual([first]);
    expect((await own('DELETE', `${path}/variants/${first}`)).body.code).toBe('wrong_state');
    expect((await own('DELETE', `${path}/variants/${second}`)).status).toBe(404);
    expect((await own('POST', `${path}/variants`, variant({ sku: second }))).body.code).toBe('sku_taken');
    // No sale of what is gone.
    const gone = { ...command, saleId: 'sal_2' };
    expect((await server.shards.ask('sku', second, gone)).code).toBe('unknown_sku');
  });
});

describe('a draft', () => {
  test('is there for its owner alone, and its SKUs are not for sale until it is active', async () => {
    const { path, product } = await make({ status: 'draft' });
    const { sku } = product.variants[0];
    expect(product.status).toBe('draft');
    expect((await server.call('GET', path)).status).toBe(404);
    expect((await server.call('GET', path, { token: rival.token })).status).toBe(404);
    expect((await server.call('GET', `/v1/inventory/${sku}`)).status).toBe(404);
    const mine = await own('GET', path);
    expect([mine.status, mine.headers.get('cache-control')]).toEqual([200, 'no-store']);
    for (const more of ['prices', 'provenance'])
      expect((await server.call('GET', `${path}/${more}`)).status).toBe(404);
    const ids = async (query: string, token?: string) =>
      (await server.call('GET', `/v1/products?limit=100&${query}`, token ? { token } : {})).body.items?.map(
        ({ productId }: { productId: string }) => productId,
      );
    expect(await ids('status=draft', seller.token)).toContain(product.productId);
    expect(await ids('status=any', seller.token)).toContain(product.productId);
    expect(await ids('status=draft', rival.token)).toEqual([]);
    expect(await ids('')).not.toContain(product.productId);
    expect(await summariesOf(server.services.database.query, [product.productId])).toEqual([]);
    const refused = await server.call('GET', '/v1/products?status=draft');
    expect([refused.status, refused.body.code]).toEqual([401, 'unauthenticated']);
    const others = `/v1/products?status=draft&seller=${seller.accountId}`;
    expect((await server.call('GET', others, { token: rival.token })).body.code).toBe('forbidden');
    expect((await own('PATCH', path, { status: 'active' })).body.status).toBe('active');
    expect((await server.call('GET', path)).status).toBe(200);
    expect((await server.services.ask(readStock, sku, {})).body).toMatchObject({ onHand: 20 });
  });

  test('and archive and back: its SKU is sold in new sales only while it is active', async () => {
    const { path, product } = await make();
    const { sku } = product.variants[0];
    const open = (saleId: string) =>
      server.shards.ask('sku', sku, {
        ...{ type: 'OpenAllocation', saleId, sellerId: seller.accountId, quantity: 1, price: usd(1_000) },
        ...{ purchaseLimit: 1, holdSeconds: 60 },
      });
    expect((await own('PATCH', path, { status: 'archived' })).body.status).toBe('archived');
    expect((await open('sal_3')).code).toBe('unknown_sku');
    expect((await own('PATCH', path, { status: 'active' })).body.status).toBe('active');
    expect((await open('sal_3')).code).toBe('created');
    await database.pool.query(`UPDATE products SET status = 'held' WHERE product_id = $1`, [
      product.productId,
    ]);
    expect((await own('PATCH', path, { status: 'active' })).body.code).toBe('wrong_state');
    expect((await server.call('GET', path)).status).toBe(404);
  });
});

describe('a product', () => {
  test('has tags, trimmed and in lower case, and images with ids that stay', async () => {
    const images = ['https://example.com/a.png'];
    const { path, product } = await make({ tags: [' Café ', 'LAMP', 'lamp'], images });
    expect(product.tags).toEqual(['café', 'lamp']);
    expect(product.images).toEqual([
      {
        imageId: expect.stringMatching(/^img_/),
        url: images[0],
        thumbnailUrl: images[0],
        width: null,
        height: null,
        alt: '',
      },
    ]);
    const changed = await own('PATCH', path, { tags: ['new'] });
    expect([changed.body.tags, changed.body.images]).toEqual([['new'], product.images]);
    const { body } = await server.call('GET', `/v1/products?tag=NEW`);
    expect(body.items.map(({ productId }: { productId: string }) => productId)).toEqual([product.productId]);
    expect((await server.call('GET', '/v1/products?tag=lamp')).body.items).toEqual([]);
  });

  test('has a tag that covers all that is shown, and is compared by its version alone', async () => {
    const { path, product } = await make({ variants: [variant({ stock: 5 })] });
    const { sku } = product.variants[0];
    const etag = (await server.call('GET', path)).headers.get('etag')!;
    expect((await server.call('GET', path, { headers: { 'if-none-match': etag } })).status).toBe(304);
    await database.pool.query(
      `INSERT INTO stock_levels (sku, product_id, seller_id, on_hand, held, sold, allotted, updated_at)
       VALUES ($1, $2, $3, 4, 0, 0, 0, now())`,
      [sku, product.productId, seller.accountId],
    );
    await database.pool.query(
      `INSERT INTO feed (topic, key, type, body) VALUES ('item', $1, 'StockChanged', '{}')`,
      [product.productId],
    );
    await expect
      .poll(async () => (await server.call('GET', path)).body.variants[0].left, { timeout: 10_000 })
      .toBe(4);
    const now = (await server.call('GET', path)).headers.get('etag')!;
    expect(now).not.toBe(etag);
    const changed = await own('PATCH', path, { brand: 'Luma' }, { 'if-match': etag });
    expect([changed.status, changed.body.version]).toEqual([200, 2]);
  });

  test('keeps what its SKUs cost when', async () => {
    const { path, product } = await make();
    const [{ sku }] = product.variants;
    await own('PATCH', path, { variants: [{ sku, price: usd(2_000) }] });
    await own('PATCH', path, { title: 'Another name' });
    await own('PATCH', path, { variants: [{ sku, price: usd(2_000), compareAtPrice: usd(3_000) }] });
    const { body } = await server.call('GET', `${path}/prices`);
    expect(body.items).toMatchObject([
      { sku, price: usd(2_000), compareAtPrice: usd(3_000), to: null },
      { sku, price: usd(2_000) },
      { sku, price: usd(1_000) },
    ]);
    expect(body.items[1].to).toBe(body.items[0].from);
    expect(body.items[2].to).toBe(body.items[1].from);
    const { body: page } = await server.call('GET', `${path}/prices?limit=2`);
    const rest = await server.call('GET', `${path}/prices?limit=2&cursor=${page.nextCursor}`);
    expect([...page.items, ...rest.body.items]).toEqual(body.items);
    expect(rest.body.nextCursor).toBe(null);
  });
});

/** RFC 8785 for what these rows hold, written anew, as an outsider would. */
function canonical(value: unknown): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join()}}`;
}

describe('where a product came from', () => {
  test('anybody can check with the hashes that are shown, and the feed tells the same', async () => {
    const { path, product } = await make();
    const { productId } = product;
    await own('PATCH', path, { title: 'Desk lamp', brand: 'Luma' });
    await own('POST', `${path}/variants`, variant());
    await server.call('PATCH', path, { token: await server.bearer('admin'), body: { brand: 'Lumen' } });
    const { body } = await server.call('GET', `${path}/provenance`);
    const sellerActor = { accountId: seller.accountId, role: 'seller' };
    expect(body.items).toMatchObject([
      { seq: 1, actor: sellerActor, change: { type: 'ItemCreated' }, previousHash: null },
      { seq: 2, actor: sellerActor, change: { type: 'ItemUpdated', fields: ['brand', 'title'] } },
      { seq: 3, change: { fields: ['variants'] } },
      { seq: 4, actor: { accountId: null, role: 'admin' } },
    ]);
    let previousHash: string | null = null;
    for (const { hash, ...row } of body.items) {
      expect(row.previousHash).toBe(previousHash);
      expect(
        createHash('sha256')
          .update(canonical({ ...row, productId }))
          .digest('hex'),
      ).toBe(hash);
      previousHash = hash;
    }
    expect(await factsOf(productId)).toEqual(
      body.items.map(({ change, hash }: { change: { type: string }; hash: string }) => ({
        type: change.type,
        hash,
      })),
    );
    const first = await server.call('GET', `${path}/provenance?limit=3`);
    const rest = await server.call('GET', `${path}/provenance?cursor=${first.body.nextCursor}`);
    expect([...first.body.items, ...rest.body.items]).toEqual(body.items);
  });

  test('the audit finds a row that was changed behind the shop’s back, and nothing else', async () => {
    const { product } = await make();
    const { productId } = product;
    const before = await auditChains(database.pool);
    expect(before.mismatches.filter(({ key }) => key === productId)).toEqual([]);
    expect(before.changes).toBeGreaterThanOrEqual(before.products);
    const found = async (sql: string) => {
      await database.pool.query(sql, [productId]);
      const { mismatches } = await auditChains(database.pool);
      return mismatches.filter(({ key }) => key === productId).map(({ kind }) => kind);
    };
    expect(await found(`UPDATE products SET title = 'Stolen' WHERE product_id = $1`)).toEqual([
      'provenance.content',
    ]);
    expect(await found(`UPDATE products SET title = 'Lamp' WHERE product_id = $1`)).toEqual([]);
    expect(await found(`UPDATE product_changes SET actor = '{"role": "x"}' WHERE product_id = $1`)).toEqual([
      'provenance.chain',
    ]);
    expect(await found(`DELETE FROM product_changes WHERE product_id = $1`)).toEqual(['provenance.end']);
  });
});
