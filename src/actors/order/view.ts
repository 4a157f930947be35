/** The order as its buyer sees it. Lines appear once their hold was taken: before that nothing is known of them. */
import type { OrderView, PaymentStatus } from './commands.ts';
import type { PaymentStep } from './flow.ts';
import type { OrderState } from './state.ts';

const paymentStatusByStep: Readonly<Record<PaymentStep, PaymentStatus>> = {
  none: 'none',
  asked: 'none',
  authorized: 'authorized',
  captured: 'captured',
  declined: 'failed',
  failed: 'failed',
  voided: 'voided',
  refunded: 'refunded',
};

export function orderView(state: OrderState): OrderView {
  const { placed, priced } = state;
  if (placed === null) throw new Error(`order ${state.orderId} was never placed`);
  return {
    orderId: state.orderId,
    orderNumber: placed.orderNumber,
    buyerId: placed.buyerId,
    status: state.status,
    paymentStatus: paymentStatusByStep[state.payment],
    paymentId: state.paymentId,
    failure: state.failure,
    lines: state.lines.flatMap((line) => (line.taken === null ? [] : [line.taken])),
    subtotal: priced?.subtotal ?? null,
    discount: priced?.discount ?? null,
    shipping: priced?.shipping ?? null,
    tax: priced?.tax ?? null,
    total: priced?.total ?? null,
    shippingAddress: placed.shippingAddress,
    shippingMethod: placed.shippingMethod,
    estimatedDeliveryMs: priced?.estimatedDeliveryMs ?? null,
    createdAtMs: placed.atMs,
    version: state.version,
  };
}
