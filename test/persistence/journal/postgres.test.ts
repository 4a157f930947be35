/** What only PostgreSQL can do to a journal: wait for locks, end sessions, answer nobody. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openPostgresJournal } from '../../../src/persistence/journal/postgres.ts';
import { openPool } from '../../../src/persistence/postgres.ts';
import type { Frame } from '../../../src/protocol/journal.ts';
import { startLossyProxy } from '../proxy.ts';
import { type TestDatabase, testDatabase } from '../support.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.close());

const frame = (partition: number, epoch: number, seq: number): Frame => ({
  partition,
  epoch,
  seq,
  bytes: new TextEncoder().encode(`${epoch}/${seq}`),
});

it('finds its own frame again when only the answer was lost', async () => {
  const proxy = await startLossyProxy(Number(new URL(database.url).port));
  const url = new URL(database.url);
  url.port = String(proxy.port);
  const pool = openPool(url.href, { max: 1, name: 'lossy' });
  const journal = openPostgresJournal(pool);
  const { epoch } = (await journal.claim([1]))[0]!;
  for (let seq = 1; seq <= 5; seq++) {
    proxy.loseNextReply();
    expect(await journal.append([frame(1, epoch, seq)])).toEqual(['ok']);
  }
  expect(proxy.cuts).toBeGreaterThanOrEqual(5);
  expect(await journal.append([frame(1, epoch, 5)])).toEqual(['repeat']);
  expect((await journal.read(1, 0, 10)).map((f) => f.seq)).toEqual([1, 2, 3, 4, 5]);
  await pool.end();
  await proxy.close();
});

it('says unknown when the row stays locked; what lands later is counted by the next claim', async () => {
  const journal = openPostgresJournal(database.pool);
  const { epoch } = (await journal.claim([2]))[0]!;
  const locker = await database.pool.connect();
  await locker.query('begin');
  await locker.query('select from partitions where partition = 2 for update');
  const startedAtMs = performance.now();
  expect(await journal.append([frame(2, epoch, 1)])).toEqual(['unknown']);
  expect(performance.now() - startedAtMs).toBeLessThan(4_000);
  await locker.query('rollback');
  locker.release();
  const [again] = await journal.claim([2]);
  expect(again!.tailSeq).toBe((await journal.read(2, 0, 10)).length);
  expect(await journal.append([frame(2, again!.epoch, again!.tailSeq + 1)])).toEqual(['ok']);
  expect(await journal.append([frame(2, epoch, again!.tailSeq + 2)])).toEqual(['stale']);
});

it('survives the end of all its sessions', async () => {
  const pool = openPool(database.url, { max: 2, name: 'victim' });
  const journal = openPostgresJournal(pool);
  const { epoch } = (await journal.claim([3]))[0]!;
  for (let seq = 1; seq <= 3; seq++) {
    await database.pool.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'victim'",
    );
    expect(await journal.append([frame(3, epoch, seq)])).toEqual(['ok']);
  }
  await pool.end();
});

it('two appends over the same partitions in opposite order do not deadlock', async () => {
  const journal = openPostgresJournal(database.pool);
  const claims = await journal.claim([10, 11, 12, 13]);
  for (let seq = 1; seq <= 40; seq++) {
    const frames = claims.map((claim) => frame(claim.partition, claim.epoch, seq));
    const [one, two] = await Promise.all([journal.append(frames), journal.append(frames.toReversed())]);
    const pairs = one!.map((outcome, i) => [outcome, two![3 - i]].toSorted());
    expect(pairs).toEqual(Array(4).fill(['ok', 'repeat']));
  }
});

it('keeps every frame when it is not to be trimmed', async () => {
  const journal = openPostgresJournal(database.pool, { trimmable: false });
  const { epoch } = (await journal.claim([4]))[0]!;
  await journal.append([frame(4, epoch, 1)]);
  await journal.append([frame(4, epoch, 2)]);
  await journal.trim(4, 2);
  expect(await journal.read(4, 0, 10)).toHaveLength(2);
});
