/** `npm run recover`: journals that have lost frames, on a real Redis and a real PostgreSQL. */
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { partitionOf } from '../../src/protocol/address.ts';
import { command, type Engine, startEngine } from '../ops/engine.ts';
import {
  startTestRedis,
  type TestDatabase,
  type TestRedis,
  testDatabase,
  whyNoRedis,
} from '../persistence/support.ts';

const skipped = whyNoRedis();
if (skipped) console.warn(`skipping recovery of a journal in Redis: ${skipped}`);

const hurt = 'CONSOLE-1';
const sound = 'CONSOLE-2';
const partition = partitionOf('sku', hurt);
const stream = `{p${partition}}:journal`;
const price = { amount: 49_900, currency: 'USD' };
const register = (stock: number) => ({
  type: 'RegisterSku',
  productId: 'prd_1',
  sellerId: 'acc_1',
  title: 'Console',
  price,
  stock,
});
const adjust = (id: string, delta: number) => ({
  type: 'AdjustStock',
  adjustmentId: id,
  delta,
  reason: 'count',
  sellerId: null,
});

describe.skipIf(skipped !== null)('a partition whose journal in Redis has lost frames', () => {
  let database: TestDatabase;
  let redis: TestRedis;
  let admin: Redis;
  let engine: Engine | null = null;
  const env = () => ({ DATABASE_URL: database.url, REDIS_URL: redis.url });
  const recover = (...args: string[]) => command('src/cli/recover.ts', args, env());
  async function start(): Promise<Engine> {
    engine = await startEngine(database.url, redis.url);
    return engine;
  }

  beforeAll(async () => {
    expect(partitionOf('sku', sound)).not.toBe(partition);
    redis = await startTestRedis();
    admin = new Redis(redis.url);
  });
  afterAll(async () => {
    admin?.disconnect();
    await redis?.stop();
  });
  afterEach(async () => {
    await engine?.drop().catch(() => {});
    engine = null;
    await database.close();
  });

  /** Stock 10 in the snapshot; then frames that add 1, 2 and 4, which the tables have taken in. */
  async function story(): Promise<void> {
    database = await testDatabase();
    await admin.flushall();
    let one = await start();
    await one.ask('sku', hurt, register(10));
    await one.ask('sku', sound, register(20));
    await one.stop();
    one = await start();
    for (const delta of [1, 2, 4]) await one.ask('sku', hurt, adjust(`a${delta}`, delta));
    expect((await one.stock(hurt)).onHand).toBe(17);
    await one.project();
    await one.drop();
    engine = null;
  }

  const frameIds = async () => {
    const entries = (await admin.xrange(stream, '-', '+')) as [string, string[]][];
    return entries.map(([id]) => id).filter((id) => !id.endsWith('-0'));
  };

  it.each([
    ['the whole stream', async () => void (await admin.del(stream)), 10, /its journal is not there/],
    [
      'the newest frame',
      async () => void (await admin.xdel(stream, (await frameIds()).at(-1)!)),
      13,
      /ends at frame 3, but frame 4/,
    ],
    [
      'a frame in the middle',
      async () => void (await admin.xdel(stream, (await frameIds()).at(-2)!)),
      11,
      /frame 3 is missing/,
    ],
  ])(
    'that lost %s stays halted while the others go on, until an operator accepts',
    async (_, damage, left, fault) => {
      await story();
      expect(await recover('--list')).toMatchObject({ code: 0, out: 'No partition is halted.\n' });
      await damage();

      let one = await start();
      expect(one.halted).toMatchObject([{ partition }]);
      // What it knows can be seen; nothing can be done with it.
      expect((await one.stock(hurt)).onHand).toBe(left);
      expect((await one.ask('sku', hurt, adjust('b', 5))).code).toBe('busy');
      expect((await one.ask('sku', sound, adjust('b', 5))).code).toBe('created');
      expect(await recover('--accept', `${partition}`, '--reason', 'lost')).toMatchObject({
        code: 1,
        err: expect.stringMatching(/a server runs on this data/),
      });
      await one.stop();
      engine = null;

      const listed = await recover('--list', '--json');
      expect(listed.code).toBe(1);
      const { halted } = JSON.parse(listed.out);
      expect(halted).toMatchObject([{ partition, checkpointSeq: 1, savedSeq: 1, projectedSeq: 4 }]);
      expect(halted[0].fault).toMatch(fault);

      const accepted = await recover('--accept', `${partition}`, '--reason', 'the disk of June 3rd');
      expect(accepted).toMatchObject({ code: 0, err: expect.stringMatching(/ACCEPTED/) });
      const { rows } = await database.pool.query('select * from journal_acceptances');
      expect(rows).toMatchObject([{ partition, resume_seq: '5', reason: 'the disk of June 3rd' }]);
      expect(Number(rows[0].tail_seq)).toBe(halted[0].keptSeq);

      for (const [round, expected] of [left, left + 100, left + 200].entries()) {
        one = await start();
        expect(one.halted).toEqual([]);
        expect((await one.stock(hurt)).onHand).toBe(expected);
        expect((await one.stock(sound)).onHand).toBe(25);
        expect((await one.ask('sku', hurt, adjust(`c${round}`, 100))).code).toBe('created');
        // Once with nothing saved, once with a snapshot: numbering goes on behind the empty frame in both.
        await (round === 0 ? one.drop() : one.stop());
      }
      engine = null;
      expect(await recover('--list')).toMatchObject({ code: 0 });
      expect(await recover('--accept', `${partition}`, '--reason', 'again')).toMatchObject({
        code: 1,
        err: expect.stringMatching(/is not halted/),
      });
    },
  );

  it('refuses bad flags with one line and exit code 2, and missing stores with 3', async () => {
    database = await testDatabase();
    for (const args of [
      [],
      ['--accept', '64', '--reason', 'x'],
      ['--accept', '1'],
      ['--list', '--accept', '1'],
      ['--what'],
    ])
      expect((await recover(...args)).code).toBe(2);
    const nowhere = { DATABASE_URL: 'postgres://127.0.0.1:1/none' };
    expect((await command('src/cli/recover.ts', ['--list'], nowhere)).code).toBe(3);
    expect(
      (await command('src/cli/recover.ts', ['--list'], { DATA_DIR: '/tmp/doorbuster-nothing-here' })).code,
    ).toBe(3);
  });
});
