/**
 * Reads the payment provider's events, from a webhook or from its list: which payment they are about and what became of it.
 *
 * 1. The same event gives the same report: repeats and wrong order are the order actor's business.
 * 2. Versions of the provider's API differ. What cannot be read is refused, and kinds of events that nobody asks for are taken and
 *    forgotten, whatever they look like.
 */
import type { PaymentReported } from '../../actors/order/commands.ts';
import { numberIn, textIn } from '../../protocol/command.ts';
import { fromProvider } from '../../protocol/currencies.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import { paymentIdCharsMax } from './schemas.ts';

export interface ProviderReport {
  /**
   * Of a payment itself: it was made for this order. Of money that moved: what somebody wrote on the refund, the dispute or the
   * charge, in the provider's dashboard perhaps; the payment says whose it is.
   */
  readonly orderId: string | null;
  readonly isMove: boolean;
  /** When the provider made the event; 0 when it does not say. */
  readonly createdAtMs: number;
  readonly report: PaymentReported;
}

type Status = PaymentReported['status'];

const intentStatus: ReadonlyMap<string, Status> = new Map([
  ['payment_intent.amount_capturable_updated', 'authorized'],
  ['payment_intent.succeeded', 'captured'],
  ['payment_intent.canceled', 'voided'],
  ['payment_intent.payment_failed', 'declined'],
]);

/** Money of a payment has moved, or may have: what they are about names its payment. */
const moveStatus: ReadonlyMap<string, Status> = new Map([
  ['charge.refunded', 'refunded'],
  ['charge.refund.updated', 'refunded'],
  ['refund.created', 'refunded'],
  ['refund.updated', 'refunded'],
  ['refund.failed', 'refund_failed'],
  ['charge.dispute.created', 'disputed'],
  ['charge.dispute.updated', 'disputed'],
  ['charge.dispute.closed', 'disputed'],
  ['charge.dispute.funds_withdrawn', 'disputed'],
  ['charge.dispute.funds_reinstated', 'disputed'],
]);

export const moveTypes: readonly string[] = [...moveStatus.keys()];

/** Whether a refund in this state has not reached the buyer, for good. */
export function hasFailed(refundStatus: string | null): boolean {
  return refundStatus === 'failed' || refundStatus === 'canceled';
}

/** null: an event of no interest. Throws DoorbusterError `validation_failed`. */
export function readEvent(event: unknown): ProviderReport | null {
  const type = textIn(event, 'type');
  if (type === null) throw unreadable('/type', 'must be text');
  const subject = partOf(partOf(event, 'data'), 'object');
  const createdAtMs = (numberIn(event, 'created') ?? 0) * 1000;
  const made = intentStatus.get(type);
  if (made !== undefined) return intentReport(subject, made, createdAtMs);
  const moved = moveStatus.get(type);
  return moved === undefined ? null : moveReport(subject, moved, createdAtMs);
}

function intentReport(intent: unknown, status: Status, createdAtMs: number): ProviderReport | null {
  const paymentId = idOf(intent, '/data/object/id');
  const orderId = orderIdIn(intent);
  // A payment without an order of ours was made by someone else with the same account.
  if (orderId === null) return null;
  const error = partOf(intent, 'last_payment_error');
  const declineCode = status === 'declined' ? (textIn(error, 'decline_code') ?? textIn(error, 'code')) : null;
  const report: PaymentReported = { type: 'PaymentReported', paymentId, status, declineCode };
  return { orderId, isMove: false, createdAtMs, report };
}

/** Of a charge, a refund or a dispute. */
function moveReport(subject: unknown, moved: Status, createdAtMs: number): ProviderReport | null {
  const payment = partOf(subject, 'payment_intent');
  if (typeof subject !== 'object' || subject === null) throw unreadable('/data/object', 'must be an object');
  // A charge that no payment intent made is none of ours.
  if (payment === null || payment === undefined) return null;
  const paymentId = idOf(
    typeof payment === 'string' ? { id: payment } : payment,
    '/data/object/payment_intent',
  );
  const amount = numberIn(subject, 'amount_refunded');
  const currency = textIn(subject, 'currency');
  const refunded = amount === null || currency === null ? null : fromProvider(amount, currency);
  // Only a refund is ever in such a state.
  const status = moved === 'refunded' && hasFailed(textIn(subject, 'status')) ? 'refund_failed' : moved;
  const report: PaymentReported = { type: 'PaymentReported', paymentId, status, refunded };
  return { orderId: orderIdIn(subject), isMove: true, createdAtMs, report };
}

function orderIdIn(subject: unknown): string | null {
  return textIn(partOf(subject, 'metadata'), 'orderId');
}

function partOf(whole: unknown, name: string): unknown {
  return typeof whole === 'object' && whole !== null ? Reflect.get(whole, name) : null;
}

function idOf(object: unknown, path: string): string {
  const id = textIn(object, 'id');
  if (id === null || id === '' || id.length > paymentIdCharsMax) throw unreadable(path, 'must be an id');
  return id;
}

function unreadable(path: string, message: string): DoorbusterError {
  return new DoorbusterError('validation_failed', `The event cannot be read: ${path} ${message}`, {
    errors: [{ path, message }],
  });
}
