/**
 * What a single look cannot tell: since when something is so, and whether a counter still grows. Bounded by what is
 * looked at: alarms, shards and threads.
 */

/** Whoever is missing for a moment, because its thread did not answer, is the same when it comes back. */
const forgetMs = 10_000;

interface Growth {
  value: number;
  /** The first and the latest growth of the present episode; 0 before any. */
  firstMs: number;
  lastMs: number;
}

export class Trend {
  readonly #growthByKey = new Map<string, Growth>();
  readonly #sinceByKey = new Map<string, { sinceMs: number; seenMs: number }>();

  /** Since when it is so: as told before, else `sinceMs`. */
  since(key: string, sinceMs: number, nowMs: number): number {
    const known = this.#sinceByKey.get(key);
    const since = known?.sinceMs ?? sinceMs;
    this.#sinceByKey.set(key, { sinceMs: since, seenMs: nowMs });
    return since;
  }

  /** Forgets what is over. */
  forget(nowMs: number): void {
    for (const [key, { seenMs }] of this.#sinceByKey)
      if (nowMs - seenMs > forgetMs) this.#sinceByKey.delete(key);
  }

  /**
   * When this counter, which began at 0, first grew in the episode whose latest growth is not older than `episodeMs`; null
   * when it is. A counter that is smaller than before began anew with its thread.
   */
  grewSince(key: string, value: number, nowMs: number, episodeMs: number): number | null {
    const growth = this.#growthByKey.get(key) ?? { value: 0, firstMs: 0, lastMs: 0 };
    if (value > growth.value || (value < growth.value && value > 0)) {
      if (nowMs - growth.lastMs > episodeMs) growth.firstMs = nowMs;
      growth.lastMs = nowMs;
    }
    growth.value = value;
    this.#growthByKey.set(key, growth);
    return growth.lastMs > 0 && nowMs - growth.lastMs <= episodeMs ? growth.firstMs : null;
  }
}
