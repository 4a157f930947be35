/**
 * How a sale learns what its stock and its tickets do: one report at a time and sale, sent until it is answered.
 *
 * 1. Reports are formed in `evolve` only, from events only: replay makes the same ones under the same ids.
 * 2. While one waits for its answer, changes gather; the next report carries the newest values (last one wins).
 * 3. A formed report never changes: it holds its own arrays.
 * 4. A report names at most `reportTicketsMax` tickets; the others follow in the next one.
 */

import type { PendingMessage } from '../../protocol/decider.ts';
import type { ReportStock } from '../sale/commands.ts';
import type { Allocation, SkuState } from './state.ts';
import { freeOf } from './state.ts';

export type ReportMessage = PendingMessage<ReportStock>;

export interface TicketUnits {
  readonly ticketNumber: number;
  held: number;
  sold: number;
  isChanged: boolean;
}

export const reportTicketsMax = 5_000;
const nothingPending: readonly PendingMessage[] = [];

/** Adds to what a ticket holds and has bought, and marks both ticket and sale for the next report. */
export function noteTicket(allocation: Allocation, ticketNumber: number, held: number, sold: number): void {
  let ticket = allocation.ticketByNumber.get(ticketNumber);
  if (ticket === undefined) {
    ticket = { ticketNumber, held: 0, sold: 0, isChanged: false };
    allocation.ticketByNumber.set(ticketNumber, ticket);
  }
  ticket.held += held;
  ticket.sold += sold;
  if (!ticket.isChanged) {
    ticket.isChanged = true;
    allocation.changedTickets.push(ticket);
  }
  allocation.isReportDue = true;
}

/** Forms the next report when one is due and none is under way. */
export function formReport(state: SkuState, allocation: Allocation): void {
  if (allocation.report !== null || !allocation.isReportDue) return;
  const tickets = allocation.changedTickets.splice(0, reportTicketsMax);
  allocation.isReportDue = allocation.changedTickets.length > 0;
  allocation.reportSeq++;
  allocation.report = reportMessage(state.sku, allocation.saleId, {
    type: 'ReportStock',
    sku: state.sku,
    seq: allocation.reportSeq,
    available: freeOf(allocation),
    held: allocation.held,
    sold: allocation.sold,
    tickets: tickets.map((ticket) => [ticket.ticketNumber, ticket.held, ticket.sold]),
  });
  for (const ticket of tickets) {
    ticket.isChanged = false;
    if (ticket.held === 0 && ticket.sold === 0) allocation.ticketByNumber.delete(ticket.ticketNumber);
  }
  collectPending(state);
}

export function reportMessage(sku: string, saleId: string, command: ReportStock): ReportMessage {
  return { id: `report:${sku}:${saleId}:${command.seq}`, kind: 'sale', key: saleId, command };
}

/** Lists what is owed once per change, so that asking costs nothing. */
export function collectPending(state: SkuState): void {
  const pending: PendingMessage[] = [];
  for (const allocation of state.allocationBySale.values()) {
    if (allocation.report !== null) pending.push(allocation.report);
  }
  state.pending = pending.length === 0 ? nothingPending : pending;
}
