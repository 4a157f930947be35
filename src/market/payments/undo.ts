/**
 * Giving an order's money back: an authorisation is cancelled, what was taken is refunded.
 *
 * 1. Cancelling a payment that turns out to be captured refunds it; refunding one that turns out to be authorised
 *    only cancels it. Each change of plan has an idempotency key of its own, made from the first one.
 * 2. A refund is done when it has succeeded.
 * 3. A payment that the provider does not know is not ours to undo: the step counts as done.
 */
import type Stripe from 'stripe';
import type { RefundPayment, VoidPayment, voidPayment } from '../../actors/payments/commands.ts';
import type { AnswerTo } from '../../protocol/command.ts';
import { isPayment, refundIn, thePage } from './expected.ts';
import { hasFailed } from './provider-event.ts';
import { failed, insist, ok, type PaymentAnswer, type StepContext, searchPayments } from './step.ts';

export function cancel(context: StepContext, paymentId: string, key: string): Promise<PaymentAnswer> {
  const { api } = context.provider;
  return insist(context, {
    paymentId,
    idempotencyKey: key,
    run: (idempotencyKey) => api.paymentIntents.cancel(paymentId, {}, { idempotencyKey }),
    isDone: (answer) => isPayment(answer, paymentId) && answer.status === 'canceled',
    judge(intent) {
      if (intent === null) return unknownToProvider(context, paymentId, 'cancel');
      if (intent.status === 'canceled') return ok(paymentId);
      // Money that was taken all the same goes back.
      if (intent.status === 'succeeded') return giveBack(context, paymentId, `${key}:refund`);
      return null;
    },
  });
}

/** Whatever is left of what was taken: the provider knows what others have given back already. */
function giveBack(context: StepContext, paymentId: string, key: string): Promise<PaymentAnswer> {
  const { api } = context.provider;
  return insist(context, {
    paymentId,
    idempotencyKey: key,
    run: (idempotencyKey) => api.refunds.create({ payment_intent: paymentId }, { idempotencyKey }),
    isDone: (answer) => refundIn(answer, paymentId)?.status === 'succeeded',
    async judge(intent, refusal, answer) {
      if (intent === null) return unknownToProvider(context, paymentId, 'refund');
      if (intent.status === 'requires_capture') return cancel(context, paymentId, `${key}:cancel`);
      if (intent.status !== 'succeeded') return ok(paymentId);
      // Said of this refund: the charge itself is called disputed for good, also when the bank gave the money back.
      if (refusal?.code === 'charge_disputed') return takenByBank(context, paymentId);
      return refundVerdict(context, intent, refundIn(answer, paymentId));
    },
  });
}

/**
 * `made`: the refund that this attempt made. One that is pending is waited for; one that has failed is left to people, because
 * another one would go the same way.
 */
async function refundVerdict(
  context: StepContext,
  { id: paymentId, amount_received: taken }: Stripe.PaymentIntent,
  made: { readonly id: string; readonly status: string } | null,
): Promise<PaymentAnswer | null> {
  const { provider, log } = context;
  const { data: refunds } = await provider.call(async () =>
    thePage(await provider.api.refunds.list({ payment_intent: paymentId, limit: 100 })),
  );
  const own = refunds.find(({ id }) => id === made?.id)?.status ?? made?.status ?? null;
  if (hasFailed(own)) {
    log('error', 'payments: a refund has failed, its buyer is to be paid otherwise', { paymentId });
    return failed('refund_failed');
  }
  const arrived = refunds
    .filter(({ status }) => status === 'succeeded')
    .reduce((sum, { amount }) => sum + amount, 0);
  return arrived >= taken ? ok(paymentId) : null;
}

function unknownToProvider({ log }: StepContext, paymentId: string, verb: string): PaymentAnswer {
  log('error', `payments: a payment to ${verb} is unknown to the provider`, { paymentId });
  return ok(paymentId);
}

/** The buyer's bank has the money, and the provider refuses to give it back a second time. */
function takenByBank({ log }: StepContext, paymentId: string): PaymentAnswer {
  log('error', 'payments: a payment to refund is disputed, its bank has the money', { paymentId });
  return ok(paymentId);
}

/** Cancels the payment that the command names or, when it names none, whatever its order's authorisation made. */
export async function voidOrder(
  context: StepContext,
  { orderId, paymentId, idempotencyKey }: VoidPayment,
): Promise<AnswerTo<typeof voidPayment>> {
  if (paymentId !== null) return cancel(context, paymentId, idempotencyKey);
  const ids = await paymentIdsOf(context, orderId);
  for (const id of ids)
    await cancel(context, id, ids.length === 1 ? idempotencyKey : `${idempotencyKey}:${id}`);
  return { code: 'ok', body: { paymentId: ids[0] ?? null } };
}

async function paymentIdsOf(context: StepContext, orderId: string): Promise<string[]> {
  const remembered = context.recent.get(orderId);
  if (remembered) return remembered.paymentId === null ? [] : [remembered.paymentId];
  return (await searchPayments(context, orderId)).map((intent) => intent.id);
}

export function refund(
  context: StepContext,
  { paymentId, idempotencyKey }: RefundPayment,
): Promise<PaymentAnswer> {
  return giveBack(context, paymentId, idempotencyKey);
}
