import { afterAll, beforeAll, expect, it } from 'vitest';
import { openPostgresJournal } from '../../src/persistence/journal/postgres.ts';
import { createSnapshotStore } from '../../src/persistence/snapshots.ts';
import type { ActorSnapshot, Journal, PassivatedStore, SnapshotStore } from '../../src/protocol/journal.ts';
import { type TestDatabase, testDatabase } from './support.ts';

let database: TestDatabase;
let journal: Journal;
let store: SnapshotStore & PassivatedStore;
const save = (partition: number, fromSeq: number, toSeq: number, actors: ActorSnapshot[]) =>
  store.save({ partition, fromSeq, toSeq, actors, engineMs: 1_000 });
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
  expect(await store.load(1)).toEqual({ checkpointSeq: 0, actors: [], engineMs: 0 });
  expect(await save(1, 0, 10, [actor('a', 9), actor('b', 10)])).toBe(true);
  expect(await save(1, 10, 20, [actor('b', 15), actor('c', 20)])).toBe(true);
  const loaded = await store.load(1);
  expect(loaded.checkpointSeq).toBe(20);
  expect(byKey(loaded.actors)).toEqual([actor('a', 9), actor('b', 15), actor('c', 20)]);
  expect((await store.load(2)).actors).toEqual([]);
});

it('saves a checkpoint without actors', async () => {
  expect(await save(3, 0, 5, [])).toBe(true);
  expect(await store.load(3)).toEqual({ checkpointSeq: 5, actors: [], engineMs: 1_000 });
});

it('refuses a save that does not follow the last one, and leaves no trace of it', async () => {
  expect(await save(4, 0, 1, [actor('a', 1)])).toBe(true);
  expect(await save(4, 0, 2, [actor('a', 2), actor('z', 2)])).toBe(false);
  expect(await save(4, 2, 3, [actor('a', 3)])).toBe(false);
  expect(await store.load(4)).toEqual({ checkpointSeq: 1, actors: [actor('a', 1)], engineMs: 1_000 });
  expect(await store.checkpoint(4)).toEqual({ checkpointSeq: 1, engineMs: 1_000 });
  expect(await save(4, 1, 3, [actor('a', 3)])).toBe(true);
});

it('takes one of many saves that come at once', async () => {
  const many = Array.from({ length: 300 }, (_, n) => actor(`k${n}`, 1));
  const taken = await Promise.all(
    [1, 2, 3, 4].map((seq) =>
      save(
        10,
        0,
        seq,
        many.map((one) => ({ ...one, seq })),
      ),
    ),
  );
  expect(taken.filter(Boolean)).toHaveLength(1);
  const { checkpointSeq, actors } = await store.load(10);
  expect(new Set(actors.map(({ seq }) => seq))).toEqual(new Set([checkpointSeq]));
});

it('is all or nothing when it fails half-way', async () => {
  await save(5, 0, 1, [actor('a', 1)]);
  // The second chunk breaks: an actor appears twice in it.
  const many = Array.from({ length: 5_000 }, (_, i) => actor(`k${i}`, 2));
  await expect(save(5, 1, 2, [...many, actor('twice', 2), actor('twice', 2)])).rejects.toThrow();
  expect(await store.load(5)).toEqual({ checkpointSeq: 1, actors: [actor('a', 1)], engineMs: 1_000 });
});

it('takes more than one statement holds', async () => {
  const large = Array.from({ length: 5 }, (_, i) => actor(`large${i}`, 1, 'x'.repeat(3 * 1024 * 1024)));
  const small = Array.from({ length: 6_000 }, (_, i) => actor(`small${i}`, 1));
  expect(await save(6, 0, 1, [...large, ...small])).toBe(true);
  const { actors } = await store.load(6);
  expect(actors).toHaveLength(6_005);
  expect(byKey(actors)[0]!.state.length).toBe(3 * 1024 * 1024);
});

it('a save under way does not hold up appends', async () => {
  const epoch = await claim(7);
  const large = Array.from({ length: 8 }, (_, i) => actor(`large${i}`, 1, 'x'.repeat(3 * 1024 * 1024)));
  let isSaving = true;
  const saving = save(7, 0, 1, large).finally(() => {
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

it('names the partitions with a large actor, unless that is passivated', async () => {
  const large = (key: string) => actor(key, 1, 'x'.repeat(50_001));
  await save(40, 0, 1, [actor('a', 1), large('b')]);
  await save(41, 0, 1, [{ ...large('a'), passivatedHash: 7 }, actor('b', 1)]);
  await save(42, 0, 1, [large('a'), large('b')]);
  expect((await store.heavyPartitions([40, 41, 42, 43], 50_000)).toSorted()).toEqual([40, 42]);
  expect(await store.heavyPartitions([41, 42], 50_001)).toEqual([]);
  expect(await store.heavyPartitions([40, 41], 50_000)).toEqual([40]);
});

/** A name with `=` before it stands for a block that the store has already. */
const inBlocks = (key: string, seq: number, names: readonly string[]): ActorSnapshot => ({
  ...actor(key, seq),
  blocks: names.map((name) => ({
    hash: name.replace('=', ''),
    bytes: name.startsWith('=') ? null : Buffer.from(`bytes of ${name}`),
  })),
});
const blockCount = async (partition: number) =>
  (await database.pool.query('select from actor_snapshot_blocks where partition = $1', [partition])).rowCount;

it('keeps the blocks that a save only names, takes those that are new, and drops those that are gone', async () => {
  await save(50, 0, 1, [inBlocks('a', 1, ['x', 'y', 'x']), inBlocks('b', 1, ['x']), actor('c', 1)]);
  await save(50, 1, 2, [inBlocks('a', 2, ['=y', 'z', '=y'])]);
  expect(byKey((await store.load(50)).actors)).toEqual([
    ...[inBlocks('a', 2, ['y', 'z', 'y']), inBlocks('b', 1, ['x']), actor('c', 1)],
  ]);
  expect(await blockCount(50)).toBe(3);
  await save(50, 2, 3, [inBlocks('a', 3, []), { ...inBlocks('b', 3, ['=x']), passivatedHash: 5 }]);
  expect(byKey((await store.loadActive(50)).actors)).toEqual([inBlocks('a', 3, []), actor('c', 1)]);
  expect(await store.loadPassivated(50, [{ kind: 'sku', key: 'b' }])).toEqual([inBlocks('b', 3, ['x'])]);
  expect(await blockCount(50)).toBe(1);
});

it('a save that is refused, or fails, changes no block', async () => {
  await save(51, 0, 1, [inBlocks('a', 1, ['x', 'y'])]);
  expect(await save(51, 0, 2, [inBlocks('a', 2, ['z'])])).toBe(false);
  const failing = (async function* () {
    yield inBlocks('a', 2, ['z']);
    yield actor('k', 2, 'x'.repeat(5 * 1024 * 1024));
    throw new Error('it cannot be encoded');
  })();
  const saving = store.save({ partition: 51, fromSeq: 1, toSeq: 2, actors: failing, engineMs: 1 });
  await expect(saving).rejects.toThrow('it cannot be encoded');
  expect(await store.load(51)).toMatchObject({ checkpointSeq: 1, actors: [inBlocks('a', 1, ['x', 'y'])] });
  expect(await blockCount(51)).toBe(2);
});

it('a save whose connection dies after its first statements changes nothing', async () => {
  await save(54, 0, 1, [inBlocks('a', 1, ['x', 'y'])]);
  const dying = (async function* () {
    yield inBlocks('a', 2, ['=y', 'z']);
    yield actor('k', 2, 'x'.repeat(5 * 1024 * 1024));
    const { rowCount } = await database.pool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and state = 'idle in transaction' and pid <> pg_backend_pid()`,
    );
    expect(rowCount).toBe(1);
    yield inBlocks('b', 2, ['x']);
  })();
  const saving = store.save({ partition: 54, fromSeq: 1, toSeq: 2, actors: dying, engineMs: 1 });
  await expect(saving).rejects.toThrow();
  expect(await store.load(54)).toMatchObject({ checkpointSeq: 1, actors: [inBlocks('a', 1, ['x', 'y'])] });
});

it('says which block is missing instead of leaving it out', async () => {
  await save(52, 0, 1, [inBlocks('a', 1, ['x', '=y'])]);
  expect((await store.load(52)).actors).toEqual([inBlocks('a', 1, ['x', '=y'])]);
});

it('an actor with large blocks is a large one', async () => {
  const large = { ...actor('a', 1), blocks: [{ hash: 'x', bytes: Buffer.alloc(60_000) }] };
  await save(53, 0, 1, [large, inBlocks('b', 1, ['x'])]);
  expect(await store.heavyPartitions([53], 50_000)).toEqual([53]);
  expect(await store.heavyPartitions([53], 70_000)).toEqual([]);
});
