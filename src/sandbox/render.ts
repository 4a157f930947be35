/** The sandbox's rows as the provider's JSON objects: the fields that a client of PaymentIntents reads. */
import type { Decline } from './cards.ts';
import type { Dispute, Intent, Refund } from './rows.ts';

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

export function renderCharge(intent: Intent): object {
  return {
    id: intent.chargeId,
    object: 'charge',
    amount: intent.amount,
    amount_captured: intent.amountCaptured,
    amount_refunded: intent.amountRefunded,
    captured: intent.amountCaptured > 0,
    created: seconds(intent.createdAtMs),
    currency: intent.currency,
    disputed: intent.dispute != null,
    livemode: false,
    metadata: intent.metadata,
    paid: true,
    payment_intent: intent.id,
    payment_method: intent.paymentMethod,
    refunded: intent.amountRefunded >= intent.amountCaptured && intent.amountRefunded > 0,
    status: 'succeeded',
  };
}

export function renderRefund(refund: Refund, intent: Intent): object {
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
    status: 'succeeded',
  };
}

export function renderDispute({ id, amount, createdAtMs }: Dispute, intent: Intent): object {
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
    status: 'needs_response',
  };
}

export function renderList(url: string, data: object[], hasMore: boolean): object {
  return { object: 'list', url, has_more: hasMore, data };
}
