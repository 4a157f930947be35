/** Orders on the live socket: every change of one is sent to its buyer. */
import type { OrderView } from '../../actors/order/commands.ts';
import { frameOf, type LiveFeature } from '../../gateway/live/feature.ts';
import { orderJson } from './views.ts';

export const live: LiveFeature = () => ({
  frames: { 'order.updated': frameOf((order: OrderView) => orderJson(order)) },
});
