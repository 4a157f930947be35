/**
 * Hold assignment: an order takes a buyer's hold, commits, releases or retakes it. The command AttachHold and the
 * event HoldAttached are assignment under its older name.
 *
 * 1. Once assigned, only that order resolves the hold; once resolved, nothing but its return changes it.
 * 2. A released hold cannot be assigned or committed again: a late duplicate of an older message finds it ended.
 * 3. A hold is retaken only when it is expired or voided, for the same buyer, sale, quantity and limit as any other hold.
 */
import { type Instant, isInstant, noEvents, type RefusedDecision, refuse } from '../../protocol/decider.ts';
import { isGeneral } from './allocation.ts';
import type { AttachHold, CommitHold, HoldView, ReleaseHold, RetakeHold } from './commands.ts';
import type { SkuEvent } from './events.ts';
import { refusalOfFree, stockTaken } from './general-stock.ts';
import type { Hold } from './hold-table.ts';
import { ending, refusalOf, resolve, unchanged } from './holds.ts';
import { isOver, levelPushes, type SkuDecision, type SkuState } from './state.ts';
import { holdView } from './view.ts';

/** What to do with a hold for an order: `repeat` when the order has it, or has done it before. */
type Verdict = 'apply' | 'repeat' | RefusedDecision;

const unknown = refuse('not_found');
const tooLate = refuse('hold_expired');
const inUse = refuse('hold_in_use');
const done: SkuDecision = { code: 'ok', events: noEvents };

export function judgeAttach(
  hold: Hold | undefined,
  isBuyers: boolean,
  isOrders: boolean,
  untilMs: number,
  at: Instant,
): Verdict {
  if (hold === undefined || !isBuyers) return unknown;
  if (isEnded(hold, at)) return tooLate;
  if (hold.state !== 'held') return isOrders ? 'repeat' : inUse;
  // The payment time is over already: the order could only let the hold expire.
  return isInstant(untilMs) && untilMs > at ? 'apply' : tooLate;
}

export function judgeCommit(hold: Hold | undefined, isOrders: boolean, at: Instant): Verdict {
  if (hold === undefined) return unknown;
  if (isEnded(hold, at)) return tooLate;
  // Never assigned: there is nothing of this order to commit.
  if (hold.state === 'held') return unknown;
  if (!isOrders) return inUse;
  return hold.state === 'committed' ? 'repeat' : 'apply';
}

/** Otherwise there is nothing of the order to give up, and it is answered all the same. */
export function isToRelease(hold: Hold | undefined, isOrders: boolean): hold is Hold {
  return hold !== undefined && isOrders && (hold.state === 'committing' || hold.state === 'committed');
}

function isEnded(hold: Hold, at: Instant): boolean {
  return hold.state === 'voided' || hold.state === 'expired' || isOver(hold, at);
}

/** A hold that an order takes never ends earlier than the buyer was shown. */
export function assignedEndMs(hold: Hold, untilMs: number): number {
  return Math.max(untilMs, hold.expiresAtMs);
}

// ----------------------------------------------------------------
// What travels alone, because its ids fit no row; all others: assignment-rows.ts.

export function attachHold(state: SkuState, command: AttachHold, at: Instant): SkuDecision<HoldView> {
  const { holdId, orderId, untilMs } = command;
  const hold = state.holds.get(holdId);
  const verdict = judgeAttach(
    hold,
    hold?.buyerId === command.buyerId,
    hold?.orderId === orderId,
    untilMs,
    at,
  );
  if (verdict === 'repeat') return unchanged(state, hold!, at);
  if (verdict !== 'apply') return verdict;
  const expiresAtMs = assignedEndMs(hold!, untilMs);
  return resolve(state, hold!, { type: 'HoldAttached', holdId, orderId, expiresAtMs, atMs: at }, 0, at);
}

export function commitHold(state: SkuState, { holdId, orderId }: CommitHold, at: Instant): SkuDecision {
  const hold = state.holds.get(holdId);
  const verdict = judgeCommit(hold, hold?.orderId === orderId, at);
  if (verdict === 'repeat') return done;
  if (verdict !== 'apply') return verdict;
  return { code: 'ok', events: [{ type: 'HoldCommitted', holdId, quantity: hold!.quantity, atMs: at }] };
}

export function releaseHold(state: SkuState, { holdId, orderId }: ReleaseHold, at: Instant): SkuDecision {
  const hold = state.holds.get(holdId);
  if (!isToRelease(hold, hold?.orderId === orderId)) return done;
  const type = hold.state === 'committed' ? 'UnitsReturned' : 'HoldVoided';
  return {
    code: 'ok',
    events: [ending(type, hold, at)],
    pushes: levelPushes(state, hold.allocation, hold.quantity),
  };
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
  const isFree = isGeneral(allocation);
  const refusal = isFree
    ? refusalOfFree(state, quantity, expiring)
    : refusalOf(allocation, allocation.buyers.unitsOf(buyerId), quantity, expiring);
  if (refusal !== null) return refusal;
  const taken = { holdId, buyerId, orderId, quantity, untilMs };
  const placed: SkuEvent = isFree
    ? stockTaken(taken, at)
    : {
        ...{ type: 'HoldPlaced', holdId, saleId: allocation.saleId, buyerId, ticketNumber, quantity },
        ...{ expiresAtMs: untilMs, atMs: at, orderId },
      };
  return {
    code: 'created',
    events: isExpiring ? [ending('HoldExpired', old, at), placed] : [placed],
    reply: (after) => holdView(after, after.holds.get(holdId)!, at),
    pushes: levelPushes(state, allocation, expiring - quantity),
  };
}
