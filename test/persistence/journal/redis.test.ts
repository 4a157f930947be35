/** What only Redis can do to a journal: vanish, forget, fill up, hang, answer nobody. */
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openPostgresJournal } from '../../../src/persistence/journal/postgres.ts';
import { openRedisJournal } from '../../../src/persistence/journal/redis.ts';
import { readDurability } from '../../../src/persistence/journal/redis-durability.ts';
import { askPatiently, openRedisLink } from '../../../src/persistence/journal/redis-link.ts';
import { createSnapshotStore } from '../../../src/persistence/snapshots.ts';
import type { Frame, Journal } from '../../../src/protocol/journal.ts';
import { startLossyProxy } from '../proxy.ts';
import {
  startTestRedis,
  type TestDatabase,
  type TestRedis,
  testDatabase,
  until,
  whyNoRedis,
} from '../support.ts';

const skipped = whyNoRedis();
if (skipped) console.warn(`skipping the journal in Redis: ${skipped}`);

const bytesOf = (text: string) => new TextEncoder().encode(text);
const frame = (partition: number, epoch: number, seq: number): Frame => ({
  partition,
  epoch,
  seq,
  bytes: bytesOf(`${epoch}/${seq}`),
});

describe.skipIf(skipped !== null)('the journal in Redis under faults', () => {
  let database: TestDatabase;
  let redis: TestRedis;
  let journal: Journal;
  let admin: Redis;
  let news: string[] = [];
  const log = (level: string, message: string) => void news.push(`${level}: ${message}`);
  const closers: (() => Promise<unknown>)[] = [];

  async function use(settings: Record<string, string> = {}) {
    redis = await startTestRedis(settings);
    journal = await openRedisJournal(redis.url, database.pool, log);
    admin = new Redis(redis.url, { retryStrategy: () => 20 });
    admin.on('error', () => {});
    closers.push(
      () => redis.stop(),
      () => journal.close(),
      async () => admin.disconnect(),
    );
  }
  async function claim(partition: number, from = journal) {
    return (await from.claim([partition]))[0]!;
  }

  beforeAll(async () => {
    database = await testDatabase();
  });
  afterAll(() => database.close());
  beforeEach(async () => {
    news = [];
    await database.pool.query(
      'update partitions set epoch = 0, journal = null, journal_seq = 0, trimmed_seq = null',
    );
    await database.pool.query('truncate checkpoints, projection_checkpoints, journal_frames');
  });
  afterEach(async () => {
    for (const close of closers.splice(0).toReversed()) await close();
  });

  it('goes on after an orderly restart and after a crash of Redis', async () => {
    await use();
    const { epoch } = await claim(1);
    expect(await journal.append([frame(1, epoch, 1)])).toEqual(['ok']);
    for (const [signal, seq] of [
      ['SIGTERM', 2],
      ['SIGKILL', 3],
    ] as const) {
      await redis.halt(signal);
      const during = journal.append([frame(1, epoch, seq)]);
      await redis.resume();
      expect(await during).toEqual(['ok']);
    }
    expect((await journal.read(1, 0, 10)).map((f) => f.seq)).toEqual([1, 2, 3]);
    expect(news.join()).toMatch(/is back/);
  });

  it('says unknown when Redis stays away, and wants a claim before it goes on', async () => {
    await use();
    const { epoch } = await claim(1);
    await redis.halt('SIGTERM');
    const startedAtMs = performance.now();
    expect(await journal.append([frame(1, epoch, 1)])).toEqual(['unknown']);
    expect(performance.now() - startedAtMs).toBeLessThan(4_000);
    await expect(claim(1)).rejects.toMatchObject({ code: 'busy' });
    await redis.resume();
    await until(() =>
      journal.read(1, 0, 1).then(
        () => true,
        () => false,
      ),
    );
    expect(await journal.append([frame(1, epoch, 2)])).toEqual(['unknown']);
    const again = await until(() => claim(1).catch(() => null));
    expect(again.tailSeq).toBe(0);
    expect(await journal.append([frame(1, again.epoch, 1)])).toEqual(['ok']);
  });

  it('after unknown takes the very same frame again, whether or not it is there already', async () => {
    await use();
    const { epoch } = await claim(1);
    for (const [seq, stop, go] of [
      [1, () => redis.halt('SIGTERM'), () => redis.resume()],
      [2, () => process.kill(redis.pid, 'SIGSTOP'), () => process.kill(redis.pid, 'SIGCONT')],
    ] as const) {
      await stop();
      expect(await journal.append([frame(1, epoch, seq)])).toEqual(['unknown']);
      await go();
      const outcome = await until(async () => {
        const [again] = await journal.append([frame(1, epoch, seq)]);
        return again === 'unknown' ? null : again;
      });
      expect(outcome).toBe('ok');
    }
    expect(await journal.append([frame(1, epoch, 3)])).toEqual(['ok']);
    expect((await journal.read(1, 0, 10)).map((f) => f.seq)).toEqual([1, 2, 3]);
  });

  it('says unknown when Redis hangs; what lands later is counted by the next claim', async () => {
    await use();
    const { epoch } = await claim(1);
    process.kill(redis.pid, 'SIGSTOP');
    const outcome = await journal.append([frame(1, epoch, 1)]);
    process.kill(redis.pid, 'SIGCONT');
    expect(outcome).toEqual(['unknown']);
    const again = await until(() => claim(1).catch(() => null));
    expect(again.tailSeq).toBe((await journal.read(1, 0, 10)).length);
    expect(await journal.append([frame(1, again.epoch, again.tailSeq + 1)])).toEqual(['ok']);
  });

  it('is opened and claimed although Redis hangs for longer than it may take to answer', async () => {
    await use();
    const { epoch } = await claim(1);
    expect(await journal.append([frame(1, epoch, 1)])).toEqual(['ok']);
    const awake = (ms: number) => setTimeout(() => process.kill(redis.pid, 'SIGCONT'), ms);
    process.kill(redis.pid, 'SIGSTOP');
    awake(1_500);
    const again = await claim(1);
    expect(again).toMatchObject({ epoch: epoch + 1, tailSeq: 1 });
    expect(again.fault).toBeUndefined();
    expect(await journal.append([frame(1, again.epoch, 2)])).toEqual(['ok']);
    const slow = await openRedisLink(redis.url, 'test-slow', 100, log);
    closers.push(() => slow.close());
    process.kill(redis.pid, 'SIGSTOP');
    awake(500);
    // What it does not answer in time is not what it refuses to tell.
    expect(await askPatiently(() => readDurability(slow))).toMatchObject({ isDurable: true });
  });

  it('finds its own frame again when only the answer was lost', async () => {
    await use();
    const proxy = await startLossyProxy(redis.port);
    const through = await openRedisJournal(`redis://127.0.0.1:${proxy.port}`, database.pool, log);
    closers.push(proxy.close, () => through.close());
    const { epoch } = await claim(1, through);
    for (let seq = 1; seq <= 5; seq++) {
      proxy.loseNextReply();
      expect(await through.append([frame(1, epoch, seq)])).toEqual(['ok']);
      expect(proxy.cuts).toBe(seq);
    }
    expect(await through.append([frame(1, epoch, 5)])).toEqual(['repeat']);
    expect((await journal.read(1, 0, 10)).map((f) => f.seq)).toEqual([1, 2, 3, 4, 5]);
  });

  it('does not write on when Redis came back without acknowledged frames', async () => {
    await use({ appendonly: 'no' });
    expect(news.join()).toMatch(/NOT SAFE.*appendonly no/);
    expect(journal.isDurable).toBe(false);
    const { epoch } = await claim(1);
    await journal.append([frame(1, epoch, 1)]);
    await admin.save();
    await journal.append([frame(1, epoch, 2)]);
    await redis.halt('SIGKILL');
    await redis.resume();
    await until(() =>
      journal.read(1, 0, 1).then(
        (frames) => frames.length === 1,
        () => false,
      ),
    );
    expect(await journal.append([frame(1, epoch, 3)])).toEqual(['unknown']);
    expect(news.join()).toMatch(/lost acknowledged frames: the stream ends at 1 instead of 2/);
    expect((await claim(1)).fault).toMatch(/is lost: it ends at frame 1, but frame 2 was acknowledged/);
  });

  it('a deleted stream takes no append and no claim', async () => {
    await use();
    const { epoch } = await claim(1);
    await journal.append([frame(1, epoch, 1)]);
    await admin.del('{p1}:journal');
    expect(await journal.append([frame(1, epoch, 2)])).toEqual(['unknown']);
    expect(news.join()).toMatch(/the stream is gone/);
    const [lost, sound] = await journal.claim([1, 2]);
    expect(lost!.fault).toMatch(/partition 1 is lost: its stream is not there/);
    expect(sound!.fault).toBeUndefined();
    expect(await journal.append([frame(1, lost!.epoch, 2)])).not.toEqual(['ok']);
    expect(await journal.append([frame(2, sound!.epoch, 1)])).toEqual(['ok']);
    expect(await admin.exists('{p1}:journal')).toBe(0);
  });

  it('a stream that ends before a snapshot is a lost journal', async () => {
    await use();
    const { epoch } = await claim(1);
    await journal.append([frame(1, epoch, 1)]);
    const save = { partition: 1, fromSeq: 0, toSeq: 7, actors: [], engineMs: 1_000 };
    expect(await createSnapshotStore(database.pool).save(save)).toBe(true);
    expect((await claim(1)).fault).toMatch(/ends at frame 1, but frame 7/);
  });

  it('refuses a Redis that belongs to another database', async () => {
    await use();
    const { epoch } = await claim(1);
    await journal.append([frame(1, epoch, 1)]);
    await claim(1);
    await database.pool.query('update partitions set epoch = 0, journal = null');
    await expect(claim(1)).rejects.toThrow(/do not belong together/);
  });

  it('keeps a data set on the journal that it was begun with', async () => {
    await use();
    const inPostgres = openPostgresJournal(database.pool);
    await claim(1);
    await expect(inPostgres.claim([1])).rejects.toThrow(/lives in Redis/);
    const [other] = await inPostgres.claim([2]);
    // Nothing was written yet: it may still move.
    await claim(2);
    await expect(inPostgres.claim([2])).rejects.toThrow(/lives in Redis/);
    const [third] = await inPostgres.claim([3]);
    expect(await inPostgres.append([frame(3, third!.epoch, 1)])).toEqual(['ok']);
    await expect(claim(3)).rejects.toThrow(/lives in PostgreSQL/);
    expect(other!.epoch).toBe(1);
  });

  it('waits out a Redis that is full, and otherwise answers unknown', async () => {
    await use({ 'maxmemory-policy': 'noeviction' });
    const { epoch } = await claim(1);
    await admin.config('SET', 'maxmemory', '1');
    const during = journal.append([frame(1, epoch, 1)]);
    await until(async () => /rejected_calls=[1-9]/.test(await admin.info('commandstats')));
    await admin.config('SET', 'maxmemory', '0');
    expect(await during).toEqual(['ok']);
    await admin.config('SET', 'maxmemory', '1');
    expect(await journal.append([frame(1, epoch, 2)])).toEqual(['unknown']);
    await admin.config('SET', 'maxmemory', '0');
    const again = await claim(1);
    expect(again.tailSeq).toBe(1);
  });

  it('keeps no more than one fence however often it is claimed without traffic', async () => {
    await use();
    for (let i = 0; i < 20; i++) await claim(1);
    const { epoch } = await claim(1);
    expect(await admin.xlen('{p1}:journal')).toBe(1);
    await journal.append([frame(1, epoch, 1)]);
    expect((await claim(1)).tailSeq).toBe(1);
  });

  it('tells how durable each setting is', async () => {
    await use({ appendfsync: 'everysec' });
    expect(journal.isDurable).toBe(false);
    expect(journal.durability).toMatch(/everysec.*last second/);
    await admin.config('SET', 'appendfsync', 'always');
    await admin.config('SET', 'maxmemory', '100mb');
    await admin.config('SET', 'maxmemory-policy', 'allkeys-lru');
    const evicting = await openRedisJournal(redis.url, database.pool, log);
    closers.push(() => evicting.close());
    expect(evicting.durability).toMatch(/allkeys-lru/);
    expect(evicting.isDurable).toBe(false);
  });

  it('fails in a few seconds, with the address of the trouble, when there is no Redis', async () => {
    await use();
    await redis.halt('SIGTERM');
    await expect(openRedisJournal(redis.url, database.pool, log)).rejects.toThrow(
      /cannot be reached.*ECONNREFUSED/,
    );
  });
});
