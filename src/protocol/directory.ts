/**
 * Who runs a partition: the one place that knows. Everybody else looks it up for each command, so that another
 * implementation may let partitions move while the shop runs. A wrong entry does no harm: whoever is asked in error
 * refuses, and only the owner's appends pass the journal's fence.
 */
import { partitionCount } from './address.ts';

export interface Directory {
  /** The shard that runs the partition; null while nobody does. */
  ownerOf(partition: number): number | null;
  partitionsOf(shard: number): readonly number[];
}

/** One process with this many shards: the partitions are dealt out in turn, and stay where they are. */
export function evenSpread(shardCount: number): Directory {
  const owners = Array.from({ length: partitionCount }, (_, partition) => partition % shardCount);
  const partitionsByShard = Array.from({ length: shardCount }, (_, shard) =>
    [...owners.keys()].filter((partition) => owners[partition] === shard),
  );
  return {
    ownerOf: (partition) => owners[partition] ?? null,
    partitionsOf: (shard) => partitionsByShard[shard] ?? [],
  };
}
