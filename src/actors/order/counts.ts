/** Orders counted by the status that they reach. */
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

export function countedOf(event: OrderEvent): Counted | null {
  if (event.type === 'OrderPlaced') return pending;
  if (event.type === 'OrderConfirmed') return confirmed;
  if (event.type === 'PaymentSettled' || event.type === 'PaymentExamined')
    return event.paymentStatus === 'refunded' ? refunded : null;
  return event.type === 'OrderFailed' ? failed[event.status] : null;
}
