/** The only writer of the order actor's state: what each event of the journal means. */
import type { EventOf, OrderEvent } from './events.ts';
import { evolveFacts, newLine } from './facts.ts';
import { pendingMessagesOf } from './pending.ts';
import type { OrderState } from './state.ts';

export function evolveOrder(state: OrderState, event: OrderEvent): void {
  if (event.type === 'OrderPlaced') {
    state.placed = event;
    placed(state, event);
  }
  if (event.type === 'AddressForgotten') {
    const { country } = state.placed!.shippingAddress;
    state.placed = { ...state.placed!, shippingAddress: { sealed: null, country } };
  }
  evolveFacts(state, event);
  state.pending = pendingMessagesOf(state);
}

/** What an order does not have is not in its state: most orders are holds and nothing else. */
function placed(
  state: OrderState,
  { holds, items = [], coupons = [], isCart }: EventOf<'OrderPlaced'>,
): void {
  const firstStep = items.length + coupons.length > 0 ? 'waiting' : 'asked';
  state.lines = [
    ...holds.map(({ holdId, sku }) => ({ sku, ...newLine(holdId, firstStep) })),
    ...items.map(({ holdId, sku }) => ({ sku, ...newLine(holdId, 'wanted') })),
  ];
  if (coupons.length > 0) state.coupons = coupons.map((coupon) => ({ coupon, step: 'wanted' }));
  if (isCart) state.isCartTold = false;
}
