/**
 * Money of an order's payment that moved by other hands than the order's, or did not arrive: what is told of it, and what the
 * provider then says of the payment.
 *
 * 1. Nothing that is told is believed but that something moved: the provider is asked, so that repeats, lost reports and reports
 *    out of order all lead to the same.
 * 2. What is told of another payment than the order's is none of its business.
 */
import type { AnswerTo } from '../../protocol/command.ts';
import { type Instant, noEvents } from '../../protocol/decider.ts';
import { money } from '../../protocol/money.ts';
import type { examinePayment } from '../payments/commands.ts';
import type { PaymentReported } from './commands.ts';
import type { OrderEvent } from './events.ts';
import { orderFlow } from './flow.ts';
import type { OrderState } from './state.ts';

type Events = readonly OrderEvent[];

/** Somebody moved money of this payment. What the order itself gives back, or has given back whole, is no news. */
export function questioned(state: OrderState, { paymentId, refunded }: PaymentReported, at: Instant): Events {
  const { payment } = state;
  const isHere = payment === 'authorized' || payment === 'captured' || payment === 'refund_failed';
  if (!isHere || isOurDoing(state)) return noEvents;
  const isAsked = payment !== 'authorized';
  if ((refunded && refunded.amount <= state.refunded) || (state.questionedAt !== null && !isAsked))
    return noEvents;
  return [{ type: 'PaymentQuestioned', paymentId, atMs: at }];
}

/**
 * Money that went back, by the order or by others, did not arrive: news where something counts as given back, or is about to. While
 * the order itself gives money back, the question waits for that answer; a question that is open already is asked anew.
 */
export function doubted(state: OrderState, paymentId: string, at: Instant): Events {
  const { payment, refunded, questionedAt } = state;
  const isGivingBack = isOurDoing(state);
  const isCounted = payment === 'refunded' || payment === 'voided' || refunded > 0;
  const isNews = isGivingBack ? questionedAt === null : isCounted || questionedAt !== null;
  return isNews ? [{ type: 'PaymentQuestioned', paymentId, atMs: at }] : noEvents;
}

function isOurDoing({ status, payment }: OrderState): boolean {
  return orderFlow[status].payment[payment] === 'refund';
}

/** What was told is of another payment than the order's: that of an authorisation may be new to the order, money that moved may not. */
export function isOfAnother(state: OrderState, { status, paymentId }: PaymentReported): boolean {
  const isMove = status === 'refunded' || status === 'refund_failed' || status === 'disputed';
  return isMove && paymentId !== state.paymentId;
}

export function examined(state: OrderState, answer: AnswerTo<typeof examinePayment>, at: Instant): Events {
  const { payment } = state;
  if (payment === 'refunded' || payment === 'voided') return examinedAgain(state, payment, answer, at);
  const { total } = state.priced!;
  // A payment that the provider does not know is left as it was: the audit tells of it.
  const { refunded, disputed } = answer.code === 'ok' ? answer.body : movedSoFar(state, total.currency);
  const part = refunded.amount > 0 ? 'partially_refunded' : 'captured';
  const paymentStatus = refunded.amount >= total.amount ? 'refunded' : part;
  return [{ type: 'PaymentExamined', paymentStatus, refunded, disputed, atMs: at }];
}

/** An undone payment. One that the provider does not know stays as it is. */
function examinedAgain(
  state: OrderState,
  undone: 'refunded' | 'voided',
  answer: AnswerTo<typeof examinePayment>,
  at: Instant,
): Events {
  const { currency } = state.priced!.total;
  const type = 'RefundExamined';
  if (answer.code !== 'ok')
    return [{ type, paymentStatus: undone, ...movedSoFar(state, currency), atMs: at }];
  const { captured, refunded, disputed } = answer.body;
  const part = refunded.amount > 0 ? 'partially_refunded' : 'captured';
  const whole = captured.amount === 0 ? undone : 'refunded';
  const paymentStatus = refunded.amount < captured.amount ? part : whole;
  return [{ type, paymentStatus, refunded, disputed, atMs: at }];
}

function movedSoFar({ refunded, disputed }: OrderState, currency: string) {
  return {
    refunded: money(refunded, currency),
    disputed: disputed === null ? null : money(disputed, currency),
  };
}
