/**
 * S11: how long do a search with facets and a suggestion take among 500,000 products, alone and while a drop runs, by
 * PostgreSQL and by Elasticsearch, and how soon is an edit found?
 *
 * One server with its journal in the same PostgreSQL; made-up products with skewed words and brands in four languages
 * (`search/products.ts`), put into the tables past the API. Load: an open loop of 50 searches/s, then of 50 suggestions/s
 * (both from a list of 5,000 that is dealt in turn), then the searches beside 200 reserves/s, then 1,000 edits beside
 * the searches. `SEARCH_DATA` (search/stores.ts) keeps what was filled.
 */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '../test/persistence/support.ts';
import { tellComplaints } from './alternate.ts';
import { type Arm, startArm } from './baselines/arms.ts';
import { repository } from './baselines/server.ts';
import { makeShots } from './baselines/shots.ts';
import type { JobResult } from './client/jobs.ts';
import { runOnce } from './client/open.ts';
import { sample, usedBetween, type Watched } from './cpu/schedstat.ts';
import { type Measurement, type Ratio, type Series, seriesOf } from './measure.ts';
import type { BenchOptions } from './run/options.ts';
import { searchableAfter } from './search/edits.ts';
import type { Filled } from './search/fill.ts';
import { searches, suggestions } from './search/requests.ts';
import { openStores, type Stores } from './search/stores.ts';

const productCount = 500_000;
const requestCount = 5_000;
const perSecond = 50;
const reservesPerSecond = 200;
/** So few that none is idle for long: those the server would close. */
const connections = 6;
const secondsDefault = 15;
const editCount = 1_000;
/** One seller edits as fast as the index follows: what one account may do is not the question here. */
const many = { RATE_ACCOUNT_PER_SECOND: '1000000', RATE_ACCOUNT_BURST: '1000000' };

interface Loaded {
  readonly result: JobResult;
  /** Processor time of each process or thread for one request, in ms. */
  readonly ms: Readonly<Record<string, number>>;
}

interface Measured {
  readonly engine: string;
  readonly alone: Loaded;
  readonly typed: Loaded;
  readonly beside: Loaded;
  readonly reserves: JobResult;
  readonly besideEdits: Loaded;
  /** Milliseconds, rising. */
  readonly foundAfter: readonly number[];
}

export async function run(options: BenchOptions): Promise<Measurement> {
  const count = options.size ?? productCount;
  const seconds = options.seconds ?? secondsDefault;
  const stores = await openStores(count, options.env);
  const folder = await temporaryFolder();
  try {
    const env = { ...many, ...options.env, DATABASE_URL: stores.databaseUrl };
    const engines = [await measured('PostgreSQL', env, stores, folder, seconds)];
    const { elasticsearchUrl: url } = stores;
    if (url !== null)
      engines.push(
        await measured('Elasticsearch', { ...env, ELASTICSEARCH_URL: url }, stores, folder, seconds),
      );
    return measurement(count, seconds, stores.filled, engines);
  } finally {
    await stores.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function measured(
  engine: string,
  env: Readonly<Record<string, string>>,
  stores: Stores,
  folder: string,
  seconds: number,
): Promise<Measured> {
  const arm = await startArm({ name: 'ours', journal: 'postgres', checkout: repository, env });
  try {
    const bench = new SearchBench(engine, arm, stores.watched, folder, seconds);
    await bench.load('warm', searches(requestCount).reverse());
    const alone = await bench.load('searches', searches(requestCount));
    const typed = await bench.load('suggestions', suggestions(requestCount));
    const [beside, reserves] = await bench.besideDrop(searches(requestCount));
    const [besideEdits, foundAfter] = await bench.besideEdits(searches(requestCount));
    return { engine, alone, typed, beside, reserves, besideEdits, foundAfter };
  } finally {
    tellComplaints('ours', arm.complaints());
    await arm.stop();
  }
}

class SearchBench {
  readonly #engine: string;
  readonly #arm: Arm;
  readonly #stores: readonly Watched[];
  readonly #folder: string;
  readonly #seconds: number;

  constructor(engine: string, arm: Arm, stores: readonly Watched[], folder: string, seconds: number) {
    this.#engine = engine;
    this.#arm = arm;
    this.#stores = stores;
    this.#folder = folder;
    this.#seconds = seconds;
  }

  async load(name: string, paths: readonly string[]): Promise<Loaded> {
    const file = join(this.#folder, name);
    await writeFile(file, paths.map((path) => `${path}\n`).join(''));
    const watched = [...(await this.#arm.watched()), ...this.#stores];
    const before = sample(watched);
    const result = await runOnce({ ...this.#job(file), kind: 'get', perSecond });
    const { us } = usedBetween(before, sample(watched), result.clientUs);
    const ms = Object.fromEntries(
      Object.entries(us).map(([label, of]) => [label, of / 1_000 / result.requests]),
    );
    if (result.firstError !== null) process.stderr.write(`S11: ${result.firstError}\n`);
    const told = Object.entries(ms).map(([label, of]) => `${label} ${of.toFixed(2)}`);
    process.stderr.write(
      `S11: ${this.#engine}, ${name}: p50 ${result.p50Ms.toFixed(1)}, p99 ${result.p99Ms.toFixed(1)} ms, ${result.errors} errors; ${told.join(', ')} ms of processor time each\n`,
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

  async besideEdits(paths: readonly string[]): Promise<readonly [Loaded, readonly number[]]> {
    const [loaded, times] = await Promise.all([
      this.load('searches beside edits', paths),
      searchableAfter(this.#arm.url, editCount),
    ]);
    times.sort((a, b) => a - b);
    process.stderr.write(
      `S11: ${this.#engine}: edits are found after p50 ${at(times, 0.5).toFixed(0)}, p99 ${at(times, 0.99).toFixed(0)} ms\n`,
    );
    return [loaded, times];
  }

  #job(file: string) {
    return { job: 'open-loop', url: this.#arm.url, file, connections, seconds: this.#seconds } as const;
  }
}

const at = (sorted: readonly number[], share: number) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;

const one = (arm: string, unit: string, value: number): Series => seriesOf(arm, unit, [value]);

function seriesOfEngine(measured: Measured): Series[] {
  const { engine, alone, typed, beside, reserves, besideEdits, foundAfter } = measured;
  const store = engine.toLowerCase() === 'postgresql' ? 'postgres' : 'elasticsearch';
  const loaded = (name: string, { result, ms }: Loaded) => [
    one(`${engine}, ${name}: p50`, 'ms', result.p50Ms),
    one(`${engine}, ${name}: p99`, 'ms', result.p99Ms),
    one(`${engine}, ${name}: not answered with success`, 'requests', result.errors),
    one(`${engine}, ${name}: processor time of the store for one`, 'ms', ms[store] ?? 0),
    one(`${engine}, ${name}: processor time of the gateway for one`, 'ms', ms.gateway ?? 0),
  ];
  return [
    ...loaded('searches', alone),
    ...loaded('suggestions', typed),
    ...loaded('searches beside a drop', beside),
    one(`${engine}: reserves beside searches: p99`, 'ms', reserves.p99Ms),
    one(`${engine}: reserves beside searches: not answered with success`, 'requests', reserves.errors),
    ...loaded('searches beside edits', besideEdits),
    one(`${engine}: an edit is found after, p50`, 'ms', at(foundAfter, 0.5)),
    one(`${engine}: an edit is found after, p99`, 'ms', at(foundAfter, 0.99)),
  ];
}

const ratiosOfEngine = ({ engine, alone, typed, beside, foundAfter }: Measured): Ratio[] => [
  { name: `${engine}: search with facets, p99 ms`, value: alone.result.p99Ms, wanted: '< 50' },
  { name: `${engine}: the same beside a drop, p99 ms`, value: beside.result.p99Ms, wanted: '< 50' },
  { name: `${engine}: suggestion, p99 ms`, value: typed.result.p99Ms, wanted: '< 20' },
  {
    name: `${engine}: an edit is searchable, p99 of 1,000, ms`,
    value: at(foundAfter, 0.99),
    wanted: '< 1,000',
  },
];

function measurement(
  count: number,
  seconds: number,
  { sizes, fillSeconds, indexSeconds, elasticsearch }: Filled,
  engines: readonly Measured[],
): Measurement {
  return {
    name: 'S11',
    question: 'a search with facets and a suggestion in a large shop',
    load: `open loops of ${perSecond} requests/s over ${connections} connections, ${seconds} s each; ${count.toLocaleString('en-US')} made-up products with skewed words, brands and categories in four languages; beside: ${reservesPerSecond} reserves/s, or ${editCount.toLocaleString('en-US')} edits by 6 at once`,
    doesNotMeasure: ['a network', 'words that belong together as in real titles'],
    series: [
      ...engines.flatMap(seriesOfEngine),
      one('PostgreSQL: rows of the products', 'MB', sizes.rows),
      one('PostgreSQL: words beside the rows', 'MB', sizes.beside),
      one('PostgreSQL: indexes of their words', 'MB', sizes.words),
      one('PostgreSQL: other indexes, lexicon, suggestions', 'MB', sizes.other),
      one('filling the tables', 's', fillSeconds),
      one('PostgreSQL: making the search index', 's', indexSeconds),
      ...(elasticsearch === null
        ? []
        : [
            one('Elasticsearch: making the search index', 's', elasticsearch.seconds),
            one('Elasticsearch: the index', 'MB', elasticsearch.mb),
          ]),
    ],
    ratios: [
      ...engines.flatMap(ratiosOfEngine),
      { name: 'PostgreSQL: making the index, seconds', value: indexSeconds, wanted: '< 300' },
    ],
    skipped: engines.length > 1 ? [] : ['Elasticsearch: it cannot be started here'],
  };
}
