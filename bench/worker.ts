/**
 * How soon does a shard answer again after its worker was killed, with 100,000 events that no snapshot contains?
 *
 * A real server, one shard, the journal in PostgreSQL and in Redis. The tail is written into the journal between two
 * starts of the server, because driving it in would take longer than the snapshotter leaves it unsaved. From the request
 * that kills the worker to the first command that is acknowledged after it, seen by an outside client who asks again
 * at once. What the tail was worth is read from the server's own log: a kill that found less of it counts as skipped.
 */
import { readFileSync } from 'node:fs';
import { openPostgresJournal } from '../src/persistence/journal/postgres.ts';
import { openRedisJournal } from '../src/persistence/journal/redis.ts';
import type { JournalRecord } from '../src/protocol/frame.ts';
import type { Journal } from '../src/protocol/journal.ts';
import { startTestRedis, type TestDatabase, testDatabase, whyNoRedis } from '../test/persistence/support.ts';
import { openSite, type ServerProcess, waitFor } from '../test/system/server.ts';
import { call, guest, openDrop, type Person } from '../test/system/shop.ts';
import { append } from './append.ts';
import { type Measurement, type Series, seriesOf } from './measure.ts';
import { envelopesOf, openShop, tell } from './shop.ts';

const tailEvents = 100_000;
const eventsPerFrame = 64;
const kills = 5;
/** Events of the tail that a kill must find unsaved. */
const tailMin = 95_000;
const attemptsMax = 5_000;
const pauseMs = 5;

/** A drop's first rush: joins, holds, purchases and reports as the real actors decide them. */
function rush(): JournalRecord[] {
  const startMs = Date.now();
  const shop = openShop(startMs);
  const records = [...shop.opening];
  for (const [actor, command] of envelopesOf(shop, 0, tailEvents, startMs))
    records.push(...tell(actor, command, startMs + 100));
  return records;
}

interface Recovery {
  readonly events: number;
  readonly tookMs: number;
}

function recoveries(server: ServerProcess): Recovery[] {
  return server
    .log()
    .split('\n')
    .filter((line) => line.includes('"shard recovered"'))
    .map((line) => JSON.parse(line) as Recovery);
}

interface Kill extends Recovery {
  readonly backMs: number;
  /** Processor time of all threads of the server meanwhile: on a shared machine it says more than the clock. */
  readonly cpuMs: number;
}

/** So far, from the kernel's counters, which count in hundredths of a second. */
function cpuMsOf(pid: number): number {
  if (process.platform !== 'linux') return Number.NaN;
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** Kills the shard's worker; the client's next join is tried until it has a ticket. */
async function kill(server: ServerProcess, saleId: string, who: Person): Promise<Kill> {
  const before = recoveries(server).length;
  const cpuBeforeMs = cpuMsOf(server.pid);
  const killedAtMs = performance.now();
  const { status } = await fetch(`${server.opsUrl}/shards/0/restart`, { method: 'POST' });
  if (status !== 202) throw new Error(`the restart was answered ${status}`);
  for (let attempts = 1; ; attempts++) {
    const answer = await call(server, `POST /v1/sales/${saleId}/tickets`, { who, body: {} });
    if (answer.status === 201) break;
    if (answer.status !== 503 || attempts === attemptsMax)
      throw new Error(`join: ${answer.status} ${JSON.stringify(answer.body)}`);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  const backMs = performance.now() - killedAtMs;
  const cpuMs = cpuMsOf(server.pid) - cpuBeforeMs;
  const after = await waitFor(() => (recoveries(server).length > before ? recoveries(server) : null));
  return { ...after.at(-1)!, backMs, cpuMs };
}

interface Arm {
  readonly name: string;
  readonly database: TestDatabase;
  readonly journal: Journal;
  readonly env: Record<string, string>;
}

/** The back office has read everything: from then on it is as quiet as it would be had the tail been driven in. */
async function hasProjected(server: ServerProcess): Promise<boolean> {
  const metrics = await (await fetch(`${server.opsUrl}/metrics`)).text();
  return /^doorbuster_projection_lag_frames 0$/m.test(metrics);
}

async function measure({ database, journal, env }: Arm): Promise<Kill[]> {
  const settings = { DATABASE_URL: database.url, SHARDS: '1', GATEWAYS: '1', ...env };
  const site = await openSite({ ...settings, RATE_ACCOUNT_PER_SECOND: '10000', RATE_ACCOUNT_BURST: '10000' });
  try {
    const first = await site.start();
    const { saleId } = await openDrop(first, 1_000);
    const buyers = await Promise.all(Array.from({ length: kills }, () => guest(first)));
    await first.end('SIGTERM');
    await append(journal, rush(), eventsPerFrame);
    const killed: Kill[] = [];
    for (const buyer of buyers) {
      // Each kill is the first one of its server: one that follows another soon waits longer for its new thread.
      const server = await site.start();
      await waitFor(() => hasProjected(server));
      killed.push(await kill(server, saleId, buyer));
      await server.end('SIGKILL');
    }
    return killed;
  } finally {
    await site.close();
  }
}

/** What one journal's kills took. `median` is of the whole way back, in seconds. */
function resultOf(
  arm: Arm,
  killed: readonly Kill[],
): { median: number; series: Series[]; skipped: string[] } {
  const full = killed.filter(({ events }) => events >= tailMin);
  const skipped = killed
    .filter(({ events }) => events < tailMin)
    .map(({ events }) => `${arm.name}: a kill that found only ${events} events unsaved`);
  if (full.length === 0) throw new Error(`${arm.name}: no kill found the tail`);
  const series = (what: string, unit: string, value: (kill: Kill) => number) =>
    seriesOf(`${arm.name}: ${what}`, unit, full.map(value));
  const back = series('kill to acknowledgement', 's', ({ backMs }) => backMs / 1000);
  return {
    median: back.median,
    series: [
      back,
      series('of that, recovery', 's', ({ tookMs }) => tookMs / 1000),
      series('processor time of the server meanwhile', 's', ({ cpuMs }) => cpuMs / 1000),
      series('tail', 'events', ({ events }) => events),
    ],
    skipped,
  };
}

async function measureAll(whyNot: string | null) {
  const redis = whyNot === null ? await startTestRedis() : null;
  const databases = [await testDatabase(), await testDatabase()] as const;
  const [first, second] = databases;
  const arms: Arm[] = [
    { name: 'PostgreSQL', database: first, journal: openPostgresJournal(first.pool), env: {} },
  ];
  if (redis) {
    const journal = await openRedisJournal(redis.url, second.pool, () => {});
    arms.push({ name: 'Redis', database: second, journal, env: { REDIS_URL: redis.url } });
  }
  try {
    const results = [];
    for (const arm of arms) results.push({ name: arm.name, ...resultOf(arm, await measure(arm)) });
    return results;
  } finally {
    for (const { journal } of arms) await journal.close();
    await redis?.stop();
    for (const database of databases) await database.close();
  }
}

export async function run(): Promise<Measurement> {
  const whyNot = whyNoRedis();
  const results = await measureAll(whyNot);
  return {
    name: 'worker',
    question: 'from the kill of a shard’s worker to its first acknowledgement, 100,000 events in the tail',
    load: `one shard with 64 partitions; a sale with 50,000 tickets, 100 SKUs with 20,000 holds; ${kills} kills a journal`,
    doesNotMeasure: [
      'orders in the tail',
      'several shards',
      'buyers that all come back at once',
      'a network between us and the stores',
    ],
    series: results.flatMap(({ series }) => series),
    ratios: results.map(({ name, median }) => ({
      name: `${name}: median, share of 1 s`,
      value: median,
      wanted: '<= 1',
    })),
    skipped: [...(whyNot === null ? [] : [`Redis: ${whyNot}`]), ...results.flatMap(({ skipped }) => skipped)],
  };
}
