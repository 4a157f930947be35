/**
 * Pages of other origins (CORS): which may read answers, and what they may send.
 *
 * 1. Without `CORS_ORIGINS` no answer says anything, so no page of another origin reads one.
 * 2. Credentials of the browser are never allowed: whoever asks is known by the bearer token that the page itself sends.
 *    That is why the live socket takes any origin: a page that has no token is closed after 5 s like everybody else.
 */
import type { RequestHead } from './head.ts';
import type { Reply } from './route.ts';

/** What every route reads; its own headers come on top. */
const requestHeaders = [
  'authorization',
  'content-type',
  'idempotency-key',
  'if-match',
  'if-none-match',
  'x-request-id',
];
const exposed =
  'ETag, Location, Retry-After, RateLimit, RateLimit-Policy, X-Request-Id, Idempotency-Replayed';
const preflightVary = 'Access-Control-Request-Method, Access-Control-Request-Headers';
const preflightSeconds = 600;

export const preflightNames: readonly string[] = ['access-control-request-method'];

export class Cors {
  readonly #linesByOrigin: ReadonlyMap<string, string>;

  constructor(origins: readonly string[]) {
    this.#linesByOrigin = new Map(
      origins.map((origin) => [
        origin,
        `Origin\r\nAccess-Control-Allow-Origin: ${origin}\r\nAccess-Control-Expose-Headers: ${exposed}`,
      ]),
    );
  }

  /** What an answer says: the value of `Vary` with the lines that follow it, or nothing. */
  linesFor({ origin }: RequestHead): string {
    if (this.#linesByOrigin.size === 0) return '';
    return this.#linesByOrigin.get(origin) ?? 'Origin';
  }

  /** The answer to a preflight for a path with these methods and headers; null when it is none of a listed origin. */
  preflight({ method, origin, headers }: RequestHead, allow: string, names: readonly string[]): Reply | null {
    const isPreflight = method === 'OPTIONS' && headers['access-control-request-method'] !== undefined;
    if (!isPreflight || !this.#linesByOrigin.has(origin)) return null;
    return {
      status: 204,
      headers: {
        'Access-Control-Allow-Methods': allow,
        'Access-Control-Allow-Headers': [...new Set([...requestHeaders, ...names])].join(', '),
        'Access-Control-Max-Age': String(preflightSeconds),
        Vary: preflightVary,
      },
    };
  }
}
