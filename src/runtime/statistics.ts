/** A shard's numbers, for operators and metrics: counters since its start and the recent commits. */
import type { Frame } from '../protocol/journal.ts';
import type { Partition } from './partition.ts';

/** One row of `GET /v1/ops/shards`, and what metrics are made from. */
export interface ShardStatsRow {
  shard: number;
  partitions: number;
  epoch: number;
  actors: number;
  mailboxDepth: number;
  outboxDepth: number;
  /** How long the journal has not answered. */
  journalSilentMs: number;
  commandsPerSecond: number;
  eventsPerSecond: number;
  commitP50Ms: number;
  commitP99Ms: number;
  batchSizeAvg: number;
  journalBytes: number;
  snapshotAgeSeconds: number;
  restarts: number;
  replayMs: number;
  haltedPartitions: { partition: number; reason: string }[];
  oversoldUnits: number;
  sales: { saleId: string; queueLength: number; activeAdmissions: number }[];
  /** Orders that reached a status since the start of this worker. */
  orders: Record<string, number>;
  /** Since the start of this worker: `kind/code` -> commands. */
  commands: Record<string, number>;
  refused: number;
  /** Acknowledged frames that a weak journal had lost, written again. */
  restoredFrames: number;
  events: number;
  commits: number;
  /** Commits at or under each of `commitBucketsSeconds` (not cumulative), then those above the last. */
  commitBuckets: number[];
  commitSecondsSum: number;
}

export const commitBucketsSeconds = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1, 5];

/** `OrderFailed` says its status itself. */
const orderStatusByEvent: Readonly<Record<string, string>> = {
  OrderPlaced: 'pending',
  OrderConfirmed: 'confirmed',
  OrderFailed: 'cancelled',
};

const recentCommitsMax = 1024;
const rateEveryMs = 1000;

export class ShardStatistics {
  #commands = new Map<string, number>();
  #commandCount = 0;
  #refused = 0;
  #events = 0;
  #commits = 0;
  #journalBytes = 0;
  #replayMs = 0;
  readonly #recentMs: number[] = [];
  readonly #buckets = new Array<number>(commitBucketsSeconds.length + 1).fill(0);
  readonly #orders = new Map<string, number>();
  #secondsSum = 0;
  #restoredFrames = 0;
  #rate = { atMs: performance.now(), commands: 0, events: 0, commandsPerSecond: 0, eventsPerSecond: 0 };

  decided(kind: string, code: string): void {
    const name = `${kind}/${code}`;
    this.#commands.set(name, (this.#commands.get(name) ?? 0) + 1);
    this.#commandCount++;
  }

  refused(): void {
    this.#refused++;
  }

  /** An event was decided: orders are counted by the status they reach. */
  happened(event: { readonly type: string; readonly status?: string }): void {
    const status = orderStatusByEvent[event.type];
    if (status === undefined) return;
    const name = event.status ?? status;
    this.#orders.set(name, (this.#orders.get(name) ?? 0) + 1);
  }

  recovered(tookMs: number): void {
    this.#replayMs = tookMs;
  }

  /** Acknowledged frames that the journal had lost. */
  restored(frames: number): void {
    this.#restoredFrames += frames;
  }

  committed(events: number, frames: readonly Frame[], tookMs: number): void {
    if (events === 0) return;
    this.#events += events;
    this.#recentMs[this.#commits % recentCommitsMax] = tookMs;
    this.#commits++;
    this.#secondsSum += tookMs / 1000;
    for (const frame of frames) this.#journalBytes += frame.bytes.length;
    const bucket = commitBucketsSeconds.findIndex((bound) => tookMs / 1000 <= bound);
    this.#buckets[bucket < 0 ? commitBucketsSeconds.length : bucket]!++;
  }

  row(shard: {
    shard: number;
    partitions: readonly Partition[];
    mailboxDepth: number;
    outboxDepth: number;
    journalSilentMs: number;
    now: number;
  }): ShardStatsRow {
    this.#updateRate();
    const { partitions, now, ...depths } = shard;
    const sorted = this.#recentMs.toSorted((a, b) => a - b);
    const gauges = partitions.flatMap((p) => [...p.gauges()]);
    const unsavedSinceMs = Math.min(...partitions.map((p) => p.unsavedSinceMs ?? now));
    return {
      ...depths,
      partitions: partitions.length,
      epoch: Math.max(0, ...partitions.map((p) => p.epoch)),
      actors: partitions.reduce((count, p) => count + p.actorCount, 0),
      commandsPerSecond: this.#rate.commandsPerSecond,
      eventsPerSecond: this.#rate.eventsPerSecond,
      commitP50Ms: sorted[Math.floor(sorted.length * 0.5)] ?? 0,
      commitP99Ms: sorted[Math.floor(sorted.length * 0.99)] ?? 0,
      batchSizeAvg: this.#commits === 0 ? 0 : this.#events / this.#commits,
      journalBytes: this.#journalBytes,
      snapshotAgeSeconds: Math.max(0, (now - unsavedSinceMs) / 1000),
      restarts: 0,
      replayMs: this.#replayMs,
      haltedPartitions: partitions
        .filter((p) => p.fault !== null)
        .map((p) => ({ partition: p.number, reason: p.fault! })),
      oversoldUnits: gauges.reduce((units, gauge) => units + (gauge.oversoldUnits ?? 0), 0),
      sales: gauges.flatMap((gauge) => (gauge.room ? [gauge.room] : [])),
      orders: Object.fromEntries(this.#orders),
      commands: Object.fromEntries(this.#commands),
      refused: this.#refused,
      restoredFrames: this.#restoredFrames,
      events: this.#events,
      commits: this.#commits,
      commitBuckets: [...this.#buckets],
      commitSecondsSum: this.#secondsSum,
    };
  }

  #updateRate(): void {
    const atMs = performance.now();
    const elapsedMs = atMs - this.#rate.atMs;
    if (elapsedMs < rateEveryMs) return;
    this.#rate = {
      atMs,
      commands: this.#commandCount,
      events: this.#events,
      commandsPerSecond: ((this.#commandCount - this.#rate.commands) * 1000) / elapsedMs,
      eventsPerSecond: ((this.#events - this.#rate.events) * 1000) / elapsedMs,
    };
  }
}
