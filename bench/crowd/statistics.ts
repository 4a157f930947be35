/**
 * Figures as plain data: how long things took, without keeping every sample. Buckets grow by 2 %, so a quantile is
 * at most 2 % above the true sample; minimum and maximum are exact.
 */

const growth = 1.02;
const logGrowth = Math.log(growth);
/** Everything below 10 us falls into the first bucket. */
const smallestMs = 0.01;
/** Reaches beyond a day. */
const bucketCount = 1_200;

export interface Summary {
  readonly count: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly maxMs: number | null;
}

export interface Histogram {
  record(ms: number): void;
  /** The smallest bucket's upper edge that covers this share of samples; null without samples. */
  quantile(share: number): number | null;
  readonly count: number;
  summary(): Summary;
}

export function createHistogram(): Histogram {
  const buckets = new Uint32Array(bucketCount);
  let count = 0;
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;

  function quantile(share: number): number | null {
    if (count === 0) return null;
    const wanted = Math.max(1, Math.ceil(share * count));
    let seen = 0;
    for (let index = 0; index < bucketCount; index++) {
      seen += buckets[index]!;
      if (seen >= wanted) return Math.min(max, Math.max(min, smallestMs * growth ** index));
    }
    return max;
  }

  return {
    record(ms) {
      if (Number.isNaN(ms)) return;
      const value = Math.max(0, ms);
      const index = value <= smallestMs ? 0 : Math.ceil(Math.log(value / smallestMs) / logGrowth);
      const bucket = Math.min(bucketCount - 1, index);
      buckets[bucket] = buckets[bucket]! + 1;
      count++;
      if (value < min) min = value;
      if (value > max) max = value;
    },
    quantile,
    get count() {
      return count;
    },
    summary: () => ({
      count,
      p50Ms: quantile(0.5),
      p99Ms: quantile(0.99),
      maxMs: count === 0 ? null : max,
    }),
  };
}

/** Counts by name, kept in the order of first mention. */
export interface Tally {
  add(name: string, by?: number): void;
  get(name: string): number;
  toObject(): Record<string, number>;
}

export function createTally(): Tally {
  const counts = new Map<string, number>();
  return {
    add: (name, by = 1) => void counts.set(name, (counts.get(name) ?? 0) + by),
    get: (name) => counts.get(name) ?? 0,
    toObject: () => Object.fromEntries(counts),
  };
}

/** mulberry32: small, fast and the same everywhere, so that a seed names a crowd. Answers 0 <= x < 1. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
