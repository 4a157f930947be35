/** What a running server tells the pages: a drop's items, its seller's own drops, the operator's console. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { authenticated, ofType } from '../gateway/live-client.ts';
import { openSite, type ServerProcess, type Site, waitFor } from './server.ts';
import {
  admin,
  call,
  checkOut,
  type Drop,
  expected,
  holding,
  member,
  openDrop,
  type Person,
  productBody,
  saleBody,
} from './shop.ts';

let site: Site;
let server: ServerProcess;
beforeAll(async () => {
  site = await openSite();
  server = await site.start();
});
afterAll(() => site.close());

describe('the items of a sale', () => {
  it('carry what the catalogue calls them and what is left of them, alone and in the list', async () => {
    const seller = await member(server, 'seller');
    const imageUrl = 'https://example.com/console.webp';
    const product = await expected(server, 'POST /v1/products', 201, {
      who: seller,
      body: { ...productBody(['WINDOW-1'], 3), images: [imageUrl, 'https://example.com/back.webp'] },
    });
    const sale = await expected(server, 'POST /v1/sales', 201, {
      who: seller,
      body: { ...saleBody('WINDOW-1', 3), queueing: { releasePerSecond: 1_000, overAdmission: 2 } },
    });
    const named = { sku: 'WINDOW-1', productId: product.productId, title: 'Console', imageUrl };
    const whole = { ...named, quantity: 3, left: 3, onHold: 0, outlook: 'likely' };
    expect(sale.items).toMatchObject([whole]);
    const drop: Drop = { saleId: sale.saleId, sku: 'WINDOW-1', seller };
    const read = async () => (await expected(server, `GET /v1/sales/${sale.saleId}`, 200)).items;
    const listed = async () => {
      const { items } = await expected(server, `GET /v1/sales?seller=${seller.accountId}`, 200);
      return items.length === 1 ? items[0].items : null;
    };
    expect(await waitFor(listed)).toMatchObject([whole]);
    await holding(server, drop);
    for (const shown of [read, listed])
      await waitFor(async () => (await shown())?.[0].left === 2 && (await shown())?.[0].onHold === 1);
    await expected(server, `POST /v1/sales/${sale.saleId}/close`, 200, { who: seller });
    const over = { ...named, left: 0, onHold: 0, outlook: 'sold_out' };
    expect(await read()).toMatchObject([over]);
    await waitFor(async () => (await listed())?.[0].outlook === 'sold_out');
    expect(await listed()).toMatchObject([over]);
  });

  it('follow a new title, and stay named when the product has left the catalogue', async () => {
    const { saleId, sku, seller } = await openDrop(server, 1);
    const [{ productId, title }] = (await expected(server, `GET /v1/sales/${saleId}`, 200)).items;
    expect(title).toBe('Console');
    await expected(server, `PATCH /v1/products/${productId}`, 200, {
      who: seller,
      body: { title: 'Renamed' },
    });
    const itemOf = async () => (await expected(server, `GET /v1/sales/${saleId}`, 200)).items[0];
    await waitFor(async () => (await itemOf()).title === 'Renamed', 15_000);
    await call(server, `DELETE /v1/products/${productId}`, { who: seller });
    expect(await itemOf()).toMatchObject({ sku, productId, title: 'Renamed' });
  });
});

describe('the list of sales', () => {
  it('can be one seller’s, page by page', async () => {
    const seller: Person = await member(server, 'seller');
    const saleIds: string[] = [];
    for (let n = 0; n < 3; n++) saleIds.unshift((await openDrop(server, 1, { seller })).saleId);
    await openDrop(server, 1);
    const page = (more: string) =>
      expected(server, `GET /v1/sales?seller=${seller.accountId}&limit=2${more}`, 200);
    const ids = ({ items }: { items: { saleId: string }[] }) => items.map(({ saleId }) => saleId);
    const first = await waitFor(async () => {
      const read = await page('');
      return ids(read).join() === saleIds.slice(0, 2).join() ? read : null;
    });
    const second = await page(`&cursor=${first.nextCursor}`);
    expect([ids(second), second.nextCursor]).toEqual([saleIds.slice(2), null]);
    const stranger = await member(server, 'seller');
    expect((await expected(server, `GET /v1/sales?seller=${stranger.accountId}`, 200)).items).toEqual([]);
    expect((await call(server, 'GET /v1/sales?seller=me')).body.code).toBe('validation_failed');
  });
});

describe('the console', () => {
  const overviewOf = (who: Person) => expected(server, 'GET /v1/ops/overview', 200, { who });

  it('has the overview of the whole process, for operators only', async () => {
    const operator = await admin(server);
    const drop = await openDrop(server, 2);
    const buyer = await holding(server, drop);
    expect((await checkOut(server, buyer)).body.status).toBe('confirmed');
    // The counters of the threads may be a second old.
    const overview = await waitFor(async () => {
      const read = await overviewOf(operator);
      const { captured } = read.payments.byResult;
      return (read.orders.byStatus.confirmed ?? 0) >= 1 && captured >= 1 ? read : null;
    });
    expect(overview).toMatchObject({
      health: { state: expect.stringMatching(/^(ok|degraded)$/), problems: expect.any(Array) },
      deadLetters: 0,
      oversoldUnits: 0,
      inventoryMismatch: 0,
      saleMode: 'off',
      journal: {
        kind: 'postgresql',
        durability: expect.stringContaining('PostgreSQL'),
        lagMs: expect.any(Number),
      },
    });
    expect(Date.now() - Date.parse(overview.asOf)).toBeLessThan(10_000);
    expect((await call(server, 'GET /v1/ops/overview', { who: buyer })).body.code).toBe('forbidden');
    expect((await call(server, 'GET /v1/ops/overview', { who: await member(server, 'seller') })).status).toBe(
      403,
    );
    expect((await call(server, 'GET /v1/ops/overview')).status).toBe(401);
  });

  it('sees a shard that was started anew: in its row, as a problem that keeps its time, and on the live topic', async () => {
    const operator = await admin(server);
    const live = await authenticated(Number(new URL(server.url).port), operator);
    expect(await live.ask('subscribe', { topic: 'ops' })).toMatchObject({ status: 200 });
    expect(await live.frame(ofType('ops.overview'))).toMatchObject({ saleMode: 'off', oversoldUnits: 0 });
    const restartedAtMs = Date.now();
    expect((await call({ url: server.opsUrl }, 'POST /shards/0/restart')).status).toBe(202);
    const row = (shards: { restarts: number }[]) => shards.length === 1 && shards[0]!.restarts === 1;
    expect(await live.frame(({ type, shards }) => type === 'ops.shards' && row(shards), 20_000)).toBeTruthy();
    const [shard] = await expected(server, 'GET /v1/ops/shards', 200, { who: operator });
    expect(shard).toMatchObject({ shard: 0, restarts: 1, journalLagMs: expect.any(Number) });
    const restarted = ({ code }: { code: string }) => code === 'thread_restarted';
    const frame = await live.frame(
      ({ type, health }) => type === 'ops.overview' && health.problems.some(restarted),
      20_000,
    );
    const problem = frame.health.problems.find(restarted);
    expect(problem).toMatchObject({ shard: 0, what: expect.stringContaining('shard thread 0') });
    expect(Date.parse(problem.since)).toBeGreaterThan(restartedAtMs - 1_000);
    const again = await waitFor(async () => {
      const read = await overviewOf(operator);
      return Date.parse(read.asOf) > Date.parse(frame.asOf) ? read : null;
    });
    expect(again.health.problems.find(restarted).since).toBe(problem.since);
    live.close();
  });
});
