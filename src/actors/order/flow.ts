/**
 * The checkout saga as one table: for each status, what is asked of every line's hold and of the payment, what a
 * cancellation does, and where the order may go. All pending messages of an order are read from here.
 *
 *   pending -> authorizing -> committing -> confirmed          forward
 *   pending, authorizing, committing -> an undone status       undo what was taken
 *   confirmed -> cancelled -> refunded                         the buyer cancels
 *   confirmed -> refunded                                      others gave all of the money back
 *   refunded -> cancelled                                      the refund failed: the money is still here
 *
 * 1. Money moves last: capture stands in `committing` alone, and pending.ts asks for it only once every line's hold is
 *    committed.
 * 2. An undone order still asks what became of an unanswered AttachHold or RetakeHold, because only a hold that is
 *    known to be taken can be released; then it releases it. Nothing else is started.
 * 3. A line step or payment step without an entry asks for nothing: an order at rest has no pending messages.
 */
import type { OrderStatus } from './commands.ts';

/** `asked`: AttachHold is out. `lost`: the hold ended after payment, RetakeHold is out. `refused`: nothing was taken. */
export type LineStep = 'asked' | 'refused' | 'taken' | 'lost' | 'committed' | 'released';
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

export type LineAsk = 'attach' | 'commit' | 'retake' | 'release';
export type PaymentAsk = 'authorize' | 'capture' | 'void' | 'refund';

interface Flow {
  readonly lines: Readonly<Partial<Record<LineStep, LineAsk>>>;
  readonly payment: Readonly<Partial<Record<PaymentStep, PaymentAsk>>>;
  /** The order expires when its payment time ends in this status. */
  readonly isTimed: boolean;
  /** What CancelOrder does: undo, nothing (it is over as wished), or refuse with `wrong_state`. */
  readonly cancel: 'undo' | 'repeat' | 'refuse';
  readonly next: readonly OrderStatus[];
}

const undone = {
  lines: { asked: 'attach', lost: 'retake', taken: 'release', committed: 'release' },
  payment: { asked: 'void', authorized: 'void', captured: 'refund' },
  isTimed: false,
} as const;

const fulfilled = { lines: {}, payment: {}, isTimed: false, cancel: 'refuse' } as const;

export const orderFlow: Readonly<Record<OrderStatus, Flow>> = {
  pending: {
    lines: { asked: 'attach' },
    payment: {},
    isTimed: true,
    cancel: 'undo',
    next: ['authorizing', 'expired', 'cancelled'],
  },
  authorizing: {
    lines: {},
    payment: { asked: 'authorize' },
    isTimed: true,
    cancel: 'undo',
    next: ['committing', 'payment_failed', 'expired', 'cancelled'],
  },
  committing: {
    lines: { taken: 'commit', lost: 'retake' },
    payment: { authorized: 'capture' },
    isTimed: false,
    cancel: 'refuse',
    next: ['confirmed', 'payment_failed', 'cancelled'],
  },
  confirmed: {
    lines: {},
    payment: {},
    isTimed: false,
    cancel: 'undo',
    next: ['cancelled', 'refunded', 'shipped'],
  },
  payment_failed: { ...undone, cancel: 'refuse', next: [] },
  expired: { ...undone, cancel: 'refuse', next: [] },
  cancelled: { ...undone, cancel: 'repeat', next: ['refunded'] },
  refunded: { ...undone, cancel: 'repeat', next: ['cancelled'] },
  shipped: { ...fulfilled, next: ['delivered'] },
  delivered: { ...fulfilled, next: ['returned'] },
  returned: { ...fulfilled, next: ['refunded'] },
};
