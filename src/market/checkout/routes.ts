/**
 * Checkout: held units become one order, and the answer waits (a while) for how it ended.
 *
 * 1. The order's id belongs to the Idempotency-Key, so however often the request is sent, there is one order.
 * 2. What the answer says is what the order actor said: a slow payment is 202 and goes on without the client.
 * 3. Nothing is charged here; the order's saga moves money last.
 * 4. Whoever is told that the order failed may hold again at once: its units are free by then.
 */
import { type OrderView, placeOrder, type ShippingAddress } from '../../actors/order/commands.ts';
import { readHold } from '../../actors/sku/commands.ts';
import { etagHeader, etagOf } from '../../gateway/etag.ts';
import { accepted, invalid, waitUntil } from '../../gateway/handling.ts';
import { throwRefusal } from '../../gateway/problem.ts';
import { type Route, reply, route, type Services } from '../../gateway/route.ts';
import type { FieldsOf } from '../../protocol/command.ts';
import { whyNotChargeable } from '../../protocol/currencies.ts';
import type { Money } from '../../protocol/money.ts';
import { addressesOf, checkAddress } from '../accounts/address-store.ts';
import { keptAddress, opened } from '../orders/address-store.ts';
import { Order } from '../orders/schemas.ts';
import { orderJson, orderNumberOf } from '../orders/views.ts';
import { holdIndexOf } from '../waiting-room/hold-index.ts';
import { isFinal, orderWaitsOf } from './order-waits.ts';
import { paymentTimesOf } from './payment-times.ts';
import { CheckoutOptions, CheckoutRequest } from './schemas.ts';

/** A busy shard is asked again with the same order id before the client is told to come back. */
const attemptsMax = 3;

async function placed(
  services: Services,
  orderId: string,
  order: FieldsOf<typeof placeOrder>,
): Promise<OrderView> {
  let answer = await services.ask(placeOrder, orderId, order);
  for (let attempt = 1; answer.code === 'busy' && attempt < attemptsMax; attempt++)
    answer = await services.ask(placeOrder, orderId, order);
  return accepted(answer);
}

/** The address that was sent, or the saved one that was named. */
async function shippingAddressOf(
  services: Services,
  buyerId: string,
  { shippingAddress, shippingAddressId }: CheckoutRequest,
): Promise<ShippingAddress> {
  if (shippingAddress !== undefined && shippingAddressId === undefined) {
    checkAddress(shippingAddress, '/shippingAddress');
    return shippingAddress;
  }
  if (shippingAddress !== undefined || shippingAddressId === undefined)
    return invalid('/shippingAddress', 'either this or shippingAddressId is required');
  const {
    addressId: _,
    isDefault: __,
    ...address
  } = await addressesOf(services).read(buyerId, shippingAddressId);
  return address;
}

/** The failed order gives its holds back within milliseconds; a shard that is away is not waited for. */
const releaseMsMax = 1_000;

function released(
  { ask }: Services,
  { orderId, buyerId }: OrderView,
  holds: readonly { holdId: string; sku: string }[],
): Promise<void> {
  return waitUntil(releaseMsMax, async () => {
    const answers = await Promise.all(
      holds.map(({ holdId, sku }) => ask(readHold, sku, { holdId, buyerId })),
    );
    return answers.every(
      ({ code, body }) => code !== 'ok' || body.orderId !== orderId || body.state !== 'committing',
    );
  });
}

/** An order that ended without a purchase is refused with the reason. */
async function refuseFailed(
  services: Services,
  order: OrderView,
  holds: readonly { holdId: string; sku: string }[],
): Promise<void> {
  const { failure } = order;
  if (!isFinal(order) || failure === null || failure.code === 'ok' || failure.code === 'created') return;
  await released(services, order, holds);
  const { code, declineCode, sku, available } = failure;
  throwRefusal({
    code,
    body: {
      orderId: order.orderId,
      orderStatus: order.status,
      ...(code === 'payment_declined' ? { declineCode } : {}),
      ...(sku === null ? {} : { lines: [{ sku, available }] }),
    },
  });
}

/**
 * Refuses holds that cannot be paid together before any of them is taken: what one hold costs was bounded when its sale was
 * made, their sum was not. Shipping comes on top when the order is priced, and is checked there.
 */
function checkTotal(holds: readonly { quantity: number; unitPrice: Money }[]): void {
  const { currency } = holds[0]!.unitPrice;
  if (holds.some(({ unitPrice }) => unitPrice.currency !== currency))
    invalid('/holdIds', 'must all be in one currency');
  const amount = holds.reduce((total, { unitPrice, quantity }) => total + unitPrice.amount * quantity, 0);
  const whyNot = whyNotChargeable({ amount, currency });
  if (whyNot !== null) invalid('/holdIds', `together: ${whyNot}`);
}

const headers = { ...etagHeader, Location: 'Where the order is' };

const checkOut = route({
  method: 'POST',
  path: '/v1/checkout',
  operationId: 'checkOut',
  summary: 'Turn held units into an order and pay for it',
  tag: 'Orders',
  who: 'signed-in',
  isPersonal: true,
  live: { type: 'checkout', headers: { idempotencyKey: 'idempotency-key' } },
  body: CheckoutRequest,
  mints: 'order',
  isKeyRequired: true,
  replies: {
    201: { description: 'The order, in its final state', schema: Order, headers },
    202: { description: 'The order goes on; see Location', schema: Order, headers },
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
  async handle({ services, identity, body, mintedId: orderId }) {
    const buyerId = identity.accountId;
    const index = holdIndexOf(services);
    const holdIds = new Set(body.holdIds.map((holdId) => holdId.toLowerCase()));
    const holds = await Promise.all([...holdIds].map((holdId) => index.locate(holdId, buyerId)));
    checkTotal(holds);
    const address = await shippingAddressOf(services, buyerId, body);
    const wanted = {
      orderNumber: orderNumberOf(orderId),
      buyerId,
      holds: holds.map(({ holdId, sku }) => ({ holdId, sku })),
      shippingAddress: await keptAddress(services, { orderId, buyerId }, address),
      shippingMethod: body.shippingMethod ?? 'standard',
      paymentMethod: body.paymentMethod,
      paymentSeconds: await paymentTimesOf(services).secondsFor(holds.map(({ saleId }) => saleId)),
    };
    const order = await orderWaitsOf(services).settled(orderId, () => placed(services, orderId, wanted));
    await refuseFailed(services, order, holds);
    return reply(isFinal(order) ? 201 : 202, orderJson(await opened(services, order)), {
      Location: `/v1/orders/${orderId}`,
      ETag: etagOf(order.version),
    });
  },
});

const options = route({
  method: 'GET',
  path: '/v1/checkout/options',
  operationId: 'getCheckoutOptions',
  summary: 'How one can pay here',
  tag: 'Orders',
  who: 'anybody',
  cacheSeconds: 60,
  replies: { 200: { description: 'The ways', schema: CheckoutOptions } },
  async handle({ services }) {
    return reply(200, { payments: services.config.stripe.secretKey === null ? 'sandbox' : 'stripe' });
  },
});

export const routes: readonly Route[] = [checkOut, options];
