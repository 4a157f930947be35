/**
 * The checkout saga as one table: for each status, what is asked of every line's hold, of every coupon and of the payment, what a
 * cancellation does, and where the order may go. All pending messages of an order are read from here.
 *
 *   pending -> authorizing -> committing -> confirmed          forward
 *   pending -> committing                                      nothing is to be paid
 *   pending, authorizing, committing -> an undone status       undo what was taken
 *   confirmed -> cancelled -> refunded                         the buyer cancels
 *   confirmed -> refunded                                      others gave all of the money back
 *   refunded -> cancelled                                      the refund failed: the money is still here
 *
 * 1. Money moves last: capture stands in `committing` alone, and pending.ts asks for it only once every line's hold is
 *    committed.
 * 2. An undone order still asks what became of an unanswered AttachHold, TakeStock or RetakeHold, because only a hold that is known
 *    to be taken can be released; then it releases it. A coupon it gives back in any case: a TakeCoupon that comes after that is
 *    refused. Nothing else is started.
 * 3. Everything of a status is asked at once and answered at once: no line waits for another, so orders of the same SKUs in any
 *    order never wait for each other. Only holds wait (in the step `waiting`) until all items and coupons are taken, because a hold
 *    that an order gives up is lost to its buyer.
 * 4. A line step or payment step without an entry asks for nothing: an order at rest has no pending messages.
 */
import type { OrderStatus } from './commands.ts';

/**
 * `wanted`: TakeStock is out. `waiting`: a hold that is asked for after items and coupons. `asked`: AttachHold is out. `lost`: the
 * hold ended after payment, RetakeHold is out. `refused`: nothing was taken.
 */
export type LineStep =
  | 'wanted'
  | 'waiting'
  | 'asked'
  | 'refused'
  | 'taken'
  | 'lost'
  | 'committed'
  | 'released';
/** `wanted`: TakeCoupon is out. */
export type CouponStep = 'wanted' | 'refused' | 'taken' | 'committed' | 'released';
/**
 * `asked`: the provider may have authorised or not. `failed`: it has not, for good. `refund_failed`: the order is undone and its
 * money still here, because the buyer's bank sent it back; another refund would go the same way, so people decide.
 */
export type PaymentStep =
  | 'none'
  | 'asked'
  | 'authorized'
  | 'captured'
  | 'declined'
  | 'failed'
  | 'voided'
  | 'refunded'
  | 'refund_failed';

export type LineAsk = 'take' | 'attach' | 'commit' | 'retake' | 'release';
export type CouponAsk = 'take' | 'commit' | 'release';
export type PaymentAsk = 'authorize' | 'capture' | 'void' | 'refund';

interface Flow {
  readonly lines: Readonly<Partial<Record<LineStep, LineAsk>>>;
  readonly coupons: Readonly<Partial<Record<CouponStep, CouponAsk>>>;
  readonly payment: Readonly<Partial<Record<PaymentStep, PaymentAsk>>>;
  /** The buyer's cart is told what was bought. */
  readonly tellsCart: boolean;
  /** The order expires when its payment time ends in this status. */
  readonly isTimed: boolean;
  /** What CancelOrder does: undo, nothing (it is over as wished), or refuse with `wrong_state`. */
  readonly cancel: 'undo' | 'repeat' | 'refuse';
  readonly next: readonly OrderStatus[];
}

const undone = {
  lines: { wanted: 'take', asked: 'attach', lost: 'retake', taken: 'release', committed: 'release' },
  coupons: { wanted: 'release', refused: 'release', taken: 'release', committed: 'release' },
  payment: { asked: 'void', authorized: 'void', captured: 'refund' },
  tellsCart: false,
  isTimed: false,
} as const;

const bought = {
  lines: {},
  coupons: { taken: 'commit' },
  payment: {},
  tellsCart: true,
  isTimed: false,
} as const;
const fulfilled = { ...bought, cancel: 'refuse' } as const;

export const orderFlow: Readonly<Record<OrderStatus, Flow>> = {
  pending: {
    lines: { wanted: 'take', asked: 'attach' },
    coupons: { wanted: 'take' },
    payment: {},
    tellsCart: false,
    isTimed: true,
    cancel: 'undo',
    next: ['authorizing', 'committing', 'expired', 'cancelled'],
  },
  authorizing: {
    lines: {},
    coupons: {},
    payment: { asked: 'authorize' },
    tellsCart: false,
    isTimed: true,
    cancel: 'undo',
    next: ['committing', 'payment_failed', 'expired', 'cancelled'],
  },
  committing: {
    lines: { taken: 'commit', lost: 'retake' },
    coupons: { taken: 'commit' },
    payment: { authorized: 'capture' },
    tellsCart: false,
    isTimed: false,
    cancel: 'refuse',
    next: ['confirmed', 'payment_failed', 'cancelled'],
  },
  confirmed: { ...bought, cancel: 'undo', next: ['cancelled', 'refunded', 'shipped'] },
  payment_failed: { ...undone, cancel: 'refuse', next: [] },
  expired: { ...undone, cancel: 'refuse', next: [] },
  cancelled: { ...undone, cancel: 'repeat', next: ['refunded'] },
  refunded: { ...undone, cancel: 'repeat', next: ['cancelled'] },
  shipped: { ...fulfilled, next: ['delivered'] },
  delivered: { ...fulfilled, next: ['returned'] },
  returned: { ...fulfilled, next: ['refunded'] },
};
