/**
 * The sku actor's state as plain data, version 6, and back. Version 5 knew nothing of free stock that orders take. What there are many of (holds, buyers, tickets) is saved row by
 * row as it stands in memory, in blocks of many rows, so that a save writes only the blocks with a row that has changed, and
 * a restart copies numbers instead of making a million holds.
 *
 * 1. A restored actor has every row where it was, and gives the next one the same place: it writes the same snapshot.
 * 2. Indexes and heaps are not stored: they are a function of the rows.
 * 3. A report under way is stored as it was formed: it is sent again under the same id with the same content.
 */

import type { SavedIds } from '../../protocol/id-table.ts';
import { Blocks } from '../../protocol/row-blocks.ts';
import { runToEnd, type Slices } from '../../protocol/slices.ts';
import type { ReportStock } from '../sale/commands.ts';
import { type Allocation, HoldList } from './allocation.ts';
import { BuyerTable } from './buyer-table.ts';
import type { SavedHolds } from './hold-table.ts';
import { restoreOldSku } from './old-snapshots.ts';
import { collectReports, reportMessage } from './pending.ts';
import { type Adjustment, initialSku, type Registration, type SkuState } from './state.ts';
import { type SavedTickets, TicketUnits } from './ticket-units.ts';

export const skuVersion = 6;
/** Of a million holds a block is 0.4 %. */
const rowsPerBlock = 4_096;

type SavedList = [first: number, last: number, size: number];

/** What is no table of an allocation is saved as it is. */
type SavedAllocation = Omit<Allocation, 'buyers' | 'tickets' | 'unassigned' | 'report'> & {
  readonly unassigned: SavedList;
  readonly report: ReportStock | null;
  readonly buyers: SavedIds;
  readonly tickets: SavedTickets;
};

interface SkuSnapshot {
  registration: Registration | null;
  title: string;
  price: SkuState['price'];
  isRetired: boolean;
  onHand: number;
  held: number;
  sold: number;
  allotted: number;
  warnedUpToMs: number;
  /** null stands for never. */
  forgetAtMs: number | null;
  adjustments: [adjustmentId: string, adjustment: Adjustment][];
  allotments: SavedAllocation[];
  /** Absent in version 5. */
  general?: SavedAllocation | null;
  holds: SavedHolds;
  ended: SavedList;
  committed: SavedList;
  rowsPerBlock: number;
  blocks: readonly Uint8Array[];
}

export function snapshotSku(state: SkuState): SkuSnapshot {
  return runToEnd(snapshotSkuInSlices(state));
}

/** `rows`: in a block. */
export function* snapshotSkuInSlices(state: SkuState, rows = rowsPerBlock): Slices<SkuSnapshot> {
  const { registration, title, price, isRetired, onHand, held, sold, allotted, warnedUpToMs } = state;
  const blocks = new Blocks(rows);
  const holds = yield* state.holds.save(blocks);
  const allotments: SavedAllocation[] = [];
  for (const allocation of state.allocationBySale.values())
    allotments.push(yield* saveAllocation(allocation, blocks));
  const general = state.general === null ? null : yield* saveAllocation(state.general, blocks);
  return {
    registration: registration === null ? null : registrationOf(registration),
    ...{ title, price, isRetired, onHand, held, sold, allotted, warnedUpToMs },
    forgetAtMs: state.forgetAtMs === Number.POSITIVE_INFINITY ? null : state.forgetAtMs,
    adjustments: Array.from(state.adjustmentById, ([id, { delta, reason, atMs }]) => [
      id,
      { delta, reason, atMs },
    ]),
    ...{ allotments, general, holds, ended: savedList(state.ended), committed: savedList(state.committed) },
    ...{ rowsPerBlock: rows, blocks: blocks.all },
  };
}

function registrationOf({ productId, sellerId, title, price, stock }: Registration): Registration {
  return { productId, sellerId, title, price, stock };
}

function* saveAllocation(allocation: Allocation, blocks: Blocks): Slices<SavedAllocation> {
  const buyers = yield* allocation.buyers.save(blocks);
  const tickets = yield* allocation.tickets.save(blocks);
  const { unassigned, report } = allocation;
  return {
    ...allocation,
    ...{ buyers, tickets, unassigned: savedList(unassigned), report: report?.command ?? null },
  };
}

function savedList({ first, last, size }: HoldList): SavedList {
  return [first, last, size];
}

export function restoreSku(sku: string, snapshot: unknown, version: number): SkuState {
  return runToEnd(restoreSkuInSlices(sku, snapshot, version));
}

export function* restoreSkuInSlices(sku: string, snapshot: unknown, version: number): Slices<SkuState> {
  if (version < 1 || version > skuVersion) throw new Error(`unknown version ${version} of a sku snapshot`);
  const state = initialSku(sku);
  if (version < 5) yield* restoreOldSku(state, snapshot, version);
  else yield* restoreRows(state, snapshot as SkuSnapshot);
  collectReports(state);
  return state;
}

function* restoreRows(state: SkuState, saved: SkuSnapshot): Slices<void> {
  const { registration, title, price, isRetired, onHand, held, sold, allotted, warnedUpToMs } = saved;
  Object.assign(state, { registration, title, price, isRetired, onHand, held, sold, allotted, warnedUpToMs });
  state.forgetAtMs = saved.forgetAtMs ?? Number.POSITIVE_INFINITY;
  for (const [id, adjustment] of saved.adjustments) state.adjustmentById.set(id, adjustment);
  const blocks = new Blocks(saved.rowsPerBlock, saved.blocks);
  yield* state.holds.restore(saved.holds, blocks);
  for (const each of saved.allotments) {
    const allocation = yield* restoreAllocation(state.sku, each, blocks);
    state.allocationBySale.set(allocation.saleId, allocation);
    state.holds.enter(allocation);
    if (allocation.unassigned.size > 0) state.waiting.add(allocation);
  }
  if (saved.general) {
    state.general = yield* restoreAllocation(state.sku, saved.general, blocks);
    state.holds.enter(state.general);
  }
  Object.assign(state.ended, listOf(saved.ended));
  Object.assign(state.committed, listOf(saved.committed));
  for (const hold of yield* state.holds.assigned()) state.assigned.push(hold.expiresAtMs, hold);
}

function* restoreAllocation(sku: string, saved: SavedAllocation, blocks: Blocks): Slices<Allocation> {
  const buyers = new BuyerTable();
  yield* buyers.restore(saved.buyers, blocks);
  const tickets = new TicketUnits();
  yield* tickets.restore(saved.tickets, blocks);
  const report = saved.report === null ? null : reportMessage(sku, saved.saleId, saved.report);
  return { ...saved, buyers, tickets, report, unassigned: listOf(saved.unassigned) };
}

function listOf([first, last, size]: SavedList): HoldList {
  return Object.assign(new HoldList(), { first, last, size });
}
