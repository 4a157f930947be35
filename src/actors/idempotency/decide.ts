/**
 * The idempotency actor: which requests an account has made under which Idempotency-Key, and what was answered.
 *
 * 1. The first request's resource id is kept and given to every repeat: a repeat can never create a second resource.
 * 2. A finished request is replayed; one still running in this server run is refused, unless it began so long ago
 *    that its answer must be lost; one left open by an earlier run is run again.
 * 3. A key lives 24 h from its latest begin. At most `keysMax` are kept: beyond, the oldest finished one goes, and
 *    when none is finished the request is refused as `busy`.
 */
import type { Code } from '../../protocol/codes.ts';
import type { Decider, Decision, RuntimeCommand } from '../../protocol/decider.ts';
import type { BeginRequest, FinishRequest, IdempotencyCommand } from './commands.ts';
import type { IdempotencyEvent } from './events.ts';

interface FinishedRequest {
  readonly status: number;
  readonly body: unknown;
  readonly location: string | null;
}

interface KnownRequest {
  readonly fingerprint: string;
  readonly resourceId: string;
  readonly run: string;
  readonly beganAtMs: number;
  finished: FinishedRequest | null;
}

export interface IdempotencyState {
  /** By key, in the order of their latest begin. */
  readonly requestByKey: Map<string, KnownRequest>;
}

type IdempotencyDecision = Decision<IdempotencyState, IdempotencyEvent>;

export const keysMax = 1_000;
const rememberMs = 24 * 3_600_000;
const lostAfterMs = 60_000;
const nothingPending = [] as const;

function answer(code: Code, reply: object | null = null): IdempotencyDecision {
  return { code, events: [], reply };
}

function decide(
  state: IdempotencyState,
  command: IdempotencyCommand | RuntimeCommand,
  at: number,
): IdempotencyDecision {
  switch (command.type) {
    case 'BeginRequest':
      return begin(state, command, at);
    case 'FinishRequest':
      return finish(state, command, at);
    case 'AbandonRequest':
      if (state.requestByKey.get(command.key)?.finished !== null) return answer('ok');
      return { code: 'ok', events: [{ type: 'RequestAbandoned', key: command.key }] };
    case 'Tick':
      if (forgetAtMs(state) > at) return answer('ok');
      return { code: 'ok', events: [{ type: 'RequestsForgotten', beforeMs: at - rememberMs + 1 }] };
    case 'Answered':
      return answer('ok');
  }
}

function begin(state: IdempotencyState, command: BeginRequest, at: number): IdempotencyDecision {
  const known = state.requestByKey.get(command.key);
  if (known === undefined || known.beganAtMs + rememberMs <= at) {
    const room = known === undefined ? makeRoom(state) : [];
    return room === null ? answer('busy') : run(command, command.resourceId, room, at);
  }
  if (known.fingerprint !== command.fingerprint) return answer('idempotency_key_reused');
  const { resourceId, finished } = known;
  if (finished !== null) return answer('ok', { outcome: 'replay', resourceId, ...finished });
  if (known.run === command.run && at - known.beganAtMs <= lostAfterMs)
    return answer('idempotency_in_progress');
  return run(command, resourceId, [], at);
}

function run(
  { key, fingerprint, run }: BeginRequest,
  resourceId: string,
  room: readonly IdempotencyEvent[],
  at: number,
): IdempotencyDecision {
  return {
    code: 'ok',
    events: [...room, { type: 'RequestBegun', key, fingerprint, resourceId, run, atMs: at }],
    reply: { outcome: 'run', resourceId, status: null, body: null, location: null },
  };
}

/** What must be forgotten for one more key, or null when nothing may be. */
function makeRoom(state: IdempotencyState): readonly IdempotencyEvent[] | null {
  if (state.requestByKey.size < keysMax) return [];
  for (const [key, request] of state.requestByKey) {
    if (request.finished !== null) return [{ type: 'RequestAbandoned', key }];
  }
  return null;
}

function finish(state: IdempotencyState, command: FinishRequest, at: number): IdempotencyDecision {
  const known = state.requestByKey.get(command.key);
  if (known === undefined) return answer('not_found');
  // The first answer stays: somebody may have seen it.
  if (known.finished !== null) return answer('ok');
  const { key, status, body, location } = command;
  return { code: 'ok', events: [{ type: 'RequestFinished', key, status, body, location, atMs: at }] };
}

function evolve(state: IdempotencyState, event: IdempotencyEvent): void {
  const { requestByKey } = state;
  switch (event.type) {
    case 'RequestBegun': {
      const { key, fingerprint, resourceId, run, atMs } = event;
      // Deleted first, so that the map stays in the order of beginning.
      requestByKey.delete(key);
      requestByKey.set(key, { fingerprint, resourceId, run, beganAtMs: atMs, finished: null });
      break;
    }
    case 'RequestFinished': {
      const { status, body, location } = event;
      requestByKey.get(event.key)!.finished = { status, body, location };
      break;
    }
    case 'RequestAbandoned':
      requestByKey.delete(event.key);
      break;
    case 'RequestsForgotten':
      for (const [key, request] of requestByKey) {
        if (request.beganAtMs >= event.beforeMs) break;
        requestByKey.delete(key);
      }
      break;
  }
}

function forgetAtMs(state: IdempotencyState): number {
  for (const request of state.requestByKey.values()) return request.beganAtMs + rememberMs;
  return Number.POSITIVE_INFINITY;
}

type Row = [
  key: string,
  fingerprint: string,
  resourceId: string,
  run: string,
  beganAtMs: number,
  finished: [status: number, body: unknown, location: string | null] | null,
];

function snapshot(state: IdempotencyState): Row[] {
  return Array.from(state.requestByKey, ([key, { fingerprint, resourceId, run, beganAtMs, finished }]) => [
    key,
    fingerprint,
    resourceId,
    run,
    beganAtMs,
    finished === null ? null : [finished.status, finished.body, finished.location],
  ]);
}

function restore(_: string, rows: unknown, version: number): IdempotencyState {
  if (version !== 1) throw new Error(`unknown version ${version} of an idempotency snapshot`);
  const requestByKey: IdempotencyState['requestByKey'] = new Map();
  for (const [key, fingerprint, resourceId, run, beganAtMs, row] of rows as Row[]) {
    const finished = row === null ? null : { status: row[0], body: row[1], location: row[2] };
    requestByKey.set(key, { fingerprint, resourceId, run, beganAtMs, finished });
  }
  return { requestByKey };
}

export const idempotencyDecider: Decider<IdempotencyState, IdempotencyCommand, IdempotencyEvent> = {
  kind: 'idempotency',
  version: 1,
  initial: () => ({ requestByKey: new Map() }),
  decide,
  evolve,
  pendingMessages: () => nothingPending,
  deadline: (state, at) => Math.max(forgetAtMs(state), at + 1),
  snapshot,
  restore,
};
