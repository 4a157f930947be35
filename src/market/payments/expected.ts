/**
 * What the provider says is believed when it is the expected object. An answer 200 that is something else says nothing about what
 * was done: a read is made again, and of a change the payment itself is read.
 */
import Stripe from 'stripe';
import { fieldIn, numberIn, textIn } from '../../protocol/command.ts';
import { providerAmount } from '../../protocol/currencies.ts';
import type { Money } from '../../protocol/money.ts';
import type { Page } from './provider-api.ts';

/** A fault like a body that is no JSON: it passes, so the call is made again. */
function odd(what: string): Stripe.errors.StripeAPIError {
  return new Stripe.errors.StripeAPIError({
    message: `The provider answered what is not ${what}`,
    type: 'api_error',
  } as Stripe.StripeRawError);
}

/** `paymentId` null: of any payment. */
export function isPayment(answer: unknown, paymentId: string | null): answer is Stripe.PaymentIntent {
  const id = textIn(answer, 'id');
  return (
    textIn(answer, 'object') === 'payment_intent' &&
    id !== null &&
    (paymentId === null || id === paymentId) &&
    textIn(answer, 'status') !== null &&
    textIn(answer, 'currency') !== null &&
    numberIn(answer, 'amount') !== null
  );
}

export function thePayment(answer: Stripe.PaymentIntent, paymentId: string): Stripe.PaymentIntent {
  if (isPayment(answer, paymentId)) return answer;
  throw odd(`the payment ${paymentId}`);
}

export function thePage<Item>(answer: Page<Item>): Page<Item> {
  if (Array.isArray(fieldIn(answer, 'data'))) return answer;
  throw odd('a page of a list');
}

/** Of that amount in that currency. */
export function isFor({ amount, currency }: Stripe.PaymentIntent, wanted: Money): boolean {
  return amount === providerAmount(wanted) && currency === wanted.currency.toLowerCase();
}

/** What was taken is that amount. */
export function isTaken(intent: Stripe.PaymentIntent, wanted: Money): boolean {
  return intent.status === 'succeeded' && isFor({ ...intent, amount: intent.amount_received }, wanted);
}

/** null: it is no refund of that payment. */
export function refundIn(answer: unknown, paymentId: string): { id: string; status: string } | null {
  const [id, status] = [textIn(answer, 'id'), textIn(answer, 'status')];
  const isRefund = textIn(answer, 'object') === 'refund' && textIn(answer, 'payment_intent') === paymentId;
  return isRefund && id !== null && status !== null ? { id, status } : null;
}
