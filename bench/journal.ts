/**
 * S10: how many events a second does each journal take from one shard?
 *
 * Load: what a shard does: one append in flight, a frame for each of its partitions that has events. Frames are
 * encoded beforehand from real events. Both arms run on private, real servers with full durability, turn by turn.
 */
import { randomUUID } from 'node:crypto';
import { openPostgresJournal } from '../src/persistence/journal/postgres.ts';
import { openRedisJournal } from '../src/persistence/journal/redis.ts';
import { encodeFrame, type JournalRecord } from '../src/protocol/frame.ts';
import type { Claim, Journal } from '../src/protocol/journal.ts';
import { startTestRedis, testDatabase, whyNoRedis } from '../test/persistence/support.ts';
import { type Measurement, seriesOf } from './measure.ts';

/** Frames a call and events a frame: an idle shard, one hot SKU, a busy shard, a flood. */
const shapes = [
  { frames: 1, events: 1 },
  { frames: 1, events: 64 },
  { frames: 16, events: 64 },
  { frames: 32, events: 256 },
] as const;
const rounds = 3;
const roundMs = 1_500;

function frameBytes(events: number): Uint8Array {
  const records = Array.from({ length: events }, (_, n): JournalRecord => {
    const event = {
      ...{
        type: 'HoldPlaced',
        holdId: randomUUID(),
        saleId: `sal_${randomUUID()}`,
        buyerId: `acc_${randomUUID()}`,
      },
      ...{ ticketNumber: n, quantity: 1, expiresAtMs: 1_800_000_300_000, atMs: 1_800_000_000_000 },
    };
    return { kind: 'sku', key: `SKU-${n % 4}`, event };
  });
  return encodeFrame(1, 1, 1, records);
}

/** Events a second, and the median time of an append. */
async function round(
  journal: Journal,
  shape: (typeof shapes)[number],
): Promise<{ rate: number; p50Ms: number }> {
  const partitions = Array.from({ length: shape.frames }, (_, n) => n);
  const claims: (Claim & { tailSeq: number })[] = (await journal.claim(partitions)).map((claim) => ({
    ...claim,
  }));
  const bytes = frameBytes(shape.events);
  const tookMs: number[] = [];
  const startedAtMs = performance.now();
  while (performance.now() - startedAtMs < roundMs) {
    const sentAtMs = performance.now();
    const outcomes = await journal.append(
      claims.map(({ partition, epoch, tailSeq }) => ({ partition, epoch, seq: tailSeq + 1, bytes })),
    );
    if (outcomes.some((outcome) => outcome !== 'ok')) throw new Error(`an append was refused: ${outcomes}`);
    for (const [index, claim] of claims.entries()) claims[index] = { ...claim, tailSeq: claim.tailSeq + 1 };
    tookMs.push(performance.now() - sentAtMs);
  }
  const seconds = (performance.now() - startedAtMs) / 1000;
  for (const { partition, tailSeq } of claims) await journal.trim(partition, tailSeq);
  tookMs.sort((a, b) => a - b);
  return {
    rate: (tookMs.length * shape.frames * shape.events) / seconds,
    p50Ms: tookMs[tookMs.length >> 1]!,
  };
}

export async function run(): Promise<Measurement> {
  const whyNot = whyNoRedis();
  const redis = whyNot === null ? await startTestRedis() : null;
  // Two databases: a data set keeps the journal that it was begun with.
  const databases = [await testDatabase(), await testDatabase()];
  const arms: [name: string, journal: Journal][] = [['PostgreSQL', openPostgresJournal(databases[0]!.pool)]];
  if (redis) arms.unshift(['Redis always', await openRedisJournal(redis.url, databases[1]!.pool, () => {})]);
  const rates = new Map<string, number[]>();
  const delays = new Map<string, number[]>();
  try {
    for (let n = 0; n <= rounds; n++) {
      for (const shape of shapes) {
        for (const [name, journal] of arms) {
          const { rate, p50Ms } = await round(journal, shape);
          // The first is for the compiler and the caches.
          if (n === 0) continue;
          const arm = `${name}, ${shape.frames} x ${shape.events}`;
          rates.set(arm, [...(rates.get(arm) ?? []), rate]);
          delays.set(arm, [...(delays.get(arm) ?? []), p50Ms]);
        }
      }
    }
  } finally {
    for (const [, journal] of arms) await journal.close();
    await redis?.stop();
    for (const database of databases) await database.close();
  }
  const series = [...rates].flatMap(([arm, of]) => [
    seriesOf(arm, 'events/s', of),
    seriesOf(`${arm}, p50`, 'ms/append', delays.get(arm)!),
  ]);
  const median = (arm: string) => series.find((one) => one.arm === arm)?.median ?? Number.NaN;
  const best = (name: string) =>
    Math.max(...shapes.map(({ frames, events }) => median(`${name}, ${frames} x ${events}`)));
  return {
    name: 'journal (S10)',
    question: 'events that one shard can have made durable in a second, by frames a call x events a frame',
    load: `one append in flight, ${rounds} rounds of ${roundMs} ms a shape and arm, arms alternating`,
    doesNotMeasure: [
      'encoding (see core)',
      'several shards at once',
      'trimming while appending',
      'a network between us and the store',
    ],
    series,
    ratios: redis
      ? [
          {
            name: 'Redis always, best shape, share of 100k events/s',
            value: best('Redis always') / 1e5,
            wanted: '>= 1',
          },
          {
            name: 'Redis to PostgreSQL, 16 x 64',
            value: median('Redis always, 16 x 64') / median('PostgreSQL, 16 x 64'),
            wanted: 'none',
          },
        ]
      : [],
    skipped: whyNot === null ? [] : [`Redis: ${whyNot}`],
  };
}
