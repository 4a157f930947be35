/** The only writer of the sku actor's state: what each event of the journal means. */
import { unknownEvent } from '../../protocol/decider.ts';
import type { SkuEvent } from './events.ts';
import { forget, isAtRest, noteCommitted, noteEnded, noteKept } from './memory.ts';
import { collectReports, formReport, noteChange, noteTicket } from './pending.ts';
import { placedRowsOf } from './placed-rows.ts';
import type { Allocation, Hold, SkuState } from './state.ts';
import { freeOf, isWarned } from './state.ts';

type EventOf<Type extends SkuEvent['type']> = Extract<SkuEvent, { type: Type }>;

export function evolveSku(state: SkuState, event: SkuEvent): void {
  switch (event.type) {
    case 'HoldPlaced':
      placed(state, event);
      break;
    case 'HoldsPlaced':
      for (const row of placedRowsOf(event)) placed(state, { ...event, ...row });
      break;
    case 'HoldAttached':
      assigned(state, event);
      break;
    case 'HoldCommitted':
      committed(state, event.holdId, event.atMs);
      break;
    case 'HoldVoided':
      ended(state, event.holdId, 'voided', event.atMs);
      break;
    case 'HoldExpired':
      ended(state, event.holdId, 'expired', event.atMs);
      break;
    case 'UnitsReturned':
      returned(state, event.holdId, event.atMs);
      break;
    case 'ReportFormed':
      formReport(state, event.saleId, event.atMs);
      break;
    case 'ReportAcknowledged':
      acknowledged(state, event);
      break;
    case 'SkuRegistered':
      state.registration = event;
      state.title = event.title;
      state.price = event.price;
      state.onHand = event.stock;
      break;
    case 'SkuChanged':
      state.title = event.title;
      state.price = event.price;
      break;
    case 'SkuRetired':
      state.isRetired = true;
      break;
    case 'StockAdjusted':
      state.onHand += event.delta;
      state.adjustmentById.set(event.adjustmentId, event);
      noteKept(state, event.atMs);
      break;
    case 'AllotmentOpened':
      opened(state, event);
      break;
    case 'AllotmentClosed':
      closed(state, event);
      break;
    case 'AllotmentPaused':
      paused(state, event);
      break;
    case 'HoldsWarned':
      state.warnedUpToMs = event.upToMs;
      state.warnings.dropUpTo(event.upToMs);
      break;
    case 'HoldsForgotten':
      forget(state, event.beforeMs);
      break;
    default:
      unknownEvent(event);
  }
}

export function placed(state: SkuState, event: Omit<EventOf<'HoldPlaced'>, 'type'>): void {
  const allocation = state.allocationBySale.get(event.saleId)!;
  const { buyerId, quantity, expiresAtMs } = event;
  const hold: Hold = {
    serial: ++state.serial,
    holdId: event.holdId,
    allocation,
    buyerId,
    ticketNumber: event.ticketNumber,
    quantity,
    placedAtMs: event.atMs,
    state: event.orderId === undefined ? 'held' : 'committing',
    expiresAtMs,
    orderId: event.orderId ?? null,
    resolvedAtMs: 0,
  };
  state.holdById.set(event.holdId, hold);
  allocation.holdCount++;
  allocation.unitsByBuyer.set(buyerId, (allocation.unitsByBuyer.get(buyerId) ?? 0) + quantity);
  state.expiries.push(expiresAtMs, hold);
  if (isWarned(hold)) state.warnings.push(expiresAtMs, hold);
  move(state, hold, quantity, 0);
}

/** Units change place within the sale: the one way in which held and sold move. */
function move(state: SkuState, hold: Hold, held: number, sold: number): void {
  const { allocation } = hold;
  state.held += held;
  state.sold += sold;
  allocation.held += held;
  allocation.sold += sold;
  if (allocation.isOpen) state.allotted -= held + sold;
  noteTicket(state, allocation, hold.ticketNumber, held, sold);
}

function assigned(state: SkuState, event: EventOf<'HoldAttached'>): void {
  const hold = state.holdById.get(event.holdId)!;
  hold.state = 'committing';
  hold.orderId = event.orderId;
  // The heap knows an entry by its deadline: pushing the same one twice would expire the hold twice.
  if (event.expiresAtMs !== hold.expiresAtMs) {
    hold.expiresAtMs = event.expiresAtMs;
    state.expiries.push(event.expiresAtMs, hold);
  }
  pruneDeadlines(state);
}

function committed(state: SkuState, holdId: string, atMs: number): void {
  const hold = state.holdById.get(holdId)!;
  hold.state = 'committed';
  hold.resolvedAtMs = atMs;
  noteCommitted(state, hold);
  pruneDeadlines(state);
  move(state, hold, -hold.quantity, hold.quantity);
}

function ended(state: SkuState, holdId: string, as: 'voided' | 'expired', atMs: number): void {
  const hold = state.holdById.get(holdId)!;
  hold.state = as;
  hold.resolvedAtMs = atMs;
  giveUp(hold);
  noteEnded(state, hold);
  pruneDeadlines(state);
  move(state, hold, -hold.quantity, 0);
}

function returned(state: SkuState, holdId: string, atMs: number): void {
  const hold = state.holdById.get(holdId)!;
  hold.state = 'voided';
  hold.resolvedAtMs = atMs;
  giveUp(hold);
  state.committed.delete(hold);
  noteEnded(state, hold);
  move(state, hold, 0, -hold.quantity);
}

/** The units no longer count towards the buyer's limit. */
function giveUp(hold: Hold): void {
  const { unitsByBuyer } = hold.allocation;
  const units = unitsByBuyer.get(hold.buyerId)! - hold.quantity;
  if (units === 0) unitsByBuyer.delete(hold.buyerId);
  else unitsByBuyer.set(hold.buyerId, units);
}

function pruneDeadlines(state: SkuState): void {
  state.expiries.prune();
  state.warnings.prune();
}

function opened(state: SkuState, event: EventOf<'AllotmentOpened'>): void {
  const allocation: Allocation = {
    saleId: event.saleId,
    quantity: event.quantity,
    price: event.price,
    purchaseLimit: event.purchaseLimit,
    holdSeconds: event.holdSeconds,
    isOpen: true,
    closedAtMs: 0,
    isPaused: false,
    pauseRevision: 0,
    held: 0,
    sold: 0,
    holdCount: 0,
    unitsByBuyer: new Map(),
    ticketByNumber: new Map(),
    changedTickets: [],
    isReportDue: false,
    reportSeq: 0,
    report: null,
  };
  state.allocationBySale.set(event.saleId, allocation);
  state.allotted += event.quantity;
  noteChange(state, allocation);
}

function closed(state: SkuState, event: EventOf<'AllotmentClosed'>): void {
  const allocation = state.allocationBySale.get(event.saleId)!;
  state.allotted -= freeOf(allocation);
  allocation.isOpen = false;
  allocation.closedAtMs = event.atMs;
  noteChange(state, allocation);
}

function paused(state: SkuState, { saleId, isPaused, revision }: EventOf<'AllotmentPaused'>): void {
  const allocation = state.allocationBySale.get(saleId)!;
  allocation.isPaused = isPaused;
  allocation.pauseRevision = revision;
}

function acknowledged(state: SkuState, { saleId, seq }: EventOf<'ReportAcknowledged'>): void {
  const allocation = state.allocationBySale.get(saleId)!;
  // In journals of earlier versions nothing says that the report was formed: it is not here.
  if (allocation.report?.command.seq === seq) allocation.report = null;
  collectReports(state);
  if (isAtRest(allocation)) noteKept(state, allocation.closedAtMs);
}
