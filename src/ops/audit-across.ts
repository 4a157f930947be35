/**
 * The audit's comparisons across partitions and with the payment provider, without I/O.
 *
 * Only what is at rest is compared: an order under way may be a step ahead here and a step behind there, and that is no
 * mismatch.
 */
import {
  type HoldEntry,
  type Mismatch,
  type OrderInBrief,
  type ProviderLedger,
  type ProviderPayment,
  unequal,
} from './audit-entries.ts';

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
  ledger: ProviderLedger,
): Mismatch[] {
  const byOrder = new Map<string, ProviderPayment[]>();
  for (const payment of ledger.payments) {
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
    if (order && (!order.isSettled || isTaken(order))) continue;
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
      mismatches.push(...compareSettled(orderId, order, byOrder.get(orderId) ?? [], ledger));
  }
  return mismatches;
}

function isTaken({ paymentStatus }: OrderInBrief): boolean {
  return paymentStatus === 'captured' || paymentStatus === 'partially_refunded';
}

function compareSettled(
  orderId: string,
  order: OrderInBrief,
  payments: readonly ProviderPayment[],
  ledger: ProviderLedger,
): Mismatch[] {
  const { paymentId, amount, refundedAmount, currency } = order;
  // The provider calls a payment captured until all of it went back.
  const paymentStatus = isTaken(order) ? 'captured' : order.paymentStatus;
  if (paymentId === null || !['captured', 'voided', 'refunded'].includes(paymentStatus)) return [];
  const payment = payments.find((one) => one.paymentId === paymentId);
  if (!payment) {
    if (!ledger.isComplete) return [];
    return [
      { kind: 'provider.payment', key: orderId, expected: `${paymentId} ${paymentStatus}`, found: null },
    ];
  }
  if (payment.status !== paymentStatus) {
    const found = `${paymentId} ${payment.status}`;
    return [{ kind: 'provider.payment', key: orderId, expected: `${paymentId} ${paymentStatus}`, found }];
  }
  if (paymentStatus !== 'captured' || payment.capturedAmount === null) return [];
  const captured = { ...payment, amount: payment.capturedAmount };
  return unequal('provider', orderId, { amount, refundedAmount, currency }, captured);
}
