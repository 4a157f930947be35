/** The idempotency actor's saved form, version 1: one row for each key, in the order of their latest begin. */
import { answerCharsOf, count, type IdempotencyState, initialIdempotency } from './state.ts';

export const idempotencyVersion = 1;

type Row = [
  key: string,
  fingerprint: string,
  resourceId: string,
  run: string,
  beganAtMs: number,
  /** The tag is absent in rows of earlier versions. */
  finished: [status: number, body: unknown, location: string | null, etag?: string | null] | null,
];

export function snapshotIdempotency(state: IdempotencyState): Row[] {
  return Array.from(state.requestByKey, ([key, { fingerprint, resourceId, run, beganAtMs, finished }]) => [
    key,
    fingerprint,
    resourceId,
    run,
    beganAtMs,
    finished === null ? null : [finished.status, finished.body, finished.location, finished.etag],
  ]);
}

export function restoreIdempotency(owner: string, rows: unknown, version: number): IdempotencyState {
  if (version !== idempotencyVersion)
    throw new Error(`unknown version ${version} of an idempotency snapshot`);
  const state = initialIdempotency(owner);
  for (const [key, fingerprint, resourceId, run, beganAtMs, row] of rows as Row[]) {
    const finished =
      row === null ? null : { status: row[0], body: row[1], location: row[2], etag: row[3] ?? null };
    const request = { fingerprint, resourceId, run, beganAtMs, finished };
    state.requestByKey.set(key, request);
    count(state, key, 1, answerCharsOf(request));
  }
  return state;
}
