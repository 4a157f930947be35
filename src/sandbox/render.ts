/** The sandbox's rows as the provider's JSON objects, as they are at a time: the fields that a client of PaymentIntents reads. */
import type { Decline } from './cards.ts';
import { type Dispute, disputeAt, givenBack, type Intent, type Refund, type StoredEvent } from './rows.ts';

const seconds = (ms: number) => Math.floor(ms / 1000);

export function renderDecline(decline: Decline): object {
  return {
    type: 'card_error',
    code: decline.code,
    decline_code: decline.declineCode,
    message: decline.message,
    doc_url: `https://stripe.com/docs/error-codes/${decline.code.replaceAll('_', '-')}`,
  };
}

export function renderIntent(intent: Intent): object {
  return {
    id: intent.id,
    object: 'payment_intent',
    amount: intent.amount,
    amount_capturable: intent.status === 'requires_capture' ? intent.amount : 0,
    amount_received: intent.amountCaptured,
    canceled_at: intent.canceledAtMs === null ? null : seconds(intent.canceledAtMs),
    capture_method: intent.captureMethod,
    client_secret: `${intent.id}_secret_sandbox`,
    confirmation_method: 'automatic',
    created: seconds(intent.createdAtMs),
    currency: intent.currency,
    last_payment_error: intent.decline ? renderDecline(intent.decline) : null,
    latest_charge: intent.chargeId,
    livemode: false,
    metadata: intent.metadata,
    payment_method: intent.status === 'requires_payment_method' ? null : intent.paymentMethod,
    allowed_payment_method_types: ['card'],
    payment_method_types: ['card'],
    status: intent.status,
  };
}

export function renderCharge(intent: Intent, nowMs: number): object {
  const amountRefunded = givenBack(intent, nowMs);
  return {
    id: intent.chargeId,
    object: 'charge',
    amount: intent.amount,
    amount_captured: intent.amountCaptured,
    amount_refunded: amountRefunded,
    captured: intent.amountCaptured > 0,
    created: seconds(intent.createdAtMs),
    currency: intent.currency,
    disputed: disputeAt(intent, nowMs) !== null,
    livemode: false,
    metadata: intent.metadata,
    paid: true,
    payment_intent: intent.id,
    payment_method: intent.paymentMethod,
    refunded: amountRefunded >= intent.amountCaptured && amountRefunded > 0,
    status: 'succeeded',
  };
}

export function renderRefund(refund: Refund, intent: Intent, nowMs: number): object {
  const isPending = refund.arrivesAtMs !== undefined && refund.arrivesAtMs > nowMs;
  const hasFailed = refund.failsAtMs !== undefined && refund.failsAtMs <= nowMs;
  return {
    id: refund.id,
    object: 'refund',
    amount: refund.amount,
    charge: intent.chargeId,
    created: seconds(refund.createdAtMs),
    currency: intent.currency,
    metadata: refund.metadata,
    payment_intent: intent.id,
    reason: null,
    status: hasFailed ? 'failed' : isPending ? 'pending' : 'succeeded',
    ...(hasFailed && { failure_reason: 'expired_or_canceled_card' }),
  };
}

export function renderDispute(
  { id, amount, createdAtMs, status = 'needs_response' }: Dispute,
  intent: Intent,
): object {
  return {
    id,
    object: 'dispute',
    amount,
    charge: intent.chargeId,
    created: seconds(createdAtMs),
    currency: intent.currency,
    is_charge_refundable: false,
    livemode: false,
    metadata: {},
    payment_intent: intent.id,
    reason: 'fraudulent',
    status,
  };
}

export function renderEvent(event: StoredEvent): object {
  return {
    id: event.id,
    object: 'event',
    created: seconds(event.createdAtMs),
    data: { object: subjectOf(event) },
    livemode: false,
    pending_webhooks: 1,
    type: event.type,
  };
}

/** What the event is about, as it was then. */
function subjectOf({ type, createdAtMs, intent, refund }: StoredEvent): object {
  if (type.startsWith('payment_intent.')) return renderIntent(intent);
  if (type.startsWith('charge.dispute.')) return renderDispute(intent.dispute!, intent);
  return type === 'charge.refunded' || refund === null
    ? renderCharge(intent, createdAtMs)
    : renderRefund(refund, intent, createdAtMs);
}

export function renderList(url: string, data: object[], hasMore: boolean): object {
  return { object: 'list', url, has_more: hasMore, data };
}
