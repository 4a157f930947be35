import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { anchorClock, startClock } from '../../src/runtime/clock.ts';

const hourMs = 3_600_000;

/** Two threads' views of one process's time, under a monotonic clock that the test moves. */
function twoViews() {
  const time = { ...anchorClock(), wallMs: 1_000_000, monotonicNs: 5_000_000n };
  const monotonic = { ms: 5 };
  const view = () => startClock(time, () => BigInt(monotonic.ms) * 1_000_000n);
  return { monotonic, one: view(), other: view() };
}

test('time that one thread finds in its journal is the time of all threads', () => {
  const { monotonic, one, other } = twoViews();
  expect([one.now(), other.now()]).toEqual([1_000_000, 1_000_000]);
  one.advanceTo(1_000_000 + hourMs);
  expect([one.now(), other.now()]).toEqual([1_000_000 + hourMs, 1_000_000 + hourMs]);
  monotonic.ms += 20;
  expect([one.now(), other.now()]).toEqual([1_000_020 + hourMs, 1_000_020 + hourMs]);
  expect(other.aheadMs).toBe(hourMs);
});

test('time only moves ahead: what another thread knew already moves nothing', () => {
  const { one, other } = twoViews();
  one.advanceTo(1_000_000 + hourMs);
  other.advanceTo(1_000_000 + hourMs - 1);
  other.advanceTo(0);
  expect(one.now()).toBe(1_000_000 + hourMs);
});

test.each([Number.NaN, Number.POSITIVE_INFINITY, 1e300, 2 ** 53, 2_000_000.5])(
  '%s is no time: it moves nothing',
  (atMs) => {
    const { one } = twoViews();
    one.advanceTo(atMs);
    expect(one.now()).toBe(1_000_000);
  },
);

test('a time as far away as a date can be is still exact', () => {
  const { one, other } = twoViews();
  one.advanceTo(8_640_000_000_000_000);
  expect(other.now()).toBe(8_640_000_000_000_000);
});

test('threads that find times all at once lose none of them, and time goes back for nobody', async () => {
  const time = anchorClock();
  const found = Array.from({ length: 4 }, (_, thread) =>
    Array.from({ length: 20_000 }, (_, at) => time.wallMs + hourMs + (at * 7 + thread * 13_001) * 10),
  );
  const entry = new URL('./clock-thread.ts', import.meta.url);
  const wentBack = await Promise.all(
    found.map(async (foundMs) => {
      const [count] = await once(new Worker(entry, { workerData: { time, foundMs } }), 'message');
      return count as number;
    }),
  );
  expect(wentBack).toEqual([0, 0, 0, 0]);
  const newestMs = found.flat().reduce((newest, atMs) => Math.max(newest, atMs));
  expect(startClock(time).now()).toBeGreaterThanOrEqual(newestMs);
});
