/**
 * S7: what do 18,000 live sockets cost that watch a line move once a second, and how old is what they see?
 *
 * Arms: ours, and a server that sends each socket a personal frame a second. Load: guests of their own, all on one machine
 * with one clock; 200 tickets in the line, one let in a second.
 */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { temporaryFolder } from '../test/persistence/support.ts';
import { residentMb } from '../test/system/server.ts';
import { expected, guest, openDrop } from '../test/system/shop.ts';
import { roundsOf } from './alternate.ts';
import { startBaseline } from './baselines/arms.ts';
import { mintGuests } from './baselines/mint.ts';
import { repository, startOurs } from './baselines/server.ts';
import { openClient } from './client/open.ts';
import { sample, usedBetween, type Watched } from './cpu/schedstat.ts';
import { type Measurement, seriesOf } from './measure.ts';
import type { BenchOptions } from './run/options.ts';

const socketsDefault = 18_000;
const secondsDefault = 10;
const ticketCount = 200;
const tokenSecret = 'a secret of the bench, which is long enough';

interface Round {
  readonly arm: string;
  readonly ageP50Ms: number;
  readonly ageP99Ms: number;
  readonly framesPerSecond: number;
  readonly errors: number;
  /** The gateway's, of one core. */
  readonly share: number;
  readonly kibPerSocket: number;
}

interface Place {
  readonly url: string;
  readonly watched: readonly Watched[];
  readonly saleId: string;
}

export async function run(options: BenchOptions): Promise<Measurement> {
  const sockets = Math.min(options.size ?? socketsDefault, socketsDefault);
  const shape = { sockets, rounds: roundsOf(options), seconds: options.seconds ?? secondsDefault };
  const all = [...(await ours(shape, options.env)), ...(await personal(shape))];
  const series = ['ours', 'personal frames'].flatMap((arm) => {
    const of = all.filter((one) => one.arm === arm);
    const figure = (name: string, unit: string, read: (one: Round) => number) =>
      seriesOf(`${arm}: ${name}`, unit, of.map(read));
    return [
      figure('age of a position, p50', 'ms', ({ ageP50Ms }) => ageP50Ms),
      figure('age of a position, p99', 'ms', ({ ageP99Ms }) => ageP99Ms),
      figure('frames received', 'a second', ({ framesPerSecond }) => framesPerSecond),
      figure('gateway', 'of a core', ({ share }) => share),
      figure('memory', 'KiB a socket', ({ kibPerSocket }) => kibPerSocket),
      figure('sockets lost', '', ({ errors }) => errors),
    ];
  });
  const median = (name: string) => series.find(({ arm }) => arm === name)!.median;
  return {
    name: 'S7',
    question: `${sockets.toLocaleString('en-US')} live sockets that watch a line: freshness, processor, memory`,
    load: `one client process, ${shape.rounds} windows of ${shape.seconds} s, the line moves once a second`,
    doesNotMeasure: ['a network', 'sockets that come and go', 'a line that moves ten times a second'],
    ...{ series, skipped: [] },
    ratios: [
      {
        name: 'age of a position, p99, ms',
        value: median('ours: age of a position, p99'),
        wanted: '<= 1,000',
      },
      { name: 'gateway, of a core', value: median('ours: gateway'), wanted: '<= 0.3' },
      { name: 'memory, KiB a socket', value: median('ours: memory'), wanted: '<= 4' },
      {
        name: 'ours / personal frames, processor',
        value: median('ours: gateway') / median('personal frames: gateway'),
        wanted: 'less than 1',
      },
    ],
  };
}

interface Shape {
  readonly sockets: number;
  readonly rounds: number;
  readonly seconds: number;
}

async function ours(shape: Shape, env: Readonly<Record<string, string>>): Promise<Round[]> {
  const server = await startOurs({ checkout: repository, tokenSecret, redisUrl: null, env });
  try {
    const queueing = { releasePerSecond: 1, activeLimit: 1_000_000, ticketsPerAddress: null };
    const { saleId } = await openDrop(server, 1_000, { sale: { queueing } });
    for (let n = 0; n < ticketCount; n++)
      await expected(server, `POST /v1/sales/${saleId}/tickets`, 201, { who: await guest(server), body: {} });
    const place = { url: server.url, watched: await server.watched(), saleId };
    return await watch('ours', shape, place, server.dataDir);
  } finally {
    await server.stop();
  }
}

async function personal(shape: Shape): Promise<Round[]> {
  const server = await startBaseline('positions', {});
  const dir = await temporaryFolder();
  try {
    return await watch(
      'personal frames',
      shape,
      { url: server.url, watched: [server.process], saleId: '' },
      dir,
    );
  } finally {
    await server.end();
    await rm(dir, { recursive: true, force: true });
  }
}

async function watch(
  arm: string,
  { sockets, rounds, seconds }: Shape,
  { url, watched, saleId }: Place,
  dir: string,
): Promise<Round[]> {
  const file = join(dir, 'bench.tokens');
  await writeFile(
    file,
    mintGuests(tokenSecret, sockets)
      .map(({ token }) => `${token}\n`)
      .join(''),
  );
  const { pid } = watched[0]!;
  const beforeMb = residentMb(pid);
  const client = await openClient({ job: 'positions', url, file, saleId, sockets, seconds });
  try {
    // What the handshakes left behind is collected, and the first frames have come.
    await wait(3_000);
    const all: Round[] = [];
    for (let n = 0; n < rounds; n++) {
      const before = sample(watched);
      const result = await client.run();
      const { us, wallMs } = usedBetween(before, sample(watched), result.clientUs);
      if (result.firstError !== null) process.stderr.write(`S7: ${result.firstError}\n`);
      all.push({
        ...{ arm, ageP50Ms: result.p50Ms, ageP99Ms: result.p99Ms, errors: result.errors },
        framesPerSecond: result.requests / result.seconds,
        share: (us.gateway ?? 0) / 1_000 / wallMs,
        kibPerSocket: ((residentMb(pid) - beforeMb) * 1_024) / sockets,
      });
      const { share, kibPerSocket, ageP99Ms } = all.at(-1)!;
      process.stderr.write(
        `S7 ${arm}: gateway ${share.toFixed(3)} cores, age p99 ${ageP99Ms} ms, ${kibPerSocket.toFixed(2)} KiB a socket\n`,
      );
    }
    return all;
  } finally {
    await client.close();
  }
}
