/**
 * The audit's comparisons within one partition, without I/O: what the journal says (expected) against the tables' rows as
 * of the same frame.
 *
 * Every mismatch names one thing (`kind`, `key`), so that a later look can tell whether it is still there.
 */
import type { OrderView } from '../actors/order/commands.ts';
import type { HoldState } from '../actors/sku/commands.ts';
import {
  type Mismatch,
  type OrderEntry,
  type OrderRows,
  type StockEntry,
  type StockRow,
  unequal,
} from './audit-entries.ts';

/** `row`: as of the same frame as the entry; undefined when there is none. */
export function compareStock(entry: StockEntry, row: StockRow | undefined): Mismatch[] {
  const { sku, onHand, held, sold, allotted, holds } = entry;
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
  const figures = { onHand, held, sold, allotted: row.allotted === null ? null : allotted };
  return [...mismatches, ...unequal('stock', sku, figures, row)];
}

export function compareOrder({ view }: OrderEntry, rows: OrderRows | undefined): Mismatch[] {
  const { orderId, buyerId, status, paymentStatus, paymentId, version, total, refunded, disputed } = view;
  if (!rows) return [{ kind: 'order.row', key: orderId, expected: 'a row', found: null }];
  const order = { buyerId, status, paymentStatus, paymentId, version };
  const amounts = {
    totalAmount: total?.amount ?? null,
    refundedAmount: refunded?.amount ?? 0,
    disputedAmount: disputed?.amount ?? null,
    currency: total?.currency ?? null,
  };
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
  const { orderId, paymentId, paymentStatus, total, refunded } = view;
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
  return [
    ...mismatches,
    ...unequal('payment', orderId, { status, amount, refundedAmount: refunded?.amount, currency }, row),
  ];
}
