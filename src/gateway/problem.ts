/**
 * Refusals on the wire: RFC 9457 problem details. The only place where a code meets an HTTP status.
 *
 * 1. Every refusal has exactly one status (a test keeps the table complete).
 * 2. A problem's own members always win over details of the same name.
 * 3. What a programmer got wrong is `internal_error` outside, and a stack in the log only.
 */
import { type Code, type Refusal, refusals } from '../protocol/codes.ts';
import { DoorbusterError } from '../protocol/errors.ts';
import type { Reply } from './route.ts';

export const statusByCode: Readonly<Record<Refusal, number>> = {
  not_found: 404,
  method_not_allowed: 405,
  unauthenticated: 401,
  invalid_token: 401,
  token_expired: 401,
  invalid_credentials: 401,
  forbidden: 403,
  rate_limited: 429,
  payload_too_large: 413,
  unsupported_media_type: 415,
  malformed_json: 400,
  validation_failed: 400,
  card_data_refused: 422,
  idempotency_key_required: 400,
  idempotency_key_reused: 422,
  idempotency_in_progress: 409,
  exists_with_different: 409,
  email_taken: 409,
  sku_taken: 409,
  stale_version: 412,
  unknown_sku: 404,
  sale_not_open: 409,
  sale_ended: 410,
  invite_required: 403,
  admission_required: 403,
  admission_invalid: 403,
  admission_expired: 403,
  hold_expired: 409,
  hold_in_use: 409,
  wrong_state: 409,
  purchase_limit: 409,
  sold_out: 409,
  insufficient_stock: 409,
  price_changed: 422,
  payment_declined: 402,
  payment_failed: 402,
  invalid_signature: 400,
  busy: 503,
  internal_error: 500,
};

interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: Refusal;
  readonly [detail: string]: unknown;
}

export const problemType = 'application/problem+json';

export function problem(
  code: Refusal,
  detail: string = refusals[code],
  details: Readonly<Record<string, unknown>> = {},
): Problem {
  const own = { type: `urn:doorbuster:problem:${code}`, title: refusals[code], status: statusByCode[code] };
  return { ...own, ...details, ...own, detail, code };
}

function isRefusal(code: string): code is Refusal {
  return Object.hasOwn(refusals, code);
}

/** Throws an actor's refusal, its body as the problem's details. */
export function refuse({ code, body }: { readonly code: Code; readonly body: unknown }): never {
  if (!isRefusal(code)) throw new Error(`not a refusal: ${code}`);
  throw new DoorbusterError(code, refusals[code], isRecord(body) ? body : {});
}

function isRecord(body: unknown): body is Readonly<Record<string, unknown>> {
  return typeof body === 'object' && body !== null && !Array.isArray(body);
}

/** What a limiter adds to its refusal: the values of the RateLimit headers (draft-ietf-httpapi-ratelimit-headers-10). */
interface RateLimitState {
  readonly policy: string;
  readonly state: string;
}

function headersOf(code: Refusal, details: Readonly<Record<string, unknown>>): Record<string, string> {
  const retryAfter = details.retryAfterSeconds;
  const headers: Record<string, string> = {};
  if (typeof retryAfter === 'number') headers['Retry-After'] = String(Math.max(1, Math.ceil(retryAfter)));
  else if (code === 'busy' || code === 'idempotency_in_progress') headers['Retry-After'] = '1';
  if (statusByCode[code] === 401) headers['WWW-Authenticate'] = 'Bearer realm="doorbuster"';
  if (code === 'method_not_allowed') headers.Allow = String(details.allow);
  const rateLimit = details.rateLimit as RateLimitState | undefined;
  if (rateLimit) {
    headers['RateLimit-Policy'] = rateLimit.policy;
    headers.RateLimit = rateLimit.state;
  }
  return headers;
}

/** The reply to whatever a handler threw, or null when it was no refusal: then it is a bug or a fault to be logged. */
export function refusalReply(error: unknown): Reply | null {
  return error instanceof DoorbusterError ? problemOf(error) : null;
}

export function problemOf(refusal: DoorbusterError): Required<Reply> {
  const { rateLimit: _, ...shown } = refusal.details;
  return {
    status: statusByCode[refusal.code],
    body: problem(refusal.code, refusal.message, shown),
    headers: headersOf(refusal.code, refusal.details),
  };
}

export const internalReply: Reply = { status: 500, body: problem('internal_error') };
