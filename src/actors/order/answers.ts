/**
 * What the answers to an order's messages, and the provider's reports, change.
 *
 * 1. An answer counts only while its question is still pending; so a repeat or a late one changes nothing. The one
 *    exception is an authorisation that arrives after the order was undone: it must be voided.
 * 2. The first refusal undoes the order; later ones are noted on their lines and change nothing else.
 * 3. Reports agree with answers: whichever of the two comes first makes the move, the other finds it made.
 */
import type { Code } from '../../protocol/codes.ts';
import { type AnswerTo, numberIn, textIn } from '../../protocol/command.ts';
import { type Answered, answerTo, dispatchAnswer, type Instant, noEvents } from '../../protocol/decider.ts';
import { money, times } from '../../protocol/money.ts';
import { authorizePayment, type capturePayment } from '../payments/commands.ts';
import type { attachHold, commitHold, HoldView, retakeHold } from '../sku/commands.ts';
import type { OrderLine, PaymentReported } from './commands.ts';
import type { EventOf, OrderEvent } from './events.ts';
import { doubted, examined, questioned } from './moves.ts';
import { authorizeId } from './pending.ts';
import { priceOrder } from './price.ts';
import type { Line, OrderAsks, OrderState } from './state.ts';

type Events = readonly OrderEvent[];
type Failed = EventOf<'OrderFailed'>;

export function failed(
  status: Failed['status'],
  code: Code,
  at: Instant,
  about: Partial<Pick<Failed, 'declineCode' | 'sku' | 'available'>> = {},
): Failed {
  return {
    type: 'OrderFailed',
    status,
    code,
    declineCode: null,
    sku: null,
    available: null,
    ...about,
    atMs: at,
  };
}

export function answered(state: OrderState, answer: Answered, at: Instant): Events {
  const pending = state.pending.find((each) => each.id === answer.id);
  if (pending !== undefined) return takeAnswer(state, pending.command, answer, at);
  if (answer.id !== authorizeId(state.orderId)) return noEvents;
  const late = answerTo(authorizePayment, answer);
  return late.code === 'ok' ? authorized(state, late.body.paymentId, at) : noEvents;
}

const takeAnswer = dispatchAnswer<OrderState, OrderAsks, OrderEvent>({
  AttachHold: (state, { holdId }, answer, at) => assigned(state, lineOf(state, holdId), answer, at),
  CommitHold: (state, { holdId }, answer, at) => committed(lineOf(state, holdId), answer, at),
  RetakeHold: (state, { replaces }, answer, at) => retaken(state, lineOf(state, replaces), answer, at),
  ReleaseHold: (_state, { holdId }, _answer, at) => [{ type: 'LineReleased', holdId, atMs: at }],
  AuthorizePayment: (state, _command, answer, at) => authorizeAnswered(state, answer, at),
  CapturePayment: (_state, { paymentId }, answer, at) => captureAnswered(paymentId, answer, at),
  VoidPayment: (_state, _command, answer, at) => settled(answer.code, 'voided', at),
  RefundPayment: (_state, _command, answer, at) => settled(answer.code, 'refunded', at),
  ExaminePayment: (state, _command, answer, at) => examined(state, answer, at),
});

function isForward(state: OrderState): boolean {
  return state.status === 'pending' || state.status === 'authorizing' || state.status === 'committing';
}

function lineOf(state: OrderState, holdId: string): Line {
  return state.lines.find((line) => line.holdId === holdId)!;
}

function assigned(state: OrderState, line: Line, answer: AnswerTo<typeof attachHold>, at: Instant): Events {
  if (answer.code !== 'ok') return refused(state, line, answer, at);
  const taken = orderLine(answer.body);
  const event: OrderEvent = { type: 'LineTaken', line: taken, atMs: at };
  const isLast = state.lines.every((each) => each === line || each.step === 'taken');
  if (!isForward(state) || !isLast) return [event];
  const lines = state.lines.map((each) => (each === line ? taken : each.taken!));
  const priced = priceOrder(lines, state.placed!.shippingMethod, at);
  return [event, priced ?? failed('cancelled', 'validation_failed', at, { sku: line.sku })];
}

function orderLine(hold: HoldView): OrderLine {
  const none = money(0, hold.unitPrice.currency);
  const { holdId, saleId, sku, title, productId, sellerId, quantity, unitPrice } = hold;
  const lineTotal = times(unitPrice, quantity);
  return {
    holdId,
    saleId,
    sku,
    title,
    productId,
    sellerId,
    quantity,
    unitPrice,
    lineTotal,
    discount: none,
    tax: none,
  };
}

/** Nothing is taken under this line: neither by AttachHold nor by RetakeHold. */
function refused(
  state: OrderState,
  line: Line,
  answer: Pick<Answered, 'code' | 'body'>,
  at: Instant,
): Events {
  const { sku, holdId } = line;
  const available = numberIn(answer.body, 'available');
  const event: OrderEvent = { type: 'LineRefused', sku, holdId, code: answer.code, available, atMs: at };
  return isForward(state) ? [event, failed('cancelled', answer.code, at, { sku, available })] : [event];
}

function committed(line: Line, answer: AnswerTo<typeof commitHold>, at: Instant): Events {
  const { holdId, sku } = line;
  if (answer.code === 'ok') return [{ type: 'LineCommitted', holdId, atMs: at }];
  const isDead = answer.code === 'hold_expired' || answer.code === 'not_found';
  if (isDead && !line.isRetaken)
    return [{ type: 'LineLost', holdId, newHoldId: `${holdId}:again`, atMs: at }];
  return [failed('cancelled', answer.code, at, { sku })];
}

function retaken(state: OrderState, line: Line, answer: AnswerTo<typeof retakeHold>, at: Instant): Events {
  if (answer.code !== 'ok' && answer.code !== 'created') return refused(state, line, answer, at);
  return [{ type: 'LineRetaken', holdId: line.holdId, newHoldId: line.newHoldId!, atMs: at }];
}

function authorizeAnswered(
  state: OrderState,
  answer: AnswerTo<typeof authorizePayment>,
  at: Instant,
): Events {
  if (answer.code === 'ok') return authorized(state, answer.body.paymentId, at);
  if (answer.code === 'payment_declined')
    return declined(textIn(answer.body, 'paymentId'), textIn(answer.body, 'declineCode'), at);
  // Any other answer leaves open whether the provider authorised: the step stays `asked`, so it will be voided.
  const fail = failed('payment_failed', 'payment_failed', at);
  return answer.code === 'payment_failed' ? [paymentFailed(answer, at), fail] : [fail];
}

function captureAnswered(paymentId: string, answer: AnswerTo<typeof capturePayment>, at: Instant): Events {
  if (answer.code === 'ok') return captured(paymentId, at);
  return [paymentFailed(answer, at), failed('payment_failed', 'payment_failed', at)];
}

function paymentFailed(
  { code, body }: Pick<Answered, 'code' | 'body'>,
  at: Instant,
): EventOf<'PaymentFailed'> {
  return { type: 'PaymentFailed', reason: textIn(body, 'reason') ?? code, atMs: at };
}

/** While it is waited for, an authorisation moves the order on; afterwards it is one more thing to undo. */
function authorized(state: OrderState, paymentId: string, at: Instant): Events {
  const event: OrderEvent = { type: 'PaymentAuthorized', paymentId, atMs: at };
  if (state.status === 'authorizing') return [event];
  if (isForward(state) || state.priced === null) return noEvents;
  // Authorised and captured are known already; a voided one is news only under another id.
  const isNews =
    state.payment === 'asked' ||
    state.payment === 'declined' ||
    state.payment === 'failed' ||
    (state.payment === 'voided' && state.paymentId !== paymentId);
  return isNews ? [event] : noEvents;
}

function declined(paymentId: string | null, declineCode: string | null, at: Instant): Events {
  return [
    { type: 'PaymentDeclined', paymentId, declineCode, atMs: at },
    failed('payment_failed', 'payment_declined', at, { declineCode }),
  ];
}

function captured(paymentId: string, at: Instant): Events {
  return [
    { type: 'PaymentCaptured', paymentId, atMs: at },
    { type: 'OrderConfirmed', atMs: at },
  ];
}

function settled(code: Code, paymentStatus: 'voided' | 'refunded', at: Instant): Events {
  return code === 'ok' ? [{ type: 'PaymentSettled', paymentStatus, atMs: at }] : noEvents;
}

export function reported(state: OrderState, report: PaymentReported, at: Instant): Events {
  const { paymentId, status } = report;
  if (status === 'authorized') return authorized(state, paymentId, at);
  if (status === 'declined')
    return state.status === 'authorizing' ? declined(paymentId, report.declineCode ?? null, at) : noEvents;
  if (status === 'refund_failed') return doubted(state, paymentId, at);
  if (status === 'refunded' || status === 'disputed') return questioned(state, report, at);
  const isCapturing = state.pending.some((pending) => pending.command.type === 'CapturePayment');
  if (status === 'captured' && isCapturing && paymentId === state.paymentId) return captured(paymentId, at);
  return noEvents;
}
