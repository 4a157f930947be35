/**
 * S1 and S1p: what does a durable reserve over HTTP cost, when everybody wants the same SKU?
 *
 * Load: closed loop of wrk (one thread) on the same machine, every request a hold with a fresh id, 10,000 buyers in turn.
 * Arms alternate; each is started fresh for a round, warmed up, measured at every number of connections with a fresh SKU,
 * and stopped. The figure to trust is processor time a request: rates move with whatever else the machine does.
 */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '../test/persistence/support.ts';
import { type Arm, type ArmName, type Stock, startArm } from './baselines/arms.ts';
import { mintAdmissions, mintGuests } from './baselines/mint.ts';
import { repository } from './baselines/server.ts';
import { runWrk, type WrkRun, whyNoWrk } from './baselines/wrk.ts';
import { endedChildrenUs, sample, usedBetween } from './cpu/schedstat.ts';
import type { ArmRun, Measurement, Ratio } from './measure.ts';
import type { BenchOptions } from './run/options.ts';
import { medianOf, serverUs } from './runs.ts';

const connectionsDefault = [1, 8, 16, 32, 64, 128, 256];
const roundsDefault = 3;
const secondsDefault = 5;
const buyerCount = 10_000;
/** A server that has just started is warm when its compilers have seen so many requests, and at last after so long. */
const warmRequests = 60_000;
/** Before each measured run, with the same connections: work that was put off falls into the run as much as out of it. */
const againSeconds = 1;

interface Plan {
  readonly name: string;
  readonly journal: 'redis' | 'postgres';
  readonly arms: readonly ArmName[];
  readonly warmSeconds: number;
}

const warmSeconds = 12;

export const s1: Plan = {
  name: 'S1',
  journal: 'redis',
  warmSeconds,
  arms: ['ours', 'before', 'lua', 'postgres', 'echo'],
};
export const s1p: Plan = {
  name: 'S1p',
  journal: 'postgres',
  warmSeconds,
  arms: ['ours', 'before', 'postgres'],
};

export async function runReserve(plan: Plan, options: BenchOptions): Promise<Measurement> {
  const whyNot = whyNoWrk();
  if (whyNot !== null) throw new Error(whyNot);
  const names = (options.arms ?? plan.arms).filter((name) => name !== 'before' || options.before !== null);
  const connections = options.connections ?? connectionsDefault;
  const rounds = options.rounds ?? roundsDefault;
  const seconds = options.seconds ?? secondsDefault;
  const runs: ArmRun[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const name of names) {
      const checkout = name === 'before' ? options.before! : repository;
      const env = name === 'ours' ? options.env : {};
      const arm = await startArm({ name, journal: plan.journal, checkout, env });
      try {
        await warmUp(arm, plan.warmSeconds);
        for (const count of connections) {
          const run = await measure(arm, { connections: count, seconds });
          runs.push({ arm: name, ...run });
          process.stderr.write(
            `${plan.name} round ${round + 1}: ${name}, ${count} connections: ${told(run)}\n`,
          );
        }
      } finally {
        await arm.stop();
      }
    }
  }
  return {
    name: plan.name,
    question: `a durable reserve over HTTP, one hot SKU, ${plan.journal === 'redis' ? 'Redis appendfsync always' : 'PostgreSQL journal'}`,
    load: `wrk, one thread, closed loop, ${rounds} rounds of ${seconds} s a run after ${againSeconds} s of the same, ${buyerCount.toLocaleString('en-US')} buyers, arms alternating${options.before ? `; before: ${options.before}` : ''}${Object.keys(options.env).length > 0 ? `; ours with ${JSON.stringify(options.env)}` : ''}`,
    doesNotMeasure: [
      'a network: client and server share the machine',
      'buyers that come once (each comes back up to 100 times, so its tokens are known)',
      'latency from a planned send time (S4)',
      'what a hold does later: expiry, purchase',
    ],
    series: [],
    runs,
    ratios: ratios(plan, runs, connections),
    skipped: [],
  };
}

/** wrk's way to one stock, with buyers whose turn it is. */
async function aimAt<Result>(
  arm: Arm,
  connections: number,
  fire: (load: Omit<WrkRun, 'seconds'>, stock: Stock) => Promise<Result>,
): Promise<Result> {
  const stock = await arm.stock();
  const folder = await temporaryFolder();
  try {
    const file = join(folder, 'buyers');
    const buyers = mintAdmissions(arm.tokenSecret, stock.saleId, mintGuests(arm.tokenSecret, buyerCount));
    await writeFile(file, buyers.map(({ token, admission }) => `${token} ${admission}\n`).join(''));
    const args = [file, `/v1/sales/${stock.saleId}/holds`, stock.sku];
    return await fire({ url: arm.url, connections, script: 'reserve.lua', args }, stock);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function warmUp(arm: Arm, secondsMax: number): Promise<void> {
  await aimAt(arm, 64, async (load) => {
    let requests = 0;
    for (let seconds = 0; seconds < secondsMax && requests < warmRequests; seconds += 2)
      requests += (await runWrk({ ...load, seconds: 2 })).requests;
  });
}

type Measured = Omit<ArmRun, 'arm'>;

interface Shape {
  readonly connections: number;
  readonly seconds: number;
}

function measure(arm: Arm, { connections, seconds }: Shape): Promise<Measured> {
  return aimAt(arm, connections, async (load, stock) => {
    const watched = await arm.watched();
    const warmed = await runWrk({ ...load, seconds: againSeconds });
    const commits = await arm.commits();
    const clientBefore = endedChildrenUs();
    const before = sample(watched);
    const result = await runWrk({ ...load, seconds });
    const after = sample(watched);
    const clientUs = endedChildrenUs() - clientBefore;
    const commitsAfter = await arm.commits();
    const used = usedBetween(before, after, clientUs);
    checkTaken(await arm.taken(stock), warmed.requests + result.requests, 2 * connections);
    const perRequest = (us: number) => us / result.requests;
    return {
      connections,
      requests: result.requests,
      perSecond: result.requests / result.seconds,
      ...{ p50Ms: result.p50Ms, p99Ms: result.p99Ms, errors: warmed.errors + result.errors },
      us: Object.fromEntries(Object.entries(used.us).map(([name, us]) => [name, perRequest(us)])),
      busy: Object.fromEntries(Object.entries(used.us).map(([name, us]) => [name, us / 1e3 / used.wallMs])),
      clientUs: perRequest(clientUs),
      clientBusy: clientUs / 1e3 / used.wallMs,
      ...{ idleCores: used.idleCores, foreignCores: used.foreignCores },
      perCommit:
        commits === null || commitsAfter === null ? null : result.requests / (commitsAfter - commits),
    };
  });
}

/** What was answered was done, and nothing else: at the end of a run each connection may have had one under way. */
function checkTaken(taken: number | null, answered: number, underWayMax: number): void {
  if (taken === null || (taken >= answered && taken <= answered + underWayMax)) return;
  throw new Error(`${answered} reserves were answered and ${taken} units are taken`);
}

function told(run: Measured): string {
  const { perSecond, p50Ms, p99Ms, clientUs, foreignCores, errors } = run;
  return `${Math.round(perSecond)}/s, p50 ${p50Ms.toFixed(2)}, p99 ${p99Ms.toFixed(1)} ms, ${serverUs(run).toFixed(1)} us + client ${clientUs.toFixed(1)}, others ${foreignCores.toFixed(2)} cores${errors > 0 ? `, ${errors} ERRORS` : ''}`;
}

/** Bounds of the whole, at the numbers of connections that have one. */
function ratios({ name }: Plan, runs: readonly ArmRun[], connections: readonly number[]): Ratio[] {
  const wanted: readonly [other: ArmName, connections: number, bound: string][] =
    name === 'S1'
      ? [
          ['lua', 64, '>= 1.4'],
          ['lua', 256, '>= 1.8'],
          ['echo', 64, '>= 0.33'],
          ['echo', 256, '>= 0.55'],
          ['postgres', 64, '>= 8'],
        ]
      : [['postgres', 64, '>= 8']];
  const rate = (arm: string, count: number) => medianOf(runs, arm, count, ({ perSecond }) => perSecond);
  const cost = (arm: string, count: number) => medianOf(runs, arm, count, serverUs);
  const found: Ratio[] = [];
  const push = (what: string, value: number | null, bound: string) => {
    if (value !== null) found.push({ name: what, value, wanted: bound });
  };
  const over = (a: number | null, b: number | null) => (a === null || b === null ? null : a / b);
  for (const [other, count, bound] of wanted) {
    if (!connections.includes(count)) continue;
    const what = `ours / ${other}, ${count} connections`;
    push(`${what}, requests/s`, over(rate('ours', count), rate(other, count)), bound);
  }
  for (const count of connections) {
    const what = `ours / before, ${count} connections`;
    push(`${what}, requests/s`, over(rate('ours', count), rate('before', count)), 'more than 1');
    push(`${what}, processor time`, over(cost('ours', count), cost('before', count)), 'less than 1');
  }
  if (name !== 'S1') return found;
  for (const [count, bound] of [
    [64, 28],
    [256, 20],
  ] as const)
    push(`server, us a reserve, ${count} connections`, cost('ours', count), `<= ${bound}`);
  return found;
}
