/** The order's saved form, version 1: its state without the pending messages, which follow from it. */
import { pendingMessagesOf } from './pending.ts';
import type { OrderState } from './state.ts';

export const orderVersion = 1;

export function snapshotOrder(state: OrderState): unknown {
  const { pending: _, ...kept } = state;
  return structuredClone(kept);
}

export function restoreOrder(orderId: string, snapshot: unknown, version: number): OrderState {
  if (version !== orderVersion) throw new Error(`unknown version ${version} of an order snapshot`);
  const state: OrderState = {
    ...structuredClone(snapshot as Omit<OrderState, 'pending'>),
    orderId,
    pending: [],
  };
  state.pending = pendingMessagesOf(state);
  return state;
}
