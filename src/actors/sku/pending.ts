/**
 * The reports that a sku sends to a sale about its stock and its tickets: at most one every `reportEveryMs` for each
 * sale, and one at a time, until the sale has answered.
 *
 * 1. A report is formed in `evolve`, by ReportFormed only: replay makes the same ones under the same ids. All other events
 *    only mark that the sale has something to hear. ReportFormed is decided on with the rows that change something, when
 *    the last report is long enough ago, else by a Tick.
 * 2. Until a report is formed changes gather; it carries the newest values (last one wins).
 * 3. A formed report never changes: it holds its own arrays.
 * 4. A report names at most `reportTicketsMax` tickets; the others follow in the next one.
 * 5. A report's number is the engine time at which it was formed. Earlier versions counted 1, 2, 3 … and formed reports
 *    by any event, so their journals do not say which ones the sale has heard: today's numbers are greater than all of
 *    those, so the sale takes no report for a repeat, and hears once more what it may have heard.
 * 6. A report can wait a moment for those of other SKUs (runtime/outbox.ts).
 */
import { type Answered, type Instant, message, noEvents } from '../../protocol/decider.ts';
import { type ReportStock, reportStock } from '../sale/commands.ts';
import type { Allocation, ReportMessage } from './allocation.ts';
import type { SkuEvent } from './events.ts';
import { freeOf, type SkuDecision, type SkuState } from './state.ts';

const reportEveryMs = 100;
const reportTicketsMax = 5_000;
/** One Tick is one bounded turn; for the others the next Tick is due at once. */
const reportsPerTick = 100;
const nothingPending: readonly ReportMessage[] = [];
const unchanged: SkuDecision = { code: 'ok', events: noEvents };

/** The sale is to hear of a change. */
export function noteChange(state: SkuState, allocation: Allocation): void {
  allocation.isReportDue = true;
  state.reportDueMs = Math.min(state.reportDueMs, dueMsOf(allocation));
}

/** When the next report can be formed, if the sale has something to hear; Infinity while one is under way. */
function dueMsOf({ report, reportSeq }: Allocation): Instant {
  return report === null ? reportSeq + reportEveryMs : Number.POSITIVE_INFINITY;
}

/** The reports that are to be formed now; `changing`: the allocations that the same decision is about to change. */
export function dueReports(
  state: SkuState,
  changing: ReadonlyMap<Allocation, unknown>,
  at: Instant,
): SkuEvent[] {
  const events: SkuEvent[] = [];
  if (state.reportDueMs > at && changing.size === 0) return events;
  for (const allocation of state.allocationBySale.values()) {
    const hasNews = allocation.isReportDue || changing.has(allocation);
    if (!hasNews || dueMsOf(allocation) > at) continue;
    events.push({ type: 'ReportFormed', saleId: allocation.saleId, atMs: at });
    if (events.length === reportsPerTick) break;
  }
  return events;
}

/** Evolves ReportFormed. */
export function formReport(state: SkuState, saleId: string, atMs: number): void {
  const allocation = state.allocationBySale.get(saleId)!;
  const tickets = allocation.tickets.takeChanges(reportTicketsMax);
  allocation.isReportDue = allocation.tickets.hasChanges;
  allocation.reportSeq = Math.max(allocation.reportSeq + 1, atMs);
  allocation.report = reportMessage(state.sku, saleId, {
    type: 'ReportStock',
    sku: state.sku,
    seq: allocation.reportSeq,
    available: freeOf(allocation),
    held: allocation.held,
    sold: allocation.sold,
    tickets,
  });
  collectReports(state);
}

export function reportMessage(sku: string, saleId: string, command: ReportStock): ReportMessage {
  return {
    ...message(`report:${sku}:${saleId}:${command.seq}`, reportStock, saleId, command),
    canWait: true,
  };
}

/** Finds what is under way and when the next report is due, once per report: asking for it costs nothing. */
export function collectReports(state: SkuState): void {
  const pending: ReportMessage[] = [];
  state.reportDueMs = Number.POSITIVE_INFINITY;
  for (const allocation of state.allocationBySale.values()) {
    if (allocation.report !== null) pending.push(allocation.report);
    if (allocation.isReportDue) noteChange(state, allocation);
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
