/**
 * Places in a sale's queue; holds are in `hold-routes.ts`. Joining is safe to repeat: the buyer's live ticket is the
 * answer, with or without the same `requestId`.
 */
import { joinSale, leaveSale, readTicket } from '../../actors/sale/commands.ts';
import { accepted, idParam } from '../../gateway/handling.ts';
import { type Identity, type Route, reply, route, type Services } from '../../gateway/route.ts';
import { admissionsOf } from './admission.ts';
import { holdRoutes } from './hold-routes.ts';
import { JoinRequest, Ticket } from './schemas.ts';
import { ticketAddress, ticketSite } from './ticket-address.ts';
import { toldTicketsOf } from './told-tickets.ts';
import { ticketJson } from './views.ts';

const one = { 200: { description: 'The ticket', schema: Ticket } };

interface TicketRequest {
  readonly services: Services;
  readonly identity: Identity;
  /** Without a `ticketId` the buyer's newest ticket is meant. */
  readonly params: { readonly saleId: string; readonly ticketId?: string };
}

async function askAboutTicket(
  command: typeof readTicket | typeof leaveSale,
  { services, identity, params }: TicketRequest,
): Promise<Ticket> {
  const ticketId = params.ticketId === undefined ? null : idParam('ticket', params.ticketId);
  const saleId = idParam('sale', params.saleId);
  const answer = await services.ask(command, saleId, { buyerId: identity.accountId, ticketId });
  return ticketJson(accepted(answer), admissionsOf(services));
}

const location = { Location: 'Where the ticket is' };

const join = route({
  method: 'POST',
  path: '/v1/sales/{saleId}/tickets',
  operationId: 'joinSale',
  summary: 'Take a place in the queue',
  tag: 'Waiting room',
  who: 'signed-in',
  live: { type: 'join', alsoSends: 'ticket' },
  body: JoinRequest,
  mints: 'ticket',
  replies: {
    201: { description: 'A new ticket', schema: Ticket, headers: location },
    200: { description: 'The ticket that the buyer has already', schema: Ticket, headers: location },
  },
  refusals: ['not_found', 'sale_not_open', 'sale_ended', 'address_limit'],
  async handle({ services, client, identity, params, body, mintedId }) {
    const saleId = idParam('sale', params.saleId);
    const answer = await services.ask(joinSale, saleId, {
      ticketId: mintedId,
      buyerId: identity.accountId,
      requestId: body.requestId?.toLowerCase() ?? null,
      address: ticketAddress({ services, client }, saleId),
      site: ticketSite({ services, client }, saleId),
    });
    const view = accepted(answer);
    toldTicketsOf(services).hear(view);
    const ticket = ticketJson(view, admissionsOf(services));
    return reply(answer.code === 'created' ? 201 : 200, ticket, {
      Location: `/v1/sales/${saleId}/tickets/${ticket.ticketId}`,
    });
  },
});

const readMine = route({
  method: 'GET',
  path: '/v1/sales/{saleId}/tickets/mine',
  operationId: 'getMyTicket',
  summary: 'The newest ticket of the caller',
  tag: 'Waiting room',
  who: 'signed-in',
  replies: one,
  refusals: ['not_found'],
  handle: async (request) => reply(200, await askAboutTicket(readTicket, request)),
});

const read = route({
  method: 'GET',
  path: '/v1/sales/{saleId}/tickets/{ticketId}',
  operationId: 'getTicket',
  summary: 'One ticket of the caller',
  tag: 'Waiting room',
  who: 'signed-in',
  replies: one,
  refusals: ['not_found'],
  handle: async (request) => reply(200, await askAboutTicket(readTicket, request)),
});

const leave = route({
  method: 'DELETE',
  path: '/v1/sales/{saleId}/tickets/{ticketId}',
  operationId: 'leaveSale',
  summary: 'Give the place up',
  tag: 'Waiting room',
  who: 'signed-in',
  // A frame names the sale only: the newest ticket is the one that is given up.
  live: { type: 'leave', params: ['saleId'] },
  replies: one,
  refusals: ['not_found'],
  handle: async (request) => reply(200, await askAboutTicket(leaveSale, request)),
});

export const routes: readonly Route[] = [join, readMine, read, leave, ...holdRoutes];
