/** Orders and payments: single ones exactly, from their actor; lists from the read model, which follows within moments. */
import Type from 'typebox';
import type { CancelOrder, OrderView, ReadOrder } from '../../actors/order/commands.ts';
import { accepted, idParam, isOperator } from '../../gateway/ask.ts';
import { etagOf } from '../../gateway/etag.ts';
import type { Identity, Reply, RequestContext, Route } from '../../gateway/route.ts';
import { Closed, Page, pageQuery } from '../../gateway/schemas.ts';
import { Order, OrderStatus, Payment } from '../../gateway/view-schemas.ts';
import { orderJson, paymentJson } from '../../gateway/views.ts';
import { DoorbusterError } from '../../protocol/errors.ts';

/** The commands' `buyerId`: the caller's own, or null for those who may see every order. */
function buyerOf(identity: Identity): string | null {
  return isOperator(identity) ? null : identity.accountId;
}

async function withOrder(
  { services, identity, params }: RequestContext,
  type: 'ReadOrder' | 'CancelOrder',
): Promise<Reply> {
  const command: ReadOrder | CancelOrder = { type, buyerId: buyerOf(identity!) };
  const answer = await services.shards.ask('order', idParam('order', params.orderId), command);
  const order = accepted<OrderView>(answer);
  return { status: 200, body: orderJson(order), headers: { ETag: etagOf(order.version) } };
}

/** The payment as its order's actor has it; the read model only says which order that is. */
async function readPayment({ services, identity, params }: RequestContext): Promise<Reply> {
  const paymentId = params.paymentId!;
  const unknown = new DoorbusterError('not_found', 'there is no such payment');
  if (paymentId.length > paymentIdCharsMax) throw unknown;
  const orderId = await services.market.payments.orderOf(paymentId);
  if (orderId === null) throw unknown;
  const command: ReadOrder = { type: 'ReadOrder', buyerId: buyerOf(identity!) };
  const order = accepted<OrderView>(await services.shards.ask('order', orderId, command));
  if (order.paymentId !== paymentId) throw unknown;
  return { status: 200, body: paymentJson(order) };
}

const paymentIdCharsMax = 255;
const tag = 'Orders';
const one = { 200: { description: 'The order', schema: Order } };

export const orderRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/orders',
    operationId: 'listOrders',
    summary: 'Orders of the caller, newest first',
    tag,
    auth: 'any',
    query: Closed({ ...pageQuery, status: Type.Optional(OrderStatus) }),
    responses: { 200: { description: 'A page of orders', schema: Page(Order) } },
    async handle({ services, identity, query }) {
      const { items, nextCursor } = await services.market.orders.listOrders({
        ...query,
        buyerId: identity!.accountId,
      });
      return { status: 200, body: { items: items.map(orderJson), nextCursor } };
    },
  },
  {
    method: 'GET',
    path: '/v1/orders/{orderId}',
    operationId: 'getOrder',
    summary: 'One order as it is now',
    tag,
    auth: 'any',
    responses: one,
    refusals: ['not_found'],
    handle: (context) => withOrder(context, 'ReadOrder'),
  },
  {
    method: 'POST',
    path: '/v1/orders/{orderId}/cancel',
    operationId: 'cancelOrder',
    summary: 'Cancel an order; a paid one is refunded',
    tag,
    auth: 'any',
    responses: one,
    refusals: ['not_found', 'wrong_state'],
    handle: (context) => withOrder(context, 'CancelOrder'),
  },
  {
    method: 'GET',
    path: '/v1/payments/{paymentId}',
    operationId: 'getPayment',
    summary: 'One payment of the caller',
    tag,
    auth: 'any',
    responses: { 200: { description: 'The payment', schema: Payment } },
    refusals: ['not_found'],
    handle: readPayment,
  },
];
