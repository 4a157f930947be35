import { describe, expect, test } from 'vitest';
import { orderDecider } from '../../src/actors/order.ts';
import { orderFlow } from '../../src/actors/order-flow.ts';
import type { Code } from '../../src/protocol/codes.ts';
import type { HoldView, OrderStatus, PlaceOrder } from '../../src/protocol/commands.ts';
import type { OrderEvent } from '../../src/protocol/events.ts';
import { given } from './given.ts';

const placedAt = 1_000_000;
const payByMs = placedAt + 300_000;
const dayMs = 24 * 3_600_000;
const usd = (amount: number) => ({ amount, currency: 'USD' });

const placeOrder: PlaceOrder = {
  type: 'PlaceOrder',
  orderNumber: 'DB-1',
  buyerId: 'ann',
  holds: [
    { holdId: 'h2', sku: 'PS-2' },
    { holdId: 'h1', sku: 'PS-1' },
  ],
  shippingAddress: {
    name: 'Ann',
    line1: 'Main St 1',
    city: 'Springfield',
    postalCode: '12345',
    country: 'US',
  },
  shippingMethod: 'standard',
  paymentMethod: 'pm_card_visa',
  paymentSeconds: 300,
};

function hold(holdId: string, sku: string, change: Partial<HoldView> = {}): HoldView {
  return {
    holdId,
    saleId: 'sal_1',
    sku,
    buyerId: 'ann',
    quantity: 1,
    unitPrice: usd(49_900),
    state: 'committing',
    expiresAtMs: payByMs + 30_000,
    title: 'Console',
    sellerId: 'acc_seller',
    productId: 'prd_1',
    orderId: 'ord_1',
    ...change,
  };
}

const answered = (step: string, code: Code = 'ok', body: unknown = null) =>
  ({ type: 'Answered', id: `ord_1:${step}`, code, body }) as const;

const cancel = { type: 'CancelOrder', buyerId: 'ann' } as const;
const authorized = answered('authorize', 'ok', { paymentId: 'pi_1' });

function placed(change: Partial<PlaceOrder> = {}) {
  return given(orderDecider, 'ord_1')
    .when({ ...placeOrder, ...change }, placedAt)
    .then({ code: 'created' });
}

/** The story so far, at each of the saga's stations. */
function authorizing(change: Partial<PlaceOrder> = {}) {
  return placed(change)
    .when(answered('attach:h2', 'ok', hold('h2', 'PS-2', { quantity: 2 })), placedAt + 1)
    .then({ code: 'ok' })
    .when(answered('attach:h1', 'ok', hold('h1', 'PS-1')), placedAt + 2)
    .then({ code: 'ok' });
}
function committing() {
  return authorizing()
    .when(authorized, placedAt + 3)
    .then({ code: 'ok' });
}
function capturing() {
  return committing()
    .when(answered('commit:h1'), placedAt + 4)
    .then({ code: 'ok' })
    .when(answered('commit:h2'), placedAt + 5)
    .then({ code: 'ok' });
}
function confirmed() {
  return capturing()
    .when(answered('capture'), placedAt + 6)
    .then({ code: 'ok' });
}

describe('a purchase', () => {
  test('goes from holds to a confirmed order, money last, and the buyer sees every step', () => {
    given(orderDecider, 'ord_1')
      .when(placeOrder, placedAt)
      .then({
        code: 'created',
        events: [{ type: 'OrderPlaced', holds: [{ sku: 'PS-1' }, { sku: 'PS-2' }], payByMs }],
        reply: {
          orderId: 'ord_1',
          status: 'pending',
          paymentStatus: 'none',
          lines: [],
          total: null,
          version: 1,
        },
        pushes: [{ topic: 'buyer/ann', type: 'order.updated', body: { status: 'pending' } }],
        owes: [
          {
            id: 'ord_1:attach:h1',
            kind: 'sku',
            key: 'PS-1',
            command: {
              type: 'AttachHold',
              holdId: 'h1',
              buyerId: 'ann',
              orderId: 'ord_1',
              untilMs: payByMs + 30_000,
            },
          },
          { id: 'ord_1:attach:h2', kind: 'sku', key: 'PS-2' },
        ],
        deadline: payByMs,
      })
      .when(answered('attach:h2', 'ok', hold('h2', 'PS-2', { quantity: 2 })), placedAt + 1)
      .then({ code: 'ok', events: [{ type: 'LineTaken' }], owes: [{ id: 'ord_1:attach:h1' }] })
      .when(answered('attach:h1', 'ok', hold('h1', 'PS-1')), placedAt + 2)
      .then({
        code: 'ok',
        events: [
          { type: 'LineTaken' },
          {
            type: 'OrderPriced',
            subtotal: usd(149_700),
            shipping: usd(0),
            total: usd(149_700),
            estimatedDeliveryMs: placedAt + 2 + 5 * dayMs,
          },
        ],
        pushes: [
          {
            body: {
              status: 'authorizing',
              lines: [{ sku: 'PS-1' }, { sku: 'PS-2', lineTotal: usd(99_800) }],
            },
          },
        ],
        owes: [
          {
            id: 'ord_1:authorize',
            kind: 'payments',
            key: 'ord_1',
            command: {
              type: 'AuthorizePayment',
              amount: usd(149_700),
              paymentMethod: 'pm_card_visa',
              idempotencyKey: 'ord_1:authorize',
              untilMs: payByMs,
            },
          },
        ],
      })
      .when(authorized, placedAt + 3)
      .then({
        code: 'ok',
        events: [{ type: 'PaymentAuthorized', paymentId: 'pi_1' }],
        pushes: [{ body: { status: 'committing', paymentStatus: 'authorized' } }],
        owes: [{ id: 'ord_1:commit:h1' }, { id: 'ord_1:commit:h2' }],
        deadline: Number.POSITIVE_INFINITY,
      })
      .when(answered('commit:h1'), placedAt + 4)
      .then({
        code: 'ok',
        events: [{ type: 'LineCommitted', holdId: 'h1' }],
        owes: [{ id: 'ord_1:commit:h2' }],
      })
      .when(answered('commit:h2'), placedAt + 5)
      .then({
        code: 'ok',
        owes: [
          {
            id: 'ord_1:capture',
            command: { paymentId: 'pi_1', amount: usd(149_700), idempotencyKey: 'ord_1:capture' },
          },
        ],
      })
      .when(answered('capture', 'ok', { paymentId: 'pi_1' }), placedAt + 6)
      .then({
        code: 'ok',
        events: [{ type: 'PaymentCaptured' }, { type: 'OrderConfirmed' }],
        pushes: [{ body: { status: 'confirmed', paymentStatus: 'captured', failure: null } }],
        owes: [],
      });
  });

  test.each([
    ['USD', 999],
    ['JPY', 10],
    ['BHD', 9_990],
  ])('express shipping in %s costs %i minor units and takes two days', (currency, amount) => {
    const unitPrice = { amount: 1_000, currency };
    placed({ holds: [{ holdId: 'h1', sku: 'PS-1' }], shippingMethod: 'express' })
      .when(answered('attach:h1', 'ok', hold('h1', 'PS-1', { unitPrice })), placedAt)
      .then({
        code: 'ok',
        events: [
          { type: 'LineTaken' },
          {
            shipping: { amount, currency },
            total: { amount: 1_000 + amount, currency },
            estimatedDeliveryMs: placedAt + 2 * dayMs,
          },
        ],
      });
  });

  test('is placed once: the same again is the same order, anything else is refused', () => {
    const holds = placeOrder.holds.toReversed();
    authorizing()
      .when({ ...placeOrder, holds, orderNumber: 'DB-2' }, placedAt + 9)
      .then({ code: 'ok', events: [], reply: { orderNumber: 'DB-1', status: 'authorizing' } })
      .when({ ...placeOrder, buyerId: 'bob' }, placedAt + 9)
      .then({ code: 'exists_with_different', reply: null })
      .when({ ...placeOrder, holds: holds.slice(1) }, placedAt + 9)
      .then({ code: 'exists_with_different' })
      .when({ ...placeOrder, shippingMethod: 'express' }, placedAt + 9)
      .then({ code: 'exists_with_different' })
      .when({ ...placeOrder, shippingAddress: { ...placeOrder.shippingAddress, line2: 'c/o' } }, placedAt + 9)
      .then({ code: 'exists_with_different' });
  });

  test('needs between one and twenty distinct holds', () => {
    const order = (holds: PlaceOrder['holds']) =>
      given(orderDecider, 'ord_1').when({ ...placeOrder, holds }, placedAt);
    order([]).then({ code: 'validation_failed', events: [] });
    order([placeOrder.holds[0]!, placeOrder.holds[0]!]).then({ code: 'validation_failed' });
    const many = Array.from({ length: 21 }, (_, i) => ({ holdId: `h${i}`, sku: 'PS-1' }));
    order(many).then({ code: 'validation_failed' });
    order(many.slice(1)).then({ code: 'created' });
  });

  test('is seen by its buyer and by operators only', () => {
    authorizing()
      .when({ type: 'ReadOrder', buyerId: 'bob' }, placedAt)
      .then({ code: 'not_found', reply: null })
      .when({ type: 'CancelOrder', buyerId: 'bob' }, placedAt)
      .then({ code: 'not_found' })
      .when({ type: 'ReadOrder', buyerId: null }, placedAt)
      .then({ code: 'ok', reply: { orderId: 'ord_1' } });
    given(orderDecider, 'ord_1')
      .when({ type: 'ReadOrder', buyerId: null }, placedAt)
      .then({ code: 'not_found' });
  });
});

describe('an order that cannot be', () => {
  test('when a hold is gone, the others are released once they are known to be taken', () => {
    placed()
      .when(answered('attach:h1', 'hold_expired'), placedAt + 1)
      .then({
        code: 'ok',
        events: [
          { type: 'LineRefused', sku: 'PS-1', code: 'hold_expired' },
          { type: 'OrderFailed', status: 'cancelled', code: 'hold_expired', sku: 'PS-1' },
        ],
        pushes: [{ body: { status: 'cancelled', failure: { code: 'hold_expired', sku: 'PS-1' } } }],
        owes: [{ id: 'ord_1:attach:h2' }],
        deadline: Number.POSITIVE_INFINITY,
      })
      .when(answered('attach:h2', 'ok', hold('h2', 'PS-2')), placedAt + 2)
      .then({ code: 'ok', events: [{ type: 'LineTaken' }], owes: [{ id: 'ord_1:release:h2', key: 'PS-2' }] })
      .when(answered('release:h2'), placedAt + 3)
      .then({ code: 'ok', events: [{ type: 'LineReleased', holdId: 'h2' }], owes: [] });
  });

  test('a second refusal is noted and does not change why the order failed', () => {
    placed()
      .when(answered('attach:h1', 'hold_expired'), placedAt + 1)
      .then({ code: 'ok' })
      .when(answered('attach:h2', 'not_found'), placedAt + 2)
      .then({
        code: 'ok',
        events: [{ type: 'LineRefused', code: 'not_found' }],
        pushes: [{ body: { status: 'cancelled', failure: { code: 'hold_expired', sku: 'PS-1' } } }],
        owes: [],
      });
  });

  test('lines in two currencies are refused', () => {
    placed()
      .when(answered('attach:h1', 'ok', hold('h1', 'PS-1')), placedAt)
      .then({ code: 'ok' })
      .when(
        answered('attach:h2', 'ok', hold('h2', 'PS-2', { unitPrice: { amount: 5, currency: 'JPY' } })),
        placedAt,
      )
      .then({
        code: 'ok',
        events: [
          { type: 'LineTaken' },
          { type: 'OrderFailed', status: 'cancelled', code: 'validation_failed' },
        ],
        owes: [{ id: 'ord_1:release:h1' }, { id: 'ord_1:release:h2' }],
      });
  });

  test('a declined card ends the order and frees the units; nothing is to be voided', () => {
    authorizing()
      .when(
        answered('authorize', 'payment_declined', { paymentId: 'pi_1', declineCode: 'insufficient_funds' }),
        placedAt,
      )
      .then({
        code: 'ok',
        events: [
          { type: 'PaymentDeclined', paymentId: 'pi_1', declineCode: 'insufficient_funds' },
          {
            type: 'OrderFailed',
            status: 'payment_failed',
            code: 'payment_declined',
            declineCode: 'insufficient_funds',
          },
        ],
        pushes: [{ body: { paymentStatus: 'failed', failure: { code: 'payment_declined' } } }],
        owes: [{ id: 'ord_1:release:h1' }, { id: 'ord_1:release:h2' }],
      });
  });

  test('a payment that failed for good needs no voiding; any other answer may hide an authorisation', () => {
    authorizing()
      .when(answered('authorize', 'payment_failed', { reason: 'no such payment method' }), placedAt)
      .then({
        code: 'ok',
        events: [{ type: 'PaymentFailed', reason: 'no such payment method' }, { status: 'payment_failed' }],
        owes: [{ id: 'ord_1:release:h1' }, { id: 'ord_1:release:h2' }],
      });
    authorizing()
      .when(answered('authorize', 'internal_error'), placedAt)
      .then({
        code: 'ok',
        events: [{ type: 'OrderFailed', status: 'payment_failed' }],
        owes: [{ id: 'ord_1:release:h1' }, { id: 'ord_1:release:h2' }, { id: 'ord_1:void' }],
      });
  });

  test('when the time to pay ends, holds are released and whatever was authorised is voided', () => {
    placed()
      .when({ type: 'Tick' }, payByMs - 1)
      .then({ code: 'ok', events: [] })
      .when({ type: 'Tick' }, payByMs)
      .then({ code: 'ok', events: [{ type: 'OrderFailed', status: 'expired', code: 'hold_expired' }] })
      .when({ type: 'Tick' }, payByMs + 1)
      .then({ code: 'ok', events: [] });
    authorizing()
      .when({ type: 'Tick' }, payByMs)
      .then({
        code: 'ok',
        owes: [
          { id: 'ord_1:release:h1' },
          { id: 'ord_1:release:h2' },
          {
            id: 'ord_1:void',
            command: { type: 'VoidPayment', paymentId: null, idempotencyKey: 'ord_1:void' },
          },
        ],
      })
      .when(answered('void'), payByMs + 1)
      .then({ code: 'ok', events: [{ type: 'PaymentSettled', paymentStatus: 'voided' }] });
  });

  test('an authorisation that comes after the end is voided by name, once', () => {
    const voidByName = {
      id: 'ord_1:void:pi_1',
      command: { paymentId: 'pi_1', idempotencyKey: 'ord_1:void:pi_1' },
    };
    authorizing()
      .when(cancel, placedAt + 3)
      .then({ code: 'ok', events: [{ type: 'OrderFailed', status: 'cancelled', code: 'ok' }] })
      .when(answered('release:h1'), placedAt + 4)
      .then({ code: 'ok' })
      .when(answered('release:h2'), placedAt + 4)
      .then({ code: 'ok', owes: [{ id: 'ord_1:void' }] })
      .when(answered('void'), placedAt + 5)
      .then({ code: 'ok', owes: [] })
      .when(authorized, placedAt + 6)
      .then({ code: 'ok', events: [{ type: 'PaymentAuthorized' }], owes: [voidByName] })
      .when(answered('void'), placedAt + 7)
      .then({ code: 'ok', events: [], owes: [voidByName] })
      .when(answered('void:pi_1'), placedAt + 8)
      .then({ code: 'ok', events: [{ type: 'PaymentSettled', paymentStatus: 'voided' }], owes: [] })
      .when(authorized, placedAt + 9)
      .then({ code: 'ok', events: [], owes: [] })
      .when({ type: 'PaymentReported', paymentId: 'pi_1', status: 'authorized' }, placedAt + 9)
      .then({ code: 'ok', events: [], owes: [] });
  });
});

test('an authorisation reported before the blind void is answered is voided by name instead', () => {
  authorizing()
    .when(cancel, placedAt + 3)
    .then({ code: 'ok' })
    .when({ type: 'PaymentReported', paymentId: 'pi_1', status: 'authorized' }, placedAt + 4)
    .then({
      code: 'ok',
      events: [{ type: 'PaymentAuthorized', paymentId: 'pi_1' }],
      owes: [{ id: 'ord_1:release:h1' }, { id: 'ord_1:release:h2' }, { id: 'ord_1:void:pi_1' }],
    });
});

describe('a hold that died after payment', () => {
  const lost = () =>
    committing()
      .when(answered('commit:h1', 'hold_expired'), payByMs + 90_000)
      .then({
        code: 'ok',
        events: [{ type: 'LineLost', holdId: 'h1', newHoldId: 'h1:again' }],
        owes: [
          {
            id: 'ord_1:retake:h1:again',
            key: 'PS-1',
            command: { type: 'RetakeHold', holdId: 'h1:again', replaces: 'h1', untilMs: payByMs + 150_000 },
          },
          { id: 'ord_1:commit:h2' },
        ],
      });

  test('is taken again and committed under its new id', () => {
    lost()
      .when(answered('retake:h1:again', 'created', hold('h1:again', 'PS-1')), payByMs + 90_001)
      .then({
        code: 'ok',
        events: [{ type: 'LineRetaken', holdId: 'h1', newHoldId: 'h1:again' }],
        pushes: [{ body: { lines: [{ holdId: 'h1:again' }, { holdId: 'h2' }] } }],
        owes: [{ id: 'ord_1:commit:h1:again' }, { id: 'ord_1:commit:h2' }],
      })
      .when(answered('commit:h1:again', 'hold_expired'), payByMs + 200_000)
      .then({
        code: 'ok',
        events: [{ type: 'OrderFailed', status: 'cancelled', code: 'hold_expired' }],
        owes: [{ id: 'ord_1:release:h1:again' }, { id: 'ord_1:release:h2' }, { id: 'ord_1:void:pi_1' }],
      });
  });

  test('and cannot be had again ends the order: nothing is captured, everything is undone', () => {
    lost()
      .when(answered('commit:h2'), payByMs + 90_001)
      .then({ code: 'ok', owes: [{ id: 'ord_1:retake:h1:again' }] })
      .when(answered('retake:h1:again', 'sold_out', { available: 0 }), payByMs + 90_002)
      .then({
        code: 'ok',
        events: [
          { type: 'LineRefused', holdId: 'h1', code: 'sold_out', available: 0 },
          { type: 'OrderFailed', status: 'cancelled', code: 'sold_out', sku: 'PS-1', available: 0 },
        ],
        owes: [{ id: 'ord_1:release:h2' }, { id: 'ord_1:void:pi_1' }],
      })
      .when(answered('void:pi_1'), payByMs + 90_003)
      .then({ code: 'ok', pushes: [{ body: { status: 'cancelled', paymentStatus: 'voided' } }] });
  });

  test('when another line fails first, the order still learns what became of it and releases it', () => {
    lost()
      .when(answered('commit:h2', 'hold_in_use'), payByMs + 90_001)
      .then({
        code: 'ok',
        events: [{ type: 'OrderFailed', code: 'hold_in_use', sku: 'PS-2' }],
        owes: [{ id: 'ord_1:retake:h1:again' }, { id: 'ord_1:release:h2' }, { id: 'ord_1:void:pi_1' }],
      })
      .when(answered('retake:h1:again', 'created', hold('h1:again', 'PS-1')), payByMs + 90_002)
      .then({
        code: 'ok',
        owes: [{ id: 'ord_1:release:h1:again' }, { id: 'ord_1:release:h2' }, { id: 'ord_1:void:pi_1' }],
      });
  });
});

describe('cancelling', () => {
  test('before the stock is committed undoes at once, and again is the same', () => {
    placed()
      .when(cancel, placedAt + 1)
      .then({ code: 'ok', reply: { status: 'cancelled', failure: null } })
      .when(cancel, placedAt + 2)
      .then({ code: 'ok', events: [], reply: { status: 'cancelled' } });
  });

  test('while the stock is being committed is too late, and so it is for an order that failed', () => {
    committing()
      .when(cancel, placedAt + 9)
      .then({ code: 'wrong_state', events: [] });
    authorizing()
      .when(answered('authorize', 'payment_declined'), placedAt)
      .then({ code: 'ok' })
      .when(cancel, placedAt + 9)
      .then({ code: 'wrong_state' });
  });

  test('a confirmed order gives the money back and the units too', () => {
    confirmed()
      .when(cancel, placedAt + 7)
      .then({
        code: 'ok',
        reply: { status: 'cancelled', paymentStatus: 'captured' },
        owes: [
          { id: 'ord_1:release:h1' },
          { id: 'ord_1:release:h2' },
          { id: 'ord_1:refund', command: { type: 'RefundPayment', paymentId: 'pi_1', amount: usd(149_700) } },
        ],
      })
      .when(answered('refund'), placedAt + 8)
      .then({
        code: 'ok',
        events: [{ type: 'PaymentSettled', paymentStatus: 'refunded' }],
        pushes: [{ body: { status: 'refunded', paymentStatus: 'refunded' } }],
        owes: [{ id: 'ord_1:release:h1' }, { id: 'ord_1:release:h2' }],
      })
      .when(cancel, placedAt + 9)
      .then({ code: 'ok', events: [], reply: { status: 'refunded' } });
  });

  test('a capture that failed for good voids the authorisation and returns the units', () => {
    capturing()
      .when(answered('capture', 'payment_failed', { reason: 'expired' }), placedAt + 6)
      .then({
        code: 'ok',
        events: [
          { type: 'PaymentFailed', reason: 'expired' },
          { type: 'OrderFailed', status: 'payment_failed', code: 'payment_failed' },
        ],
        owes: [{ id: 'ord_1:release:h1' }, { id: 'ord_1:release:h2' }, { id: 'ord_1:void:pi_1' }],
      });
  });
});

describe("the provider's reports", () => {
  const report = (
    status: 'authorized' | 'captured' | 'voided' | 'refunded' | 'declined',
    paymentId = 'pi_1',
  ) => ({ type: 'PaymentReported', paymentId, status, declineCode: 'do_not_honor' }) as const;

  test('count as the answer when they come first; the answer then changes nothing', () => {
    authorizing()
      .when(report('authorized'), placedAt)
      .then({ code: 'ok', events: [{ type: 'PaymentAuthorized' }], owes: [{ id: 'ord_1:commit:h1' }, {}] })
      .when(authorized, placedAt)
      .then({ code: 'ok', events: [] });
    capturing()
      .when(report('captured'), placedAt)
      .then({ code: 'ok', events: [{ type: 'PaymentCaptured' }, { type: 'OrderConfirmed' }] })
      .when(answered('capture'), placedAt)
      .then({ code: 'ok', events: [] });
    authorizing()
      .when(report('declined'), placedAt)
      .then({ code: 'ok', events: [{ type: 'PaymentDeclined' }, { declineCode: 'do_not_honor' }] })
      .when(answered('authorize', 'payment_declined'), placedAt)
      .then({ code: 'ok', events: [] });
  });

  test('that come early, late or twice change nothing', () => {
    const silent = { code: 'ok', events: [], pushes: [] } as const;
    placed()
      .when(report('authorized'), placedAt)
      .then(silent)
      .when(report('captured'), placedAt)
      .then(silent);
    committing()
      .when(report('captured'), placedAt)
      .then(silent)
      .when(report('authorized'), placedAt)
      .then(silent)
      .when(report('declined'), placedAt)
      .then(silent);
    capturing().when(report('captured', 'pi_other'), placedAt).then(silent);
    confirmed()
      .when(report('captured'), placedAt)
      .then(silent)
      .when(report('voided'), placedAt)
      .then(silent)
      .when(report('authorized'), placedAt)
      .then(silent);
    given(orderDecider, 'ord_1').when(report('captured'), placedAt).then({ code: 'not_found', events: [] });
  });

  test('of an authorisation after a decline has it voided', () => {
    authorizing()
      .when(report('declined'), placedAt)
      .then({ code: 'ok' })
      .when(report('authorized'), placedAt)
      .then({
        code: 'ok',
        owes: [{ id: 'ord_1:release:h1' }, { id: 'ord_1:release:h2' }, { id: 'ord_1:void:pi_1' }],
      });
  });
});

describe('the flow table', () => {
  const statuses = Object.keys(orderFlow) as OrderStatus[];

  test('only an order on its way back voids, refunds or releases, and only one on its way forward captures', () => {
    const forward = ['pending', 'authorizing', 'committing', 'confirmed', 'shipped', 'delivered', 'returned'];
    for (const status of statuses) {
      const asks = [...Object.values(orderFlow[status].lines), ...Object.values(orderFlow[status].payment)];
      for (const ask of ['void', 'refund', 'release'] as const)
        expect(asks.includes(ask)).toBe(!forward.includes(status));
      expect(asks.includes('capture')).toBe(status === 'committing');
    }
  });

  test('every order comes to an end: no status leads back', () => {
    const rank = (status: OrderStatus): number =>
      1 + Math.max(0, ...orderFlow[status].next.map((next) => rank(next)));
    for (const status of statuses) expect(rank(status)).toBeLessThan(statuses.length);
  });
});

test('an order is what its events say, whoever wrote them', () => {
  const events: OrderEvent[] = [
    { type: 'LineReleased', holdId: 'h1', atMs: 1 },
    { type: 'PaymentSettled', paymentStatus: 'voided', atMs: 1 },
  ];
  const story = committing().events(
    {
      type: 'OrderFailed',
      status: 'cancelled',
      code: 'sold_out',
      declineCode: null,
      sku: null,
      available: 0,
      atMs: 1,
    },
    ...events,
  );
  story.when({ type: 'ReadOrder', buyerId: null }, placedAt).then({
    code: 'ok',
    reply: { status: 'cancelled', paymentStatus: 'voided' },
    owes: [{ id: 'ord_1:release:h2' }],
  });
});
