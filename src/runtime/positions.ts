/**
 * How those who read the journal learn how far it is, and shards how far it is saved: by pushes, which may be lost.
 * So readers also ask every shard again and again.
 */
import type { Push } from '../protocol/decider.ts';
import type { EngineClient } from './engine-client.ts';
import { type Position, readPositions } from './shard-inspection.ts';

const askEveryMs = 5_000;

/** From a shard: the partition is durable up to this frame. */
export function advancedPush(partition: number, seq: number): Push {
  return { topic: 'journal', type: 'journal.advanced', body: [partition, seq] };
}

/** From the snapshotter: every actor of the partition is saved as it was after this frame. */
export function savedPush(partition: number, seq: number): Push {
  return { topic: 'snapshots', type: 'partition.saved', body: [partition, seq] };
}

/** The body of either push. */
export function positionOf(push: Push): Position {
  return push.body as Position;
}

/** Asks at once and every few seconds. Returns how to end it. */
export function followPositions(
  engine: Pick<EngineClient, 'everyShard'>,
  advance: (partition: number, seq: number) => void,
): () => void {
  const ask = async () => {
    for (const positions of await engine.everyShard(readPositions, {}))
      for (const [partition, seq] of positions ?? []) advance(partition, seq);
  };
  const asking = setInterval(ask, askEveryMs);
  void ask();
  return () => clearInterval(asking);
}
