/**
 * Checkout: held units and carts become one order, and the answer waits (a while) for how it ended.
 *
 * 1. The order's id belongs to the Idempotency-Key, so however often the request is sent, there is one order.
 * 2. What the answer says is what the order actor said: a slow payment is 202 and goes on without the client.
 * 3. Nothing is charged here; the order's saga moves money last.
 * 4. Whoever is told that the order failed may hold again at once: its units are free by then.
 */
import { type OrderView, placeOrder, readOrder } from '../../actors/order/commands.ts';
import { readHold } from '../../actors/sku/commands.ts';
import { etagHeader, etagOf } from '../../gateway/etag.ts';
import { accepted, invalid, iso, waitUntil } from '../../gateway/handling.ts';
import { throwRefusal } from '../../gateway/problem.ts';
import { type Route, reply, route, type Services } from '../../gateway/route.ts';
import { opened } from '../orders/address-store.ts';
import { Order } from '../orders/schemas.ts';
import { orderJson } from '../orders/views.ts';
import type { Quote as Priced } from '../pricing/quote.ts';
import { type Basket, basketOf } from './basket.ts';
import { isFinal, orderWaitsOf } from './order-waits.ts';
import { addressIn, type Placing, prepared } from './placing.ts';
import { codesOf, priced } from './pricing.ts';
import { figuresOf, keepQuote } from './quotes.ts';
import { CheckoutOptions, CheckoutRequest, Quote, QuoteRequest } from './schemas.ts';
import { areStandard, ratesOf } from './tables.ts';

/** A busy shard is asked again with the same order id before the client is told to come back. */
const attemptsMax = 3;

async function placed(services: Services, orderId: string, order: Placing): Promise<OrderView> {
  let answer = await services.ask(placeOrder, orderId, order);
  for (let attempt = 1; answer.code === 'busy' && attempt < attemptsMax; attempt++)
    answer = await services.ask(placeOrder, orderId, order);
  if (answer.code !== 'exists_with_different') return accepted(answer);
  // The id is this request's own. It was placed before, when prices or the cart were others.
  return accepted(await services.ask(readOrder, orderId, { buyerId: order.buyerId }));
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
  { holds, items = [] }: Pick<Placing, 'holds' | 'items'>,
): Promise<void> {
  const { failure } = order;
  if (!isFinal(order) || failure === null || failure.code === 'ok' || failure.code === 'created') return;
  await released(services, order, [...holds, ...items]);
  const { code, declineCode, sku, available, saleId, coupon, reason } = failure;
  throwRefusal({
    // A cart's line is short, whether or not something is left.
    code: code === 'sold_out' && items.some((item) => item.sku === sku) ? 'insufficient_stock' : code,
    body: {
      orderId: order.orderId,
      orderStatus: order.status,
      ...(code === 'payment_declined' ? { declineCode } : {}),
      ...(sku === null ? {} : { lines: [{ sku, available }] }),
      ...{ saleId, coupon, reason },
    },
  });
}

const headers = { ...etagHeader, Location: 'Where the order is' };

const checkOut = route({
  method: 'POST',
  path: '/v1/checkout',
  operationId: 'checkOut',
  summary: 'Turn held units, a cart or both into an order and pay for it',
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
    'only_in_sale',
    'unknown_coupon',
    'coupon_not_applicable',
    'coupon_exhausted',
    'shipping_not_available',
    'price_changed',
    'payment_declined',
    'payment_failed',
  ],
  async handle({ services, identity, body, mintedId: orderId }) {
    const buyerId = identity.accountId;
    const start = await prepared(services, buyerId, orderId, body);
    const order = await orderWaitsOf(services).settled(orderId, () =>
      'placed' in start ? Promise.resolve(start.placed) : placed(services, orderId, start.placing),
    );
    await refuseFailed(services, order, 'placed' in start ? { holds: order.lines } : start.placing);
    return reply(isFinal(order) ? 201 : 202, orderJson(await opened(services, order)), {
      Location: `/v1/orders/${orderId}`,
      ETag: etagOf(order.version),
    });
  },
});

/** A date. */
function dayIn(days: number, at: number): string {
  return iso(at + days * 24 * 3_600_000).slice(0, 10);
}

const quote = route({
  method: 'POST',
  path: '/v1/checkout/quote',
  operationId: 'quoteCheckout',
  summary: 'What held units, a cart or both would cost, explained line by line, and promised for 15 minutes',
  tag: 'Orders',
  who: 'signed-in',
  body: QuoteRequest,
  mints: 'quote',
  replies: { 200: { description: 'The quote', schema: Quote } },
  refusals: [
    'not_found',
    'card_data_refused',
    'unknown_coupon',
    'coupon_not_applicable',
    'coupon_exhausted',
    'shipping_not_available',
    'busy',
  ],
  async handle({ services, identity: { accountId: buyerId }, body, mintedId: quoteId }) {
    if (body.holdIds === undefined && body.cartId === undefined)
      invalid('/holdIds', 'either this or cartId is required');
    const [address, basket] = await Promise.all([
      addressIn(services, buyerId, body),
      basketOf(services, buyerId, body),
    ]);
    const at = services.now();
    const method = body.shippingMethod ?? null;
    const wanted = { address, method, codes: codesOf(basket, body.couponCodes) };
    const quoted = await priced(services, basket, wanted, at);
    const expiresAtMs = await keepQuote(services, buyerId, quoteId, figuresOf(quoted, at), wanted);
    return reply(200, quoteJson(quoted, basket, { quoteId, expiresAtMs, at }));
  },
});

function quoteJson(
  quoted: Priced,
  { lines }: Basket,
  { quoteId, expiresAtMs, at }: { quoteId: string; expiresAtMs: number; at: number },
): Quote {
  const { currency, method, codes, subtotal, discount, shipping, tax, rounding, total } = quoted;
  const options = quoted.shippingOptions.map((option) => ({
    ...{ method: option.method, amount: option.amount, estimatedDelivery: dayIn(option.maxDays, at) },
  }));
  return {
    ...{ quoteId, expiresAt: iso(expiresAtMs), currency },
    lines: quoted.lines.map((line, nth) => ({
      ...{ holdId: lines[nth]!.holdId, sku: line.sku, sellerId: line.sellerId, quantity: line.quantity },
      ...{ unitPrice: line.unitPrice, lineTotal: line.lineTotal, discounts: [...line.discounts] },
      ...{ discount: line.discount, taxable: line.taxable, tax: line.tax },
    })),
    ...{ shippingOptions: options, shippingMethod: method, couponCodes: [...codes] },
    estimatedDelivery: options.find((option) => option.method === method)?.estimatedDelivery ?? null,
    ...{ subtotal, discount, shipping, tax, rounding, total },
  };
}

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
    return reply(200, {
      payments: services.config.stripe.secretKey === null ? 'sandbox' : 'stripe',
      isQuoted: !areStandard(await ratesOf(services)),
    });
  },
});

export const routes: readonly Route[] = [checkOut, quote, options];
