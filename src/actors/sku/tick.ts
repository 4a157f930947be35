/**
 * What time does to a SKU: holds expire in the order of their deadlines, sales hear of what has changed, buyers are
 * warned, old ids are forgotten.
 *
 * 1. One Tick is one bounded turn: at most `expiredPerTick` holds, then the next Tick is due at once.
 * 2. Expiry goes first: units that come back are what everybody waits for.
 */
import type { Instant, Push, Tick } from '../../protocol/decider.ts';
import type { SkuEvent } from './events.ts';
import { ending, expiringPush } from './holds.ts';
import { forgetBefore } from './memory.ts';
import { dueReports } from './pending.ts';
import {
  type Allocation,
  type Hold,
  levelPushes,
  type SkuDecision,
  type SkuState,
  warningMs,
} from './state.ts';
import { holdView } from './view.ts';

const expiredPerTick = 2_000;

export function tick(state: SkuState, _tick: Tick, at: Instant): SkuDecision {
  const events: SkuEvent[] = [];
  const pushes: Push[] = [];
  const due = state.expiries.upTo(at, expiredPerTick);
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

function warn(state: SkuState, at: Instant, events: SkuEvent[], pushes: Push[]): void {
  let upToMs = at + warningMs;
  if (state.warnings.topMs > upToMs) return;
  let holds = state.warnings.upTo(upToMs, expiredPerTick);
  if (holds.length === expiredPerTick) {
    // Whole milliseconds only: the event names a time, and every hold that ends by it counts as warned.
    upToMs = holds[holds.length - 1]!.expiresAtMs;
    holds = state.warnings.upTo(upToMs, Number.POSITIVE_INFINITY);
  }
  events.push({ type: 'HoldsWarned', upToMs });
  for (const hold of holds) {
    if (hold.expiresAtMs <= at) continue;
    pushes.push(expiringPush(holdView(state, hold, at)));
  }
}
