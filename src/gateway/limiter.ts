/**
 * Token buckets by key, in memory that all gateway threads of the process share.
 *
 * 1. Memory and work are fixed: a key's hash names a row of eight buckets. When all eight are in use, a new key takes
 *    the one that is nearest to full, which says the least.
 * 2. A bucket is one 32-bit number, the time at which it would be full again (the generic cell rate algorithm), changed
 *    by compare and swap: two threads never give away the same token.
 * 3. Time wraps around in that number. Buckets that are full are swept out long before theirs could be mistaken for a
 *    later one, and after a longer rest all are.
 * 4. Where several processes share their limits, what each bucket gave is counted for the others, and what a key took
 *    elsewhere moves its time on here: a debt that may go beyond an empty bucket, or each process would give the whole
 *    rate while it waits to hear of the others.
 */
import { DoorbusterError } from '../protocol/errors.ts';
import { heaviest } from './heaviest.ts';
import type { Hashed, KeyHash } from './key-hash.ts';

export interface Limit {
  /** The policy's name in the RateLimit headers. */
  readonly name: string;
  readonly perSecond: number;
  readonly burst: number;
  /** Rows of eight buckets: a power of two. */
  readonly rows: number;
}

const perRow = 8;
/** A row is its buckets' tags and then their times; the words before the first row say when it was swept last. */
const rowWords = 2 * perRow;
const headWords = 16;
/** The longest time to refill, or this, is 2^28 units; 2^32 of them are the cycle after which time repeats. */
const spanUnits = 2 ** 28;
const spanMsMin = 10_000;
/** An instant of today in units is a double that is exact to eight of them: whoever waits as told is not refused for it. */
const roundedUnits = 16;
/** Three spans: the whole rate holds over twenty processes that tell each other once a second. */
const debtUnitsMax = 3 * spanUnits;
const sweepSpans = 2;
const restSpans = 7;

export function limiterWords({ rows }: Limit): number {
  return headWords + rows * rowWords;
}

export function spentWords({ rows }: Limit): number {
  return rows * perRow;
}

export class Limiter {
  readonly name: string;
  refused = 0;
  readonly #words: Int32Array;
  readonly #spent: Int32Array | null;
  readonly #hash: KeyHash;
  readonly #now: () => number;
  readonly #policy: string;
  readonly #rowMask: number;
  readonly #spanMs: number;
  readonly #unitsPerMs: number;
  readonly #intervalUnits: number;
  readonly #burstUnits: number;
  #sweepAtMs = 0;

  /**
   * `words`: `limiterWords` of shared memory that was zero at first and has always served this very limit; `spent`: as
   * many as `spentWords` says, or null where no other process is told.
   */
  constructor(limit: Limit, words: Int32Array, spent: Int32Array | null, hash: KeyHash, now: () => number) {
    const { name, perSecond, burst, rows } = limit;
    const refillMs = (1000 * burst) / perSecond;
    this.name = name;
    this.#words = words;
    this.#spent = spent;
    this.#hash = hash;
    this.#now = now;
    this.#policy = `"${name}";q=${burst};w=${Math.max(1, Math.ceil(refillMs / 1000))}`;
    this.#rowMask = rows - 1;
    this.#spanMs = Math.max(refillMs, spanMsMin);
    this.#unitsPerMs = spanUnits / this.#spanMs;
    this.#intervalUnits = Math.max(1, Math.floor((this.#unitsPerMs * 1000) / perSecond));
    this.#burstUnits = this.#intervalUnits * burst + roundedUnits;
  }

  /** Takes one; refuses with `rate_limited`. */
  take(key: string): void {
    this.takeHashed(this.#hash.of(key));
  }

  takeHashed(hashed: Hashed): void {
    const at = this.#take(hashed);
    if (this.#spent !== null) Atomics.add(this.#spent, spentPlace(at), 1);
  }

  /** Takes one that may come back soon: other processes hear of it when it is kept. */
  reserve(hashed: Hashed): void {
    this.#take(hashed);
  }

  /** Gives a reserved one back. */
  release({ lo, hi }: Hashed): void {
    const at = this.#find(lo, hi);
    if (at !== 0) Atomics.sub(this.#words, at, this.#intervalUnits);
  }

  /** A reserved one stays taken. */
  keep({ lo, hi }: Hashed): void {
    const at = this.#find(lo, hi);
    if (at !== 0 && this.#spent !== null) Atomics.add(this.#spent, spentPlace(at), 1);
  }

  /** Where the key's bucket is. */
  #take({ lo, hi }: Hashed): number {
    const nowMs = this.#now();
    if (nowMs >= this.#sweepAtMs) this.#sweep(nowMs);
    const now = (nowMs * this.#unitsPerMs) | 0;
    const at = this.#bucketOf(lo, hi, now);
    for (;;) {
      const before = Atomics.load(this.#words, at);
      const ahead = this.#ahead(before, now) + this.#intervalUnits;
      if (ahead > this.#burstUnits) this.#refuse((ahead - this.#burstUnits) / this.#unitsPerMs);
      if (Atomics.compareExchange(this.#words, at, before, (now + ahead) | 0) === before) return at;
    }
  }

  /** Gives one back that was taken for nothing. */
  giveBack({ lo, hi }: Hashed): void {
    const at = this.#find(lo, hi);
    if (at === 0) return;
    Atomics.sub(this.#words, at, this.#intervalUnits);
    if (this.#spent !== null) Atomics.sub(this.#spent, spentPlace(at), 1);
  }

  /** Fills the key's bucket. */
  forgive({ lo, hi }: Hashed): void {
    const at = this.#find(lo, hi);
    if (at === 0) return;
    const now = (this.#now() * this.#unitsPerMs) | 0;
    const ahead = this.#ahead(Atomics.exchange(this.#words, at, now), now);
    if (this.#spent !== null)
      Atomics.sub(this.#spent, spentPlace(at), Math.ceil(ahead / this.#intervalUnits));
  }

  /**
   * What buckets have given since the last call, less what was given back: of the `max` that gave most. What the others
   * gave is forgotten: told later, it would be a debt for what has long been refilled.
   */
  collectSpent(max: number, tell: (row: number, tag: number, tokens: number) => void): void {
    const spent = this.#spent;
    if (spent === null) return;
    const places = heaviest(spent, max);
    for (const place of places) {
      const tag = this.#words[tagOf(place)]!;
      const tokens = Atomics.exchange(spent, place, 0);
      if (tag !== 0 && tokens !== 0) tell(Math.floor(place / perRow), tag, tokens);
    }
    if (places.length >= max) spent.fill(0);
  }

  /** Tokens that the key with this row and tag has taken in another process; fewer than none: that it was given back. */
  noteElsewhere(row: number, tag: number, tokens: number): void {
    const nowMs = this.#now();
    if (nowMs >= this.#sweepAtMs) this.#sweep(nowMs);
    const now = (nowMs * this.#unitsPerMs) | 0;
    const at = this.#bucketOf(row, tag, now);
    for (;;) {
      const before = Atomics.load(this.#words, at);
      const debt = this.#ahead(before, now) + tokens * this.#intervalUnits;
      const ahead = Math.max(0, Math.min(debt, debtUnitsMax));
      if (Atomics.compareExchange(this.#words, at, before, (now + ahead) | 0) === before) return;
    }
  }

  /** Buckets that are in use. */
  get size(): number {
    let size = 0;
    for (let row = headWords; row < this.#words.length; row += rowWords)
      for (let at = row; at < row + perRow; at++) if (this.#words[at] !== 0) size += 1;
    return size;
  }

  /** How far from full, in units. */
  #ahead(fullAt: number, now: number): number {
    const ahead = (fullAt - now) | 0;
    // The clocks of two threads may differ by a moment.
    return Math.max(ahead, 0);
  }

  /** Where the time of the key's bucket is; 0 when it has none. */
  #find(lo: number, hi: number): number {
    const words = this.#words;
    const row = headWords + (lo & this.#rowMask) * rowWords;
    for (let at = row; at < row + perRow; at++) if (words[at] === hi) return at + perRow;
    return 0;
  }

  #bucketOf(lo: number, hi: number, now: number): number {
    return this.#find(lo, hi) || this.#makeBucket(lo, hi, now);
  }

  #makeBucket(lo: number, hi: number, now: number): number {
    const words = this.#words;
    const row = headWords + (lo & this.#rowMask) * rowWords;
    let best = row;
    let bestAhead = Number.POSITIVE_INFINITY;
    for (let at = row; at < row + perRow && bestAhead >= 0; at++) {
      const ahead = words[at] === 0 ? -1 : this.#ahead(words[at + perRow]!, now);
      if (ahead < bestAhead) {
        best = at;
        bestAhead = ahead;
      }
    }
    // The time goes first, so that whoever finds the tag finds a full bucket. When another thread takes the same place
    // at the same moment, one of the two keys has its bucket there and the other gets a new one next time.
    Atomics.store(words, best + perRow, now);
    if (this.#spent !== null) Atomics.store(this.#spent, spentPlace(best + perRow), 0);
    Atomics.store(words, best, hi);
    return best + perRow;
  }

  #refuse(waitMs: number): never {
    this.refused += 1;
    const retryAfterSeconds = Math.max(1, Math.ceil(Math.round(waitMs) / 1000));
    throw new DoorbusterError('rate_limited', `Try again in ${retryAfterSeconds} s`, {
      retryAfterSeconds,
      rateLimit: { policy: this.#policy, state: `"${this.name}";r=0;t=${retryAfterSeconds}` },
    });
  }

  /** One thread of all sweeps, when it is time: a fraction of a millisecond for 100,000 buckets. */
  #sweep(nowMs: number): void {
    const sweepMs = sweepSpans * this.#spanMs;
    this.#sweepAtMs = nowMs + sweepMs;
    const words = this.#words;
    // Spans since 1970 fit for a thousand years.
    const span = Math.floor(nowMs / this.#spanMs);
    const sweptAt = Atomics.load(words, 0);
    const rested = span - sweptAt;
    if (rested < sweepSpans && rested >= 0) return;
    if (Atomics.compareExchange(words, 0, sweptAt, span) !== sweptAt) return;
    const now = (nowMs * this.#unitsPerMs) | 0;
    const isAllOver = rested > restSpans || rested < 0;
    for (let row = headWords; row < words.length; row += rowWords)
      for (let at = row; at < row + perRow; at++)
        if (words[at] !== 0 && (isAllOver || this.#ahead(words[at + perRow]!, now) === 0))
          Atomics.store(words, at, 0);
  }
}

/** What a bucket has given is counted apart, eight buckets a row; `at` is where its time stands in a row of sixteen. */
function spentPlace(at: number): number {
  const place = at - headWords - perRow;
  return ((place & -rowWords) >> 1) | (place & (perRow - 1));
}

function tagOf(spentPlace: number): number {
  const place = spentPlace & (perRow - 1);
  return headWords + ((spentPlace - place) << 1) + place;
}

// ----------------------------------------------------------------
// A token bucket of whoever keeps its one number, the time at which it would be full again, in a field.

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
