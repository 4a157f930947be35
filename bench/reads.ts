/**
 * S12: how many reads a second does one gateway answer, and how long do they take at half of that?
 *
 * Arms: a list of products, one product, one sale, one order of a buyer, and a raw uWS GET. Load: wrk with 32 connections in
 * a closed loop for the rate; then an open loop at half of it for the latency. 1,000 products, 200 orders.
 */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '../test/persistence/support.ts';
import { waitFor } from '../test/system/server.ts';
import { call, checkOut, expected, holding, member, openDrop, productBody } from '../test/system/shop.ts';
import { roundsOf, secondsOf } from './alternate.ts';
import { startBaseline } from './baselines/arms.ts';
import { type OurServer, repository, startOurs } from './baselines/server.ts';
import { counted } from './baselines/shots.ts';
import { runWrk, whyNoWrk } from './baselines/wrk.ts';
import type { JobResult } from './client/jobs.ts';
import { runOnce } from './client/open.ts';
import type { Watched } from './cpu/schedstat.ts';
import { forEach } from './crowd/audit.ts';
import { type ArmRun, type Measurement, seriesOf } from './measure.ts';
import type { BenchOptions } from './run/options.ts';
import { medianOf, told } from './runs.ts';

const connections = 32;
const productCount = 1_000;
const orderCount = 200;
/** Few accounts read much: what one may ask for is not the question here. */
const many = { RATE_ACCOUNT_PER_SECOND: '1000000', RATE_ACCOUNT_BURST: '1000000' };
const rawGet = 'raw GET';
const tokenSecret = 'a secret of the bench, which is long enough';

interface Kind {
  readonly arm: string;
  readonly url: string;
  readonly watched: readonly Watched[];
  /** `path token?` a line. */
  readonly file: string;
}

export async function run(options: BenchOptions): Promise<Measurement> {
  const whyNot = whyNoWrk();
  if (whyNot !== null) throw new Error(whyNot);
  const seconds = secondsOf(options);
  const folder = await temporaryFolder();
  const server = await startOurs({
    checkout: repository,
    tokenSecret,
    redisUrl: null,
    env: { ...many, ...options.env },
  });
  const echo = await startBaseline('echo', {});
  const runs: ArmRun[] = [];
  const halves = new Map<string, JobResult[]>();
  try {
    const kinds = await prepare(server, folder);
    kinds.push({ arm: rawGet, url: echo.url, watched: [echo.process], file: kinds[0]!.file });
    for (let round = 0; round < roundsOf(options); round++) {
      for (const kind of kinds) {
        const peak = await measurePeak(kind, seconds);
        runs.push({ arm: kind.arm, ...peak });
        process.stderr.write(`S12 round ${round + 1}: ${kind.arm}: ${told(peak)}\n`);
        // The client of the open loop cannot send as many as a raw GET answers.
        if (kind.arm === rawGet) continue;
        const half = await measureHalf(kind, seconds, peak.perSecond / 2);
        halves.set(kind.arm, [...(halves.get(kind.arm) ?? []), half]);
        process.stderr.write(
          `  at half of it p99 ${half.p99Ms.toFixed(1)} ms, the client ${half.lateP99Ms?.toFixed(1)} ms late\n`,
        );
      }
    }
  } finally {
    await echo.end();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
  return measurement(runs, halves, seconds);
}

async function measurePeak({ url, watched, file }: Kind, seconds: number) {
  const arm = { watched: async () => watched, commits: async () => null };
  const load = { url, connections, script: 'get.lua', args: [file] };
  await runWrk({ ...load, seconds: 1 });
  return counted(arm, connections, () => runWrk({ ...load, seconds }));
}

async function measureHalf({ url, file }: Kind, seconds: number, rate: number): Promise<JobResult> {
  const perSecond = Math.max(1, Math.round(rate));
  const half = await runOnce({ job: 'open-loop', kind: 'get', url, file, connections, seconds, perSecond });
  if (half.firstError !== null) process.stderr.write(`S12: ${half.firstError}\n`);
  return half;
}

/** What there is to read, and a file of requests a kind. */
async function prepare(server: OurServer, folder: string): Promise<Kind[]> {
  const watched = await server.watched();
  const kind = async (arm: string, lines: readonly string[]): Promise<Kind> => {
    const file = join(folder, arm.replaceAll(' ', '-'));
    await writeFile(file, lines.map((line) => `${line}\n`).join(''));
    return { arm, url: server.url, watched, file };
  };
  const seller = await member(server, 'seller');
  const drop = await openDrop(server, orderCount, {
    seller,
    sale: { queueing: { ticketsPerAddress: null } },
  });
  const orders: string[] = [];
  const asked = Array.from({ length: orderCount }, (_, n) => n);
  await forEach(8, asked, async () => {
    const holder = await holding(server, drop);
    const { status, body } = await checkOut(server, holder);
    if (status !== 201) throw new Error(`no order: ${JSON.stringify(body)}`);
    orders.push(`/v1/orders/${body.orderId} ${holder.token}`);
  });
  const products: string[] = [];
  // What one account may do in a second is bounded.
  const sellers = await Promise.all(Array.from({ length: 16 }, () => member(server, 'seller')));
  await forEach(
    8,
    Array.from({ length: productCount }, (_, n) => n),
    async (n) => {
      const body = productBody([`READ-${n}`], 1);
      const { productId } = await expected(server, 'POST /v1/products', 201, { who: sellers[n % 16]!, body });
      products.push(productId);
    },
  );
  const [path, token] = orders.at(-1)!.split(' ') as [string, string];
  await waitFor(
    async () => (await call(server, `GET ${path}`, { who: { accountId: '', token } })).status === 200,
  );
  return [
    await kind('list of products', ['/v1/products?limit=20']),
    await kind(
      'one product',
      products.map((productId) => `/v1/products/${productId}`),
    ),
    await kind('one sale', [`/v1/sales/${drop.saleId}`]),
    await kind('one order', orders),
  ];
}

function measurement(
  runs: readonly ArmRun[],
  halves: ReadonlyMap<string, readonly JobResult[]>,
  seconds: number,
): Measurement {
  const rate = (arm: string) => medianOf(runs, arm, connections, ({ perSecond }) => perSecond)!;
  const series = [...halves].flatMap(([arm, of]) => [
    seriesOf(
      `${arm}: p99 at half of its peak`,
      'ms',
      of.map(({ p99Ms }) => p99Ms),
    ),
    seriesOf(
      `${arm}: the client's own lateness, p99`,
      'ms',
      of.map(({ lateP99Ms }) => lateP99Ms ?? 0),
    ),
  ]);
  return {
    name: 'S12',
    question: 'reads over HTTP: rate, and p99 at half of it',
    load: `wrk, one thread, ${connections} connections, closed loop; then an open loop at half of that rate; ${seconds} s each; ${productCount.toLocaleString('en-US')} products, ${orderCount} orders, one server for all rounds`,
    doesNotMeasure: ['a network', 'a catalogue that does not fit into memory', 'writes at the same time'],
    ...{ series, runs, skipped: [] },
    ratios: [...halves].flatMap(([arm, of]) => [
      { name: `${arm} / ${rawGet}`, value: rate(arm) / rate(rawGet), wanted: '>= 0.3' },
      {
        name: `${arm}, p99 at half of its peak, ms`,
        value: seriesOf(
          arm,
          'ms',
          of.map(({ p99Ms }) => p99Ms),
        ).median,
        wanted: '< 20',
      },
    ]),
  };
}
