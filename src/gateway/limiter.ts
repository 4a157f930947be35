/**
 * Token buckets by key.
 *
 * 1. Memory is bounded: a full bucket says nothing and is forgotten; at `keysMax` the oldest key is.
 * 2. Each gateway thread counts for itself, so with G gateways a client that spreads its connections gets up to G
 *    times the rate: the price of asking no other thread on every request.
 */
import { DoorbusterError } from '../protocol/errors.ts';

interface Limit {
  /** The policy's name in the RateLimit headers. */
  readonly name: string;
  readonly perSecond: number;
  readonly burst: number;
  readonly keysMax: number;
}

/** Expired keys looked at on each new one: twice as many as can be added, so the map shrinks to what is live. */
const sweptPerNewKey = 2;

export class Limiter {
  readonly #bucket: TokenBucket;
  readonly #name: string;
  readonly #policy: string;
  readonly #keysMax: number;
  readonly #now: () => number;
  readonly #fullAtMsByKey = new Map<string, number>();
  #sweeper = this.#fullAtMsByKey.entries();

  constructor({ name, perSecond, burst, keysMax }: Limit, now: () => number) {
    this.#bucket = new TokenBucket(perSecond, burst);
    this.#name = name;
    this.#policy = `"${name}";q=${burst};w=${Math.max(1, Math.ceil(burst / perSecond))}`;
    this.#keysMax = keysMax;
    this.#now = now;
  }

  get size(): number {
    return this.#fullAtMsByKey.size;
  }

  /** Takes one; refuses with `rate_limited`. */
  take(key: string): void {
    const nowMs = this.#now();
    const known = this.#fullAtMsByKey.get(key);
    if (known === undefined) this.#makeRoom(nowMs);
    const fullAtMs = this.#bucket.after(known ?? nowMs, nowMs);
    const waitMs = this.#bucket.waitMs(fullAtMs, nowMs);
    if (waitMs > 0) this.#refuse(waitMs);
    this.#fullAtMsByKey.set(key, fullAtMs);
  }

  /** Fills the key's bucket. */
  forgive(key: string): void {
    this.#fullAtMsByKey.delete(key);
  }

  #refuse(waitMs: number): never {
    const retryAfterSeconds = Math.max(1, Math.ceil(waitMs / 1000));
    throw new DoorbusterError('rate_limited', `Try again in ${retryAfterSeconds} s`, {
      retryAfterSeconds,
      rateLimit: { policy: this.#policy, state: `"${this.#name}";r=0;t=${retryAfterSeconds}` },
    });
  }

  #makeRoom(nowMs: number): void {
    for (let i = 0; i < sweptPerNewKey; i++) {
      const next = this.#sweeper.next();
      if (next.done) {
        this.#sweeper = this.#fullAtMsByKey.entries();
        break;
      }
      const [key, fullAtMs] = next.value;
      if (fullAtMs <= nowMs) this.#fullAtMsByKey.delete(key);
    }
    if (this.#fullAtMsByKey.size < this.#keysMax) return;
    const oldest = this.#fullAtMsByKey.keys().next();
    if (!oldest.done) this.#fullAtMsByKey.delete(oldest.value);
  }
}

const mappedV4 = '0000:0000:0000:0000:0000:ffff:';

/** An address as a limiter's key: IPv6 by its /64, which one subscriber has whole. */
export function addressKey(address: string): string {
  if (!address.includes(':') || address.startsWith(mappedV4)) return address;
  return address.split(':', 4).join(':');
}

// ----------------------------------------------------------------
// A token bucket as the generic cell rate algorithm: its whole state is one number, the time at which it would be
// full again. Who keeps that number is the caller's business: a map entry, a field.

export class TokenBucket {
  readonly perSecond: number;
  readonly burst: number;
  readonly #intervalMs: number;
  readonly #toleranceMs: number;

  constructor(perSecond: number, burst: number) {
    this.perSecond = perSecond;
    this.burst = burst;
    this.#intervalMs = 1000 / perSecond;
    this.#toleranceMs = this.#intervalMs * burst;
  }

  /** When a bucket that would be full at `fullAtMs` is full again if one token is taken now. */
  after(fullAtMs: number, nowMs: number): number {
    return Math.max(fullAtMs, nowMs) + this.#intervalMs;
  }

  /** How long it takes until one may be taken that moves the bucket to `nextFullAtMs`; at most 0: now. */
  waitMs(nextFullAtMs: number, nowMs: number): number {
    return nextFullAtMs - nowMs - this.#toleranceMs;
  }
}
