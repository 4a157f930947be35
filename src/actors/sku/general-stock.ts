/**
 * Orders take free stock for the lines of carts: units that no sale has set aside. What is taken is a hold that belongs to its order
 * from the start, so CommitHold, ReleaseHold and expiry (assignment.ts, tick.ts) treat it as any other.
 *
 * 1. A repeat is recognised before anything else and answered with the hold as it is now.
 * 2. No buyer's limit holds here, and no sale hears of it.
 */
import { type Instant, isInstant, type RefusedDecision, refuse } from '../../protocol/decider.ts';
import { isGeneral } from './allocation.ts';
import type { HoldView, TakeStock } from './commands.ts';
import type { SkuEvent } from './events.ts';
import type { Hold } from './hold-table.ts';
import { unchanged } from './holds.ts';
import { availableOf, freeOf, type SkuDecision, type SkuState } from './state.ts';
import { holdView } from './view.ts';

export function takeStock(state: SkuState, command: TakeStock, at: Instant): SkuDecision<HoldView> {
  const { holdId, quantity, untilMs } = command;
  const known = state.holds.get(holdId);
  if (known !== undefined)
    return isSame(known, command) ? unchanged(state, known, at) : refuse('exists_with_different');
  if (!Number.isSafeInteger(quantity) || quantity < 1) return refuse('validation_failed');
  if (state.registration === null || state.isRetired) return refuse('unknown_sku');
  if (!isInstant(untilMs) || untilMs <= at) return refuse('hold_expired');
  const refusal = refusalOfFree(state, quantity, 0);
  if (refusal !== null) return refusal;
  return {
    code: 'created',
    events: [stockTaken(command, at)],
    reply: (after) => holdView(after, after.holds.get(holdId)!, at),
  };
}

function isSame(known: Hold, { buyerId, orderId, quantity }: TakeStock): boolean {
  return (
    isGeneral(known.allocation) &&
    known.buyerId === buyerId &&
    known.orderId === orderId &&
    known.quantity === quantity
  );
}

export function stockTaken(taken: Omit<TakeStock, 'type'>, at: Instant): SkuEvent {
  const { holdId, buyerId, orderId, quantity, untilMs } = taken;
  return { type: 'StockTaken', holdId, buyerId, orderId, quantity, expiresAtMs: untilMs, atMs: at };
}

/** `expiring`: units of an expired hold that the same decision ends, so they count as free. */
export function refusalOfFree(state: SkuState, quantity: number, expiring: number): RefusedDecision | null {
  const available = availableOf(state) + expiring;
  if (quantity <= available) return null;
  if (available > 0) return refuse('insufficient_stock', { available });
  for (const allocation of state.allocationBySale.values())
    if (freeOf(allocation) > 0) return refuse('only_in_sale', { saleId: allocation.saleId });
  return refuse('sold_out', { available });
}
