/**
 * Joins in rows: decided together, as one event (protocol/rows.ts). A row is judged by what judges a join that comes
 * alone (tickets.ts), after the rows before it were applied. The event has the rows as they came: the ticket's id, its
 * buyer's, the request's, address and site, 56 bytes.
 */
import type { Instant, RowsDecision } from '../../protocol/decider.ts';
import { EventRows, eventWords } from '../../protocol/event-rows.ts';
import type { RowAnswers, Rows } from '../../protocol/rows.ts';
import { joinSale } from './commands.ts';
import type { SaleEvent } from './events.ts';
import type { SaleState } from './state.ts';
import { type Origin, originIn, refusalToJoin, ticketToRepeat } from './tickets.ts';
import { lineView, ticketView } from './view.ts';

type TicketsIssued = Extract<SaleEvent, { type: 'TicketsIssued' }>;

const { rows: layout } = joinSale;
const ticketAt = layout.at('ticketId');
const buyerAt = layout.at('buyerId');
const requestAt = layout.at('requestId');
const addressAt = layout.at('address');
const siteAt = layout.at('site');

/** Decides JoinSale for the rows of a group. */
export function joinRows(
  state: SaleState,
  { words, count }: Rows,
  at: Instant,
  answers: RowAnswers,
): RowsDecision<SaleEvent> {
  const { tickets } = state;
  const issued = new EventRows(count, layout.words);
  const first = tickets.count + 1;
  const ahead = tickets.waitingCount;
  for (let row = 0; row < count; row++) {
    const from = row * layout.words;
    const repeated = repeatedBy(state, words, from);
    if (repeated !== 0) {
      answers.other(row, 'ok', ticketView(state, repeated, at));
      continue;
    }
    const refusal = refusalToJoin(state, originOf(words, from));
    if (refusal !== null) {
      answers.other(row, refusal.code, refusal.reply ?? null);
      continue;
    }
    answers.accept();
    issueRow(state, words, from, at);
    issued.add(words, from);
  }
  if (issued.count === 0) return { code: 'created', event: null, common: null };
  return {
    code: 'created',
    event: { type: 'TicketsIssued', count: issued.count, rows: issued.bytes(), atMs: at },
    common: { ...lineView(state, at), first, ahead },
  };
}

export function issueTogether(state: SaleState, { rows, count, atMs }: TicketsIssued): void {
  const words = eventWords(rows, count, layout.words);
  for (let row = 0; row < count; row++) issueRow(state, words, row * layout.words, atMs);
}

/** The one way in which `decideRows` and the event issue a ticket. */
function issueRow(state: SaleState, words: Int32Array, from: number, atMs: number): void {
  const { address, site } = originOf(words, from);
  state.tickets.issueUuids(words, from + ticketAt, from + buyerAt, from + requestAt, address, site);
  state.joins.add(atMs, 1);
}

/** The ticket with which the buyer is answered without a new one; 0: none. */
function repeatedBy(state: SaleState, words: Int32Array, from: number): number {
  const { tickets } = state;
  const newest = tickets.newestOfUuid(words, from + buyerAt);
  if (newest === 0) return 0;
  const byRequest = tickets.byRequestUuid(newest, words, from + requestAt);
  return ticketToRepeat(state, newest, byRequest || tickets.byIdUuid(newest, words, from + ticketAt));
}

function originOf(words: Int32Array, from: number): Origin {
  return originIn(words[from + addressAt]! >>> 0, words[from + siteAt]! >>> 0);
}
