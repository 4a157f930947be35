/**
 * What the sku actor remembers, and the figures everything else is derived from.
 *
 * An allocation is the units that a sale has set aside. Journal records, snapshots and the wire say `allotted` and
 * `Allotment…`: they are older than the word.
 *
 * 1. onHand = available + allotted + held + sold; `available` is never stored, so it cannot disagree.
 * 2. A sale's free units are quantity - held - sold while its allocation is open and 0 afterwards. `allotted` is their
 *    sum over open allocations.
 * 3. A hold is live (held, committing) until it resolves once: committed, voided or expired. Only a committed hold
 *    changes again: returned by its order, it counts as voided.
 * 4. `buyers` counts held, committing and committed units; it outlives the holds themselves, so that a buyer's limit
 *    does not come back when old holds are forgotten.
 */
import { DeadlineHeap } from '../../protocol/deadline-heap.ts';
import type { Decision, Instant, Push } from '../../protocol/decider.ts';
import type { Money } from '../../protocol/money.ts';
import { type Allocation, HoldList, type ReportMessage } from './allocation.ts';
import type { SkuEvent } from './events.ts';
import { type Hold, HoldTable } from './hold-table.ts';

export type SkuDecision<Reply = null> = Decision<SkuState, SkuEvent, Reply>;

export interface Registration {
  readonly productId: string;
  readonly sellerId: string;
  readonly title: string;
  readonly price: Money;
  readonly stock: number;
}

export interface Adjustment {
  readonly delta: number;
  readonly reason: string;
  readonly atMs: number;
}

export interface SkuState {
  readonly sku: string;
  /** As it was first registered, to recognise a repeat; null while the sku is unknown. */
  registration: Registration | null;
  title: string;
  price: Money;
  /** The catalogue has it no more. */
  isRetired: boolean;
  onHand: number;
  held: number;
  sold: number;
  allotted: number;
  readonly adjustmentById: Map<string, Adjustment>;
  readonly allocationBySale: Map<string, Allocation>;
  /** What orders took of free stock for carts' lines (general-stock.ts); null until the first did. */
  general: Allocation | null;
  readonly holds: HoldTable;
  /** Those with holds that no order has taken. */
  readonly waiting: Set<Allocation>;
  /** Holds that an order has taken, by their ends. */
  readonly assigned: DeadlineHeap<Hold>;
  warnedUpToMs: number;
  /** Voided, expired and returned holds, oldest first. */
  readonly ended: HoldList;
  /** Committed holds, oldest first. */
  readonly committed: HoldList;
  /** When something can be forgotten; may be too early, never too late. */
  forgetAtMs: number;
  /** When the next report is to be formed, of all allocations. */
  reportDueMs: number;
  /** The reports that wait for their answers, of all allocations. */
  pending: readonly ReportMessage[];
}

/** So long before a hold ends its buyer is warned; with its placing when it lives no longer than that. */
export const warningMs = 30_000;

function isLive(hold: Hold): boolean {
  return hold.state === 'held' || hold.state === 'committing';
}

/** Its time is over, and the next Tick will expire it. */
export function isOver(hold: Hold, at: Instant): boolean {
  return hold.expiresAtMs <= at && isLive(hold);
}

/** It lives long enough for a warning; others are warned about with their placing. */
export function isWarned(hold: Hold): boolean {
  return hold.expiresAtMs - hold.placedAtMs > warningMs;
}

export function initialSku(sku: string): SkuState {
  return {
    sku,
    registration: null,
    title: '',
    price: { amount: 0, currency: 'USD' },
    isRetired: false,
    onHand: 0,
    held: 0,
    sold: 0,
    allotted: 0,
    adjustmentById: new Map(),
    allocationBySale: new Map(),
    general: null,
    holds: new HoldTable(),
    waiting: new Set(),
    assigned: new DeadlineHeap(
      (hold, deadlineMs) =>
        hold.expiresAtMs === deadlineMs && hold.state === 'committing' && !hold.isForgotten,
    ),
    warnedUpToMs: 0,
    ended: new HoldList(),
    committed: new HoldList(),
    forgetAtMs: Number.POSITIVE_INFINITY,
    reportDueMs: Number.POSITIVE_INFINITY,
    pending: [],
  };
}

/** Units that the sale can still hold. */
export function freeOf(allocation: Allocation): number {
  return allocation.isOpen ? allocation.quantity - allocation.held - allocation.sold : 0;
}

/** What a new sale or an adjustment may take: units that no sale has set aside. */
export function availableOf(state: SkuState): number {
  return state.onHand - state.held - state.sold - state.allotted;
}

/** The next time at which something is due, always later than `at`. */
export function deadline(state: SkuState, at: Instant): Instant {
  let dueMs = Math.min(state.assigned.topMs, state.forgetAtMs, state.reportDueMs);
  for (const { unassigned, unwarned } of state.waiting) {
    dueMs = Math.min(dueMs, state.holds.endsAtMs(unassigned.first));
    if (unwarned !== 0) dueMs = Math.min(dueMs, state.holds.endsAtMs(unwarned) - warningMs);
  }
  return dueMs > at ? dueMs : at + 1;
}

// ----------------------------------------------------------------
// How full a sale's stock looks to its buyers: `none` at 0, `low` up to a tenth of the allocation or 10 units
// (whichever is more), `high` above. A change is pushed to everybody in the sale.

type StockLevel = 'high' | 'low' | 'none';

export const noPushes: readonly Push[] = [];

export function levelOf(quantity: number, free: number): StockLevel {
  if (free <= 0) return 'none';
  return free <= Math.max(10, Math.floor(quantity / 10)) ? 'low' : 'high';
}

/** What to push when `units` more can be held in the sale (fewer when negative); nothing when the level stays. */
export function levelPushes(state: SkuState, allocation: Allocation, units: number): readonly Push[] {
  const free = freeOf(allocation);
  return levelChange(state, allocation, free, free + units);
}

/** The same for units that could be held before and can be held after. */
export function levelChange(
  state: SkuState,
  { isOpen, quantity, saleId }: Allocation,
  before: number,
  after: number,
): readonly Push[] {
  const level = levelOf(quantity, after);
  return isOpen && level !== levelOf(quantity, before) ? [levelPush(state, saleId, level)] : noPushes;
}

export function levelPush(state: SkuState, saleId: string, level: StockLevel): Push {
  return { topic: `sale/${saleId}`, type: 'stock.level', body: { sku: state.sku, saleId, level } };
}
