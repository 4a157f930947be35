/** The order as its buyer sees it. Lines appear once their hold was taken: before that nothing is known of them. */
import { money } from '../../protocol/money.ts';
import type { OrderView } from './commands.ts';
import { codesOf, paymentStatusOf } from './facts.ts';
import type { OrderState } from './state.ts';

export function orderView(state: OrderState): OrderView {
  const { placed, priced } = state;
  if (placed === null) throw new Error(`order ${state.orderId} was never placed`);
  return {
    orderId: state.orderId,
    orderNumber: placed.orderNumber,
    buyerId: placed.buyerId,
    status: state.status,
    paymentStatus: paymentStatusOf(state),
    paymentId: state.paymentId,
    failure: state.failure,
    lines: state.lines.flatMap((line) => (line.taken === null ? [] : [line.taken])),
    subtotal: priced?.subtotal ?? null,
    discount: priced?.discount ?? null,
    shipping: priced?.shipping ?? null,
    tax: priced?.tax ?? null,
    rounding: priced?.rounding ?? null,
    total: priced?.total ?? null,
    refunded: priced && money(state.refunded, priced.total.currency),
    disputed: priced && state.disputed !== null ? money(state.disputed, priced.total.currency) : null,
    shippingAddress: placed.shippingAddress,
    shippingMethod: placed.shippingMethod,
    couponCodes: codesOf(placed),
    estimatedDeliveryMs: priced?.estimatedDeliveryMs ?? null,
    createdAtMs: placed.atMs,
    version: state.version,
  };
}
