/** Elasticsearch, while a drop runs: killed, silent, and its indices deleted. What is bought must not notice. */
import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { waitFor } from '../system/server.ts';
import { call, expected, productBody } from '../system/shop.ts';
import { quantile } from './ledger.ts';
import { longDrop, mustGoOn, outage } from './outage.ts';
import type { Fault, Round } from './round.ts';
import type { WorldOptions } from './world.ts';

const awaySeconds = 5;
const searchEveryMs = 40;
/** A search waits for the engine only so long; the rest is a loaded machine's. */
const searchMsMax = 3_000;
const catchUpMsMax = 60_000;

interface Searched {
  readonly atMs: number;
  readonly tookMs: number;
  readonly status: number;
  readonly engine: string | null;
  readonly isDegraded: boolean;
  readonly total: number;
}

async function search(round: Round): Promise<Searched> {
  const atMs = performance.now();
  const { status, headers, body } = await call(round.world, 'GET /v1/search?q=console');
  const isDegraded = headers.get('search-degraded') === 'true';
  const engine = headers.get('search-engine');
  return { atMs, tookMs: performance.now() - atMs, status, engine, isDegraded, total: body?.total ?? -1 };
}

/** Somebody who searches all the time. */
function searching(round: Round): { readonly all: readonly Searched[]; stop(): Promise<void> } {
  const all: Searched[] = [];
  let isOver = false;
  const work = (async () => {
    while (!isOver) {
      all.push(await search(round));
      await wait(searchEveryMs);
    }
  })().catch((error) => round.fail(`a search was not answered: ${error}`));
  return {
    all,
    async stop() {
      isOver = true;
      await work;
    },
  };
}

const isWell = ({ engine, isDegraded }: Searched) => engine === 'elasticsearch' && !isDegraded;

/** Waits until Elasticsearch itself answers, and knows so many products. */
async function untilKnown(round: Round, products: number): Promise<number> {
  const startedAtMs = performance.now();
  await waitFor(async () => {
    const one = await search(round);
    return isWell(one) && one.total === products;
  }, catchUpMsMax);
  return performance.now() - startedAtMs;
}

interface Harm {
  begin(round: Round): Promise<void>;
  end(round: Round): Promise<void>;
}

async function harmed(round: Round, name: string, harm: Harm): Promise<void> {
  await round.until('holds', 2);
  await untilKnown(round, 1);
  const searcher = searching(round);
  try {
    await harmWhile(round, name, harm);
  } finally {
    await searcher.stop();
  }
  judge(round, searcher.all);
}

async function harmWhile(round: Round, name: string, harm: Harm): Promise<void> {
  const { seller } = round.crowd.drop;
  const window = await outage(round, {
    name,
    seconds: awaySeconds,
    kind: 'serving',
    begin: () => harm.begin(round),
    async end() {
      // It comes into the shop while the engine cannot be told of it.
      const body = productBody([`SKU-${randomUUID()}`], 1);
      await expected(round.world, 'POST /v1/products', 201, { who: seller, body });
      await harm.end(round);
    },
  });
  mustGoOn(round, window);
  round.note('caught up after ms', await untilKnown(round, 2));
}

function judge(round: Round, searches: readonly Searched[]): void {
  const taken = searches.map(({ tookMs }) => tookMs);
  const degraded = searches.filter(({ isDegraded }) => isDegraded);
  round.note('searches', searches.length);
  round.note('degraded', degraded.length);
  round.note('search p99 ms', quantile(taken, 0.99));
  const refused = searches.filter(({ status }) => status !== 200);
  if (refused.length > 0) round.fail(`${refused.length} searches were answered ${refused[0]!.status}`);
  if (degraded.length === 0) round.fail('no search was degraded, so nothing was tested');
  if (degraded.some(({ engine }) => engine !== 'postgres')) round.fail('a degraded search names no engine');
  const slowest = Math.max(...taken);
  if (slowest > searchMsMax) round.fail(`a search took ${Math.round(slowest)} ms`);
}

const world = (random: () => number): WorldOptions => ({
  journal: random() < 0.5 ? 'redis' : 'postgres',
  hasElasticsearch: true,
});

const node = ({ world: { elasticsearch } }: Round) => elasticsearch!;

/** Deletes every index of ours. */
async function deleteIndices(round: Round): Promise<void> {
  const { url } = node(round);
  const indices = (await (await fetch(`${url}/doorbuster-products-*`)).json()) as object;
  for (const name of Object.keys(indices)) {
    const { status } = await fetch(`${url}/${name}`, { method: 'DELETE' });
    if (status !== 200) throw new Error(`DELETE /${name}: ${status}`);
  }
}

const holds =
  'nothing that is bought notices; searches are answered by PostgreSQL and say so; it catches up by itself';

const faultOf = (name: string, how: string, harm: Harm): Fault => ({
  ...{ name, how, holds, world, row: '221', weight: 1, secondsMax: 180 },
  drop: longDrop(awaySeconds + 4),
  inject: (round) => harmed(round, name, harm),
});

export const searchFaults: readonly Fault[] = [
  faultOf('elasticsearch-killed', `kill -9 of Elasticsearch, started again after ${awaySeconds} s`, {
    begin: (round) => node(round).kill(),
    end: (round) => node(round).run(),
  }),
  faultOf('elasticsearch-stopped', `SIGSTOP of Elasticsearch for ${awaySeconds} s`, {
    begin: async (round) => node(round).pause(),
    end: async (round) => node(round).resume(),
  }),
  faultOf('elasticsearch-emptied', 'every index of ours deleted, and once more while it is made anew', {
    begin: deleteIndices,
    end: deleteIndices,
  }),
];
