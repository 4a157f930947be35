/**
 * Holds: units put aside for an admitted buyer.
 *
 * 1. The admission token says who may hold what; its signature is checked here, without asking anybody.
 * 2. Its expiry, the quantity and the buyer's limit are judged by the SKU's actor, after it has looked for a repeat:
 *    a buyer whose connection broke gets the hold that exists, however late the repeat comes.
 */

import type { HoldView, PlaceHold, ReadHold, VoidHold } from '../../actors/sku/commands.ts';
import { accepted, idParam, uuidParam } from '../../gateway/ask.ts';
import type { Reply, RequestContext, Route } from '../../gateway/route.ts';
import { tokensOf } from '../../gateway/tokens.ts';
import { Hold, HoldRequest } from '../../gateway/view-schemas.ts';
import { type AdmissionClaims, holdJson } from '../../gateway/views.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import type { HoldIndex } from './hold-index.ts';

function admissionOf({ services, identity, params, headers }: RequestContext): AdmissionClaims {
  const token = headers['admission-token'];
  if (!token) throw new DoorbusterError('admission_required', "Send the ticket's token as Admission-Token");
  const claims = tokensOf(services).verifyAdmission(token);
  if (claims === null) throw new DoorbusterError('admission_invalid', 'The token was not issued here');
  if (claims.saleId !== params.saleId || claims.buyerId !== identity!.accountId)
    throw new DoorbusterError('admission_invalid', 'The token admits somebody else, or to another sale');
  return claims;
}

async function place(context: RequestContext, index: HoldIndex): Promise<Reply> {
  const { services, identity, params, body } = context;
  const saleId = idParam('sale', params.saleId);
  const claims = admissionOf(context);
  const sku: string = body.sku;
  if (!claims.items.some((item) => item.sku === sku))
    throw new DoorbusterError('unknown_sku', `the sale does not sell ${sku}`, { sku });
  const holdId: string = body.holdId.toLowerCase();
  const known = index.recall(holdId);
  if (known && (known.sku !== sku || known.saleId !== saleId))
    throw new DoorbusterError('exists_with_different', 'The holdId was used for another SKU', { holdId });
  const command: PlaceHold = {
    type: 'PlaceHold',
    holdId,
    saleId,
    buyerId: identity!.accountId,
    ticketNumber: claims.ticketNumber,
    quantity: body.quantity,
    admissionExpiresAtMs: claims.expiresAtMs,
  };
  const answer = await services.shards.ask('sku', sku, command);
  const hold = accepted<HoldView>(answer);
  index.remember(hold);
  return {
    status: answer.code === 'created' ? 201 : 200,
    body: holdJson(hold),
    headers: { Location: `/v1/holds/${holdId}` },
  };
}

async function withHold(
  { services, identity, params }: RequestContext,
  index: HoldIndex,
  type: 'ReadHold' | 'VoidHold',
): Promise<Reply> {
  const buyerId = identity!.accountId;
  const { holdId, sku } = await index.locate(uuidParam('hold', params.holdId?.toLowerCase()), buyerId);
  const command: ReadHold | VoidHold = { type, holdId, buyerId };
  const answer = await services.shards.ask('sku', sku, command);
  return { status: 200, body: holdJson(accepted(answer)) };
}

export interface HoldRoutes {
  readonly place: Route;
  readonly read: Route;
  readonly release: Route;
}

export function holdRoutes(index: HoldIndex): HoldRoutes {
  const common = { tag: 'Waiting room', auth: 'any' } as const;
  const one = { 200: { description: 'The hold', schema: Hold } };
  return {
    place: {
      ...common,
      method: 'POST',
      path: '/v1/sales/{saleId}/holds',
      operationId: 'placeHold',
      summary: 'Hold units while admitted',
      body: HoldRequest,
      headers: ['admission-token'],
      responses: {
        201: { description: 'The hold', schema: Hold },
        200: { description: 'The same hold again', schema: Hold },
      },
      refusals: [
        'not_found',
        'exists_with_different',
        'unknown_sku',
        'admission_required',
        'admission_invalid',
        'admission_expired',
        'purchase_limit',
        'sold_out',
        'insufficient_stock',
      ],
      handle: (context) => place(context, index),
    },
    read: {
      ...common,
      method: 'GET',
      path: '/v1/holds/{holdId}',
      operationId: 'getHold',
      summary: 'One hold of the caller',
      responses: one,
      refusals: ['not_found'],
      handle: (context) => withHold(context, index, 'ReadHold'),
    },
    release: {
      ...common,
      method: 'DELETE',
      path: '/v1/holds/{holdId}',
      operationId: 'releaseHold',
      summary: 'Give the held units back',
      responses: one,
      refusals: ['not_found', 'hold_in_use', 'wrong_state'],
      handle: (context) => withHold(context, index, 'VoidHold'),
    },
  };
}
