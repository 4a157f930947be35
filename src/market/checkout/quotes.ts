/**
 * Quotes that a buyer was given, kept in the buyer's cart for 15 minutes, and the claim of a cart by an order.
 *
 * 1. A quote binds what is bought, at which prices, where to, how and with which codes, and serves one order. One that was given
 *    without an address binds prices and codes: taxes and shipping are added when the address is known.
 * 2. The address is kept as a hash of it and the quote's id: a journal cannot forget where somebody lives.
 * 3. A cart in one version is claimed by one order at a time: sent twice, from two tabs or by a double click, it is bought once.
 *    An order that came to nothing claims it no more.
 */
import { createHash } from 'node:crypto';
import { type CartView, saveQuote, useQuote } from '../../actors/cart/commands.ts';
import { type OrderQuote, readOrder, type ShippingAddress } from '../../actors/order/commands.ts';
import { accepted, invalid } from '../../gateway/handling.ts';
import { throwRefusal } from '../../gateway/problem.ts';
import type { Services } from '../../gateway/route.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import { prefixes } from '../../protocol/ids.ts';
import type { Money } from '../../protocol/money.ts';
import type { Quote } from '../pricing/quote.ts';
import type { Basket } from './basket.ts';
import type { Wanted } from './pricing.ts';

const lifeMs = 15 * 60_000;
/** Orders of one version of a cart that came to nothing, one after the other. */
const claimsMax = 20;

type KeptLine = Pick<
  OrderQuote['lines'][number],
  'unitPrice' | 'discount' | 'tax' | 'taxRate' | 'isTaxInclusive'
> & {
  readonly lineId: string;
  readonly sku: string;
  readonly quantity: number;
};

/** An order's figures; its lines are named by their ids in the basket. */
export type Figures = Omit<OrderQuote, 'lines'> & {
  readonly lines: readonly KeptLine[];
  readonly method: string | null;
  /** Keys of coupon actors. */
  readonly coupons: readonly string[];
};

interface KeptQuote {
  readonly figures: Figures;
  readonly codes: readonly string[];
  /** null: it was given without one. */
  readonly address: string | null;
}

export function figuresOf(quote: Quote, quotedAtMs: number): Figures {
  const { subtotal, discount, shipping, tax, rounding, total, method, shippingOptions } = quote;
  return {
    lines: quote.lines.map(
      ({ lineId, sku, quantity, unitPrice, discount: off, tax: { amount, rate, inclusive } }) => ({
        ...{ lineId, sku, quantity, unitPrice, discount: off },
        ...{ tax: amount, taxRate: rate, isTaxInclusive: inclusive },
      }),
    ),
    ...{ subtotal, discount, shipping, tax, rounding, total, method, quotedAtMs },
    maxDays: shippingOptions.find((option) => option.method === method)?.maxDays ?? 0,
    coupons: [...quote.codes, ...quote.promotions],
  };
}

/** Returns when it ends. */
export async function keepQuote(
  { ask }: Services,
  buyerId: string,
  quoteId: string,
  figures: Figures,
  { address, codes }: Wanted,
): Promise<number> {
  const expiresAtMs = figures.quotedAtMs + lifeMs;
  const body: KeptQuote = { figures, codes, address: address && addressDigest(quoteId, address) };
  accepted(await ask(saveQuote, buyerId, { quoteId, body, expiresAtMs }));
  return expiresAtMs;
}

function addressDigest(quoteId: string, address: ShippingAddress): string {
  const { name, line1, line2, city, state, postalCode, country } = address;
  const text = JSON.stringify([quoteId, name, line1, line2, city, state, postalCode, country]);
  return createHash('sha256').update(text).digest('base64url');
}

/** Takes the quote for this order. `price_changed` once it is over, `wrong_state` where another order has it. */
export async function takeQuote(
  { ask, now }: Services,
  buyerId: string,
  quoteId: string,
  orderId: string,
): Promise<KeptQuote> {
  const answer = await ask(useQuote, buyerId, { quoteId, orderId });
  const givenAtMs = Number.parseInt(quoteId.slice(4).replaceAll('-', '').slice(0, 12), 16);
  if (answer.code === 'not_found' && now() - givenAtMs >= lifeMs)
    throw new DoorbusterError('price_changed', 'The quote is over: ask for a new one', { lines: [] });
  // Written by `keepQuote`, and by nobody else.
  return accepted(answer).body as KeptQuote;
}

/** Refuses what the quote is not of: `price_changed` for other lines, 400 for another address, method or codes. */
export function refuseOther(
  { figures, codes, address }: KeptQuote,
  quoteId: string,
  { lines }: Basket,
  wanted: {
    readonly address: ShippingAddress;
    readonly method: string | null;
    readonly codes: readonly string[] | null;
  },
): void {
  const quoted = new Map(figures.lines.map((line) => [line.lineId, line]));
  const changed: { sku: string; old: Money | null; new: Money | null }[] = [];
  for (const { lineId, sku, quantity, unitPrice } of lines) {
    const line = quoted.get(lineId);
    quoted.delete(lineId);
    if (line?.quantity !== quantity) changed.push({ sku, old: line?.unitPrice ?? null, new: unitPrice });
  }
  for (const { sku, unitPrice } of quoted.values()) changed.push({ sku, old: unitPrice, new: null });
  if (changed.length > 0) throwRefusal({ code: 'price_changed', body: { lines: changed } });
  if (address !== null && address !== addressDigest(quoteId, wanted.address))
    invalid('/quoteId', 'is of another address');
  if (address !== null && wanted.method !== null && wanted.method !== figures.method)
    invalid('/quoteId', 'is of another shipping method');
  if (wanted.codes !== null && wanted.codes.join() !== codes.join())
    invalid('/quoteId', 'is of other coupon codes');
}

/** The basket at the prices that the quote promised. */
export function atQuotedPrices(basket: Basket, { figures }: KeptQuote): Basket {
  const priceById = new Map(figures.lines.map(({ lineId, unitPrice }) => [lineId, unitPrice]));
  const lines = basket.lines.map((line) => ({ ...line, unitPrice: priceById.get(line.lineId)! }));
  return { ...basket, lines };
}

/** Refuses with `wrong_state` {orderId} where another order of this version of the cart is under way, or is paid. */
export async function claimCart({ ask, now }: Services, cart: CartView, orderId: string): Promise<void> {
  const { accountId: buyerId, version } = cart;
  for (let nth = 0; nth < claimsMax; nth++) {
    const quoteId = `${prefixes.quote}_${uuidOf(`${buyerId} ${version} ${nth}`)}`;
    const claim = { quoteId, body: null, expiresAtMs: now() + lifeMs };
    accepted(await ask(saveQuote, buyerId, claim));
    const answer = await ask(useQuote, buyerId, { quoteId, orderId });
    if (answer.code !== 'wrong_state' && answer.code !== 'not_found') return void accepted(answer);
    const other = (answer.body as { orderId?: string } | null)?.orderId;
    if (other !== undefined && !(await hasFailed(ask, other, buyerId)))
      throwRefusal({ code: 'wrong_state', body: { orderId: other } });
  }
  throw new DoorbusterError(
    'busy',
    'Too many orders of this cart came to nothing: change it, or try again later',
  );
}

async function hasFailed(ask: Services['ask'], orderId: string, buyerId: string): Promise<boolean> {
  const answer = await ask(readOrder, orderId, { buyerId });
  return (
    answer.code === 'ok' &&
    ['payment_failed', 'expired', 'cancelled', 'refunded'].includes(answer.body.status)
  );
}

/** A UUID that follows from the text. */
export function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}
