/** Payment rows: what became of the money of each order. They follow from the order and are written with its row. */

import type { PaymentStatus } from '../../actors/order/commands.ts';
import type { OrderEvent } from '../../actors/order/events.ts';
import { ProjectionBroken } from '../../persistence/projection.ts';
import { table } from '../../persistence/table.ts';

export interface PaymentRow {
  paymentId: string;
  orderId: string;
  status: Exclude<PaymentStatus, 'none' | 'failed'> | 'declined';
  amount: number;
  /** Of the amount, what went back to the buyer. */
  refundedAmount: number;
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
  refundedAmount: ['refunded_amount', 'integer'],
  currency: ['currency', 'text'],
  declineCode: ['decline_code', 'text'],
  createdAtMs: ['created_at', 'instant'],
  capturedAtMs: ['captured_at', 'instant'],
  updatedAtMs: ['updated_at', 'instant'],
});

/** What of an order's row concerns its payment. */
interface Paid {
  readonly orderId: string;
  readonly paymentId: string | null;
  readonly paymentStatus: PaymentStatus;
  readonly totalAmount: number | null;
  readonly refundedAmount: number;
  readonly currency: string | null;
}

/** Changes the rows in place: the payment that the order names now has come as far as the order says. */
export function foldPayments(rows: Map<string, PaymentRow>, order: Paid, event: OrderEvent): void {
  switch (event.type) {
    case 'PaymentAuthorized':
    case 'PaymentDeclined':
    case 'PaymentCaptured':
    case 'PaymentSettled':
    case 'PaymentExamined':
    case 'RefundExamined':
      break;
    default:
      // PaymentFailed included: the provider made no payment, or could not capture the one there is.
      return;
  }
  const { orderId, paymentId, totalAmount, refundedAmount, currency } = order;
  // No payment was made, so there was nothing to decline or to void.
  if (paymentId === null || totalAmount === null || currency === null) return;
  const { atMs } = event;
  const status = rowStatusOf(order.paymentStatus);
  const known = rows.get(paymentId);
  // A payment that counted as voided was captured all the same: when, nobody has told.
  const isCaptured =
    event.type === 'PaymentCaptured' || (event.type === 'RefundExamined' && status !== 'voided');
  rows.set(paymentId, {
    ...{ paymentId, orderId, amount: totalAmount, currency, createdAtMs: atMs, capturedAtMs: null },
    ...known,
    status,
    refundedAmount,
    declineCode: event.type === 'PaymentDeclined' ? event.declineCode : null,
    ...(isCaptured && { capturedAtMs: known?.capturedAtMs ?? atMs }),
    updatedAtMs: atMs,
  });
}

function rowStatusOf(status: PaymentStatus): PaymentRow['status'] {
  switch (status) {
    case 'none':
      throw new ProjectionBroken('a payment of an order that has none');
    case 'failed':
      return 'declined';
    default:
      return status;
  }
}
