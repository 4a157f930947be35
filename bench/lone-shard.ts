/** The real Shard with all partitions on this thread, and nobody around it. */
import { deciders } from '../src/features.ts';
import { evenSpread } from '../src/protocol/address.ts';
import type { Journal, PassivatedStore, SnapshotStore } from '../src/protocol/journal.ts';
import { anchorClock, startClock, systemScheduler } from '../src/runtime/clock.ts';
import { Shard } from '../src/runtime/shard.ts';
import { defaultShardLimits, type ShardDeps } from '../src/runtime/shard-options.ts';

export interface Stores {
  readonly journal: Journal;
  readonly snapshots: SnapshotStore & PassivatedStore;
}

/** `more`: what else is so, or otherwise. */
export function loneShard({ journal, snapshots }: Stores, more: Partial<ShardDeps> = {}): Shard {
  return new Shard({
    ...{ shard: 0, partitions: evenSpread(1).partitionsOf(0), owner: 'bench', deciders },
    ...{ journal, snapshots, passivated: snapshots, limits: defaultShardLimits },
    ...{ clock: startClock(anchorClock()), scheduler: systemScheduler },
    ask: () => {},
    push: () => {},
    onDurable: () => {},
    onRetired: () => {},
    onFatal: (reason) => {
      throw new Error(reason);
    },
    log: () => {},
    ...more,
  });
}
