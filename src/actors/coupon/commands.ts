/**
 * What a coupon can be asked. Its key is the code (upper case) or the id of a promotion or a personal offer that has a limit:
 * all three are counted alike. All times are engine milliseconds. A comment before a command lists its outcomes: the good
 * ones, then its refusals in order of precedence.
 */
import { commandsTo, type Sent } from '../../protocol/command.ts';
import type { Money } from '../../protocol/money.ts';

const command = commandsTo('coupon');

/** What it takes off the lines that it is for. */
export type Discount =
  /** Hundredths of a percent: 0 to 10000. */
  | { readonly kind: 'percent'; readonly basisPoints: number }
  /** In all, spread over the lines by value. */
  | { readonly kind: 'amount'; readonly amount: Money }
  | { readonly kind: 'free_shipping' };

/** Which lines it is for: those that fit each list that is there. */
export interface DiscountScope {
  readonly skus: readonly string[] | null;
  /** Paths: each with its branches. */
  readonly categories: readonly string[] | null;
  readonly sellerId: string | null;
}

export interface DiscountTerms {
  /** Whose lines it is for at most; null: the marketplace's own, for all. */
  readonly sellerId: string | null;
  readonly discount: Discount;
  /** How many orders may use it, in all and of one buyer. */
  readonly limit: number | null;
  readonly limitPerBuyer: number | null;
  readonly startsAtMs: number | null;
  readonly endsAtMs: number | null;
  /** What the lines that it is for must cost together, before discounts. */
  readonly minimumSubtotal: Money | null;
  readonly scope: DiscountScope;
  readonly stackable: boolean;
  /** The higher is applied first. */
  readonly priority: number;
}

export interface CouponTerms extends DiscountTerms {
  readonly code: string;
}

export interface PromotionTerms extends DiscountTerms {
  readonly promotionId: string;
}

export type CouponKind = 'coupon' | 'promotion' | 'offer';

/** created | ok (same again) | exists_with_different. One that was removed may be defined anew, and counts from 0. */
export const defineCoupon = command('DefineCoupon')
  .takes<{ kind: CouponKind; terms: DiscountTerms }>()
  .answers<CouponView>();
export type DefineCoupon = Sent<typeof defineCoupon>;

/**
 * `sellerId`: whose it must be; null: anybody's. `versions`: those that the change may be based on; null: any. What is taken
 * stays taken, whatever the terms are now. ok | not_found | stale_version.
 */
export const changeCoupon = command('ChangeCoupon')
  .takes<{ sellerId: string | null; versions: readonly string[] | null; terms: DiscountTerms }>()
  .answers<CouponView>();
export type ChangeCoupon = Sent<typeof changeCoupon>;

/** ok | not_found | stale_version. */
export const removeCoupon = command('RemoveCoupon')
  .takes<{ sellerId: string | null; versions: readonly string[] | null }>()
  .answers<null>();
export type RemoveCoupon = Sent<typeof removeCoupon>;

/** `sellerId`: whose it must be; null: anybody's. ok | not_found. */
export const readCoupon = command('ReadCoupon').takes<{ sellerId: string | null }>().answers<CouponView>();
export type ReadCoupon = Sent<typeof readCoupon>;

/**
 * Whether an order of this buyer could take it now; nothing is taken. ok | unknown_coupon | coupon_not_applicable
 * {reason: not_started | ended | buyer_limit} | coupon_exhausted.
 */
export const checkCoupon = command('CheckCoupon').takes<{ buyerId: string }>().answers<CouponView>();
export type CheckCoupon = Sent<typeof checkCoupon>;

/**
 * One use for this order. `quotedAtMs`: when the buyer was promised it, where that was before; it must have been valid then.
 * created | ok (taken before) | wrong_state (given back before) | unknown_coupon | coupon_not_applicable {reason:
 * not_started | ended | buyer_limit} | coupon_exhausted.
 */
export const takeCoupon = command('TakeCoupon')
  .takes<{ orderId: string; buyerId: string; quotedAtMs?: number | null }>()
  .answers<null>();
export type TakeCoupon = Sent<typeof takeCoupon>;

/** The order is paid: what it took is used. ok, whatever was before. */
export const commitCoupon = command('CommitCoupon').takes<{ orderId: string }>().answers<null>();
export type CommitCoupon = Sent<typeof commitCoupon>;

/** The order is over without a purchase, or was cancelled: its use is given back, also after commit. ok, whatever was before. */
export const releaseCoupon = command('ReleaseCoupon').takes<{ orderId: string }>().answers<null>();
export type ReleaseCoupon = Sent<typeof releaseCoupon>;

export interface CouponView {
  readonly key: string;
  readonly kind: CouponKind;
  readonly terms: DiscountTerms;
  /** By orders that are paid. */
  readonly used: number;
  /** By orders that are not paid yet. */
  readonly reserved: number;
  readonly createdAtMs: number;
  /** Counts up with every change of the terms. */
  readonly version: number;
}

export type CouponCommands =
  | typeof defineCoupon
  | typeof changeCoupon
  | typeof removeCoupon
  | typeof readCoupon
  | typeof checkCoupon
  | typeof takeCoupon
  | typeof commitCoupon
  | typeof releaseCoupon;
export type CouponCommand = Sent<CouponCommands>;
