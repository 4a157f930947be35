/**
 * The audit's comparisons, without I/O: what the journal says (expected) against tables, other actors and the provider.
 *
 * 1. Only what is at rest is compared across partitions or with the provider: an order under way may be a step ahead
 *    here and a step behind there, and that is no mismatch.
 * 2. Every mismatch names one thing (`kind`, `key`), so that a later look can tell whether it is still there.
 */

import type { OrderView } from '../actors/order/commands.ts';
import type { HoldState } from '../actors/sku/commands.ts';

export interface Mismatch {
  /** What was compared, such as `stock.held` or `order.status`. */
  readonly kind: string;
  readonly key: string;
  readonly expected: unknown;
  readonly found: unknown;
}

export interface StockEntry {
  readonly sku: string;
  readonly onHand: number;
  readonly held: number;
  readonly sold: number;
  readonly holds: readonly HoldEntry[];
}

export interface HoldEntry {
  readonly holdId: string;
  readonly sku: string;
  readonly quantity: number;
  readonly state: HoldState;
  readonly orderId: string | null;
}

export interface OrderEntry {
  readonly view: OrderView;
  /** It owes nothing and waits for nothing. */
  readonly isSettled: boolean;
}

export interface StockRow {
  readonly onHand: number;
  readonly held: number;
  readonly sold: number;
}

export interface OrderRows {
  readonly order: {
    readonly buyerId: string;
    readonly status: string;
    readonly paymentStatus: string;
    readonly paymentId: string | null;
    readonly totalAmount: number | null;
    readonly currency: string | null;
    readonly version: number;
  };
  readonly lines: readonly {
    readonly holdId: string;
    readonly sku: string;
    readonly quantity: number;
    readonly lineTotal: number;
  }[];
  readonly payments: readonly {
    readonly paymentId: string;
    readonly status: string;
    readonly amount: number;
    readonly currency: string;
  }[];
}

export interface ProviderPayment {
  readonly paymentId: string;
  /** null: made by somebody else with the same account. */
  readonly orderId: string | null;
  readonly status: 'open' | 'authorized' | 'captured' | 'voided' | 'refunded' | 'declined';
  /** null where the provider was asked for the status only. */
  readonly capturedAmount: number | null;
  readonly currency: string | null;
}

export interface ProviderLedger {
  readonly payments: readonly ProviderPayment[];
  /** False when only some payments were asked for: then one that is not here says nothing. */
  readonly isComplete: boolean;
}

function unequal(prefix: string, key: string, expected: object, found: object): Mismatch[] {
  return Object.entries(expected).flatMap(([name, value]) => {
    const other = (found as Record<string, unknown>)[name];
    return Object.is(value, other)
      ? []
      : [{ kind: `${prefix}.${name}`, key, expected: value, found: other ?? null }];
  });
}

/** `row`: as of the same frame as the book; undefined when there is none. */
export function compareStock(book: StockEntry, row: StockRow | undefined): Mismatch[] {
  const { sku, onHand, held, sold, holds } = book;
  const sumOf = (states: readonly HoldState[]) =>
    holds.reduce((sum, hold) => sum + (states.includes(hold.state) ? hold.quantity : 0), 0);
  const mismatches: Mismatch[] = [];
  const heldByHolds = sumOf(['held', 'committing']);
  const soldByHolds = sumOf(['committed']);
  if (held !== heldByHolds)
    mismatches.push({ kind: 'holds.held', key: sku, expected: held, found: heldByHolds });
  // Old committed holds are forgotten while their units stay sold.
  if (soldByHolds > sold)
    mismatches.push({ kind: 'holds.sold', key: sku, expected: sold, found: soldByHolds });
  if (held < 0 || sold < 0 || held + sold > onHand)
    mismatches.push({ kind: 'stock.oversold', key: sku, expected: `at most ${onHand}`, found: held + sold });
  if (!row) return [...mismatches, { kind: 'stock.row', key: sku, expected: 'a row', found: null }];
  return [...mismatches, ...unequal('stock', sku, { onHand, held, sold }, row)];
}

export function compareOrder({ view }: OrderEntry, rows: OrderRows | undefined): Mismatch[] {
  const { orderId, buyerId, status, paymentStatus, paymentId, version, total } = view;
  if (!rows) return [{ kind: 'order.row', key: orderId, expected: 'a row', found: null }];
  const order = { buyerId, status, paymentStatus, paymentId, version };
  const amounts = { totalAmount: total?.amount ?? null, currency: total?.currency ?? null };
  const mismatches = unequal('order', orderId, { ...order, ...amounts }, rows.order);
  const lines = (all: readonly { holdId: string; sku: string; quantity: number; amount: number }[]) =>
    all
      .map(({ holdId, sku, quantity, amount }) => `${quantity} ${sku} ${amount} ${holdId}`)
      .sort()
      .join(', ');
  const expected = lines(view.lines.map((line) => ({ ...line, amount: line.lineTotal.amount })));
  const found = lines(rows.lines.map((line) => ({ ...line, amount: line.lineTotal })));
  if (expected !== found) mismatches.push({ kind: 'order.lines', key: orderId, expected, found });
  return [...mismatches, ...comparePaymentRows(view, rows)];
}

/** An order has at most one payment, and its row says the same as the order. */
function comparePaymentRows(view: OrderView, rows: OrderRows): Mismatch[] {
  const { orderId, paymentId, paymentStatus, total } = view;
  const mismatches: Mismatch[] = rows.payments
    .filter((payment) => payment.paymentId !== paymentId)
    .map((payment) => ({
      kind: 'payment.stray',
      key: orderId,
      expected: paymentId,
      found: payment.paymentId,
    }));
  if (paymentId === null || total === null) return mismatches;
  const row = rows.payments.find((payment) => payment.paymentId === paymentId);
  if (!row) return [...mismatches, { kind: 'payment.row', key: orderId, expected: 'a row', found: null }];
  const status = paymentStatus === 'failed' ? 'declined' : paymentStatus;
  const { amount, currency } = total;
  return [...mismatches, ...unequal('payment', orderId, { status, amount, currency }, row)];
}

/** Of an order, what other partitions and the provider are compared with. */
export interface OrderInBrief {
  readonly isSettled: boolean;
  readonly isBought: boolean;
  readonly paymentStatus: OrderView['paymentStatus'];
  readonly paymentId: string | null;
  readonly amount: number | null;
  readonly currency: string | null;
  readonly createdAtMs: number;
  readonly lines: readonly { readonly holdId: string; readonly sku: string; readonly quantity: number }[];
}

const boughtStatuses: readonly OrderView['status'][] = ['confirmed', 'shipped', 'delivered', 'returned'];

export function inBrief({ view, isSettled }: OrderEntry): OrderInBrief {
  return {
    isSettled,
    isBought: boughtStatuses.includes(view.status),
    paymentStatus: view.paymentStatus,
    paymentId: view.paymentId,
    amount: view.total?.amount ?? null,
    currency: view.total?.currency ?? null,
    createdAtMs: view.createdAtMs,
    lines: view.lines.map(({ holdId, sku, quantity }) => ({ holdId, sku, quantity })),
  };
}

/** Holds older than this may have been forgotten by their SKU. */
const rememberedMs = 29 * 24 * 3_600_000;

/** `holds`: those that are committing or committed, by id. */
export function compareHolds(
  orders: ReadonlyMap<string, OrderInBrief>,
  holds: ReadonlyMap<string, HoldEntry>,
  nowMs: number,
): Mismatch[] {
  const mismatches: Mismatch[] = [];
  for (const [orderId, order] of orders) {
    if (!order.isSettled || !order.isBought || nowMs - order.createdAtMs > rememberedMs) continue;
    for (const { holdId, sku, quantity } of order.lines) {
      const hold = holds.get(holdId);
      const expected = `${quantity} ${sku} committed for ${orderId}`;
      const found = hold ? `${hold.quantity} ${hold.sku} ${hold.state} for ${hold.orderId}` : null;
      if (expected !== found) mismatches.push({ kind: 'hold.of_order', key: holdId, expected, found });
    }
  }
  for (const { holdId, state, orderId } of holds.values()) {
    const order = orderId === null ? undefined : orders.get(orderId);
    const isOfOrder = order?.lines.some((line) => line.holdId === holdId) ?? false;
    if (order && (!order.isSettled || (order.isBought && isOfOrder))) continue;
    const found = order ? 'an order that did not buy it' : orderId;
    mismatches.push({
      kind: 'hold.without_order',
      key: holdId,
      expected: `the order of a ${state} hold`,
      found,
    });
  }
  return mismatches;
}

export function compareProvider(
  orders: ReadonlyMap<string, OrderInBrief>,
  books: ProviderLedger,
): Mismatch[] {
  const byOrder = new Map<string, ProviderPayment[]>();
  for (const payment of books.payments) {
    if (payment.orderId === null) continue;
    const known = byOrder.get(payment.orderId);
    if (known) known.push(payment);
    else byOrder.set(payment.orderId, [payment]);
  }
  const mismatches: Mismatch[] = [];
  for (const [orderId, payments] of byOrder) {
    const taken = payments.filter(({ status }) => status === 'authorized' || status === 'captured');
    const captures = taken.filter(({ status }) => status === 'captured');
    if (captures.length > 1)
      mismatches.push({ kind: 'provider.charged_twice', key: orderId, expected: 1, found: captures.length });
    const order = orders.get(orderId);
    if (order && (!order.isSettled || order.paymentStatus === 'captured')) continue;
    const expected = order ? `no money taken (${order.paymentStatus})` : 'an order in the journal';
    for (const { paymentId, status } of taken)
      mismatches.push({
        kind: 'provider.money_without_order',
        key: orderId,
        expected,
        found: `${paymentId} ${status}`,
      });
  }
  for (const [orderId, order] of orders) {
    if (order.isSettled)
      mismatches.push(...compareSettled(orderId, order, byOrder.get(orderId) ?? [], books));
  }
  return mismatches;
}

function compareSettled(
  orderId: string,
  order: OrderInBrief,
  payments: readonly ProviderPayment[],
  books: ProviderLedger,
): Mismatch[] {
  const { paymentId, paymentStatus, amount, currency } = order;
  if (paymentId === null || !['captured', 'voided', 'refunded'].includes(paymentStatus)) return [];
  const payment = payments.find((one) => one.paymentId === paymentId);
  if (!payment) {
    if (!books.isComplete) return [];
    return [
      { kind: 'provider.payment', key: orderId, expected: `${paymentId} ${paymentStatus}`, found: null },
    ];
  }
  if (payment.status !== paymentStatus) {
    const found = `${paymentId} ${payment.status}`;
    return [{ kind: 'provider.payment', key: orderId, expected: `${paymentId} ${paymentStatus}`, found }];
  }
  if (paymentStatus !== 'captured' || payment.capturedAmount === null) return [];
  const captured = { amount: payment.capturedAmount, currency: payment.currency };
  return unequal('provider', orderId, { amount, currency }, captured);
}
