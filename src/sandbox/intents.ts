/** The sandbox's calls on payment intents. */

import type { Context, Effect } from './call.ts';
import { ApiRefusal, amountMax, integer, invalid, metadataOf, mint, onlyKnown, required } from './call.ts';
import { authenticationRequired, declineOf } from './cards.ts';
import type { Intent, Ledger } from './ledger.ts';
import { renderIntent, renderList } from './render.ts';

export function known(ledger: Ledger, id: string): Intent {
  const intent = ledger.intent(id);
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

export function createIntent({ ledger, params, nowMs }: Context): Effect {
  onlyKnown(params, [
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
  ]);
  required(params, 'amount');
  const amount = integer(params, 'amount', 0, 1, amountMax);
  const currency = required(params, 'currency').toLowerCase();
  if (!/^[a-z]{3}$/.test(currency)) throw invalid(`Invalid currency: ${currency}`, { param: 'currency' });
  const captureMethod = params.get('capture_method') === 'manual' ? 'manual' : 'automatic';
  const paymentMethod = params.get('payment_method') ?? null;
  const decline = paymentMethod === null ? null : declineOf(paymentMethod);
  if (decline === undefined)
    throw invalid(`No such PaymentMethod: '${paymentMethod}'`, {
      code: 'resource_missing',
      param: 'payment_method',
    });
  if (ledger.isFull)
    throw new ApiRefusal(503, {
      type: 'api_error',
      message: 'The sandbox is full: stop it and remove its folder.',
    });
  const draft: Intent = {
    id: mint('pi'),
    createdAtMs: nowMs,
    amount,
    currency,
    captureMethod,
    status: paymentMethod === null ? 'requires_payment_method' : 'requires_confirmation',
    paymentMethod,
    metadata: metadataOf(params),
    chargeId: null,
    amountCaptured: 0,
    amountRefunded: 0,
    decline: null,
    canceledAtMs: null,
  };
  if (params.get('confirm') !== 'true' || paymentMethod === null)
    return { status: 200, intent: draft, events: [] };
  if (
    decline === authenticationRequired &&
    params.get('error_on_requires_action') !== 'true' &&
    params.get('off_session') !== 'true'
  ) {
    const intent: Intent = { ...draft, status: 'requires_action' };
    return {
      status: 200,
      intent,
      events: [{ type: 'payment_intent.requires_action', object: renderIntent(intent) }],
    };
  }
  if (decline) {
    const intent: Intent = { ...draft, status: 'requires_payment_method', decline };
    return {
      status: 402,
      intent,
      events: [{ type: 'payment_intent.payment_failed', object: renderIntent(intent) }],
    };
  }
  const isManual = captureMethod === 'manual';
  const intent: Intent = {
    ...draft,
    chargeId: mint('ch'),
    status: isManual ? 'requires_capture' : 'succeeded',
    amountCaptured: isManual ? 0 : amount,
  };
  const type = isManual ? 'payment_intent.amount_capturable_updated' : 'payment_intent.succeeded';
  return { status: 200, intent, events: [{ type, object: renderIntent(intent) }] };
}

export function captureIntent({ ledger, params }: Context, id: string): Effect {
  onlyKnown(params, ['amount_to_capture', 'expand', 'metadata']);
  const found = known(ledger, id);
  if (found.status !== 'requires_capture') throw unexpectedState(found, 'captured');
  const amountCaptured = integer(params, 'amount_to_capture', found.amount, 1, amountMax);
  if (amountCaptured > found.amount)
    throw invalid('The amount to capture is greater than the amount that can be captured.', {
      code: 'amount_too_large',
      param: 'amount_to_capture',
    });
  const intent: Intent = { ...found, status: 'succeeded', amountCaptured };
  return {
    status: 200,
    intent,
    events: [{ type: 'payment_intent.succeeded', object: renderIntent(intent) }],
  };
}

export function cancelIntent({ ledger, params, nowMs }: Context, id: string): Effect {
  onlyKnown(params, ['cancellation_reason', 'expand']);
  const found = known(ledger, id);
  if (found.status === 'succeeded' || found.status === 'canceled') throw unexpectedState(found, 'canceled');
  const intent: Intent = { ...found, status: 'canceled', canceledAtMs: nowMs };
  return {
    status: 200,
    intent,
    events: [{ type: 'payment_intent.canceled', object: renderIntent(intent) }],
  };
}

export function listIntents({ ledger, params }: Context): object {
  onlyKnown(params, ['limit', 'starting_after', 'expand']);
  const limit = integer(params, 'limit', 10, 1, 100);
  const after = params.get('starting_after');
  const from = after === undefined ? ledger.intents.length : ledger.indexOf(known(ledger, after).id)!;
  const start = Math.max(0, from - limit);
  const page = ledger.intents.slice(start, from).reverse();
  return renderList('/v1/payment_intents', page.map(renderIntent), start > 0);
}

/** Of the provider's query language only the one clause that finds an order's payments. */
export function searchIntents({ ledger, params }: Context): object {
  onlyKnown(params, ['query', 'limit', 'page', 'expand']);
  const orderId = /^metadata\['orderId'\]:'([^'\\]{1,200})'$/.exec(required(params, 'query'))?.[1];
  if (orderId === undefined)
    throw invalid("The sandbox only understands metadata['orderId']:'…'", { param: 'query' });
  return {
    object: 'search_result',
    url: '/v1/payment_intents/search',
    has_more: false,
    next_page: null,
    data: ledger.intentsOfOrder(orderId).slice(-100).reverse().map(renderIntent),
  };
}
