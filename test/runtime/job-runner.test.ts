/** Jobs run in rounds of their own, survive failures, and stop. */
import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Job } from '../../src/protocol/job.ts';
import { gauge } from '../../src/protocol/metric.ts';
import { JobRunner } from '../../src/runtime/job-runner.ts';
import { until } from '../persistence/support.ts';

const job = (name: string, round: Job['round']): Job => ({
  name,
  everyMs: 1,
  round,
  metrics: () => [gauge(name, name, 1)],
});

test('a job that fails goes on, is logged once an outage, and disturbs no other', async () => {
  const news: string[] = [];
  let [good, bad] = [0, 0];
  const runner = new JobRunner(
    [
      job('good', async () => void good++),
      job('bad', async () => {
        if (++bad % 3 !== 0) throw new Error(`round ${bad}`);
      }),
    ],
    (level, message, fields) => void news.push(`${level} ${message} ${fields?.job} ${fields?.error}`),
  );
  await until(() => good >= 5 && bad >= 6);
  await runner.stop();
  expect(news.slice(0, 2)).toEqual([
    'warn a background job fails bad Error: round 1',
    'warn a background job fails bad Error: round 4',
  ]);
  expect(runner.metrics().map(({ name }) => name)).toEqual(['good', 'bad']);
});

test('stop ends a round that heeds its signal, without a complaint, and no other begins', async () => {
  const news: string[] = [];
  let rounds = 0;
  const runner = new JobRunner(
    [
      job('slow', async (stopping) => {
        rounds++;
        await wait(60_000, null, { signal: stopping });
      }),
    ],
    (_, message) => void news.push(message),
  );
  await until(() => rounds === 1);
  await runner.stop();
  expect([rounds, news]).toEqual([1, []]);
});
