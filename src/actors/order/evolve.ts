/** The only writer of the order actor's state: what each event of the journal means. */
import type { OrderView } from './commands.ts';
import type { OrderEvent } from './events.ts';
import { pendingMessagesOf } from './pending.ts';
import type { EventOf, Line, OrderState } from './state.ts';

export function evolveOrder(state: OrderState, event: OrderEvent): void {
  apply(state, event);
  state.version++;
  state.pending = pendingMessagesOf(state);
}

function apply(state: OrderState, event: OrderEvent): void {
  switch (event.type) {
    case 'OrderPlaced':
      state.placed = event;
      state.lines = event.holds.map(newLine);
      break;
    case 'OrderPriced':
      state.priced = event;
      state.status = 'authorizing';
      state.payment = 'asked';
      break;
    case 'OrderConfirmed':
      state.status = 'confirmed';
      break;
    case 'OrderFailed':
      state.status = event.status;
      // `ok`: the buyer cancelled, which is no failure.
      if (event.code !== 'ok') state.failure = failureOf(event);
      break;
    case 'LineTaken':
    case 'LineRefused':
    case 'LineCommitted':
    case 'LineLost':
    case 'LineRetaken':
    case 'LineReleased':
      applyToLine(state, event);
      break;
    default:
      applyToPayment(state, event);
  }
}

function newLine({ holdId, sku }: { holdId: string; sku: string }): Line {
  return { sku, holdId, step: 'asked', newHoldId: null, lostAtMs: 0, isRetaken: false, taken: null };
}

function failureOf(event: EventOf<'OrderFailed'>): OrderView['failure'] {
  const { code, declineCode, sku, available } = event;
  return { code, declineCode, sku, available };
}

function applyToLine(
  state: OrderState,
  event: EventOf<'LineTaken' | 'LineRefused' | 'LineCommitted' | 'LineLost' | 'LineRetaken' | 'LineReleased'>,
): void {
  const holdId = event.type === 'LineTaken' ? event.line.holdId : event.holdId;
  const line = state.lines.find((each) => each.holdId === holdId)!;
  switch (event.type) {
    case 'LineTaken':
      line.step = 'taken';
      line.taken = event.line;
      break;
    case 'LineRefused':
      line.step = 'refused';
      break;
    case 'LineCommitted':
      line.step = 'committed';
      break;
    case 'LineLost':
      line.step = 'lost';
      line.newHoldId = event.newHoldId;
      line.lostAtMs = event.atMs;
      break;
    case 'LineRetaken':
      line.step = 'taken';
      line.holdId = event.newHoldId;
      line.newHoldId = null;
      line.isRetaken = true;
      line.taken = { ...line.taken!, holdId: event.newHoldId };
      break;
    case 'LineReleased':
      line.step = 'released';
      break;
  }
}

function applyToPayment(
  state: OrderState,
  event: EventOf<
    'PaymentAuthorized' | 'PaymentDeclined' | 'PaymentFailed' | 'PaymentCaptured' | 'PaymentSettled'
  >,
): void {
  switch (event.type) {
    case 'PaymentAuthorized':
      state.payment = 'authorized';
      state.paymentId = event.paymentId;
      if (state.status === 'authorizing') state.status = 'committing';
      break;
    case 'PaymentDeclined':
      state.payment = 'declined';
      state.paymentId = event.paymentId;
      break;
    case 'PaymentFailed':
      // A failed capture leaves the authorisation in force: it is still to be voided.
      if (state.payment === 'asked') state.payment = 'failed';
      break;
    case 'PaymentCaptured':
      state.payment = 'captured';
      break;
    case 'PaymentSettled':
      state.payment = event.paymentStatus;
      if (event.paymentStatus === 'refunded') state.status = 'refunded';
      break;
  }
}
