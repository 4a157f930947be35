/**
 * Decisions about a buyer's holds: placing, reading and giving them back. What orders do with them: assignment.ts.
 *
 * 1. A repeat is recognised before anything else and answered with the hold as it is now.
 * 2. A hold whose deadline has come is over, whether or not a Tick has expired it yet: nothing revives it.
 */
import { type Instant, noEvents, type Push, type RefusedDecision, refuse } from '../../protocol/decider.ts';
import type { Allocation } from './allocation.ts';
import {
  type HoldView,
  type PlacedInCommon,
  type PlaceHold,
  placeHold as placeHoldCommand,
  type ReadHold,
  type VoidHold,
} from './commands.ts';
import type { SkuEvent } from './events.ts';
import type { Hold } from './hold-table.ts';
import { freeOf, isOver, levelPushes, type SkuDecision, type SkuState, warningMs } from './state.ts';
import { holdView } from './view.ts';

type HoldDecision = SkuDecision<HoldView>;

interface Repeat {
  readonly code: 'ok';
  readonly events: readonly never[];
  readonly reply: HoldView;
}

/** Answered with the hold as it is. */
export function unchanged(state: SkuState, hold: Hold, at: Instant): Repeat {
  return { code: 'ok', events: noEvents, reply: holdView(state, hold, at) };
}

/** One event about a hold; `units` become free again in its sale. */
export function resolve(
  state: SkuState,
  hold: Hold,
  event: SkuEvent,
  units: number,
  at: Instant,
): HoldDecision {
  return {
    code: 'ok',
    events: [event],
    reply: (after) => holdView(after, hold, at),
    pushes: levelPushes(state, hold.allocation, units),
  };
}

/** A hold that is known already, asked for again. */
export function repeated(
  state: SkuState,
  known: Hold,
  { saleId, buyerId, quantity }: PlaceHold,
  at: Instant,
): RefusedDecision | Repeat {
  const isSame =
    known.buyerId === buyerId && known.quantity === quantity && known.allocation.saleId === saleId;
  return isSame ? unchanged(state, known, at) : refuse('exists_with_different');
}

/** Why nobody can place such a hold now; null: the buyer's limit and the stock decide (`refusalOf`). */
export function refusalToPlace(
  allocation: Allocation | undefined,
  quantity: number,
  admissionExpiresAtMs: number,
  at: Instant,
): RefusedDecision | null {
  if (!Number.isSafeInteger(quantity) || quantity < 1) return refuse('validation_failed');
  if (allocation === undefined) return refuse('unknown_sku');
  if (!allocation.isOpen) return refuse('sale_ended');
  if (allocation.isPaused) return refuse('sale_paused');
  // So written that what is no number has expired, too.
  if (!(admissionExpiresAtMs > at)) return refuse('admission_expired');
  return null;
}

/** One that travels alone, because its ids fit no row (placeHold.rows); all others: hold-rows.ts. */
export function placeHold(state: SkuState, command: PlaceHold, at: Instant): HoldDecision {
  const { holdId, saleId, buyerId, quantity, ticketNumber } = command;
  const known = state.holds.get(holdId);
  if (known !== undefined) return repeated(state, known, command, at);
  const allocation = state.allocationBySale.get(saleId);
  const refusal =
    refusalToPlace(allocation, quantity, command.admissionExpiresAtMs, at) ??
    refusalOf(allocation!, allocation!.buyers.unitsOf(buyerId), quantity, 0);
  if (refusal !== null) return refusal;
  const common = commonOfPlaced(state, allocation!, at);
  const reply = placeHoldCommand.rows.view(common, command, 0) as HoldView;
  const placed = {
    holdId,
    saleId,
    buyerId,
    ticketNumber,
    quantity,
    expiresAtMs: common.expiresAtMs,
    atMs: at,
  };
  const levels = levelPushes(state, allocation!, -quantity);
  return {
    code: 'created',
    events: [{ type: 'HoldPlaced', ...placed }],
    reply,
    pushes: isShort(allocation!) ? [...levels, expiringPush(reply)] : levels,
  };
}

export function commonOfPlaced(state: SkuState, allocation: Allocation, at: Instant): PlacedInCommon {
  const { sellerId, productId } = state.registration!;
  const expiresAtMs = at + allocation.holdSeconds * 1000;
  return {
    sku: state.sku,
    unitPrice: allocation.price,
    expiresAtMs,
    title: state.title,
    sellerId,
    productId,
  };
}

/** Its holds live no longer than their warning: their buyers are warned with their placing. */
export function isShort({ holdSeconds }: Allocation): boolean {
  return holdSeconds * 1000 <= warningMs;
}

export function expiringPush(hold: HoldView): Push {
  return { topic: `buyer/${hold.buyerId}`, type: 'hold.expiring', body: hold };
}

/**
 * The buyer's limit first, then the stock: a sale that has ended has nothing available. `units`: the buyer's of this sale;
 * `expiring`: those among them of an expired hold that this decision ends as well, so they count as free.
 */
export function refusalOf(
  allocation: Allocation,
  units: number,
  quantity: number,
  expiring: number,
): RefusedDecision | null {
  const owned = units - expiring;
  if (owned + quantity > allocation.purchaseLimit)
    return refuse('purchase_limit', { limit: allocation.purchaseLimit, owned });
  const available = allocation.isOpen ? freeOf(allocation) + expiring : 0;
  if (quantity <= available) return null;
  return refuse(available === 0 ? 'sold_out' : 'insufficient_stock', { available });
}

export function readHold(state: SkuState, command: ReadHold, at: Instant): HoldDecision {
  const hold = state.holds.get(command.holdId);
  if (hold === undefined || (command.buyerId !== null && command.buyerId !== hold.buyerId))
    return refuse('not_found');
  return unchanged(state, hold, at);
}

export function voidHold(state: SkuState, command: VoidHold, at: Instant): HoldDecision {
  const hold = state.holds.get(command.holdId);
  if (hold === undefined || hold.buyerId !== command.buyerId) return refuse('not_found');
  if (hold.state === 'voided' || hold.state === 'expired') return unchanged(state, hold, at);
  if (hold.state === 'committed') return refuse('wrong_state');
  if (isOver(hold, at)) return resolve(state, hold, ending('HoldExpired', hold, at), hold.quantity, at);
  if (hold.state === 'committing') return refuse('hold_in_use');
  return resolve(state, hold, ending('HoldVoided', hold, at), hold.quantity, at);
}

export function ending(
  type: 'HoldVoided' | 'HoldExpired' | 'UnitsReturned',
  { holdId, quantity, allocation }: Hold,
  at: Instant,
): SkuEvent {
  const event = { type, holdId, quantity, atMs: at };
  return allocation.isOpen ? event : { ...event, isFreed: true };
}
