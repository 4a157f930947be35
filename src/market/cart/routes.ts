/**
 * The cart of whoever asks, guests included. It holds no units: what is there, and what it costs now, is shown beside each
 * line.
 */
import {
  addCoupon,
  addToCart,
  type CartView,
  emptyCart,
  readCart,
  removeCoupon,
  removeFromCart,
  setCurrency,
  setQuantity,
} from '../../actors/cart/commands.ts';
import { etagHeader, ifMatchHeader, versionsOf } from '../../gateway/etag.ts';
import { accepted } from '../../gateway/handling.ts';
import type { WebPage } from '../../gateway/pages.ts';
import { type Route, reply, route, type Services } from '../../gateway/route.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import { isId } from '../../protocol/ids.ts';
import { type Goods, keptGoodsOf } from '../catalog/goods-store.ts';
import { summariesOf } from '../catalog/store.ts';
import { Sku, skuPattern } from '../inventory/schemas.ts';
import { judgeCode } from './discount.ts';
import { ratesInto } from './rates.ts';
import { Cart, CartAddition, CartCurrency, CartQuantity, CouponCode, couponPattern } from './schemas.ts';
import { cartJson, type Freshness, tagOf } from './views.ts';

const replies = { 200: { description: 'The cart', schema: Cart, headers: etagHeader } } as const;
const common = { tag: 'Cart', who: 'signed-in', replies } as const;

async function cartReply(services: Services, view: CartView, freshness: Freshness = 'recent') {
  const cart = await cartJson(services, view, freshness);
  return reply(200, cart, { ETag: tagOf(cart) });
}

/** The version in a tag stands before what else the tag names. */
function basedOn(ifMatch: string | undefined): string[] | null {
  return versionsOf(ifMatch)?.map((tag) => tag.split('.', 1)[0]!) ?? null;
}

/** The id of a product with one variant stands for that. */
async function skuOf(services: Services, text: string): Promise<string> {
  if (!isId('product', text)) return text;
  const [product] = await summariesOf(services.database.query, [text]);
  return product?.variants.length === 1 ? product.variants[0]!.sku : text;
}

/** Refuses with `unknown_sku`. */
async function goodsOf(services: Services, text: string): Promise<Goods> {
  const goods = await keptGoodsOf(services).get(await skuOf(services, text));
  if (goods?.isForSale) return goods;
  throw new DoorbusterError('unknown_sku', 'Nothing of that SKU is for sale');
}

/** A path's SKU names a line or nothing. */
async function lineParam(services: Services, text: string): Promise<string> {
  if (skuPattern.test(text)) return skuOf(services, text);
  throw new DoorbusterError('not_found', 'No such line');
}

const read = route({
  ...common,
  method: 'GET',
  path: '/v1/cart',
  operationId: 'getCart',
  summary: 'What is in your cart, with prices and units as they are now',
  refusals: ['busy'],
  async handle({ services, identity }) {
    const answer = await services.ask(readCart, identity.accountId, {});
    return cartReply(services, accepted(answer), 'now');
  },
});

const add = route({
  ...common,
  method: 'POST',
  path: '/v1/cart/items',
  operationId: 'addToCart',
  summary: 'Add units; more than there are is marked, not refused',
  body: CartAddition,
  headers: ifMatchHeader,
  refusals: ['unknown_sku', 'stale_version', 'cart_full', 'quantity_limit', 'no_exchange_rate', 'busy'],
  async handle({ services, identity, body, headers, mintedId }) {
    const { sku, productId, sellerId, title, imageUrl, prices } = await goodsOf(services, body.sku);
    const goods = { sku, productId, sellerId, title, imageUrl };
    const answer = await services.ask(addToCart, identity.accountId, {
      ...{ goods, prices, quantity: body.quantity, additionId: mintedId },
      rates: (await ratesInto(services, prices[0].currency)) ?? {},
      versions: basedOn(headers['if-match']),
    });
    return cartReply(services, accepted(answer));
  },
});

const change = route({
  ...common,
  method: 'PUT',
  path: '/v1/cart/items/{sku}',
  params: { sku: Sku },
  operationId: 'setCartQuantity',
  summary: 'How many units of a line',
  body: CartQuantity,
  headers: ifMatchHeader,
  refusals: ['not_found', 'stale_version', 'quantity_limit', 'busy'],
  async handle({ services, identity, params, body, headers }) {
    const answer = await services.ask(setQuantity, identity.accountId, {
      ...{ sku: await lineParam(services, params.sku), quantity: body.quantity },
      versions: basedOn(headers['if-match']),
    });
    return cartReply(services, accepted(answer));
  },
});

const remove = route({
  ...common,
  method: 'DELETE',
  path: '/v1/cart/items/{sku}',
  params: { sku: Sku },
  operationId: 'removeFromCart',
  summary: 'Take a line out; one that is not there is out',
  headers: ifMatchHeader,
  refusals: ['not_found', 'stale_version', 'busy'],
  async handle({ services, identity, params, headers }) {
    const answer = await services.ask(removeFromCart, identity.accountId, {
      sku: await lineParam(services, params.sku),
      versions: basedOn(headers['if-match']),
    });
    return cartReply(services, accepted(answer));
  },
});

const empty = route({
  ...common,
  method: 'DELETE',
  path: '/v1/cart',
  operationId: 'emptyCart',
  summary: 'Take everything out, codes and the chosen currency too',
  headers: ifMatchHeader,
  refusals: ['stale_version', 'busy'],
  async handle({ services, identity, headers }) {
    const versions = basedOn(headers['if-match']);
    return cartReply(services, accepted(await services.ask(emptyCart, identity.accountId, { versions })));
  },
});

const choose = route({
  ...common,
  method: 'PUT',
  path: '/v1/cart/currency',
  operationId: 'setCartCurrency',
  summary: 'The currency of an empty cart; exchange rates are locked with it',
  body: CartCurrency,
  headers: ifMatchHeader,
  refusals: ['stale_version', 'cart_not_empty', 'no_exchange_rate', 'busy'],
  async handle({ services, identity, body, headers }) {
    const { currency } = body;
    const rates = await ratesInto(services, currency);
    if (rates === null)
      throw new DoorbusterError('no_exchange_rate', `The marketplace has no rate for ${currency}`, {
        to: currency,
      });
    const versions = basedOn(headers['if-match']);
    const answer = await services.ask(setCurrency, identity.accountId, { currency, rates, versions });
    return cartReply(services, accepted(answer));
  },
});

/** As codes are kept. One that cannot be one is none. */
function codeParam(text: string): string {
  const code = text.toUpperCase();
  if (couponPattern.test(code)) return code;
  throw new DoorbusterError('unknown_coupon', 'No such coupon code');
}

const addCode = route({
  ...common,
  method: 'PUT',
  path: '/v1/cart/coupons/{code}',
  params: { code: CouponCode },
  operationId: 'addCartCoupon',
  summary: 'Put a coupon code in; its use is counted when an order takes it',
  headers: ifMatchHeader,
  refusals: ['unknown_coupon', 'stale_version', 'coupon_not_applicable', 'coupon_exhausted', 'busy'],
  async handle({ services, identity, params, headers }) {
    const { accountId } = identity;
    const code = codeParam(params.code);
    const before = accepted(await services.ask(readCart, accountId, {}));
    await judgeCode(services, before, code);
    const versions = basedOn(headers['if-match']);
    return cartReply(services, accepted(await services.ask(addCoupon, accountId, { code, versions })));
  },
});

const removeCode = route({
  ...common,
  method: 'DELETE',
  path: '/v1/cart/coupons/{code}',
  params: { code: CouponCode },
  operationId: 'removeCartCoupon',
  summary: 'Take a coupon code out; one that is not there is out',
  headers: ifMatchHeader,
  refusals: ['unknown_coupon', 'stale_version', 'busy'],
  async handle({ services, identity, params, headers }) {
    const change = { code: codeParam(params.code), versions: basedOn(headers['if-match']) };
    return cartReply(services, accepted(await services.ask(removeCoupon, identity.accountId, change)));
  },
});

export const routes: readonly Route[] = [read, add, change, remove, empty, choose, addCode, removeCode];

export const pages: readonly WebPage[] = [{ path: '/cart' }, { path: '/checkout' }];
