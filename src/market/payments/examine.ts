/**
 * How a payment stands at the provider, whoever moved its money: us, a clerk in the provider's dashboard, the buyer's bank.
 * Read anew each time, because events come late, twice, out of order, or never.
 */
import type Stripe from 'stripe';
import type { ExaminePayment, examinePayment } from '../../actors/payments/commands.ts';
import type { AnswerTo } from '../../protocol/command.ts';
import { fromProvider } from '../../protocol/currencies.ts';
import type { Money } from '../../protocol/money.ts';
import { thePage } from './expected.ts';
import { hasFailed } from './provider-event.ts';
import { chargeOf } from './report.ts';
import { isLockedOut, readPayment, reasonOf, refusalOf, type StepContext } from './step.ts';

type Answer = AnswerTo<typeof examinePayment>;

export async function examine(context: StepContext, { paymentId }: ExaminePayment): Promise<Answer> {
  for (let attempts = 0; ; attempts++) {
    try {
      return { code: 'ok', body: await standOf(context, paymentId) };
    } catch (error) {
      const refusal = refusalOf(error);
      context.log('error', 'payments: a payment cannot be examined', { paymentId, reason: refusal.message });
      if (!isLockedOut(refusal)) return { code: 'payment_failed', body: { reason: reasonOf(refusal) } };
      await context.provider.pause(attempts + 3);
    }
  }
}

interface Standing {
  readonly captured: Money;
  readonly refunded: Money;
  readonly disputed: Money | null;
}

async function standOf(context: StepContext, paymentId: string): Promise<Standing> {
  const intent = await readPayment(context, paymentId);
  const charge = chargeOf(intent);
  const { currency, amount_received: captured } = intent;
  const back = charge?.amount_refunded ? await givenBack(context, paymentId, charge.amount_refunded) : 0;
  const held = charge?.disputed ? await heldByBank(context, paymentId) : 0;
  return {
    captured: fromProvider(captured, currency),
    refunded: fromProvider(back, currency),
    disputed: held === 0 ? null : fromProvider(held, currency),
  };
}

/**
 * Of what the charge says, that which has not come back. The refunds say it whether or not the charge still counts those that
 * failed; beyond the newest hundred the charge is believed.
 */
async function givenBack(
  { provider }: StepContext,
  paymentId: string,
  amountRefunded: number,
): Promise<number> {
  const { data, has_more: hasMore } = await provider.call(async () =>
    thePage(await provider.api.refunds.list({ payment_intent: paymentId, limit: 100 })),
  );
  if (hasMore) return amountRefunded;
  const arrived = data
    .filter(({ status }) => !hasFailed(status))
    .reduce((sum, { amount }) => sum + amount, 0);
  return Math.min(amountRefunded, arrived);
}

async function heldByBank({ provider }: StepContext, paymentId: string): Promise<number> {
  const disputes = await provider.call(async () =>
    thePage(await provider.api.disputes.list({ payment_intent: paymentId, limit: 100 })),
  );
  return disputes.data.filter(isHeld).reduce((sum, { amount }) => sum + amount, 0);
}

/** A lost one counts: that money stays with the bank. A warning has moved nothing yet. */
const isHeld = ({ status }: Stripe.Dispute): boolean => status !== 'won' && !status.startsWith('warning_');
