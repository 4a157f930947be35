/**
 * S6: a million buyers, a thousand units. All of them join over HTTP, 18,000 of them watch the line on live sockets, the
 * first are let in and buy; exactly a thousand units are sold.
 *
 * Load: joins by wrk, 64 connections, closed loop, 100,000 buyers a run, tokens minted with the server's secret; between
 * them the same requests to a raw uWS POST. Then the sockets, then 100 admissions a second and their purchases.
 */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { temporaryFolder } from '../test/persistence/support.ts';
import { residentMb, waitFor } from '../test/system/server.ts';
import {
  call,
  checkoutBody,
  type Drop,
  expected,
  openDrop,
  type Person,
  unlessBusy,
} from '../test/system/shop.ts';
import { ownRedis, redisOf, startBaseline } from './baselines/arms.ts';
import { type Buyer, mintGuests } from './baselines/mint.ts';
import { type OurServer, repository, startOurs } from './baselines/server.ts';
import { counted, type Fired } from './baselines/shots.ts';
import { runWrk, whyNoWrk } from './baselines/wrk.ts';
import { openClient } from './client/open.ts';
import { type Delay, readDelays, resetDelays } from './cpu/delays.ts';
import { forEach } from './crowd/audit.ts';
import { type ArmRun, type Measurement, type Series, seriesOf } from './measure.ts';
import type { BenchOptions } from './run/options.ts';
import { medianOf, told } from './runs.ts';

const buyersDefault = 1_000_000;
const portionMax = 100_000;
const connections = 64;
const units = 1_000;
/** Those who were first in the line, with some more, because connections overtake each other. */
const poolSize = 1_400;
const askingAtOnce = 200;
/** CONNECTIONS_MAX of the server and 20,000 descriptors of a process. */
const socketsMax = 18_000;
const watchSeconds = 30;
/** Some more are let in than there are units: not everybody who was let in would buy. */
const overAdmission = 1.1;
const releaseMsMax = 240_000;
const triesMax = 5;
const portionSecondsMax = 12 * 60;
const tokenSecret = 'a secret of the bench, which is long enough';

/** What is found out on the way. */
interface Book {
  readonly buyers: number;
  readonly runs: ArmRun[];
  readonly portions: number[];
  readonly rssMb: number[];
  joinDelays: readonly Delay[];
  releaseDelays: readonly Delay[];
  queueLength: number;
  sold: number;
  refused: number;
  ages: Fired | null;
  sockets: number;
}

export async function run(options: BenchOptions): Promise<Measurement> {
  const whyNot = whyNoWrk();
  if (whyNot !== null) throw new Error(whyNot);
  const buyers = options.size ?? buyersDefault;
  const folder = await temporaryFolder();
  const redis = await ownRedis();
  const env = { BENCH_DELAYS: '1', ...options.env };
  const server = await startOurs({ checkout: repository, tokenSecret, redisUrl: redis.url, env });
  const echo = await startBaseline('echo', {});
  const book: Book = {
    ...{ buyers, runs: [], portions: [], rssMb: [], joinDelays: [], releaseDelays: [] },
    ...{ queueLength: 0, sold: 0, refused: 0, ages: null, sockets: Math.min(socketsMax, buyers) },
  };
  try {
    const queueing = {
      releasePerSecond: 1,
      activeLimit: 1,
      admissionSeconds: 3_600,
      claimSeconds: 3_600,
      overAdmission,
    };
    const drop = await openDrop(server, units, {
      sale: { queueing: { ...queueing, ticketsPerAddress: null } },
    });
    const arms = {
      joins: {
        url: server.url,
        watched: async () => [...(await server.watched()), redisOf(redis)],
        commits: async () => null,
      },
      echo: { url: echo.url, watched: async () => [echo.process], commits: async () => null },
    };
    await resetDelays(server);
    const pool: Buyer[] = [];
    let watchers: Buyer[] = [];
    for (let done = 0; done < buyers; done += portionMax) {
      const guests = mintGuests(tokenSecret, Math.min(portionMax, buyers - done));
      await writeTokens(join(folder, 'tokens'), guests);
      for (const [arm, of] of Object.entries(arms)) {
        const one = await counted(of, connections, () => runWrk(joining(of.url, drop, folder)));
        book.runs.push({ arm, ...one });
        process.stderr.write(`S6 ${done + guests.length} buyers: ${arm}: ${told(one)}\n`);
      }
      await joinAgain(server, drop, [guests[0]!, ...guests.slice(-2 * connections)]);
      await joinRefused(server, drop, done + guests.length, folder);
      if (done === 0) pool.push(...guests.slice(0, poolSize));
      watchers = [...watchers, ...guests].slice(-book.sockets);
      book.portions.push(book.runs.at(-2)!.perSecond);
      book.rssMb.push(residentMb(server.pid));
    }
    book.joinDelays = readDelays(server);
    await writeTokens(join(folder, 'watchers'), watchers);
    await release(server, drop, pool, book, join(folder, 'watchers'));
  } finally {
    await echo.end();
    await server.stop();
    await redis.stop();
    await rm(folder, { recursive: true, force: true });
  }
  return measurement(book);
}

function writeTokens(file: string, buyers: readonly Buyer[]): Promise<void> {
  return writeFile(file, buyers.map(({ token }) => `${token}\n`).join(''));
}

/** wrk makes its first request only to look at it, and hears no answer to its last ones: joining again changes nothing. */
async function joinAgain(server: OurServer, { saleId }: Drop, buyers: readonly Buyer[]): Promise<void> {
  await forEach(8, buyers, async (who) => {
    const { status, body } = await call(server, `POST /v1/sales/${saleId}/tickets`, { who, body: {} });
    if (status !== 200 && status !== 201) throw new Error(`not joined: ${JSON.stringify(body)}`);
  });
}

/** Whoever was told that the server is busy comes again, and so does everybody of the portion: wrk does not know who it was. */
async function joinRefused(server: OurServer, drop: Drop, wanted: number, folder: string): Promise<void> {
  for (let tries = 0; tries < triesMax; tries++) {
    if ((await joinedOf(server, drop)) === wanted) return;
    await runWrk(joining(server.url, drop, folder));
  }
}

async function joinedOf(server: OurServer, { saleId, seller }: Drop): Promise<number> {
  return (await expected(server, `GET /v1/sales/${saleId}/status`, 200, { who: seller })).joined;
}

const joining = (url: string, { saleId }: Drop, folder: string) => ({
  ...{ url, connections, seconds: portionSecondsMax, script: 'join.lua' },
  args: [join(folder, 'tokens'), `/v1/sales/${saleId}/tickets`],
});

async function release(
  server: OurServer,
  drop: Drop,
  pool: readonly Person[],
  book: Book,
  file: string,
): Promise<void> {
  const { saleId } = drop;
  const job = {
    job: 'positions',
    url: server.url,
    file,
    saleId,
    sockets: book.sockets,
    seconds: watchSeconds,
  } as const;
  const client = await openClient(job);
  try {
    book.queueLength = await joinedOf(server, drop);
    if (book.queueLength !== book.buyers)
      throw new Error(`${book.queueLength} of ${book.buyers} are in the line`);
    await resetDelays(server);
    const queueing = { releasePerSecond: 100, activeLimit: 100_000 };
    await expected(server, `PATCH /v1/sales/${saleId}`, 200, { who: drop.seller, body: { queueing } });
    const watching = client.run();
    const endsAtMs = performance.now() + releaseMsMax;
    const isOver = () => book.sold >= units || performance.now() > endsAtMs;
    const telling = setInterval(() => {
      process.stderr.write(`S6: ${book.sold} sold, ${book.refused} refused\n`);
    }, 5_000);
    await forEach(askingAtOnce, pool, async (who) => {
      const outcome = await buy(server, drop, who, isOver);
      if (outcome === 'bought') book.sold++;
      else if (outcome === 'refused') book.refused++;
    });
    clearInterval(telling);
    book.ages = await watching;
    book.releaseDelays = readDelays(server);
    book.rssMb.push(residentMb(server.pid));
    const stock = await waitFor(async () => {
      const now = await expected(server, `GET /v1/inventory/${drop.sku}`, 200);
      return now.held === 0 ? now : null;
    });
    if (stock.sold !== book.sold) throw new Error(`${book.sold} were paid for and ${stock.sold} are sold`);
  } finally {
    await client.close();
  }
}

/** Waits for the turn, holds, pays. */
async function buy(
  server: OurServer,
  { saleId, sku }: Drop,
  who: Person,
  isOver: () => boolean,
): Promise<'bought' | 'refused' | 'late'> {
  let admission: string | null = null;
  while (admission === null) {
    if (isOver()) return 'late';
    const { body } = await call(server, `GET /v1/sales/${saleId}/tickets/mine`, { who });
    admission = body?.admission?.token ?? null;
    if (admission === null) await wait(500);
  }
  const holdId = crypto.randomUUID();
  const asHolder = { who, body: { holdId, sku, quantity: 1 }, headers: { 'admission-token': admission } };
  const held = await unlessBusy(() => call(server, `POST /v1/sales/${saleId}/holds`, asHolder));
  // 200: a first try that was answered busy had placed it.
  if (held.status !== 201 && held.status !== 200) return 'refused';
  const headers = { 'idempotency-key': holdId };
  const order = { who, body: checkoutBody([holdId]), headers };
  const bought = await unlessBusy(() => call(server, 'POST /v1/checkout', order));
  return bought.status === 201 ? 'bought' : 'refused';
}

function measurement(book: Book): Measurement {
  const { buyers, runs, portions, rssMb, ages, queueLength, sold } = book;
  const one = (arm: string, unit: string, value: number): Series => seriesOf(arm, unit, [value]);
  const rate = (arm: string) => medianOf(runs, arm, connections, ({ perSecond }) => perSecond)!;
  const delays = (when: string, of: readonly Delay[]) =>
    of.map(({ thread, p999Ms }) => one(`${when}: event-loop delay of ${thread}, p99.9`, 'ms', p999Ms));
  const worst = Math.max(...[...book.joinDelays, ...book.releaseDelays].map(({ p999Ms }) => p999Ms));
  return {
    name: 'S6',
    question: `${buyers.toLocaleString('en-US')} buyers join, ${units.toLocaleString('en-US')} units are sold`,
    load: `joins by wrk, ${connections} connections, ${portionMax.toLocaleString('en-US')} buyers a run, and the same requests to a raw uWS POST in turn; then ${book.sockets.toLocaleString('en-US')} live sockets and 100 admissions a second`,
    doesNotMeasure: [
      'a network',
      'a million sockets: a process has 20,000 descriptors',
      'joins while sockets watch',
    ],
    series: [
      one('buyers in the line', '', queueLength),
      one('sold', '', sold),
      one('refused after their turn', '', book.refused),
      seriesOf('joins', 'a second', portions),
      one('joins, first portion', 'a second', portions[0]!),
      one('joins, last portion', 'a second', portions.at(-1)!),
      seriesOf('memory of the server (not of its stores)', 'MB', rssMb),
      one('positions received', 'a second', (ages?.requests ?? 0) / watchSeconds),
      one('age of a position, p50', 'ms', ages?.p50Ms ?? 0),
      one('age of a position, p99', 'ms', ages?.p99Ms ?? 0),
      one('sockets lost', '', ages?.errors ?? 0),
      ...delays('joins', book.joinDelays),
      ...delays('release', book.releaseDelays),
    ],
    runs,
    ratios: [
      { name: 'units sold', value: sold, wanted: `exactly ${units.toLocaleString('en-US')}` },
      { name: 'joins / raw POST', value: rate('joins') / rate('echo'), wanted: '>= 0.4' },
      { name: 'memory of the server, MB', value: Math.max(...rssMb), wanted: '<= 1,500' },
      { name: 'event-loop delay, worst thread, p99.9, ms', value: worst, wanted: '<= 50' },
    ],
    skipped: [],
  };
}
