/** The sandbox's calls on payment intents. */

import { chargeOf, refuseFraction } from './amounts.ts';
import type { Context, Effect, Params } from './call.ts';
import {
  ApiRefusal,
  amountMax,
  bankMs,
  integer,
  invalid,
  metadataOf,
  mint,
  onlyKnown,
  required,
} from './call.ts';
import { authenticationRequired, type Decline, declineOf, disputingCard } from './cards.ts';
import { renderIntent, renderList } from './render.ts';
import type { Dispute, Intent, Rows } from './rows.ts';

export function known(rows: Rows, id: string): Intent {
  const intent = rows.intent(id);
  if (!intent)
    throw invalid(`No such payment_intent: '${id}'`, { code: 'resource_missing', param: 'intent' }, 404);
  return intent;
}

function unexpectedState(intent: Intent, verb: string): ApiRefusal {
  return invalid(`This PaymentIntent could not be ${verb} because it has a status of ${intent.status}.`, {
    code: 'payment_intent_unexpected_state',
    payment_intent: renderIntent(intent),
  });
}

const createParams = [
  'amount',
  'currency',
  'payment_method',
  'allowed_payment_method_types',
  'automatic_payment_methods',
  'capture_method',
  'confirm',
  'confirmation_method',
  'description',
  'error_on_requires_action',
  'expand',
  'metadata',
  'off_session',
  'return_url',
  'shipping',
  'statement_descriptor_suffix',
];

/** What a call made of an intent, and the event that tells of it. */
function effect(intent: Intent, eventType: string, status = 200): Effect {
  return { status, intent, events: [{ type: eventType }] };
}

export function createIntent({ rows, params, nowMs }: Context): Effect {
  onlyKnown(params, createParams);
  const charge = chargeOf(params);
  const paymentMethod = params.get('payment_method') ?? null;
  const decline = paymentMethod === null ? null : knownDecline(paymentMethod);
  if (rows.isFull)
    throw new ApiRefusal(503, {
      type: 'api_error',
      message: 'The sandbox is full: stop it and remove its folder.',
    });
  const draft: Intent = {
    id: mint('pi'),
    createdAtMs: nowMs,
    ...charge,
    captureMethod: params.get('capture_method') === 'manual' ? 'manual' : 'automatic',
    status: paymentMethod === null ? 'requires_payment_method' : 'requires_confirmation',
    paymentMethod,
    metadata: metadataOf(params),
    chargeId: null,
    amountCaptured: 0,
    amountRefunded: 0,
    decline: null,
    canceledAtMs: null,
  };
  const isConfirmed = params.get('confirm') === 'true' && paymentMethod !== null;
  return isConfirmed ? confirm(draft, decline, params, nowMs) : { status: 200, intent: draft, events: [] };
}

function knownDecline(paymentMethod: string): Decline | null {
  const decline = declineOf(paymentMethod);
  if (decline === undefined)
    throw invalid(`No such PaymentMethod: '${paymentMethod}'`, {
      code: 'resource_missing',
      param: 'payment_method',
    });
  return decline;
}

function confirm(draft: Intent, decline: Decline | null, params: Params, nowMs: number): Effect {
  const mayAsk = params.get('error_on_requires_action') !== 'true' && params.get('off_session') !== 'true';
  if (decline === authenticationRequired && mayAsk)
    return effect({ ...draft, status: 'requires_action' }, 'payment_intent.requires_action');
  if (decline)
    return effect(
      { ...draft, status: 'requires_payment_method', decline },
      'payment_intent.payment_failed',
      402,
    );
  const charged = { ...draft, chargeId: mint('ch') };
  if (draft.captureMethod === 'manual')
    return effect({ ...charged, status: 'requires_capture' }, 'payment_intent.amount_capturable_updated');
  return succeeded({ ...charged, status: 'succeeded', amountCaptured: draft.amount }, nowMs);
}

function succeeded(taken: Intent, nowMs: number): Effect {
  if (taken.paymentMethod !== disputingCard) return effect(taken, 'payment_intent.succeeded');
  const dispute: Dispute = { id: mint('du'), amount: taken.amountCaptured, createdAtMs: nowMs + bankMs };
  return {
    status: 200,
    intent: { ...taken, dispute },
    events: [
      { type: 'payment_intent.succeeded' },
      { type: 'charge.dispute.created', afterMs: bankMs },
      { type: 'charge.dispute.funds_withdrawn', afterMs: bankMs },
    ],
  };
}

export function captureIntent({ rows, params, nowMs }: Context, id: string): Effect {
  onlyKnown(params, ['amount_to_capture', 'expand', 'metadata']);
  const found = known(rows, id);
  if (found.status !== 'requires_capture') throw unexpectedState(found, 'captured');
  const amountCaptured = integer(params, 'amount_to_capture', found.amount, 1, amountMax);
  if (amountCaptured > found.amount)
    throw invalid('The amount to capture is greater than the amount that can be captured.', {
      code: 'amount_too_large',
      param: 'amount_to_capture',
    });
  refuseFraction(amountCaptured, found.currency, 'amount_to_capture');
  return succeeded({ ...found, status: 'succeeded', amountCaptured }, nowMs);
}

export function cancelIntent({ rows, params, nowMs }: Context, id: string): Effect {
  onlyKnown(params, ['cancellation_reason', 'expand']);
  const found = known(rows, id);
  if (found.status === 'succeeded' || found.status === 'canceled') throw unexpectedState(found, 'canceled');
  return effect({ ...found, status: 'canceled', canceledAtMs: nowMs }, 'payment_intent.canceled');
}

export function listIntents({ rows, params }: Context): object {
  onlyKnown(params, ['limit', 'starting_after', 'expand']);
  const limit = integer(params, 'limit', 10, 1, 100);
  const after = params.get('starting_after');
  const from = after === undefined ? rows.intents.length : rows.indexOf(known(rows, after).id)!;
  const start = Math.max(0, from - limit);
  const page = rows.intents.slice(start, from).reverse();
  return renderList('/v1/payment_intents', page.map(renderIntent), start > 0);
}

/** Of the provider's query language only the one clause that finds an order's payments. */
export function searchIntents({ rows, params }: Context): object {
  onlyKnown(params, ['query', 'limit', 'page', 'expand']);
  const orderId = /^metadata\['orderId'\]:'([^'\\]{1,200})'$/.exec(required(params, 'query'))?.[1];
  if (orderId === undefined)
    throw invalid("The sandbox only understands metadata['orderId']:'…'", { param: 'query' });
  return {
    object: 'search_result',
    url: '/v1/payment_intents/search',
    has_more: false,
    next_page: null,
    data: rows.intentsOfOrder(orderId).slice(-100).reverse().map(renderIntent),
  };
}
