import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Contract, loadContract } from './contract.ts';
import { authenticated, ofType } from './live-client.ts';
import { checkoutBody, openShop, type Shop, saleBody, type Visitor } from './shop.ts';

let shop: Shop;
let contract: Contract;
beforeAll(async () => {
  shop = await openShop();
  contract = await loadContract(shop.url);
});
afterAll(() => shop.stop());

/** Asks, and holds the answer against the document. */
async function checked(
  who: Visitor | null,
  target: string,
  body?: unknown,
  headers: Record<string, string> = {},
) {
  const answer = await shop.request(who, target, body, headers);
  contract.expectAnswer(target, answer.status, answer.body);
  expect(answer.headers.get('x-request-id')).toBeTruthy();
  return answer;
}

describe('the contract', () => {
  it('holds on the whole way of a buyer', async () => {
    const seller = await shop.visitor('seller');
    const sku = await shop.stock(seller, 10);
    const { saleId } = (await checked(seller, 'POST /v1/sales', saleBody(shop.engine, sku, 10))).body;
    for (const path of ['', '/status'])
      expect((await checked(seller, `GET /v1/sales/${saleId}${path}`)).status).toBe(200);
    const buyer = await shop.visitor();
    const joined = await checked(buyer, `POST /v1/sales/${saleId}/tickets`, {});
    expect([joined.status, joined.body.status]).toEqual([201, 'waiting']);
    const { ticketId, admission } = await shop.admitted(saleId, buyer);
    for (const name of ['mine', ticketId]) {
      const ticket = await checked(buyer, `GET /v1/sales/${saleId}/tickets/${name}`);
      expect(ticket.body.admission.token).toBe(admission);
    }
    const hold = { holdId: randomUUID(), sku, quantity: 1 };
    const token = { 'admission-token': admission };
    for (const status of [201, 200])
      expect((await checked(buyer, `POST /v1/sales/${saleId}/holds`, hold, token)).status).toBe(status);
    await checked(buyer, `GET /v1/holds/${hold.holdId}`);
    const key = { 'idempotency-key': randomUUID() };
    const order = await checked(buyer, 'POST /v1/checkout', checkoutBody(hold.holdId), key);
    expect(order.status).toBe(201);
    const { orderId } = order.body;
    expect((await checked(buyer, `GET /v1/orders/${orderId}`)).status).toBe(200);
    expect((await checked(buyer, 'GET /v1/orders?limit=5&status=confirmed')).status).toBe(200);
    expect((await checked(buyer, `POST /v1/orders/${orderId}/cancel`)).status).toBe(200);
    expect((await checked(buyer, `DELETE /v1/sales/${saleId}/tickets/${ticketId}`)).status).toBe(200);
    for (const verb of ['pause', 'resume', 'close'])
      expect((await checked(seller, `POST /v1/sales/${saleId}/${verb}`)).status).toBe(200);
    expect((await checked(null, 'GET /v1/sales')).status).toBe(200);
    expect((await checked(await shop.visitor('operator'), 'GET /v1/ops/shards')).status).toBe(200);
  });

  it('holds for an order that waits, and for one that failed', async () => {
    const { saleId, sku } = await shop.openSale(5);
    const [slow, poor] = [await shop.hold(saleId, sku), await shop.hold(saleId, sku)];
    const key = () => ({ 'idempotency-key': randomUUID() });
    const declined = { ...checkoutBody(poor.holdId), paymentMethod: 'pm_card_chargeDeclined' };
    const refused = await checked(poor, 'POST /v1/checkout', declined, key());
    expect(refused.status).toBe(402);
    await checked(poor, `GET /v1/orders/${refused.body.orderId}`);
    shop.engine.isProviderSlow = true;
    const waits = await checked(slow, 'POST /v1/checkout', checkoutBody(slow.holdId), key());
    shop.engine.isProviderSlow = false;
    expect(waits.status).toBe(202);
  });

  it('holds for refusals, which are problems and name their code', async () => {
    const { saleId, sku } = await shop.openSale(5);
    const buyer = await shop.visitor();
    const hold = { holdId: randomUUID(), sku, quantity: 1 };
    const refused: [Visitor | null, string, unknown][] = [
      [null, `POST /v1/sales/${saleId}/tickets`, {}],
      [buyer, 'POST /v1/sales', {}],
      [await shop.visitor('seller'), 'POST /v1/sales', {}],
      [buyer, `POST /v1/sales/${saleId}/holds`, hold],
      [buyer, `POST /v1/sales/${saleId}/holds`, '{'],
      [buyer, `GET /v1/holds/${randomUUID()}`, undefined],
      [buyer, 'GET /v1/orders/ord_x', undefined],
      [buyer, 'POST /v1/checkout', {}],
      [null, 'POST /v1/webhooks/stripe', {}],
    ];
    for (const [who, target, body] of refused) {
      const answer = await checked(who, target, body);
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.headers.get('content-type')).toBe('application/problem+json');
      expect(answer.body.type).toBe(`urn:doorbuster:problem:${answer.body.code}`);
    }
  });

  it('gives the live endpoint the same objects', async () => {
    const { saleId, sku } = await shop.openSale(5);
    const buyer = await shop.visitor();
    const live = await authenticated(shop.gateway.port, buyer);
    await live.ask('subscribe', { saleId });
    const joined = await live.ask('join', { saleId });
    contract.expectAnswer('joinSale', joined.status, joined.body);
    const { type: _, ...ticket } = await live.frame(ofType('ticket'));
    contract.expectAnswer('getTicket', 200, ticket);
    const { token } = await live.frame(ofType('admission.granted'));
    const holdId = randomUUID();
    const held = await live.ask('hold', { saleId, holdId, sku, quantity: 1, admissionToken: token });
    contract.expectAnswer('placeHold', held.status, held.body);
    const order = await live.ask('checkout', { ...checkoutBody(holdId), idempotencyKey: 'k' });
    contract.expectAnswer('checkOut', order.status, order.body);
    const { type: __, ...updated } = await live.frame(ofType('order.updated'));
    contract.expectAnswer('getOrder', 200, updated);
    const released = await live.ask('release', { holdId });
    expect(released.status).toBe(409);
    contract.expectAnswer('releaseHold', released.status, released.body);
    live.close();
  });

  it('would notice a wrong body, a wrong status and an unknown path', () => {
    expect(() => contract.expectAnswer('GET /v1/sales/x', 200, { saleId: 'x' })).toThrow();
    expect(() => contract.expectAnswer('GET /v1/sales/x', 302, {})).toThrow('no answer 302');
    expect(() => contract.expectAnswer('GET /v1/nothing', 200, {})).toThrow('knows no');
  });

  it('lists every path that this half of the gateway promises', () => {
    const promised = [
      'POST /v1/sales',
      'GET /v1/sales',
      'GET /v1/sales/{saleId}',
      'PATCH /v1/sales/{saleId}',
      'POST /v1/sales/{saleId}/pause',
      'POST /v1/sales/{saleId}/resume',
      'POST /v1/sales/{saleId}/close',
      'GET /v1/sales/{saleId}/status',
      'POST /v1/sales/{saleId}/tickets',
      'GET /v1/sales/{saleId}/tickets/{ticketId}',
      'GET /v1/sales/{saleId}/tickets/mine',
      'DELETE /v1/sales/{saleId}/tickets/{ticketId}',
      'POST /v1/sales/{saleId}/holds',
      'GET /v1/holds/{holdId}',
      'DELETE /v1/holds/{holdId}',
      'POST /v1/checkout',
      'GET /v1/orders',
      'GET /v1/orders/{orderId}',
      'POST /v1/orders/{orderId}/cancel',
      'GET /v1/payments/{paymentId}',
      'POST /v1/webhooks/stripe',
      'GET /v1/ops/shards',
    ];
    expect(contract.operations.map(([, target]) => target)).toEqual(expect.arrayContaining(promised));
  });
});
