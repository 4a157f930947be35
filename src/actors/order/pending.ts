/** What an order asks of others, item by item, as the flow table says. Ids name the order, the step and the hold. */

import type { PendingMessage } from '../../protocol/decider.ts';
import type { PaymentCommand } from '../payments/commands.ts';
import type { SkuCommand } from '../sku/commands.ts';
import type { LineAsk, PaymentAsk } from './flow.ts';
import { orderFlow } from './flow.ts';
import type { Line, OrderState, Placed } from './state.ts';

export type OrderMessage = PendingMessage<PaymentCommand | SkuCommand>;

/** A hold outlives the payment time by this, so that a payment at the last moment still finds it. */
const graceMs = 30_000;
/** A hold that is taken again after payment gets at least this long to be committed. */
const retakeMs = 60_000;

const nothingPending: readonly OrderMessage[] = [];

export function pendingMessagesOf(state: OrderState): readonly OrderMessage[] {
  const { placed } = state;
  if (placed === null) return nothingPending;
  const flow = orderFlow[state.status];
  const pending: OrderMessage[] = [];
  for (const line of state.lines) {
    const ask = flow.lines[line.step];
    if (ask !== undefined) pending.push(lineMessage(state.orderId, placed, line, ask));
  }
  const ask = flow.payment[state.payment];
  const isWaiting = ask === 'capture' && state.lines.some((line) => line.step !== 'committed');
  if (ask !== undefined && !isWaiting) pending.push(paymentMessage(state, placed, ask));
  return pending.length === 0 ? nothingPending : pending;
}

function lineMessage(orderId: string, placed: Placed, line: Line, ask: LineAsk): OrderMessage {
  const { buyerId, payByMs } = placed;
  const { holdId } = line;
  const untilMs = payByMs + graceMs;
  switch (ask) {
    case 'attach':
      return toSku(`${orderId}:attach:${holdId}`, line, {
        type: 'AttachHold',
        holdId,
        buyerId,
        orderId,
        untilMs,
      });
    case 'commit':
      return toSku(`${orderId}:commit:${holdId}`, line, { type: 'CommitHold', holdId, orderId });
    case 'release':
      return toSku(`${orderId}:release:${holdId}`, line, { type: 'ReleaseHold', holdId, orderId });
    case 'retake':
      return toSku(`${orderId}:retake:${line.newHoldId}`, line, {
        type: 'RetakeHold',
        holdId: line.newHoldId!,
        replaces: holdId,
        orderId,
        untilMs: Math.max(untilMs, line.lostAtMs + retakeMs),
      });
  }
}

function toSku(id: string, line: Line, command: SkuCommand): OrderMessage {
  return { id, kind: 'sku', key: line.sku, command };
}

function paymentMessage(state: OrderState, placed: Placed, ask: PaymentAsk): OrderMessage {
  const { orderId, paymentId } = state;
  const amount = state.priced!.total;
  const to = (step: string, command: PaymentCommand): OrderMessage => ({
    id: `${orderId}:${step}`,
    kind: 'payments',
    key: orderId,
    command,
  });
  switch (ask) {
    case 'authorize':
      return to('authorize', {
        type: 'AuthorizePayment',
        orderId,
        buyerId: placed.buyerId,
        amount,
        paymentMethod: placed.paymentMethod,
        idempotencyKey: `${orderId}:authorize`,
        untilMs: placed.payByMs,
      });
    case 'capture':
      return to('capture', {
        type: 'CapturePayment',
        orderId,
        paymentId: paymentId!,
        amount,
        idempotencyKey: `${orderId}:capture`,
      });
    case 'void': {
      // An authorisation that turns up after a first, blind void is voided by name, under an id of its own.
      const step = paymentId === null ? 'void' : `void:${paymentId}`;
      return to(step, {
        type: 'VoidPayment',
        orderId,
        paymentId,
        idempotencyKey: `${orderId}:${step}`,
      });
    }
    case 'refund':
      return to('refund', {
        type: 'RefundPayment',
        orderId,
        paymentId: paymentId!,
        amount,
        idempotencyKey: `${orderId}:refund`,
      });
  }
}
