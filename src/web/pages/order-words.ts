/** What an order's state means for its buyer. */
import type { Order } from '../../market/orders/schemas.ts';
import { peopleWords } from '../words-people.ts';

const { states, unknownState } = peopleWords.orders;

/** A state of a newer server is named as the server names it. */
export function stateOf({ status }: Order): { readonly name: string; readonly meaning: string } {
  const known = states[status];
  if (known !== undefined) return { name: known[0], meaning: known[1] };
  const name = String(status).replaceAll('_', ' ');
  return { name: name.charAt(0).toUpperCase() + name.slice(1), meaning: unknownState };
}

/** `good`: the money was well spent; `bad`: there will be nothing; else it goes on. */
export function kindOf({ status }: Order): 'good' | 'bad' | 'busy' {
  if (['confirmed', 'shipped', 'delivered'].includes(status)) return 'good';
  return ['payment_failed', 'expired', 'cancelled', 'returned', 'refunded'].includes(status) ? 'bad' : 'busy';
}

export function hasRefund({ refunded }: Order): boolean {
  return refunded != null && refunded.amount > 0;
}
