/** A checkout that waits for its order hears of it here. */
import type { OrderView } from '../../actors/order/commands.ts';
import type { LiveFeature } from '../../gateway/live/feature.ts';
import { orderWaitsOf } from './order-waits.ts';

export const live: LiveFeature = {
  sends: {},
  make({ services }) {
    const waits = orderWaitsOf(services);
    return {
      onPush({ type, body }) {
        if (type === 'order.updated') waits.onOrder(body as OrderView);
      },
    };
  },
};
