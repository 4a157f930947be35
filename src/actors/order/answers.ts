/**
 * What the answers to an order's messages, and the provider's reports, change.
 *
 * 1. An answer counts only while its question is still pending; so a repeat or a late one changes nothing. The one
 *    exception is an authorisation that arrives after the order was undone: it must be voided.
 * 2. The first refusal undoes the order; later ones are noted on their lines and change nothing else.
 * 3. Reports agree with answers: whichever of the two comes first makes the move, the other finds it made.
 */
import type { Code } from '../../protocol/codes.ts';
import { money, times } from '../../protocol/money.ts';
import type { HoldView } from '../sku/commands.ts';
import type { OrderLine, PaymentReported } from './commands.ts';
import type { OrderEvent } from './events.ts';
import type { OrderMessage } from './pending.ts';
import { priceOrder } from './price.ts';
import type { Line, OrderState } from './state.ts';

const nothing: readonly OrderEvent[] = [];

interface Answer {
  readonly id: string;
  readonly code: Code;
  readonly body: unknown;
}

type Failed = Extract<OrderEvent, { type: 'OrderFailed' }>;

export function failed(
  status: Failed['status'],
  code: Code,
  at: number,
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

export function answered(state: OrderState, answer: Answer, at: number): readonly OrderEvent[] {
  const pending = (state.pending as readonly OrderMessage[]).find((each) => each.id === answer.id);
  if (pending === undefined)
    return answer.id === `${state.orderId}:authorize` && answer.code === 'ok'
      ? authorized(state, textOf(answer.body, 'paymentId'), at)
      : nothing;
  const { command } = pending;
  switch (command.type) {
    case 'AttachHold':
      return attached(state, lineOf(state, command.holdId), answer, at);
    case 'CommitHold':
      return committed(lineOf(state, command.holdId), answer, at);
    case 'RetakeHold':
      return retaken(state, lineOf(state, command.replaces), answer, at);
    case 'ReleaseHold':
      return [{ type: 'LineReleased', holdId: command.holdId, atMs: at }];
    case 'AuthorizePayment':
      return authorizeAnswered(state, answer, at);
    case 'CapturePayment':
      if (answer.code === 'ok') return captured(command.paymentId, at);
      return [
        { type: 'PaymentFailed', reason: textOf(answer.body, 'reason') ?? answer.code, atMs: at },
        failed('payment_failed', 'payment_failed', at),
      ];
    case 'VoidPayment':
      return settled(answer, 'voided', at);
    case 'RefundPayment':
      return settled(answer, 'refunded', at);
    default:
      throw new Error(`an order never owes ${command.type}`);
  }
}

function isForward(state: OrderState): boolean {
  return state.status === 'pending' || state.status === 'authorizing' || state.status === 'committing';
}

function lineOf(state: OrderState, holdId: string): Line {
  return state.lines.find((line) => line.holdId === holdId)!;
}

function attached(state: OrderState, line: Line, answer: Answer, at: number): readonly OrderEvent[] {
  if (answer.code !== 'ok') return refused(state, line, answer, at);
  const taken = orderLine(answer.body as HoldView);
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
function refused(state: OrderState, line: Line, answer: Answer, at: number): readonly OrderEvent[] {
  const { sku, holdId } = line;
  const available = numberOf(answer.body, 'available');
  const event: OrderEvent = { type: 'LineRefused', sku, holdId, code: answer.code, available, atMs: at };
  return isForward(state) ? [event, failed('cancelled', answer.code, at, { sku, available })] : [event];
}

function committed(line: Line, answer: Answer, at: number): readonly OrderEvent[] {
  const { holdId, sku } = line;
  if (answer.code === 'ok') return [{ type: 'LineCommitted', holdId, atMs: at }];
  const isDead = answer.code === 'hold_expired' || answer.code === 'not_found';
  if (isDead && !line.isRetaken)
    return [{ type: 'LineLost', holdId, newHoldId: `${holdId}:again`, atMs: at }];
  return [failed('cancelled', answer.code, at, { sku })];
}

function retaken(state: OrderState, line: Line, answer: Answer, at: number): readonly OrderEvent[] {
  if (answer.code !== 'ok' && answer.code !== 'created') return refused(state, line, answer, at);
  return [{ type: 'LineRetaken', holdId: line.holdId, newHoldId: line.newHoldId!, atMs: at }];
}

function authorizeAnswered(state: OrderState, answer: Answer, at: number): readonly OrderEvent[] {
  if (answer.code === 'ok') return authorized(state, textOf(answer.body, 'paymentId'), at);
  if (answer.code === 'payment_declined')
    return declined(textOf(answer.body, 'paymentId'), textOf(answer.body, 'declineCode'), at);
  // Any other answer leaves open whether the provider authorised: the step stays `asked`, so it will be voided.
  const fail = failed('payment_failed', 'payment_failed', at);
  if (answer.code !== 'payment_failed') return [fail];
  return [{ type: 'PaymentFailed', reason: textOf(answer.body, 'reason') ?? answer.code, atMs: at }, fail];
}

/** While it is waited for, an authorisation moves the order on; afterwards it is one more thing to undo. */
function authorized(state: OrderState, paymentId: string | null, at: number): readonly OrderEvent[] {
  if (paymentId === null) return nothing;
  const event: OrderEvent = { type: 'PaymentAuthorized', paymentId, atMs: at };
  if (state.status === 'authorizing') return [event];
  if (isForward(state) || state.priced === null) return nothing;
  // Authorised and captured are known already; a voided one is news only under another id.
  const isNews =
    state.payment === 'asked' ||
    state.payment === 'declined' ||
    state.payment === 'failed' ||
    (state.payment === 'voided' && state.paymentId !== paymentId);
  return isNews ? [event] : nothing;
}

function declined(paymentId: string | null, declineCode: string | null, at: number): readonly OrderEvent[] {
  return [
    { type: 'PaymentDeclined', paymentId, declineCode, atMs: at },
    failed('payment_failed', 'payment_declined', at, { declineCode }),
  ];
}

function captured(paymentId: string, at: number): readonly OrderEvent[] {
  return [
    { type: 'PaymentCaptured', paymentId, atMs: at },
    { type: 'OrderConfirmed', atMs: at },
  ];
}

function settled(answer: Answer, paymentStatus: 'voided' | 'refunded', at: number): readonly OrderEvent[] {
  return answer.code === 'ok' ? [{ type: 'PaymentSettled', paymentStatus, atMs: at }] : nothing;
}

export function reported(state: OrderState, report: PaymentReported, at: number): readonly OrderEvent[] {
  const { paymentId, status } = report;
  if (status === 'authorized') return authorized(state, paymentId, at);
  if (status === 'declined')
    return state.status === 'authorizing' ? declined(paymentId, report.declineCode ?? null, at) : nothing;
  const isCapturing = state.pending.some((pending) => pending.command.type === 'CapturePayment');
  if (status === 'captured' && isCapturing && paymentId === state.paymentId) return captured(paymentId, at);
  return nothing;
}

function textOf(body: unknown, name: string): string | null {
  const value = (body as Record<string, unknown> | null)?.[name];
  return typeof value === 'string' ? value : null;
}

function numberOf(body: unknown, name: string): number | null {
  const value = (body as Record<string, unknown> | null)?.[name];
  return typeof value === 'number' ? value : null;
}
