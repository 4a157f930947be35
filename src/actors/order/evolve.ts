/** The only writer of the order actor's state: what each event of the journal means. */
import type { OrderEvent } from './events.ts';
import { evolveFacts, newLine } from './facts.ts';
import { pendingMessagesOf } from './pending.ts';
import type { OrderState } from './state.ts';

export function evolveOrder(state: OrderState, event: OrderEvent): void {
  if (event.type === 'OrderPlaced') {
    state.placed = event;
    state.lines = event.holds.map(({ holdId, sku }) => ({ sku, ...newLine(holdId) }));
  }
  if (event.type === 'AddressForgotten') {
    const { country } = state.placed!.shippingAddress;
    state.placed = { ...state.placed!, shippingAddress: { sealed: null, country } };
  }
  evolveFacts(state, event);
  state.pending = pendingMessagesOf(state);
}
