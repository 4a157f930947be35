/**
 * Reads the payment provider's webhook: whose order it is about and what became of the payment.
 *
 * 1. Nothing is read before the signature over the exact bytes is verified, in constant time, and young enough.
 * 2. The same event gives the same report: repeats and wrong order are the order actor's business.
 * 3. A signature says who sent the event, not what it looks like: versions of the provider's API differ. What cannot be read is
 *    refused, and kinds of events that nobody asks for are taken and forgotten, whatever they look like.
 */
import Stripe from 'stripe';
import type { PaymentReported } from '../../actors/order/commands.ts';
import { numberIn, textIn } from '../../protocol/command.ts';
import { fromProvider } from '../../protocol/currencies.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import { paymentIdCharsMax } from './schemas.ts';

export interface WebhookReport {
  /** null: the event does not say; the payment does. */
  readonly orderId: string | null;
  /** When the provider made the event; 0 when it does not say. */
  readonly createdAtMs: number;
  readonly report: PaymentReported;
}

function verified(
  rawBody: Uint8Array,
  signatureHeader: string,
  secret: string,
  toleranceSeconds: number,
): unknown {
  try {
    return Stripe.webhooks.constructEvent(Buffer.from(rawBody), signatureHeader, secret, toleranceSeconds);
  } catch (error) {
    // Bytes with a good signature that are no JSON cannot come from the provider either.
    throw new DoorbusterError(
      'invalid_signature',
      error instanceof Stripe.errors.StripeSignatureVerificationError
        ? 'The webhook was not signed with our secret, or too long ago.'
        : 'The webhook cannot be read.',
    );
  }
}

const intentStatus: Readonly<Record<string, PaymentReported['status']>> = {
  'payment_intent.amount_capturable_updated': 'authorized',
  'payment_intent.succeeded': 'captured',
  'payment_intent.canceled': 'voided',
  'payment_intent.payment_failed': 'declined',
};

/** Money of a payment has moved, or may have: what they are about names its payment. */
const moves: Readonly<Record<string, PaymentReported['status']>> = {
  'charge.refunded': 'refunded',
  'charge.refund.updated': 'refunded',
  'refund.created': 'refunded',
  'refund.updated': 'refunded',
  'refund.failed': 'refunded',
  'charge.dispute.created': 'disputed',
  'charge.dispute.updated': 'disputed',
  'charge.dispute.closed': 'disputed',
  'charge.dispute.funds_withdrawn': 'disputed',
  'charge.dispute.funds_reinstated': 'disputed',
};

/** null: an event of no interest. Throws DoorbusterError `invalid_signature`, `validation_failed`. A tolerance must be above 0. */
export function readWebhook(
  rawBody: Uint8Array,
  signatureHeader: string,
  secret: string,
  toleranceSeconds = 300,
): WebhookReport | null {
  const event = verified(rawBody, signatureHeader, secret, toleranceSeconds);
  const type = textIn(event, 'type');
  if (type === null) throw unreadable('/type', 'must be text');
  const subject = partOf(partOf(event, 'data'), 'object');
  const about = Object.hasOwn(intentStatus, type)
    ? intentReport(subject, intentStatus[type]!)
    : Object.hasOwn(moves, type)
      ? moveReport(subject, moves[type]!)
      : null;
  return about && { ...about, createdAtMs: (numberIn(event, 'created') ?? 0) * 1000 };
}

type About = Omit<WebhookReport, 'createdAtMs'>;

function intentReport(intent: unknown, status: PaymentReported['status']): About | null {
  const paymentId = idOf(intent, '/data/object/id');
  const orderId = textIn(partOf(intent, 'metadata'), 'orderId');
  // A payment without an order of ours was made by someone else with the same account.
  if (orderId === null) return null;
  const error = partOf(intent, 'last_payment_error');
  const declineCode = status === 'declined' ? (textIn(error, 'decline_code') ?? textIn(error, 'code')) : null;
  return { orderId, report: { type: 'PaymentReported', paymentId, status, declineCode } };
}

/** Of a charge, a refund or a dispute. */
function moveReport(subject: unknown, status: PaymentReported['status']): About | null {
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
  const orderId = textIn(partOf(subject, 'metadata'), 'orderId');
  return { orderId, report: { type: 'PaymentReported', paymentId, status, refunded } };
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
