/**
 * Sessions that have ended while access tokens of theirs may still be valid. Memory is bounded: an entry goes when the
 * last token of its session has expired, and beyond `revocationsMax` the oldest goes.
 */

export interface Revocation {
  readonly sessionId: string;
  /** When the last access token of the session will have expired. */
  readonly untilMs: number;
}

const revocationsMax = 200_000;
/** Fewer are not worth being looked through. */
const sweptFrom = 1_000;

export class Revocations {
  readonly #untilMsBySession = new Map<string, number>();
  #sweptAtSize = sweptFrom;

  get size(): number {
    return this.#untilMsBySession.size;
  }

  has(sessionId: string): boolean {
    return this.#untilMsBySession.has(sessionId);
  }

  /** Answers with the sessions that were not known as ended before. */
  add(revocations: readonly Revocation[], nowMs: number): ReadonlySet<string> {
    const added = new Set<string>();
    for (const { sessionId, untilMs } of revocations) {
      if (untilMs <= nowMs || this.has(sessionId)) continue;
      this.#untilMsBySession.set(sessionId, untilMs);
      added.add(sessionId);
    }
    if (this.size >= this.#sweptAtSize) this.#sweep(nowMs);
    return added;
  }

  #sweep(nowMs: number): void {
    for (const [sessionId, untilMs] of this.#untilMsBySession) {
      if (untilMs <= nowMs || this.size > revocationsMax) this.#untilMsBySession.delete(sessionId);
    }
    this.#sweptAtSize = Math.min(revocationsMax + sweptFrom, Math.max(sweptFrom, 2 * this.size));
  }
}
