/** What an order asks of others, item by item, as the flow table says. Ids name the order, the step and the hold. */
import { message } from '../../protocol/decider.ts';
import { cartOrdered } from '../cart/commands.ts';
import { commitCoupon, releaseCoupon, takeCoupon } from '../coupon/commands.ts';
import {
  authorizePayment,
  capturePayment,
  examinePayment,
  refundPayment,
  voidPayment,
} from '../payments/commands.ts';
import { attachHold, commitHold, releaseHold, retakeHold, takeStock } from '../sku/commands.ts';
import type { CouponFacts } from './facts.ts';
import type { CouponAsk, LineAsk, PaymentAsk, PaymentStep } from './flow.ts';
import { orderFlow } from './flow.ts';
import type { Line, OrderMessage, OrderState, Placed } from './state.ts';

/** A hold outlives the payment time by this, so that a payment at the last moment still finds it. */
const graceMs = 30_000;
/** A hold that is taken again after payment gets at least this long to be committed. */
const retakeMs = 60_000;

const noCoupons: readonly CouponFacts[] = [];
const nothingPending: readonly OrderMessage[] = [];

/** Payments whose money was taken, or perhaps was. */
const isExaminable: Readonly<Partial<Record<PaymentStep, true>>> = {
  captured: true,
  refund_failed: true,
  refunded: true,
  voided: true,
};

export function pendingMessagesOf(state: OrderState): readonly OrderMessage[] {
  const { placed } = state;
  if (placed === null) return nothingPending;
  const flow = orderFlow[state.status];
  const pending: OrderMessage[] = [];
  for (const line of state.lines) {
    const ask = flow.lines[line.step];
    if (ask !== undefined) pending.push(lineMessage(state.orderId, placed, line, ask));
  }
  for (const { coupon, step } of state.coupons ?? noCoupons) {
    const ask = flow.coupons[step];
    if (ask !== undefined) pending.push(couponMessage(state.orderId, placed, coupon, ask));
  }
  if (flow.tellsCart && state.isCartTold === false) pending.push(cartMessage(state.orderId, placed));
  const ask = flow.payment[state.payment];
  const isWaiting = ask === 'capture' && state.lines.some((line) => line.step !== 'committed');
  if (ask !== undefined && !isWaiting) pending.push(paymentMessage(state, placed, ask));
  // What others did matters once the money was taken, while the order itself gives nothing back.
  if (state.questionedAt !== null && isExaminable[state.payment] && ask === undefined)
    pending.push(examineMessage(state, state.questionedAt));
  return pending.length === 0 ? nothingPending : pending;
}

function lineMessage(orderId: string, placed: Placed, line: Line, ask: LineAsk): OrderMessage {
  const { buyerId, payByMs } = placed;
  const { holdId, newHoldId, sku } = line;
  const untilMs = payByMs + graceMs;
  const id = `${orderId}:${ask}:${ask === 'retake' ? newHoldId : holdId}`;
  switch (ask) {
    case 'take': {
      const { quantity } = placed.items!.find((item) => item.holdId === holdId)!;
      const command = { holdId, buyerId, orderId, quantity, untilMs };
      return message(id, takeStock, sku, { type: 'TakeStock', ...command });
    }
    case 'attach':
      return message(id, attachHold, sku, { type: 'AttachHold', holdId, buyerId, orderId, untilMs });
    case 'commit':
      return message(id, commitHold, sku, { type: 'CommitHold', holdId, orderId });
    case 'release':
      return message(id, releaseHold, sku, { type: 'ReleaseHold', holdId, orderId });
    case 'retake':
      return message(id, retakeHold, sku, {
        type: 'RetakeHold',
        holdId: newHoldId!,
        replaces: holdId,
        orderId,
        untilMs: Math.max(untilMs, line.lostAtMs + retakeMs),
      });
  }
}

function couponMessage(orderId: string, placed: Placed, coupon: string, ask: CouponAsk): OrderMessage {
  const id = `${orderId}:coupon:${ask}:${coupon}`;
  switch (ask) {
    case 'take': {
      const { buyerId, quote } = placed;
      const command = { orderId, buyerId, quotedAtMs: quote?.quotedAtMs ?? null };
      return message(id, takeCoupon, coupon, { type: 'TakeCoupon', ...command });
    }
    case 'commit':
      return message(id, commitCoupon, coupon, { type: 'CommitCoupon', orderId });
    case 'release':
      return message(id, releaseCoupon, coupon, { type: 'ReleaseCoupon', orderId });
  }
}

function cartMessage(orderId: string, { buyerId, items = [] }: Placed): OrderMessage {
  const lines = items.map(({ sku, quantity }) => ({ sku, quantity }));
  return message(`${orderId}:cart`, cartOrdered, buyerId, { type: 'CartOrdered', orderId, lines });
}

/** The id of the message that asks for the authorisation. */
export function authorizeId(orderId: string): string {
  return `${orderId}:authorize`;
}

/**
 * Every question has an id of its own: the answer to an earlier one may be older than what was reported since. So has a question that
 * the order's own undoing has overtaken: the answer from before knows nothing of what the order gave back.
 */
function examineMessage({ orderId, paymentId, payment }: OrderState, questionedAt: number): OrderMessage {
  const isUndone = payment === 'refunded' || payment === 'voided';
  const id = `${orderId}:examine:${questionedAt}${isUndone ? ':undone' : ''}`;
  return message(id, examinePayment, orderId, {
    type: 'ExaminePayment',
    orderId,
    paymentId: paymentId!,
    idempotencyKey: id,
  });
}

/** A payment's message id is its idempotency key, too: the provider knows a repeat by it. */
function paymentMessage(state: OrderState, placed: Placed, ask: PaymentAsk): OrderMessage {
  const { orderId, paymentId } = state;
  const amount = state.priced!.total;
  // An authorisation that turns up after a first, blind void is voided by name, under an id of its own.
  const step = ask === 'void' && paymentId !== null ? `void:${paymentId}` : ask;
  const id = ask === 'authorize' ? authorizeId(orderId) : `${orderId}:${step}`;
  switch (ask) {
    case 'authorize':
      return message(id, authorizePayment, orderId, {
        type: 'AuthorizePayment',
        orderId,
        buyerId: placed.buyerId,
        amount,
        paymentMethod: placed.paymentMethod,
        idempotencyKey: id,
        untilMs: placed.payByMs,
      });
    case 'capture':
      return message(id, capturePayment, orderId, {
        type: 'CapturePayment',
        orderId,
        paymentId: paymentId!,
        amount,
        idempotencyKey: id,
      });
    case 'void':
      return message(id, voidPayment, orderId, {
        type: 'VoidPayment',
        orderId,
        paymentId,
        idempotencyKey: id,
      });
    case 'refund':
      return message(id, refundPayment, orderId, {
        type: 'RefundPayment',
        orderId,
        paymentId: paymentId!,
        amount,
        idempotencyKey: id,
      });
  }
}
