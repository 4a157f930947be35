/**
 * A shard's numbers, for operators: counters since its start and the recent commits. What they show of the actors
 * themselves comes from the deciders (`gauges`, `counts`).
 */
import type { AnyDecider, Counted, Measure } from '../protocol/decider.ts';
import { Buckets, counter, type Family, gauge, histogram, type Labels, merge } from '../protocol/metric.ts';
import type { PoisonedActor, ShardRow } from '../protocol/shard-row.ts';
import type { SealedFrame } from './group-commit.ts';
import type { Partition } from './partition.ts';

/** One row of `GET /v1/ops/shards`. */
export interface ShardStatsRow extends ShardRow {
  readonly outboxDepth: number;
  /** How long the journal has not answered. */
  readonly journalSilentMs: number;
  readonly replayMs: number;
  /** Commands refused at the door. */
  readonly refused: number;
  /** Acknowledged frames that a weak journal had lost, written again. */
  readonly restoredFrames: number;
  readonly events: number;
  readonly commits: number;
}

/** What the shard itself knows at the moment of asking. */
export interface ShardReading {
  readonly partitions: readonly Partition[];
  readonly mailboxDepth: number;
  readonly outboxDepth: number;
  readonly journalSilentMs: number;
  readonly poisonedByKind: ReadonlyMap<string, number>;
  readonly poisonedActors: PoisonedActor[];
  readonly now: number;
}

const commitBucketsSeconds = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1, 5];
const recentCommitsMax = 1024;
const rateEveryMs = 1000;

export class ShardStatistics {
  readonly #shard: number;
  readonly #restarts: number;
  readonly #deciders: readonly AnyDecider[];
  /** `kind/code` -> commands. */
  readonly #commands = new Map<string, number>();
  readonly #counted = new Map<Counted, number>();
  #commandCount = 0;
  #refused = 0;
  #events = 0;
  #commits = 0;
  #journalBytes = 0;
  #replayMs = 0;
  readonly #recentMs: number[] = [];
  readonly #seconds: Buckets;
  #restoredFrames = 0;
  #rate = { atMs: performance.now(), commands: 0, events: 0, commandsPerSecond: 0, eventsPerSecond: 0 };

  constructor(shard: number, deciders: readonly AnyDecider[], restarts: number) {
    this.#shard = shard;
    this.#restarts = restarts;
    this.#deciders = deciders;
    this.#seconds = new Buckets({ shard }, commitBucketsSeconds);
  }

  decided(kind: string, code: string, count = 1): void {
    const name = `${kind}/${code}`;
    this.#commands.set(name, (this.#commands.get(name) ?? 0) + count);
    this.#commandCount += count;
  }

  refused(): void {
    this.#refused++;
  }

  happened(decider: AnyDecider, event: { readonly type: string }): void {
    let counted: Counted | null = null;
    try {
      counted = decider.counts?.(event) ?? null;
    } catch {
      // What has happened is journaled, counted or not.
    }
    if (counted !== null) this.#counted.set(counted, (this.#counted.get(counted) ?? 0) + 1);
  }

  recovered(tookMs: number): void {
    this.#replayMs = tookMs;
  }

  /** Acknowledged frames that the journal had lost. */
  restored(frames: number): void {
    this.#restoredFrames += frames;
  }

  committed(frames: readonly SealedFrame[], tookMs: number): void {
    for (const { events, frame } of frames) {
      this.#events += events;
      this.#journalBytes += frame.bytes.length;
    }
    this.#recentMs[this.#commits % recentCommitsMax] = tookMs;
    this.#commits++;
    this.#seconds.add(tookMs / 1000);
  }

  row({ partitions, now, poisonedByKind: _, ...shown }: ShardReading): ShardStatsRow {
    this.#updateRate();
    const sorted = this.#recentMs.toSorted((a, b) => a - b);
    const unsavedSinceMs = Math.min(...partitions.map((p) => p.unsavedSinceMs ?? now));
    return {
      shard: this.#shard,
      ...shown,
      partitions: partitions.length,
      epoch: Math.max(0, ...partitions.map((p) => p.epoch)),
      actors: partitions.reduce((count, p) => count + p.actorCount, 0),
      commandsPerSecond: this.#rate.commandsPerSecond,
      eventsPerSecond: this.#rate.eventsPerSecond,
      commitP50Ms: sorted[Math.floor(sorted.length * 0.5)] ?? 0,
      commitP99Ms: sorted[Math.floor(sorted.length * 0.99)] ?? 0,
      batchSizeAvg: this.#commits === 0 ? 0 : this.#events / this.#commits,
      journalBytes: this.#journalBytes,
      snapshotAgeSeconds: partitions.length === 0 ? 0 : Math.max(0, (now - unsavedSinceMs) / 1000),
      restarts: this.#restarts,
      journalLagMs: Math.round(shown.journalSilentMs),
      replayMs: this.#replayMs,
      haltedPartitions: partitions.flatMap(({ number, fault }) =>
        fault === null ? [] : [{ partition: number, reason: fault }],
      ),
      recoveringPartitions: partitions.filter(({ isRecovering }) => isRecovering).map(({ number }) => number),
      refused: this.#refused,
      restoredFrames: this.#restoredFrames,
      events: this.#events,
      commits: this.#commits,
    };
  }

  families(reading: ShardReading): Family[] {
    const row = this.row(reading);
    const labels = { shard: this.#shard };
    const one = (value: number) => [{ labels, value }];
    return [
      this.#commandsFamily(),
      counter('doorbuster_commands_refused_total', 'Commands refused at the door', one(row.refused)),
      counter(
        'doorbuster_journal_frames_restored_total',
        'Acknowledged frames that the journal had lost and that were written again',
        one(row.restoredFrames),
      ),
      counter('doorbuster_events_total', 'Events journaled', one(row.events)),
      histogram('doorbuster_commit_seconds', 'Journal append, seal to durable', commitBucketsSeconds, [
        this.#seconds,
      ]),
      ...depthFamilies(row, labels),
      this.#poisonedFamily(reading),
      ...measured(this.#deciders, reading.partitions),
      ...this.#countedFamilies(),
    ];
  }

  #commandsFamily(): Family {
    const samples = [...this.#commands].map(([name, value]) => {
      const [kind, code] = name.split('/');
      return { labels: { kind: kind!, code: code! }, value };
    });
    return counter('doorbuster_commands_total', 'Commands decided, by actor kind and outcome', samples);
  }

  #poisonedFamily({ poisonedByKind }: ShardReading): Family {
    const samples = this.#deciders.map(({ kind }) => ({
      labels: { kind },
      value: poisonedByKind.get(kind) ?? 0,
    }));
    return gauge('doorbuster_poisoned_actors', 'Actors whose decisions fail by a bug', samples);
  }

  #countedFamilies(): Family[] {
    return merge(
      [...this.#counted].map(([{ name, help, labels }, value]) => counter(name, help, [{ labels, value }])),
    );
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

function depthFamilies(row: ShardStatsRow, labels: Labels): Family[] {
  const one = (value: number) => [{ labels, value }];
  return [
    gauge('doorbuster_batch_size', 'Events per batch, mean', one(row.batchSizeAvg)),
    gauge('doorbuster_mailbox_depth', 'Commands waiting', one(row.mailboxDepth)),
    gauge('doorbuster_outbox_depth', 'Messages not yet answered', one(row.outboxDepth)),
    gauge(
      'doorbuster_journal_silent_seconds',
      'How long the journal has not answered',
      one(row.journalSilentMs / 1000),
    ),
    gauge('doorbuster_actors', 'Actors in memory', one(row.actors)),
    gauge('doorbuster_replay_seconds', 'Recovery of the latest start', one(row.replayMs / 1000)),
    gauge('doorbuster_snapshot_age_seconds', 'Oldest unsaved change', one(row.snapshotAgeSeconds)),
    gauge('doorbuster_partitions_halted', 'Partitions that need help', one(row.haltedPartitions.length)),
    gauge(
      'doorbuster_partitions_recovering',
      'Partitions with large actors that are not open yet',
      one(row.recoveringPartitions.length),
    ),
  ];
}

/** What the deciders show of their actors, and of a new one, so that a sum is there before the first actor is. */
function measured(deciders: readonly AnyDecider[], partitions: readonly Partition[]): Family[] {
  const families: Family[] = [];
  const add = (measures: Iterable<Measure>) => {
    for (const { name, help, labels, value } of measures)
      families.push(gauge(name, help, [{ labels, value }]));
  };
  for (const decider of deciders) {
    if (!decider.gauges) continue;
    add(decider.gauges(decider.initial('')));
    for (const partition of partitions)
      for (const { state } of partition.actors.get(decider.kind)?.values() ?? []) {
        try {
          add(decider.gauges(state));
        } catch {
          // One actor that cannot be measured must not cost the thread all its numbers, or its life.
        }
      }
  }
  return merge(families);
}
