/**
 * What the steps of a payment share: the provider, what is remembered of recent payments, and the one way in which a
 * step is repeated until it is done.
 *
 * 1. Every attempt of a step carries the step's idempotency key. After a final refusal the payment itself is read,
 *    and its state decides: captured before is captured, cancelled before is cancelled.
 * 2. An answer is believed when it is the expected object in the expected state (expected.ts). Any other says nothing: the payment is
 *    read, as after a refusal.
 * 3. Another key is used only after the payment showed that the step was not done under the first one.
 */
import Stripe from 'stripe';
import type { authorizePayment } from '../../actors/payments/commands.ts';
import type { AnswerTo } from '../../protocol/command.ts';
import type { Log } from '../../protocol/log.ts';
import { thePage, thePayment } from './expected.ts';
import type { Provider } from './provider.ts';

/** Authorising, capturing and refunding are answered alike. */
export type PaymentAnswer = AnswerTo<typeof authorizePayment>;

/** What this process knows of an order's payment; null: surely none that is open. */
interface RecentPayments {
  get(orderId: string): { paymentId: string | null } | undefined;
  set(orderId: string, payment: { paymentId: string | null }): void;
}

export interface StepContext {
  readonly provider: Provider;
  readonly recent: RecentPayments;
  readonly log: Log;
  readonly now: () => number;
  /** How long after its making a payment may be missing from the provider's search. */
  readonly searchLagMs: number;
}

/** One thing to do to a payment that exists. */
export interface Step {
  readonly paymentId: string;
  readonly idempotencyKey: string;
  /** One attempt. */
  run(idempotencyKey: string): Promise<unknown>;
  /** Whether the answer to an attempt says that it is done. */
  isDone(answer: unknown): boolean;
  /**
   * What the payment's state says after `error`, a final refusal, or after `answer`, which did not say that it is done: the step's
   * answer, or null when it is still to do. `intent` is null when the provider does not know the payment.
   */
  judge(
    intent: Stripe.PaymentIntent | null,
    error: Stripe.errors.StripeError | null,
    answer: unknown,
  ): PaymentAnswer | null | Promise<PaymentAnswer | null>;
}

export const ok = (paymentId: string): PaymentAnswer => ({ code: 'ok', body: { paymentId } });
export const failed = (reason: string): PaymentAnswer => ({ code: 'payment_failed', body: { reason } });
export const declined = (paymentId: string | null, declineCode: string | null): PaymentAnswer => ({
  code: 'payment_declined',
  body: { paymentId, declineCode },
});

export const reasonOf = (error: Stripe.errors.StripeError): string =>
  error.code ?? error.rawType ?? error.type;

/** Wrong or revoked keys are put right by people: until then the step waits. */
export const isLockedOut = (error: Stripe.errors.StripeError): boolean =>
  error instanceof Stripe.errors.StripeAuthenticationError ||
  error instanceof Stripe.errors.StripePermissionError;

/** The provider's SDK throws nothing else for an answer; anything else is a mistake of ours and goes on up. */
export function refusalOf(error: unknown): Stripe.errors.StripeError {
  if (error instanceof Stripe.errors.StripeError) return error;
  throw error;
}

/** Runs `step` until it is done, or its payment's state shows that it is done already or cannot be done any more. */
export async function insist(context: StepContext, step: Step): Promise<PaymentAnswer> {
  const { provider, log } = context;
  const { paymentId, idempotencyKey: key } = step;
  for (let attempts = 0; ; attempts++) {
    const { answer, refusal } = await attempt(provider, () =>
      step.run(attempts === 0 ? key : `${key}:${attempts}`),
    );
    if (refusal === null && step.isDone(answer)) return ok(paymentId);
    const verdict = await verdictOf(context, step, refusal, answer);
    if (verdict) return verdict;
    const reason = refusal?.message ?? 'the answer does not say that it is done';
    log('error', 'payments: not done, will be tried again', { paymentId, key, reason });
    await provider.pause(attempts + 3);
  }
}

interface Attempt {
  readonly answer: unknown;
  readonly refusal: Stripe.errors.StripeError | null;
}

async function attempt(provider: Provider, run: () => Promise<unknown>): Promise<Attempt> {
  try {
    return { answer: await provider.call(run), refusal: null };
  } catch (error) {
    return { answer: null, refusal: refusalOf(error) };
  }
}

/** null: the step is still to do, or whether it is done cannot be seen. */
async function verdictOf(
  context: StepContext,
  step: Step,
  refusal: Stripe.errors.StripeError | null,
  answer: unknown,
): Promise<PaymentAnswer | null> {
  if (refusal !== null && isLockedOut(refusal)) return null;
  try {
    return await step.judge(await readPayment(context, step.paymentId), refusal, answer);
  } catch (error) {
    const unread = refusalOf(error);
    const isUnknown = unread.code === 'resource_missing' && unread.statusCode === 404;
    return isUnknown ? step.judge(null, refusal, answer) : null;
  }
}

export function readPayment({ provider }: StepContext, paymentId: string): Promise<Stripe.PaymentIntent> {
  return provider.call(async () =>
    thePayment(
      await provider.api.paymentIntents.retrieve(paymentId, { expand: ['latest_charge'] }),
      paymentId,
    ),
  );
}

/** The order's payments, newest first. Waits as long as a young one may be missing from the provider's search. */
export async function searchPayments(context: StepContext, orderId: string): Promise<Stripe.PaymentIntent[]> {
  const { provider, searchLagMs } = context;
  if (!/^[\w-]{1,200}$/.test(orderId)) return [];
  const askedAtMs = performance.now();
  for (let attempts = 0; ; attempts++) {
    const query = `metadata['orderId']:'${orderId}'`;
    const found = await provider.call(async () =>
      thePage(await provider.api.paymentIntents.search({ query, limit: 100 })),
    );
    if (found.data.length > 0 || performance.now() - askedAtMs >= searchLagMs) return found.data;
    await provider.pause(Math.min(attempts, 6));
  }
}
