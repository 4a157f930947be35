/** Rows fold as the actor does: after every event of any history they say what the order itself would show. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { OrderView } from '../../../src/actors/order/commands.ts';
import { orderDecider } from '../../../src/actors/order/decide.ts';
import type { OrderEvent } from '../../../src/actors/order/events.ts';
import { orderView } from '../../../src/actors/order/view.ts';
import { lineOf } from '../../../src/market/orders/lines.ts';
import { foldOrder } from '../../../src/market/orders/projection.ts';
import type { OrderRows } from '../../../src/market/orders/rows.ts';
import { type Money, money } from '../../../src/protocol/money.ts';
import { makeHistory } from '../../runtime/history.ts';

/** What the tables show of an order. */
function shown({ order, lines }: OrderRows): OrderView {
  const { currency, orderId, orderNumber, buyerId, status, paymentStatus, paymentId, failure } = order;
  const { shippingAddress, shippingMethod, createdAtMs, version } = order;
  const priced = (amount: number | null): Money | null => (amount === null ? null : money(amount, currency!));
  return {
    ...{ orderId, orderNumber, buyerId, status, paymentStatus, paymentId, failure },
    lines: lines.toSorted((a, b) => a.position - b.position).map(lineOf),
    ...{ subtotal: priced(order.subtotal), discount: priced(order.discount) },
    ...{ shipping: priced(order.shipping), tax: priced(order.tax), total: priced(order.totalAmount) },
    ...{ rounding: priced(order.rounding), couponCodes: order.couponCodes },
    refunded: currency === null ? null : priced(order.refundedAmount),
    disputed: priced(order.disputedAmount),
    ...{ shippingAddress, shippingMethod, createdAtMs, version },
    estimatedDeliveryMs: order.estimatedDeliveryAtMs,
  };
}

/** The rows as they come back from the tables. */
const stored = ({ order, lines, payments }: OrderRows): OrderRows => ({
  ...(JSON.parse(JSON.stringify({ order, lines })) as Pick<OrderRows, 'order' | 'lines'>),
  payments: new Map([...payments].filter(([paymentId]) => paymentId === order.paymentId)),
});

test('whatever happens to an order, its rows show after every event what the order shows', () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const states = new Map<string, ReturnType<typeof orderDecider.initial>>();
      const rowsById = new Map<string, OrderRows>();
      for (const { kind, key, event } of makeHistory(seed, 200, 'x').records) {
        if (kind !== 'order') continue;
        const state = states.get(key) ?? orderDecider.initial(key);
        states.set(key, state);
        orderDecider.evolve(state, event as OrderEvent);
        const rows = stored(foldOrder(rowsById.get(key), key, event as OrderEvent));
        rowsById.set(key, rows);
        expect(shown(rows)).toEqual(orderView(state));
        expect(rows.order.updatedAtMs).toBe((event as OrderEvent).atMs);
        expectPayment(rows);
      }
    }),
    { numRuns: 60 },
  );
});

function expectPayment({ order, payments }: OrderRows): void {
  if (order.paymentId === null) {
    expect(payments.size).toBe(0);
    return;
  }
  const status = order.paymentStatus === 'failed' ? 'declined' : order.paymentStatus;
  const isCaptured = ['captured', 'partially_refunded', 'refunded'].includes(status);
  const row = payments.get(order.paymentId)!;
  expect(row).toMatchObject({ status, amount: order.totalAmount, currency: order.currency });
  expect(row.refundedAmount).toBe(order.refundedAmount);
  expect(row.capturedAtMs !== null).toBe(isCaptured);
  if (status !== 'declined') expect(row.declineCode).toBeNull();
}

const address = { name: 'n', line1: 'l', city: 'c', postalCode: 'p', country: 'US' };
const none = money(0, 'USD');
const taken = {
  ...{ holdId: 'h', saleId: 's', sku: 'X', title: 't', productId: 'p', sellerId: 'a', quantity: 1 },
  ...{ unitPrice: money(5, 'USD'), lineTotal: money(5, 'USD'), discount: none, tax: none },
};
const paid: readonly OrderEvent[] = [
  {
    ...{ type: 'OrderPlaced', orderNumber: '1', buyerId: 'b', holds: [{ holdId: 'h', sku: 'X' }] },
    ...{ shippingAddress: address, shippingMethod: 'standard', paymentMethod: 'pm', payByMs: 9, atMs: 1 },
  },
  { type: 'LineTaken', line: taken, atMs: 2 },
  {
    ...{ type: 'OrderPriced', subtotal: money(5, 'USD'), discount: none, shipping: none, tax: none },
    ...{ total: money(5, 'USD'), estimatedDeliveryMs: 99, atMs: 3 },
  },
  { type: 'PaymentAuthorized', paymentId: 'pi', atMs: 4 },
  { type: 'LineLost', holdId: 'h', newHoldId: 'h:again', atMs: 5 },
];
const rowsAfter = (events: readonly OrderEvent[]) =>
  events.reduce<OrderRows | undefined>((rows, event) => foldOrder(rows, 'ord', event), undefined)!;

test('a line whose second hold was refused as well stays lost', () => {
  const refusal: OrderEvent = {
    ...{ type: 'LineRefused', sku: 'X', holdId: 'h', code: 'sold_out', available: 0, atMs: 6 },
  };
  expect(rowsAfter([...paid, refusal]).lines).toMatchObject([{ holdId: 'h', state: 'lost' }]);
});

test('a line that was retaken shows its new hold', () => {
  const retaken: OrderEvent = { type: 'LineRetaken', holdId: 'h', newHoldId: 'h:again', atMs: 6 };
  expect(rowsAfter([...paid, retaken]).lines).toMatchObject([{ holdId: 'h:again', state: 'taken' }]);
});

test('tables that are ahead of a journal which lost frames take the line anew, and leave others as they are', () => {
  const retaken: OrderEvent = { type: 'LineRetaken', holdId: 'h', newHoldId: 'h:again', atMs: 6 };
  const ahead = rowsAfter([...paid, retaken]);
  const again = foldOrder(ahead, 'ord', { type: 'LineCommitted', holdId: 'h', atMs: 7 });
  expect(again.order.version).toBe(7);
  expect(again.lines).toMatchObject([{ holdId: 'h:again', state: 'taken' }]);
  foldOrder(again, 'ord', { type: 'LineTaken', line: taken, atMs: 8 });
  expect(again.lines).toMatchObject([{ position: 0, holdId: 'h', state: 'taken' }]);
});

test('tables that were moved past frames go on: a line that they never saw taken has no row', () => {
  const unseen = paid.filter(({ type }) => type !== 'LineTaken');
  const retaken: OrderEvent = { type: 'LineRetaken', holdId: 'h', newHoldId: 'h:again', atMs: 6 };
  const { order, lines } = rowsAfter([...unseen, retaken]);
  expect(lines).toEqual([]);
  expect(order).toMatchObject({ status: 'committing', version: 5 });
});

test('tables that were moved past an authorisation still have the payment that was captured', () => {
  const unseen = paid.filter(({ type }) => type !== 'PaymentAuthorized');
  const captured: OrderEvent = { type: 'PaymentCaptured', paymentId: 'pi', atMs: 6 };
  const { order, payments } = rowsAfter([...unseen, captured]);
  expect(order).toMatchObject({ paymentId: 'pi', paymentStatus: 'captured' });
  expect([...payments.values()]).toMatchObject([{ paymentId: 'pi', status: 'captured', capturedAtMs: 6 }]);
});

test('an event of an order that was never placed breaks the projection', () => {
  expect(() => foldOrder(undefined, 'ord', { type: 'OrderConfirmed', atMs: 1 })).toThrow('never placed');
});
