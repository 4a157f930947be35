/** What the coupon actor remembers: its terms, who uses it, and what became of the latest orders that wanted it. */
import type { CouponKind, DiscountTerms } from './commands.ts';

export interface Take {
  /** null of one that was given back before it was taken. */
  readonly buyerId: string | null;
  readonly state: 'reserved' | 'used' | 'released';
}

export interface Definition {
  readonly kind: CouponKind;
  readonly terms: DiscountTerms;
  readonly createdAtMs: number;
}

export interface CouponState {
  readonly key: string;
  /** null while it is not defined, or removed. */
  definition: Definition | null;
  version: number;
  used: number;
  reserved: number;
  /** By order, the earliest first. The oldest that are over are forgotten beyond `takesMax`. */
  readonly takeByOrder: Map<string, Take>;
  /** How often each buyer uses it; empty where there is no limit for one. */
  readonly countByBuyer: Map<string, number>;
}

/**
 * So many orders are remembered at most: one that was paid and is cancelled after so many others gets no use given back. No
 * more than these are reserved at once.
 */
export const takesMax = 20_000;
/** So many buyers are counted at most: a coupon with a limit a buyer is exhausted after them. */
export const buyersMax = 50_000;

export function initialCoupon(key: string): CouponState {
  return {
    key,
    definition: null,
    version: 0,
    used: 0,
    reserved: 0,
    takeByOrder: new Map(),
    countByBuyer: new Map(),
  };
}
