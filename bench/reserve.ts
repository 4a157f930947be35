/**
 * S1, S1p, S3 and S13: what does a durable reserve over HTTP cost? One SKU that everybody wants, or many; few threads or
 * more.
 *
 * Load: closed loop of wrk (one thread) on the same machine, every request a hold with a fresh id, 10,000 buyers in turn.
 * Arms alternate; each is measured with fresh SKUs. The figure to trust is processor time a request: rates move with
 * whatever else the machine does.
 */
import { alternate, secondsOf, turnsText, type Variant } from './alternate.ts';
import type { Arm } from './baselines/arms.ts';
import { buyerCount, checkTaken, counted, makeShots } from './baselines/shots.ts';
import { runWrk, whyNoWrk } from './baselines/wrk.ts';
import type { ArmRun, Measurement } from './measure.ts';
import type { BenchOptions } from './run/options.ts';
import { type Bound, boundsOf } from './runs.ts';

/** A server that has just started is warm when its compilers have seen so many requests, and at last after so long. */
const warmRequests = 60_000;
const warmSeconds = 12;
/** Before each measured run, with the same connections: work that was put off falls into the run as much as out of it. */
const againSeconds = 1;

export interface ReservePlan {
  readonly name: string;
  readonly question: string;
  readonly journal: 'redis' | 'postgres';
  readonly variants: readonly Variant[];
  readonly connections: readonly number[];
  readonly skus: number;
  readonly warmSeconds?: number;
  readonly bounds: readonly Bound[];
}

export async function runReserve(plan: ReservePlan, options: BenchOptions): Promise<Measurement> {
  const whyNot = whyNoWrk();
  if (whyNot !== null) throw new Error(whyNot);
  const seconds = secondsOf(options);
  const turns = {
    ...plan,
    warmUp: (arm: Arm) => warmUp(arm, plan.warmSeconds),
    measure: (arm: Arm, connections: number, { skus = plan.skus }: Variant) =>
      measure(arm, { connections, seconds, skus }),
  };
  const runs = await alternate(turns, options);
  return {
    ...{ name: plan.name, question: plan.question, runs, series: [], skipped: [] },
    load: `wrk, one thread, closed loop, ${seconds} s a run after ${againSeconds} s of the same, ${buyerCount.toLocaleString('en-US')} buyers; ${turnsText(options)}`,
    doesNotMeasure: [
      'a network: client and server share the machine',
      'buyers that come once (each comes back up to 100 times, so its tokens are known)',
      'latency from a planned send time (S4)',
      'what a hold does later: expiry, purchase',
    ],
    ratios: boundsOf(runs, plan.bounds),
  };
}

export async function warmUp(arm: Arm, secondsMax = warmSeconds): Promise<void> {
  const shots = await makeShots(arm, 1);
  try {
    let requests = 0;
    for (let seconds = 0; seconds < secondsMax && requests < warmRequests; seconds += 2)
      requests += (await runWrk({ ...loadOf(arm, shots.file), connections: 64, seconds: 2 })).requests;
  } finally {
    await shots.remove();
  }
}

interface Shape {
  readonly connections: number;
  readonly seconds: number;
  readonly skus: number;
}

async function measure(arm: Arm, { connections, seconds, skus }: Shape): Promise<Omit<ArmRun, 'arm'>> {
  const shots = await makeShots(arm, skus);
  try {
    const load = { ...loadOf(arm, shots.file), connections };
    const before = await runWrk({ ...load, seconds: againSeconds });
    const run = await counted(arm, connections, () => runWrk({ ...load, seconds }));
    const errors = before.errors + run.errors;
    checkTaken(await arm.taken(shots.stocks), before.requests + run.requests, 2 * connections + errors);
    return { ...run, errors };
  } finally {
    await shots.remove();
  }
}

export const loadOf = ({ url }: Arm, file: string) => ({ url, script: 'reserve.lua', args: [file] });
