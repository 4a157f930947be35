/**
 * Refusals on the wire: RFC 9457 problem details. The only place where a code meets an HTTP status.
 *
 * 1. Every refusal has exactly one status.
 * 2. A problem's own members always win over details of the same name.
 * 3. What a programmer got wrong is `internal_error` outside, and a stack in the log only.
 */
import { type Code, type Refusal, refusals } from '../protocol/codes.ts';
import { DoorbusterError } from '../protocol/errors.ts';
import type { Reply } from './route.ts';

const codesByStatus = {
  400: [
    'malformed_request',
    'malformed_json',
    'validation_failed',
    'cursor_expired',
    'idempotency_key_invalid',
    'idempotency_key_required',
    'invalid_signature',
    'link_invalid',
  ],
  401: ['unauthenticated', 'invalid_token', 'token_expired', 'invalid_credentials'],
  402: ['payment_declined', 'payment_failed'],
  403: [
    'forbidden',
    'account_suspended',
    'seller_suspended',
    'invite_required',
    'admission_required',
    'admission_invalid',
    'admission_expired',
  ],
  404: ['not_found', 'unknown_sku', 'unknown_coupon'],
  405: ['method_not_allowed'],
  408: ['request_timeout'],
  409: [
    'idempotency_in_progress',
    'exists_with_different',
    'account_in_use',
    'email_taken',
    'last_admin',
    'sku_taken',
    'variant_in_use',
    'category_exists',
    'category_cycle',
    'category_not_empty',
    'sale_not_open',
    'sale_paused',
    'hold_expired',
    'hold_in_use',
    'wrong_state',
    'purchase_limit',
    'cart_full',
    'quantity_limit',
    'cart_not_empty',
    'wishlist_full',
    'sold_out',
    'only_in_sale',
    'insufficient_stock',
    'too_many_images',
    'coupon_not_applicable',
    'coupon_exhausted',
    'too_many_promotions',
  ],
  410: ['sale_ended'],
  412: ['stale_version'],
  413: ['payload_too_large'],
  415: ['unsupported_media_type', 'unsupported_image'],
  422: [
    'card_data_refused',
    'image_rejected',
    'idempotency_key_reused',
    'listing_refused',
    'no_exchange_rate',
    'shipping_not_available',
    'price_changed',
  ],
  429: ['rate_limited', 'address_limit'],
  500: ['internal_error'],
  503: ['busy'],
} as const satisfies Readonly<Record<number, readonly Refusal[]>>;

type Listed = (typeof codesByStatus)[keyof typeof codesByStatus][number];

/** Does not compile while a refusal has no status. */
export const statusByCode: Readonly<Record<Refusal, number>> = byCode<Listed>(codesByStatus);

function byCode<Code extends Refusal>(
  table: Readonly<Record<number, readonly Code[]>>,
): Record<Code, number> {
  const entries = Object.entries(table).flatMap(([status, codes]) =>
    codes.map((code) => [code, Number(status)] as const),
  );
  return Object.fromEntries(entries) as Record<Code, number>;
}

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
export function throwRefusal({ code, body }: { readonly code: Code; readonly body: unknown }): never {
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

function problemOf(refusal: DoorbusterError): Required<Pick<Reply, 'status' | 'body' | 'headers'>> {
  const { rateLimit: _, ...shown } = refusal.details;
  return {
    status: statusByCode[refusal.code],
    body: problem(refusal.code, refusal.message, shown),
    headers: headersOf(refusal.code, refusal.details),
  };
}

export const internalReply: Reply = { status: 500, body: problem('internal_error') };
