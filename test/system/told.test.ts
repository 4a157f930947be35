/**
 * What an answer says is so for whoever reads next: lists right after an answer, one meaning of `available`, sales that
 * are refused, paused or over. On a running server, so that the tables are as far behind as they really are.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestDatabase, testDatabase } from '../persistence/support.ts';
import { openSite, type ServerProcess, type Site, waitFor } from './server.ts';
import {
  admitted,
  asked,
  call,
  checkOut,
  expected,
  hold,
  holding,
  member,
  openDrop,
  productBody,
  saleBody,
  stockOf,
} from './shop.ts';

let database: TestDatabase;
let site: Site;
let server: ServerProcess;
beforeAll(async () => {
  database = await testDatabase();
  site = await openSite({ DATABASE_URL: database.url });
  server = await site.start();
});
afterAll(async () => {
  await site.close();
  await database.close();
});

const repeats = 20;
const seller = () => member(server, 'seller');

describe('what an answer told is in the next read', () => {
  it('an order, its payment and its cancellation, 20 times', async () => {
    const drop = await openDrop(server, repeats);
    for (let n = 0; n < repeats; n++) {
      const buyer = await holding(server, drop);
      const told = await checkOut(server, buyer);
      expect([told.status, told.body.status]).toEqual([201, 'confirmed']);
      const { orderId, paymentId } = told.body;
      const list = async (query = '') =>
        (await expected(server, `GET /v1/orders${query}`, 200, { who: buyer })).items;
      expect(await list()).toEqual([told.body]);
      expect(await list('?status=confirmed')).toEqual([told.body]);
      const payment = await expected(server, `GET /v1/payments/${paymentId}`, 200, { who: buyer });
      expect(payment).toMatchObject({ orderId, status: 'captured' });
      const cancelled = await expected(server, `POST /v1/orders/${orderId}/cancel`, 200, { who: buyer });
      const [listed, ...others] = await list();
      expect(others).toEqual([]);
      expect(listed.version).toBeGreaterThanOrEqual(cancelled.version);
      expect(await list('?status=confirmed')).toEqual([]);
    }
  });

  it('a sale, its pause and its end', async () => {
    const listed = async (saleId: string) =>
      (await expected(server, 'GET /v1/sales?limit=100', 200)).items.find(
        (sale: { saleId: string }) => sale.saleId === saleId,
      );
    for (let n = 0; n < 5; n++) {
      const { saleId, seller: who } = await openDrop(server, 1);
      expect(await listed(saleId)).toMatchObject({ phase: 'active' });
      for (const [verb, phase] of [
        ['pause', 'paused'],
        ['resume', 'active'],
        ['close', 'ended'],
      ] as const) {
        const answer = await expected(server, `POST /v1/sales/${saleId}/${verb}`, 200, { who });
        expect(answer.phase).toBe(phase);
        expect(await listed(saleId)).toMatchObject({ phase });
      }
    }
  });
});

describe('case 14: available means one thing', () => {
  const sum = ({ held, sold, allotted, available }: Awaited<ReturnType<typeof stockOf>>) =>
    held + sold + allotted + available;
  const open = async (who: Awaited<ReturnType<typeof seller>>, sku: string, quantity: number) =>
    asked(server, 'POST /v1/sales', { who, body: saleBody(sku, quantity) });

  it('what the inventory says can be taken is what a sale and an adjustment get, at every step', async () => {
    const who = await seller();
    const sku = `SKU-${randomUUID()}`;
    await expected(server, 'POST /v1/products', 201, { who, body: productBody([sku], 5) });
    const refused = async () => {
      const stock = await stockOf(server, sku);
      expect(sum(stock)).toBe(stock.onHand);
      const sale = await open(who, sku, stock.available + 1);
      expect([sale.status, sale.body.code]).toEqual([409, 'insufficient_stock']);
      expect(sale.body.items).toEqual([{ sku, code: 'insufficient_stock', available: stock.available }]);
      const adjusted = await call(server, `POST /v1/inventory/${sku}/adjustments`, {
        who,
        body: { adjustmentId: randomUUID(), delta: -stock.available - 1, reason: 'count' },
      });
      expect([adjusted.status, adjusted.body.available]).toEqual([409, stock.available]);
      return stock;
    };
    expect(await refused()).toMatchObject({ onHand: 5, available: 5 });
    const sale = await open(who, sku, 3);
    const drop = { saleId: sale.body.saleId, sku, seller: who };
    expect(await refused()).toMatchObject({ allotted: 3, available: 2 });
    const buyer = await holding(server, drop);
    await checkOut(server, await holding(server, drop));
    expect(await refused()).toMatchObject({ held: 1, sold: 1, allotted: 1, available: 2 });
    // Somebody is still admitted when the sale is closed: what nobody holds is free at once.
    await admitted(server, drop);
    await expected(server, `POST /v1/sales/${drop.saleId}/close`, 200, { who });
    expect(await refused()).toMatchObject({ held: 1, sold: 1, allotted: 0, available: 3 });
    await expected(server, `DELETE /v1/holds/${buyer.holdId}`, 200, { who: buyer });
    const { available } = await refused();
    expect(available).toBe(4);
    expect((await open(who, sku, available)).status).toBe(201);
    // Pages of the catalogue say the same once the tables have it.
    const products = () => expected(server, `GET /v1/products?seller=${who.accountId}`, 200, { who });
    await waitFor(async () => (await products()).items[0].variants[0].available === 0);
  });
});

describe('a sale that the seller may not hold', () => {
  it('is refused and listed nowhere: too few units, another seller’s SKU, one that left the catalogue', async () => {
    const who = await seller();
    const [few, foreign, gone] = [randomUUID(), randomUUID(), randomUUID()];
    await expected(server, 'POST /v1/products', 201, { who, body: productBody([few], 1) });
    await expected(server, 'POST /v1/products', 201, {
      who: await seller(),
      body: productBody([foreign], 9),
    });
    const { productId } = await expected(server, 'POST /v1/products', 201, {
      who,
      body: productBody([gone], 9),
    });
    const running = await asked(server, 'POST /v1/sales', { who, body: saleBody(gone, 4) });
    await expected(server, `DELETE /v1/products/${productId}`, 204, { who });
    for (const [sku, status, code] of [
      [few, 409, 'insufficient_stock'],
      [foreign, 404, 'unknown_sku'],
      [gone, 404, 'unknown_sku'],
      ['NO-SUCH-SKU', 404, 'unknown_sku'],
    ] as const) {
      const { status: got, body } = await asked(server, 'POST /v1/sales', { who, body: saleBody(sku, 2) });
      expect([sku, got, body.code]).toEqual([sku, status, code]);
      expect((await call(server, `GET /v1/sales/${body.saleId}`)).status).toBe(404);
      // The tables know it by then, and know that it was refused.
      const known = `SELECT stock FROM sales WHERE sale_id = '${body.saleId}'`;
      await waitFor(async () => (await database.pool.query(known)).rows[0]?.stock === 'refused');
      const { items } = await expected(server, 'GET /v1/sales?limit=100', 200);
      expect(items.map(({ saleId }: { saleId: string }) => saleId)).not.toContain(body.saleId);
    }
    // The one that was made before its product left goes on.
    const buyer = await holding(server, { saleId: running.body.saleId, sku: gone, seller: who });
    expect((await checkOut(server, buyer)).body.status).toBe('confirmed');
  });
});

describe('a sale that stops', () => {
  it('gives no new hold after its close, to nobody, while what is held may be paid', async () => {
    const drop = await openDrop(server, 3);
    const holder = await holding(server, drop);
    const inside = await admitted(server, drop);
    await expected(server, `POST /v1/sales/${drop.saleId}/close`, 200, { who: drop.seller });
    const late = await hold(server, drop, inside, randomUUID());
    expect([late.status, late.body.code]).toEqual([410, 'sale_ended']);
    expect((await hold(server, drop, holder, holder.holdId)).status).toBe(200);
    expect((await checkOut(server, holder)).body.status).toBe('confirmed');
  });

  it('is paused for admissions alone, or for holds as well, and goes on where it was', async () => {
    const drop = await openDrop(server, 3);
    const steer = (verb: string, body?: object) =>
      expected(server, `POST /v1/sales/${drop.saleId}/${verb}`, 200, { who: drop.seller, body });
    const [one, two] = [await admitted(server, drop), await admitted(server, drop)];
    await steer('pause');
    expect((await hold(server, drop, one, randomUUID())).status).toBeOneOf([200, 201]);
    await steer('pause', { holds: true });
    const holdId = randomUUID();
    const refused = await hold(server, drop, two, holdId);
    expect([refused.status, refused.body.code]).toEqual([409, 'sale_paused']);
    await steer('resume');
    expect((await hold(server, drop, two, holdId)).status).toBeOneOf([200, 201]);
    const odd = await call(server, `POST /v1/sales/${drop.saleId}/pause`, {
      who: drop.seller,
      body: { holds: 'yes' },
    });
    expect([odd.status, odd.body.code, odd.body.errors[0].path]).toEqual([
      400,
      'validation_failed',
      '/holds',
    ]);
  });
});
