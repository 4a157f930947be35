/** Tickets of a sale: joining, looking, leaving. One live ticket per buyer; a repeat gives what was given. */

import type { Instant, Push } from '../../protocol/decider.ts';
import type { SaleCommand } from './commands.ts';
import type { SaleDecision, SaleState } from './state.ts';
import { ticketStatus } from './ticket-table.ts';
import { ticketView } from './view.ts';

const ticketsMax = 4_000_000;
const readTicketsMax = 5_000;

export function join(
  state: SaleState,
  command: Extract<SaleCommand, { type: 'JoinSale' }>,
  at: Instant,
): SaleDecision {
  const { tickets } = state;
  const { buyerId, ticketId, requestId } = command;
  const newest = tickets.newestOf(buyerId);
  if (newest !== 0) {
    // A repeat is known by its request, or by the ticket that the request would have made.
    const repeated =
      (requestId === null ? 0 : tickets.byRequest(buyerId, requestId)) || tickets.byId(buyerId, ticketId);
    const number = repeated || newest;
    if (repeated !== 0 || isLive(state, newest))
      return { code: 'ok', events: [], reply: (now) => ticketView(now, number, at) };
  }
  if (state.phase === 'scheduled' || state.pendingItems > 0) return { code: 'sale_not_open', events: [] };
  if (state.phase === 'ended') return { code: 'sale_ended', events: [] };
  if (tickets.count >= ticketsMax) return { code: 'busy', events: [] };
  // The reply is made right after the event: tickets are numbered in the order of joining.
  const number = tickets.count + 1;
  return {
    code: 'created',
    events: [{ type: 'TicketIssued', ticketId, buyerId, requestId, atMs: at }],
    reply: (now) => ticketView(now, number, at),
  };
}

function isLive(state: SaleState, number: number): boolean {
  const status = state.tickets.status(number);
  return status === ticketStatus.waiting || status === ticketStatus.admitted;
}

function find(state: SaleState, buyerId: string, ticketId: string | null): number {
  return ticketId === null ? state.tickets.newestOf(buyerId) : state.tickets.byId(buyerId, ticketId);
}

export function readTicket(
  state: SaleState,
  command: Extract<SaleCommand, { type: 'ReadTicket' }>,
  at: Instant,
): SaleDecision {
  const number = find(state, command.buyerId, command.ticketId);
  if (number === 0) return { code: 'not_found', events: [] };
  return { code: 'ok', events: [], reply: (now) => ticketView(now, number, at) };
}

export function readTickets(state: SaleState, buyerIds: string[], at: Instant): SaleDecision {
  const tickets = buyerIds
    .slice(0, readTicketsMax)
    .map((buyerId) => state.tickets.newestOf(buyerId))
    .filter((number) => number !== 0)
    .map((number) => ticketView(state, number, at));
  return { code: 'ok', events: [], reply: { tickets } };
}

export function leave(
  state: SaleState,
  command: Extract<SaleCommand, { type: 'LeaveSale' }>,
  at: Instant,
): SaleDecision {
  const number = find(state, command.buyerId, command.ticketId);
  if (number === 0) return { code: 'not_found', events: [] };
  const reply = (now: SaleState) => ticketView(now, number, at);
  if (!isLive(state, number)) return { code: 'ok', events: [], reply };
  return {
    code: 'ok',
    events: [{ type: 'TicketLeft', ticketNumber: number, atMs: at }],
    reply,
    pushes: (now) => [ticketPush(now, number, at, 'ticket')],
  };
}

export function ticketPush(state: SaleState, number: number, at: Instant, type: string): Push {
  return { topic: `buyer/${state.tickets.buyerId(number)}`, type, body: ticketView(state, number, at) };
}
