/**
 * Hold assignment: an order takes a buyer's hold, commits, releases or retakes it. The command AttachHold and the
 * event HoldAttached are assignment under its older name.
 *
 * 1. Once assigned, only that order resolves the hold; once resolved, nothing but its return changes it.
 * 2. A released hold cannot be assigned or committed again: a late duplicate of an older message finds it ended.
 * 3. A hold is retaken only when it is expired or voided, for the same buyer, sale, quantity and limit as any other hold.
 */
import { type Instant, isInstant, noEvents, refuse } from '../../protocol/decider.ts';
import type { AttachHold, CommitHold, HoldView, ReleaseHold, RetakeHold } from './commands.ts';
import type { SkuEvent } from './events.ts';
import { ending, refusalOf, resolve, unchanged } from './holds.ts';
import { isOver, levelPushes, type SkuDecision, type SkuState } from './state.ts';
import { holdView } from './view.ts';

export function attachHold(state: SkuState, command: AttachHold, at: Instant): SkuDecision<HoldView> {
  const { holdId, orderId, untilMs } = command;
  const hold = state.holds.get(holdId);
  if (hold === undefined || hold.buyerId !== command.buyerId) return refuse('not_found');
  if (hold.state === 'voided' || hold.state === 'expired' || isOver(hold, at)) return refuse('hold_expired');
  if (hold.state !== 'held')
    return hold.orderId === orderId ? unchanged(state, hold, at) : refuse('hold_in_use');
  // The payment time is over already: the order could only let the hold expire.
  if (!isInstant(untilMs) || untilMs <= at) return refuse('hold_expired');
  return resolve(
    state,
    hold,
    // Never earlier than the buyer was shown.
    { type: 'HoldAttached', holdId, orderId, expiresAtMs: Math.max(untilMs, hold.expiresAtMs), atMs: at },
    0,
    at,
  );
}

export function commitHold(state: SkuState, command: CommitHold, at: Instant): SkuDecision<HoldView> {
  const hold = state.holds.get(command.holdId);
  if (hold === undefined) return refuse('not_found');
  if (hold.state === 'voided' || hold.state === 'expired' || isOver(hold, at)) return refuse('hold_expired');
  // Never assigned: there is nothing of this order to commit.
  if (hold.state === 'held') return refuse('not_found');
  if (hold.orderId !== command.orderId) return refuse('hold_in_use');
  if (hold.state === 'committed') return unchanged(state, hold, at);
  const event: SkuEvent = {
    type: 'HoldCommitted',
    holdId: hold.holdId,
    quantity: hold.quantity,
    atMs: at,
  };
  return resolve(state, hold, event, 0, at);
}

export function releaseHold(
  state: SkuState,
  command: ReleaseHold,
  at: Instant,
): SkuDecision<HoldView | null> {
  const hold = state.holds.get(command.holdId);
  if (hold === undefined || hold.orderId !== command.orderId)
    return { code: 'ok', events: noEvents, reply: null };
  if (hold.state === 'committing')
    return resolve(state, hold, ending('HoldVoided', hold, at), hold.quantity, at);
  if (hold.state !== 'committed') return unchanged(state, hold, at);
  return resolve(state, hold, ending('UnitsReturned', hold, at), hold.quantity, at);
}

export function retakeHold(state: SkuState, command: RetakeHold, at: Instant): SkuDecision<HoldView> {
  const { holdId, orderId, untilMs } = command;
  const old = state.holds.get(command.replaces);
  const known = state.holds.get(holdId);
  if (known !== undefined) {
    const isSame =
      known.orderId === orderId &&
      (old === undefined ||
        (old.holdId !== known.holdId &&
          old.buyerId === known.buyerId &&
          old.quantity === known.quantity &&
          old.allocation === known.allocation));
    return isSame ? unchanged(state, known, at) : refuse('exists_with_different');
  }
  if (old === undefined || old.orderId !== orderId) return refuse('not_found');
  const isExpiring = isOver(old, at);
  // A live or committed hold is not replaced: it still has its units.
  if (!isExpiring && old.state !== 'expired' && old.state !== 'voided') return refuse('not_found');
  if (!isInstant(untilMs) || untilMs <= at) return refuse('hold_expired');
  const { allocation, buyerId, quantity, ticketNumber } = old;
  const expiring = isExpiring ? quantity : 0;
  const refusal = refusalOf(allocation, allocation.buyers.unitsOf(buyerId), quantity, expiring);
  if (refusal !== null) return refusal;
  const placed: SkuEvent = {
    type: 'HoldPlaced',
    holdId,
    saleId: allocation.saleId,
    buyerId,
    ticketNumber,
    quantity,
    expiresAtMs: untilMs,
    atMs: at,
    orderId,
  };
  return {
    code: 'created',
    events: isExpiring ? [ending('HoldExpired', old, at), placed] : [placed],
    reply: (after) => holdView(after, after.holds.get(holdId)!, at),
    pushes: levelPushes(state, allocation, expiring - quantity),
  };
}
