/** The audit's comparisons, on entries with one mistake each. */
import { describe, expect, it } from 'vitest';
import type { OrderView } from '../../src/actors/order/commands.ts';
import { settledMismatches } from '../../src/ops/audit.ts';
import { compareHolds, compareProvider } from '../../src/ops/audit-across.ts';
import { compareOrder, compareStock } from '../../src/ops/audit-compare.ts';
import {
  type HoldEntry,
  inBrief,
  type OrderEntry,
  type OrderRows,
  type ProviderPayment,
  type StockEntry,
} from '../../src/ops/audit-entries.ts';

const usd = (amount: number) => ({ amount, currency: 'USD' });
const nowMs = 1_800_000_000_000;
const hold = (holdId: string, more: Partial<HoldEntry> = {}): HoldEntry => ({
  holdId,
  sku: 'S',
  quantity: 1,
  state: 'committed',
  orderId: 'ord_1',
  ...more,
});
const stock = (more: Partial<StockEntry> = {}): StockEntry => ({
  sku: 'S',
  onHand: 10,
  held: 2,
  sold: 1,
  allotted: 4,
  holds: [
    hold('h1', { state: 'held', quantity: 2, orderId: null }),
    hold('h2'),
    hold('h3', { state: 'voided' }),
  ],
  ...more,
});
const stockRow = { onHand: 10, held: 2, sold: 1, allotted: 4 };

function order(more: Partial<OrderView> = {}, isSettled = true): OrderEntry {
  const view: OrderView = {
    orderId: 'ord_1',
    orderNumber: 'N',
    buyerId: 'acc_1',
    status: 'confirmed',
    paymentStatus: 'captured',
    paymentId: 'pi_1',
    failure: null,
    lines: [
      {
        ...{ holdId: 'h2', saleId: 'sal_1', sku: 'S', title: 'T', productId: 'prd_1', sellerId: 'acc_2' },
        ...{ quantity: 1, unitPrice: usd(500), lineTotal: usd(500), discount: usd(0), tax: usd(0) },
      },
    ],
    ...{ subtotal: usd(500), discount: usd(0), shipping: usd(0), tax: usd(0), total: usd(500) },
    ...{ rounding: null, couponCodes: [] },
    ...{ refunded: usd(0), disputed: null },
    shippingAddress: { name: 'A', line1: 'B', city: 'C', postalCode: '1', country: 'US' },
    shippingMethod: 'standard',
    estimatedDeliveryMs: nowMs,
    createdAtMs: nowMs - 1_000,
    version: 7,
    ...more,
  };
  return { view, isSettled };
}
const rows = (): OrderRows => ({
  order: {
    ...{ buyerId: 'acc_1', status: 'confirmed', paymentStatus: 'captured', paymentId: 'pi_1' },
    ...{ totalAmount: 500, refundedAmount: 0, disputedAmount: null, currency: 'USD', version: 7 },
  },
  lines: [{ holdId: 'h2', sku: 'S', quantity: 1, lineTotal: 500 }],
  payments: [{ paymentId: 'pi_1', status: 'captured', amount: 500, refundedAmount: 0, currency: 'USD' }],
});
const payment = (more: Partial<ProviderPayment> = {}): ProviderPayment => ({
  ...{ paymentId: 'pi_1', orderId: 'ord_1', status: 'captured', capturedAmount: 500 },
  ...{ refundedAmount: 0, currency: 'USD' },
  ...more,
});
const orders = (...entries: OrderEntry[]) =>
  new Map(entries.map((entry) => [entry.view.orderId, inBrief(entry)]));
const holds = (...all: HoldEntry[]) => new Map(all.map((one) => [one.holdId, one]));
const kinds = (mismatches: readonly { kind: string }[]) => mismatches.map(({ kind }) => kind);
const books = (...payments: ProviderPayment[]) => ({ payments, isComplete: true });

describe('stock', () => {
  it('agrees with a row of the same figures', () => {
    expect(compareStock(stock(), stockRow)).toEqual([]);
  });
  it('names each figure in which the row differs', () => {
    expect(compareStock(stock(), { ...stockRow, held: 3 })).toEqual([
      { kind: 'stock.held', key: 'S', expected: 2, found: 3 },
    ]);
    expect(kinds(compareStock(stock(), { ...stockRow, onHand: 9, sold: 0 }))).toEqual([
      'stock.onHand',
      'stock.sold',
    ]);
    expect(kinds(compareStock(stock(), { ...stockRow, allotted: 3 }))).toEqual(['stock.allotted']);
    expect(kinds(compareStock(stock(), undefined))).toEqual(['stock.row']);
  });
  it('asks nothing of a figure that the row does not know yet', () => {
    expect(compareStock(stock(), { ...stockRow, allotted: null })).toEqual([]);
  });
  it('sees units that no hold accounts for, and more units than there are', () => {
    expect(kinds(compareStock(stock({ held: 3 }), { ...stockRow, held: 3 }))).toEqual(['holds.held']);
    expect(kinds(compareStock(stock({ sold: 0 }), { ...stockRow, sold: 0 }))).toEqual(['holds.sold']);
    expect(kinds(compareStock(stock({ onHand: 2 }), { ...stockRow, onHand: 2 }))).toEqual(['stock.oversold']);
    // Old sales whose holds are forgotten.
    expect(compareStock(stock({ sold: 8 }), { ...stockRow, sold: 8 })).toEqual([]);
  });
});

describe('an order', () => {
  it('agrees with rows that say the same, in whatever order its lines lie', () => {
    expect(compareOrder(order(), rows())).toEqual([]);
  });
  it.each<[string, (found: OrderRows) => OrderRows | undefined, string]>([
    ['no row', () => undefined, 'order.row'],
    ['another status', (r) => ({ ...r, order: { ...r.order, status: 'pending' } }), 'order.status'],
    ['an older version', (r) => ({ ...r, order: { ...r.order, version: 6 } }), 'order.version'],
    ['another total', (r) => ({ ...r, order: { ...r.order, totalAmount: 1 } }), 'order.totalAmount'],
    ['a line too few', (r) => ({ ...r, lines: [] }), 'order.lines'],
    [
      'a line of another quantity',
      (r) => ({ ...r, lines: [{ ...r.lines[0]!, quantity: 2 }] }),
      'order.lines',
    ],
    ['no payment', (r) => ({ ...r, payments: [] }), 'payment.row'],
    ['another amount', (r) => ({ ...r, payments: [{ ...r.payments[0]!, amount: 1 }] }), 'payment.amount'],
    [
      'one payment too many',
      (r) => ({ ...r, payments: [...r.payments, { ...r.payments[0]!, paymentId: 'pi_2' }] }),
      'payment.stray',
    ],
  ])('with %s is told', (_, change, kind) => {
    expect(kinds(compareOrder(order(), change(rows())))).toEqual([kind]);
  });
  it('that was declined has a declined payment, and one that never paid has none', () => {
    const declined = order({ status: 'payment_failed', paymentStatus: 'failed' });
    const found = rows();
    const failed = { ...found.order, status: 'payment_failed', paymentStatus: 'failed' };
    const row = { ...found.payments[0]!, status: 'declined' };
    expect(compareOrder(declined, { ...found, order: failed, payments: [row] })).toEqual([]);
    const unpaid = order({ status: 'cancelled', paymentStatus: 'voided', paymentId: null });
    const cancelled = { ...found.order, status: 'cancelled', paymentStatus: 'voided', paymentId: null };
    expect(compareOrder(unpaid, { ...found, order: cancelled, payments: [] })).toEqual([]);
  });
  it('case 04: of which money was given or taken back has rows that say so', () => {
    const back = { amount: 100, currency: 'USD' };
    const view = order({ paymentStatus: 'partially_refunded', refunded: back, disputed: back });
    const found = rows();
    const moved = { paymentStatus: 'partially_refunded', refundedAmount: 100, disputedAmount: 100 };
    const paid = { ...found.payments[0]!, status: 'partially_refunded', refundedAmount: 100 };
    const said = { ...found, order: { ...found.order, ...moved }, payments: [paid] };
    expect(compareOrder(view, said)).toEqual([]);
    const silent = { ...found, order: { ...found.order, paymentStatus: 'partially_refunded' } };
    expect(kinds(compareOrder(view, silent))).toEqual([
      'order.refundedAmount',
      'order.disputedAmount',
      'payment.status',
      'payment.refundedAmount',
    ]);
  });
});

describe('holds and orders', () => {
  it('agree when each bought line has its committed hold', () => {
    expect(compareHolds(orders(order()), holds(hold('h2')), nowMs)).toEqual([]);
  });
  it('differ when a bought line has no hold, another one, or one still open', () => {
    expect(kinds(compareHolds(orders(order()), holds(), nowMs))).toEqual(['hold.of_order']);
    expect(kinds(compareHolds(orders(order()), holds(hold('h2', { quantity: 2 })), nowMs))).toEqual([
      'hold.of_order',
    ]);
    expect(kinds(compareHolds(orders(order()), holds(hold('h2', { state: 'committing' })), nowMs))).toEqual([
      'hold.of_order',
    ]);
  });
  it('differ when units are sold to an order that is not there, was undone, or bought something else', () => {
    expect(kinds(compareHolds(orders(), holds(hold('h2')), nowMs))).toEqual(['hold.without_order']);
    const undone = order({ status: 'cancelled', paymentStatus: 'voided' });
    expect(kinds(compareHolds(orders(undone), holds(hold('h2')), nowMs))).toEqual(['hold.without_order']);
    expect(kinds(compareHolds(orders(order()), holds(hold('h2'), hold('h9')), nowMs))).toEqual([
      'hold.without_order',
    ]);
  });
  it('are not compared while the order is under way, nor after its holds were forgotten', () => {
    expect(compareHolds(orders(order({}, false)), holds(), nowMs)).toEqual([]);
    expect(compareHolds(orders(order()), holds(), nowMs + 30 * 24 * 3_600_000)).toEqual([]);
  });
});

describe('the provider', () => {
  it('agrees when the one payment of the order is captured in full', () => {
    expect(compareProvider(orders(order()), books(payment()))).toEqual([]);
  });
  it.each<[string, OrderEntry[], ProviderPayment[], string]>([
    ['no payment', [order()], [], 'provider.payment'],
    ['a payment that was not captured', [order()], [payment({ status: 'authorized' })], 'provider.payment'],
    ['another amount', [order()], [payment({ capturedAmount: 499 })], 'provider.amount'],
    ['another currency', [order()], [payment({ currency: 'EUR' })], 'provider.currency'],
    [
      'a part that others gave back',
      [order()],
      [payment({ refundedAmount: 100 })],
      'provider.refundedAmount',
    ],
    ['all given back by others', [order()], [payment({ status: 'refunded' })], 'provider.payment'],
    ['two captures', [order()], [payment(), payment({ paymentId: 'pi_2' })], 'provider.charged_twice'],
    ['money of an unknown order', [], [payment()], 'provider.money_without_order'],
    [
      'money of an undone order',
      [order({ status: 'cancelled', paymentStatus: 'none', paymentId: null })],
      [payment({ status: 'authorized' })],
      'provider.money_without_order',
    ],
    [
      'a refund that was not made',
      [order({ status: 'refunded', paymentStatus: 'refunded' })],
      [payment({ status: 'voided' })],
      'provider.payment',
    ],
  ])('with %s is told', (_, known, payments, kind) => {
    expect(kinds(compareProvider(orders(...known), books(...payments)))).toEqual([kind]);
  });
  it('agrees when the order knows the part that others gave back', () => {
    const told = order({ paymentStatus: 'partially_refunded', refunded: usd(100) });
    expect(compareProvider(orders(told), books(payment({ refundedAmount: 100 })))).toEqual([]);
    expect(kinds(compareProvider(orders(told), books(payment())))).toEqual(['provider.refundedAmount']);
  });
  it('is not asked about orders under way, payments of others, or those that it was not asked for', () => {
    expect(compareProvider(orders(order({}, false)), books(payment({ status: 'authorized' })))).toEqual([]);
    expect(compareProvider(orders(), books(payment({ orderId: null })))).toEqual([]);
    expect(compareProvider(orders(order()), { payments: [], isComplete: false })).toEqual([]);
  });
});

it('a second look keeps what the first one saw as well', () => {
  const seen = (key: string, found: number) => ({ kind: 'stock.held', key, expected: 1, found });
  expect(settledMismatches([seen('A', 2), seen('B', 2)], [seen('B', 3), seen('C', 2)])).toEqual([
    seen('B', 3),
  ]);
});
