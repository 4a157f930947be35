/**
 * Does memory follow the hot SKUs, and what does it cost to wake one?
 *
 * The real Shard with all 64 partitions over a private PostgreSQL. A million SKUs are registered by commands; an
 * snapshotter in a thread of its own saves them; nobody asks for them until they have left memory; then 10,000 of them
 * are asked for, and rest again. At the end another Shard starts on the same data, all asleep.
 *
 * Memory is the heap and the typed arrays of this thread after a full collection; resident memory includes what the
 * allocators keep and, while it runs, nothing of the snapshotter: it has ended by then.
 */

import { randomUUID } from 'node:crypto';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Worker } from 'node:worker_threads';
import { openPostgresJournal } from '../src/persistence/journal/postgres.ts';
import { createSnapshotStore } from '../src/persistence/snapshots.ts';
import type { Shard } from '../src/runtime/shard.ts';
import { defaultShardLimits } from '../src/runtime/shard-options.ts';
import { type TestDatabase, testDatabase, until } from '../test/persistence/support.ts';
import { loneShard } from './lone-shard.ts';
import { type Measurement, quantile, type Series, seriesOf } from './measure.ts';
import type { ArchiveTask } from './snapshotter-worker.ts';

const skuCount = 1_000_000;
const hotCount = 10_000;
/** Commands under way at a time while SKUs are made, and while they are woken. */
const makersAtOnce = 2_000;
const wakersAtOnce = 16;
const attemptsMax = 500;
const retryMs = 20;
/** Longer than it takes to ask the hot ones twice. */
const idleMs = 30_000;
const graceMs = 600_000;
const mebibyte = 2 ** 20;
const sellerId = `acc_${randomUUID()}`;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const skuOf = (n: number) => `SKU-${String(n).padStart(8, '0')}`;

interface Memory {
  readonly heap: number;
  readonly resident: number;
}

/** In bytes. */
function memory(): Memory {
  collectGarbage();
  collectGarbage();
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage();
  return { heap: heapUsed + arrayBuffers, resident: rss };
}

function openShard({ pool }: TestDatabase): Shard {
  const stores = { journal: openPostgresJournal(pool), snapshots: createSnapshotStore(pool) };
  return loneShard(stores, {
    ask: (_message, done) => done('busy', null),
    log(level, message, fields) {
      if (level !== 'info') console.error(message, fields);
    },
    limits: { ...defaultShardLimits, idleMs },
  });
}

/** Sends one command for each of `count` SKUs, so many at a time; answers with how long each took, in ms. */
function each(
  shard: Shard,
  count: number,
  atOnce: number,
  commandOf: (n: number) => [sku: string, command: { type: string }],
): Promise<Float64Array> {
  const tookMs = new Float64Array(count);
  let next = 0;
  let done = 0;
  return new Promise((resolve, reject) => {
    const send = () => {
      const n = next++;
      if (n >= count) return;
      const [sku, command] = commandOf(n);
      const sentAtMs = performance.now();
      const ask = (attempts: number) =>
        shard.deliver('sku', sku, command, (code) => {
          // The journal was slow for a moment: as outside, the same command is sent again.
          if (code === 'busy' && attempts < attemptsMax) return void setTimeout(ask, retryMs, attempts + 1);
          if (code !== 'ok' && code !== 'created') return reject(new Error(`${sku}: ${code}`));
          tookMs[n] = performance.now() - sentAtMs;
          if (++done === count) resolve(tookMs);
          else send();
        });
      ask(1);
    };
    for (let n = 0; n < atOnce; n++) send();
  });
}

const register = (n: number): [string, { type: string }] => {
  const price = { amount: 1_000 + (n % 90_000), currency: 'USD' };
  const thing = { productId: `prd_${randomUUID()}`, sellerId, title: `Thing number ${n}`, price, stock: 5 };
  return [skuOf(n), { type: 'RegisterSku', ...thing } as { type: string }];
};

/** Hot SKUs are spread over all partitions and over the order of creation. */
const look = (n: number): [string, { type: string }] => [
  skuOf((n * 7_919) % skuCount),
  { type: 'ReadStock' },
];

/** Saves everything, in a thread that is gone afterwards. */
async function archive(shard: Shard, databaseUrl: string): Promise<void> {
  const task: ArchiveTask = { databaseUrl, heads: shard.positions(), graceMs };
  const worker = new Worker(new URL('./snapshotter-worker.ts', import.meta.url), {
    workerData: task,
    resourceLimits: { maxOldGenerationSizeMb: 8_192 },
  });
  worker.on('message', ([partition, seq]: [number, number]) => shard.saved(partition, seq));
  await new Promise<void>((resolve, reject) => {
    worker.once('error', reject);
    worker.once('exit', (code) =>
      code === 0 ? resolve() : reject(new Error(`snapshotter ended with ${code}`)),
    );
  });
}

const asleep = (shard: Shard) => until(() => shard.stats().actors === 0, 120_000);
const seconds = (sinceMs: number) => (performance.now() - sinceMs) / 1000;

interface Findings {
  readonly memoryAt: Map<string, Memory>;
  readonly secondsOf: Map<string, number>;
  readonly wakesMs: Float64Array;
  readonly repeatsMs: Float64Array;
}

async function observe(database: TestDatabase): Promise<Findings> {
  const memoryAt = new Map<string, Memory>();
  const secondsOf = new Map<string, number>();
  const shard = openShard(database);
  await shard.start();
  memoryAt.set('empty', memory());
  let sinceMs = performance.now();
  await each(shard, skuCount, makersAtOnce, register);
  secondsOf.set('a million registered', seconds(sinceMs));
  memoryAt.set('a million awake', memory());
  sinceMs = performance.now();
  const stalls = monitorEventLoopDelay({ resolution: 5 });
  stalls.enable();
  await archive(shard, database.url);
  secondsOf.set('a million saved by the snapshotter', seconds(sinceMs));
  await asleep(shard);
  stalls.disable();
  secondsOf.set('longest stall of the shard while they left memory, collections included', stalls.max / 1e9);
  memoryAt.set('a million asleep', memory());
  const wakesMs = (await each(shard, hotCount, wakersAtOnce, look)).sort();
  const { actors } = shard.stats();
  if (actors !== hotCount) throw new Error(`${actors} actors are awake, not the ${hotCount} hot ones`);
  memoryAt.set('10,000 of them awake', memory());
  const repeatsMs = (await each(shard, hotCount, wakersAtOnce, look)).sort();
  await asleep(shard);
  memoryAt.set('those asleep again', memory());
  await shard.stop(10_000);
  sinceMs = performance.now();
  const successor = openShard(database);
  const report = await successor.start();
  secondsOf.set('a shard with a million asleep is ready', seconds(sinceMs));
  if (report.actors !== 0) throw new Error(`${report.actors} actors were loaded`);
  await each(successor, 1, 1, () => [skuOf(skuCount - 1), { type: 'ReadStock' }]);
  await successor.stop(10_000);
  return { memoryAt, secondsOf, wakesMs, repeatsMs };
}

export async function run(): Promise<Measurement> {
  const database = await testDatabase();
  try {
    const { memoryAt, secondsOf, wakesMs, repeatsMs } = await observe(database);
    const sizes = [...memoryAt].flatMap(([when, { heap, resident }]): Series[] => [
      seriesOf(`memory: ${when}`, 'MiB', [heap / mebibyte]),
      seriesOf(`resident: ${when}`, 'MiB', [resident / mebibyte]),
    ]);
    const times = [...secondsOf].map(([what, took]) => seriesOf(what, 's', [took]));
    const waits = [0.5, 0.99].flatMap((share) => [
      seriesOf(`first command, from the store, p${share * 100}`, 'ms', [quantile(wakesMs, share)]),
      seriesOf(`next command, in memory, p${share * 100}`, 'ms', [quantile(repeatsMs, share)]),
    ]);
    const heap = (when: string) => memoryAt.get(when)!.heap;
    const grown = (when: string) => heap(when) - heap('empty');
    return {
      name: 'passivation',
      question: 'whether memory follows the hot SKUs, and what waking costs',
      load: `${skuCount.toLocaleString('en-US')} SKUs without sales, ${hotCount.toLocaleString('en-US')} of them asked for, ${wakersAtOnce} commands at a time; they rest after ${idleMs / 1000} s (the server: ${defaultShardLimits.idleMs / 1000} s)`,
      doesNotMeasure: [
        'the snapshotter’s own memory',
        'SKUs with sales, holds or adjustments of the last day: they stay awake',
        'the journal in Redis',
        'threads and sockets',
      ],
      series: [...sizes, ...times, ...waits],
      ratios: [
        {
          name: 'bytes that a sleeping SKU takes',
          value: grown('a million asleep') / skuCount,
          wanted: '<= 40',
        },
        { name: 'bytes that an awake SKU takes', value: grown('a million awake') / skuCount, wanted: 'any' },
        {
          name: '10,000 hot of a million, share of the memory of all awake',
          value: grown('10,000 of them awake') / grown('a million awake'),
          wanted: '<= 0.05',
        },
      ],
      skipped: [],
    };
  } finally {
    await database.close();
  }
}
