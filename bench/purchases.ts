/**
 * S14: whole purchases a second, each a hold and a checkout with address, shipping and tax, authorised and captured in the
 * sandbox, durable in Redis, with the tables following.
 *
 * Load: closed loop of a client of our own (`client/purchases.ts`), one purchase under way a connection.
 */
import { alternate, armsOf, secondsOf, turnsText } from './alternate.ts';
import type { Arm } from './baselines/arms.ts';
import { counted, makeShots } from './baselines/shots.ts';
import { openClient } from './client/open.ts';
import type { ArmRun, Measurement } from './measure.ts';
import type { BenchOptions } from './run/options.ts';
import { boundsOf } from './runs.ts';

const warmSeconds = 6;

export async function run(options: BenchOptions): Promise<Measurement> {
  const seconds = secondsOf(options);
  const runs = await alternate(
    {
      name: 'S14',
      journal: 'redis',
      variants: armsOf('ours', 'before'),
      connections: [128, 256],
      warmUp: (arm) => buy(arm, 64, warmSeconds).then(() => {}),
      measure: (arm, connections) => buy(arm, connections, seconds),
    },
    options,
  );
  return {
    name: 'S14',
    question: 'whole purchases a second: hold, checkout, authorised and captured in the sandbox, durable',
    load: `a client of our own, closed loop, ${seconds} s a run, orders under way at its end waited for; ${turnsText(options)}`,
    doesNotMeasure: [
      'a network',
      'a real payment provider',
      'how long the tables take to follow after the run (they work during it)',
    ],
    ...{ series: [], runs, skipped: [] },
    ratios: boundsOf(runs, [
      { connections: 128, rate: true, wanted: '>= 1,000' },
      { connections: 256, rate: true, wanted: '>= 1,300' },
      { connections: 256, us: 'server', wanted: '<= 1,200' },
    ]),
  };
}

async function buy(arm: Arm, connections: number, seconds: number): Promise<Omit<ArmRun, 'arm'>> {
  const shots = await makeShots(arm, 1);
  const client = await openClient({ job: 'purchases', url: arm.url, file: shots.file, connections, seconds });
  try {
    return await counted(arm, connections, async () => {
      const result = await client.run();
      if (result.firstError !== null) process.stderr.write(`S14: ${result.firstError}\n`);
      return result;
    });
  } finally {
    await client.close();
    await shots.remove();
  }
}
