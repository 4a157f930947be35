import { afterAll, beforeAll, expect, it } from 'vitest';
import { openPostgresJournal } from '../../src/persistence/journal/postgres.ts';
import { createSnapshotStore } from '../../src/persistence/snapshots.ts';
import type { ActorSnapshot, Journal, SnapshotStore } from '../../src/protocol/journal.ts';
import { type TestDatabase, testDatabase } from './support.ts';

let database: TestDatabase;
let journal: Journal;
let store: SnapshotStore;
beforeAll(async () => {
  database = await testDatabase();
  journal = openPostgresJournal(database.pool);
  store = createSnapshotStore(database.pool);
});
afterAll(() => database.close());

const actor = (key: string, seq: number, text = `${key}@${seq}`): ActorSnapshot => ({
  kind: 'sku',
  key,
  version: 3,
  seq,
  state: Buffer.from(text),
});
const byKey = (actors: readonly ActorSnapshot[]) => actors.toSorted((a, b) => (a.key < b.key ? -1 : 1));
async function claim(partition: number) {
  return (await journal.claim([partition]))[0]!.epoch;
}

it('gives back what was saved, the newest state of each actor, with the checkpoint', async () => {
  const epoch = await claim(1);
  expect(await store.load(1)).toEqual({ checkpointSeq: 0, actors: [], engineMs: 0 });
  expect(await store.save(1, epoch, 10, [actor('a', 9), actor('b', 10)], 1_000)).toBe(true);
  expect(await store.save(1, epoch, 20, [actor('b', 15), actor('c', 20)], 1_000)).toBe(true);
  const loaded = await store.load(1);
  expect(loaded.checkpointSeq).toBe(20);
  expect(byKey(loaded.actors)).toEqual([actor('a', 9), actor('b', 15), actor('c', 20)]);
  expect((await store.load(2)).actors).toEqual([]);
});

it('saves a checkpoint without actors', async () => {
  expect(await store.save(3, await claim(3), 5, [], 1_000)).toBe(true);
  expect(await store.load(3)).toEqual({ checkpointSeq: 5, actors: [], engineMs: 1_000 });
});

it('refuses an owner that was replaced, and leaves no trace of its save', async () => {
  const old = await claim(4);
  expect(await store.save(4, old, 1, [actor('a', 1)], 1_000)).toBe(true);
  const epoch = await claim(4);
  expect(await store.save(4, old, 2, [actor('a', 2), actor('z', 2)], 1_000)).toBe(false);
  expect(await store.load(4)).toEqual({ checkpointSeq: 1, actors: [actor('a', 1)], engineMs: 1_000 });
  expect(await store.save(4, epoch, 3, [actor('a', 3)], 1_000)).toBe(true);
});

it('is all or nothing when it fails half-way', async () => {
  const epoch = await claim(5);
  await store.save(5, epoch, 1, [actor('a', 1)], 1_000);
  // The second chunk breaks: an actor appears twice in it.
  const many = Array.from({ length: 5_000 }, (_, i) => actor(`k${i}`, 2));
  await expect(
    store.save(5, epoch, 2, [...many, actor('twice', 2), actor('twice', 2)], 1_000),
  ).rejects.toThrow();
  expect(await store.load(5)).toEqual({ checkpointSeq: 1, actors: [actor('a', 1)], engineMs: 1_000 });
});

it('takes more than one statement holds', async () => {
  const epoch = await claim(6);
  const large = Array.from({ length: 5 }, (_, i) => actor(`large${i}`, 1, 'x'.repeat(3 * 1024 * 1024)));
  const small = Array.from({ length: 6_000 }, (_, i) => actor(`small${i}`, 1));
  expect(await store.save(6, epoch, 1, [...large, ...small], 1_000)).toBe(true);
  const { actors } = await store.load(6);
  expect(actors).toHaveLength(6_005);
  expect(byKey(actors)[0]!.state.length).toBe(3 * 1024 * 1024);
});

it('a save under way does not hold up appends', async () => {
  const epoch = await claim(7);
  const large = Array.from({ length: 8 }, (_, i) => actor(`large${i}`, 1, 'x'.repeat(3 * 1024 * 1024)));
  let isSaving = true;
  const saving = store.save(7, epoch, 1, large, 1_000).finally(() => {
    isSaving = false;
  });
  let seq = 0;
  while (isSaving) {
    const bytes = Buffer.from([1]);
    expect(await journal.append([{ partition: 7, epoch, seq: ++seq, bytes }])).toEqual(['ok']);
  }
  expect(await saving).toBe(true);
  expect(seq).toBeGreaterThan(3);
});

it('knows how far every projection has come', async () => {
  expect(await store.projectedSeq(8)).toBe(0);
  await database.pool.query(
    "insert into projection_checkpoints values ('orders', 8, 12), ('stock', 8, 9), ('orders', 9, 3)",
  );
  expect(await store.projectedSeq(8)).toBe(9);
});
