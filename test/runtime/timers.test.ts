import { expect, test } from 'vitest';
import { Timers } from '../../src/runtime/timers.ts';

const hourMs = 3_600_000;

test('a deadline is noticed within a second when engine time moves ahead while its timer waits', () => {
  const clock = { at: 0 };
  const waiting: { ms: number; task: () => void }[] = [];
  const due: string[] = [];
  const timers = new Timers<{ name: string; deadlineMs: number; serial: number }>(
    { now: () => clock.at },
    {
      after(ms, task) {
        waiting.push({ ms, task });
        return () => {};
      },
    },
    ({ name }) => void due.push(name),
  );
  timers.arm({ name: 'hold', deadlineMs: Number.POSITIVE_INFINITY, serial: 0 }, hourMs);
  timers.watch();
  // A partition is opened whose last owner was an hour ahead.
  clock.at += hourMs;
  const [{ ms, task }] = waiting as [(typeof waiting)[0]];
  expect(ms).toBeLessThanOrEqual(1_000);
  task();
  expect(due).toEqual(['hold']);
});
