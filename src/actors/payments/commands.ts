/**
 * What is asked of the payment provider for one order. No actor serves these commands but the back office. All times
 * are engine milliseconds. A comment before a command lists its outcomes, ok first.
 *
 * 1. Answers are final: the back office retries with the same idempotency key until the provider has said yes or no.
 * 2. Calls for one order are made one after the other.
 */
import { commandsTo, type Sent } from '../../protocol/command.ts';
import type { Money } from '../../protocol/money.ts';

const command = commandsTo('payments');

/** ok {paymentId} | payment_declined {paymentId, declineCode} | payment_failed {reason}. */
export const authorizePayment = command('AuthorizePayment')
  .takes<{
    orderId: string;
    buyerId: string;
    amount: Money;
    paymentMethod: string;
    /** `<orderId>:authorize`. */
    idempotencyKey: string;
    /** Engine ms after which an authorisation is no longer wanted: stop retrying, find out and void it. */
    untilMs: number;
  }>()
  .answers<{ paymentId: string }>();
export type AuthorizePayment = Sent<typeof authorizePayment>;

/** ok {paymentId} (also when captured before) | payment_failed {reason}. */
export const capturePayment = command('CapturePayment')
  .takes<{
    orderId: string;
    paymentId: string;
    amount: Money;
    idempotencyKey: string;
  }>()
  .answers<{ paymentId: string }>();
export type CapturePayment = Sent<typeof capturePayment>;

/** Cancels an authorisation; `paymentId` null: whatever the authorize call of this order made, if anything. ok. */
export const voidPayment = command('VoidPayment')
  .takes<{
    orderId: string;
    paymentId: string | null;
    idempotencyKey: string;
  }>()
  .answers<{ paymentId: string | null }>();
export type VoidPayment = Sent<typeof voidPayment>;

/** Gives back whatever is left of `amount`, which is all that was taken. ok | payment_failed {reason}: the refund failed. */
export const refundPayment = command('RefundPayment')
  .takes<{
    orderId: string;
    paymentId: string;
    amount: Money;
    idempotencyKey: string;
  }>()
  .answers<{ paymentId: string }>();
export type RefundPayment = Sent<typeof refundPayment>;

/**
 * Reads what has become of a payment, by whomever. ok: `captured` is what was taken, `refunded` all that went back so far and
 * did not come back, `disputed` what a bank has taken back or holds back | payment_failed {reason}: the provider does not know the payment.
 */
export const examinePayment = command('ExaminePayment')
  .takes<{
    orderId: string;
    paymentId: string;
    idempotencyKey: string;
  }>()
  .answers<{ captured: Money; refunded: Money; disputed: Money | null }>();
export type ExaminePayment = Sent<typeof examinePayment>;

export type PaymentCommands =
  | typeof authorizePayment
  | typeof capturePayment
  | typeof voidPayment
  | typeof refundPayment
  | typeof examinePayment;
export type PaymentCommand = Sent<PaymentCommands>;
