/**
 * From a request to what an order is placed with. Holds alone, at standard prices, are told to the order as they are; whatever has
 * a cart, a quote, a code, or tables that say something about it is priced here, and its order takes the figures from the quote.
 */
import {
  type OrderItem,
  type OrderTerms,
  type OrderView,
  type placeOrder,
  readOrder,
  type ShippingAddress,
} from '../../actors/order/commands.ts';
import { invalid } from '../../gateway/handling.ts';
import type { Services } from '../../gateway/route.ts';
import type { FieldsOf } from '../../protocol/command.ts';
import { whyNotChargeable } from '../../protocol/currencies.ts';
import type { Money } from '../../protocol/money.ts';
import { addressesOf, checkAddress } from '../accounts/address-store.ts';
import { keptAddress } from '../orders/address-store.ts';
import { orderNumberOf } from '../orders/views.ts';
import { type Basket, basketOf, locateHolds, refuseChanged, refuseShort } from './basket.ts';
import { paymentTimesOf } from './payment-times.ts';
import { codesOf, priced } from './pricing.ts';
import {
  atQuotedPrices,
  claimCart,
  type Figures,
  figuresOf,
  refuseOther,
  takeQuote,
  uuidOf,
} from './quotes.ts';
import type { CheckoutRequest } from './schemas.ts';
import { areStandard, ratesOf } from './tables.ts';

export type Placing = FieldsOf<typeof placeOrder>;

/** What an order is placed with, or the order that the same request has placed before. */
type Prepared = { readonly placing: Placing } | { readonly placed: OrderView };

const standardMethods: readonly (string | undefined)[] = [undefined, 'standard', 'express'];

export async function prepared(
  services: Services,
  buyerId: string,
  orderId: string,
  body: CheckoutRequest,
): Promise<Prepared> {
  if (await isPlain(services, body)) return { placing: await plain(services, buyerId, orderId, body) };
  // A cart that was bought is empty: whoever asks again is told of the order.
  const before = await services.ask(readOrder, orderId, { buyerId });
  if (before.code === 'ok') return { placed: before.body };
  return { placing: await quoted(services, buyerId, orderId, body) };
}

async function isPlain(services: Services, body: CheckoutRequest): Promise<boolean> {
  const { cartId, quoteId, couponCodes = [], shippingMethod } = body;
  if (cartId !== undefined || quoteId !== undefined || couponCodes.length > 0) return false;
  return standardMethods.includes(shippingMethod) && areStandard(await ratesOf(services));
}

async function plain(
  services: Services,
  buyerId: string,
  orderId: string,
  body: CheckoutRequest,
): Promise<Placing> {
  const holds = await locateHolds(services, buyerId, body.holdIds);
  if (holds.length === 0) invalid('/holdIds', 'either this or cartId is required');
  checkTotal(holds);
  if (body.paymentMethod === undefined) invalid('/paymentMethod', 'is required');
  const address = await addressOf(services, buyerId, body);
  const terms = await termsOf(services, buyerId, orderId, body, address);
  const saleIds = holds.map(({ saleId }) => saleId);
  return {
    ...terms,
    holds: holds.map(({ holdId, sku }) => ({ holdId, sku })),
    paymentSeconds: await paymentTimesOf(services).secondsFor(saleIds),
  };
}

async function quoted(
  services: Services,
  buyerId: string,
  orderId: string,
  body: CheckoutRequest,
): Promise<Placing> {
  const { quoteId } = body;
  if (body.holdIds === undefined && body.cartId === undefined)
    invalid('/holdIds', 'either this or cartId is required');
  const [address, basket] = await Promise.all([
    addressOf(services, buyerId, body),
    basketOf(services, buyerId, body),
  ]);
  const figures = await (quoteId === undefined
    ? liveFigures(services, basket, address, body)
    : promisedFigures(services, basket, address, body, { quoteId, orderId }));
  if (figures.total.amount > 0 && body.paymentMethod === undefined) invalid('/paymentMethod', 'is required');
  await refuseShort(services, basket);
  if (basket.cart !== null) await claimCart(services, basket.cart, orderId);
  const terms = await termsOf(services, buyerId, orderId, body, address);
  const saleIds = basket.holds.length === 0 ? [null] : basket.holds.map(({ saleId }) => saleId);
  return {
    ...terms,
    shippingMethod: figures.method ?? terms.shippingMethod,
    ...linesOf(basket, figures, orderId),
    paymentSeconds: await paymentTimesOf(services).secondsFor(saleIds),
  };
}

async function liveFigures(
  services: Services,
  basket: Basket,
  address: ShippingAddress,
  body: CheckoutRequest,
): Promise<Figures> {
  refuseChanged(basket);
  const at = services.now();
  const codes = codesOf(basket, body.couponCodes);
  return figuresOf(
    await priced(services, basket, { address, method: body.shippingMethod ?? null, codes }, at),
    at,
  );
}

async function promisedFigures(
  services: Services,
  basket: Basket,
  address: ShippingAddress,
  body: CheckoutRequest,
  { quoteId, orderId }: { readonly quoteId: string; readonly orderId: string },
): Promise<Figures> {
  const kept = await takeQuote(services, basket.buyerId, quoteId, orderId);
  const method = body.shippingMethod ?? null;
  const codes = body.couponCodes === undefined ? null : codesOf(basket, body.couponCodes);
  refuseOther(kept, quoteId, basket, { address, method, codes });
  if (kept.address !== null && kept.figures.method !== null) return kept.figures;
  const { quotedAtMs } = kept.figures;
  const wanted = { address, method, codes: kept.codes };
  return figuresOf(await priced(services, atQuotedPrices(basket, kept), wanted, quotedAtMs), quotedAtMs);
}

/** The lines of the order, each with the id of a hold: of one that there is, or of one that the order will take. */
function linesOf(
  { lines, holds, cart, currency }: Basket,
  figures: Figures,
  orderId: string,
): Pick<OrderTerms, 'holds' | 'items' | 'quote' | 'coupons' | 'isCart'> {
  const holdIdOf = (lineId: string) =>
    holds.some(({ holdId }) => holdId === lineId) ? lineId : uuidOf(`${orderId} ${lineId}`);
  const items: OrderItem[] = lines.flatMap(({ lineId, holdId, sku, quantity, unitPrice }) =>
    holdId === null ? [{ holdId: holdIdOf(lineId), sku, quantity, unitPrice }] : [],
  );
  const { lines: kept, method: _, coupons, ...sums } = figures;
  const quote = {
    ...sums,
    lines: kept.map(({ lineId, sku: __, quantity: ___, ...line }) => ({ ...line, holdId: holdIdOf(lineId) })),
  };
  if (figures.total.currency !== currency) throw new Error(`a quote of a basket in ${currency}`);
  return {
    holds: holds.map(({ holdId, sku }) => ({ holdId, sku })),
    quote,
    ...(items.length > 0 && { items }),
    ...(coupons.length > 0 && { coupons: [...coupons] }),
    ...(cart !== null && { isCart: true }),
  };
}

async function termsOf(
  services: Services,
  buyerId: string,
  orderId: string,
  { shippingMethod, paymentMethod }: CheckoutRequest,
  address: ShippingAddress,
) {
  return {
    orderNumber: orderNumberOf(orderId),
    buyerId,
    shippingAddress: await keptAddress(services, { orderId, buyerId }, address),
    shippingMethod: shippingMethod ?? 'standard',
    // Only an order of nothing has none, and that one asks nobody to pay.
    paymentMethod: paymentMethod ?? 'none',
  };
}

/** The address that was sent, or the saved one that was named; null: neither. */
export async function addressIn(
  services: Services,
  buyerId: string,
  { shippingAddress, shippingAddressId }: Pick<CheckoutRequest, 'shippingAddress' | 'shippingAddressId'>,
): Promise<ShippingAddress | null> {
  if (shippingAddress !== undefined && shippingAddressId !== undefined)
    invalid('/shippingAddress', 'either this or shippingAddressId is required');
  if (shippingAddress !== undefined) {
    checkAddress(shippingAddress, '/shippingAddress');
    return shippingAddress;
  }
  if (shippingAddressId === undefined) return null;
  const {
    addressId: _,
    isDefault: __,
    ...address
  } = await addressesOf(services).read(buyerId, shippingAddressId);
  return address;
}

async function addressOf(
  services: Services,
  buyerId: string,
  body: CheckoutRequest,
): Promise<ShippingAddress> {
  const address = await addressIn(services, buyerId, body);
  return address ?? invalid('/shippingAddress', 'either this or shippingAddressId is required');
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
