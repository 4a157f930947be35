/**
 * The idempotency actor: which requests its owner (an account, or one of those for strangers) has made under which
 * Idempotency-Key, and what was answered.
 *
 * 1. The first request's resource id is kept and given to every repeat: a repeat can never create a second resource.
 * 2. A finished request is replayed; one still running in this server run is refused, unless it began so long ago
 *    that its answer must be lost; one left open by an earlier run is run again.
 * 3. A key lives 24 h from its latest begin, however many there are. An owner has a share of keys and of the answers'
 *    characters, and so have each site and each address of strangers: beyond, new keys are refused as `rate_limited`
 *    until the oldest is a day old.
 */
import {
  type Decider,
  type Decision,
  dispatch,
  type Instant,
  noEvents,
  refuse,
} from '../../protocol/decider.ts';
import type {
  AbandonRequest,
  BeginRequest,
  BegunRequest,
  FinishRequest,
  IdempotencyCommand,
  IdempotencyCommands,
} from './commands.ts';
import type { IdempotencyEvent } from './events.ts';
import { evolveIdempotency } from './evolve.ts';
import { idempotencyVersion, restoreIdempotency, snapshotIdempotency } from './snapshot.ts';
import { forgetAtMs, type IdempotencyState, initialIdempotency, rememberMs, roomAtMs } from './state.ts';

type IdempotencyDecision<Reply = null> = Decision<IdempotencyState, IdempotencyEvent, Reply>;

const lostAfterMs = 60_000;
const nothingPending = [] as const;
const unchanged: IdempotencyDecision = { code: 'ok', events: noEvents };

function begin(
  state: IdempotencyState,
  command: BeginRequest,
  at: Instant,
): IdempotencyDecision<BegunRequest> {
  const known = state.requestByKey.get(command.key);
  if (known === undefined || known.beganAtMs + rememberMs <= at) {
    const roomMs = known === undefined ? roomAtMs(state, command.key) : null;
    if (roomMs === null) return run(command, command.resourceId, noEvents, at);
    if (roomMs > at) return refuse('rate_limited', { retryAfterSeconds: Math.ceil((roomMs - at) / 1000) });
    return run(command, command.resourceId, [forgottenBy(at)], at);
  }
  if (known.fingerprint !== command.fingerprint) return refuse('idempotency_key_reused');
  const { resourceId, finished } = known;
  if (finished !== null)
    return { code: 'ok', events: noEvents, reply: { outcome: 'replay', resourceId, ...finished } };
  if (known.run === command.run && at - known.beganAtMs <= lostAfterMs)
    return refuse('idempotency_in_progress');
  return run(command, resourceId, noEvents, at);
}

function run(
  { key, fingerprint, run }: BeginRequest,
  resourceId: string,
  forgotten: readonly IdempotencyEvent[],
  at: Instant,
): IdempotencyDecision<BegunRequest> {
  return {
    code: 'ok',
    events: [...forgotten, { type: 'RequestBegun', key, fingerprint, resourceId, run, atMs: at }],
    reply: { outcome: 'run', resourceId, status: null, body: null, location: null, etag: null },
  };
}

function forgottenBy(at: Instant): IdempotencyEvent {
  return { type: 'RequestsForgotten', beforeMs: at - rememberMs + 1 };
}

function finish(state: IdempotencyState, command: FinishRequest, at: Instant): IdempotencyDecision {
  const known = state.requestByKey.get(command.key);
  if (known === undefined) return refuse('not_found');
  // The first answer stays: somebody may have seen it.
  if (known.finished !== null) return unchanged;
  const { key, status, body, location, etag } = command;
  return { code: 'ok', events: [{ type: 'RequestFinished', key, status, body, location, etag, atMs: at }] };
}

function abandon(state: IdempotencyState, { key }: AbandonRequest): IdempotencyDecision {
  if (state.requestByKey.get(key)?.finished !== null) return unchanged;
  return { code: 'ok', events: [{ type: 'RequestAbandoned', key }] };
}

function forget(state: IdempotencyState, at: Instant): IdempotencyDecision {
  if (forgetAtMs(state) > at) return unchanged;
  return { code: 'ok', events: [forgottenBy(at)] };
}

export const idempotencyDecider: Decider<IdempotencyState, IdempotencyCommand, IdempotencyEvent> = {
  kind: 'idempotency',
  version: idempotencyVersion,
  initial: initialIdempotency,
  decide: dispatch<IdempotencyState, IdempotencyCommands, IdempotencyEvent>({
    BeginRequest: begin,
    FinishRequest: finish,
    AbandonRequest: abandon,
    Tick: (state, _tick, at) => forget(state, at),
    Answered: () => unchanged,
  }),
  evolve: evolveIdempotency,
  pendingMessages: () => nothingPending,
  deadline: (state, at) => Math.max(forgetAtMs(state), at + 1),
  snapshot: snapshotIdempotency,
  restore: restoreIdempotency,
};
