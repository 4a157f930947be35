import { expect, test } from 'vitest';
import { addressKey, Limiter, TokenBucket } from '../../src/gateway/limiter.ts';
import type { DoorbusterError } from '../../src/protocol/errors.ts';

function limiterAt(limit: { perSecond: number; burst: number; keysMax: number }) {
  const clock = { nowMs: 1_000_000 };
  const limiter = new Limiter({ name: 'test', ...limit }, () => clock.nowMs);
  const isTaken = (key: string) => {
    try {
      limiter.take(key);
      return true;
    } catch (error) {
      expect((error as DoorbusterError).code).toBe('rate_limited');
      return false;
    }
  };
  return { clock, limiter, isTaken };
}

test('a bucket gives its burst at once and then its rate, however it is asked', () => {
  const { clock, isTaken } = limiterAt({ perSecond: 5, burst: 20, keysMax: 10 });
  let taken = 0;
  for (let i = 0; i < 50; i++) if (isTaken('a')) taken += 1;
  expect(taken).toBe(20);
  for (let ms = 0; ms < 10_000; ms += 10) {
    clock.nowMs += 10;
    if (isTaken('a')) taken += 1;
  }
  expect(taken).toBe(70);
});

test('a million keys take no more room than the bound, and full buckets are forgotten', () => {
  const { clock, limiter, isTaken } = limiterAt({ perSecond: 1, burst: 2, keysMax: 1_000 });
  for (let i = 0; i < 1_000_000; i++) isTaken(`key-${i}`);
  expect(limiter.size).toBe(1_000);
  clock.nowMs += 10_000;
  for (let i = 0; i < 1_100; i++) isTaken(`later-${i}`);
  expect(limiter.size).toBeLessThanOrEqual(1_000);
  clock.nowMs += 10_000;
  for (let i = 0; i < 3_000; i++) {
    clock.nowMs += 10_000;
    isTaken(`slow-${i}`);
  }
  expect(limiter.size).toBeLessThan(10);
});

test('one IPv6 subscriber has one bucket, mapped IPv4 addresses one each', () => {
  expect(addressKey('10.0.0.1')).toBe('10.0.0.1');
  expect(addressKey('2001:0db8:0000:0001:0000:0000:0000:0001')).toBe(
    addressKey('2001:0db8:0000:0001:ffff:0000:0000:0002'),
  );
  expect(addressKey('0000:0000:0000:0000:0000:ffff:0a00:0001')).not.toBe(
    addressKey('0000:0000:0000:0000:0000:ffff:0a00:0002'),
  );
});

test('a bucket gives its burst at once, then one each interval, and says how long the next one takes', () => {
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
