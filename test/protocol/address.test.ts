import { describe, expect, it } from 'vitest';
import { evenSpread, partitionCount } from '../../src/protocol/address.ts';

describe('the directory of one process', () => {
  it.each([1, 2, 3, 7, 64, 80])('gives each partition to exactly one of %i shards', (shardCount) => {
    const directory = evenSpread(shardCount);
    const given: number[] = [];
    for (let shard = 0; shard < shardCount; shard++) {
      for (const partition of directory.partitionsOf(shard)) {
        expect(directory.ownerOf(partition)).toBe(shard);
        given.push(partition);
      }
    }
    expect(given.sort((a, b) => a - b)).toEqual(Array.from({ length: partitionCount }, (_, p) => p));
  });

  it('gives no shard more than one partition more than another', () => {
    const directory = evenSpread(3);
    expect([0, 1, 2].map((shard) => directory.partitionsOf(shard).length)).toEqual([22, 21, 21]);
  });

  it('knows nobody who runs a partition that does not exist, and nothing that a strange shard runs', () => {
    const directory = evenSpread(2);
    expect(directory.ownerOf(partitionCount)).toBeNull();
    expect(directory.partitionsOf(2)).toEqual([]);
  });
});
