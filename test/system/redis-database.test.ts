/** Case 05, as an operator meets it: the journal is in the database that was asked for, or nowhere. */
import { Redis } from 'ioredis';
import { afterEach, describe, expect, it } from 'vitest';
import { Link } from '../faults/link.ts';
import { startTestRedis, type TestRedis, testDatabase, whyNoRedis } from '../persistence/support.ts';
import { makeDataDir, quietEnv, removeDataDir, runNode, startServer, waitFor } from './server.ts';
import { call, guest, shippingAddress } from './shop.ts';

const skipped = whyNoRedis();
if (skipped) console.warn(`skipping the journal's database in Redis: ${skipped}`);

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function redis(settings: Record<string, string> = {}): Promise<TestRedis> {
  const server = await startTestRedis(settings);
  closers.push(() => server.stop());
  return server;
}

async function folder(): Promise<string> {
  const dataDir = await makeDataDir();
  closers.push(() => removeDataDir(dataDir));
  return dataDir;
}

/** Names of the databases that have a key. */
async function used(server: TestRedis): Promise<string[]> {
  const admin = new Redis(server.url);
  const info = await admin.info('keyspace');
  admin.disconnect();
  return [...info.matchAll(/^(db\d+):/gm)].map(([, name]) => name!);
}

describe.skipIf(skipped !== null)('case 05: the database in REDIS_URL', () => {
  it.each([
    ['start', ['src/main.ts'], 1],
    ['audit', ['src/cli/audit.ts'], 3],
    ['recover', ['src/cli/recover.ts', '--list'], 3],
  ] as const)(
    'is not there: %s ends with one line that names it and what Redis said',
    async (_, args, code) => {
      const database = await testDatabase();
      closers.push(() => database.close());
      const server = await redis();
      const child = runNode(args, {
        ...quietEnv(await folder()),
        ...{ DATABASE_URL: database.url, REDIS_URL: `${server.url}/16` },
      });
      expect(await child.exited).toBe(code);
      const said = child
        .err()
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith('{'));
      expect(said).toEqual([expect.stringMatching(/database 16: ERR DB index is out of range$/)]);
      expect(await used(server)).toEqual([]);
      const { rows } = await database.pool.query(
        'select max(epoch) as epoch, max(journal) as journal from partitions',
      );
      expect(rows).toEqual([{ epoch: 0, journal: null }]);
      // Put right, nothing is halted.
      if (args[0] !== 'src/main.ts') return;
      const right = await startServer(await folder(), {
        DATABASE_URL: database.url,
        REDIS_URL: `${server.url}/15`,
      });
      closers.push(() => right.end('SIGTERM'));
      expect((await fetch(`${right.opsUrl}/readyz`)).status).toBe(200);
      expect(await used(server)).toEqual(['db15']);
    },
  );

  it('goes missing under a running server: it refuses and writes nowhere until the right Redis is back', async () => {
    const database = await testDatabase();
    closers.push(() => database.close());
    const right = await redis();
    const wrong = await redis({ databases: '4' });
    const link = await Link.open(right.port);
    closers.push(() => link.close());
    const server = await startServer(await folder(), {
      ...{ DATABASE_URL: database.url, REDIS_URL: `redis://127.0.0.1:${link.port}/5`, GATEWAYS: '1' },
    });
    closers.push(() => server.end('SIGTERM'));
    const save = async (key: string) => {
      const headers = { 'idempotency-key': key };
      return (
        await call(server, 'POST /v1/me/addresses', {
          who: await guest(server),
          headers,
          body: shippingAddress,
        })
      ).status;
    };
    expect(await save('before')).toBe(201);

    link.retarget(wrong.port);
    link.cut();
    await waitFor(async () => (await fetch(`${server.opsUrl}/readyz`)).status === 503);
    expect(await save('meanwhile')).toBe(503);
    await waitFor(() => /refuses database 5: ERR DB index is out of range/.test(server.log()));
    expect(await used(wrong)).toEqual([]);

    link.retarget(right.port);
    link.cut();
    await waitFor(async () => (await save(`after-${performance.now()}`)) === 201, 30_000);
    await waitFor(async () => (await fetch(`${server.opsUrl}/readyz`)).status === 200);
    expect(await used(wrong)).toEqual([]);
    expect(await used(right)).toEqual(['db5']);
    expect(server.isRunning).toBe(true);
  });
});
