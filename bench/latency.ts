/**
 * S4: how long does a reserve take at half of the peak, counted from the time that it was planned for? S5: what is left of
 * the peak under ten times the clients, and how long do those wait who are served?
 *
 * Load: the peak is what wrk reaches with 256 connections in a closed loop, in the same round. Then an open loop at 50 and at
 * 80 % of it (`client/open-loop.ts`, 256 connections), and wrk with 2,560. One hot SKU, Redis `always`.
 */
import { residentMb } from '../test/system/server.ts';
import { roundsOf, secondsOf, tellComplaints } from './alternate.ts';
import { type Arm, startArm } from './baselines/arms.ts';
import { repository } from './baselines/server.ts';
import { makeShots } from './baselines/shots.ts';
import { runWrk, whyNoWrk } from './baselines/wrk.ts';
import type { JobResult } from './client/jobs.ts';
import { runOnce } from './client/open.ts';
import { type Measurement, type Series, seriesOf } from './measure.ts';
import { loadOf, warmUp } from './reserve.ts';

import type { BenchOptions } from './run/options.ts';

const connections = 256;
const manyConnections = 10 * connections;

interface Round {
  readonly peak: number;
  readonly half: JobResult;
  readonly most: JobResult;
  readonly goodput: number;
  readonly overloadP99Ms: number;
  readonly overloadErrors: number;
  readonly grownMb: number;
}

export async function run(options: BenchOptions): Promise<Measurement> {
  const whyNot = whyNoWrk();
  if (whyNot !== null) throw new Error(whyNot);
  const seconds = secondsOf(options);
  const all: Round[] = [];
  for (let n = 0; n < roundsOf(options); n++) {
    const arm = await startArm({ name: 'ours', journal: 'redis', checkout: repository, env: options.env });
    try {
      await warmUp(arm);
      const one = await round(arm, seconds);
      all.push(one);
      process.stderr.write(
        `S4, S5 round ${n + 1}: peak ${Math.round(one.peak)}/s; at half p50 ${one.half.p50Ms.toFixed(2)}, p99 ${one.half.p99Ms.toFixed(1)} ms; overload ${Math.round(one.goodput)}/s, p99 ${one.overloadP99Ms.toFixed(1)} ms\n`,
      );
    } finally {
      tellComplaints('ours', arm.complaints());
      await arm.stop();
    }
  }
  return measurement(all, seconds);
}

async function round(arm: Arm, seconds: number): Promise<Round> {
  const shots = await makeShots(arm, 1);
  try {
    const load = { ...loadOf(arm, shots.file), seconds };
    const { requests, seconds: took } = await runWrk({ ...load, connections });
    const peak = requests / took;
    const openLoop = (share: number) =>
      runOnce({
        ...{ job: 'open-loop', kind: 'hold', url: arm.url, file: shots.file, connections, seconds },
        perSecond: Math.max(1, Math.round(peak * share)),
      });
    const half = await openLoop(0.5);
    const most = await openLoop(0.8);
    const { pid } = (await arm.watched())[0]!;
    const beforeMb = residentMb(pid);
    const overload = await runWrk({ ...load, connections: manyConnections });
    return {
      ...{ peak, half, most },
      goodput: overload.requests / overload.seconds,
      ...{ overloadP99Ms: overload.p99Ms, overloadErrors: overload.errors },
      grownMb: residentMb(pid) - beforeMb,
    };
  } finally {
    await shots.remove();
  }
}

function measurement(all: readonly Round[], seconds: number): Measurement {
  const series = (arm: string, unit: string, figure: (one: Round) => number): Series =>
    seriesOf(arm, unit, all.map(figure));
  const p50 = series('half of the peak, p50', 'ms', ({ half }) => half.p50Ms);
  const p99 = series('half of the peak, p99', 'ms', ({ half }) => half.p99Ms);
  const p999 = series('half of the peak, p99.9', 'ms', ({ half }) => half.p999Ms);
  const goodput = series('overload / peak', '', (one) => one.goodput / one.peak);
  const wait = series('overload, p99 / p99 at 80 %', '', (one) => one.overloadP99Ms / one.most.p99Ms);
  return {
    name: 'S4, S5',
    question:
      'latency of a reserve at half of the peak from its planned time; goodput with ten times the clients',
    load: `peak: wrk, ${connections} connections, closed loop; then an open loop at 50 and 80 % of it, then wrk with ${manyConnections} connections; ${seconds} s each, ${all.length} rounds`,
    doesNotMeasure: [
      'a network',
      'ten times the requests offered: the two cores that server and client share cannot send so many, so it is ten times the clients in a closed loop',
    ],
    series: [
      series('peak', 'requests/s', ({ peak }) => peak),
      ...[p50, p99, p999],
      series("the client's own lateness at half of the peak, p99", 'ms', ({ half }) => half.lateP99Ms ?? 0),
      series('80 % of the peak, p99', 'ms', ({ most }) => most.p99Ms),
      series('not answered with success at half of the peak', 'requests', ({ half }) => half.errors),
      series('overload, p99', 'ms', (one) => one.overloadP99Ms),
      series('overload, refused', 'requests', (one) => one.overloadErrors),
      series('overload, memory grown by', 'MB', (one) => one.grownMb),
      ...[goodput, wait],
    ],
    ratios: [
      { name: 'S4: p50 at half of the peak, ms', value: p50.median, wanted: '<= 3' },
      { name: 'S4: p99', value: p99.median, wanted: '<= 15' },
      { name: 'S4: p99.9', value: p999.median, wanted: '<= 50' },
      { name: 'S5: goodput under overload / peak', value: goodput.median, wanted: '>= 0.9' },
      { name: 'S5: p99 under overload / at 80 %', value: wait.median, wanted: '<= 2' },
    ],
    skipped: [],
  };
}
