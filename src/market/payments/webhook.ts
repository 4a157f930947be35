/**
 * Opens the payment provider's webhook: nothing is read before the signature over the exact bytes is verified, in constant time,
 * and young enough. A signature says who sent the event, not what it looks like: provider-event.ts reads it.
 */
import Stripe from 'stripe';
import { DoorbusterError } from '../../protocol/errors.ts';
import { type ProviderReport, readEvent } from './provider-event.ts';

/** null: an event of no interest. Throws DoorbusterError `invalid_signature`, `validation_failed`. A tolerance must be above 0. */
export function readWebhook(
  rawBody: Uint8Array,
  signatureHeader: string,
  secret: string,
  toleranceSeconds = 300,
): ProviderReport | null {
  return readEvent(verified(rawBody, signatureHeader, secret, toleranceSeconds));
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
