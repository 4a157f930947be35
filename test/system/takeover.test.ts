/** Two servers on the same data: by mistake, on purpose, and after the first one's end. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Link } from '../faults/link.ts';
import { freeze } from '../faults/world.ts';
import { startTestRedis, testDatabase, whyNoRedis } from '../persistence/support.ts';
import {
  makeDataDir,
  messagesOf,
  postmasterOf,
  quietEnv,
  removeDataDir,
  runNode,
  type ServerProcess,
  startServer,
  waitFor,
} from './server.ts';
import { admin, call, expected, guest, shippingAddress } from './shop.ts';

let dataDir = '';
const servers: ServerProcess[] = [];
const closers: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  dataDir = await makeDataDir();
});
afterEach(async () => {
  for (const server of servers.splice(0))
    if (server.isRunning) {
      process.kill(server.pid, 'SIGCONT');
      await server.end('SIGKILL');
    }
  for (const close of closers.splice(0).toReversed()) await close();
  await removeDataDir(dataDir);
});

async function start(folder: string, env: Record<string, string> = {}): Promise<ServerProcess> {
  const server = await startServer(folder, env);
  servers.push(server);
  return server;
}

/** A start that is not expected to get far: its code, and its lines that are no log lines. */
async function failedStart(folder: string, env: Record<string, string>) {
  const child = runNode(['src/main.ts'], { ...quietEnv(folder), ...env });
  const startedAtMs = performance.now();
  const code = await child.exited;
  const said = child
    .err()
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('{'));
  return { code, said, tookMs: performance.now() - startedAtMs };
}

/** All partitions' epochs, shard for shard. */
async function epochs(server: ServerProcess): Promise<number[]> {
  const operator = await admin(server);
  const rows = await expected(server, 'GET /v1/ops/shards', 200, { who: operator });
  return rows.map(({ epoch }: { epoch: number }) => epoch);
}

/** A row in the database and an event in the journal. */
async function expectServing(server: ServerProcess): Promise<void> {
  const who = await guest(server);
  const headers = { 'idempotency-key': 'one' };
  expect((await call(server, 'POST /v1/me/addresses', { who, headers, body: shippingAddress })).status).toBe(
    201,
  );
  expect((await fetch(`${server.opsUrl}/readyz`)).status).toBe(200);
}

const another =
  /^doorbuster: cannot start: another server runs on this data \(process \d+ on .+\): .*TAKE_OVER=1/;

describe('a second start', () => {
  test('on the same data folder says so and ends; the first notices nothing and keeps its database', async () => {
    const first = await start(dataDir);
    const before = await epochs(first);
    const { code, said, tookMs } = await failedStart(dataDir, {});
    expect(code).toBe(1);
    expect(said).toEqual([expect.stringMatching(another)]);
    expect(tookMs).toBeLessThan(20_000);
    expect(await epochs(first)).toEqual(before);
    expect(messagesOf(first.log(), 40)).toEqual([]);
    await expectServing(first);
    expect(await first.end('SIGTERM')).toMatchObject({ code: 0 });
    expect(await postmasterOf(dataDir)).toBeNull();
  });

  test.each(['postgres', 'redis'])('on the same database, journal in %s, does the same', async (journal) => {
    if (journal === 'redis' && whyNoRedis()) return console.warn(`skipped: ${whyNoRedis()}`);
    const database = await testDatabase();
    closers.push(() => database.close());
    const env: Record<string, string> = { DATABASE_URL: database.url };
    if (journal === 'redis') {
      const redis = await startTestRedis();
      closers.push(() => redis.stop());
      env.REDIS_URL = redis.url;
    }
    const first = await start(dataDir, env);
    const before = await epochs(first);
    const other = await makeDataDir();
    closers.push(() => removeDataDir(other));
    // However wrong it is otherwise: what is checked first is only the order of the lines.
    for (const more of [{}, { SHARDS: '3' }, { SANDBOX_PORT: new URL(first.opsUrl).port }]) {
      const { code, said } = await failedStart(other, { ...env, ...more });
      expect(code).toBe(1);
      expect(said).toHaveLength(1);
    }
    expect(await epochs(first)).toEqual(before);
    expect(messagesOf(first.log(), 40)).toEqual([]);
    await expectServing(first);
  });

  test('with a Redis database that is not there raises no epoch, with TAKE_OVER=1 neither', async () => {
    const skipped = whyNoRedis();
    if (skipped) return console.warn(`skipped: ${skipped}`);
    const database = await testDatabase();
    const redis = await startTestRedis();
    closers.push(
      () => database.close(),
      () => redis.stop(),
    );
    const first = await start(dataDir, { DATABASE_URL: database.url, REDIS_URL: `${redis.url}/1` });
    const before = await epochs(first);
    const other = await makeDataDir();
    closers.push(() => removeDataDir(other));
    const { code, said } = await failedStart(other, {
      ...{ DATABASE_URL: database.url, REDIS_URL: `${redis.url}/16`, TAKE_OVER: '1' },
    });
    expect(code).toBe(1);
    expect(said).toEqual([expect.stringMatching(/database 16: ERR DB index is out of range/)]);
    expect(await epochs(first)).toEqual(before);
    await expectServing(first);
  });
});

describe('a start with the Redis of another database', () => {
  test('ends, whatever the epochs are, and the server that runs on that journal notices nothing', async () => {
    const skipped = whyNoRedis();
    if (skipped) return console.warn(`skipped: ${skipped}`);
    const [database, other] = [await testDatabase(), await testDatabase()];
    const redis = await startTestRedis();
    closers.push(
      () => database.close(),
      () => other.close(),
      () => redis.stop(),
    );
    const first = await start(dataDir, { DATABASE_URL: database.url, REDIS_URL: redis.url });
    const before = await epochs(first);
    // Ahead of the other one, as a database that was started more often is.
    await other.pool.query("update partitions set epoch = 1000, journal = 'redis'");
    const folder = await makeDataDir();
    closers.push(() => removeDataDir(folder));
    const { code, said } = await failedStart(folder, { DATABASE_URL: other.url, REDIS_URL: redis.url });
    expect(code).toBe(1);
    expect(said).toEqual([expect.stringMatching(/journal of another database than DATABASE_URL/)]);
    await expectServing(first);
    expect(await epochs(first)).toEqual(before);
    expect(messagesOf(first.log(), 40)).toEqual([]);
  });
});

describe('a takeover', () => {
  test('with TAKE_OVER=1 ends the first, which leaves the embedded database to the second', async () => {
    const first = await start(dataDir);
    const second = await start(dataDir, { TAKE_OVER: '1' });
    await waitFor(() => !first.isRunning);
    expect(first.log()).toContain('replaced: partition');
    await expectServing(second);
    expect(await second.end('SIGTERM')).toMatchObject({ code: 0 });
    expect(await postmasterOf(dataDir)).toBeNull();
  });

  test('needs no permission after kill -9, and comes soon', async () => {
    const first = await start(dataDir);
    await first.end('SIGKILL');
    const startedAtMs = performance.now();
    const second = await start(dataDir);
    expect(performance.now() - startedAtMs).toBeLessThan(20_000);
    expect(second.log()).toContain('still running: going on with it');
    await expectServing(second);
    expect(await second.end('SIGTERM')).toMatchObject({ code: 0 });
    expect(await postmasterOf(dataDir)).toBeNull();
  });

  test('needs no permission from an owner that is stopped: it ends when it wakes up', async () => {
    const first = await start(dataDir);
    const thaw = await freeze(first.pid);
    const second = await start(dataDir);
    await thaw();
    await waitFor(() => !first.isRunning, 20_000);
    expect(await first.end('SIGKILL')).toMatchObject({ code: 3 });
    await expectServing(second);
  });

  test('needs no permission from an owner whose network is cut off', async () => {
    const database = await testDatabase();
    closers.push(() => database.close());
    const link = await Link.open(Number(new URL(database.url).port));
    closers.push(() => link.close());
    const through = new URL(database.url);
    through.port = String(link.port);
    const first = await start(dataDir, { DATABASE_URL: through.href });
    link.hold('requests');
    const other = await makeDataDir();
    closers.push(() => removeDataDir(other));
    const second = await start(other, { DATABASE_URL: database.url });
    await expectServing(second);
    link.release();
    await waitFor(() => !first.isRunning, 30_000);
    expect(await first.end('SIGKILL')).toMatchObject({ code: 3 });
  });
});
