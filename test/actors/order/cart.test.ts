/** Orders of carts: the order takes their stock and coupons itself, all or nothing, and costs what was quoted. */
import { describe, expect, test } from 'vitest';
import type { OrderItem, OrderQuote, PlaceOrder } from '../../../src/actors/order/commands.ts';
import { orderDecider } from '../../../src/actors/order/decide.ts';
import type { Code } from '../../../src/protocol/codes.ts';
import { given } from '../given.ts';
import { answered, cancel, hold, payByMs, placed, placedAt, placeOrder, usd } from './story.ts';

const items: OrderItem[] = [
  { holdId: 'i2', sku: 'TEA', quantity: 3, unitPrice: usd(500) },
  { holdId: 'i1', sku: 'MUG', quantity: 1, unitPrice: usd(1_000) },
];

const line = (holdId: string, price: number, discount: number) => ({
  ...{ holdId, unitPrice: usd(price), discount: usd(discount), tax: usd(60) },
  ...{ taxRate: '0.06', isTaxInclusive: false },
});

/** A mug for 10.00, three teas for 5.00 each with 3.00 off. */
const quote: OrderQuote = {
  lines: [line('i1', 1_000, 0), line('i2', 500, 300)],
  ...{ subtotal: usd(2_500), discount: usd(300), shipping: usd(499), tax: usd(120), rounding: usd(1) },
  ...{ total: usd(2_820), maxDays: 3, quotedAtMs: placedAt - 60_000 },
};
const free: OrderQuote = { ...quote, discount: usd(2_500), tax: usd(0), rounding: usd(0), total: usd(0) };

const ofCart = { holds: [], items, isCart: true } as const;
const taken = (holdId: string, sku: string, quantity = 1) =>
  answered(`take:${holdId}`, 'created', hold(holdId, sku, { saleId: null, quantity, unitPrice: usd(7) }));
const coupon = (ask: string, key: string, code: Code = 'ok', body: unknown = null) =>
  answered(`coupon:${ask}:${key}`, code, body);

function place(change: Partial<PlaceOrder>) {
  return given(orderDecider, 'ord_1').when({ ...placeOrder, ...ofCart, holds: [], ...change }, placedAt);
}

describe('the stock of a cart', () => {
  test('is taken line by line at once, and the order costs what the cart said', () => {
    place({})
      .then({
        code: 'created',
        events: [{ type: 'OrderPlaced', items: [{ sku: 'MUG' }, { sku: 'TEA' }] }],
        pendingMessages: [
          {
            ...{ id: 'ord_1:take:i1', kind: 'sku', key: 'MUG' },
            command: { holdId: 'i1', buyerId: 'ann', quantity: 1, untilMs: payByMs + 30_000 },
          },
          { id: 'ord_1:take:i2', kind: 'sku', key: 'TEA', command: { type: 'TakeStock', quantity: 3 } },
        ],
      })
      .when(taken('i2', 'TEA', 3), placedAt + 1)
      // A cart has up to a hundred lines: nobody is told of each.
      .then({ code: 'ok', pendingMessages: [{ id: 'ord_1:take:i1' }], pushes: [] })
      .when(taken('i1', 'MUG'), placedAt + 2)
      .then({
        code: 'ok',
        events: [
          { type: 'LineTaken', line: { saleId: null, unitPrice: usd(1_000), lineTotal: usd(1_000) } },
          { type: 'OrderPriced', subtotal: usd(2_500), total: usd(2_500) },
        ],
        pushes: [{ body: { status: 'authorizing', lines: [{ sku: 'MUG' }, { sku: 'TEA' }] } }],
        pendingMessages: [{ id: 'ord_1:authorize', command: { amount: usd(2_500) } }],
      });
  });

  test('is all or nothing: where one line is short, the others are given back', () => {
    place({})
      .then({ code: 'created' })
      .when(taken('i2', 'TEA', 3), placedAt + 1)
      .then({ code: 'ok' })
      .when(answered('take:i1', 'insufficient_stock', { available: 0 }), placedAt + 2)
      .then({
        code: 'ok',
        events: [
          { type: 'LineRefused' },
          { type: 'OrderFailed', status: 'cancelled', sku: 'MUG', available: 0 },
        ],
        pendingMessages: [{ id: 'ord_1:release:i2' }],
      })
      .when(answered('release:i2'), placedAt + 3)
      .then({ code: 'ok', pendingMessages: [] });
    place({})
      .then({ code: 'created' })
      .when(answered('take:i1', 'only_in_sale', { saleId: 'sal_9' }), placedAt + 1)
      .then({
        code: 'ok',
        pushes: [{ body: { failure: { code: 'only_in_sale', saleId: 'sal_9', sku: 'MUG' } } }],
      });
  });

  test('is known to the cart once it is paid; then nothing the buyer sees changes', () => {
    const story = place({})
      .then({ code: 'created' })
      .when(taken('i1', 'MUG'), placedAt)
      .then({ code: 'ok' })
      .when(taken('i2', 'TEA', 3), placedAt)
      .then({ code: 'ok' })
      .when(answered('authorize', 'ok', { paymentId: 'pi_1' }), placedAt)
      .then({ code: 'ok', pendingMessages: [{ id: 'ord_1:commit:i1' }, { id: 'ord_1:commit:i2' }] })
      .when(answered('commit:i1'), placedAt)
      .then({ code: 'ok' })
      .when(answered('commit:i2'), placedAt)
      .then({ code: 'ok', pendingMessages: [{ id: 'ord_1:capture' }] })
      .when(answered('capture', 'ok', { paymentId: 'pi_1' }), placedAt)
      .then({
        code: 'ok',
        pushes: [{ body: { status: 'confirmed' } }],
        pendingMessages: [
          {
            ...{ id: 'ord_1:cart', kind: 'cart', key: 'ann' },
            command: {
              type: 'CartOrdered',
              lines: [
                { sku: 'MUG', quantity: 1 },
                { sku: 'TEA', quantity: 3 },
              ],
            },
          },
        ],
      });
    const { version } = story.state;
    story
      .when(answered('cart'), placedAt)
      .then({ code: 'ok', events: [{ type: 'CartTold' }], pushes: [], pendingMessages: [] });
    expect(story.state.version).toBe(version);
  });
});

describe('a drop’s hold beside a cart', () => {
  const both = { holds: [{ holdId: 'h1', sku: 'PS-1' }], items: [items[1]!] };

  test('is taken last, so that its buyer keeps it when the cart is short', () => {
    place(both)
      .then({ code: 'created', pendingMessages: [{ id: 'ord_1:take:i1' }] })
      .when(answered('take:i1', 'sold_out', { available: 0 }), placedAt + 1)
      .then({ code: 'ok', events: [{ type: 'LineRefused' }, { code: 'sold_out' }], pendingMessages: [] });
    place(both)
      .then({ code: 'created' })
      .when(cancel, placedAt + 1)
      .then({ code: 'ok' })
      .when(taken('i1', 'MUG'), placedAt + 2)
      .then({ code: 'ok', pendingMessages: [{ id: 'ord_1:release:i1' }] })
      .when(answered('release:i1'), placedAt + 3)
      .then({ code: 'ok', pendingMessages: [] });
  });

  test('is one order with it', () => {
    place(both)
      .then({ code: 'created' })
      .when(taken('i1', 'MUG'), placedAt + 1)
      .then({ code: 'ok', pendingMessages: [{ id: 'ord_1:attach:h1' }] })
      .when(answered('attach:h1', 'ok', hold('h1', 'PS-1')), placedAt + 2)
      .then({ code: 'ok', pendingMessages: [{ id: 'ord_1:authorize', command: { amount: usd(50_900) } }] });
  });
});

describe('a quote', () => {
  test('has the last word on every figure', () => {
    place({ quote, shippingMethod: 'bicycle' })
      .then({ code: 'created' })
      .when(taken('i1', 'MUG'), placedAt)
      .then({ code: 'ok' })
      .when(taken('i2', 'TEA', 3), placedAt)
      .then({
        code: 'ok',
        events: [
          {
            type: 'LineTaken',
            line: { discount: usd(300), tax: usd(60), taxRate: '0.06', isTaxInclusive: false },
          },
          { type: 'OrderPriced', total: usd(2_820), rounding: usd(1), tax: usd(120) },
        ],
        pendingMessages: [{ command: { type: 'AuthorizePayment', amount: usd(2_820) } }],
      });
  });

  test('of nothing needs no payment', () => {
    place({ quote: free })
      .then({ code: 'created' })
      .when(taken('i1', 'MUG'), placedAt)
      .then({ code: 'ok' })
      .when(taken('i2', 'TEA', 3), placedAt)
      .then({ code: 'ok', pendingMessages: [{ id: 'ord_1:commit:i1' }, { id: 'ord_1:commit:i2' }] })
      .when(answered('commit:i1'), placedAt)
      .then({ code: 'ok', pendingMessages: [{ id: 'ord_1:commit:i2' }] })
      .when(answered('commit:i2'), placedAt)
      .then({
        code: 'ok',
        events: [{ type: 'LineCommitted' }, { type: 'OrderConfirmed' }],
        pushes: [{ body: { status: 'confirmed', paymentStatus: 'none', total: usd(0) } }],
      })
      .when(cancel, placedAt)
      .then({ code: 'ok', pendingMessages: [{ id: 'ord_1:release:i1' }, { id: 'ord_1:release:i2' }] });
  });

  test('is of exactly the order’s lines, and coupons come with one', () => {
    for (const wrong of [
      { quote: { ...quote, lines: [quote.lines[0]!] } },
      { quote: { ...quote, lines: [quote.lines[0]!, quote.lines[0]!, line('x', 1, 0)] } },
      { coupons: ['HALF'] },
      { quote, coupons: ['HALF', 'HALF'] },
      { items: [] },
      { items: [items[0]!, items[0]!] },
      { items: Array.from({ length: 101 }, (_, n) => ({ ...items[0]!, holdId: `i${n}` })) },
    ])
      place(wrong).then({ code: 'validation_failed' });
  });

  test('that cannot be charged ends the order before any money is asked for', () => {
    place({ quote: { ...quote, total: usd(49) } })
      .then({ code: 'created' })
      .when(taken('i1', 'MUG'), placedAt)
      .then({ code: 'ok' })
      .when(taken('i2', 'TEA', 3), placedAt)
      .then({
        code: 'ok',
        events: [{ type: 'LineTaken' }, { type: 'OrderFailed', code: 'validation_failed' }],
      });
  });
});

describe('coupons', () => {
  const withCoupons = { quote, coupons: ['HALF', 'prm_1'] };

  test('are taken beside the lines, committed with them and named as the buyer typed them', () => {
    place(withCoupons)
      .then({
        code: 'created',
        reply: { couponCodes: ['HALF'] },
        pendingMessages: [
          { id: 'ord_1:take:i1' },
          { id: 'ord_1:take:i2' },
          {
            ...{ id: 'ord_1:coupon:take:HALF', kind: 'coupon', key: 'HALF' },
            command: { type: 'TakeCoupon', orderId: 'ord_1', buyerId: 'ann', quotedAtMs: placedAt - 60_000 },
          },
          { key: 'prm_1' },
        ],
      })
      .when(taken('i1', 'MUG'), placedAt)
      .then({ code: 'ok' })
      .when(taken('i2', 'TEA', 3), placedAt)
      .then({ code: 'ok', events: [{ type: 'LineTaken' }] })
      .when(coupon('take', 'HALF', 'created'), placedAt)
      .then({ code: 'ok', events: [{ type: 'DiscountTaken' }], pushes: [] })
      .when(coupon('take', 'prm_1', 'created'), placedAt)
      .then({ code: 'ok', events: [{ type: 'DiscountTaken' }, { type: 'OrderPriced' }] })
      .when(answered('authorize', 'ok', { paymentId: 'pi_1' }), placedAt)
      .then({
        code: 'ok',
        pendingMessages: [
          ...['i1', 'i2'].map((id) => ({ id: `ord_1:commit:${id}` })),
          ...['HALF', 'prm_1'].map((key) => ({ id: `ord_1:coupon:commit:${key}` })),
        ],
      })
      .when(coupon('commit', 'HALF'), placedAt)
      .then({ code: 'ok', events: [{ type: 'DiscountCommitted', coupon: 'HALF' }], pushes: [] });
  });

  test('that are refused end the order, which says why and gives back what it had', () => {
    place(withCoupons)
      .then({ code: 'created' })
      .when(taken('i1', 'MUG'), placedAt)
      .then({ code: 'ok' })
      .when(coupon('take', 'prm_1', 'created'), placedAt)
      .then({ code: 'ok' })
      .when(coupon('take', 'HALF', 'coupon_not_applicable', { reason: 'ended' }), placedAt)
      .then({
        code: 'ok',
        pushes: [{ body: { failure: { code: 'coupon_not_applicable', coupon: 'HALF', reason: 'ended' } } }],
        pendingMessages: [
          { id: 'ord_1:release:i1' },
          // What became of it has to be known; a coupon is given back in any case.
          { id: 'ord_1:take:i2' },
          { id: 'ord_1:coupon:release:HALF' },
          { id: 'ord_1:coupon:release:prm_1' },
        ],
      })
      .when(coupon('release', 'prm_1'), placedAt)
      .then({ code: 'ok', events: [{ type: 'DiscountReleased', coupon: 'prm_1' }] })
      .when(coupon('take', 'prm_1', 'created'), placedAt)
      .then({ code: 'ok', events: [] });
  });

  test('that were used are given back with a cancelled purchase', () => {
    place({ quote: free, coupons: ['HALF'], items })
      .then({ code: 'created' })
      .when(coupon('take', 'HALF'), placedAt)
      .then({ code: 'ok' })
      .when(taken('i1', 'MUG'), placedAt)
      .then({ code: 'ok' })
      .when(taken('i2', 'TEA', 3), placedAt)
      .then({ code: 'ok' })
      .when(coupon('commit', 'HALF'), placedAt)
      .then({ code: 'ok' })
      .when(cancel, placedAt)
      .then({ code: 'wrong_state' })
      .when(answered('commit:i1'), placedAt)
      .then({ code: 'ok' })
      .when(answered('commit:i2'), placedAt)
      .then({ code: 'ok' })
      .when(cancel, placedAt)
      .then({
        code: 'ok',
        pendingMessages: [
          { id: 'ord_1:release:i1' },
          { id: 'ord_1:release:i2' },
          { id: 'ord_1:coupon:release:HALF' },
        ],
      });
  });
});

test('an order placed again, lines in another order, is the same order; other lines are another', () => {
  place({ quote })
    .then({ code: 'created' })
    .when(
      { ...placeOrder, ...ofCart, holds: [], items: items.toReversed(), quote, orderNumber: 'DB-2' },
      placedAt,
    )
    .then({ code: 'ok' })
    .when({ ...placeOrder, ...ofCart, holds: [], items: [items[0]!], quote }, placedAt)
    .then({ code: 'exists_with_different' })
    .when({ ...placeOrder, ...ofCart, holds: [], quote: { ...quote, total: usd(1) } }, placedAt)
    .then({ code: 'exists_with_different' });
});

test('an order of holds alone has nothing of carts in its events and its state', () => {
  const { state } = placed();
  expect(Object.keys(state)).not.toContain('coupons');
  expect(Object.keys(state)).not.toContain('isCartTold');
  expect(Object.keys(state.placed!)).toEqual([
    ...['type', 'orderNumber', 'buyerId', 'holds', 'shippingAddress', 'shippingMethod', 'paymentMethod'],
    ...['payByMs', 'atMs'],
  ]);
});
