/**
 * An order as JSON. Field by field, so that nothing internal (the buyer's id) gets out by being added to the actor's
 * view.
 */
import type { OrderView } from '../../actors/order/commands.ts';
import { iso } from '../../gateway/handling.ts';
import type { OpenedOrder } from './address-store.ts';
import type { Order } from './schemas.ts';

/** An order that its buyer cancelled did not fail. */
function failureJson(failure: OrderView['failure']): Order['failure'] {
  return failure === null || failure.code === 'ok'
    ? null
    : { code: failure.code, declineCode: failure.declineCode };
}

/** Amounts are null until every line is taken and priced. */
export function orderJson(view: OpenedOrder): Order {
  return {
    orderId: view.orderId,
    orderNumber: view.orderNumber,
    status: view.status,
    paymentStatus: view.paymentStatus,
    paymentId: view.paymentId,
    failure: failureJson(view.failure),
    lines: view.lines.map((line) => ({
      holdId: line.holdId,
      saleId: line.saleId,
      sku: line.sku,
      productId: line.productId,
      title: line.title,
      sellerId: line.sellerId,
      quantity: line.quantity,
      unitPrice: line.unitPrice,
      lineTotal: line.lineTotal,
      discount: line.discount,
      tax: line.tax,
      ...(line.taxRate !== undefined && {
        taxRate: line.taxRate,
        taxInclusive: line.isTaxInclusive ?? false,
      }),
    })),
    subtotal: view.subtotal,
    discount: view.discount,
    shipping: view.shipping,
    tax: view.tax,
    rounding: view.rounding,
    total: view.total,
    refunded: view.refunded,
    disputed: view.disputed,
    shippingAddress: view.shippingAddress,
    shippingMethod: view.shippingMethod,
    couponCodes: [...view.couponCodes],
    estimatedDelivery: view.estimatedDeliveryMs === null ? null : iso(view.estimatedDeliveryMs).slice(0, 10),
    createdAt: iso(view.createdAtMs),
    version: view.version,
  };
}

const crockford = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/**
 * The number people read out: `DB-` and the last 60 bits of the order's UUID, nearly all of them random, in Crockford's
 * base 32. Enough that a hundred million orders have no two alike.
 */
export function orderNumberOf(orderId: string): string {
  let bits = BigInt(`0x${orderId.replaceAll('-', '').slice(-15)}`);
  let text = '';
  for (let digit = 0; digit < 12; digit++) {
    text = crockford[Number(bits & 31n)] + text;
    bits >>= 5n;
  }
  return `DB-${text.slice(0, 4)}-${text.slice(4, 8)}-${text.slice(8)}`;
}
