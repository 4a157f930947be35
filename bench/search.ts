/**
 * S11: how long do a search with facets and a suggestion take among 500,000 products, alone and while a drop runs?
 *
 * One server with its journal in the same PostgreSQL; made-up products with skewed words and brands in four languages
 * (`search/products.ts`), put into the tables past the API, then `npm run reindex`. Load: an open loop of 50 searches/s, then
 * of 50 suggestions/s (both from a list of 5,000 that is dealt in turn), then the searches beside 200 reserves/s.
 */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startTestPostgres, temporaryFolder } from '../test/persistence/support.ts';
import { member } from '../test/system/shop.ts';
import { tellComplaints } from './alternate.ts';
import { type Arm, startArm } from './baselines/arms.ts';
import { repository } from './baselines/server.ts';
import { makeShots } from './baselines/shots.ts';
import type { JobResult } from './client/jobs.ts';
import { runOnce } from './client/open.ts';
import { sample, usedBetween, type Watched } from './cpu/schedstat.ts';
import { type Measurement, type Series, seriesOf } from './measure.ts';
import type { BenchOptions } from './run/options.ts';
import { type Filled, fill } from './search/fill.ts';
import { searches, suggestions } from './search/requests.ts';

const productCount = 500_000;
const requestCount = 5_000;
const perSecond = 50;
const reservesPerSecond = 200;
const connections = 16;
const secondsDefault = 20;

interface Loaded {
  readonly result: JobResult;
  /** Processor time of PostgreSQL and of the server for one request, in ms. */
  readonly ms: Readonly<Record<string, number>>;
}

export async function run(options: BenchOptions): Promise<Measurement> {
  const count = options.size ?? productCount;
  const seconds = options.seconds ?? secondsDefault;
  const database = await startTestPostgres();
  const folder = await temporaryFolder();
  const env = { ...options.env, DATABASE_URL: database.url };
  const arm = await startArm({ name: 'ours', journal: 'postgres', checkout: repository, env });
  try {
    const { accountId } = await member({ url: arm.url }, 'seller');
    const filled = await fill(database.url, accountId, count);
    const postgres: Watched = { label: 'postgres', pid: database.server.pid, isTree: true };
    const bench = new SearchBench(arm, postgres, folder, seconds);
    await bench.load('warm', searches(requestCount));
    const alone = await bench.load('searches', searches(requestCount));
    const typed = await bench.load('suggestions', suggestions(requestCount));
    const [beside, reserves] = await bench.besideDrop(searches(requestCount));
    return measurement({ count, seconds, filled, alone, typed, beside, reserves });
  } finally {
    tellComplaints('ours', arm.complaints());
    await arm.stop();
    await database.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

class SearchBench {
  readonly #arm: Arm;
  readonly #postgres: Watched;
  readonly #folder: string;
  readonly #seconds: number;

  constructor(arm: Arm, postgres: Watched, folder: string, seconds: number) {
    this.#arm = arm;
    this.#postgres = postgres;
    this.#folder = folder;
    this.#seconds = seconds;
  }

  async load(name: string, paths: readonly string[]): Promise<Loaded> {
    const file = join(this.#folder, name);
    await writeFile(file, paths.map((path) => `${path}\n`).join(''));
    const watched = [...(await this.#arm.watched()), this.#postgres];
    const before = sample(watched);
    const result = await runOnce({ ...this.#job(file), kind: 'get', perSecond });
    const { us } = usedBetween(before, sample(watched), result.clientUs);
    const ms = Object.fromEntries(
      Object.entries(us).map(([label, of]) => [label, of / 1_000 / result.requests]),
    );
    if (result.firstError !== null) process.stderr.write(`S11: ${result.firstError}\n`);
    process.stderr.write(
      `S11: ${name}: p50 ${result.p50Ms.toFixed(1)}, p99 ${result.p99Ms.toFixed(1)} ms, ${result.errors} errors; ${Object.entries(
        ms,
      )
        .map(([label, of]) => `${label} ${of.toFixed(2)}`)
        .join(', ')} ms of processor time each\n`,
    );
    return { result, ms };
  }

  async besideDrop(paths: readonly string[]): Promise<readonly [Loaded, JobResult]> {
    const shots = await makeShots(this.#arm, 1);
    try {
      return await Promise.all([
        this.load('searches beside a drop', paths),
        runOnce({ ...this.#job(shots.file), kind: 'hold', perSecond: reservesPerSecond }),
      ]);
    } finally {
      await shots.remove();
    }
  }

  #job(file: string) {
    return { job: 'open-loop', url: this.#arm.url, file, connections, seconds: this.#seconds } as const;
  }
}

interface Results {
  readonly count: number;
  readonly seconds: number;
  readonly filled: Filled;
  readonly alone: Loaded;
  readonly typed: Loaded;
  readonly beside: Loaded;
  readonly reserves: JobResult;
}

function measurement({ count, seconds, filled, alone, typed, beside, reserves }: Results): Measurement {
  const one = (arm: string, unit: string, value: number): Series => seriesOf(arm, unit, [value]);
  const { copies, words, other } = filled.sizes;
  const loaded = (name: string, { result, ms }: Loaded) => [
    one(`${name}: p50`, 'ms', result.p50Ms),
    one(`${name}: p99`, 'ms', result.p99Ms),
    one(`${name}: not answered with success`, 'requests', result.errors),
    one(`${name}: processor time of PostgreSQL for one`, 'ms', ms.postgres ?? 0),
  ];
  return {
    name: 'S11',
    question: 'a search with facets and a suggestion in a large shop',
    load: `open loops of ${perSecond} requests/s over ${connections} connections, ${seconds} s each; ${count.toLocaleString('en-US')} made-up products with skewed words, brands and categories in four languages; beside: ${reservesPerSecond} reserves/s`,
    doesNotMeasure: [
      'a network',
      'words that belong together as in real titles',
      'changes of products at the same time',
    ],
    series: [
      ...loaded('searches', alone),
      ...loaded('suggestions', typed),
      ...loaded('searches beside a drop', beside),
      one('reserves beside searches: p99', 'ms', reserves.p99Ms),
      one('reserves beside searches: not answered with success', 'requests', reserves.errors),
      one('copies of the products', 'MB', copies),
      one('index of their words', 'MB', words),
      one('other indexes, lexicon, suggestions', 'MB', other),
      one('filling the tables', 's', filled.fillSeconds),
      one('making the search index', 's', filled.indexSeconds),
    ],
    ratios: [
      { name: 'search with facets, p99 ms', value: alone.result.p99Ms, wanted: '< 50' },
      { name: 'the same beside a drop, p99 ms', value: beside.result.p99Ms, wanted: '< 50' },
      { name: 'suggestion, p99 ms', value: typed.result.p99Ms, wanted: '< 20' },
    ],
    skipped: [],
  };
}
