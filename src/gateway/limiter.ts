/**
 * Token buckets by key, as the generic cell rate algorithm: one number per key, the time at which its bucket would
 * be full again.
 *
 * 1. Memory is bounded: a full bucket says nothing and is forgotten; at `keysMax` the oldest key is.
 * 2. Each gateway thread counts for itself, so with G gateways a client that spreads its connections gets up to G
 *    times the rate: the price of asking no other thread on every request.
 */
import { DoorbusterError } from '../protocol/errors.ts';

export interface Limit {
  /** The policy's name in the RateLimit headers. */
  readonly name: string;
  readonly perSecond: number;
  readonly burst: number;
  readonly keysMax: number;
}

export interface Limiter {
  /** Takes one; refuses with `rate_limited`. */
  take(key: string): void;
  /** Fills the key's bucket. */
  forgive(key: string): void;
  readonly size: number;
}

/** Expired keys looked at on each new one: twice as many as can be added, so the map shrinks to what is live. */
const sweptPerNewKey = 2;

export function createLimiter(limit: Limit, now: () => number): Limiter {
  const intervalMs = 1000 / limit.perSecond;
  const toleranceMs = intervalMs * limit.burst;
  const policy = `"${limit.name}";q=${limit.burst};w=${Math.max(1, Math.ceil(limit.burst / limit.perSecond))}`;
  const fullAtMsByKey = new Map<string, number>();
  let sweeper = fullAtMsByKey.entries();

  function makeRoom(atMs: number): void {
    for (let i = 0; i < sweptPerNewKey; i++) {
      const next = sweeper.next();
      if (next.done) {
        sweeper = fullAtMsByKey.entries();
        break;
      }
      if (next.value[1] <= atMs) fullAtMsByKey.delete(next.value[0]);
    }
    if (fullAtMsByKey.size >= limit.keysMax) {
      const oldest = fullAtMsByKey.keys().next();
      if (!oldest.done) fullAtMsByKey.delete(oldest.value);
    }
  }

  return {
    take(key) {
      const atMs = now();
      const known = fullAtMsByKey.get(key);
      if (known === undefined) makeRoom(atMs);
      const fullAtMs = Math.max(known ?? atMs, atMs) + intervalMs;
      if (fullAtMs - atMs > toleranceMs) {
        const retryAfterSeconds = Math.max(1, Math.ceil((fullAtMs - atMs - toleranceMs) / 1000));
        throw new DoorbusterError('rate_limited', `Try again in ${retryAfterSeconds} s`, {
          retryAfterSeconds,
          rateLimit: { policy, state: `"${limit.name}";r=0;t=${retryAfterSeconds}` },
        });
      }
      fullAtMsByKey.set(key, fullAtMs);
    },
    forgive: (key) => void fullAtMsByKey.delete(key),
    get size() {
      return fullAtMsByKey.size;
    },
  };
}

const mappedV4 = '0000:0000:0000:0000:0000:ffff:';

/** An address as a limiter's key: IPv6 by its /64, which one subscriber has whole. */
export function addressKey(address: string): string {
  if (!address.includes(':') || address.startsWith(mappedV4)) return address;
  return address.split(':', 4).join(':');
}
