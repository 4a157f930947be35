/**
 * The order's saved form: its state without the pending messages, which follow from it. Version 1 knew nothing of money that
 * others gave back, version 2 nothing of refunds that fail, version 3 nothing of items, quotes and coupons.
 */
import { pendingMessagesOf } from './pending.ts';
import { initialOrder, type OrderState } from './state.ts';

export const orderVersion = 4;

export function snapshotOrder(state: OrderState): unknown {
  const { pending: _, ...kept } = state;
  return structuredClone(kept);
}

export function restoreOrder(orderId: string, snapshot: unknown, version: number): OrderState {
  if (version < 1 || version > orderVersion)
    throw new Error(`unknown version ${version} of an order snapshot`);
  const state: OrderState = {
    ...initialOrder(orderId),
    ...structuredClone(snapshot as Omit<OrderState, 'pending'>),
    orderId,
  };
  // Version 1: only the order itself gave money back, and then all of it.
  if (version === 1 && state.payment === 'refunded') state.refunded = state.priced?.total.amount ?? 0;
  state.pending = pendingMessagesOf(state);
  return state;
}
