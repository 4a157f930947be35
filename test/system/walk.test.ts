/** The ways of a buyer through a running server, as the README and the contract promise them. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadContract } from '../gateway/contract.ts';
import { authenticated, ofType } from '../gateway/live-client.ts';
import { runWalk } from './readme.ts';
import { openSite, type ServerProcess, type Site, waitFor } from './server.ts';
import {
  admitted,
  call,
  checkOut,
  checkoutBody,
  expected,
  guest,
  hold,
  holding,
  openDrop,
  stockOf,
} from './shop.ts';

const portOf = (url: string) => Number(new URL(url).port);

describe.each(['apart', 'joined'])('with threads %s:', (threads) => {
  let site: Site;
  let server: ServerProcess;
  beforeAll(async () => {
    site = await openSite({ THREADS: threads });
    server = await site.start({ SAMPLE: '1' });
  });
  afterAll(() => site.close());

  describe('a first start on an empty folder', () => {
    it('shows what runs where, the first password once, and a sample drop that is open', async () => {
      const [, saleId] = /Open now +\S+\/drops\/(\S+) +Nimbus launch drop/.exec(server.banner)!;
      const sale = await expected(server, `GET /v1/sales/${saleId}`, 200);
      expect(sale).toMatchObject({ phase: 'active', stock: 'ready', items: [{ sku: 'NIMBUS-1' }] });
      for (const path of ['/', '/ops', '/sell', '/openapi.json', '/v1/live'])
        expect(server.banner).toContain(`${server.url.slice('http'.length)}${path}`);
      expect(server.banner).toContain('a frame is acknowledged once its transaction is on disk');
      expect(server.banner).toContain('sandbox: no money moves');
      expect(server.banner.match(/password/g)).toHaveLength(1);
      expect(server.log()).not.toContain(/password (\S+)/.exec(server.banner)![1]);
    });

    it('makes the walk in the README work as printed', async () => {
      const lines = await runWalk('Walk through a drop', { url: server.url, dataDir: site.dataDir });
      expect(lines.at(-1)).toBe('confirmed');
      expect(JSON.parse(lines.at(-2)!)).toMatchObject({ state: 'held', quantity: 1 });
    });

    it('makes the README’s way of a shopper work as printed', async () => {
      // What is put into the shop can be found a moment later.
      await waitFor(async () => (await expected(server, 'GET /v1/search?limit=1', 200)).total === 48);
      const lines = await runWalk('A shopper by curl', { url: server.url, dataDir: site.dataDir });
      expect(lines.slice(0, 3)).toEqual([
        'true',
        'query: headphones',
        'category: Electronics > Audio > Headphones',
      ]);
      expect(lines.slice(-4)).toEqual([
        "[ { value: 'Fjell', count: 2 }, { value: 'Myr', count: 2 } ]",
        "[ 'Myr city running shoe', 'Myr approach shoe' ]",
        'headphones',
        'Fjell trail running shoe',
      ]);
    });

    it('makes the README’s way of a cart work as printed', async () => {
      const lines = await runWalk('A cart by curl', { url: server.url, dataDir: site.dataDir });
      expect(lines).toEqual(['2', '3', 'confirmed']);
    });

    it('makes the README’s way of a seller work as printed', async () => {
      const lines = await runWalk('A seller by curl', { url: server.url, dataDir: site.dataDir });
      expect(lines[0]).toBe('false');
      expect(lines[1]).toMatch(/^\/media\/[0-9a-f]{64}-320\.webp$/);
      expect((await fetch(`${server.url}${lines[1]}`)).headers.get('content-type')).toBe('image/webp');
      expect(lines.slice(2, -3).join('\n')).toMatch(/line: 3,\s+code: 'validation_failed'/);
      expect(lines.slice(-3)).toEqual([
        "[ { value: 'Zephyr', count: 1 } ]",
        'Zephyr floor lamp',
        'Zephyr desk lamp',
      ]);
    });
  });

  describe('a buyer over HTTP', () => {
    it('joins, waits, holds, pays, and has an order', async () => {
      const drop = await openDrop(server, 3);
      const buyer = await admitted(server, drop);
      const again = await call(server, `POST /v1/sales/${drop.saleId}/tickets`, { who: buyer, body: {} });
      expect([again.status, again.body.ticketId, again.body.ticketNumber]).toEqual([200, buyer.ticketId, 1]);
      const holdId = randomUUID();
      const [first, repeat] = [
        await hold(server, drop, buyer, holdId),
        await hold(server, drop, buyer, holdId),
      ];
      expect([first.status, repeat.status]).toEqual([201, 200]);
      expect(repeat.body).toEqual(first.body);
      expect(await stockOf(server, drop.sku)).toEqual({
        onHand: 3,
        held: 1,
        sold: 0,
        allotted: 2,
        available: 0,
      });
      const order = await checkOut(server, { ...buyer, holdId });
      expect(order.status).toBe(201);
      expect(order.body).toMatchObject({ status: 'confirmed', paymentStatus: 'captured' });
      expect(order.headers.get('location')).toBe(`/v1/orders/${order.body.orderId}`);
      const replayed = await checkOut(server, { ...buyer, holdId });
      expect(replayed.headers.get('idempotency-replayed')).toBe('true');
      expect(replayed.body).toEqual(order.body);
      expect(await stockOf(server, drop.sku)).toEqual({
        onHand: 3,
        held: 0,
        sold: 1,
        allotted: 2,
        available: 0,
      });
      expect(await expected(server, `GET /v1/holds/${holdId}`, 200, { who: buyer })).toMatchObject({
        state: 'committed',
      });
    });

    it('cannot have more than the limit', async () => {
      const drop = await openDrop(server, 5);
      const buyer = await admitted(server, drop);
      const tooMany = await hold(server, drop, buyer, randomUUID(), 2);
      expect([tooMany.status, tooMany.body.code]).toEqual([409, 'purchase_limit']);
      await holding(server, drop, buyer);
      const another = await hold(server, drop, buyer, randomUUID());
      expect([another.status, another.body]).toMatchObject([
        409,
        { code: 'purchase_limit', limit: 1, owned: 1 },
      ]);
    });

    it('is told when all is sold, and gets the unit of one who could not pay', async () => {
      const drop = await openDrop(server, 1, {
        sale: { queueing: { releasePerSecond: 1_000, overAdmission: 10 } },
      });
      const [poor, late] = [await admitted(server, drop), await admitted(server, drop)];
      const holder = await holding(server, drop, poor);
      const missed = await hold(server, drop, late, randomUUID());
      expect([missed.status, missed.body.code, missed.body.available]).toEqual([409, 'sold_out', 0]);
      const declined = await checkOut(server, holder, { paymentMethod: 'pm_card_chargeDeclined' });
      expect([declined.status, declined.body.code]).toEqual([402, 'payment_declined']);
      expect(declined.body.declineCode).toBeTruthy();
      const failed = await expected(server, `GET /v1/orders/${declined.body.orderId}`, 200, { who: poor });
      expect([failed.status, failed.paymentStatus]).toEqual(['payment_failed', 'failed']);
      const lucky = await holding(server, drop, late);
      expect((await checkOut(server, lucky)).body.status).toBe('confirmed');
      expect(await stockOf(server, drop.sku)).toMatchObject({ sold: 1, held: 0, allotted: 0, available: 0 });
      // The sale hears of it by a report, up to 100 ms later.
      await waitFor(
        async () => (await call(server, `GET /v1/sales/${drop.saleId}`)).body.phase === 'sold_out',
      );
      const tooLate = await guest(server);
      const told = await call(server, `POST /v1/sales/${drop.saleId}/tickets`, { who: tooLate, body: {} });
      expect([told.status, told.body.outlook]).toEqual([201, 'sold_out']);
      expect(await expected(server, `GET /v1/sales/${drop.saleId}`, 200)).toMatchObject({
        phase: 'sold_out',
      });
    });
  });

  describe.each([
    ['as text', []],
    ['as msgpack', ['doorbuster.msgpack.v1']],
  ])('a buyer over the live socket, %s', (_, protocols) => {
    it('sees the queue move, is let in, holds, pays, and hears of the order', async () => {
      const contract = await loadContract(server.url);
      const drop = await openDrop(server, 2);
      const { saleId, sku } = drop;
      const buyer = await guest(server);
      const live = await authenticated(portOf(server.url), buyer, protocols);
      expect(await live.ask('subscribe', { saleId })).toMatchObject({ status: 200 });
      const joined = await live.ask('join', { saleId, requestId: randomUUID() });
      expect(joined).toMatchObject({ status: 201, body: { ticketNumber: 1 } });
      const { token } = await live.frame(ofType('admission.granted'));
      expect(await live.frame(ofType('queue.serving'))).toMatchObject({ saleId });
      const holdId = randomUUID();
      const asked = { saleId, holdId, sku, quantity: 1, admissionToken: token };
      expect(await live.ask('hold', asked)).toMatchObject({ status: 201, body: { state: 'held' } });
      expect(await live.ask('hold', asked)).toMatchObject({ status: 200, body: { holdId } });
      const paid = { ...checkoutBody([holdId]), idempotencyKey: holdId };
      const order = await live.ask('checkout', paid);
      expect(order).toMatchObject({ status: 201, body: { status: 'confirmed' } });
      expect((await live.ask('checkout', paid)).body).toEqual(order.body);
      const { type: _, ...updated } = await live.frame(
        (frame) => frame.type === 'order.updated' && frame.status === 'confirmed',
      );
      contract.expectAnswer('getOrder', 200, updated);
      const refused = await live.ask('hold', { ...asked, holdId: randomUUID() });
      expect(refused).toMatchObject({ status: 409, body: { code: 'purchase_limit' } });
      expect(await live.ask('release', { holdId })).toMatchObject({ status: 409 });
      const { seller } = drop;
      await expected(server, `POST /v1/sales/${saleId}/close`, 200, { who: seller });
      await live.frame((frame) => frame.type === 'sale.phase' && frame.phase === 'ended');
      live.close();
    });

    it('finds the place again on another socket, and leaves', async () => {
      const drop = await openDrop(server, 1);
      await holding(server, drop);
      const buyer = await guest(server);
      const first = await authenticated(portOf(server.url), buyer, protocols);
      const { body: ticket } = await first.ask('join', { saleId: drop.saleId });
      first.close();
      await first.closed;
      const second = await authenticated(portOf(server.url), buyer, protocols);
      const { ticketId, ticketNumber } = ticket;
      const state = await second.ask('subscribe', { saleId: drop.saleId, ticketId });
      expect(state.body.ticket).toMatchObject({ ticketId, ticketNumber, status: 'waiting' });
      expect(await second.ask('leave', { saleId: drop.saleId })).toMatchObject({
        status: 200,
        body: { status: 'left' },
      });
      second.close();
    });
  });

  describe('a later start on the same folder', () => {
    it('shows no password, and remembers every answer', async () => {
      const drop = await openDrop(server, 5);
      const [payer, holder] = [await holding(server, drop), await holding(server, drop)];
      const waiting = await guest(server);
      const join = (who: typeof waiting) =>
        call(server, `POST /v1/sales/${drop.saleId}/tickets`, {
          who,
          body: { requestId: waiting.accountId.slice(4) },
        });
      const ticket = await join(waiting);
      const order = await checkOut(server, payer);
      const declinedBy = await holding(server, drop);
      const declined = await checkOut(server, declinedBy, { paymentMethod: 'pm_card_chargeDeclined' });
      const { code, tookMs } = await server.end('SIGTERM');
      expect(code).toBe(0);
      expect(tookMs).toBeLessThan(10_000);
      expect(server.errors()).toEqual([]);

      server = await site.start({ SAMPLE: '1' });
      expect(server.banner).not.toMatch(/password/);
      expect(server.banner).toMatch(/Open now +\S+\/drops\/sal_/);
      const replayed = await checkOut(server, payer);
      expect([replayed.status, replayed.body]).toEqual([order.status, order.body]);
      expect(replayed.headers.get('idempotency-replayed')).toBe('true');
      const refusedAgain = await checkOut(server, declinedBy, { paymentMethod: 'pm_card_chargeDeclined' });
      expect([refusedAgain.status, refusedAgain.body]).toEqual([declined.status, declined.body]);
      const joined = await join(waiting);
      expect([joined.status, joined.body.ticketNumber]).toEqual([200, ticket.body.ticketNumber]);
      const held = await hold(server, drop, holder, holder.holdId);
      expect(held.status).toBe(200);
      expect((await checkOut(server, holder)).body.status).toBe('confirmed');
      expect(await stockOf(server, drop.sku)).toEqual({
        onHand: 5,
        held: 0,
        sold: 2,
        allotted: 3,
        available: 0,
      });
    });
  });
});
