/**
 * Where an actor lives: `partition = hash(kind/key) % 64` for the life of a data set. Who runs a partition is a look-up
 * in the directory.
 */

export const partitionCount = 64;
export const allPartitions: readonly number[] = Array.from({ length: partitionCount }, (_, p) => p);

/** FNV-1a, 32 bits, over the UTF-16 code units of `kind/key`: stable for ever, it decides where data lies. */
export function partitionOf(kind: string, key: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < kind.length; i++) hash = Math.imul(hash ^ kind.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ 47, 0x01000193);
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  // FNV's low bits are weak for short keys: fold the high half in.
  return ((hash ^ (hash >>> 16)) >>> 0) % partitionCount;
}

// ----------------------------------------------------------------
// Who runs a partition: the directory is the one place that knows. Everybody else looks it up for each command, so that another
// implementation may let partitions move while the shop runs. A wrong entry does no harm: whoever is asked in error
// refuses, and only the owner's appends pass the journal's fence.

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
