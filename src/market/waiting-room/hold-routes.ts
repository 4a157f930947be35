/**
 * Holds: units put aside for an admitted buyer.
 *
 * 1. The admission token says who may hold in which sale; its signature is checked here, without asking anybody.
 * 2. Its expiry, whether the sale sells the SKU, the quantity and the buyer's limit are judged by the SKU's actor, after
 *    it has looked for a repeat: a buyer whose connection broke gets the hold that exists, however late it comes.
 */
import { placeHold, readHold, voidHold } from '../../actors/sku/commands.ts';
import { accepted, idParam, uuidParam } from '../../gateway/handling.ts';
import { perGateway, type Route, reply, route } from '../../gateway/route.ts';
import { Uuid } from '../../gateway/schemas.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import { type AdmissionClaims, type Admissions, admissionsOf } from './admission.ts';
import { holdIndexOf } from './hold-index.ts';
import { Hold, HoldRequest } from './schemas.ts';
import { holdJson } from './views.ts';

/** Placing a hold is the hottest request there is: both of its parts are found with one look-up. */
const partsOf = perGateway((services) => ({
  admissions: admissionsOf(services),
  index: holdIndexOf(services),
}));

/** The claims of a token that admits this buyer to this sale. */
function admissionTo(
  saleId: string,
  buyerId: string,
  token: string | undefined,
  admissions: Admissions,
): AdmissionClaims {
  if (!token) throw new DoorbusterError('admission_required', "Send the ticket's token as Admission-Token");
  const claims = admissions.claimsOf(token, buyerId);
  if (claims === null) throw new DoorbusterError('admission_invalid', 'The token was not issued here');
  if (claims.saleId !== saleId || claims.buyerId !== buyerId)
    throw new DoorbusterError('admission_invalid', 'The token admits somebody else, or to another sale');
  return claims;
}

const one = { 200: { description: 'The hold', schema: Hold } };

const location = { Location: 'Where the hold is' };

const place = route({
  method: 'POST',
  path: '/v1/sales/{saleId}/holds',
  operationId: 'placeHold',
  summary: 'Hold units while admitted',
  tag: 'Waiting room',
  who: 'signed-in',
  live: { type: 'hold', headers: { admissionToken: 'admission-token' } },
  headers: {
    'admission-token': 'Proof that the waiting room let the buyer in: the `admission.token` of the ticket',
  },
  body: HoldRequest,
  replies: {
    201: { description: 'The hold', schema: Hold, headers: location },
    200: { description: 'The same hold again', schema: Hold, headers: location },
  },
  refusals: [
    'not_found',
    'exists_with_different',
    'unknown_sku',
    'sale_ended',
    'sale_paused',
    'admission_required',
    'admission_invalid',
    'admission_expired',
    'purchase_limit',
    'sold_out',
    'insufficient_stock',
  ],
  async handle({ services, identity, params, headers, body: { holdId: sentId, sku, quantity } }) {
    const { admissions, index } = partsOf(services);
    const saleId = idParam('sale', params.saleId);
    const buyerId = identity.accountId;
    const claims = admissionTo(saleId, buyerId, headers['admission-token'], admissions);
    const holdId = sentId.toLowerCase();
    const known = index.recall(holdId);
    if (known && (known.sku !== sku || known.saleId !== saleId))
      throw new DoorbusterError('exists_with_different', 'The holdId was used for another SKU', { holdId });
    const answer = await services.ask(placeHold, sku, {
      holdId,
      saleId,
      buyerId,
      ticketNumber: claims.ticketNumber,
      quantity,
      admissionExpiresAtMs: claims.expiresAtMs,
    });
    const hold = accepted(answer);
    index.remember(hold);
    return reply(answer.code === 'created' ? 201 : 200, holdJson(hold), { Location: `/v1/holds/${holdId}` });
  },
});

const read = route({
  method: 'GET',
  path: '/v1/holds/{holdId}',
  params: { holdId: Uuid },
  operationId: 'getHold',
  summary: 'One hold of the caller',
  tag: 'Waiting room',
  who: 'signed-in',
  replies: one,
  refusals: ['not_found'],
  async handle({ services, identity: { accountId: buyerId }, params }) {
    const sent = uuidParam('hold', params.holdId.toLowerCase());
    const { holdId, sku } = await holdIndexOf(services).locate(sent, buyerId);
    return reply(200, holdJson(accepted(await services.ask(readHold, sku, { holdId, buyerId }))));
  },
});

const release = route({
  method: 'DELETE',
  path: '/v1/holds/{holdId}',
  params: { holdId: Uuid },
  operationId: 'releaseHold',
  summary: 'Give the held units back',
  tag: 'Waiting room',
  who: 'signed-in',
  live: { type: 'release' },
  replies: one,
  refusals: ['not_found', 'hold_in_use', 'wrong_state'],
  async handle({ services, identity: { accountId: buyerId }, params }) {
    const sent = uuidParam('hold', params.holdId.toLowerCase());
    const { holdId, sku } = await holdIndexOf(services).locate(sent, buyerId);
    return reply(200, holdJson(accepted(await services.ask(voidHold, sku, { holdId, buyerId }))));
  },
});

export const holdRoutes: readonly Route[] = [place, read, release];
