/**
 * How a call to the payment provider can end without an answer, and which errors are answers.
 *
 * A fault passes, so its call is tried again; any other error of the provider is a final answer.
 */
import { BrokenCircuitError } from 'cockatiel';
import Stripe from 'stripe';

/** `untilMs` passed. `hasReached`: some attempt may have been carried out. */
export class GaveUp extends Error {
  readonly hasReached: boolean;
  constructor(hasReached: boolean) {
    super('the provider did not answer in time');
    this.hasReached = hasReached;
  }
}

/** The process is going down: nothing is known, ask again later. */
export class Stopped extends Error {}

/** The caller has no use for the answer any more. */
export class Superseded extends Error {}

function isReplay(error: Stripe.errors.StripeError): boolean {
  return error.headers?.['idempotent-replayed'] === 'true';
}

/** No connection, a timeout, 409, 429 or 5xx. A 5xx that is replayed under our key will never change. */
export function isFault(error: unknown): boolean {
  if (error instanceof BrokenCircuitError) return true;
  if (error instanceof Stripe.errors.StripeConnectionError) return true;
  if (!(error instanceof Stripe.errors.StripeError)) return false;
  const status = error.statusCode ?? 0;
  if (status === 409 || status === 429) return true;
  return (status >= 500 || error instanceof Stripe.errors.StripeAPIError) && !isReplay(error);
}

/** Faults after which the provider has surely not carried out this attempt. */
export function isUnreached(error: unknown): boolean {
  if (error instanceof BrokenCircuitError) return true;
  return error instanceof Stripe.errors.StripeError && error.statusCode === 429;
}
