/** Hears which order a payment belongs to before the tables know it. */
import { LRUCache } from 'lru-cache';
import type { OrderView } from '../../actors/order/commands.ts';
import type { LiveFeature } from '../../gateway/live/feature.ts';
import { perGateway } from '../../gateway/route.ts';

/** Some seconds of the busiest drop. */
const paymentsMax = 10_000;

/** Order ids by payment id, of the newest payments. */
export const recentPaymentsOf = perGateway(() => new LRUCache<string, string>({ max: paymentsMax }));

export const live: LiveFeature = {
  sends: {},
  make({ services }) {
    const orderByPayment = recentPaymentsOf(services);
    return {
      onPush({ type, body }) {
        if (type !== 'order.updated') return;
        const { paymentId, orderId } = body as OrderView;
        if (paymentId !== null) orderByPayment.set(paymentId, orderId);
      },
    };
  },
};
