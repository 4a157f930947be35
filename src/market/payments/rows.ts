/** Payments: what became of the money of each order, from the order actor's events. */

import type { PaymentReported } from '../../actors/order/commands.ts';
import type { OrderEvent } from '../../actors/order/events.ts';
import { table } from '../../persistence/table.ts';

export interface PaymentRow {
  paymentId: string;
  orderId: string;
  status: PaymentReported['status'];
  amount: number;
  currency: string;
  declineCode: string | null;
  createdAtMs: number;
  capturedAtMs: number | null;
  updatedAtMs: number;
}

export const paymentTable = table<PaymentRow>('payments', ['paymentId'], {
  paymentId: ['payment_id', 'text'],
  orderId: ['order_id', 'text'],
  status: ['status', 'text'],
  amount: ['amount', 'integer'],
  currency: ['currency', 'text'],
  declineCode: ['decline_code', 'text'],
  createdAtMs: ['created_at', 'instant'],
  capturedAtMs: ['captured_at', 'instant'],
  updatedAtMs: ['updated_at', 'instant'],
});

type Paid = {
  orderId: string;
  paymentId: string | null;
  totalAmount: number | null;
  currency: string | null;
};

/** Changes the rows in place. `order` is the order's row after the same event. */
export function foldPayments(rows: Map<string, PaymentRow>, order: Paid, event: OrderEvent): void {
  switch (event.type) {
    case 'PaymentAuthorized':
      settle(rows, order, event.paymentId, 'authorized', event.atMs);
      break;
    case 'PaymentDeclined':
      settle(rows, order, event.paymentId, 'declined', event.atMs, event.declineCode);
      break;
    case 'PaymentCaptured': {
      const row = settle(rows, order, event.paymentId, 'captured', event.atMs);
      if (row) row.capturedAtMs = event.atMs;
      break;
    }
    case 'PaymentSettled':
      // Nothing was made, so there was nothing to void.
      settle(rows, order, order.paymentId, event.paymentStatus, event.atMs);
  }
}

function settle(
  rows: Map<string, PaymentRow>,
  order: Paid,
  paymentId: string | null,
  status: PaymentRow['status'],
  atMs: number,
  declineCode: string | null = null,
): PaymentRow | null {
  if (paymentId === null || order.totalAmount === null || order.currency === null) return null;
  const row: PaymentRow = rows.get(paymentId) ?? {
    paymentId,
    orderId: order.orderId,
    status,
    amount: order.totalAmount,
    currency: order.currency,
    declineCode: null,
    createdAtMs: atMs,
    capturedAtMs: null,
    updatedAtMs: atMs,
  };
  row.status = status;
  row.declineCode = declineCode;
  row.updatedAtMs = atMs;
  rows.set(paymentId, row);
  return row;
}
