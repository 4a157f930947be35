/** From "add to cart" to a paid order, over HTTP, with the real actors and the sandbox provider. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../../gateway/engine.ts';
import { type Answered, address, openShop, type Shop, type Visitor } from '../../gateway/shop.ts';

let shop: Shop;
let seller: Visitor;
beforeAll(async () => {
  shop = await openShop();
  seller = await shop.visitor('seller');
});
afterAll(() => shop.stop());

const usd = (amount: number) => ({ amount, currency: 'USD' });
const cartIdOf = ({ accountId }: Visitor) => accountId.replace('acc_', 'crt_');

async function fill(who: Visitor, ...lines: [sku: string, quantity: number][]): Promise<Visitor> {
  for (const [sku, quantity] of lines) {
    const added = await shop.request(who, 'POST /v1/cart/items', { sku, quantity });
    expect([added.status, added.body.code]).toEqual([200, undefined]);
  }
  return who;
}

const buyerOf = async (...lines: [sku: string, quantity: number][]) =>
  fill(await shop.visitor('buyer'), ...lines);

const body = (who: Visitor, change: object = {}) => ({
  ...{ cartId: cartIdOf(who), shippingAddress: address, paymentMethod: 'pm_card_visa' },
  ...change,
});
const checkOut = (who: Visitor, change: object = {}, key: string = randomUUID()) =>
  shop.request(who, 'POST /v1/checkout', body(who, change), { 'idempotency-key': key });
const quote = (who: Visitor, change: object = {}) =>
  shop.request(who, 'POST /v1/checkout/quote', {
    ...{ cartId: cartIdOf(who), shippingAddress: address },
    ...change,
  });
const cart = async (who: Visitor) => (await shop.request(who, 'GET /v1/cart')).body;
const ask = async (kind: string, key: string, command: { type: string; [field: string]: unknown }) =>
  (await shop.engine.shards.ask(kind, key, command)).body as Record<string, unknown>;
const stockOf = (sku: string) => ask('sku', sku, { type: 'ReadStock' });
const changePrice = (sku: string, amount: number) =>
  ask('sku', sku, { type: 'ChangeSku', price: usd(amount) });

async function coupon(percent: number, limit: number | null): Promise<string> {
  const code = `C-${randomUUID().slice(0, 8).toUpperCase()}`;
  const terms = {
    ...{ sellerId: null, discount: { kind: 'percent', basisPoints: percent * 100 }, limit },
    ...{ limitPerBuyer: null, startsAtMs: null, endsAtMs: null, minimumSubtotal: null },
    ...{ scope: { skus: null, categories: null, sellerId: null }, stackable: false, priority: 0 },
  };
  await ask('coupon', code, { type: 'DefineCoupon', kind: 'coupon', terms });
  return code;
}
const usesOf = (code: string) => ask('coupon', code, { type: 'ReadCoupon', sellerId: null });

const statuses = (answers: readonly Answered[]) => answers.map(({ status }) => status).sort();

describe('a cart', () => {
  test('of several sellers becomes one order, is charged once and is empty afterwards', async () => {
    const mug = await shop.stock(seller, 9, 1_250);
    const tea = await shop.stock(await shop.visitor('seller'), 9, 499);
    const buyer = await buyerOf([mug, 2], [tea, 3]);
    const key = randomUUID();
    const bought = await checkOut(buyer, { shippingMethod: 'express' }, key);
    expect([bought.status, bought.body.code]).toEqual([201, undefined]);
    expect(bought.body).toMatchObject({
      ...{ status: 'confirmed', paymentStatus: 'captured', couponCodes: [], rounding: usd(0) },
      ...{ subtotal: usd(3_997), shipping: usd(999), tax: usd(0), total: usd(4_996) },
    });
    expect(bought.body.lines).toHaveLength(2);
    expect(bought.body.lines).toContainEqual(
      expect.objectContaining({ saleId: null, sku: mug, quantity: 2, lineTotal: usd(2_500), taxRate: '0' }),
    );
    expect(bought.body.estimatedDelivery).toMatch(/^\d{4}-\d\d-\d\d$/);
    expect(await stockOf(mug)).toMatchObject({ onHand: 9, held: 0, sold: 2, available: 7 });
    expect(await until(async () => (await cart(buyer)).itemCount === 0)).toBe(true);
    const again = await checkOut(buyer, { shippingMethod: 'express' }, key);
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([201, 'true']);
    // What the cart heard changes nothing that the buyer saw: the tag is still good for a cancellation.
    const headers = { 'if-match': bought.headers.get('etag')! };
    const path = `/v1/orders/${bought.body.orderId}`;
    expect((await shop.request(buyer, `POST ${path}/cancel`, undefined, headers)).status).toBe(200);
    await until(async () => (await stockOf(mug)).available === 9);
  });

  test('that is not the caller’s, or empty, is not bought', async () => {
    const sku = await shop.stock(seller, 9);
    const other = await buyerOf([sku, 1]);
    const buyer = await shop.visitor('buyer');
    expect((await checkOut(buyer, { cartId: cartIdOf(other) })).status).toBe(404);
    expect((await checkOut(buyer)).body.errors[0].path).toBe('/cartId');
    expect((await checkOut(other, { cartId: undefined })).status).toBe(400);
    expect((await checkOut(other, { paymentMethod: undefined })).body.errors[0].path).toBe('/paymentMethod');
    expect((await checkOut(other, { shippingMethod: 'bicycle' })).body.code).toBe('shipping_not_available');
  });

  test('that is completed twice at once is bought once, and can be tried again after a declined card', async () => {
    const sku = await shop.stock(seller, 9);
    const buyer = await buyerOf([sku, 1]);
    const declined = await checkOut(buyer, { paymentMethod: 'pm_card_chargeDeclined' });
    expect(declined.status).toBe(402);
    expect((await stockOf(sku)).available).toBe(9);
    const both = await Promise.all([checkOut(buyer), checkOut(buyer), checkOut(buyer)]);
    expect(statuses(both)).toEqual([201, 409, 409]);
    const { orderId } = both.find(({ status }) => status === 201)!.body;
    for (const { status, body: told } of both)
      if (status === 409) expect(told).toMatchObject({ code: 'wrong_state', orderId });
    expect(await stockOf(sku)).toMatchObject({ sold: 1, held: 0 });
  });

  test('asked for twice at once with one key is one order', async () => {
    const sku = await shop.stock(seller, 9);
    const buyer = await buyerOf([sku, 1]);
    const key = randomUUID();
    const both = await Promise.all([checkOut(buyer, {}, key), checkOut(buyer, {}, key)]);
    const ids = new Set(both.flatMap(({ status, body: { orderId } }) => (status === 201 ? [orderId] : [])));
    expect(ids.size).toBe(1);
    for (const { status, body: told } of both)
      if (status !== 201) expect(told.code).toBe('idempotency_in_progress');
    expect(await stockOf(sku)).toMatchObject({ sold: 1 });
  });

  test('costs what it did when it was filled, or the change is shown and confirmed by a quote', async () => {
    const sku = await shop.stock(seller, 9, 1_000);
    const buyer = await buyerOf([sku, 2]);
    await changePrice(sku, 1_100);
    const changed = await checkOut(buyer);
    expect([changed.status, changed.body.code]).toEqual([422, 'price_changed']);
    expect(changed.body.lines).toEqual([{ sku, old: usd(1_000), new: usd(1_100) }]);
    const quoted = (await quote(buyer)).body;
    expect(quoted.total).toEqual(usd(2_200));
    // And once more between the quote and the payment: the quote holds.
    await changePrice(sku, 1_300);
    const bought = await checkOut(buyer, { quoteId: quoted.quoteId });
    expect([bought.status, bought.body.code, bought.body.total]).toEqual([201, undefined, usd(2_200)]);
  });
});

describe('stock', () => {
  test('of the last unit goes to one of eight buyers with different carts; the others leave no payment and no hold', async () => {
    const last = await shop.stock(seller, 1);
    const others = await Promise.all(Array.from({ length: 8 }, () => shop.stock(seller, 5)));
    const buyers = await Promise.all(others.map((sku) => buyerOf([sku, 1], [last, 1])));
    const answers = await Promise.all(buyers.map((buyer) => checkOut(buyer)));
    expect(statuses(answers)).toEqual([201, ...Array(7).fill(409)]);
    for (const [n, { status, body: told }] of answers.entries()) {
      if (status === 201) continue;
      expect(told).toMatchObject({ code: 'insufficient_stock', lines: [{ sku: last, available: 0 }] });
      expect(await stockOf(others[n]!)).toMatchObject({ available: 5, held: 0 });
      if (told.orderId === undefined) continue;
      const { body: order } = await shop.request(buyers[n]!, `GET /v1/orders/${told.orderId}`);
      expect(order).toMatchObject({ status: 'cancelled', paymentStatus: 'none', paymentId: null });
    }
    expect(await stockOf(last)).toMatchObject({ onHand: 1, sold: 1, held: 0, available: 0 });
  });

  test('of all short lines is told at once', async () => {
    const [one, two, three] = await Promise.all([2, 1, 9].map((units) => shop.stock(seller, units)));
    const buyer = await buyerOf([one!, 3], [two!, 2], [three!, 1]);
    const { status, body: told } = await checkOut(buyer);
    expect([status, told.code]).toEqual([409, 'insufficient_stock']);
    expect(told.lines).toEqual([
      { sku: one, quantity: 3, available: 2 },
      { sku: two, quantity: 2, available: 1 },
    ]);
  });

  test('that is all set aside for a sale is named with the sale', async () => {
    const { saleId, sku } = await shop.openSale(3);
    const buyer = await buyerOf([sku, 1]);
    const { status, body: told } = await checkOut(buyer);
    expect([status, told.code, told.saleId]).toEqual([409, 'only_in_sale', saleId]);
  });

  test('is wanted by two lines of one order: a drop’s hold and the cart’s, each from its own units', async () => {
    const sku = await shop.stock(seller, 3);
    const sale = await shop.request(seller, 'POST /v1/sales', {
      ...{ title: 'Drop', endsAt: new Date(shop.engine.now() + 3_600_000).toISOString() },
      items: [{ sku, quantity: 1, price: usd(40_000), purchaseLimit: 1 }],
      queueing: { releasePerSecond: 1_000 },
    });
    const buyer = await shop.hold(sale.body.saleId, sku);
    // The same SKU twice in a cart is one line.
    await fill(buyer, [sku, 1], [sku, 2]);
    const short = await checkOut(buyer, { holdIds: [buyer.holdId] });
    expect([short.status, short.body.lines]).toEqual([409, [{ sku, quantity: 3, available: 2 }]]);
    expect((await shop.request(buyer, `GET /v1/holds/${buyer.holdId}`)).body.state).toBe('held');
    await shop.request(buyer, `PUT /v1/cart/items/${sku}`, { quantity: 2 });
    const bought = await checkOut(buyer, { holdIds: [buyer.holdId] });
    expect([bought.status, bought.body.total]).toEqual([201, usd(40_000 + 2 * 49_900)]);
    expect(await stockOf(sku)).toMatchObject({ onHand: 3, sold: 3, held: 0, allotted: 0, available: 0 });
  });

  test('of two SKUs in opposite order locks nobody: every order ends, and none has half', async () => {
    const [one, two] = await Promise.all([shop.stock(seller, 6), shop.stock(seller, 6)]);
    const buyers = await Promise.all(
      Array.from({ length: 12 }, (_, n) =>
        n % 2 ? buyerOf([one!, 1], [two!, 1]) : buyerOf([two!, 1], [one!, 1]),
      ),
    );
    const answers = await Promise.all(buyers.map((buyer) => checkOut(buyer)));
    const sold = answers.filter(({ status }) => status === 201).length;
    expect(sold).toBeGreaterThan(0);
    expect(statuses(answers).every((status) => status === 201 || status === 409)).toBe(true);
    for (const sku of [one!, two!]) {
      await until(async () => (await stockOf(sku)).held === 0);
      expect(await stockOf(sku)).toMatchObject({ sold, available: 6 - sold });
    }
  });
});

describe('a quote', () => {
  test('explains each amount, and its order is the quote to the minor unit', async () => {
    const sku = await shop.stock(seller, 9, 999);
    const code = await coupon(12.5, null);
    const buyer = await buyerOf([sku, 3]);
    const { status, body: told } = await quote(buyer, {
      couponCodes: [code.toLowerCase()],
      shippingMethod: 'express',
    });
    expect([status, told.code]).toEqual([200, undefined]);
    expect(told).toMatchObject({
      ...{ currency: 'USD', couponCodes: [code], shippingMethod: 'express', subtotal: usd(2_997) },
      ...{ discount: usd(375), shipping: usd(999), tax: usd(0), rounding: usd(0), total: usd(3_621) },
      shippingOptions: [
        { method: 'standard', amount: usd(0) },
        { method: 'express', amount: usd(999) },
      ],
      lines: [
        {
          ...{ sku, quantity: 3, unitPrice: usd(999), lineTotal: usd(2_997), taxable: usd(2_622) },
          discounts: [{ source: `coupon ${code}`, amount: usd(375) }],
        },
      ],
    });
    expect(Date.parse(told.expiresAt)).toBeGreaterThan(shop.engine.now() + 14 * 60_000);
    const bought = await checkOut(buyer, { quoteId: told.quoteId });
    expect([bought.status, bought.body.code]).toEqual([201, undefined]);
    for (const figure of ['subtotal', 'discount', 'shipping', 'tax', 'rounding', 'total'] as const)
      expect(bought.body[figure]).toEqual(told[figure]);
    expect(bought.body).toMatchObject({ shippingMethod: 'express', couponCodes: [code] });
    expect(bought.body.estimatedDelivery).toBe(told.estimatedDelivery);
  });

  test('serves one order of its buyer, lines, address, method and codes, for a while', async () => {
    const sku = await shop.stock(seller, 99);
    const buyer = await buyerOf([sku, 1]);
    const fresh = async (change: object = {}) => (await quote(buyer, change)).body.quoteId as string;
    const other = await buyerOf([sku, 1]);
    expect((await checkOut(other, { quoteId: await fresh() })).status).toBe(404);
    for (const change of [
      { shippingAddress: { ...address, line1: '2 Main Street' } },
      { shippingMethod: 'express' },
      { couponCodes: [await coupon(5, null)] },
    ]) {
      const { body: told } = await checkOut(buyer, { quoteId: await fresh(), ...change });
      expect([told.code, told.errors[0].path]).toEqual(['validation_failed', '/quoteId']);
    }
    const stale = await fresh();
    await fill(buyer, [sku, 1]);
    const changed = await checkOut(buyer, { quoteId: stale });
    expect([changed.status, changed.body.code, changed.body.lines.length]).toEqual([422, 'price_changed', 1]);
    const used = await fresh();
    expect((await checkOut(buyer, { quoteId: used })).status).toBe(201);
    await until(async () => (await cart(buyer)).itemCount === 0);
    await fill(buyer, [sku, 2]);
    expect((await checkOut(buyer, { quoteId: used })).status).toBe(409);
    const over = `quo_${(shop.engine.now() - 16 * 60_000)
      .toString(16)
      .padStart(12, '0')
      .replace(/(.{8})/, '$1-')}-7abc-8def-0123456789ab`;
    expect((await checkOut(buyer, { quoteId: over })).body.code).toBe('price_changed');
  });

  test('without an address promises prices; shipping follows with the address', async () => {
    const sku = await shop.stock(seller, 9, 1_000);
    const buyer = await buyerOf([sku, 1]);
    const { body: told } = await quote(buyer, { shippingAddress: undefined });
    expect(told).toMatchObject({ shippingOptions: [], shippingMethod: null, total: usd(1_000) });
    await changePrice(sku, 2_000);
    const bought = await checkOut(buyer, { quoteId: told.quoteId, shippingMethod: 'express' });
    expect([bought.status, bought.body.total]).toEqual([201, usd(1_999)]);
  });

  test('of held units has their price', async () => {
    const { saleId, sku } = await shop.openSale(5);
    const buyer = await shop.hold(saleId, sku);
    const { body: told } = await quote(buyer, { cartId: undefined, holdIds: [buyer.holdId] });
    expect(told).toMatchObject({ total: usd(49_900), lines: [{ holdId: buyer.holdId, sku }] });
    const bought = await checkOut(buyer, {
      cartId: undefined,
      holdIds: [buyer.holdId],
      quoteId: told.quoteId,
    });
    expect([bought.status, bought.body.lines[0].saleId]).toEqual([201, saleId]);
  });
});

describe('a coupon', () => {
  test('with three uses is used by exactly three of ten orders at once', async () => {
    const sku = await shop.stock(seller, 99);
    const code = await coupon(10, 3);
    const buyers = await Promise.all(Array.from({ length: 10 }, () => buyerOf([sku, 1])));
    const answers = await Promise.all(buyers.map((buyer) => checkOut(buyer, { couponCodes: [code] })));
    expect(statuses(answers)).toEqual([201, 201, 201, ...Array(7).fill(409)]);
    for (const { status, body: told } of answers)
      expect(status === 201 ? told.discount : told.code).toEqual(
        status === 201 ? usd(4_990) : 'coupon_exhausted',
      );
    await until(async () => (await usesOf(code)).used === 3);
    expect(await usesOf(code)).toMatchObject({ used: 3, reserved: 0 });
    expect(await stockOf(sku)).toMatchObject({ sold: 3, held: 0 });
  });

  test('is given back when the card is declined, and of the cart where none is named', async () => {
    const sku = await shop.stock(seller, 99);
    const code = await coupon(10, 1);
    const buyer = await buyerOf([sku, 1]);
    expect((await shop.request(buyer, `PUT /v1/cart/coupons/${code}`)).status).toBe(200);
    expect((await checkOut(buyer, { paymentMethod: 'pm_card_chargeDeclined' })).status).toBe(402);
    await until(async () => (await usesOf(code)).reserved === 0);
    const bought = await checkOut(buyer);
    expect([bought.status, bought.body.couponCodes]).toEqual([201, [code]]);
    expect((await checkOut(await buyerOf([sku, 1]), { couponCodes: ['NO-SUCH'] })).status).toBe(404);
  });

  test('for all of the price makes an order that nobody pays', async () => {
    const sku = await shop.stock(seller, 9);
    const buyer = await buyerOf([sku, 2]);
    const couponCodes = [await coupon(100, 1)];
    const bought = await checkOut(buyer, { couponCodes, paymentMethod: undefined });
    expect(bought.body).toMatchObject({
      ...{ status: 'confirmed', paymentStatus: 'none', paymentId: null, total: usd(0) },
    });
    expect(bought.status).toBe(201);
    expect(await stockOf(sku)).toMatchObject({ sold: 2, held: 0 });
  });
});
