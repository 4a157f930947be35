import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../gateway/engine.ts';
import { checkoutBody, openShop, type Shop, saleBody, type Visitor } from '../../gateway/shop.ts';

let shop: Shop;
beforeAll(async () => {
  shop = await openShop();
});
afterAll(() => shop.stop());

const checkOut = (who: Visitor, body: object, key: string = randomUUID()) =>
  shop.request(who, 'POST /v1/checkout', body, { 'idempotency-key': key });

describe('checkout', () => {
  it('turns a hold into a confirmed order, once', async () => {
    const { saleId, sku, seller } = await shop.openSale(5);
    const buyer = await shop.hold(saleId, sku);
    const key = randomUUID();
    const first = await checkOut(buyer, checkoutBody(buyer.holdId), key);
    expect(first.status).toBe(201);
    expect(first.body).toMatchObject({
      status: 'confirmed',
      paymentStatus: 'captured',
      failure: null,
      lines: [
        { sku, quantity: 1, sellerId: seller.accountId, unitPrice: { amount: 49_900, currency: 'USD' } },
      ],
      total: { amount: 49_900, currency: 'USD' },
    });
    expect(first.body.orderNumber).toMatch(
      /^DB-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/,
    );
    const path = `/v1/orders/${first.body.orderId}`;
    expect(first.headers.get('location')).toBe(path);

    const again = await checkOut(buyer, checkoutBody(buyer.holdId), key);
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([201, 'true']);
    expect(again.body).toEqual(first.body);
    const other = await checkOut(buyer, { ...checkoutBody(buyer.holdId), shippingMethod: 'express' }, key);
    expect([other.status, other.body.code]).toEqual([422, 'idempotency_key_reused']);
    const twice = await checkOut(buyer, checkoutBody(buyer.holdId));
    expect(twice.status).toBe(409);

    const read = await shop.request(buyer, `GET ${path}`);
    expect(read.body).toEqual(first.body);
    expect(read.headers.get('etag')).toBe(`"${first.body.version}"`);
    const stranger = await shop.visitor('buyer');
    expect((await shop.request(stranger, `GET ${path}`)).status).toBe(404);
    expect((await shop.request(stranger, `POST ${path}/cancel`)).status).toBe(404);
    const operator = await shop.visitor('operator');
    expect((await shop.request(operator, `GET ${path}`)).body.orderId).toBe(first.body.orderId);
    // The sale hears of it by a report, up to 100 ms later.
    const status = async () => (await shop.request(seller, `GET /v1/sales/${saleId}/status`)).body;
    await until(async () => (await status()).items[0].sold === 1);

    const cancelled = await shop.request(buyer, `POST ${path}/cancel`);
    expect(cancelled.status).toBe(200);
    const refunded = await until(async () => {
      const { body } = await shop.request(buyer, `GET ${path}`);
      return body.status === 'refunded' && body;
    });
    expect(refunded).toMatchObject({ paymentStatus: 'refunded', failure: null });
  });

  it('of holds alone asks nobody about carts, quotes and coupons', async () => {
    const { saleId, sku } = await shop.openSale(5);
    const buyer = await shop.hold(saleId, sku);
    const { asked } = shop.engine;
    const before = new Map(asked);
    expect((await checkOut(buyer, checkoutBody(buyer.holdId))).status).toBe(201);
    const times = (type: string) => (asked.get(type) ?? 0) - (before.get(type) ?? 0);
    for (const type of [
      'ReadCart',
      'SaveQuote',
      'UseQuote',
      'CheckCoupon',
      'ReadOrder',
      'ReadStock',
      'ReadHold',
    ])
      expect([type, times(type)]).toEqual([type, 0]);
    expect(times('PlaceOrder')).toBe(1);
  });

  it('is cancelled only in a version that `If-Match` names', async () => {
    const { saleId, sku } = await shop.openSale(5);
    const buyer = await shop.hold(saleId, sku);
    const { body: order, headers } = await checkOut(buyer, checkoutBody(buyer.holdId));
    const path = `/v1/orders/${order.orderId}`;
    const cancel = (tags: string) =>
      shop.request(buyer, `POST ${path}/cancel`, undefined, { 'if-match': tags });
    const present = headers.get('etag')!;
    for (const tags of ['"1"', `W/${present}`, 'nonsense']) {
      const stale = await cancel(tags);
      expect([tags, stale.status, stale.body.code]).toEqual([tags, 412, 'stale_version']);
    }
    expect((await shop.request(buyer, `GET ${path}`)).body.status).toBe('confirmed');
    const cancelled = await cancel(`"1", ${present}`);
    expect([cancelled.status, cancelled.body.status]).toEqual([200, 'cancelled']);
    expect(cancelled.headers.get('etag')).not.toBe(present);
  });

  it('says that the card was declined, and gives the unit back', async () => {
    const { saleId, sku, seller } = await shop.openSale(5);
    const buyer = await shop.hold(saleId, sku);
    const declined = { ...checkoutBody(buyer.holdId), paymentMethod: 'pm_card_chargeDeclined' };
    const { status, body } = await checkOut(buyer, declined);
    expect([status, body.code, body.declineCode]).toEqual([402, 'payment_declined', 'generic_decline']);
    expect((await shop.request(buyer, `GET /v1/orders/${body.orderId}`)).body).toMatchObject({
      status: 'payment_failed',
      failure: { code: 'payment_declined', declineCode: 'generic_decline' },
    });
    await until(async () => {
      const report = await shop.request(seller, `GET /v1/sales/${saleId}/status`);
      return report.body.items[0].available === 5;
    });
  });

  it('tells of a declined card when the unit is free again, and does not wait for ever', async () => {
    const { saleId, sku } = await shop.openSale(2);
    const { ask } = shop.services;
    for (const looksMin of [3, Number.POSITIVE_INFINITY]) {
      const buyer = await shop.hold(saleId, sku);
      let looks = 0;
      // The order gives the hold back a little later than it says that it failed.
      const slow: typeof ask = async (command, key, fields) => {
        const answer = await ask(command, key, fields);
        if (command.type !== 'ReadHold' || ++looks >= looksMin) return answer;
        return { ...answer, body: { ...(answer.body as object), state: 'committing' } } as typeof answer;
      };
      try {
        Object.assign(shop.services, { ask: slow });
        const sentMs = performance.now();
        const declined = { ...checkoutBody(buyer.holdId), paymentMethod: 'pm_card_chargeDeclined' };
        expect((await checkOut(buyer, declined)).body.code).toBe('payment_declined');
        expect(looks).toBeGreaterThanOrEqual(3);
        expect(performance.now() - sentMs).toBeLessThan(4_000);
      } finally {
        Object.assign(shop.services, { ask });
      }
    }
  });

  it('needs a key, known holds of the caller, one address and no card number', async () => {
    const { saleId, sku } = await shop.openSale(5);
    const buyer = await shop.hold(saleId, sku);
    const body = checkoutBody(buyer.holdId);
    expect((await shop.request(buyer, 'POST /v1/checkout', body)).body.code).toBe('idempotency_key_required');
    const unknown = randomUUID();
    expect((await checkOut(buyer, checkoutBody(buyer.holdId, unknown))).body).toMatchObject({
      code: 'not_found',
      holdId: unknown,
    });
    expect((await checkOut(await shop.visitor(), body)).body).toMatchObject({
      code: 'not_found',
      holdId: buyer.holdId,
    });
    const wrong = [
      { ...body, shippingAddress: undefined },
      { ...body, shippingAddressId: 'adr_018f0000-0000-7000-8000-000000000000' },
      { ...body, shippingAddress: { ...body.shippingAddress, country: 'USA' } },
      { ...body, holdIds: [] },
      { ...body, holdIds: [buyer.holdId, buyer.holdId] },
      { ...body, paymentMethod: 'visa' },
      { ...body, couponCodes: ['S'] },
      { ...body, holdIds: undefined },
      { ...body, paymentMethod: undefined },
      { ...body, cartId: 'c' },
    ];
    for (const each of wrong) expect((await checkOut(buyer, each)).body.code).toBe('validation_failed');
    expect((await checkOut(buyer, { ...body, paymentMethod: '4242424242424242' })).body.code).toBe(
      'card_data_refused',
    );
    expect((await checkOut(buyer, body)).status).toBe(201);
  });

  it('is too late when the hold has ended', async () => {
    const { saleId, sku } = await shop.openSale(5, { holdSeconds: 5 });
    const buyer = await shop.hold(saleId, sku);
    shop.engine.advance(6_000);
    const { status, body } = await checkOut(buyer, checkoutBody(buyer.holdId));
    expect([status, body.code]).toEqual([409, 'hold_expired']);
    expect(body.lines).toEqual([{ sku, available: null }]);
  });

  it('case 03: refuses holds that are too much for one payment, or in two currencies, before any is taken', async () => {
    const buyer = await shop.visitor();
    const holdOf = async (amount: number, currency: string) => {
      const seller = await shop.visitor('seller');
      const sku = await shop.stock(seller, 5);
      const body = saleBody(shop.engine, sku, 5);
      const items = [{ ...body.items[0], price: { amount, currency } }];
      const { body: sale } = await shop.request(seller, 'POST /v1/sales', { ...body, items });
      return (await shop.hold(sale.saleId, sku, buyer)).holdId;
    };
    const [dear, dearer, crowns] = [
      await holdOf(50_000_000, 'USD'),
      await holdOf(60_000_000, 'USD'),
      await holdOf(1_990, 'ISK'),
    ];
    for (const holdIds of [
      [dear, dearer],
      [dear, crowns],
    ]) {
      const { status, body } = await checkOut(buyer, checkoutBody(...holdIds));
      expect([status, body.code, body.errors[0].path]).toEqual([400, 'validation_failed', '/holdIds']);
    }
    for (const holdId of [dear, dearer, crowns]) {
      const held = await shop.request(buyer, `GET /v1/holds/${holdId}`);
      expect(held.body.state).toBe('held');
      expect((await checkOut(buyer, checkoutBody(holdId))).status).toBe(201);
    }
  });

  it('hears of the end also when every push is lost', async () => {
    const { saleId, sku } = await shop.openSale(5);
    const buyer = await shop.hold(saleId, sku);
    shop.engine.isDeaf = true;
    const { status, body } = await checkOut(buyer, checkoutBody(buyer.holdId));
    shop.engine.isDeaf = false;
    expect([status, body.status]).toEqual([201, 'confirmed']);
  });

  it('answers 202 when the payment takes longer, and the order goes on', async () => {
    const { saleId, sku } = await shop.openSale(5);
    const buyer = await shop.hold(saleId, sku);
    shop.engine.isProviderSlow = true;
    const { status, body, headers } = await checkOut(buyer, checkoutBody(buyer.holdId));
    expect([status, body.status]).toEqual([202, 'authorizing']);
    const path = headers.get('location');
    expect(path).toBe(`/v1/orders/${body.orderId}`);
    shop.engine.isProviderSlow = false;
    await until(async () => (await shop.request(buyer, `GET ${path}`)).body.status === 'confirmed');
  });

  it('is asked again under the same order id when the engine was too busy', async () => {
    const { saleId, sku } = await shop.openSale(5);
    const buyer = await shop.hold(saleId, sku);
    const key = randomUUID();
    shop.engine.refusing.add('ReadOrder').add('PlaceOrder');
    const busy = await checkOut(buyer, checkoutBody(buyer.holdId), key);
    shop.engine.refusing.clear();
    expect([busy.status, busy.body.code, busy.headers.get('retry-after')]).toEqual([503, 'busy', '1']);
    expect((await checkOut(buyer, checkoutBody(buyer.holdId), key)).status).toBe(201);
  });
});
