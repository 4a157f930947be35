/** A payment as its buyer sees it. */
import type { OrderView } from '../../actors/order/commands.ts';
import { iso } from '../../gateway/handling.ts';
import type { Payment } from './schemas.ts';

/** What an order's buyer may know of its payment. */
export function paymentJson(order: OrderView, paymentId: string): Payment {
  return {
    paymentId,
    orderId: order.orderId,
    status: order.paymentStatus,
    amount: order.total,
    refunded: order.refunded,
    disputed: order.disputed,
    orderCreatedAt: iso(order.createdAtMs),
  };
}
