/** How one shard is doing: what the machinery measures and operators are shown. */

/** An actor whose decider threw, and has not decided well since. */
export interface PoisonedActor {
  readonly kind: string;
  readonly key: string;
  readonly partition: number;
  /** The command, or what else was asked of it, when it threw last. */
  readonly during: string;
  readonly reason: string;
  /** Failures in a row. */
  readonly failures: number;
  readonly failingSeconds: number;
}

export interface HaltedPartition {
  readonly partition: number;
  readonly reason: string;
}

export interface ShardRow {
  readonly shard: number;
  readonly partitions: number;
  readonly epoch: number;
  readonly actors: number;
  readonly mailboxDepth: number;
  readonly commandsPerSecond: number;
  readonly eventsPerSecond: number;
  readonly commitP50Ms: number;
  readonly commitP99Ms: number;
  readonly batchSizeAvg: number;
  readonly journalBytes: number;
  readonly snapshotAgeSeconds: number;
  /** In this run of the process. */
  readonly restarts: number;
  /** How long the journal has not answered. */
  readonly journalLagMs: number;
  readonly haltedPartitions: HaltedPartition[];
  /** With large actors: they are recovered beside the others, and `busy` until that is done. */
  readonly recoveringPartitions: number[];
  /** The first of them. */
  readonly poisonedActors: PoisonedActor[];
}
