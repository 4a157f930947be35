/**
 * What an order costs, each figure explained line by line: a pure function of the lines, where they go, the discounts, the
 * tables of rates and the instant. All amounts are whole minor units of one currency.
 *
 * 1. lineTotal = unitPrice × quantity; taxable = lineTotal − discount; total = subtotal − discount + shipping + exclusive tax
 *    + rounding. `tax` sums what all lines contain or add.
 * 2. Each amount is rounded once, half away from zero, per line and discount; the total to the provider's step, half up.
 * 3. The order of the lines changes nothing.
 */
import type { CouponTerms, PromotionTerms } from '../../actors/coupon/commands.ts';
import { type Money, money, sum } from '../../protocol/money.ts';
import { roundedToStep, taxOf } from './amounts.ts';
import { type Applied, applyDiscounts, couponRefusal, type DiscountedLine } from './discounts.ts';
import {
  type Destination,
  type ShippingOption,
  type ShippingRate,
  shippingOptions,
  type TaxRate,
  taxFor,
} from './rates.ts';
import type { OfferTerms, QuoteLine, QuoteRefusal } from './terms.ts';

export interface QuoteInput {
  readonly currency: string;
  readonly lines: readonly QuoteLine[];
  /** null: not known yet; then neither tax nor shipping is in the figures. */
  readonly destination: Destination | null;
  readonly method: string | null;
  readonly codes: readonly CouponTerms[];
  readonly promotions: readonly PromotionTerms[];
  readonly offers: readonly OfferTerms[];
  readonly rates: { readonly tax: readonly TaxRate[]; readonly shipping: readonly ShippingRate[] };
  /** What one unit of another currency is in this one, as a decimal; what has no rate does not apply. */
  readonly exchange?: Readonly<Record<string, string>>;
  readonly buyerId: string;
  /** Engine time. */
  readonly at: number;
}

export interface QuotedLine {
  readonly lineId: string;
  readonly sku: string;
  readonly sellerId: string;
  readonly quantity: number;
  readonly unitPrice: Money;
  readonly lineTotal: Money;
  readonly discounts: readonly { readonly source: string; readonly amount: Money }[];
  readonly discount: Money;
  readonly taxable: Money;
  readonly tax: { readonly rate: string; readonly amount: Money; readonly inclusive: boolean };
}

export interface Quote {
  readonly currency: string;
  readonly lines: readonly QuotedLine[];
  readonly shippingOptions: readonly ShippingOption[];
  /** null: none was chosen, or it is not known where to. */
  readonly method: string | null;
  /** Whom the shipping is paid to: the seller of the largest part. */
  readonly shippingSellerId: string;
  readonly subtotal: Money;
  readonly discount: Money;
  readonly shipping: Money;
  readonly tax: Money;
  readonly rounding: Money;
  readonly total: Money;
  /** Applied codes. */
  readonly codes: readonly string[];
  /** Applied promotions and offers that have a limit: their uses are to be taken as those of codes are. */
  readonly promotions: readonly string[];
}

/** The line's part of the total: what the buyer gets back for all its units. */
export function worthOf({
  lineTotal,
  discount,
  tax,
}: Pick<QuotedLine, 'lineTotal' | 'discount' | 'tax'>): Money {
  const added = tax.inclusive ? 0 : tax.amount.amount;
  return money(lineTotal.amount - discount.amount + added, lineTotal.currency);
}

/** What `units` of a line are worth after `before` of its `quantity` have gone back: the last unit takes the remainder. */
export function worthOfUnits(worth: Money, quantity: number, before: number, units: number): Money {
  const each = Math.floor(worth.amount / quantity);
  const isLast = before + units === quantity;
  return money(units * each + (isLast ? worth.amount - quantity * each : 0), worth.currency);
}

/** The seller of the largest part after discounts; of equal ones the first by id. */
function largestSeller(lines: readonly DiscountedLine[]): string {
  const leftBySeller = new Map<string, number>();
  for (const { line, left } of lines)
    leftBySeller.set(line.sellerId, (leftBySeller.get(line.sellerId) ?? 0) + left);
  return [...leftBySeller].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))[0]![0];
}

/** Whether shipping is free by it. A seller's own makes only that free which is paid to this seller. */
function frees({ terms }: Applied, payee: string): boolean {
  const owner = terms.sellerId ?? terms.scope.sellerId;
  return terms.discount.kind === 'free_shipping' && (owner === null || owner === payee);
}

interface Shipping {
  readonly options: readonly ShippingOption[];
  readonly chosen: ShippingOption | null;
  /** What it would cost without those that make it free. */
  readonly fullAmount: number;
}

function shippingOf(input: QuoteInput, isFree: boolean): Shipping | QuoteRefusal {
  const { destination, method, currency, lines, rates, exchange = {} } = input;
  if (destination === null) return { options: [], chosen: null, fullAmount: 0 };
  const grams = lines.reduce((all, { weightGrams, quantity }) => all + weightGrams * quantity, 0);
  const full = shippingOptions(rates.shipping, destination.country, grams, currency, exchange);
  const options = isFree ? full.map((option) => ({ ...option, amount: money(0, currency) })) : full;
  if (method === null) return { options, chosen: null, fullAmount: 0 };
  const at = options.findIndex((option) => option.method === method);
  if (at < 0)
    return {
      refused: 'shipping_not_available',
      details: { method, country: destination.country, offered: options.map((option) => option.method) },
    };
  return { options, chosen: options[at]!, fullAmount: full[at]!.amount.amount };
}

function quoted({ line, lineTotal, left, discounts }: DiscountedLine, input: QuoteInput): QuotedLine {
  const { currency, destination, rates } = input;
  const { lineId, sku, sellerId, quantity, unitPrice } = line;
  const { rate, inclusive } =
    destination === null ? { rate: '0', inclusive: false } : taxFor(rates.tax, destination, line.category);
  return {
    ...{ lineId, sku, sellerId, quantity, unitPrice },
    lineTotal: money(lineTotal, currency),
    discounts: discounts.map(({ source, amount }) => ({ source, amount: money(amount, currency) })),
    discount: money(lineTotal - left, currency),
    taxable: money(left, currency),
    tax: { rate, amount: money(taxOf(left, rate, inclusive), currency), inclusive },
  };
}

/** Those with a limit that changed a figure. */
function limitedOf(
  applied: readonly Applied[],
  offers: readonly OfferTerms[],
  lines: readonly QuotedLine[],
  isShippingFreed: (each: Applied) => boolean,
): string[] {
  const sources = new Set(lines.flatMap(({ discounts }) => discounts.map(({ source }) => source)));
  const promotions = applied.filter(
    (each) =>
      each.kind === 'promotion' &&
      (each.terms.limit !== null || each.terms.limitPerBuyer !== null) &&
      (sources.has(`promotion ${each.key}`) || isShippingFreed(each)),
  );
  return [
    ...promotions.map(({ key }) => key),
    ...offers
      .filter(({ offerId, isLimited }) => isLimited && sources.has(`offer ${offerId}`))
      .map(({ offerId }) => offerId),
  ].sort();
}

/** `lines`: at least one, all in `currency`. */
export function quoteOf(input: QuoteInput): Quote | QuoteRefusal {
  const { currency, codes, promotions, offers, at, exchange = {} } = input;
  const worked = input.lines.map((line): DiscountedLine => {
    if (line.unitPrice.currency !== currency) throw new Error(`${line.sku} is not priced in ${currency}`);
    const lineTotal = line.unitPrice.amount * line.quantity;
    return { line, lineTotal, left: lineTotal, discounts: [] };
  });
  const subtotal = worked.reduce((all, { lineTotal }) => all + lineTotal, 0);
  if (!Number.isSafeInteger(subtotal))
    return { refused: 'validation_failed', details: { reason: 'too_much' } };
  const applied = applyDiscounts(worked, codes, promotions, offers, { currency, at, exchange });
  if ('refused' in applied) return applied;
  const shippingSellerId = largestSeller(worked);
  const foreign = applied.find(
    (each) =>
      each.kind === 'coupon' &&
      each.terms.discount.kind === 'free_shipping' &&
      !frees(each, shippingSellerId),
  );
  if (foreign !== undefined) return couponRefusal(foreign.key, 'other_seller');
  const shipping = shippingOf(
    input,
    applied.some((each) => frees(each, shippingSellerId)),
  );
  if ('refused' in shipping) return shipping;
  const lines = worked.map((each) => quoted(each, input));
  const chosen = shipping.chosen?.amount ?? money(0, currency);
  const exact = sum(currency, [...lines.map(worthOf), chosen]);
  const total = roundedToStep(exact);
  return {
    currency,
    lines,
    shippingOptions: shipping.options,
    method: shipping.chosen?.method ?? null,
    shippingSellerId,
    subtotal: money(subtotal, currency),
    discount: sum(
      currency,
      lines.map(({ discount }) => discount),
    ),
    shipping: chosen,
    tax: sum(
      currency,
      lines.map(({ tax }) => tax.amount),
    ),
    rounding: money(total.amount - exact.amount, currency),
    total,
    codes: codes.map(({ code }) => code).toSorted(),
    promotions: limitedOf(
      applied,
      offers,
      lines,
      (each) => shipping.fullAmount > 0 && frees(each, shippingSellerId),
    ),
  };
}
