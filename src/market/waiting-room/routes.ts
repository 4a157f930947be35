/**
 * Places in a sale's queue. Joining is safe to repeat: the buyer's live ticket is the answer, with or without the
 * same `requestId`.
 */

import type { JoinSale, LeaveSale, ReadTicket, TicketView } from '../../actors/sale/commands.ts';
import { accepted, idParam } from '../../gateway/ask.ts';
import type { Reply, RequestContext, Route } from '../../gateway/route.ts';
import { tokensOf } from '../../gateway/tokens.ts';
import { JoinRequest, Ticket } from '../../gateway/view-schemas.ts';
import { ticketJson } from '../../gateway/views.ts';

async function join({ services, identity, params, body, mintedId }: RequestContext): Promise<Reply> {
  const saleId = idParam('sale', params.saleId);
  const command: JoinSale = {
    type: 'JoinSale',
    ticketId: mintedId!,
    buyerId: identity!.accountId,
    requestId: body?.requestId?.toLowerCase() ?? null,
  };
  const answer = await services.shards.ask('sale', saleId, command);
  const ticket = accepted<TicketView>(answer);
  return {
    status: answer.code === 'created' ? 201 : 200,
    body: ticketJson(ticket, tokensOf(services).signAdmission),
    headers: { Location: `/v1/sales/${saleId}/tickets/${ticket.ticketId}` },
  };
}

/** The ticket that the path names; `mine` is the newest one. */
async function withTicket(
  { services, identity, params }: RequestContext,
  type: 'ReadTicket' | 'LeaveSale',
): Promise<Reply> {
  const ticketId = params.ticketId === undefined ? null : idParam('ticket', params.ticketId);
  const command: ReadTicket | LeaveSale = { type, buyerId: identity!.accountId, ticketId };
  const answer = await services.shards.ask('sale', idParam('sale', params.saleId), command);
  return { status: 200, body: ticketJson(accepted(answer), tokensOf(services).signAdmission) };
}

const one = { 200: { description: 'The ticket', schema: Ticket } };

export const joinRoute: Route = {
  method: 'POST',
  path: '/v1/sales/{saleId}/tickets',
  operationId: 'joinSale',
  summary: 'Take a place in the queue',
  tag: 'Waiting room',
  auth: 'any',
  body: JoinRequest,
  idempotency: { isRequired: false, mints: 'ticket' },
  responses: {
    201: { description: 'A new ticket', schema: Ticket },
    200: { description: 'The ticket that the buyer has already', schema: Ticket },
  },
  refusals: ['not_found', 'sale_not_open', 'sale_ended'],
  handle: join,
};

export const leaveRoute: Route = {
  method: 'DELETE',
  path: '/v1/sales/{saleId}/tickets/{ticketId}',
  operationId: 'leaveSale',
  summary: 'Give the place up',
  tag: 'Waiting room',
  auth: 'any',
  responses: one,
  refusals: ['not_found'],
  handle: (context) => withTicket(context, 'LeaveSale'),
};

export const ticketRoutes: readonly Route[] = [
  joinRoute,
  {
    method: 'GET',
    path: '/v1/sales/{saleId}/tickets/mine',
    operationId: 'getMyTicket',
    summary: 'The newest ticket of the caller',
    tag: 'Waiting room',
    auth: 'any',
    responses: one,
    refusals: ['not_found'],
    handle: (context) => withTicket(context, 'ReadTicket'),
  },
  {
    method: 'GET',
    path: '/v1/sales/{saleId}/tickets/{ticketId}',
    operationId: 'getTicket',
    summary: 'One ticket of the caller',
    tag: 'Waiting room',
    auth: 'any',
    responses: one,
    refusals: ['not_found'],
    handle: (context) => withTicket(context, 'ReadTicket'),
  },
  leaveRoute,
];
