/**
 * What time does to a SKU: holds expire in the order of their deadlines, sales hear of what has changed, buyers are
 * warned, old ids are forgotten.
 *
 * 1. One Tick is one bounded turn: at most `expiredPerTick` holds, then the next Tick is due at once.
 * 2. Expiry goes first: units that come back are what everybody waits for.
 */
import type { Instant, Push, Tick } from '../../protocol/decider.ts';
import type { Allocation } from './allocation.ts';
import type { SkuEvent } from './events.ts';
import type { Hold } from './hold-table.ts';
import { ending, expiringPush } from './holds.ts';
import { forgetBefore } from './memory.ts';
import { dueReports } from './pending.ts';
import { levelPushes, type SkuDecision, type SkuState, warningMs } from './state.ts';
import { holdView } from './view.ts';

const expiredPerTick = 2_000;

export function tick(state: SkuState, _tick: Tick, at: Instant): SkuDecision {
  const events: SkuEvent[] = [];
  const pushes: Push[] = [];
  const due = dueHolds(state, at);
  const changing = expire(state, due, at, events, pushes);
  events.push(...dueReports(state, changing, at));
  if (due.length < expiredPerTick) {
    warn(state, at, events, pushes);
    if (state.forgetAtMs <= at) events.push({ type: 'HoldsForgotten', beforeMs: forgetBefore(state, at) });
  }
  return { code: 'ok', events, pushes };
}

/** Returns the units that come back, by allocation. */
function expire(
  state: SkuState,
  due: readonly Hold[],
  at: Instant,
  events: SkuEvent[],
  pushes: Push[],
): ReadonlyMap<Allocation, number> {
  const unitsByAllocation = new Map<Allocation, number>();
  for (const hold of due) {
    events.push(ending('HoldExpired', hold, at));
    pushes.push({
      topic: `buyer/${hold.buyerId}`,
      type: 'hold.expired',
      body: holdView(state, hold, at),
    });
    unitsByAllocation.set(hold.allocation, (unitsByAllocation.get(hold.allocation) ?? 0) + hold.quantity);
  }
  for (const [allocation, units] of unitsByAllocation) pushes.push(...levelPushes(state, allocation, units));
  return unitsByAllocation;
}

/** The first that are over, in the order of their ends. */
function dueHolds(state: SkuState, at: Instant): Hold[] {
  const due = state.assigned.upTo(at, expiredPerTick);
  for (const { unassigned } of state.waiting)
    due.push(...endingBy(state, unassigned.first, at, expiredPerTick));
  return due.sort(byEnd).slice(0, expiredPerTick);
}

/** Of a list from `from` on: those that end by then, at most so many. */
function endingBy(state: SkuState, from: number, byMs: number, count: number): Hold[] {
  const found: Hold[] = [];
  for (
    let next = from;
    found.length < count && state.holds.endsAtMs(next) <= byMs;
    next = state.holds.next(next)
  )
    found.push(state.holds.at(next));
  return found;
}

function byEnd(one: Hold, other: Hold): number {
  return one.expiresAtMs - other.expiresAtMs || one.serial - other.serial;
}

function warn(state: SkuState, at: Instant, events: SkuEvent[], pushes: Push[]): void {
  let upToMs = at + warningMs;
  const unwarned = (byMs: number, count: number) =>
    [...state.waiting].flatMap((each) => endingBy(state, each.unwarned, byMs, count)).sort(byEnd);
  let holds = unwarned(upToMs, expiredPerTick);
  if (holds.length === 0) return;
  if (holds.length >= expiredPerTick) {
    // Whole milliseconds only: the event names a time, and every hold that ends by it counts as warned.
    upToMs = holds[expiredPerTick - 1]!.expiresAtMs;
    holds = unwarned(upToMs, Number.POSITIVE_INFINITY);
  }
  events.push({ type: 'HoldsWarned', upToMs });
  for (const hold of holds) {
    if (hold.expiresAtMs <= at) continue;
    pushes.push(expiringPush(holdView(state, hold, at)));
  }
}
