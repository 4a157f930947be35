/**
 * The arms of the comparisons of a durable reserve: ours, another checkout of ours, one Redis script a request, one UPDATE
 * a request, and an echo that stores nothing. Each is started fresh, with stores of its own, and nothing of it runs while
 * another arm is measured.
 */
import { fork } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import pg from 'pg';
import { startTestPostgres, startTestRedis, type TestRedis } from '../../test/persistence/support.ts';
import { waitFor } from '../../test/system/server.ts';
import { expected, member, openDrop, type Person, price } from '../../test/system/shop.ts';
import type { Watched } from '../cpu/schedstat.ts';
import { onBenchEnd } from './children.ts';
import { stockKey } from './lua.ts';
import { createStock } from './postgres.ts';
import { startOurs, threadNames } from './server.ts';

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
  watched(): Promise<Watched[]>;
  /** Something new to reserve, `unitsOfStock` of it. */
  stock(): Promise<Stock>;
  /** Units taken so far; null: it keeps no account. */
  taken(stock: Stock): Promise<number | null>;
  /** XADDs so far; null: another store, or another way. */
  commits(): Promise<number | null>;
  stop(): Promise<void>;
}

/** A sale has so many of one SKU at most. */
export const unitsOfStock = 1_000_000;
/** A buyer may hold so many at most, so that the limit is judged and does not bite. */
export const holdsPerBuyer = 100;

export function startArm(plan: ArmPlan): Promise<Arm> {
  if (plan.name === 'ours' || plan.name === 'before') return ours(plan);
  return { lua, postgres, echo }[plan.name]();
}

async function ours({ journal, checkout, env }: ArmPlan): Promise<Arm> {
  const tokenSecret = randomBytes(24).toString('hex');
  const redis = journal === 'redis' ? await ownRedis() : null;
  const server = await startOurs({ checkout, tokenSecret, redisUrl: redis?.url ?? null, env });
  const client = redis && new Redis(redis.url);
  let seller: Person | null = null;
  return {
    url: server.url,
    tokenSecret,
    watched: async () => [...(await server.watched()), ...(redis ? [redisOf(redis)] : [])],
    async stock() {
      seller ??= await member(server, 'seller');
      const sku = `BENCH-${randomUUID().slice(0, 8)}`;
      const items = [{ sku, quantity: unitsOfStock, price, purchaseLimit: holdsPerBuyer }];
      const { saleId } = await openDrop(server, unitsOfStock, {
        seller,
        sku,
        sale: { items, holdSeconds: 3_600 },
      });
      return { saleId, sku };
    },
    async taken({ sku }) {
      const { held } = await expected(server, `GET /v1/inventory/${sku}`, 200);
      return held;
    },
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
    async stock() {
      const stock = newStock();
      await client.set(stockKey(stock.sku), unitsOfStock);
      return stock;
    },
    taken: async ({ sku }) => unitsOfStock - Number(await client.get(stockKey(sku))),
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
  const pool = new pg.Pool({ connectionString: server.url, max: 1 });
  await pool.query(createStock);
  const gateway = await startBaseline('postgres', { DATABASE_URL: server.url });
  return {
    ...gateway,
    watched: async () => [gateway.process, { label: 'postgres', pid: server.server.pid, isTree: true }],
    async stock() {
      const stock = newStock();
      await pool.query('insert into bench_stock values ($1, $2)', [stock.sku, unitsOfStock]);
      return stock;
    },
    async taken({ sku }) {
      const { rows } = await pool.query('select units from bench_stock where sku = $1', [sku]);
      return unitsOfStock - rows[0].units;
    },
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
    stock: async () => newStock(),
    taken: async () => null,
    commits: async () => null,
    stop: gateway.end,
  };
}

async function ownRedis(): Promise<TestRedis> {
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

const redisOf = ({ pid }: TestRedis): Watched => ({ label: 'redis', pid });

const newStock = (): Stock => ({ saleId: `sal_${randomUUID()}`, sku: `BENCH-${randomUUID().slice(0, 8)}` });

async function startBaseline(name: string, env: Record<string, string>) {
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
