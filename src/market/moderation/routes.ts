/** Held listings, for administrators. */
import { idParam } from '../../gateway/handling.ts';
import type { WebPage } from '../../gateway/pages.ts';
import { type Route, reply, route } from '../../gateway/route.ts';
import { Page, PageQuery } from '../../gateway/schemas.ts';
import { Product } from '../catalog/schemas.ts';
import { HeldListing, Rejection, RulesSweep } from './schemas.ts';
import { decide, listHeld } from './store.ts';
import { readSweep } from './sweep-store.ts';

const tag = 'Administration';
const one = { 200: { description: 'The product', schema: Product } };
const refusals = ['not_found', 'wrong_state'] as const;

const list = route({
  method: 'GET',
  path: '/v1/moderation/products',
  operationId: 'listHeldProducts',
  summary: 'Listings that wait for a decision, and why; who has waited longest first',
  tag,
  who: ['admin'],
  query: PageQuery,
  replies: { 200: { description: 'A page of held listings', schema: Page(HeldListing) } },
  async handle({ services, query }) {
    return reply(200, await listHeld(services, query));
  },
});

const sweep = route({
  method: 'GET',
  path: '/v1/moderation/sweep',
  operationId: 'getRulesSweep',
  summary: 'How far the listings that are there already have been judged by the rules as they are now',
  tag,
  who: ['admin'],
  replies: { 200: { description: 'How far it is', schema: RulesSweep } },
  async handle({ services }) {
    return reply(200, await readSweep(services.database));
  },
});

const approve = route({
  method: 'POST',
  path: '/v1/moderation/products/{productId}/approve',
  operationId: 'approveProduct',
  isPersonal: true,
  summary: 'Put a held listing up: these words and prices pass from now on',
  tag,
  who: ['admin'],
  replies: one,
  refusals,
  async handle({ services, identity, params }) {
    return reply(200, await decide(services, identity, idParam('product', params.productId), null));
  },
});

const reject = route({
  method: 'POST',
  path: '/v1/moderation/products/{productId}/reject',
  operationId: 'rejectProduct',
  isPersonal: true,
  summary: 'Take a held listing down; its seller is told why',
  tag,
  who: ['admin'],
  body: Rejection,
  replies: one,
  refusals,
  async handle({ services, identity, params, body: { reason } }) {
    return reply(200, await decide(services, identity, idParam('product', params.productId), reason));
  },
});

export const routes: readonly Route[] = [list, sweep, approve, reject];

export const pages: readonly WebPage[] = [{ path: '/admin/listings' }];
