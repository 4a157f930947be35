/** Tickets of a sale: joining, looking, leaving. One live ticket per buyer; a repeat gives what was given. */

import { type Instant, noEvents, type Push, type RefusedDecision, refuse } from '../../protocol/decider.ts';
import { addressesPerSite } from '../../protocol/site.ts';
import type { JoinSale, LeaveSale, ReadTicket, ReadTickets, TicketView } from './commands.ts';
import { stockOf } from './facts.ts';
import type { SaleDecision, SaleState } from './state.ts';
import { ticketView } from './view.ts';

type TicketDecision = SaleDecision<TicketView>;

const ticketsMax = 4_000_000;
const readTicketsMax = 5_000;

/** Where a join comes from: 0 is not counted, and without an address nothing is. */
export interface Origin {
  readonly address: number;
  readonly site: number;
}

export function originIn(address: number, site: number): Origin {
  return { address, site: address === 0 ? 0 : site };
}

export function join(state: SaleState, command: JoinSale, at: Instant): TicketDecision {
  const { tickets } = state;
  const { buyerId, ticketId, requestId } = command;
  const newest = tickets.newestOf(buyerId);
  const byRequest = newest === 0 || requestId === null ? 0 : tickets.byRequest(buyerId, requestId);
  const repeated =
    newest === 0 ? 0 : ticketToRepeat(state, newest, byRequest || tickets.byId(buyerId, ticketId));
  if (repeated !== 0) return { code: 'ok', events: noEvents, reply: (now) => ticketView(now, repeated, at) };
  const { address, site } = originIn(command.address ?? 0, command.site ?? 0);
  const refusal = refusalToJoin(state, { address, site });
  if (refusal !== null) return refusal;
  // The reply is made right after the event: tickets are numbered in the order of joining.
  const number = tickets.count + 1;
  return {
    code: 'created',
    events: [
      address === 0
        ? { type: 'TicketIssued', ticketId, buyerId, requestId, atMs: at }
        : site === 0
          ? { type: 'TicketIssued', ticketId, buyerId, requestId, address, atMs: at }
          : { type: 'TicketIssued', ticketId, buyerId, requestId, address, site, atMs: at },
    ],
    reply: (now) => ticketView(now, number, at),
  };
}

/**
 * The ticket with which a buyer who has had some is answered without a new one, 0 when there is none. A repeat is known
 * by its request, or by the ticket that the request would have made; else a live ticket is the answer.
 */
export function ticketToRepeat({ tickets }: SaleState, newest: number, repeated: number): number {
  return repeated || (tickets.isLive(newest) ? newest : 0);
}

/** null: a new ticket may be issued. */
export function refusalToJoin(state: SaleState, { address, site }: Origin): RefusedDecision | null {
  const { tickets, phase } = state;
  if (state.terms === null) return refuse('not_found');
  if (phase === 'scheduled' || state.pendingItems > 0) return refuse('sale_not_open');
  // A sale that was refused has ended, too, and never was for its buyers.
  if (phase === 'ended') return refuse(stockOf(state).stock === 'refused' ? 'not_found' : 'sale_ended');
  const limit = state.queueing.ticketsPerAddress ?? null;
  if (limit !== null) {
    if (address !== 0 && tickets.liveOf(address) >= limit) return refuse('address_limit', { limit });
    const siteLimit = addressesPerSite * limit;
    if (site !== 0 && tickets.liveOf(site) >= siteLimit) return refuse('address_limit', { limit: siteLimit });
  }
  return tickets.count >= ticketsMax ? refuse('busy') : null;
}

function find(state: SaleState, buyerId: string, ticketId: string | null): number {
  return ticketId === null ? state.tickets.newestOf(buyerId) : state.tickets.byId(buyerId, ticketId);
}

export function readTicket(state: SaleState, command: ReadTicket, at: Instant): TicketDecision {
  const number = find(state, command.buyerId, command.ticketId);
  if (number === 0) return refuse('not_found');
  return { code: 'ok', events: noEvents, reply: (now) => ticketView(now, number, at) };
}

export function readTickets(
  state: SaleState,
  { buyerIds }: ReadTickets,
  at: Instant,
): SaleDecision<{ tickets: TicketView[] }> {
  const tickets = buyerIds
    .slice(0, readTicketsMax)
    .map((buyerId) => state.tickets.newestOf(buyerId))
    .filter((number) => number !== 0)
    .map((number) => ticketView(state, number, at));
  return { code: 'ok', events: noEvents, reply: { tickets } };
}

export function leave(state: SaleState, command: LeaveSale, at: Instant): TicketDecision {
  const number = find(state, command.buyerId, command.ticketId);
  if (number === 0) return refuse('not_found');
  const reply = (now: SaleState) => ticketView(now, number, at);
  if (!state.tickets.isLive(number)) return { code: 'ok', events: noEvents, reply };
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
