/** A whole server with a standby of its database: what is read there, who sees what, and what operators are told. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { testDatabase } from '../persistence/support.ts';
import { type Standby, startStandby } from '../support/standby.ts';
import { readMetrics } from './metrics.ts';
import { makeDataDir, removeDataDir, type ServerProcess, startServer, waitFor } from './server.ts';
import { admin, call, expected, member, type Person } from './shop.ts';

let database: Awaited<ReturnType<typeof testDatabase>>;
let standby: Standby;
let dataDir: string;
let server: ServerProcess;
let seller: Person;
let boss: Person;

beforeAll(async () => {
  database = await testDatabase();
  standby = await startStandby(database.url);
  dataDir = await makeDataDir();
  const env = { DATABASE_URL: database.url, DATABASE_REPLICA_URL: standby.url, GATEWAYS: '2' };
  server = await startServer(dataDir, env);
  seller = await member(server, 'seller');
  boss = await admin(server);
}, 90_000);
afterAll(async () => {
  const errors = server.errors();
  await server.end('SIGTERM');
  await standby.stop();
  await database.close();
  await removeDataDir(dataDir);
  expect(errors).toEqual([]);
});

async function replicaCheck(): Promise<string> {
  const response = await fetch(`${server.opsUrl}/readyz`);
  expect(response.status).toBe(200);
  const { checks } = (await response.json()) as { checks: { replica: { status: string; detail: string } } };
  expect(checks.replica.status).toBe('ok');
  return checks.replica.detail;
}

const readsFrom = async (from: string) =>
  (await readMetrics(server.opsUrl)).value('doorbuster_replica_reads_total', { from });
const titles = ({ items }: { items: { title: string }[] }) => items.map(({ title }) => title);
const list = async (who?: Person) =>
  titles(await expected(server, 'GET /v1/products?limit=100', 200, who && { who }));

async function sell(title: string): Promise<void> {
  const variants = [
    { sku: `R-${title.replace(' ', '-')}`, price: { amount: 1_000, currency: 'USD' }, stock: 5 },
  ];
  await expected(server, 'POST /v1/products', 201, {
    who: seller,
    body: { title, category: 'Home', variants },
  });
}

const publicReads = [
  '/v1/products?sort=price_asc',
  '/v1/categories',
  '/v1/categories/home',
  '/v1/search?q=lamp',
  '/v1/suggest?q=la',
  '/sitemaps/categories.xml',
];

test('public lists, categories, search, suggestions and site maps come from the standby', async () => {
  expect(server.banner).toMatch(/Replica +127\.0\.0\.1:\d+, in use/);
  await sell('Lamp');
  for (const path of publicReads) {
    const before = await readsFrom('replica');
    await waitFor(async () => {
      // Administrators are given no kept pages.
      expect((await call(server, `GET ${path}`, { who: boss })).status).toBe(200);
      return (await readsFrom('replica')) > before;
    });
  }
  expect(await readsFrom('failed')).toBe(0);
});

test('a seller sees what he has just listed, however late the standby is, and everybody soon', async () => {
  await waitFor(async () => (await replicaCheck()).endsWith('in use'));
  await standby.run('SELECT pg_wal_replay_pause()');
  for (let n = 0; n < 8; n++) {
    await sell(`Late ${n}`);
    // Connections are spread over both gateway threads.
    expect(await list(seller)).toContain(`Late ${n}`);
  }
  await waitFor(async () => (await list()).includes('Late 7'), 5_000);
  expect(await waitFor(async () => (await replicaCheck()).startsWith('left out') && replicaCheck())).toMatch(
    /^left out: it is \d+\.\d s behind$/,
  );
  expect((await readMetrics(server.opsUrl)).value('doorbuster_replica_lag_seconds')).toBeGreaterThan(1);
  await standby.run('SELECT pg_wal_replay_resume()');
  await waitFor(async () => (await replicaCheck()).endsWith('in use'));
});

test('one that ends takes nothing with it', async () => {
  await standby.kill();
  for (const path of publicReads) expect((await call(server, `GET ${path}`)).status).toBe(200);
  await sell('After');
  expect(await list()).toContain('After');
  expect(await waitFor(async () => (await replicaCheck()).startsWith('left out') && replicaCheck())).toMatch(
    /ECONNREFUSED|terminat/,
  );
});
