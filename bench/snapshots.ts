/**
 * Does a snapshot of a very large actor make its buyers wait?
 *
 * Load: one sale with a million tickets, all admitted, and its SKU with a million live holds, in the journal in a
 * private PostgreSQL. The real Shard in this thread; the server's own snapshotter in its thread, beginning from nothing.
 * All the while somebody joins every other millisecond. Stalls are how late a timer of this thread fires; latency is
 * from a command to its answer. The calm phase before is the other arm: it has everything but the snapshotter.
 */

import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import type { SaleEvent } from '../src/actors/sale/events.ts';
import type { SkuEvent } from '../src/actors/sku/events.ts';
import { openPostgresJournal } from '../src/persistence/journal/postgres.ts';
import { createSnapshotStore } from '../src/persistence/snapshots.ts';
import { partitionOf } from '../src/protocol/address.ts';
import type { AnyCommand } from '../src/protocol/command.ts';
import type { Push } from '../src/protocol/decider.ts';
import type { JournalRecord } from '../src/protocol/frame.ts';
import { Peer } from '../src/protocol/peer.ts';
import { anchorClock, systemScheduler } from '../src/runtime/clock.ts';
import { advancedPush, positionsOf } from '../src/runtime/positions.ts';
import type { Shard } from '../src/runtime/shard.ts';
import type { Position } from '../src/runtime/shard-inspection.ts';
import type { FromMain, ToWorker } from '../src/runtime/thread-messages.ts';
import { portWire } from '../src/runtime/thread-wires.ts';
import { testDatabase } from '../test/persistence/support.ts';
import { append } from './append.ts';
import { loneShard } from './lone-shard.ts';
import { type Measurement, quantile, seriesOf } from './measure.ts';

const size = 1_000_000;
const eventsPerFrame = 2_000;
const calmMs = 20_000;
const patienceMs = 240_000;
const saleId = `sal_${randomUUID()}`;
const sku = 'BIG';
const price = { amount: 49_900, currency: 'USD' };
const atMs = Date.now();
const endMs = atMs + 86_400_000;

function* saleEvents(): Generator<SaleEvent> {
  const queueing = {
    ...{ method: 'fifo', releasePerSecond: 0, activeLimit: 2 * size, overAdmission: 1 },
    ...{ claimSeconds: 86_400, admissionSeconds: 86_400 },
  } as const;
  yield {
    ...{
      type: 'SaleCreated',
      sellerId: 'acc_1',
      title: 'Big',
      prequeueAtMs: null,
      startsAtMs: atMs,
      endsAtMs: endMs,
    },
    items: [{ sku, quantity: 2 * size, price, purchaseLimit: 4 }],
    ...{ queueing, holdSeconds: 86_400, paymentSeconds: 300, atMs },
  } as SaleEvent;
  yield { type: 'ItemAllotted', sku, atMs };
  yield { type: 'SaleStarted', atMs };
  for (let number = 1; number <= size; number++) {
    const ids = { ticketId: `tkt_${randomUUID()}`, buyerId: buyerOf(number), requestId: null };
    yield { type: 'TicketIssued', ...ids, atMs };
    if (number % 1_000 === 0) yield { type: 'TicketsReleased', upTo: number, count: 1_000, credit: 0, atMs };
  }
  for (let number = 1_000, seq = 1; number <= size; number += 1_000, seq++) {
    const tickets = Array.from({ length: 1_000 }, (_, n): [number, number, number] => [number - n, 1, 0]);
    yield {
      type: 'StockReported',
      sku,
      seq,
      available: 2 * size - number,
      held: number,
      sold: 0,
      tickets,
      atMs,
    };
  }
}

function* skuEvents(): Generator<SkuEvent> {
  const terms = { title: 'Big', price, stock: 2 * size };
  yield { type: 'SkuRegistered', productId: `prd_${randomUUID()}`, sellerId: 'acc_1', ...terms, atMs };
  yield {
    ...{
      type: 'AllotmentOpened',
      saleId,
      quantity: 2 * size,
      price,
      purchaseLimit: 4,
      holdSeconds: 86_400,
      atMs,
    },
  } as SkuEvent;
  for (let number = 1; number <= size; number++)
    yield {
      ...{ type: 'HoldPlaced', holdId: randomUUID(), saleId, buyerId: buyerOf(number), ticketNumber: number },
      ...{ quantity: 1, expiresAtMs: endMs, atMs },
    } as SkuEvent;
}

const buyers: string[] = [];
const buyerOf = (number: number) => (buyers[number] ??= `acc_${randomUUID()}`);

function* records(
  kind: string,
  key: string,
  events: Iterable<JournalRecord['event']>,
): Generator<JournalRecord> {
  for (const event of events) yield { kind, key, event };
}

interface Phase {
  stallMs: number;
  latenciesMs: number[];
}

function begin(shard: Shard): { phase: Phase; end: () => void } {
  const phase: Phase = { stallMs: 0, latenciesMs: [] };
  let lastMs = performance.now();
  const timer = setInterval(() => {
    const nowMs = performance.now();
    phase.stallMs = Math.max(phase.stallMs, nowMs - lastMs - 2);
    lastMs = nowMs;
    const ids = { ticketId: `tkt_${randomUUID()}`, buyerId: `acc_${randomUUID()}`, requestId: null };
    const join = { type: 'JoinSale', ...ids } as AnyCommand;
    shard.deliver('sale', saleId, join, () => void phase.latenciesMs.push(performance.now() - nowMs));
  }, 2);
  return { phase, end: () => clearInterval(timer) };
}

function archive(
  shard: Shard,
  databaseUrl: string,
): { done: Promise<number>; tell: (position: Position) => void; end: () => Promise<unknown> } {
  const startedAtMs = performance.now();
  const entry = new URL('../src/threads/worker.ts', import.meta.url);
  const name = { role: 'snapshotter', index: 0 } as const;
  const data = { databaseUrl, redisUrl: null, shardCount: 1, clock: anchorClock(), log: { level: 'warn' } };
  const worker = new Worker(entry, {
    workerData: { name },
    resourceLimits: { maxOldGenerationSizeMb: 6_144 },
  });
  const { port1, port2 } = new MessageChannel();
  const missing = new Set([partitionOf('sale', saleId), partitionOf('sku', sku)]);
  const { promise, resolve } = Promise.withResolvers<number>();
  const handler = {
    onRequest: (
      _kind: string,
      _key: string,
      _command: AnyCommand,
      reply: (code: 'ok', body: unknown) => void,
    ) => reply('ok', shard.positions()),
    onPush: (push: Push) => {
      for (const [partition, seq] of positionsOf(push)) {
        shard.saved(partition, seq);
        if (seq > 0) missing.delete(partition);
      }
      if (missing.size === 0) resolve(performance.now() - startedAtMs);
    },
    onBroken: (reason: string) => console.error(reason),
  };
  const peer = new Peer(portWire(port2), handler, {
    self: { role: 'shard', index: 0 },
    other: name,
    limits: {
      ...{ openRequestsMax: 10, timeoutMs: 60_000 },
      ...{ unackedBytesMax: 2 ** 24, frameBytesMax: 2 ** 22, frameMessagesMax: 2 ** 13 },
    },
    scheduler: systemScheduler,
    counters: { requestsRefused: 0, pushesLost: 0 },
  });
  const send = (message: ToWorker, ports: MessagePort[] = []) => worker.postMessage(message, ports);
  send({ type: 'run', start: { name, restarts: 0, data } });
  const message: FromMain = { type: 'peer', name: { role: 'shard', index: 0 }, port: port1 };
  send({ type: 'tell', role: 'snapshotter', message }, [port1]);
  return {
    done: promise,
    tell: (position) => peer.push(advancedPush([position])),
    end: () => {
      peer.close();
      return worker.terminate();
    },
  };
}

const p99 = (values: readonly number[]) => quantile(Float64Array.from(values).sort(), 0.99);

export async function run(): Promise<Measurement> {
  const database = await testDatabase();
  try {
    const journal = openPostgresJournal(database.pool);
    await append(journal, records('sale', saleId, saleEvents()), eventsPerFrame);
    await append(journal, records('sku', sku, skuEvents()), eventsPerFrame);
    let tell: (position: Position) => void = () => {};
    const startShard = async () => {
      const stores = { journal, snapshots: createSnapshotStore(database.pool) };
      const shard = loneShard(stores, { onDurable: (partition, seq) => tell([partition, seq]) });
      const startedAtMs = performance.now();
      const { events } = await shard.start();
      return { shard, events, seconds: (performance.now() - startedAtMs) / 1000 };
    };
    const first = await startShard();
    await wait(5_000);
    const calm = begin(first.shard);
    await wait(calmMs);
    calm.end();
    const busy = begin(first.shard);
    const archiving = archive(first.shard, database.url);
    tell = archiving.tell;
    const tookMs = await Promise.race([archiving.done, wait(patienceMs, Number.NaN, { ref: false })]);
    busy.end();
    await archiving.end();
    tell = () => {};
    await first.shard.stop(10_000);
    const again = await startShard();
    await again.shard.stop(10_000);
    return report(first, calm.phase, busy.phase, tookMs, again);
  } finally {
    await database.close();
  }
}

interface Started {
  readonly events: number;
  readonly seconds: number;
}

function report(first: Started, calm: Phase, busy: Phase, tookMs: number, again: Started): Measurement {
  return {
    name: 'snapshots',
    question: 'Does a snapshot of a very large actor make its buyers wait?',
    load: `a sale with ${size} tickets, all admitted, and a SKU with ${size} live holds; 500 joins a second`,
    doesNotMeasure: ['gateways', 'several shards', 'memory'],
    series: [
      seriesOf('longest stall, calm', 'ms', [calm.stallMs]),
      seriesOf('longest stall, snapshotter at work', 'ms', [busy.stallMs]),
      seriesOf('join p99, calm', 'ms', [p99(calm.latenciesMs)]),
      seriesOf('join p99, snapshotter at work', 'ms', [p99(busy.latenciesMs)]),
      seriesOf('snapshotter: from its start to the save', 's', [tookMs / 1000]),
      seriesOf(`recovery from ${first.events} events`, 's', [first.seconds]),
      seriesOf(`recovery from the snapshots and ${again.events} events`, 's', [again.seconds]),
    ],
    ratios: [
      {
        name: 'longest stall, snapshotter at work / calm',
        value: busy.stallMs / calm.stallMs,
        wanted: 'at most 50 ms in all',
      },
    ],
    skipped: [],
  };
}
