/**
 * The reports that a sku sends to a sale about its stock and its tickets: one at a time for each sale, until the sale has
 * answered.
 *
 * 1. Reports are formed in `evolve` only, from events only: replay makes the same ones under the same ids.
 * 2. While one waits for its answer, changes gather; the next report carries the newest values (last one wins).
 * 3. A formed report never changes: it holds its own arrays.
 * 4. A report names at most `reportTicketsMax` tickets; the others follow in the next one.
 */

import { type Answered, message, noEvents } from '../../protocol/decider.ts';
import { type ReportStock, reportStock } from '../sale/commands.ts';
import { type Allocation, freeOf, type ReportMessage, type SkuDecision, type SkuState } from './state.ts';

const reportTicketsMax = 5_000;
const nothingPending: readonly ReportMessage[] = [];
const unchanged: SkuDecision = { code: 'ok', events: noEvents };

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
  return message(`report:${sku}:${saleId}:${command.seq}`, reportStock, saleId, command);
}

/** Lists the pending messages once per change, so that asking for them costs nothing. */
export function collectPending(state: SkuState): void {
  const pending: ReportMessage[] = [];
  for (const allocation of state.allocationBySale.values()) {
    if (allocation.report !== null) pending.push(allocation.report);
  }
  state.pending = pending.length === 0 ? nothingPending : pending;
}

/** The sale has taken the report in. A sale that does not exist (any more) needs no report either. */
export function reportAnswered(state: SkuState, answer: Answered): SkuDecision {
  if (answer.code !== 'ok' && answer.code !== 'not_found') return unchanged;
  for (const { saleId, report } of state.allocationBySale.values()) {
    if (report !== null && report.id === answer.id)
      return { code: 'ok', events: [{ type: 'ReportAcknowledged', saleId, seq: report.command.seq }] };
  }
  return unchanged;
}
