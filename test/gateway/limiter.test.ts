import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { KeyHash } from '../../src/gateway/key-hash.ts';
import { type Limit, Limiter, limiterWords, TokenBucket } from '../../src/gateway/limiter.ts';
import type { DoorbusterError } from '../../src/protocol/errors.ts';

const startMs = Date.UTC(2026, 10, 27);

/** Limiters of several threads on one memory. */
function limitersAt(limit: Partial<Limit>, threads = 1) {
  const whole: Limit = { name: 'test', perSecond: 1, burst: 1, rows: 64, ...limit };
  const words = new Int32Array(new SharedArrayBuffer(4 * limiterWords(whole)));
  const clock = { nowMs: startMs };
  const hash = new KeyHash('a secret of this test');
  const limiters = Array.from(
    { length: threads },
    () => new Limiter(whole, words, null, hash, () => clock.nowMs),
  );
  const isTaken = (key: string, thread = 0) => refusalOf(() => limiters[thread]!.take(key)) === null;
  return { clock, limiters, limiter: limiters[0]!, isTaken, hash };
}

function refusalOf(take: () => void): DoorbusterError | null {
  try {
    take();
    return null;
  } catch (error) {
    expect((error as DoorbusterError).code).toBe('rate_limited');
    return error as DoorbusterError;
  }
}

describe('a bucket', () => {
  test('gives its burst at once and then its rate, however it is asked', () => {
    const { clock, isTaken } = limitersAt({ perSecond: 5, burst: 20 });
    let taken = 0;
    for (let i = 0; i < 50; i++) if (isTaken('a')) taken += 1;
    expect(taken).toBe(20);
    for (let ms = 0; ms < 10_000; ms += 10) {
      clock.nowMs += 10;
      if (isTaken('a')) taken += 1;
    }
    expect(taken).toBe(70);
  });

  test('says how long the next one takes, and by which rule', () => {
    const { limiter } = limitersAt({ name: 'guest', perSecond: 0.5, burst: 60 });
    for (let i = 0; i < 60; i++) limiter.take('a');
    expect(refusalOf(() => limiter.take('a'))?.details).toEqual({
      retryAfterSeconds: 2,
      rateLimit: { policy: '"guest";q=60;w=120', state: '"guest";r=0;t=2' },
    });
    expect(limiter.refused).toBe(1);
  });

  test('of several threads is one', () => {
    const { isTaken } = limitersAt({ perSecond: 1, burst: 12 }, 4);
    const taken = Array.from({ length: 40 }, (_, i) => isTaken('a', i % 4)).filter(Boolean);
    expect(taken).toHaveLength(12);
  });

  test('is as full again as what is given back, and whole when it is forgiven', () => {
    const { limiter, isTaken, hash } = limitersAt({ perSecond: 0.001, burst: 3 });
    for (let i = 0; i < 3; i++) limiter.take('a');
    expect(isTaken('a')).toBe(false);
    limiter.giveBack(hash.of('a'));
    expect([isTaken('a'), isTaken('a')]).toEqual([true, false]);
    limiter.forgive(hash.of('a'));
    expect([1, 2, 3, 4].map(() => isTaken('a'))).toEqual([true, true, true, false]);
    limiter.giveBack(hash.of('never seen'));
    expect([1, 2, 3, 4].map(() => isTaken('never seen'))).toEqual([true, true, true, false]);
  });

  test.each([
    ['a moment', 1],
    ['a day', 86_400_000],
    ['what its 32 bits hold', 16 * 10_000],
    ['a little less than that', 16 * 10_000 - 500],
  ])('is full after a rest of %s', (_, restMs) => {
    const { clock, isTaken } = limitersAt({ perSecond: 1_000, burst: 1 });
    expect([isTaken('a'), isTaken('a')]).toEqual([true, false]);
    clock.nowMs += restMs;
    expect(isTaken('a')).toBe(true);
  });

  test('is full after any rest, while others keep the table busy', () => {
    const rest = fc.array(fc.integer({ min: 1_000, max: 40_000 }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(rest, (restsMs) => {
        const { clock, isTaken } = limitersAt({ perSecond: 1, burst: 1 }, 2);
        isTaken('a');
        for (const restMs of restsMs) {
          clock.nowMs += restMs;
          isTaken('b', 1);
        }
        expect(isTaken('a')).toBe(true);
      }),
    );
  });

  test('gives what a naive model gives, at any time, to any keys, through any thread', () => {
    const step = fc.record({
      key: fc.constantFrom('a', 'b', 'c'),
      thread: fc.nat(2),
      afterMs: fc.oneof(fc.nat(50), fc.integer({ min: 0, max: 30_000 })),
    });
    const limit = fc.record({
      perSecond: fc.constantFrom(0.1, 0.5, 1, 50, 5_000),
      burst: fc.integer({ min: 1, max: 200 }),
    });
    fc.assert(
      fc.property(limit, fc.array(step, { maxLength: 200 }), (chosen, steps) => {
        const { clock, isTaken } = limitersAt(chosen, 3);
        const tokensByKey = new Map<string, { tokens: number; atMs: number }>();
        for (const { key, thread, afterMs } of steps) {
          clock.nowMs += afterMs;
          const known = tokensByKey.get(key) ?? { tokens: chosen.burst, atMs: clock.nowMs };
          const grown = known.tokens + ((clock.nowMs - known.atMs) * chosen.perSecond) / 1000;
          const tokens = Math.min(chosen.burst, grown);
          const isGiven = isTaken(key, thread);
          // Within a thousandth of a token either answer is right.
          if (Math.abs(tokens - 1) > 0.001) expect(isGiven).toBe(tokens > 1);
          tokensByKey.set(key, { tokens: isGiven ? tokens - 1 : tokens, atMs: clock.nowMs });
        }
      }),
    );
  });
});

test('a million keys take no more room than there is, and full buckets are forgotten', () => {
  const { clock, limiter, isTaken } = limitersAt({ perSecond: 1, burst: 2, rows: 128 });
  for (let i = 0; i < 1_000_000; i++) isTaken(`key-${i}`);
  expect(limiter.size).toBeLessThanOrEqual(1_024);
  expect(limiter.size).toBeGreaterThan(1_000);
  clock.nowMs += 30_000;
  isTaken('later');
  expect(limiter.size).toBe(1);
});

test('in a full table of the server’s size a new key costs no more than in an empty one', () => {
  const { isTaken } = limitersAt({ perSecond: 0.001, burst: 2, rows: 2 ** 14 });
  let made = 0;
  // The best of a few times, so that a busy machine cannot break it: to look for a place in all the table takes 25 us and more.
  const usOfOne = () => {
    const keys = Array.from({ length: 5_000 }, () => `key-${made++}`);
    const startedAtMs = performance.now();
    for (const key of keys) isTaken(key);
    return ((performance.now() - startedAtMs) * 1_000) / keys.length;
  };
  while (made < 300_000) usOfOne();
  expect(Math.min(...Array.from({ length: 10 }, usOfOne))).toBeLessThan(5);
});

test('in a crowd of keys whoever has taken most keeps its bucket', () => {
  const { isTaken } = limitersAt({ perSecond: 0.01, burst: 10, rows: 1 });
  for (let i = 0; i < 10; i++) isTaken('greedy');
  for (let i = 0; i < 1_000; i++) isTaken(`passer-by ${i}`);
  expect(isTaken('greedy')).toBe(false);
});

test('a bucket in a field gives its burst at once, then one each interval, and says how long the next takes', () => {
  const bucket = new TokenBucket(4, 3);
  let nowMs = 1_000;
  let fullAtMs = nowMs;
  const take = () => {
    const next = bucket.after(fullAtMs, nowMs);
    const waitMs = bucket.waitMs(next, nowMs);
    if (waitMs <= 0) fullAtMs = next;
    return waitMs;
  };
  expect([take(), take(), take()].every((waitMs) => waitMs <= 0)).toBe(true);
  expect(take()).toBe(250);
  nowMs += 250;
  expect(take()).toBe(0);
  expect(take()).toBe(250);
  // However long nobody takes, no more than the burst is saved.
  nowMs += 60_000;
  expect([take(), take(), take()].every((waitMs) => waitMs <= 0)).toBe(true);
  expect(take()).toBe(250);
});
