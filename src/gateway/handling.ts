/**
 * What handlers of routes share: the body of an accepted answer, ids from paths, rules that a schema cannot state, times,
 * waiting for what an answer promises, new ids.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { v7 } from 'uuid';
import type { Refusal } from '../protocol/codes.ts';
import type { Accepted } from '../protocol/command.ts';
import { DoorbusterError } from '../protocol/errors.ts';
import { type IdKind, isId, isUuid, prefixes } from '../protocol/ids.ts';
import { throwRefusal } from './problem.ts';
import type { Identity } from './route.ts';

/** The body of an answer to a command (`AnswerTo` of it), or the actor's refusal thrown. */
export function accepted<Body>(
  answer:
    | { readonly code: Accepted; readonly body: Body }
    | { readonly code: Refusal; readonly body: unknown },
): Body {
  if (answer.code === 'ok' || answer.code === 'created') return answer.body;
  return throwRefusal(answer);
}

/** A path's id. One that this server cannot have minted names nothing, and no actor is made for it. */
export function idParam(kind: IdKind, text: string | undefined): string {
  if (text !== undefined && isId(kind, text)) return text;
  throw new DoorbusterError('not_found', `there is no ${kind} "${text?.slice(0, 64) ?? ''}"`);
}

/** A path's client-minted UUID. */
export function uuidParam(name: string, text: string | undefined): string {
  if (text !== undefined && isUuid(text)) return text;
  throw new DoorbusterError('not_found', `there is no ${name} "${text?.slice(0, 64) ?? ''}"`);
}

/** A rule that the schema cannot state. `path` is a JSON pointer into the body. */
export function invalid(path: string, message: string): never {
  throw new DoorbusterError('validation_failed', `${path} ${message}`, { errors: [{ path, message }] });
}

export function isOperator(identity: Identity): boolean {
  return identity.roles.includes('operator') || identity.roles.includes('admin');
}

/** Whose resources the caller may reach: those of its own account, or of every account (null). */
export function scopeOf(identity: Identity): string | null {
  return isOperator(identity) ? null : identity.accountId;
}

/** The first and last millisecond of years with four digits. */
const shownMinMs = -62_167_219_200_000;
const shownMaxMs = 253_402_300_799_999;

/**
 * Engine milliseconds as a `Timestamp`. It answers for every number, because what was done is answered for: a time that
 * no year with four digits has is shown as the nearest one that has, and what is no number as the last.
 */
export function iso(atMs: number): string {
  const shownMs =
    atMs >= shownMinMs && atMs <= shownMaxMs ? atMs : atMs < shownMinMs ? shownMinMs : shownMaxMs;
  return new Date(shownMs).toISOString();
}

const pauseMsMax = 100;

/** Asks again and again, after growing pauses, until it is done or the time is up. */
export async function waitUntil(msMax: number, isDone: () => Promise<boolean>): Promise<void> {
  const giveUpAtMs = performance.now() + msMax;
  for (let pauseMs = 2; !(await isDone()) && performance.now() < giveUpAtMs; ) {
    await delay(pauseMs);
    pauseMs = Math.min(pauseMsMax, pauseMs * 2);
  }
}

// ----------------------------------------------------------------
// Mints ids. Actors mint none, because a replay would mint others: they receive their ids with the command.

/** Random bytes are drawn for many ids at once: one draw each would cost more than the rest of a small request. */
const idsPerDraw = 512;
const drawn = new Uint8Array(16 * idsPerDraw);
let used = drawn.length;

/** A new id, later in order than the ids of earlier milliseconds. */
export function newId<Id extends string = string>(kind: IdKind): Id {
  if (used === drawn.length) {
    crypto.getRandomValues(drawn);
    used = 0;
  }
  const random = drawn.subarray(used, used + 16);
  used += 16;
  return `${prefixes[kind]}_${v7({ random })}` as Id;
}
