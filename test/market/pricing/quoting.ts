/** Quotes in tests: a line, a code or a promotion with what a case does not name. */
import type { CouponTerms, DiscountTerms, PromotionTerms } from '../../../src/actors/coupon/commands.ts';
import { type Quote, type QuoteInput, quoteOf } from '../../../src/market/pricing/quote.ts';
import type { OfferTerms, QuoteLine } from '../../../src/market/pricing/terms.ts';

export const usd = (amount: number) => ({ amount, currency: 'USD' });

export function lineOf(
  sku: string,
  amount: number,
  { currency = 'USD', ...change }: Partial<QuoteLine> & { currency?: string } = {},
): QuoteLine {
  return {
    ...{ lineId: `line-${sku}`, sku, productId: `prd_${sku}`, sellerId: 'acc_a', category: null },
    ...{ quantity: 1, weightGrams: 0, unitPrice: { amount, currency } },
    ...change,
  };
}

function discountTerms(change: Partial<DiscountTerms>): DiscountTerms {
  return {
    ...{
      sellerId: null,
      discount: { kind: 'percent', basisPoints: 1_000 },
      limit: null,
      limitPerBuyer: null,
    },
    ...{ startsAtMs: null, endsAtMs: null, minimumSubtotal: null },
    ...{ scope: { skus: null, categories: null, sellerId: null }, stackable: true, priority: 0 },
    ...change,
  };
}

export const percent = (hundredths: number) => ({ kind: 'percent', basisPoints: hundredths }) as const;
export const off = (amount: number, currency = 'USD') =>
  ({ kind: 'amount', amount: { amount, currency } }) as const;
export const freeShipping = { kind: 'free_shipping' } as const;

export const codeOf = (code: string, change: Partial<DiscountTerms> = {}): CouponTerms => ({
  ...{ code },
  ...discountTerms(change),
});
export const promotionOf = (promotionId: string, change: Partial<DiscountTerms> = {}): PromotionTerms => ({
  ...{ promotionId },
  ...discountTerms(change),
});
export const offerOf = (offerId: string, sku: string, change: Partial<OfferTerms>): OfferTerms => ({
  ...{ offerId, sku, sellerId: 'acc_a', offered: percent(5_000), startsAtMs: null, endsAtMs: null },
  ...{ isLimited: false },
  ...change,
});

export const inputOf = (lines: readonly QuoteLine[], change: Partial<QuoteInput> = {}): QuoteInput => ({
  ...{ currency: 'USD', lines, destination: { country: 'US' }, method: 'standard', codes: [] },
  ...{ promotions: [], offers: [], rates: { tax: [], shipping: [] }, buyerId: 'acc_buyer', at: 1_000 },
  ...change,
});

/** The quote, which is not refused. */
export function quote(lines: readonly QuoteLine[], change: Partial<QuoteInput> = {}): Quote {
  const result = quoteOf(inputOf(lines, change));
  if ('refused' in result) throw new Error(`refused: ${JSON.stringify(result)}`);
  return result;
}

/** The figures of a quote as plain numbers. */
export function figures({ subtotal, discount, shipping, tax, rounding, total }: Quote) {
  return {
    ...{ subtotal: subtotal.amount, discount: discount.amount, shipping: shipping.amount },
    ...{ tax: tax.amount, rounding: rounding.amount, total: total.amount },
  };
}
