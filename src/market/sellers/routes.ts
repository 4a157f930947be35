/** Sellers: applying, and what administrators decide about them. */

import { idParam } from '../../gateway/handling.ts';
import type { WebPage } from '../../gateway/pages.ts';
import { type Identity, type Route, reply, route } from '../../gateway/route.ts';
import { Id, Page } from '../../gateway/schemas.ts';
import { closeSalesOfSuspended } from './closing-store.ts';
import { OptionalReason, Reason, Seller, SellerApplication, SellerFilter } from './schemas.ts';
import { sellersOf } from './store.ts';

const tag = 'Sellers';
const one = { 200: { description: 'The seller', schema: Seller } };
const params = { sellerId: Id('account') };

const adminOf = ({ accountId }: Identity) => ({ accountId, role: 'admin' }) as const;

const readOwn = route({
  method: 'GET',
  path: '/v1/seller',
  operationId: 'getOwnSeller',
  summary: 'How I stand as a seller: applied, verified, suspended and why',
  tag,
  who: ['buyer', 'seller', 'operator', 'admin'],
  replies: one,
  async handle({ services, identity }) {
    return reply(200, await sellersOf(services).read(identity.accountId));
  },
});

const apply = route({
  method: 'POST',
  path: '/v1/sellers/apply',
  operationId: 'applyAsSeller',
  isPersonal: true,
  summary: 'Say who is paid. An administrator verifies it; other words later have to be verified again',
  tag,
  who: ['buyer', 'seller', 'operator', 'admin'],
  body: SellerApplication,
  replies: {
    201: { description: 'The first application of this account', schema: Seller },
    200: { description: 'In the place of the application before, or the same again', schema: Seller },
  },
  async handle({ services, identity, body }) {
    const { seller, isNew } = await sellersOf(services).apply(identity.accountId, body);
    return reply(isNew ? 201 : 200, seller);
  },
});

const list = route({
  method: 'GET',
  path: '/v1/admin/sellers',
  operationId: 'listSellers',
  summary: 'Accounts that sell or have applied to, newest account first',
  tag,
  who: ['admin'],
  query: SellerFilter,
  replies: { 200: { description: 'A page of sellers', schema: Page(Seller) } },
  async handle({ services, query }) {
    return reply(200, await sellersOf(services).list(query));
  },
});

const verify = route({
  method: 'POST',
  path: '/v1/admin/sellers/{sellerId}/verify',
  params,
  operationId: 'verifySeller',
  isPersonal: true,
  summary: 'What the seller applied with is right: payouts may begin',
  tag,
  who: ['admin'],
  body: OptionalReason,
  replies: one,
  refusals: ['not_found', 'wrong_state'],
  async handle({ services, identity, params: { sellerId: id }, body: { reason } }) {
    const sellerId = idParam('account', id);
    return reply(200, await sellersOf(services).verify(sellerId, { actor: adminOf(identity), reason }));
  },
});

const suspend = route({
  method: 'POST',
  path: '/v1/admin/sellers/{sellerId}/suspend',
  params,
  operationId: 'suspendSeller',
  isPersonal: true,
  summary: "Hide the seller's products, end the sales and refuse every write; what was sold goes on",
  tag,
  who: ['admin'],
  body: Reason,
  replies: one,
  refusals: ['not_found'],
  async handle({ services, identity, params: { sellerId: id }, body: { reason } }) {
    const sellerId = idParam('account', id);
    const seller = await sellersOf(services).suspend(sellerId, { actor: adminOf(identity), reason });
    await closeSalesOfSuspended(services.database.query, services.ask, sellerId);
    return reply(200, seller);
  },
});

const reinstate = route({
  method: 'POST',
  path: '/v1/admin/sellers/{sellerId}/reinstate',
  params,
  operationId: 'reinstateSeller',
  isPersonal: true,
  summary: 'Let a suspended seller sell again: products are shown again, sales stay ended',
  tag,
  who: ['admin'],
  body: OptionalReason,
  replies: one,
  refusals: ['not_found'],
  async handle({ services, identity, params: { sellerId: id }, body: { reason } }) {
    const sellerId = idParam('account', id);
    return reply(200, await sellersOf(services).reinstate(sellerId, { actor: adminOf(identity), reason }));
  },
});

export const routes: readonly Route[] = [readOwn, apply, list, verify, suspend, reinstate];

export const pages: readonly WebPage[] = [{ path: '/admin/sellers' }];
