import { describe, expect, test } from 'vitest';
import type { OrderStatus, PlaceOrder } from '../../../src/actors/order/commands.ts';
import { orderDecider } from '../../../src/actors/order/decide.ts';
import type { OrderEvent } from '../../../src/actors/order/events.ts';
import { orderFlow } from '../../../src/actors/order/flow.ts';
import { given } from '../given.ts';
import {
  answered,
  authorized,
  authorizing,
  committing,
  dayMs,
  hold,
  payByMs,
  placed,
  placedAt,
  placeOrder,
  usd,
} from './story.ts';

/** An order that was just placed: its holds are to be attached. */
function justPlaced() {
  return given(orderDecider, 'ord_1')
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
      pendingMessages: [
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
    });
}

/** An order whose holds are taken and whose authorisation is asked for. */
function checkedOut() {
  return justPlaced()
    .when(answered('attach:h2', 'ok', hold('h2', 'PS-2', { quantity: 2 })), placedAt + 1)
    .then({ code: 'ok', events: [{ type: 'LineTaken' }], pendingMessages: [{ id: 'ord_1:attach:h1' }] })
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
      pendingMessages: [
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
    });
}

describe('a purchase', () => {
  test('goes from holds to a confirmed order, money last, and the buyer sees every step', () => {
    checkedOut()
      .when(authorized, placedAt + 3)
      .then({
        code: 'ok',
        events: [{ type: 'PaymentAuthorized', paymentId: 'pi_1' }],
        pushes: [{ body: { status: 'committing', paymentStatus: 'authorized' } }],
        pendingMessages: [{ id: 'ord_1:commit:h1' }, { id: 'ord_1:commit:h2' }],
        deadline: Number.POSITIVE_INFINITY,
      })
      .when(answered('commit:h1'), placedAt + 4)
      .then({
        code: 'ok',
        events: [{ type: 'LineCommitted', holdId: 'h1' }],
        pendingMessages: [{ id: 'ord_1:commit:h2' }],
      })
      .when(answered('commit:h2'), placedAt + 5)
      .then({
        code: 'ok',
        pendingMessages: [
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
        pendingMessages: [],
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

  test('case 01: is not placed with a time to pay that is none', () => {
    for (const paymentSeconds of [Number.NaN, Number.POSITIVE_INFINITY, 300.0001, 1e300])
      given(orderDecider, 'ord_1')
        .when({ ...placeOrder, paymentSeconds }, placedAt)
        .then({ code: 'validation_failed', events: [] });
  });

  test('is cancelled only in one of the versions that the buyer may have seen', () => {
    authorizing()
      .when({ type: 'ReadOrder', buyerId: 'ann' }, placedAt)
      .then({ code: 'ok', reply: { version: 4 } })
      .when({ type: 'CancelOrder', buyerId: 'bob', versions: ['0'] }, placedAt)
      .then({ code: 'not_found' })
      .when({ type: 'CancelOrder', buyerId: 'ann', versions: ['3', '5'] }, placedAt)
      .then({ code: 'stale_version', events: [] })
      .when({ type: 'CancelOrder', buyerId: 'ann', versions: [] }, placedAt)
      .then({ code: 'stale_version', events: [] })
      .when({ type: 'CancelOrder', buyerId: 'ann', versions: ['3', '4'] }, placedAt)
      .then({ code: 'ok' });
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

  test('every order comes to an end: no status leads back, but that money which went back may not arrive', () => {
    const rank = (status: OrderStatus): number =>
      1 + Math.max(0, ...(status === 'refunded' ? [] : orderFlow[status].next).map((next) => rank(next)));
    expect(orderFlow.refunded.next).toEqual(['cancelled']);
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
    pendingMessages: [{ id: 'ord_1:release:h2' }],
  });
});
