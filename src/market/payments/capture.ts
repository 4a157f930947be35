/** Takes the money of an authorised payment. A payment that was captured before counts as captured. */
import Stripe from 'stripe';
import type { CapturePayment } from '../../actors/payments/commands.ts';
import { providerAmount } from '../../protocol/currencies.ts';
import { isPayment, isTaken } from './expected.ts';
import { failed, insist, ok, type PaymentAnswer, reasonOf, type StepContext } from './step.ts';

export function capture(context: StepContext, command: CapturePayment): Promise<PaymentAnswer> {
  const { api } = context.provider;
  const { paymentId, amount, idempotencyKey } = command;
  return insist(context, {
    paymentId,
    idempotencyKey,
    run: (key) =>
      api.paymentIntents.capture(
        paymentId,
        { amount_to_capture: providerAmount(amount) },
        { idempotencyKey: key },
      ),
    isDone: (answer) => isPayment(answer, paymentId) && isTaken(answer, amount),
    judge(intent, error) {
      if (intent === null) return failed('resource_missing');
      // What was taken otherwise is given back by the order, which ends.
      if (intent.status === 'succeeded')
        return isTaken(intent, amount) ? ok(paymentId) : failed('wrong_amount');
      if (intent.status !== 'requires_capture') return failed(intent.status);
      // Still open: only a key that cannot be used any more is worth another try.
      return error === null || isKeySpoilt(error) ? null : failed(reasonOf(error));
    },
  });
}

/** The key was used for other parameters, or the provider replays a server error under it for ever. */
function isKeySpoilt(error: Stripe.errors.StripeError): boolean {
  return error instanceof Stripe.errors.StripeIdempotencyError || (error.statusCode ?? 0) >= 500;
}
