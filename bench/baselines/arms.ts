/**
 * The arms of the comparisons of a durable reserve: ours, another checkout of ours, one Redis script a request, one UPDATE
 * a request, and an echo that stores nothing. Each is started fresh, with stores of its own, and nothing of it runs while
 * another arm is measured.
 */
import { fork } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { openPool } from '../../src/persistence/postgres.ts';
import { startTestPostgres, startTestRedis, type TestRedis } from '../../test/persistence/support.ts';
import { waitFor } from '../../test/system/server.ts';
import { expected, member, type Person, price, productBody, saleBody } from '../../test/system/shop.ts';
import type { Watched } from '../cpu/schedstat.ts';
import { forEach } from '../crowd/audit.ts';
import { onBenchEnd } from './children.ts';
import { stockKey } from './lua.ts';
import { createStock } from './postgres.ts';
import { type OurServer, startOurs, threadNames } from './server.ts';

export type ArmName = 'ours' | 'before' | 'lua' | 'postgres' | 'echo';

export interface ArmPlan {
  readonly name: ArmName;
  /** The journal of ours. */
  readonly journal: 'redis' | 'postgres';
  readonly checkout: string;
  readonly env: Readonly<Record<string, string>>;
}

/** One drop of one SKU. */
export interface Stock {
  readonly saleId: string;
  readonly sku: string;
}

export interface Arm {
  readonly url: string;
  readonly tokenSecret: string;
  watched(): Promise<readonly Watched[]>;
  /** So many new SKUs to reserve. */
  stock(skus: number): Promise<Stock[]>;
  /** Units taken of all of them so far; null: it keeps no account. */
  taken(stocks: readonly Stock[]): Promise<number | null>;
  /** What it logged as a warning or worse. */
  complaints(): string[];
  /** XADDs so far; null: another store, or another way. */
  commits(): Promise<number | null>;
  stop(): Promise<void>;
}

/** A sale has so many of one SKU at most. */
const unitsMax = 1_000_000;
/** Of each SKU: those who want one of many come a hundred times each. */
const unitsOf = (skus: number) => Math.max(1_000, unitsMax / skus);
/** A buyer may hold so many at most, so that the limit is judged and does not bite. */
const holdsPerBuyer = 100;
/** A sale sells so many SKUs at most. */
const skusPerSale = 50;
const salesPerSeller = 32;
const salesAtOnce = 16;
const triesMax = 10;

export function startArm(plan: ArmPlan): Promise<Arm> {
  if (plan.name === 'ours' || plan.name === 'before') return ours(plan);
  return { lua, postgres, echo }[plan.name]();
}

async function ours({ journal, checkout, env }: ArmPlan): Promise<Arm> {
  const tokenSecret = randomBytes(24).toString('hex');
  const redis = journal === 'redis' ? await ownRedis() : null;
  const server = await startOurs({ checkout, tokenSecret, redisUrl: redis?.url ?? null, env });
  const client = redis && new Redis(redis.url);
  return {
    url: server.url,
    tokenSecret,
    watched: async () => [...(await server.watched()), ...(redis ? [redisOf(redis)] : [])],
    async stock(skus) {
      const codes = newCodes(skus);
      const portions = Array.from({ length: Math.ceil(skus / skusPerSale) }, (_, n) =>
        codes.slice(n * skusPerSale, (n + 1) * skusPerSale),
      );
      const stocks: Stock[][] = [];
      const sellers: Promise<Person>[] = [];
      await forEach(salesAtOnce, portions, async (portion, index) => {
        // What one account may do in a second is bounded: a seller has few sales.
        if (index % salesPerSeller === 0) sellers[index / salesPerSeller] = member(server, 'seller');
        const seller = await sellers[Math.floor(index / salesPerSeller)]!;
        stocks[index] = await openSale(server, seller, portion, unitsOf(skus));
      });
      return stocks.flat();
    },
    async taken(stocks) {
      let taken = 0;
      await forEach(salesAtOnce, stocks, async ({ sku }) => {
        const { held } = await expected(server, `GET /v1/inventory/${sku}`, 200);
        taken += held;
      });
      return taken;
    },
    complaints: server.complaints,
    commits: async () => (client ? callsOf(await client.info('commandstats'), 'xadd') : null),
    async stop() {
      client?.disconnect();
      await server.stop();
      await redis?.stop();
    },
  };
}

async function lua(): Promise<Arm> {
  const redis = await ownRedis();
  const client = new Redis(redis.url);
  const gateway = await startBaseline('lua', { REDIS_URL: redis.url });
  return {
    ...gateway,
    watched: async () => [gateway.process, redisOf(redis)],
    async stock(skus) {
      const stocks = newStocks(skus);
      await client.mset(stocks.flatMap(({ sku }) => [stockKey(sku), unitsOf(skus)]));
      return stocks;
    },
    async taken(stocks) {
      const left = await client.mget(stocks.map(({ sku }) => stockKey(sku)));
      return left.reduce((taken, units) => taken - Number(units), unitsOf(stocks.length) * stocks.length);
    },
    complaints: () => [],
    commits: async () => null,
    async stop() {
      client.disconnect();
      await gateway.end();
      await redis.stop();
    },
  };
}

async function postgres(): Promise<Arm> {
  const server = await startTestPostgres();
  const forget = onBenchEnd(() => process.kill(server.server.pid, 'SIGQUIT'));
  const pool = openPool(server.url, { max: 1, name: 'bench-books' });
  await pool.query(createStock);
  const gateway = await startBaseline('postgres', { DATABASE_URL: server.url });
  return {
    ...gateway,
    watched: async () => [gateway.process, { label: 'postgres', pid: server.server.pid, isTree: true }],
    async stock(skus) {
      const stocks = newStocks(skus);
      const codes = stocks.map(({ sku }) => sku);
      await pool.query('insert into bench_stock select unnest($1::text[]), $2', [codes, unitsOf(skus)]);
      return stocks;
    },
    async taken(stocks) {
      const codes = stocks.map(({ sku }) => sku);
      const sum = 'select sum(units)::int as left from bench_stock where sku = any($1)';
      const { rows } = await pool.query(sum, [codes]);
      return unitsOf(stocks.length) * stocks.length - rows[0].left;
    },
    complaints: () => [],
    commits: async () => null,
    async stop() {
      await gateway.end();
      await pool.end();
      await server.stop();
      forget();
    },
  };
}

async function echo(): Promise<Arm> {
  const gateway = await startBaseline('echo', {});
  return {
    ...gateway,
    watched: async () => [gateway.process],
    stock: async (skus) => newStocks(skus),
    taken: async () => null,
    complaints: () => [],
    commits: async () => null,
    stop: gateway.end,
  };
}

export async function ownRedis(): Promise<TestRedis> {
  const redis = await startTestRedis();
  const forget = onBenchEnd(() => process.kill(redis.pid, 'SIGKILL'));
  return {
    ...redis,
    get pid() {
      return redis.pid;
    },
    async stop() {
      forget();
      await redis.stop();
    },
  };
}

export const redisOf = ({ pid }: TestRedis): Watched => ({ label: 'redis', pid });

function newCodes(count: number): string[] {
  const run = randomUUID().slice(0, 8);
  return Array.from({ length: count }, (_, n) => `BENCH-${run}-${n}`);
}

/** A baseline knows no sales: one name for all. */
function newStocks(count: number): Stock[] {
  const saleId = `sal_${randomUUID()}`;
  return newCodes(count).map((sku) => ({ saleId, sku }));
}

async function openSale(
  server: OurServer,
  who: Person,
  skus: readonly string[],
  units: number,
): Promise<Stock[]> {
  const made = (target: string, body: object) =>
    patiently(() => expected(server, target, 201, { who, body }));
  await made('POST /v1/products', productBody(skus, units));
  const items = skus.map((sku) => ({ sku, quantity: units, price, purchaseLimit: holdsPerBuyer }));
  const body = { ...saleBody(skus[0]!, units), items, holdSeconds: 3_600 };
  const { saleId } = await made('POST /v1/sales', body);
  return skus.map((sku) => ({ saleId, sku }));
}

/** Again as soon as the account may: what is repeated while the journal is slow counts as asked. */
async function patiently<Result>(ask: () => Promise<Result>): Promise<Result> {
  for (let tries = 1; ; tries++) {
    try {
      return await ask();
    } catch (error) {
      if (tries === triesMax || !String(error).includes('rate_limited')) throw error;
      await wait(2_000);
    }
  }
}

export async function startBaseline(name: string, env: Record<string, string>) {
  const tokenSecret = randomBytes(24).toString('hex');
  const file = fileURLToPath(new URL('./main.ts', import.meta.url));
  const child = fork(file, [name], {
    env: { PATH: process.env.PATH, TOKEN_SECRET: tokenSecret, ...env },
    execArgv: [],
  });
  const forget = onBenchEnd(() => void child.kill('SIGKILL'));
  let port: number | null = null;
  child.once('message', (message: { port: number }) => {
    port = message.port;
  });
  await waitFor(() => {
    if (child.exitCode !== null) throw new Error(`the baseline ${name} ended with ${child.exitCode}`);
    return port;
  });
  const pid = child.pid!;
  return {
    url: `http://127.0.0.1:${port}`,
    tokenSecret,
    process: { label: 'gateway', pid, nameOf: threadNames(`${pid} ${pid} gateway-0`, pid) } satisfies Watched,
    async end() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      if (child.kill('SIGTERM')) await ended;
      forget();
    },
  };
}

/** How often Redis was asked that, from `INFO commandstats`. */
export function callsOf(info: string, command: string): number {
  return Number(new RegExp(`^cmdstat_${command}:calls=(\\d+)`, 'm').exec(info)?.[1] ?? 0);
}
