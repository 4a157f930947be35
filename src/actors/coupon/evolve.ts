/** The only writer of the coupon actor's state: what each event of the journal means. */
import { unknownEvent } from '../../protocol/decider.ts';
import type { CouponEvent } from './events.ts';
import { type CouponState, type Take, takesMax } from './state.ts';

export function evolveCoupon(state: CouponState, event: CouponEvent): void {
  switch (event.type) {
    case 'CouponDefined': {
      const { kind, terms, atMs } = event;
      state.definition = { kind, terms, createdAtMs: atMs };
      state.version++;
      break;
    }
    case 'CouponChanged': {
      const wasCounted = isCounted(state);
      state.definition = { ...state.definition!, terms: event.terms };
      state.version++;
      if (isCounted(state) !== wasCounted) recount(state);
      break;
    }
    case 'CouponRemoved':
      state.definition = null;
      state.version++;
      state.used = 0;
      state.reserved = 0;
      state.takeByOrder.clear();
      state.countByBuyer.clear();
      break;
    case 'CouponTaken':
      remember(state, event.orderId, { buyerId: event.buyerId, state: 'reserved' });
      state.reserved++;
      count(state, event.buyerId, 1);
      break;
    case 'CouponCommitted':
      become(state, event.orderId, 'used');
      state.reserved--;
      state.used++;
      break;
    case 'CouponReleased':
      if (event.was === 'nothing') {
        remember(state, event.orderId, { buyerId: null, state: 'released' });
        break;
      }
      if (event.was === 'used') state.used--;
      else state.reserved--;
      count(state, state.takeByOrder.get(event.orderId)!.buyerId!, -1);
      become(state, event.orderId, 'released');
      break;
    default:
      unknownEvent(event);
  }
}

function become(state: CouponState, orderId: string, next: Take['state']): void {
  state.takeByOrder.set(orderId, { ...state.takeByOrder.get(orderId)!, state: next });
}

function remember(state: CouponState, orderId: string, take: Take): void {
  state.takeByOrder.set(orderId, take);
  if (state.takeByOrder.size <= takesMax) return;
  for (const [oldest, { state: its }] of state.takeByOrder) {
    if (its === 'reserved') continue;
    state.takeByOrder.delete(oldest);
    break;
  }
}

/** Buyers are counted only where there is a limit for one. */
function isCounted({ definition }: CouponState): boolean {
  return definition !== null && definition.terms.limitPerBuyer !== null;
}

function count(state: CouponState, buyerId: string, by: 1 | -1): void {
  if (!isCounted(state)) return;
  const now = (state.countByBuyer.get(buyerId) ?? 0) + by;
  if (now > 0) state.countByBuyer.set(buyerId, now);
  else state.countByBuyer.delete(buyerId);
}

/** From the orders that are remembered: all those that can still give back. */
function recount(state: CouponState): void {
  state.countByBuyer.clear();
  for (const { buyerId, state: its } of state.takeByOrder.values())
    if (buyerId !== null && its !== 'released') count(state, buyerId, 1);
}
