/**
 * S15: how many additions to carts a second does one gateway answer, and does the size of the catalogue matter?
 *
 * Arms: the same shop with 10 and with 10,000 products; journal in Redis. Load: wrk with 32 connections in a closed loop. Each
 * request adds one unit to another guest's cart, so that no cart is anybody's only one, and no line comes to its limit.
 */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '../test/persistence/support.ts';
import { waitFor } from '../test/system/server.ts';
import { expected, member } from '../test/system/shop.ts';
import { roundsOf, secondsOf } from './alternate.ts';
import { type Arm, startArm } from './baselines/arms.ts';
import { mintGuests } from './baselines/mint.ts';
import { repository } from './baselines/server.ts';
import { counted } from './baselines/shots.ts';
import { runWrk, whyNoWrk } from './baselines/wrk.ts';
import { type ArmRun, type Measurement, seriesOf } from './measure.ts';
import type { BenchOptions } from './run/options.ts';
import { medianOf, told } from './runs.ts';

const connections = 32;
const few = 10;
const many = 10_000;
/** Prime, so that each guest comes to each SKU. */
const guestCount = 20_011;
/** Few addresses and no limits: what one may ask for is not the question here. */
const unlimited = { RATE_ACCOUNT_PER_SECOND: '1000000', RATE_ACCOUNT_BURST: '1000000' };

const labelOf = (products: number) => `${products.toLocaleString('en-US')} products`;

export async function run(options: BenchOptions): Promise<Measurement> {
  const whyNot = whyNoWrk();
  if (whyNot !== null) throw new Error(whyNot);
  const seconds = secondsOf(options);
  const runs: ArmRun[] = [];
  const p99Ms = new Map<number, number[]>([few, many].map((products) => [products, []]));
  for (let round = 0; round < roundsOf(options); round++) {
    for (const products of [few, many]) {
      const added = await measure(products, seconds, options.env);
      runs.push({ arm: labelOf(products), ...added });
      p99Ms.get(products)!.push(added.p99Ms);
      process.stderr.write(`S15 round ${round + 1}: ${labelOf(products)}: ${told(added)}\n`);
    }
  }
  return measurement(runs, p99Ms, seconds);
}

async function measure(products: number, seconds: number, env: BenchOptions['env']) {
  const plan = { name: 'ours', journal: 'redis', checkout: repository } as const;
  const arm = await startArm({ ...plan, env: { ...unlimited, ...env } });
  const folder = await temporaryFolder();
  try {
    const skus = await list(arm, products);
    const guests = mintGuests(arm.tokenSecret, guestCount);
    const file = join(folder, 'additions');
    // Each SKU comes to each guest's turn: the longer of the two lists is gone through once.
    const lines = Array.from({ length: Math.max(guestCount, products) }, (_, n) => {
      return `${guests[n % guestCount]!.token} ${skus[n % products]!}\n`;
    });
    await writeFile(file, lines.join(''));
    const load = { url: arm.url, connections, script: 'add.lua', args: [file] };
    await runWrk({ ...load, seconds: 2 });
    return await counted(arm, connections, () => runWrk({ ...load, seconds }));
  } finally {
    await arm.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Puts so many products into the shop, by a file. */
async function list(arm: Arm, products: number): Promise<string[]> {
  const who = await member(arm, 'seller');
  const skus = Array.from({ length: products }, (_, n) => `CART-${n}`);
  const rows = skus.map((sku) => `${sku},Thing ${sku},Home,1999,USD,1000000`);
  const body = ['sku,title,category,price,currency,stock', ...rows, ''].join('\n');
  const headers = { authorization: `Bearer ${who.token}`, 'content-type': 'text/csv' };
  const answer = await fetch(`${arm.url}/v1/imports`, { method: 'POST', headers, body });
  const { importId } = (await answer.json()) as { importId: string };
  await waitFor(async () => {
    const { status } = await expected(arm, `GET /v1/imports/${importId}`, 200, { who });
    return status === 'done';
  }, 120_000);
  // The last one is known to the engine, too.
  await waitFor(async () => (await fetch(`${arm.url}/v1/inventory/${skus.at(-1)}`)).status === 200, 120_000);
  return skus;
}

function measurement(
  runs: readonly ArmRun[],
  p99Ms: ReadonlyMap<number, readonly number[]>,
  seconds: number,
): Measurement {
  const rate = (products: number) =>
    medianOf(runs, labelOf(products), connections, ({ perSecond }) => perSecond)!;
  const p99Of = (products: number) =>
    seriesOf(`${labelOf(products)}: p99 of an addition`, 'ms', p99Ms.get(products)!);
  return {
    name: 'S15',
    question: 'additions to carts: rate, and whether the catalogue’s size matters',
    load: `wrk, one thread, ${connections} connections, closed loop; ${seconds} s each; ${guestCount.toLocaleString('en-US')} guests; a fresh server for each`,
    doesNotMeasure: ['a network', 'carts of many lines', 'sockets that hear of each change'],
    ...{ series: [few, many].map(p99Of), runs, skipped: [] },
    ratios: [
      { name: 'additions a second', value: rate(many), wanted: '>= 10000' },
      {
        name: 'p99 at 10,000 products / at 10',
        value: p99Of(many).median / p99Of(few).median,
        wanted: '< 1.5',
      },
      { name: 'rate at 10,000 products / at 10', value: rate(many) / rate(few), wanted: '>= 0.8' },
    ],
  };
}
