/**
 * How a sale learns what its stock and its tickets do: one report at a time and sale, sent until it is answered.
 *
 * 1. Reports are formed in `evolve` only, from events only: replay makes the same ones under the same ids.
 * 2. While one waits for its answer, changes gather; the next report carries the newest values (last one wins).
 * 3. A formed report never changes: it holds its own arrays.
 * 4. A report names at most `reportTicketsMax` tickets; the others follow in the next one.
 */
import type { ReportStock } from '../../protocol/commands.ts';
import type { Owed } from '../../protocol/decider.ts';
import type { Allotment, SkuState } from './state.ts';
import { freeOf } from './state.ts';

export type ReportOwed = Owed<ReportStock>;

export interface TicketUnits {
  readonly ticketNumber: number;
  held: number;
  sold: number;
  isChanged: boolean;
}

export const reportTicketsMax = 5_000;
const nothingOwed: readonly Owed[] = [];

/** Adds to what a ticket holds and has bought, and marks both ticket and sale for the next report. */
export function noteTicket(allotment: Allotment, ticketNumber: number, held: number, sold: number): void {
  let ticket = allotment.ticketByNumber.get(ticketNumber);
  if (ticket === undefined) {
    ticket = { ticketNumber, held: 0, sold: 0, isChanged: false };
    allotment.ticketByNumber.set(ticketNumber, ticket);
  }
  ticket.held += held;
  ticket.sold += sold;
  if (!ticket.isChanged) {
    ticket.isChanged = true;
    allotment.changedTickets.push(ticket);
  }
  allotment.isReportDue = true;
}

/** Forms the next report when one is due and none is under way. */
export function formReport(state: SkuState, allotment: Allotment): void {
  if (allotment.report !== null || !allotment.isReportDue) return;
  const tickets = allotment.changedTickets.splice(0, reportTicketsMax);
  allotment.isReportDue = allotment.changedTickets.length > 0;
  allotment.reportSeq++;
  allotment.report = reportOwed(state.sku, allotment.saleId, {
    type: 'ReportStock',
    sku: state.sku,
    seq: allotment.reportSeq,
    available: freeOf(allotment),
    held: allotment.held,
    sold: allotment.sold,
    tickets: tickets.map((ticket) => [ticket.ticketNumber, ticket.held, ticket.sold]),
  });
  for (const ticket of tickets) {
    ticket.isChanged = false;
    if (ticket.held === 0 && ticket.sold === 0) allotment.ticketByNumber.delete(ticket.ticketNumber);
  }
  collectOwed(state);
}

export function reportOwed(sku: string, saleId: string, command: ReportStock): ReportOwed {
  return { id: `report:${sku}:${saleId}:${command.seq}`, kind: 'sale', key: saleId, command };
}

/** Lists what is owed once per change, so that asking costs nothing. */
export function collectOwed(state: SkuState): void {
  const owed: Owed[] = [];
  for (const allotment of state.allotmentBySale.values()) {
    if (allotment.report !== null) owed.push(allotment.report);
  }
  state.owed = owed.length === 0 ? nothingOwed : owed;
}
