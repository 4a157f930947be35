/**
 * How those who read the journal learn how far it is, and shards how far it is saved: by pushes, which may be lost.
 * So readers also ask every shard again and again.
 */
import type { Push } from '../protocol/decider.ts';
import type { Scheduler } from '../protocol/scheduler.ts';
import type { EngineClient } from './engine-client.ts';
import { type Position, readPositions } from './shard-inspection.ts';

const askEveryMs = 5_000;

/** From a shard: the partitions are durable up to these frames. */
export function advancedPush(positions: readonly Position[]): Push {
  return { topic: 'journal', type: 'journal.advanced', body: positions };
}

/** From the snapshotter: every actor of the partition is saved as it was after this frame. */
export function savedPush(partition: number, seq: number): Push {
  return { topic: 'snapshots', type: 'partition.saved', body: [[partition, seq]] };
}

/** The body of either push. */
export function positionsOf(push: Push): readonly Position[] {
  return push.body as readonly Position[];
}

/**
 * Says how far partitions are: at once after a silence, and while more comes once in `everyMs`, of each partition the
 * newest only. A shard may commit a thousand times a second, and what one reader hears costs both threads as much as a
 * reserve.
 */
export class GatheredPositions {
  readonly #everyMs: number;
  readonly #scheduler: Pick<Scheduler, 'after'>;
  readonly #say: (positions: readonly Position[]) => void;
  readonly #unsaid = new Map<number, number>();
  #isSilent = true;

  constructor(
    everyMs: number,
    scheduler: Pick<Scheduler, 'after'>,
    say: (positions: readonly Position[]) => void,
  ) {
    this.#everyMs = everyMs;
    this.#scheduler = scheduler;
    this.#say = say;
  }

  advance(partition: number, seq: number): void {
    this.#unsaid.set(partition, seq);
    if (this.#isSilent) this.#sayOn();
  }

  /** Says what there is. */
  flush(): void {
    if (this.#unsaid.size === 0) return;
    this.#say([...this.#unsaid]);
    this.#unsaid.clear();
  }

  #sayOn(): void {
    this.#isSilent = this.#unsaid.size === 0;
    if (this.#isSilent) return;
    this.flush();
    this.#scheduler.after(this.#everyMs, () => this.#sayOn());
  }
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
