/** Orders counted by the status that they reach, and refunds that did not reach their buyers. */
import type { Counted } from '../../protocol/decider.ts';
import type { OrderEvent } from './events.ts';

const reached = (status: string): Counted => ({
  name: 'doorbuster_orders_total',
  help: 'Orders that reached a status',
  labels: { status },
});

const pending = reached('pending');
const confirmed = reached('confirmed');
const refunded = reached('refunded');
const failed = {
  payment_failed: reached('payment_failed'),
  expired: reached('expired'),
  cancelled: reached('cancelled'),
};
const refundFailed: Counted = {
  name: 'doorbuster_refunds_failed_total',
  help: 'Refunds that counted as done and did not reach the buyer',
  labels: {},
};

export function countedOf(event: OrderEvent): Counted | null {
  if (event.type === 'OrderPlaced') return pending;
  if (event.type === 'OrderConfirmed') return confirmed;
  if (event.type === 'PaymentSettled' || event.type === 'PaymentExamined')
    return event.paymentStatus === 'refunded' ? refunded : null;
  if (event.type === 'RefundExamined')
    return event.paymentStatus === 'refunded' || event.paymentStatus === 'voided' ? null : refundFailed;
  return event.type === 'OrderFailed' ? failed[event.status] : null;
}
