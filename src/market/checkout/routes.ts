/**
 * Checkout: held units become one order, and the answer waits (a while) for how it ended.
 *
 * 1. The order's id belongs to the Idempotency-Key, so however often the request is sent, there is one order.
 * 2. What the answer says is what the order actor said: a slow payment is 202 and goes on without the client.
 * 3. Nothing is charged here; the order's saga moves money last.
 */
import { LRUCache } from 'lru-cache';
import type { OrderView, PlaceOrder, ShippingAddress } from '../../actors/order/commands.ts';
import type { SaleView } from '../../actors/sale/commands.ts';
import { accepted, invalid } from '../../gateway/ask.ts';
import { etagOf } from '../../gateway/etag.ts';
import { refuse } from '../../gateway/problem.ts';
import type { GatewayServices, Reply, RequestContext, Route, Shards } from '../../gateway/route.ts';
import { CheckoutRequest, Order } from '../../gateway/view-schemas.ts';
import { orderJson, orderNumberOf } from '../../gateway/views.ts';
import type { Answer } from '../../protocol/peer.ts';
import type { HoldIndex, KnownHold } from '../waiting-room/hold-index.ts';
import { isFinal, type OrderWaits } from './order-waits.ts';

/** For holds of sales that cannot be read. */
const paymentSecondsDefault = 300;
const salesMax = 1_000;
/** A busy shard is asked again with the same order id before the client is told to come back. */
const attemptsMax = 3;

export interface CheckoutParts {
  readonly index: HoldIndex;
  readonly waits: OrderWaits;
}

/** The shortest time to pay of the sales involved. A sale never changes it, so it is asked once. */
function createPaymentTimes(shards: Shards): (holds: readonly KnownHold[]) => Promise<number> {
  const secondsBySale = new LRUCache<string, number>({ max: salesMax });

  async function secondsOf(saleId: string): Promise<number> {
    const known = secondsBySale.get(saleId);
    if (known !== undefined) return known;
    const answer = await shards.ask('sale', saleId, { type: 'ReadSale' });
    if (answer.code === 'not_found') return paymentSecondsDefault;
    const seconds = accepted<SaleView>(answer).paymentSeconds;
    secondsBySale.set(saleId, seconds);
    return seconds;
  }

  return async (holds) =>
    Math.min(...(await Promise.all([...new Set(holds.map((hold) => hold.saleId))].map(secondsOf))));
}

async function placed(services: GatewayServices, orderId: string, command: PlaceOrder): Promise<OrderView> {
  let answer: Answer = { code: 'busy', body: null };
  for (let attempt = 0; answer.code === 'busy' && attempt < attemptsMax; attempt++)
    answer = await services.shards.ask('order', orderId, command);
  return accepted<OrderView>(answer);
}

/** The address that was sent, or the saved one that was named. */
async function shippingAddressOf({ services, identity, body }: RequestContext): Promise<ShippingAddress> {
  const { shippingAddress, shippingAddressId } = body;
  if ((shippingAddress === undefined) === (shippingAddressId === undefined))
    invalid('/shippingAddress', 'either this or shippingAddressId is required');
  if (shippingAddress !== undefined) return shippingAddress;
  const saved = await services.market.addresses.read(identity!.accountId, shippingAddressId);
  const { addressId: _, ...address } = saved;
  return address;
}

async function checkOut(
  context: RequestContext,
  { index, waits }: CheckoutParts,
  paymentSecondsOf: (holds: readonly KnownHold[]) => Promise<number>,
): Promise<Reply> {
  const { services, identity, body, mintedId } = context;
  const orderId = mintedId!;
  const buyerId = identity!.accountId;
  const holdIds = (body.holdIds as string[]).map((holdId) => holdId.toLowerCase());
  const holds = await Promise.all([...new Set(holdIds)].map((holdId) => index.locate(holdId, buyerId)));
  const command: PlaceOrder = {
    type: 'PlaceOrder',
    orderNumber: orderNumberOf(orderId),
    buyerId,
    holds: holds.map(({ holdId, sku }) => ({ holdId, sku })),
    shippingAddress: await shippingAddressOf(context),
    shippingMethod: body.shippingMethod ?? 'standard',
    paymentMethod: body.paymentMethod,
    paymentSeconds: await paymentSecondsOf(holds),
  };
  const wait = waits.open(orderId);
  try {
    return orderReply(await wait.settled(await placed(services, orderId, command)));
  } finally {
    wait.close();
  }
}

/** 201 when the order came to rest and stands, 202 while it goes on; an order that failed is its refusal. */
function orderReply(order: OrderView): Reply {
  const headers = { Location: `/v1/orders/${order.orderId}`, ETag: etagOf(order.version) };
  if (!isFinal(order)) return { status: 202, body: orderJson(order), headers };
  if (order.failure === null || order.failure.code === 'ok' || order.failure.code === 'created')
    return { status: 201, body: orderJson(order), headers };
  const { code, declineCode, sku, available } = order.failure;
  refuse({
    code,
    body: {
      orderId: order.orderId,
      orderStatus: order.status,
      ...(code === 'payment_declined' ? { declineCode } : {}),
      ...(sku === null ? {} : { lines: [{ sku, available }] }),
    },
  });
}

export function checkoutRoute(shards: Shards, parts: CheckoutParts): Route {
  const paymentSecondsOf = createPaymentTimes(shards);
  return {
    method: 'POST',
    path: '/v1/checkout',
    operationId: 'checkOut',
    summary: 'Turn held units into an order and pay for it',
    tag: 'Orders',
    auth: 'any',
    body: CheckoutRequest,
    idempotency: { isRequired: true, mints: 'order' },
    responses: {
      201: { description: 'The order, in its final state', schema: Order },
      202: { description: 'The order goes on; see Location', schema: Order },
    },
    refusals: [
      'not_found',
      'card_data_refused',
      'hold_expired',
      'hold_in_use',
      'wrong_state',
      'purchase_limit',
      'sold_out',
      'insufficient_stock',
      'price_changed',
      'payment_declined',
      'payment_failed',
    ],
    handle: (context) => checkOut(context, parts, paymentSecondsOf),
  };
}
