/** Codes and promotions: sellers make them for their own lines, administrators for those of all (`sellerId` null). */
import { type CouponView, defineCoupon, readCoupon, removeCoupon } from '../../actors/coupon/commands.ts';
import { etagHeader, etagOf, ifMatchHeader, versionsOf } from '../../gateway/etag.ts';
import { accepted, adminScopeOf, idParam } from '../../gateway/handling.ts';
import { type Route, reply, route } from '../../gateway/route.ts';
import { Id, Page, PageQuery } from '../../gateway/schemas.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import { Code, Coupon, DiscountChange, NewCoupon, NewPromotion, Promotion } from './coupon-schemas.ts';
import { changeTerms, checkRoom, listCoupons, listed } from './coupon-store.ts';
import { changedTerms, newTerms, shownTerms } from './coupon-terms.ts';

const tag = 'Discounts';
const who = ['seller', 'admin'] as const;

/** As it is kept. A path that cannot be a code names nothing, and no actor is made for it. */
function codeParam(text: string): string {
  if (/^[A-Za-z0-9_-]{3,40}$/.test(text)) return text.toUpperCase();
  throw new DoorbusterError('not_found', 'There is no such coupon');
}

const couponOf = (view: CouponView): Coupon => ({ code: view.key, ...shownTerms(view) });
const promotionOf = (view: CouponView): Promotion => ({ promotionId: view.key, ...shownTerms(view) });

const oneCoupon = { description: 'The coupon', schema: Coupon, headers: etagHeader };
const onePromotion = { description: 'The promotion', schema: Promotion, headers: etagHeader };

const createCoupon = route({
  method: 'POST',
  path: '/v1/coupons',
  operationId: 'createCoupon',
  summary: 'Make a code that takes something off',
  ...{ tag, who },
  body: NewCoupon,
  replies: {
    201: { ...oneCoupon, headers: { ...etagHeader, Location: 'Where the coupon is' } },
    200: { ...oneCoupon, description: 'The same again' },
  },
  refusals: ['exists_with_different', 'busy'],
  async handle({ services, identity, body: { code: given, ...body } }) {
    const code = given.toUpperCase();
    const terms = newTerms(adminScopeOf(identity), body);
    const answer = await services.ask(defineCoupon, code, { kind: 'coupon', terms });
    const view = accepted(answer);
    await listed(services, code, view.version);
    const headers = { ETag: etagOf(view.version) };
    if (answer.code === 'ok') return reply(200, couponOf(view), headers);
    return reply(201, couponOf(view), { ...headers, Location: `/v1/coupons/${code}` });
  },
});

const list = route({
  method: 'GET',
  path: '/v1/coupons',
  operationId: 'listCoupons',
  summary: 'Your codes, by name; administrators see those of all',
  ...{ tag, who },
  query: PageQuery,
  replies: { 200: { description: 'A page of coupons', schema: Page(Coupon) } },
  async handle({ services, identity, query }) {
    const page = await listCoupons(services.database.query, 'coupon', adminScopeOf(identity), query);
    return reply(200, { items: page.rows.map(couponOf), nextCursor: page.nextCursor });
  },
});

const readOne = route({
  method: 'GET',
  path: '/v1/coupons/{code}',
  operationId: 'getCoupon',
  summary: 'One code and how often it is used, as it is now',
  ...{ tag, who },
  params: { code: Code },
  replies: { 200: oneCoupon },
  refusals: ['not_found'],
  async handle({ services, identity, params }) {
    const answer = await services.ask(readCoupon, codeParam(params.code), {
      sellerId: adminScopeOf(identity),
    });
    const view = accepted(answer);
    return reply(200, couponOf(view), { ETag: etagOf(view.version) });
  },
});

const change = route({
  method: 'PATCH',
  path: '/v1/coupons/{code}',
  operationId: 'changeCoupon',
  summary: 'Change the terms of a code; orders that have it keep it',
  ...{ tag, who },
  params: { code: Code },
  body: DiscountChange,
  headers: ifMatchHeader,
  replies: { 200: oneCoupon },
  refusals: ['not_found', 'stale_version', 'busy'],
  async handle({ services, identity, params, headers, body }) {
    const code = codeParam(params.code);
    const base = { sellerId: adminScopeOf(identity), versions: versionsOf(headers['if-match']) };
    const view = await changeTerms(services, code, base, (before) => changedTerms(before, body));
    await listed(services, code, view.version);
    return reply(200, couponOf(view), { ETag: etagOf(view.version) });
  },
});

const remove = route({
  method: 'DELETE',
  path: '/v1/coupons/{code}',
  operationId: 'removeCoupon',
  summary: 'Take a code back; orders that have it keep it',
  ...{ tag, who },
  params: { code: Code },
  headers: ifMatchHeader,
  replies: { 204: { description: 'Gone' } },
  refusals: ['not_found', 'stale_version'],
  async handle({ services, identity, params, headers }) {
    const code = codeParam(params.code);
    const base = { sellerId: adminScopeOf(identity), versions: versionsOf(headers['if-match']) };
    accepted(await services.ask(removeCoupon, code, base));
    await listed(services, code, null);
    return reply(204);
  },
});

const createPromotion = route({
  method: 'POST',
  path: '/v1/promotions',
  operationId: 'createPromotion',
  summary: 'Make a discount that applies without a code',
  ...{ tag, who },
  body: NewPromotion,
  mints: 'promotion',
  replies: { 201: { ...onePromotion, headers: { ...etagHeader, Location: 'Where the promotion is' } } },
  refusals: ['too_many_promotions', 'busy'],
  async handle({ services, identity, body, mintedId }) {
    const sellerId = adminScopeOf(identity);
    const terms = newTerms(sellerId, body);
    await checkRoom(services.database.query, sellerId);
    const view = accepted(await services.ask(defineCoupon, mintedId, { kind: 'promotion', terms }));
    await listed(services, mintedId, view.version);
    const headers = { ETag: etagOf(view.version), Location: `/v1/promotions/${mintedId}` };
    return reply(201, promotionOf(view), headers);
  },
});

const listPromotions = route({
  method: 'GET',
  path: '/v1/promotions',
  operationId: 'listPromotions',
  summary: 'Your promotions, oldest first; administrators see those of all',
  ...{ tag, who },
  query: PageQuery,
  replies: { 200: { description: 'A page of promotions', schema: Page(Promotion) } },
  async handle({ services, identity, query }) {
    const page = await listCoupons(services.database.query, 'promotion', adminScopeOf(identity), query);
    return reply(200, { items: page.rows.map(promotionOf), nextCursor: page.nextCursor });
  },
});

const promotionParam = { promotionId: Id('promotion') };

const readPromotion = route({
  method: 'GET',
  path: '/v1/promotions/{promotionId}',
  operationId: 'getPromotion',
  summary: 'One promotion and how often it is used, as it is now',
  ...{ tag, who },
  params: promotionParam,
  replies: { 200: onePromotion },
  refusals: ['not_found'],
  async handle({ services, identity, params }) {
    const key = idParam('promotion', params.promotionId);
    const view = accepted(await services.ask(readCoupon, key, { sellerId: adminScopeOf(identity) }));
    return reply(200, promotionOf(view), { ETag: etagOf(view.version) });
  },
});

const changePromotion = route({
  method: 'PATCH',
  path: '/v1/promotions/{promotionId}',
  operationId: 'changePromotion',
  summary: 'Change the terms of a promotion; orders that have it keep it',
  ...{ tag, who },
  params: promotionParam,
  body: DiscountChange,
  headers: ifMatchHeader,
  replies: { 200: onePromotion },
  refusals: ['not_found', 'stale_version', 'busy'],
  async handle({ services, identity, params, headers, body }) {
    const key = idParam('promotion', params.promotionId);
    const base = { sellerId: adminScopeOf(identity), versions: versionsOf(headers['if-match']) };
    const view = await changeTerms(services, key, base, (before) => changedTerms(before, body));
    await listed(services, key, view.version);
    return reply(200, promotionOf(view), { ETag: etagOf(view.version) });
  },
});

const removePromotion = route({
  method: 'DELETE',
  path: '/v1/promotions/{promotionId}',
  operationId: 'removePromotion',
  summary: 'End a promotion; orders that have it keep it',
  ...{ tag, who },
  params: promotionParam,
  headers: ifMatchHeader,
  replies: { 204: { description: 'Gone' } },
  refusals: ['not_found', 'stale_version'],
  async handle({ services, identity, params, headers }) {
    const key = idParam('promotion', params.promotionId);
    const base = { sellerId: adminScopeOf(identity), versions: versionsOf(headers['if-match']) };
    accepted(await services.ask(removeCoupon, key, base));
    await listed(services, key, null);
    return reply(204);
  },
});

export const couponRoutes: readonly Route[] = [
  ...[createCoupon, list, readOne, change, remove],
  ...[createPromotion, listPromotions, readPromotion, changePromotion, removePromotion],
];
