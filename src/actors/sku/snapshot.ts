/**
 * The sku actor's state as compact plain data, version 1, and back.
 *
 * 1. Holds are kept in the order in which they were placed: serials are given anew, ties keep their order.
 * 2. Heaps are not stored: they are a function of the holds and of `warnedUpToMs`.
 * 3. A report under way is stored as it was formed: it is sent again under the same id with the same content.
 */

import type { Money } from '../../protocol/money.ts';
import type { ReportStock } from '../sale/commands.ts';
import type { HoldState } from './commands.ts';
import { collectPending, reportMessage } from './pending.ts';
import type { Adjustment, Allocation, Hold, Registration, SkuState } from './state.ts';
import { initialSku, isLive, isWarned } from './state.ts';

export const skuVersion = 1;

const holdStates: readonly HoldState[] = ['held', 'committing', 'committed', 'voided', 'expired'];

type AllocationRow = [
  saleId: string,
  quantity: number,
  price: Money,
  purchaseLimit: number,
  holdSeconds: number,
  isOpen: boolean,
  closedAtMs: number,
  held: number,
  sold: number,
  isReportDue: boolean,
  reportSeq: number,
  report: ReportStock | null,
  units: [buyerId: string, units: number][],
  tickets: [ticketNumber: number, held: number, sold: number][],
  changedTicketNumbers: number[],
  /** Both absent while the sale was never paused for holds. */
  isPaused?: boolean,
  pauseRevision?: number,
];

type HoldRow = [
  holdId: string,
  allocationIndex: number,
  buyerId: string,
  ticketNumber: number,
  quantity: number,
  placedAtMs: number,
  state: number,
  expiresAtMs: number,
  orderId: string | null,
  resolvedAtMs: number,
];

interface SkuSnapshot {
  registration: Registration | null;
  title: string;
  price: Money;
  /** Absent while the catalogue has the SKU. */
  isRetired?: true;
  onHand: number;
  held: number;
  sold: number;
  allotted: number;
  warnedUpToMs: number;
  /** null stands for never. */
  forgetAtMs: number | null;
  adjustments: [adjustmentId: string, delta: number, reason: string, atMs: number][];
  allotments: AllocationRow[];
  holds: HoldRow[];
}

export function snapshotSku(state: SkuState): SkuSnapshot {
  const { registration, title, price, onHand, held, sold, allotted, warnedUpToMs } = state;
  const allocations = [...state.allocationBySale.values()];
  const indexByAllocation = new Map(allocations.map((allocation, index) => [allocation, index]));
  return {
    registration: registration === null ? null : registrationOf(registration),
    title,
    price,
    ...(state.isRetired && { isRetired: true }),
    onHand,
    held,
    sold,
    allotted,
    warnedUpToMs,
    forgetAtMs: state.forgetAtMs === Number.POSITIVE_INFINITY ? null : state.forgetAtMs,
    adjustments: Array.from(state.adjustmentById, ([id, { delta, reason, atMs }]) => [
      id,
      delta,
      reason,
      atMs,
    ]),
    allotments: allocations.map(allocationRow),
    holds: Array.from(state.holdById.values(), (hold) => [
      hold.holdId,
      indexByAllocation.get(hold.allocation)!,
      hold.buyerId,
      hold.ticketNumber,
      hold.quantity,
      hold.placedAtMs,
      holdStates.indexOf(hold.state),
      hold.expiresAtMs,
      hold.orderId,
      hold.resolvedAtMs,
    ]),
  };
}

function registrationOf({ productId, sellerId, title, price, stock }: Registration): Registration {
  return { productId, sellerId, title, price, stock };
}

function allocationRow(allocation: Allocation): AllocationRow {
  return [
    allocation.saleId,
    allocation.quantity,
    allocation.price,
    allocation.purchaseLimit,
    allocation.holdSeconds,
    allocation.isOpen,
    allocation.closedAtMs,
    allocation.held,
    allocation.sold,
    allocation.isReportDue,
    allocation.reportSeq,
    allocation.report?.command ?? null,
    [...allocation.unitsByBuyer],
    Array.from(allocation.ticketByNumber.values(), ({ ticketNumber, held, sold }) => [
      ticketNumber,
      held,
      sold,
    ]),
    allocation.changedTickets.map(({ ticketNumber }) => ticketNumber),
    ...pauseOf(allocation),
  ];
}

function pauseOf({ isPaused, pauseRevision }: Allocation): [] | [isPaused: boolean, pauseRevision: number] {
  return pauseRevision === 0 ? [] : [isPaused, pauseRevision];
}

export function restoreSku(sku: string, snapshot: unknown, version: number): SkuState {
  if (version !== skuVersion) throw new Error(`unknown version ${version} of a sku snapshot`);
  const saved = snapshot as SkuSnapshot;
  const state = initialSku(sku);
  state.registration = saved.registration;
  state.title = saved.title;
  state.price = saved.price;
  state.isRetired = saved.isRetired ?? false;
  state.onHand = saved.onHand;
  state.held = saved.held;
  state.sold = saved.sold;
  state.allotted = saved.allotted;
  state.warnedUpToMs = saved.warnedUpToMs;
  state.forgetAtMs = saved.forgetAtMs ?? Number.POSITIVE_INFINITY;
  for (const [id, delta, reason, atMs] of saved.adjustments)
    state.adjustmentById.set(id, { delta, reason, atMs } satisfies Adjustment);
  const allocations = saved.allotments.map((row) => restoreAllocation(sku, row));
  for (const allocation of allocations) state.allocationBySale.set(allocation.saleId, allocation);
  for (const row of saved.holds) restoreHold(state, row, allocations[row[1]]!);
  restoreOrder(state);
  collectPending(state);
  return state;
}

function restoreAllocation(sku: string, row: AllocationRow): Allocation {
  const [saleId, quantity, price, purchaseLimit, holdSeconds, isOpen, closedAtMs, held, sold] = row;
  const [, , , , , , , , , isReportDue, reportSeq, report, units, tickets, changed] = row;
  const [, , , , , , , , , , , , , , , isPaused = false, pauseRevision = 0] = row;
  const ticketByNumber: Allocation['ticketByNumber'] = new Map();
  for (const [ticketNumber, ticketHeld, ticketSold] of tickets)
    ticketByNumber.set(ticketNumber, {
      ticketNumber,
      held: ticketHeld,
      sold: ticketSold,
      isChanged: false,
    });
  const changedTickets = changed.map((ticketNumber) => ticketByNumber.get(ticketNumber)!);
  for (const ticket of changedTickets) ticket.isChanged = true;
  return {
    saleId,
    quantity,
    price,
    purchaseLimit,
    holdSeconds,
    isOpen,
    closedAtMs,
    isPaused,
    pauseRevision,
    held,
    sold,
    holdCount: 0,
    unitsByBuyer: new Map(units),
    ticketByNumber,
    changedTickets,
    isReportDue,
    reportSeq,
    report: report === null ? null : reportMessage(sku, saleId, report),
  };
}

function restoreHold(state: SkuState, row: HoldRow, allocation: Allocation): void {
  const [
    holdId,
    ,
    buyerId,
    ticketNumber,
    quantity,
    placedAtMs,
    stateIndex,
    expiresAtMs,
    orderId,
    resolvedAtMs,
  ] = row;
  const hold: Hold = {
    serial: ++state.serial,
    holdId,
    allocation,
    buyerId,
    ticketNumber,
    quantity,
    placedAtMs,
    state: holdStates[stateIndex]!,
    expiresAtMs,
    orderId,
    resolvedAtMs,
  };
  state.holdById.set(holdId, hold);
  allocation.holdCount++;
  if (isLive(hold)) state.expiries.push(expiresAtMs, hold);
  if (isWarned(hold) && expiresAtMs > state.warnedUpToMs) state.warnings.push(expiresAtMs, hold);
}

/** Resolved holds in the order in which they were resolved; within one millisecond the order does not matter. */
function restoreOrder(state: SkuState): void {
  const resolved = [...state.holdById.values()].filter((hold) => !isLive(hold));
  resolved.sort((a, b) => a.resolvedAtMs - b.resolvedAtMs || a.serial - b.serial);
  for (const hold of resolved) (hold.state === 'committed' ? state.committed : state.ended).add(hold);
}
