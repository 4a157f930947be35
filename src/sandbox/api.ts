/**
 * What the sandbox answers to each of the provider's calls.
 *
 * 1. Nothing here waits or reads a clock: a call is decided and recorded in one step, so two calls never interleave.
 * 2. A call with a known idempotency key and the same parameters gets the saved answer; with others, an error.
 * 3. Only calls that began to act are saved: one refused for its parameters may be sent again, corrected.
 */
import { hash } from 'node:crypto';
import type { Call, Context, Effect, Refunding } from './call.ts';
import { ApiRefusal, invalid, mint, onlyKnown } from './call.ts';
import { answerDispute, closeDispute, listDisputes, readDispute } from './disputes.ts';
import { listEvents } from './events.ts';
import { cancelIntent, captureIntent, createIntent, known, listIntents, searchIntents } from './intents.ts';
import type { Ledger } from './ledger.ts';
import { createRefund, listRefunds } from './refunds.ts';
import { renderCharge, renderDecline, renderDispute, renderIntent, renderRefund } from './render.ts';
import type { Intent, Refund, StoredEvent } from './rows.ts';

export interface Answered {
  readonly status: number;
  readonly body: object;
  readonly isReplayed: boolean;
  readonly events: readonly StoredEvent[];
}

interface Outcome {
  readonly status: number;
  readonly intent: Intent;
  readonly refund?: Refund | null;
}

/** As it was when the call was made. */
function bodyOf({ path }: Call, { status, intent, refund }: Outcome, madeAtMs: number): object {
  if (path.startsWith('/v1/disputes/')) return renderDispute(intent.dispute!, intent);
  if (refund) return renderRefund(refund, intent, madeAtMs);
  if (status < 400 || !intent.decline) return renderIntent(intent);
  return { error: { ...renderDecline(intent.decline), payment_intent: renderIntent(intent) } };
}

const unknownPath = ({ method, path }: Call) =>
  invalid(`Unrecognized request URL (${method}: ${path}).`, {}, 404);

function read(context: Context, call: Call): object {
  if (call.path === '/v1/payment_intents') return listIntents(context);
  if (call.path === '/v1/payment_intents/search') return searchIntents(context);
  if (call.path === '/v1/refunds') return listRefunds(context);
  if (call.path === '/v1/disputes') return listDisputes(context);
  if (call.path === '/v1/events') return listEvents(context);
  const disputeId = /^\/v1\/disputes\/(\w{1,80})$/.exec(call.path)?.[1];
  if (disputeId !== undefined) return readDispute(context, disputeId);
  const id = /^\/v1\/payment_intents\/(\w{1,80})$/.exec(call.path)?.[1];
  if (id !== undefined) {
    onlyKnown(call.params, ['expand']);
    const intent = known(context.rows, id);
    const isExpanded = call.params.get('expand[0]') === 'latest_charge' && intent.chargeId !== null;
    return isExpanded
      ? { ...renderIntent(intent), latest_charge: renderCharge(intent, context.nowMs) }
      : renderIntent(intent);
  }
  throw unknownPath(call);
}

function act(context: Context, call: Call): Effect {
  if (call.path === '/v1/payment_intents') return createIntent(context);
  if (call.path === '/v1/refunds') return createRefund(context);
  const [, id, verb] = /^\/v1\/payment_intents\/(\w{1,80})\/(capture|cancel)$/.exec(call.path) ?? [];
  if (verb === 'capture') return captureIntent(context, id!);
  if (verb === 'cancel') return cancelIntent(context, id!);
  const [, disputeId, ending] = /^\/v1\/disputes\/(\w{1,80})(\/close)?$/.exec(call.path) ?? [];
  if (disputeId !== undefined)
    return ending === undefined ? answerDispute(context, disputeId) : closeDispute(context, disputeId);
  throw unknownPath(call);
}

function fingerprintOf({ method, path, params }: Call): string {
  const sorted = [...params].sort(([a], [b]) => (a < b ? -1 : 1));
  const lines = [`${method} ${path}`, ...sorted.map((pair) => JSON.stringify(pair))];
  return hash('sha256', lines.join('\n'), 'base64url').slice(0, 22);
}

/** Throws an ApiRefusal for everything that is not an answer. */
export function perform(ledger: Ledger, call: Call, nowMs: number, refunding: Refunding): Answered {
  const { rows } = ledger;
  const context: Context = { rows, params: call.params, nowMs, refunding };
  if (call.method === 'GET') return { status: 200, body: read(context, call), isReplayed: false, events: [] };
  if (call.method !== 'POST') throw unknownPath(call);
  const key = call.idempotencyKey;
  const fingerprint = key === null ? '' : fingerprintOf(call);
  const saved = key === null ? undefined : rows.saved(key, nowMs);
  if (saved) {
    if (saved.fingerprint !== fingerprint)
      throw new ApiRefusal(400, {
        type: 'idempotency_error',
        message: `Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '${key}' if you meant to execute a different request.`,
      });
    return { status: saved.status, body: bodyOf(call, saved, saved.atMs), isReplayed: true, events: [] };
  }
  const effect = act(context, call);
  const events = ledger.record({
    intent: effect.intent,
    refund: effect.refund ?? null,
    saved: key === null ? null : { key, fingerprint, status: effect.status, atMs: nowMs },
    events: effect.events.map(({ type, afterMs = 0 }) => ({
      ...{ id: mint('evt'), type, createdAtMs: nowMs + afterMs },
    })),
  });
  return { status: effect.status, body: bodyOf(call, effect, nowMs), isReplayed: false, events };
}
