import { expect, test } from 'vitest';
import { TokenBucket } from '../../src/gateway/token-bucket.ts';

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
