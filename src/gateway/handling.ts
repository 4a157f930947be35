/**
 * What handlers of routes share: the body of an accepted answer, ids from paths, rules that a schema cannot state, times,
 * waiting for what an answer promises, new ids.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Accepted, Refusal } from '../protocol/codes.ts';
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

/** The same of what operators may not reach: every account's (null) for administrators alone. */
export function adminScopeOf({ accountId, roles }: Identity): string | null {
  return roles.includes('admin') ? null : accountId;
}

/** The first and last millisecond of years with four digits. */
const shownMinMs = -62_167_219_200_000;
const shownMaxMs = 253_402_300_799_999;

/**
 * Engine milliseconds as a `Timestamp`. It answers for every number, because what was done is answered for: a time that
 * no year with four digits has is shown as the nearest one that has, and what is no number as the last.
 */
export function iso(atMs: number): string {
  if (atMs === latestMs) return latestIso;
  const shownMs =
    atMs >= shownMinMs && atMs <= shownMaxMs ? atMs : atMs < shownMinMs ? shownMinMs : shownMaxMs;
  latestMs = atMs;
  latestIso = new Date(shownMs).toISOString();
  return latestIso;
}

/** What is asked for again and again: all that is placed in one millisecond ends in one. */
let latestMs = Number.NaN;
let latestIso = '';

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
const bytesPerId = 10;
const drawn = new Uint8Array(512 * bytesPerId);
let used = drawn.length;

const hexDigits = Buffer.from('0123456789abcdef');
/** The UUID of the latest id, as text. A UUIDv7 (RFC 9562, 5.7) is 48 bits of time, its version, and random bits. */
const uuid = Buffer.from('00000000-0000-7000-8000-000000000000');
const timeAt = [0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12];
/** Behind the version; the first of the fourth group has two bits of the variant. */
const randomAt = [15, 16, 17, 20, 21, 22, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35];
const variantAt = 19;
let timeMs = 0;

/** A new id, later in order than the ids of earlier milliseconds. */
export function newId<Id extends string = string>(kind: IdKind): Id {
  const nowMs = Date.now();
  if (nowMs !== timeMs) {
    timeMs = nowMs;
    const time = nowMs.toString(16).padStart(timeAt.length, '0');
    for (let i = 0; i < timeAt.length; i++) uuid[timeAt[i]!] = time.charCodeAt(i);
  }
  if (used === drawn.length) {
    crypto.getRandomValues(drawn);
    used = 0;
  }
  uuid[variantAt] = hexDigits[8 | (drawn[used]! & 3)]!;
  for (let i = 0; i < randomAt.length; i += 2) {
    const byte = drawn[used + 1 + (i >> 1)]!;
    uuid[randomAt[i]!] = hexDigits[byte >> 4]!;
    uuid[randomAt[i + 1]!] = hexDigits[byte & 15]!;
  }
  used += bytesPerId;
  // One flat text: put together from parts it would be a dozen objects.
  return `${prefixes[kind]}_${uuid.toString('latin1')}` as Id;
}
