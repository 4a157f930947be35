/** The only writer of the sku actor's state: what each event of the journal means. */
import { unknownEvent } from '../../protocol/decider.ts';
import { eventWords } from '../../protocol/event-rows.ts';
import { readTime } from '../../protocol/rows.ts';
import { type Allocation, generalStock, isGeneral, newAllocation } from './allocation.ts';
import {
  holdAt as assignedAt,
  attachedRowWords,
  orderAt,
  resolvedRowWords,
  untilAt,
} from './assigned-rows.ts';
import type { SkuEvent } from './events.ts';
import type { Hold } from './hold-table.ts';
import { forget, isAtRest, noteCommitted, noteEnded, noteKept } from './memory.ts';
import { collectReports, formReport, noteChange } from './pending.ts';
import { buyerAt, type HoldsPlaced, holdAt, placedRowWords, quantityAt, ticketAt } from './placed-rows.ts';
import { freeOf, isWarned, type SkuState } from './state.ts';

type EventOf<Type extends SkuEvent['type']> = Extract<SkuEvent, { type: Type }>;

export function evolveSku(state: SkuState, event: SkuEvent): void {
  switch (event.type) {
    case 'HoldPlaced':
      placed(state, event);
      break;
    case 'HoldsPlaced':
      placedTogether(state, event);
      break;
    case 'HoldsAttached':
      attachedTogether(state, event);
      break;
    case 'HoldsCommitted':
      for (const hold of resolvedTogether(state, event)) commit(state, hold, event.atMs);
      break;
    case 'HoldsReleased':
      for (const hold of resolvedTogether(state, event)) release(state, hold, event.atMs);
      break;
    case 'StockTaken':
      stockTaken(state, event);
      break;
    case 'HoldAttached':
      attached(state, event);
      break;
    case 'HoldCommitted':
    case 'HoldVoided':
    case 'HoldExpired':
    case 'UnitsReturned':
      resolved(state, event);
      break;
    case 'ReportFormed':
      formReport(state, event.saleId, event.atMs);
      break;
    case 'ReportAcknowledged':
      acknowledged(state, event);
      break;
    case 'SkuRegistered':
      registered(state, event);
      break;
    case 'SkuChanged':
      state.title = event.title;
      state.price = event.price;
      break;
    case 'SkuRetired':
    case 'SkuReinstated':
      state.isRetired = event.type === 'SkuRetired';
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
      warned(state, event.upToMs);
      break;
    case 'HoldsForgotten':
      forget(state, event.beforeMs);
      break;
    default:
      unknownEvent(event);
  }
}

function registered(state: SkuState, event: EventOf<'SkuRegistered'>): void {
  state.registration = event;
  state.title = event.title;
  state.price = event.price;
  state.onHand = event.stock;
}

function placed(state: SkuState, event: EventOf<'HoldPlaced'>): void {
  const { holdId, saleId, ticketNumber, quantity, expiresAtMs, atMs: placedAtMs, orderId } = event;
  const allocation = state.allocationBySale.get(saleId)!;
  const buyerRow = allocation.buyers.rowOf(event.buyerId);
  const fields = { allocation, buyerRow, ticketNumber, quantity, placedAtMs, expiresAtMs };
  const hold = state.holds.add(holdId, { ...fields, state: orderId === undefined ? 'held' : 'committing' });
  if (orderId === undefined) awaitEnd(state, hold, true);
  else {
    hold.orderId = orderId;
    state.assigned.push(expiresAtMs, hold);
  }
  take(state, hold);
}

function placedTogether(state: SkuState, { saleId, expiresAtMs, atMs, rows, count }: HoldsPlaced): void {
  const allocation = state.allocationBySale.get(saleId)!;
  const words = eventWords(rows, count, placedRowWords);
  for (let row = 0; row < count; row++)
    placeRow(state, allocation, words, row * placedRowWords, expiresAtMs, atMs);
}

/** The row of a hold that is placed with others: the one way in which `decideRows` and the event place it. */
export function placeRow(
  state: SkuState,
  allocation: Allocation,
  words: Int32Array,
  from: number,
  expiresAtMs: number,
  placedAtMs: number,
): void {
  const buyerRow = allocation.buyers.rowOfUuid(words, from + buyerAt);
  const ticketNumber = words[from + ticketAt]! >>> 0;
  const quantity = words[from + quantityAt]! >>> 0;
  const fields = { allocation, buyerRow, ticketNumber, quantity, placedAtMs, expiresAtMs };
  const hold = state.holds.addUuid(words, from + holdAt, { ...fields, state: 'held' });
  awaitEnd(state, hold, true);
  take(state, hold);
}

/** A hold that no order has taken waits for its end; whether its buyer is still to be warned. */
export function awaitEnd(state: SkuState, hold: Hold, isUnwarned: boolean): void {
  const { allocation } = hold;
  state.holds.append(allocation.unassigned, hold);
  if (allocation.unwarned === 0 && isUnwarned && isWarned(hold)) allocation.unwarned = hold.row + 1;
  state.waiting.add(allocation);
}

/** It waits no longer. */
function leave(state: SkuState, hold: Hold): void {
  const { allocation } = hold;
  if (allocation.unwarned === hold.row + 1) allocation.unwarned = state.holds.next(hold.row + 1);
  state.holds.take(allocation.unassigned, hold);
  if (allocation.unassigned.size === 0) state.waiting.delete(allocation);
}

function warned(state: SkuState, upToMs: number): void {
  state.warnedUpToMs = upToMs;
  for (const allocation of state.waiting)
    while (state.holds.endsAtMs(allocation.unwarned) <= upToMs)
      allocation.unwarned = state.holds.next(allocation.unwarned);
}

/** The first hold of free stock makes its allocation, which stays. No limit counts its buyers' units. */
function stockTaken(state: SkuState, event: EventOf<'StockTaken'>): void {
  const { holdId, orderId, quantity, expiresAtMs, atMs: placedAtMs } = event;
  state.general ??= enterGeneral(state);
  const allocation = state.general;
  const buyerRow = allocation.buyers.rowOf(event.buyerId);
  const fields = { allocation, buyerRow, ticketNumber: 0, quantity, placedAtMs, expiresAtMs };
  const hold = state.holds.add(holdId, { ...fields, state: 'committing' });
  hold.orderId = orderId;
  state.assigned.push(expiresAtMs, hold);
  move(state, hold, quantity, 0);
}

function enterGeneral(state: SkuState): Allocation {
  const allocation = generalStock(state.holds.freePlace(), state.price);
  state.holds.enter(allocation);
  return allocation;
}

/** Its units are its buyer's. */
function take(state: SkuState, hold: Hold): void {
  const { allocation, buyerRow, quantity } = hold;
  allocation.buyers.addUnits(buyerRow, quantity);
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
  allocation.tickets.add(hold.ticketNumber, held, sold);
  noteChange(state, allocation);
}

function attached(state: SkuState, { holdId, orderId, expiresAtMs }: EventOf<'HoldAttached'>): void {
  const hold = state.holds.get(holdId)!;
  hold.orderId = orderId;
  assign(state, hold, expiresAtMs);
}

function attachedTogether(state: SkuState, { rows, count }: EventOf<'HoldsAttached'>): void {
  const words = eventWords(rows, count, attachedRowWords);
  for (let from = 0; from < words.length; from += attachedRowWords)
    attachRow(state, state.holds.getUuid(words, from + assignedAt)!, words, from);
}

/** The row of a hold that an order takes: the one way in which `decideRows` and the event assign it. */
export function attachRow(state: SkuState, hold: Hold, words: Int32Array, from: number): void {
  hold.setOrder(words, from + orderAt);
  assign(state, hold, readTime(words, from + untilAt));
}

function assign(state: SkuState, hold: Hold, expiresAtMs: number): void {
  leave(state, hold);
  hold.state = 'committing';
  hold.expiresAtMs = expiresAtMs;
  state.assigned.push(expiresAtMs, hold);
}

type Resolved = EventOf<'HoldCommitted' | 'HoldVoided' | 'HoldExpired' | 'UnitsReturned'>;

function resolved(state: SkuState, { type, holdId, atMs }: Resolved): void {
  const hold = state.holds.get(holdId)!;
  if (type === 'HoldCommitted') commit(state, hold, atMs);
  else if (type === 'UnitsReturned') giveBack(state, hold, atMs);
  else end(state, hold, type === 'HoldVoided' ? 'voided' : 'expired', atMs);
}

type ResolvedTogether = EventOf<'HoldsCommitted' | 'HoldsReleased'>;

function* resolvedTogether(state: SkuState, { rows, count }: ResolvedTogether): Generator<Hold> {
  const words = eventWords(rows, count, resolvedRowWords);
  for (let from = 0; from < words.length; from += resolvedRowWords)
    yield state.holds.getUuid(words, from + assignedAt)!;
}

export function commit(state: SkuState, hold: Hold, atMs: number): void {
  hold.state = 'committed';
  hold.resolvedAtMs = atMs;
  state.assigned.prune();
  noteCommitted(state, hold);
  move(state, hold, -hold.quantity, hold.quantity);
}

/** Its order gives it up. */
export function release(state: SkuState, hold: Hold, atMs: number): void {
  if (hold.state === 'committed') giveBack(state, hold, atMs);
  else end(state, hold, 'voided', atMs);
}

function end(state: SkuState, hold: Hold, as: 'voided' | 'expired', atMs: number): void {
  if (hold.state === 'held') leave(state, hold);
  hold.state = as;
  hold.resolvedAtMs = atMs;
  state.assigned.prune();
  giveUp(hold);
  noteEnded(state, hold);
  move(state, hold, -hold.quantity, 0);
}

/** What was sold comes back. */
function giveBack(state: SkuState, hold: Hold, atMs: number): void {
  state.holds.take(state.committed, hold);
  hold.state = 'voided';
  hold.resolvedAtMs = atMs;
  giveUp(hold);
  noteEnded(state, hold);
  move(state, hold, 0, -hold.quantity);
}

/** The units no longer count towards the buyer's limit. */
function giveUp({ allocation, buyerRow, quantity }: Hold): void {
  if (!isGeneral(allocation)) allocation.buyers.addUnits(buyerRow, -quantity);
}

function opened(state: SkuState, event: EventOf<'AllotmentOpened'>): void {
  const allocation = newAllocation(state.holds.freePlace(), event);
  state.allocationBySale.set(event.saleId, allocation);
  state.holds.enter(allocation);
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
