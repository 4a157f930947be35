/** Case 05: the journal is written to the database that was asked for, as the user that was asked for, or nowhere. */
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { acknowledgeDataLoss } from '../../../src/persistence/data-loss.ts';
import { openPositions } from '../../../src/persistence/journal/positions.ts';
import { openRedisJournal } from '../../../src/persistence/journal/redis.ts';
import type { Frame } from '../../../src/protocol/journal.ts';
import { Link } from '../../faults/link.ts';
import {
  startTestRedis,
  type TestDatabase,
  type TestRedis,
  testDatabase,
  until,
  whyNoRedis,
} from '../support.ts';

const skipped = whyNoRedis();
if (skipped) console.warn(`skipping the connection to Redis: ${skipped}`);

const frame = (partition: number, epoch: number, seq: number): Frame => ({
  ...{ partition, epoch, seq },
  bytes: new TextEncoder().encode(`${epoch}/${seq}`),
});

describe.skipIf(skipped !== null)('case 05: the connection to Redis', () => {
  let database: TestDatabase;
  let news: string[] = [];
  const log = (level: string, message: string) => void news.push(`${level}: ${message}`);
  const closers: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    database = await testDatabase();
  });
  afterAll(() => database.close());
  beforeEach(async () => {
    news = [];
    await database.pool.query('update partitions set epoch = 0, journal = null, journal_seq = 0');
  });
  afterEach(async () => {
    for (const close of closers.splice(0).toReversed()) await close();
  });

  async function redis(settings: Record<string, string> = {}): Promise<TestRedis> {
    const server = await startTestRedis(settings);
    closers.push(() => server.stop());
    return server;
  }

  /** How many keys there are in each database that has one, seen with this password. */
  async function keyspace(server: TestRedis, password?: string): Promise<string> {
    const admin = new Redis(server.url, { ...(password ? { password } : {}) });
    const info = await admin.info('keyspace');
    admin.disconnect();
    return info.replace('# Keyspace', '').trim();
  }

  const acknowledgement = { partition: 1, tailSeq: 0, resumeSeq: 2, fault: 'test', reason: 'test' };

  /** Everything in src that opens a connection to Redis. */
  const openers: [name: string, open: (url: string) => Promise<unknown>][] = [
    ['the journal', (url) => openRedisJournal(url, database.pool, log)],
    ['a look at the positions', (url) => openPositions(database.pool, url, log)],
    ['an acknowledged loss', (url) => acknowledgeDataLoss(database.pool, url, acknowledgement, [], log)],
  ];

  describe.each(openers)('%s', (_, open) => {
    it('is refused with a database that is not there, and with what Redis said', async () => {
      const server = await redis();
      const startedAtMs = performance.now();
      await expect(open(`${server.url}/16`)).rejects.toThrow(/database 16: ERR DB index is out of range/);
      expect(performance.now() - startedAtMs).toBeLessThan(3_000);
      expect(await keyspace(server)).toBe('');
    });

    it.each([
      ['a wrong password', ':guess@', /refuses the credentials: WRONGPASS/],
      ['a user that is not there', 'somebody:secret@', /refuses the credentials: WRONGPASS/],
      ['no password', '', /wants credentials: NOAUTH/],
    ])('is refused with %s', async (_name, credentials, says) => {
      const server = await redis({ requirepass: 'secret' });
      for (const path of ['', '/3'])
        await expect(open(`redis://${credentials}127.0.0.1:${server.port}${path}`)).rejects.toThrow(says);
      expect(await keyspace(server, 'secret')).toBe('');
    });

    it('is refused with a password where Redis has none: that is not the Redis that was asked for', async () => {
      const server = await redis();
      await expect(open(`redis://:secret@127.0.0.1:${server.port}`)).rejects.toThrow(
        /refuses the credentials: ERR AUTH/,
      );
      expect(await keyspace(server)).toBe('');
    });
  });

  it('goes to the database and the user that were asked for', async () => {
    const server = await redis({ requirepass: 'secret' });
    const journal = await openRedisJournal(
      `redis://default:secret@127.0.0.1:${server.port}/15`,
      database.pool,
      log,
    );
    closers.push(() => journal.close());
    const [claim] = await journal.claim([1]);
    expect(await journal.append([frame(1, claim!.epoch, 1)])).toEqual(['ok']);
    expect(await keyspace(server, 'secret')).toMatch(/^db15:keys=1,/);
  });

  it.each<[name: string, settings: Record<string, string>, says: string]>([
    ['has fewer databases', { databases: '4' }, 'error: Redis at .* refuses database 5: ERR DB index'],
    [
      'wants another password',
      { requirepass: 'other' },
      'error: Redis at .* refuses the credentials: WRONGPASS',
    ],
    ['wants no password', { requirepass: '' }, 'error: Redis at .* refuses the credentials: ERR AUTH'],
  ])('writes nothing when the Redis behind the address %s after a reconnect', async (_, settings, says) => {
    const first = await redis({ requirepass: 'secret' });
    const other = await redis({ requirepass: 'secret', ...settings });
    const link = await Link.open(first.port);
    closers.push(() => link.close());
    const journal = await openRedisJournal(`redis://:secret@127.0.0.1:${link.port}/5`, database.pool, log);
    closers.push(() => journal.close());
    const [claim] = await journal.claim([1, 2]);
    const { epoch } = claim!;
    expect(await journal.append([frame(1, epoch, 1)])).toEqual(['ok']);

    link.retarget(other.port);
    link.cut();
    // Writer, reader, lease and claim: each connection, and for as long as that Redis is there.
    expect(await journal.append([frame(1, epoch, 2), frame(2, epoch, 1)])).toEqual(['unknown', 'unknown']);
    await expect(journal.read(1, 0, 10)).rejects.toThrow(/Redis/);
    await expect(journal.readMany([{ partition: 1, afterSeq: 0 }], 10)).rejects.toThrow(/Redis/);
    await expect(journal.newest([1])).rejects.toThrow(/Redis/);
    await expect(journal.claim([3])).rejects.toThrow(/Redis/);
    await expect(journal.trim(1, 1)).rejects.toThrow(/Redis/);
    await expect(journal.restore([frame(1, epoch, 1)])).rejects.toThrow(/Redis/);
    expect(await keyspace(other, settings.requirepass ?? 'secret')).toBe('');
    expect(news.join('\n')).toMatch(new RegExp(says));
    // Said once a connection, not once a try.
    expect(news.filter((line) => line.startsWith('error: Redis at'))).toHaveLength(2);

    link.retarget(first.port);
    link.cut();
    const outcome = await until(async () => {
      const [again] = await journal.append([frame(1, epoch, 2)]);
      return again === 'unknown' ? null : again;
    });
    expect(outcome).toBe('ok');
    expect((await until(() => journal.read(1, 0, 10).catch(() => null))).map(({ seq }) => seq)).toEqual([
      1, 2,
    ]);
    expect(await keyspace(first, 'secret')).toMatch(/^db5:keys=\d,\S*$/);
  });
});
