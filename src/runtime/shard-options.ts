/** What a shard is given: its stores, its ways out, its limits. */
import type { AnyDecider, PendingMessage, Push } from '../protocol/decider.ts';
import type { Journal, PassivatedStore, SnapshotStore } from '../protocol/journal.ts';
import type { Log } from '../protocol/log.ts';
import type { Scheduler } from '../protocol/scheduler.ts';
import type { Clock } from './clock.ts';
import type { ReplyTo } from './mailbox.ts';

export interface ShardDeps {
  readonly shard: number;
  /** How often it was started anew in this run of the process. */
  readonly restarts?: number;
  /** The partitions that it begins with. */
  readonly partitions: readonly number[];
  /** Names this process: whoever comes after another one waits until that one's lease is over. */
  readonly owner: string;
  readonly deciders: readonly AnyDecider[];
  readonly journal: Journal;
  readonly snapshots: SnapshotStore;
  /** null: actors never leave memory. */
  readonly passivated?: PassivatedStore | null;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  /** Sends to an actor elsewhere, or to the back office; must answer once, `busy` when it cannot. */
  readonly ask: (message: PendingMessage, done: ReplyTo) => void;
  readonly push: (push: Push) => void;
  /** Partitions have been recovered: resolves when they may take commands. At once when not given. */
  readonly mayOpen?: (partitions: readonly number[]) => Promise<void>;
  /** The partition's journal has grown: projections may read on. */
  readonly onDurable: (partition: number, seq: number) => void;
  /** These partitions have begun: they are recovered and take commands, or are halted. */
  readonly onOpened?: (partitions: readonly number[]) => void;
  /** Another process has taken this partition; the others go on. */
  readonly onReplaced?: (partition: number) => void;
  /** Other processes have taken the last of its partitions. */
  readonly onRetired: (reason: string) => void;
  /** The shard cannot go on: it must be ended and started anew. */
  readonly onFatal: (reason: string) => void;
  readonly log: Log;
  readonly limits: ShardLimits;
}

export interface ShardLimits {
  /** Commands from outside that may wait. */
  readonly mailboxMax: number;
  readonly commandsPerTurn: number;
  /** Events that one batch may hold; then the shard waits for the journal. */
  readonly eventsPerBatch: number;
  /** When the journal has not answered for so long, new commands are refused at the door. */
  readonly stallMs: number;
  /** A partition with an actor whose state is saved in more than so many bytes is recovered after the others. */
  readonly heavyBytes: number;
  /** Recovery of such a partition gives way to others after so long. */
  readonly sliceMs: number;
  /** An actor in which nothing is pending leaves memory after so long without a command. */
  readonly idleMs: number;
}

export const defaultShardLimits: ShardLimits = {
  mailboxMax: 50_000,
  commandsPerTurn: 2_000,
  eventsPerBatch: 20_000,
  stallMs: 150,
  heavyBytes: 4 * 1024 * 1024,
  sliceMs: 5,
  idleMs: 60_000,
};
