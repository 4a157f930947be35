/** What a quote is made of besides coupons and rates. */
import type { Money } from '../../protocol/money.ts';

export interface QuoteLine {
  readonly lineId: string;
  readonly sku: string;
  readonly productId: string;
  readonly sellerId: string;
  /** A path. */
  readonly category: string | null;
  readonly quantity: number;
  /** Of one unit. */
  readonly weightGrams: number;
  /** Of one unit, in the quote's currency. */
  readonly unitPrice: Money;
}

/** A price for one buyer. */
export interface OfferTerms {
  readonly offerId: string;
  readonly sellerId: string;
  readonly sku: string;
  readonly offered:
    | { readonly kind: 'price'; readonly price: Money }
    | { readonly kind: 'percent'; readonly basisPoints: number };
  readonly startsAtMs: number | null;
  readonly endsAtMs: number | null;
  /** Its uses are counted by a coupon actor of the same id. */
  readonly isLimited: boolean;
}

export interface QuoteRefusal {
  readonly refused: 'coupon_not_applicable' | 'shipping_not_available' | 'validation_failed';
  readonly details: Readonly<Record<string, unknown>>;
}
