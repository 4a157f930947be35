/** One promise, two stores: what every journal must do, checked on a real PostgreSQL and a real Redis. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openPostgresJournal } from '../../../src/persistence/journal/postgres.ts';
import { openRedisJournal } from '../../../src/persistence/journal/redis.ts';
import type { Frame, Journal } from '../../../src/protocol/journal.ts';
import {
  startTestRedis,
  type TestDatabase,
  type TestRedis,
  testDatabase,
  testLog,
  whyNoRedis,
} from '../support.ts';

let database: TestDatabase;
let redis: TestRedis | null = null;
const skipped = whyNoRedis();
if (skipped) console.warn(`skipping the journal in Redis: ${skipped}`);

beforeAll(async () => {
  database = await testDatabase();
  if (!skipped) redis = await startTestRedis();
});
afterAll(async () => {
  await redis?.stop();
  await database?.close();
});

const bytesOf = (text: string) => new TextEncoder().encode(text);
const frame = (partition: number, epoch: number, seq: number, text = `${epoch}/${seq}`): Frame => ({
  partition,
  epoch,
  seq,
  bytes: bytesOf(text),
});
const shown = (frames: readonly Frame[]) =>
  frames.map((f) => `${f.partition}:${f.epoch}-${f.seq} ${new TextDecoder().decode(f.bytes)}`);

/** Every test takes partitions that no other has touched. */
let nextPartition = 0;
const stores: [string, () => Promise<Journal>, boolean][] = [
  ['PostgreSQL', async () => openPostgresJournal(database.pool), true],
  ['Redis', () => openRedisJournal(redis!.url, database.pool, testLog), !skipped],
];

describe.each(stores)('the journal in %s', (_, open, isAvailable) => {
  let journal: Journal;
  let other: Journal;
  let partition: number;
  let epoch: number;

  async function append(writer: Journal, ...frames: Frame[]) {
    return writer.append(frames);
  }
  async function write(fromSeq: number, toSeq: number) {
    for (let seq = fromSeq; seq <= toSeq; seq++)
      expect(await append(journal, frame(partition, epoch, seq))).toEqual(['ok']);
  }

  beforeAll(async () => {
    if (!isAvailable) return;
    journal = await open();
    other = await open();
  });
  afterAll(async () => {
    await journal?.close();
    await other?.close();
  });
  beforeEach(async () => {
    if (!isAvailable) return;
    partition = nextPartition++;
    const [claim] = await journal.claim([partition]);
    expect(claim!.tailSeq).toBe(0);
    epoch = claim!.epoch;
  });

  const test = it.skipIf(!isAvailable);

  test('gives frames back in order, with their bytes', async () => {
    const binary = Uint8Array.from({ length: 1_000 }, (_, i) => i % 256);
    await write(1, 3);
    expect(await journal.append([{ partition, epoch, seq: 4, bytes: binary }])).toEqual(['ok']);
    expect(shown(await other.read(partition, 1, 2))).toEqual([
      `${partition}:${epoch}-2 ${epoch}/2`,
      `${partition}:${epoch}-3 ${epoch}/3`,
    ]);
    const [last] = await journal.read(partition, 3, 10);
    expect(Buffer.from(last!.bytes).equals(binary)).toBe(true);
    expect(await journal.read(partition, 4, 10)).toEqual([]);
  });

  test('says that it is durable, and how', () => {
    expect(journal.isDurable).toBe(true);
    expect(journal.durability).toMatch(/on disk/);
  });

  test('tells a claim from a living owner, from the same process and from one that let go', async () => {
    const claimAs = async (owner: string) => (await journal.claim([partition], owner))[0]!.isTakenOver;
    expect(await claimAs('one')).toBe(false);
    expect(await claimAs('one')).toBe(false);
    expect(await claimAs('two')).toBe(true);
    // It died at once and comes again: the first one may live on all the same.
    expect(await claimAs('two')).toBe(true);
    await journal.release([partition], 'one');
    expect(await claimAs('three')).toBe(true);
    await journal.release([partition], 'three');
    expect(await claimAs('four')).toBe(true);
    await journal.release([partition], 'four');
    await database.pool.query("update partitions set taken_over_at = now() - interval '2 seconds'");
    expect(await claimAs('five')).toBe(false);
  });

  test('says who owns a partition and where it ends, to whoever asks', async () => {
    const newest = async () => (await journal.newest([partition]))[0]!;
    expect(await newest()).toMatchObject({ partition, epoch });
    await write(1, 3);
    expect(await newest()).toEqual({ partition, epoch, seq: 3 });
    await other.claim([partition]);
    expect(await newest()).toMatchObject({ partition, epoch: epoch + 1 });
  });

  test('refuses repeats and gaps, and goes on', async () => {
    await write(1, 2);
    expect(await append(journal, frame(partition, epoch, 2))).toEqual(['repeat']);
    expect(await append(journal, frame(partition, epoch, 1, 'other bytes'))).toEqual(['repeat']);
    expect(await append(journal, frame(partition, epoch, 4))).toEqual(['gap']);
    await write(3, 3);
    expect(shown(await journal.read(partition, 0, 10))).toHaveLength(3);
  });

  test('takes frames of many partitions in one call and judges each for itself', async () => {
    const second = nextPartition++;
    const [claim] = await journal.claim([second]);
    await write(1, 1);
    expect(await append(journal, frame(second, claim!.epoch, 1), frame(partition, epoch, 3))).toEqual([
      'ok',
      'gap',
    ]);
    expect(await append(journal, frame(partition, epoch, 2), frame(second, claim!.epoch - 1, 2))).toEqual([
      'ok',
      'stale',
    ]);
    await expect(append(journal, frame(partition, epoch, 3), frame(partition, epoch, 4))).rejects.toThrow(
      'two frames',
    );
    expect(await journal.append([])).toEqual([]);
  });

  test('after a claim by another, the old owner is refused for good and numbering goes on', async () => {
    await write(1, 2);
    const [claim] = await other.claim([partition]);
    expect(claim).toMatchObject({ partition, epoch: epoch + 1, tailSeq: 2 });
    expect(await append(journal, frame(partition, epoch, 3))).toEqual(['stale']);
    expect(await append(other, frame(partition, epoch + 1, 3))).toEqual(['ok']);
    expect(await append(journal, frame(partition, epoch, 4))).toEqual(['stale']);
    expect(shown(await journal.read(partition, 1, 10))).toEqual([
      `${partition}:${epoch}-2 ${epoch}/2`,
      `${partition}:${epoch + 1}-3 ${epoch + 1}/3`,
    ]);
  });

  test('claims many partitions, in the order asked', async () => {
    const more = [nextPartition + 2, nextPartition, nextPartition + 1];
    nextPartition += 3;
    const claims = await journal.claim([...more, partition]);
    expect(claims.map((claim) => claim.partition)).toEqual([...more, partition]);
    expect(claims.at(-1)!.epoch).toBe(epoch + 1);
  });

  test('of two writers that race for each number, exactly one wins it', async () => {
    const wins = [0, 0];
    for (let seq = 1; seq <= 30; seq++) {
      const outcomes = await Promise.all([
        append(journal, frame(partition, epoch, seq, `a${seq}`)),
        append(other, frame(partition, epoch, seq, `b${seq}`)),
      ]);
      expect(outcomes.flat().toSorted()).toEqual(['ok', 'repeat']);
      wins[outcomes[0]![0] === 'ok' ? 0 : 1]!++;
    }
    const frames = await journal.read(partition, 0, 100);
    expect(frames.map((f) => f.seq)).toEqual(Array.from({ length: 30 }, (_, i) => i + 1));
    expect(wins[0]! + wins[1]!).toBe(30);
  });

  test('a claim in the middle of a stream of appends loses nothing that was acknowledged', async () => {
    let acknowledged = 0;
    let claim: Promise<unknown> | null = null;
    for (let seq = 1; ; seq++) {
      if (seq === 10) claim = other.claim([partition]);
      const [outcome] = await append(journal, frame(partition, epoch, seq));
      if (outcome !== 'ok') {
        expect(outcome).toBe('stale');
        break;
      }
      acknowledged = seq;
    }
    const [claimed] = (await claim) as { tailSeq: number }[];
    expect(claimed!.tailSeq).toBe(acknowledged);
  });

  test('claims that race get different epochs, and only the newest can append', async () => {
    const claims = (
      await Promise.all([journal.claim([partition]), other.claim([partition]), journal.claim([partition])])
    ).flat();
    const epochs = claims.map((claim) => claim.epoch).toSorted((a, b) => a - b);
    expect(epochs).toEqual([epoch + 1, epoch + 2, epoch + 3]);
    for (const old of [epoch, epoch + 1, epoch + 2])
      expect(await append(other, frame(partition, old, 1))).toEqual(['stale']);
    expect(await append(other, frame(partition, epoch + 3, 1))).toEqual(['ok']);
  });

  test('after trimming, what was kept can be read', async () => {
    await write(1, 5);
    await journal.trim(partition, 3);
    expect((await journal.read(partition, 3, 10)).map((f) => f.seq)).toEqual([4, 5]);
    expect((await other.read(partition, 0, 10)).map((f) => f.seq)).toEqual([4, 5]);
    await journal.trim(partition, 2);
    expect((await journal.read(partition, 0, 10)).map((f) => f.seq)).toEqual([4, 5]);
  });

  test('trims across epochs', async () => {
    await write(1, 3);
    epoch = (await journal.claim([partition]))[0]!.epoch;
    epoch = (await journal.claim([partition]))[0]!.epoch;
    await write(4, 6);
    await journal.trim(partition, 2);
    expect((await journal.read(partition, 2, 10)).map((f) => f.seq)).toEqual([3, 4, 5, 6]);
    await journal.trim(partition, 5);
    expect((await journal.read(partition, 5, 10)).map((f) => f.seq)).toEqual([6]);
    await write(7, 7);
    expect((await journal.read(partition, 6, 10)).map((f) => f.seq)).toEqual([7]);
  });

  test('after everything was trimmed, the tail is still known and numbering goes on', async () => {
    await write(1, 4);
    await journal.trim(partition, 99);
    const [claim] = await other.claim([partition]);
    expect(claim!.tailSeq).toBe(4);
    expect(await append(other, frame(partition, claim!.epoch, 4))).toEqual(['repeat']);
    expect(await append(other, frame(partition, claim!.epoch, 5))).toEqual(['ok']);
    expect((await other.read(partition, 4, 10)).map((f) => f.seq)).toEqual([5]);
  });

  test('follows many partitions at once and leaves out those without news', async () => {
    const second = nextPartition++;
    const third = nextPartition++;
    const [a] = await journal.claim([second, third]);
    await write(1, 3);
    await append(journal, frame(second, a!.epoch, 1));
    const after = (first: number, next: number) => [
      { partition, afterSeq: first },
      { partition: second, afterSeq: next },
      { partition: third, afterSeq: 0 },
    ];
    const seen = async (...seqs: [number, number]) =>
      (await other.readMany(after(...seqs), 2)).map((f) => `${f.partition}:${f.seq}`).toSorted();
    expect(await seen(0, 0)).toEqual([`${partition}:1`, `${partition}:2`, `${second}:1`].toSorted());
    expect(await seen(2, 1)).toEqual([`${partition}:3`]);
    expect(await seen(3, 1)).toEqual([]);
    epoch = (await journal.claim([partition]))[0]!.epoch;
    await write(4, 4);
    // A fence may take a place in one answer, never stop the next.
    const news = await Promise.all([seen(3, 1), seen(3, 1)]);
    expect(news.flat()).toContain(`${partition}:4`);
    expect(await seen(0, 0)).toHaveLength(3);
  });

  test('reads far back through many epochs', async () => {
    for (let seq = 1; seq <= 8; seq++) {
      await write(seq, seq);
      epoch = (await journal.claim([partition]))[0]!.epoch;
    }
    for (let afterSeq = 0; afterSeq <= 8; afterSeq++) {
      const seqs = (await other.read(partition, afterSeq, 3)).map((f) => f.seq);
      expect(seqs).toEqual([1, 2, 3].map((n) => afterSeq + n).filter((seq) => seq <= 8));
    }
  });

  test('knows its size', async () => {
    await write(1, 1);
    expect(await journal.sizeBytes()).toBeGreaterThan(0);
  });
});
