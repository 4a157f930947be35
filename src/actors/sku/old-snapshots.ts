/**
 * Snapshots of the sku actor of versions 1 to 4, which stay readable. Version 1 had rows. From version 2 on what there are
 * many of stands in columns, one for all holds, in the order of placement; in version 2 numbers were lists. Versions 3 and
 * 4 differ in the order of buyers and tickets only.
 */
import type { Money } from '../../protocol/money.ts';
import { rowsPerSlice, type Slices, sortInSlices } from '../../protocol/slices.ts';
import { uuidWords } from '../../protocol/uuid-words.ts';
import type { ReportStock } from '../sale/commands.ts';
import { type Allocation, HoldList } from './allocation.ts';
import { BuyerTable } from './buyer-table.ts';
import type { HoldState } from './commands.ts';
import { awaitEnd } from './evolve.ts';
import type { Hold } from './hold-table.ts';
import { type NumberColumn, numbersOf } from './number-column.ts';
import { reportMessage } from './pending.ts';
import type { Adjustment, Registration, SkuState } from './state.ts';
import { type TextColumn, textColumn, textReader, uuidsOf } from './text-column.ts';
import { TicketUnits } from './ticket-units.ts';

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

/** Of a new actor. */
export function* restoreOldSku(state: SkuState, snapshot: unknown, version: number): Slices<void> {
  const saved = version === 1 ? inColumns(snapshot as SnapshotInRows) : (snapshot as SkuSnapshot);
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
    const allocation = yield* restoreAllocation(state.sku, state.holds.freePlace(), row);
    state.allocationBySale.set(allocation.saleId, allocation);
    state.holds.enter(allocation);
  }
  const resolved = yield* restoreHolds(state, saved.holds, [...state.allocationBySale.values()]);
  yield* restoreOrder(state, resolved);
}

function* restoreAllocation(sku: string, place: number, row: AllocationRow): Slices<Allocation> {
  const [saleId, quantity, price, purchaseLimit, holdSeconds, isOpen, closedAtMs, held, sold] = row;
  const [, , , , , , , , , isReportDue, reportSeq, report, units, tickets, changed] = row;
  const [, , , , , , , , , , , , , , , isPaused = false, pauseRevision = 0] = row;
  const ticketUnits = new TicketUnits();
  const numbers = numbersOf(tickets.numbers);
  const heldOf = numbersOf(tickets.held);
  const soldOf = numbersOf(tickets.sold);
  for (let index = 0; index < numbers.length; index++) {
    ticketUnits.put(numbers[index]!, heldOf[index]!, soldOf[index]!);
    if (index % rowsPerSlice === 0) yield;
  }
  for (const ticketNumber of changed) ticketUnits.putChanged(ticketNumber);
  const buyers = new BuyerTable();
  const rowOf = buyerReader(units.buyers);
  const unitsOf = numbersOf(units.units);
  for (let index = 0; index < unitsOf.length; index++) {
    buyers.addUnits(rowOf(buyers, index), unitsOf[index]!);
    if (index % rowsPerSlice === 0) yield;
  }
  return {
    saleId,
    place,
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
    buyers,
    tickets: ticketUnits,
    unassigned: new HoldList(),
    unwarned: 0,
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
  const idWords = uuidsOf(saved.ids, '');
  const nextId = textReader(saved.ids);
  const rowOf = buyerReader(saved.buyers);
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
    const fields = {
      allocation,
      buyerRow: rowOf(allocation.buyers, index),
      ticketNumber: ticketNumberOf[index]!,
      quantity: quantityOf[index]!,
      placedAtMs: placedAtMsOf[index]!,
      state: holdStates[stateOf[index]!]!,
      expiresAtMs,
    };
    const hold = idWords
      ? state.holds.addUuid(idWords, index * uuidWords, fields)
      : state.holds.add(nextId()!, fields);
    hold.orderId = nextOrder();
    hold.resolvedAtMs = resolvedAtMsOf[index]!;
    if (hold.state === 'held') awaitEnd(state, hold, expiresAtMs > state.warnedUpToMs);
    else if (hold.state === 'committing') state.assigned.push(expiresAtMs, hold);
    else resolved.push(hold);
    if (index % rowsPerSlice === 0) yield;
  }
  return resolved;
}

/** Reads a column of buyers from its beginning, one a call: each one's row in the table of its sale. */
function buyerReader(column: TextColumn): (buyers: BuyerTable, index: number) => number {
  const words = uuidsOf(column, 'acc_');
  const next = textReader(column);
  return words
    ? (buyers, index) => buyers.rowOfUuid(words, index * uuidWords)
    : (buyers) => buyers.rowOf(next()!);
}

/** Resolved holds in the order in which they were resolved; within one millisecond the order does not matter. */
function* restoreOrder(state: SkuState, resolved: readonly Hold[]): Slices<void> {
  const inOrder = yield* sortInSlices(
    resolved,
    (a, b) => a.resolvedAtMs - b.resolvedAtMs || a.serial - b.serial,
  );
  for (let index = 0; index < inOrder.length; index++) {
    const hold = inOrder[index]!;
    state.holds.append(hold.state === 'committed' ? state.committed : state.ended, hold);
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
