/** How one shard is doing: what the machinery measures and operators are shown. */

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
  readonly restarts: number;
}
