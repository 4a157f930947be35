/**
 * Where an actor lives: `partition = hash(kind/key) % 64` for the life of a data set. Who runs a partition is the
 * directory's matter.
 */

export interface Address {
  readonly kind: string;
  readonly key: string;
}

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
