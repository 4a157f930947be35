/**
 * The sku actor's state as compact plain data, version 3, and back. What there are many of stands in columns: an actor
 * with a million holds is restored in a fraction of the time that a million rows took (version 1, which is still read,
 * as is version 2, whose numbers were lists).
 *
 * 1. Holds are kept in the order in which they were placed: serials are given anew, ties keep their order.
 * 2. Heaps are not stored: they are a function of the holds and of `warnedUpToMs`.
 * 3. A report under way is stored as it was formed: it is sent again under the same id with the same content.
 */

import type { Money } from '../../protocol/money.ts';
import { rowsPerSlice, runToEnd, type Slices, sortInSlices } from '../../protocol/slices.ts';
import type { ReportStock } from '../sale/commands.ts';
import type { HoldState } from './commands.ts';
import { type NumberColumn, numberColumn, numbersOf } from './number-column.ts';
import { collectReports, reportMessage } from './pending.ts';
import type { Adjustment, Allocation, Hold, Registration, SkuState } from './state.ts';
import { initialSku, isLive, isWarned } from './state.ts';
import { type TextColumn, textColumn, textReader } from './text-column.ts';

export const skuVersion = 3;

const holdStates: readonly HoldState[] = ['held', 'committing', 'committed', 'voided', 'expired'];

/** Of version 2, when it is a list. */
type Numbers = NumberColumn | readonly number[];

interface UnitColumns {
  buyers: TextColumn;
  units: Numbers;
}

interface TicketColumns {
  numbers: Numbers;
  held: Numbers;
  sold: Numbers;
}

type UnitRow = [buyerId: string, units: number];
type TicketRow = [ticketNumber: number, held: number, sold: number];

type AllocationRow<Units = UnitColumns, Tickets = TicketColumns> = [
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
  units: Units,
  tickets: Tickets,
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

interface HoldColumns {
  ids: TextColumn;
  buyers: TextColumn;
  orders: TextColumn;
  allocations: Numbers;
  ticketNumbers: Numbers;
  quantities: Numbers;
  placedAtMs: Numbers;
  states: Numbers;
  expiresAtMs: Numbers;
  resolvedAtMs: Numbers;
}

interface SkuSnapshot<Allocations = AllocationRow[], Holds = HoldColumns> {
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
  allotments: Allocations;
  holds: Holds;
}

type SnapshotInRows = SkuSnapshot<AllocationRow<UnitRow[], TicketRow[]>[], HoldRow[]>;

export function snapshotSku(state: SkuState): SkuSnapshot {
  const { registration, title, price, onHand, held, sold, allotted, warnedUpToMs } = state;
  const allocations = [...state.allocationBySale.values()];
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
    holds: holdColumns([...state.holdById.values()], allocations),
  };
}

function holdColumns(holds: readonly Hold[], allocations: readonly Allocation[]): HoldColumns {
  const indexByAllocation = new Map(allocations.map((allocation, index) => [allocation, index]));
  return {
    ids: textColumn(holds.map(({ holdId }) => holdId)),
    buyers: textColumn(holds.map(({ buyerId }) => buyerId)),
    orders: textColumn(holds.map(({ orderId }) => orderId)),
    allocations: numberColumn(holds.map(({ allocation }) => indexByAllocation.get(allocation)!)),
    ticketNumbers: numberColumn(holds.map(({ ticketNumber }) => ticketNumber)),
    quantities: numberColumn(holds.map(({ quantity }) => quantity)),
    placedAtMs: numberColumn(holds.map(({ placedAtMs }) => placedAtMs)),
    states: numberColumn(holds.map(({ state }) => holdStates.indexOf(state))),
    expiresAtMs: numberColumn(holds.map(({ expiresAtMs }) => expiresAtMs)),
    resolvedAtMs: numberColumn(holds.map(({ resolvedAtMs }) => resolvedAtMs)),
  };
}

function registrationOf({ productId, sellerId, title, price, stock }: Registration): Registration {
  return { productId, sellerId, title, price, stock };
}

function allocationRow(allocation: Allocation): AllocationRow {
  const tickets = [...allocation.ticketByNumber.values()];
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
    {
      buyers: textColumn([...allocation.unitsByBuyer.keys()]),
      units: numberColumn([...allocation.unitsByBuyer.values()]),
    },
    {
      numbers: numberColumn(tickets.map(({ ticketNumber }) => ticketNumber)),
      held: numberColumn(tickets.map(({ held }) => held)),
      sold: numberColumn(tickets.map(({ sold }) => sold)),
    },
    allocation.changedTickets.map(({ ticketNumber }) => ticketNumber),
    ...pauseOf(allocation),
  ];
}

function pauseOf({ isPaused, pauseRevision }: Allocation): [] | [isPaused: boolean, pauseRevision: number] {
  return pauseRevision === 0 ? [] : [isPaused, pauseRevision];
}

export function restoreSku(sku: string, snapshot: unknown, version: number): SkuState {
  return runToEnd(restoreSkuInSlices(sku, snapshot, version));
}

export function* restoreSkuInSlices(sku: string, snapshot: unknown, version: number): Slices<SkuState> {
  if (version === 1) return yield* restoreSkuInSlices(sku, inColumns(snapshot as SnapshotInRows), skuVersion);
  if (version !== 2 && version !== skuVersion)
    throw new Error(`unknown version ${version} of a sku snapshot`);
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
  for (const row of saved.allotments) {
    const allocation = yield* restoreAllocation(sku, row);
    state.allocationBySale.set(allocation.saleId, allocation);
  }
  const resolved = yield* restoreHolds(state, saved.holds, [...state.allocationBySale.values()]);
  yield* restoreOrder(state, resolved);
  collectReports(state);
  return state;
}

function* restoreAllocation(sku: string, row: AllocationRow): Slices<Allocation> {
  const [saleId, quantity, price, purchaseLimit, holdSeconds, isOpen, closedAtMs, held, sold] = row;
  const [, , , , , , , , , isReportDue, reportSeq, report, units, tickets, changed] = row;
  const [, , , , , , , , , , , , , , , isPaused = false, pauseRevision = 0] = row;
  const ticketByNumber: Allocation['ticketByNumber'] = new Map();
  const [numbers, heldOf, soldOf] = [
    numbersOf(tickets.numbers),
    numbersOf(tickets.held),
    numbersOf(tickets.sold),
  ];
  for (let index = 0; index < numbers.length; index++) {
    const ticketNumber = numbers[index]!;
    ticketByNumber.set(ticketNumber, {
      ticketNumber,
      held: heldOf[index]!,
      sold: soldOf[index]!,
      isChanged: false,
    });
    if (index % rowsPerSlice === 0) yield;
  }
  const unitsByBuyer: Allocation['unitsByBuyer'] = new Map();
  const nextBuyer = textReader(units.buyers);
  const unitsOf = numbersOf(units.units);
  for (let index = 0; index < unitsOf.length; index++) {
    unitsByBuyer.set(nextBuyer()!, unitsOf[index]!);
    if (index % rowsPerSlice === 0) yield;
  }
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
    unitsByBuyer,
    ticketByNumber,
    changedTickets,
    isReportDue,
    reportSeq,
    report: report === null ? null : reportMessage(sku, saleId, report),
  };
}

/** Returns those that are resolved. */
function* restoreHolds(
  state: SkuState,
  saved: HoldColumns,
  allocations: readonly Allocation[],
): Slices<Hold[]> {
  const nextId = textReader(saved.ids);
  const nextBuyer = textReader(saved.buyers);
  const nextOrder = textReader(saved.orders);
  const allocationOf = numbersOf(saved.allocations);
  const ticketNumberOf = numbersOf(saved.ticketNumbers);
  const quantityOf = numbersOf(saved.quantities);
  const placedAtMsOf = numbersOf(saved.placedAtMs);
  const stateOf = numbersOf(saved.states);
  const expiresAtMsOf = numbersOf(saved.expiresAtMs);
  const resolvedAtMsOf = numbersOf(saved.resolvedAtMs);
  const resolved: Hold[] = [];
  for (let index = 0; index < stateOf.length; index++) {
    const allocation = allocations[allocationOf[index]!]!;
    const expiresAtMs = expiresAtMsOf[index]!;
    const hold: Hold = {
      serial: ++state.serial,
      holdId: nextId()!,
      allocation,
      buyerId: nextBuyer()!,
      ticketNumber: ticketNumberOf[index]!,
      quantity: quantityOf[index]!,
      placedAtMs: placedAtMsOf[index]!,
      state: holdStates[stateOf[index]!]!,
      expiresAtMs,
      orderId: nextOrder(),
      resolvedAtMs: resolvedAtMsOf[index]!,
    };
    state.holdById.set(hold.holdId, hold);
    allocation.holdCount++;
    if (isLive(hold)) state.expiries.push(expiresAtMs, hold);
    else resolved.push(hold);
    if (isWarned(hold) && expiresAtMs > state.warnedUpToMs) state.warnings.push(expiresAtMs, hold);
    if (index % rowsPerSlice === 0) yield;
  }
  return resolved;
}

/** Resolved holds in the order in which they were resolved; within one millisecond the order does not matter. */
function* restoreOrder(state: SkuState, resolved: readonly Hold[]): Slices<void> {
  const inOrder = yield* sortInSlices(
    resolved,
    (a, b) => a.resolvedAtMs - b.resolvedAtMs || a.serial - b.serial,
  );
  for (let index = 0; index < inOrder.length; index++) {
    const hold = inOrder[index]!;
    (hold.state === 'committed' ? state.committed : state.ended).add(hold);
    if (index % rowsPerSlice === 0) yield;
  }
}

// ----------------------------------------------------------------
// Version 1: the same in rows.

function inColumns({ allotments, holds, ...saved }: SnapshotInRows): SkuSnapshot {
  return {
    ...saved,
    allotments: allotments.map((row) => {
      const [units, tickets] = [row[12], row[13]];
      const columns: [UnitColumns, TicketColumns] = [
        { buyers: textColumn(units.map(([buyerId]) => buyerId)), units: units.map(([, count]) => count) },
        {
          numbers: tickets.map(([ticketNumber]) => ticketNumber),
          held: tickets.map(([, held]) => held),
          sold: tickets.map(([, , sold]) => sold),
        },
      ];
      return [...row.slice(0, 12), ...columns, ...row.slice(14)] as AllocationRow;
    }),
    holds: {
      ids: textColumn(holds.map((row) => row[0])),
      allocations: holds.map((row) => row[1]),
      buyers: textColumn(holds.map((row) => row[2])),
      ticketNumbers: holds.map((row) => row[3]),
      quantities: holds.map((row) => row[4]),
      placedAtMs: holds.map((row) => row[5]),
      states: holds.map((row) => row[6]),
      expiresAtMs: holds.map((row) => row[7]),
      orders: textColumn(holds.map((row) => row[8])),
      resolvedAtMs: holds.map((row) => row[9]),
    },
  };
}
