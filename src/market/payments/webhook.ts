/**
 * Reads the payment provider's webhook: whose order it is about and what became of the payment.
 *
 * 1. Nothing is read before the signature over the exact bytes is verified, in constant time, and young enough.
 * 2. The same event gives the same report: repeats and wrong order are the order actor's business.
 */
import Stripe from 'stripe';
import { DoorbusterError } from '../../protocol/errors.ts';
import { declineCodeOf, type OrderReport, report } from './report.ts';

function verified(
  rawBody: Uint8Array,
  signatureHeader: string,
  secret: string,
  toleranceSeconds: number,
): Stripe.Event {
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

/** null: an event of no interest. Throws DoorbusterError `invalid_signature`. A tolerance must be above 0. */
export function readWebhook(
  rawBody: Uint8Array,
  signatureHeader: string,
  secret: string,
  toleranceSeconds = 300,
): OrderReport | null {
  const event = verified(rawBody, signatureHeader, secret, toleranceSeconds);
  switch (event.type) {
    case 'payment_intent.amount_capturable_updated':
      return report(event.data.object.metadata?.orderId, event.data.object.id, 'authorized');
    case 'payment_intent.succeeded':
      return report(event.data.object.metadata?.orderId, event.data.object.id, 'captured');
    case 'payment_intent.canceled':
      return report(event.data.object.metadata?.orderId, event.data.object.id, 'voided');
    case 'payment_intent.payment_failed': {
      const intent = event.data.object;
      return report(intent.metadata?.orderId, intent.id, 'declined', declineCodeOf(intent));
    }
    case 'charge.refunded': {
      const charge = event.data.object;
      const intent = charge.payment_intent;
      const paymentId = typeof intent === 'string' ? intent : intent?.id;
      // A part that was given back leaves the order as it is.
      if (!charge.refunded || paymentId === undefined) return null;
      return report(charge.metadata?.orderId, paymentId, 'refunded');
    }
    default:
      return null;
  }
}
