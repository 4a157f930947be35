/**
 * S9: how fast does a shard come back?
 *
 * Load: (a) 500,000 events in frames after an empty snapshot, of SKUs with holds that are placed, attached and
 * committed; (b) 10,000 SKUs with 100 live holds each, nine tenths of them in snapshots, one tenth in frames after
 * them. The real Shard, one thread, all 64 partitions: from the claim until every partition is open. Stores in
 * memory, and (b) over a private PostgreSQL as well.
 */

import { randomUUID } from 'node:crypto';
import { Packr } from 'msgpackr';
import { skuDecider } from '../src/actors/sku/decide.ts';
import type { SkuEvent } from '../src/actors/sku/events.ts';
import { openPostgresJournal } from '../src/persistence/journal/postgres.ts';
import { createSnapshotStore } from '../src/persistence/snapshots.ts';
import { partitionCount, partitionOf } from '../src/protocol/address.ts';
import { encodeFrame, type JournalRecord } from '../src/protocol/frame.ts';
import type { ActorSnapshot } from '../src/protocol/journal.ts';
import { testDatabase } from '../test/persistence/support.ts';
import { MemoryJournal, MemorySnapshots, MemoryStore } from '../test/support/memory-journal.ts';
import { append } from './append.ts';
import { loneShard, type Stores } from './lone-shard.ts';
import { type Measurement, type Series, seriesOf } from './measure.ts';

const skuCount = 10_000;
const holdsPerSku = 100;
const replayedEvents = 500_000;
const eventsPerFrame = 64;
const rounds = 3;
const at = 1_800_000_000_000;
const saleId = `sal_${randomUUID()}`;
const price = { amount: 49_900, currency: 'USD' };
const packr = new Packr({ useRecords: true });

function opening(stock: number): SkuEvent[] {
  return [
    {
      type: 'SkuRegistered',
      productId: `prd_${randomUUID()}`,
      sellerId: 'acc_1',
      title: 'Thing',
      price,
      stock,
      atMs: at,
    },
    { type: 'AllotmentOpened', saleId, quantity: stock, price, purchaseLimit: 4, holdSeconds: 300, atMs: at },
  ];
}

function placed(n: number): SkuEvent & { type: 'HoldPlaced' } {
  return {
    ...{ type: 'HoldPlaced', holdId: randomUUID(), saleId, buyerId: `acc_${randomUUID()}` },
    ...{ ticketNumber: n + 1, quantity: 1, expiresAtMs: at + 300_000, atMs: at },
  };
}

/** One hold's life until it is bought. */
function bought(n: number): SkuEvent[] {
  const hold = placed(n);
  const { holdId } = hold;
  const attached = {
    type: 'HoldAttached',
    holdId,
    orderId: `ord_${randomUUID()}`,
    expiresAtMs: at + 330_000,
    atMs: at,
  } as const;
  return [hold, attached, { type: 'HoldCommitted', holdId, quantity: 1, atMs: at }];
}

interface Start {
  readonly events: number;
  readonly tookMs: number;
  /** Processor time of the whole process, which on a shared machine says more than the clock. */
  readonly cpuMs: number;
}

async function start(stores: Stores): Promise<Start> {
  const shard = loneShard(stores, {
    clock: { now: () => at + 1_000, advanceTo: () => {} },
    scheduler: { now: () => performance.now(), soon: () => {}, after: () => () => {} },
  });
  const startedAtMs = performance.now();
  const cpu = process.cpuUsage();
  const { events } = await shard.start();
  const { user, system } = process.cpuUsage(cpu);
  return { events, tookMs: performance.now() - startedAtMs, cpuMs: (user + system) / 1000 };
}

function memoryStores(store: MemoryStore): Stores {
  return { journal: new MemoryJournal(store), snapshots: new MemorySnapshots(store) };
}

async function replayRates(): Promise<{ wall: number[]; cpu: number[] }> {
  const store = new MemoryStore();
  const records: JournalRecord[] = [];
  const skus = Math.ceil(replayedEvents / (3 * holdsPerSku + 2));
  for (let n = 0; n < skus; n++) {
    const key = `SKU-${n}`;
    const events = [
      ...opening(holdsPerSku),
      ...Array.from({ length: holdsPerSku }, (_, i) => bought(i)).flat(),
    ];
    for (const event of events) records.push({ kind: 'sku', key, event });
  }
  await append(new MemoryJournal(store), records, eventsPerFrame);
  const rates = { wall: [] as number[], cpu: [] as number[] };
  for (let n = 0; n <= rounds; n++) {
    const { events, tookMs, cpuMs } = await start(memoryStores(store));
    if (n === 0) continue;
    rates.wall.push((events * 1000) / tookMs);
    rates.cpu.push((events * 1000) / cpuMs);
  }
  return rates;
}

/** 10,000 SKUs with their holds: nine tenths as snapshots at frame 1, the rest as records to come after it. */
function bigCatalogue(): { actors: ActorSnapshot[][]; records: JournalRecord[] } {
  const actors: ActorSnapshot[][] = Array.from({ length: partitionCount }, () => []);
  const records: JournalRecord[] = [];
  for (let n = 0; n < skuCount; n++) {
    const key = `SKU-${n}`;
    const partition = partitionOf('sku', key);
    const state = skuDecider.initial(key);
    for (const event of opening(holdsPerSku)) skuDecider.evolve(state, event);
    for (let i = 0; i < holdsPerSku; i++) {
      if (i % 10 === 9) records.push({ kind: 'sku', key, event: placed(i) });
      else skuDecider.evolve(state, placed(i));
    }
    const bytes = new Uint8Array(packr.pack(skuDecider.snapshot(state)));
    actors[partition]!.push({ kind: 'sku', key, version: skuDecider.version, seq: 1, state: bytes });
  }
  return { actors, records };
}

async function fill(stores: Stores): Promise<void> {
  const { actors, records } = bigCatalogue();
  const claims = await stores.journal.claim(actors.map((_, partition) => partition));
  for (const { partition, epoch } of claims) {
    const bytes = encodeFrame(partition, epoch, 1, []);
    await stores.journal.append([{ partition, epoch, seq: 1, bytes }]);
    await stores.snapshots.save({ partition, fromSeq: 0, toSeq: 1, actors: actors[partition]!, engineMs: 0 });
  }
  await append(stores.journal, records, eventsPerFrame);
}

async function readySeconds(stores: () => Stores): Promise<{ wall: number[]; cpu: number[] }> {
  const seconds = { wall: [] as number[], cpu: [] as number[] };
  for (let n = 0; n <= rounds; n++) {
    const { events, tookMs, cpuMs } = await start(stores());
    if (events !== (skuCount * holdsPerSku) / 10) throw new Error(`${events} events were replayed`);
    if (n === 0) continue;
    seconds.wall.push(tookMs / 1000);
    seconds.cpu.push(cpuMs / 1000);
  }
  return seconds;
}

/** By the clock and by processor time. */
function both(arm: string, unit: string, { wall, cpu }: { wall: number[]; cpu: number[] }): [Series, Series] {
  return [seriesOf(arm, unit, wall), seriesOf(`${arm}, processor time`, unit, cpu)];
}

export async function run(): Promise<Measurement> {
  const replay = both('replay of frames', 'events/s', await replayRates());
  const store = new MemoryStore();
  await fill(memoryStores(store));
  const ready = await readySeconds(() => memoryStores(store));
  const inMemory = both('10k SKUs, 1 M holds, stores in memory', 's', ready);
  store.streams.clear();
  store.snapshots.clear();
  const database = await testDatabase();
  try {
    const stores = () => ({
      journal: openPostgresJournal(database.pool),
      snapshots: createSnapshotStore(database.pool),
    });
    await fill(stores());
    const inPostgres = both('10k SKUs, 1 M holds, PostgreSQL', 's', await readySeconds(stores));
    return {
      name: 'recovery (S9)',
      question: 'events that one core replays in a second, and when a big catalogue is ready',
      load: `${replayedEvents.toLocaleString('en-US')} events in frames of ${eventsPerFrame}; ${skuCount.toLocaleString('en-US')} SKUs with ${holdsPerSku} live holds each`,
      doesNotMeasure: [
        'process start, migrations and threads',
        'the journal in Redis',
        'sales with many tickets',
        'messages sent again after the start',
        'several shards at once',
      ],
      series: [...replay, ...inMemory, ...inPostgres],
      ratios: [
        {
          name: 'replay, share of 500k events/s of processor time',
          value: replay[1].median / 5e5,
          wanted: '>= 1',
        },
        {
          name: 'big catalogue from PostgreSQL, seconds of processor time',
          value: inPostgres[1].median,
          wanted: '<= 5',
        },
      ],
      skipped: [],
    };
  } finally {
    await database.close();
  }
}
