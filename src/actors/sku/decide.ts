/**
 * The sku actor: the only writer of one SKU's stock. Who may hold, commit, void or return a unit is decided here
 * and nowhere else.
 *
 * 1. Conservation: onHand = available + allotted + held + sold after every event (state.ts).
 * 2. A sale draws from its own allocation only; general stock and other sales never lose a unit to it. Orders for carts' lines draw
 *    from general stock only (general-stock.ts).
 * 3. A hold resolves exactly once, and one whose deadline has come is over (holds.ts, tick.ts).
 * 4. No buyer ever has more live and bought units of a sale than its purchase limit.
 * 5. A known hold id, adjustment id or sale id is answered from memory; other content is `exists_with_different`.
 */
import { type Decider, dispatch } from '../../protocol/decider.ts';
import type { Allocation } from './allocation.ts';
import { attachHold, commitHold, releaseHold, retakeHold } from './assignment.ts';
import { attachRows, commitRows, releaseRows } from './assignment-rows.ts';
import type { SkuCommand, SkuCommands } from './commands.ts';
import type { SkuEvent } from './events.ts';
import { evolveSku } from './evolve.ts';
import { takeStock } from './general-stock.ts';
import { placeRows } from './hold-rows.ts';
import { placeHold, readHold, voidHold } from './holds.ts';
import { forgottenIds } from './memory.ts';
import { dueReports, reportAnswered } from './pending.ts';
import { placedIds } from './placed-rows.ts';
import { restoreSku, restoreSkuInSlices, skuVersion, snapshotSku, snapshotSkuInSlices } from './snapshot.ts';
import { deadline, initialSku, type SkuState } from './state.ts';
import {
  adjustStock,
  changeSku,
  closeAllocation,
  openAllocation,
  pauseAllocation,
  readStock,
  registerSku,
  reinstateSku,
  retireSku,
} from './stock.ts';
import { tick } from './tick.ts';

const noAllocations: ReadonlyMap<Allocation, unknown> = new Map();

type DecideRows = NonNullable<Decider<SkuState, SkuCommand, SkuEvent>['decideRows']>;

const rowsDecider: Readonly<Record<string, DecideRows>> = {
  PlaceHold: placeRows,
  AttachHold: attachRows,
  CommitHold: commitRows,
  ReleaseHold: releaseRows,
};

/**
 * What rows changed they have changed already, so a report that is due is formed with them: a SKU that few want needs no
 * Tick, and no frame of its own, for each hold.
 */
function withReport(...[state, rows, at, answers]: Parameters<DecideRows>): ReturnType<DecideRows> {
  const decision = rowsDecider[rows.type]!(state, rows, at, answers);
  const isDue = decision.event !== null && state.reportDueMs <= at;
  return isDue ? { ...decision, more: dueReports(state, noAllocations, at) } : decision;
}

export const skuDecider: Decider<SkuState, SkuCommand, SkuEvent> = {
  kind: 'sku',
  version: skuVersion,
  initial: initialSku,
  decide: dispatch<SkuState, SkuCommands, SkuEvent>({
    RegisterSku: registerSku,
    ChangeSku: changeSku,
    AdjustStock: adjustStock,
    ReadStock: readStock,
    OpenAllocation: openAllocation,
    CloseAllocation: closeAllocation,
    PauseAllocation: pauseAllocation,
    RetireSku: retireSku,
    ReinstateSku: reinstateSku,
    PlaceHold: placeHold,
    ReadHold: readHold,
    VoidHold: voidHold,
    AttachHold: attachHold,
    CommitHold: commitHold,
    ReleaseHold: releaseHold,
    RetakeHold: retakeHold,
    TakeStock: takeStock,
    Tick: tick,
    Answered: reportAnswered,
  }),
  decideRows: withReport,
  evolve: evolveSku,
  pendingMessages: (state) => state.pending,
  deadline,
  snapshot: snapshotSku,
  snapshotInSlices: (state) => snapshotSkuInSlices(state),
  restore: restoreSku,
  restoreInSlices: restoreSkuInSlices,
  names: (event, state) => {
    if (event.type === 'HoldPlaced' || event.type === 'StockTaken') return { add: [event.holdId] };
    if (event.type === 'HoldsPlaced') return { addRows: placedIds(event) };
    return event.type === 'HoldsForgotten' ? { drop: forgottenIds(state, event.beforeMs) } : null;
  },
  allNames: (state) => state.holds.ids(),
  nameCount: (state) => state.holds.size,
  hasName: (state, holdId) => state.holds.has(holdId),
};
