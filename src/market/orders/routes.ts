/** Orders: single ones exactly, from their actor; lists from the read model and the orders it does not have yet. */

import { cancelOrder, readOrder } from '../../actors/order/commands.ts';
import { etagHeader, etagOf, ifMatchHeader, versionsOf } from '../../gateway/etag.ts';
import { accepted, idParam, scopeOf } from '../../gateway/handling.ts';
import type { WebPage } from '../../gateway/pages.ts';
import { type Route, reply, route } from '../../gateway/route.ts';
import { Page } from '../../gateway/schemas.ts';
import { opened } from './address-store.ts';
import { recentOrdersOf } from './recent.ts';
import { Order, OrderQuery } from './schemas.ts';
import { listOrders } from './store.ts';
import { orderJson } from './views.ts';

const one = { 200: { description: 'The order', schema: Order, headers: etagHeader } };

const list = route({
  method: 'GET',
  path: '/v1/orders',
  operationId: 'listOrders',
  summary: 'Orders of the caller, newest first',
  tag: 'Orders',
  who: 'signed-in',
  query: OrderQuery,
  replies: { 200: { description: 'A page of orders', schema: Page(Order) } },
  async handle({ services, identity, query }) {
    const filter = { ...query, buyerId: identity.accountId };
    const recent = recentOrdersOf(services).of(identity.accountId);
    const { items, nextCursor } = await listOrders(services.database, filter, recent);
    const shown = await Promise.all(items.map((order) => opened(services, order)));
    return reply(200, { items: shown.map(orderJson), nextCursor });
  },
});

const read = route({
  method: 'GET',
  path: '/v1/orders/{orderId}',
  operationId: 'getOrder',
  summary: 'One order as it is now',
  tag: 'Orders',
  who: 'signed-in',
  replies: one,
  refusals: ['not_found'],
  async handle({ services, identity, params }) {
    const orderId = idParam('order', params.orderId);
    const order = accepted(await services.ask(readOrder, orderId, { buyerId: scopeOf(identity) }));
    return reply(200, orderJson(await opened(services, order)), { ETag: etagOf(order.version) });
  },
});

const cancel = route({
  method: 'POST',
  path: '/v1/orders/{orderId}/cancel',
  operationId: 'cancelOrder',
  summary: 'Cancel an order; a paid one is refunded',
  tag: 'Orders',
  who: 'signed-in',
  isPersonal: true,
  headers: ifMatchHeader,
  replies: one,
  refusals: ['not_found', 'stale_version', 'wrong_state'],
  async handle({ services, identity, params, headers }) {
    const orderId = idParam('order', params.orderId);
    const cancelling = { buyerId: scopeOf(identity), versions: versionsOf(headers['if-match']) };
    const order = accepted(await services.ask(cancelOrder, orderId, cancelling));
    return reply(200, orderJson(await opened(services, order)), { ETag: etagOf(order.version) });
  },
});

export const routes: readonly Route[] = [list, read, cancel];

export const pages: readonly WebPage[] = [{ path: '/orders' }, { path: '/orders/{orderId}' }];
