/**
 * What the sku actor forgets, and when: its memory must not grow with the age of a SKU.
 *
 * 1. Voided, expired and returned holds are kept for a day, so that a late repeat still gets its answer, and at most
 *    `endedMax` of them: beyond that the oldest go earlier (a client may place and void holds in a loop).
 * 2. Committed holds are kept for 30 days: while they are known, cancelling their order brings the units back.
 * 3. Adjustments are kept for a day, closed allocations for a day and until their last hold is forgotten.
 * 4. All of that is one event, HoldsForgotten, whose `beforeMs` is the limit for what is kept for a day.
 */
import type { Instant } from '../../protocol/decider.ts';
import type { Allocation, HoldList } from './allocation.ts';
import type { Hold } from './hold-table.ts';
import type { SkuState } from './state.ts';

const rememberMs = 24 * 3_600_000;
const rememberCommittedMs = 30 * rememberMs;
const endedMax = 250_000;
/** Holds forgotten by one event, about: it is one turn of the shard. */
const forgottenPerTurn = 10_000;

export function noteEnded(state: SkuState, hold: Hold): void {
  state.holds.append(state.ended, hold);
  const forgetAtMs = state.ended.size > endedMax ? 0 : hold.resolvedAtMs + rememberMs;
  if (forgetAtMs < state.forgetAtMs) state.forgetAtMs = forgetAtMs;
}

export function noteCommitted(state: SkuState, hold: Hold): void {
  state.holds.append(state.committed, hold);
  const forgetAtMs = hold.resolvedAtMs + rememberCommittedMs;
  if (forgetAtMs < state.forgetAtMs) state.forgetAtMs = forgetAtMs;
}

/** For adjustments and closed allocations. */
export function noteKept(state: SkuState, atMs: number): void {
  if (atMs + rememberMs < state.forgetAtMs) state.forgetAtMs = atMs + rememberMs;
}

/** The `beforeMs` of the HoldsForgotten that is due now; what is left is due at once. */
export function forgetBefore(state: SkuState, at: Instant): number {
  const endedMs = portionEnd(state, state.ended);
  if (state.ended.size > endedMax) return endedMs;
  const committedMs = portionEnd(state, state.committed) + rememberCommittedMs - rememberMs;
  return Math.min(at - rememberMs + 1, endedMs, committedMs);
}

/** What was resolved before this time is enough for one turn; Infinity when all of it is. */
function portionEnd(state: SkuState, list: HoldList): number {
  let position = 0;
  for (const hold of state.holds.listed(list))
    if (++position === forgottenPerTurn) return hold.resolvedAtMs + 1;
  return Number.POSITIVE_INFINITY;
}

/** The holds of which HoldsForgotten is, before it is evolved. */
export function forgottenIds(state: SkuState, beforeMs: number): string[] {
  return Array.from(forgotten(state, beforeMs), ({ holdId }) => holdId);
}

/** Evolves HoldsForgotten. */
export function forget(state: SkuState, beforeMs: number): void {
  for (const hold of forgotten(state, beforeMs)) {
    state.holds.take(hold.state === 'committed' ? state.committed : state.ended, hold);
    state.holds.remove(hold);
  }
  for (const [adjustmentId, adjustment] of state.adjustmentById) {
    if (adjustment.atMs >= beforeMs) break;
    state.adjustmentById.delete(adjustmentId);
  }
  for (const [saleId, allocation] of state.allocationBySale) {
    if (!isAtRest(allocation) || allocation.closedAtMs >= beforeMs) continue;
    state.allocationBySale.delete(saleId);
    state.holds.leave(allocation);
  }
  state.forgetAtMs = nextForgetMs(state);
}

function* forgotten(state: SkuState, beforeMs: number): Generator<Hold> {
  yield* resolvedBefore(state, state.ended, beforeMs);
  yield* resolvedBefore(state, state.committed, beforeMs - (rememberCommittedMs - rememberMs));
}

function* resolvedBefore(state: SkuState, list: HoldList, beforeMs: number): Generator<Hold> {
  for (const hold of state.holds.listed(list)) {
    if (hold.resolvedAtMs >= beforeMs) return;
    yield hold;
  }
}

/** It cannot change any more: it is closed, has no remembered holds, and its sale has heard everything. */
export function isAtRest({ isOpen, holdCount, report, isReportDue }: Allocation): boolean {
  return !isOpen && holdCount === 0 && report === null && !isReportDue;
}

function nextForgetMs(state: SkuState): number {
  if (state.ended.size > endedMax) return 0;
  let forgetAtMs = Number.POSITIVE_INFINITY;
  for (const hold of state.holds.listed(state.ended)) {
    forgetAtMs = hold.resolvedAtMs + rememberMs;
    break;
  }
  for (const hold of state.holds.listed(state.committed)) {
    forgetAtMs = Math.min(forgetAtMs, hold.resolvedAtMs + rememberCommittedMs);
    break;
  }
  for (const adjustment of state.adjustmentById.values()) {
    forgetAtMs = Math.min(forgetAtMs, adjustment.atMs + rememberMs);
    break;
  }
  for (const allocation of state.allocationBySale.values()) {
    if (isAtRest(allocation)) forgetAtMs = Math.min(forgetAtMs, allocation.closedAtMs + rememberMs);
  }
  return forgetAtMs;
}
