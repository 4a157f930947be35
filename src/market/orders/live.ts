/** Orders on the live socket: every change of one is sent to its buyer. */
import type { OrderView } from '../../actors/order/commands.ts';
import { frameOf, type LiveFeature } from '../../gateway/live/feature.ts';
import { recentOrdersOf } from './recent.ts';
import { Order } from './schemas.ts';
import { orderJson } from './views.ts';

export const live: LiveFeature = {
  sends: { 'order.updated': { summary: 'An order of the account changed', fields: Order.properties } },
  make({ services }) {
    const recent = recentOrdersOf(services);
    return {
      frames: { 'order.updated': frameOf((order: OrderView) => orderJson(order)) },
      onPush({ type, body }) {
        if (type === 'order.updated') recent.see(body as OrderView);
      },
    };
  },
};
