/** Orders on the live socket: every change of one is sent to its buyer. */
import type { OrderView } from '../../actors/order/commands.ts';
import { accountKeysOf } from '../../gateway/account-keys.ts';
import type { LiveFeature } from '../../gateway/live/feature.ts';
import { isSealed, openOrder } from './address-store.ts';
import { recentOrdersOf } from './recent.ts';
import { Order } from './schemas.ts';
import { orderJson } from './views.ts';

export const live: LiveFeature = {
  sends: { 'order.updated': { summary: 'An order of the account changed', fields: Order.properties } },
  make({ services }) {
    const recent = recentOrdersOf(services);
    const keys = accountKeysOf(services);
    return {
      frames: {
        'order.updated': ({ type, body }) => {
          const order = body as OrderView;
          const frameWith = (key: Parameters<typeof openOrder>[1]) => ({
            type,
            ...orderJson(openOrder(order, key)),
          });
          const key = isSealed(order) ? keys.recall(order.buyerId) : null;
          return key === undefined ? keys.find(order.buyerId).then(frameWith) : frameWith(key);
        },
      },
      onPush({ type, body }) {
        if (type === 'order.updated') recent.see(body as OrderView);
      },
    };
  },
};
