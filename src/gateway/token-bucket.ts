/**
 * A token bucket as the generic cell rate algorithm: its whole state is one number, the time at which it would be
 * full again. Who keeps that number is the caller's business: a map entry, a field.
 */
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
