/** Personal offers: a price of one SKU for some buyers. */
import { defineCoupon, removeCoupon } from '../../actors/coupon/commands.ts';
import { accepted, adminScopeOf, idParam, invalid, iso } from '../../gateway/handling.ts';
import { type Route, reply, route } from '../../gateway/route.ts';
import { Id, Page, PageQuery } from '../../gateway/schemas.ts';
import { newTerms } from './coupon-terms.ts';
import { NewOffer, Offer as ShownOffer } from './offer-schemas.ts';
import { deleteOffer, insertOffer, listOffers, type Offer, soldBy } from './offer-store.ts';

const tag = 'Discounts';
const who = ['seller', 'admin'] as const;

function shown(offer: Offer): ShownOffer {
  const { offerId, sellerId, accountIds, sku, amount, currency, basisPoints, limit } = offer;
  return {
    ...{ offerId, sellerId, accountIds: [...accountIds], sku },
    ...(amount !== null && currency !== null && { price: { amount, currency } }),
    ...(basisPoints !== null && { percent: basisPoints / 100 }),
    ...(offer.startsAtMs !== null && { startsAt: iso(offer.startsAtMs) }),
    ...(offer.endsAtMs !== null && { endsAt: iso(offer.endsAtMs) }),
    ...(limit !== null && { limit }),
    createdAt: iso(offer.createdAtMs),
  };
}

const create = route({
  method: 'POST',
  path: '/v1/offers',
  operationId: 'createOffer',
  summary: 'Offer some buyers a SKU for less',
  ...{ tag, who },
  body: NewOffer,
  mints: 'offer',
  replies: { 201: { description: 'The offer', schema: ShownOffer } },
  refusals: ['unknown_sku', 'busy'],
  async handle({ services, identity, body, mintedId }) {
    const { price, percent, limit = null, sku, startsAt, endsAt } = body;
    if ((price === undefined) === (percent === undefined))
      invalid('/price', 'must be given, or else percent');
    if (percent !== undefined && Number(percent.toFixed(2)) !== percent)
      invalid('/percent', 'must have at most two decimals');
    const { query, transaction } = services.database;
    const { sellerId } = await soldBy(query, sku, adminScopeOf(identity));
    const terms = newTerms(sellerId, {
      ...{ kind: 'percent', value: percent ?? 0 },
      ...(limit !== null && { limit }),
      ...(startsAt !== undefined && { startsAt }),
      ...(endsAt !== undefined && { endsAt }),
    });
    // Before the row: an offer that is shown can be used.
    if (limit !== null) accepted(await services.ask(defineCoupon, mintedId, { kind: 'offer', terms }));
    const offer = await transaction((within) =>
      insertOffer(within, {
        ...{ offerId: mintedId, sellerId, sku, limit, accountIds: [...new Set(body.accountIds)] },
        ...{ amount: price?.amount ?? null, currency: price?.currency ?? null },
        basisPoints: percent === undefined ? null : Math.round(percent * 100),
        ...{ startsAtMs: terms.startsAtMs, endsAtMs: terms.endsAtMs },
      }),
    );
    return reply(201, shown(offer));
  },
});

const list = route({
  method: 'GET',
  path: '/v1/offers',
  operationId: 'listOffers',
  summary: 'Your offers, oldest first; administrators see those of all',
  ...{ tag, who },
  query: PageQuery,
  replies: { 200: { description: 'A page of offers', schema: Page(ShownOffer) } },
  async handle({ services, identity, query }) {
    const page = await listOffers(services.database.query, adminScopeOf(identity), query);
    return reply(200, { items: page.rows.map(shown), nextCursor: page.nextCursor });
  },
});

const remove = route({
  method: 'DELETE',
  path: '/v1/offers/{offerId}',
  operationId: 'removeOffer',
  summary: 'Take an offer back; orders that have it keep it',
  ...{ tag, who },
  params: { offerId: Id('offer') },
  replies: { 204: { description: 'Gone' } },
  refusals: ['not_found'],
  async handle({ services, identity, params }) {
    const offerId = idParam('offer', params.offerId);
    await deleteOffer(services.database.query, offerId, adminScopeOf(identity));
    const answer = await services.ask(removeCoupon, offerId, { sellerId: null, versions: null });
    // One without a limit is counted nowhere.
    if (answer.code !== 'not_found') accepted(answer);
    return reply(204);
  },
});

export const offerRoutes: readonly Route[] = [create, list, remove];
