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
import { authorizePayment, type capturePayment, type refundPayment } from '../payments/commands.ts';
import type { attachHold, commitHold, HoldView, retakeHold, takeStock } from '../sku/commands.ts';
import type { OrderFailure, OrderLine, PaymentReported } from './commands.ts';
import type { EventOf, OrderEvent } from './events.ts';
import { orderFlow } from './flow.ts';
import { doubted, examined, questioned } from './moves.ts';
import { authorizeId } from './pending.ts';
import { priceAsQuoted, priceOrder } from './price.ts';
import { isToCoupon, type Line, type OrderAsks, type OrderState, type Placed } from './state.ts';

type Events = readonly OrderEvent[];
type Failed = EventOf<'OrderFailed'>;

/** What is known of a failure besides its code. */
type About = Partial<Omit<OrderFailure, 'code'>>;

export function failed(status: Failed['status'], code: Code, at: Instant, about: About = {}): Failed {
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
  if (pending !== undefined && isToCoupon(pending)) return couponAnswered(state, pending.key, answer, at);
  if (pending !== undefined) return takeAnswer(state, pending.command, answer, at);
  if (answer.id !== authorizeId(state.orderId)) return noEvents;
  const late = answerTo(authorizePayment, answer);
  return late.code === 'ok' ? authorized(state, late.body.paymentId, at) : noEvents;
}

const takeAnswer = dispatchAnswer<OrderState, OrderAsks, OrderEvent>({
  TakeStock: (state, { holdId }, answer, at) => taken(state, lineOf(state, holdId), answer, at),
  AttachHold: (state, { holdId }, answer, at) => taken(state, lineOf(state, holdId), answer, at),
  CommitHold: (state, { holdId }, answer, at) => committed(state, lineOf(state, holdId), answer, at),
  RetakeHold: (state, { replaces }, answer, at) => retaken(state, lineOf(state, replaces), answer, at),
  ReleaseHold: (_state, { holdId }, _answer, at) => [{ type: 'LineReleased', holdId, atMs: at }],
  CartOrdered: (_state, _command, _answer, at) => [{ type: 'CartTold', atMs: at }],
  AuthorizePayment: (state, _command, answer, at) => authorizeAnswered(state, answer, at),
  CapturePayment: (_state, { paymentId }, answer, at) => captureAnswered(paymentId, answer, at),
  VoidPayment: (_state, _command, answer, at) => settled(answer.code, 'voided', at),
  RefundPayment: (state, _command, answer, at) => refundAnswered(state, answer, at),
  ExaminePayment: (state, _command, answer, at) => examined(state, answer, at),
});

function isForward(state: OrderState): boolean {
  return state.status === 'pending' || state.status === 'authorizing' || state.status === 'committing';
}

function lineOf(state: OrderState, holdId: string): Line {
  return state.lines.find((line) => line.holdId === holdId)!;
}

function taken(
  state: OrderState,
  line: Line,
  answer: AnswerTo<typeof attachHold | typeof takeStock>,
  at: Instant,
): Events {
  if (answer.code !== 'ok' && answer.code !== 'created') return refused(state, line, answer, at);
  const now = orderLine(answer.body, state.placed!);
  return [{ type: 'LineTaken', line: now, atMs: at }, ...pricedBy(state, line, now, at)];
}

/** What follows once all is taken, `part` (a line, or a coupon) last: the price, or the end. */
function pricedBy(state: OrderState, part: object, now: OrderLine | null, at: Instant): Events {
  const { lines, coupons = [], placed } = state;
  const isLast = [...lines, ...coupons].every((each) => each === part || each.step === 'taken');
  if (!isForward(state) || !isLast) return noEvents;
  const { quote, shippingMethod } = placed!;
  const taken = lines.map((each) => (each === part ? now! : each.taken!));
  const priced = quote ? priceAsQuoted(quote, at) : priceOrder(taken, shippingMethod, at);
  return [priced ?? failed('cancelled', 'validation_failed', at, { sku: taken.at(-1)!.sku })];
}

/** A cart's line costs what the cart said; a quote has the last word. */
function orderLine(hold: HoldView, { items, quote }: Placed): OrderLine {
  const { holdId, saleId, sku, title, productId, sellerId, quantity } = hold;
  const quoted = quote?.lines.find((line) => line.holdId === holdId);
  const item = items?.find((each) => each.holdId === holdId);
  const { unitPrice } = quoted ?? item ?? hold;
  const none = money(0, unitPrice.currency);
  const lineTotal = times(unitPrice, quantity);
  const line = {
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
  if (quoted === undefined) return line;
  const { discount, tax, taxRate, isTaxInclusive } = quoted;
  return { ...line, discount, tax, taxRate, isTaxInclusive };
}

/** Nothing is taken under this line: neither by AttachHold nor by TakeStock nor by RetakeHold. */
function refused(
  state: OrderState,
  line: Line,
  answer: Pick<Answered, 'code' | 'body'>,
  at: Instant,
): Events {
  const { sku, holdId } = line;
  const available = numberIn(answer.body, 'available');
  const event: OrderEvent = { type: 'LineRefused', sku, holdId, code: answer.code, available, atMs: at };
  const saleId = textIn(answer.body, 'saleId');
  const about = { sku, available, ...(saleId !== null && { saleId }) };
  return isForward(state) ? [event, failed('cancelled', answer.code, at, about)] : [event];
}

function committed(state: OrderState, line: Line, answer: AnswerTo<typeof commitHold>, at: Instant): Events {
  const { holdId, sku } = line;
  if (answer.code === 'ok') {
    const event: OrderEvent = { type: 'LineCommitted', holdId, atMs: at };
    // Nothing is to be paid: the last line completes the purchase.
    const isDone = state.payment === 'none' && areCommitted(state.lines.filter((each) => each !== line));
    return isDone ? [event, { type: 'OrderConfirmed', atMs: at }] : [event];
  }
  const isDead = answer.code === 'hold_expired' || answer.code === 'not_found';
  if (isDead && !line.isRetaken)
    return [{ type: 'LineLost', holdId, newHoldId: `${holdId}:again`, atMs: at }];
  return [failed('cancelled', answer.code, at, { sku })];
}

function areCommitted(lines: readonly Line[]): boolean {
  return lines.every(({ step }) => step === 'committed');
}

function retaken(state: OrderState, line: Line, answer: AnswerTo<typeof retakeHold>, at: Instant): Events {
  if (answer.code !== 'ok' && answer.code !== 'created') return refused(state, line, answer, at);
  return [{ type: 'LineRetaken', holdId: line.holdId, newHoldId: line.newHoldId!, atMs: at }];
}

/** Commit and release cannot be refused. */
function couponAnswered(state: OrderState, key: string, answer: Answered, at: Instant): Events {
  const about = { coupon: key, atMs: at };
  const part = state.coupons!.find(({ coupon }) => coupon === key)!;
  const ask = orderFlow[state.status].coupons[part.step];
  if (ask !== 'take')
    return [{ type: ask === 'commit' ? 'DiscountCommitted' : 'DiscountReleased', ...about }];
  const { code } = answer;
  if (code === 'ok' || code === 'created')
    return [{ type: 'DiscountTaken', ...about }, ...pricedBy(state, part, null, at)];
  const refused: OrderEvent = { type: 'DiscountRefused', ...about, code };
  const reason = textIn(answer.body, 'reason');
  const why = { coupon: key, ...(reason !== null && { reason }) };
  return isForward(state) ? [refused, failed('cancelled', code, at, why)] : [refused];
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

/** A refund that failed leaves the money here, and people decide (flow.ts, `refund_failed`). */
function refundAnswered(state: OrderState, answer: AnswerTo<typeof refundPayment>, at: Instant): Events {
  if (answer.code !== 'payment_failed') return settled(answer.code, 'refunded', at);
  const { currency } = state.priced!.total;
  const paymentStatus = state.refunded > 0 ? 'partially_refunded' : 'captured';
  const moved = {
    refunded: money(state.refunded, currency),
    disputed: state.disputed === null ? null : money(state.disputed, currency),
  };
  return [{ type: 'RefundExamined', paymentStatus, ...moved, atMs: at }];
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
