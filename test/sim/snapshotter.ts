/**
 * One life of the snapshotter: the real Snapshotter on simulated time and disk. It may die and freeze apart from the
 * shards; what it tells them may get lost with a shard that is just not there.
 */

import type { Clock } from '../../src/runtime/clock.ts';
import { Snapshotter } from '../../src/runtime/snapshotter.ts';
import { deciders } from './deciders.ts';
import { Disk } from './disk.ts';
import type { Owner } from './loop.ts';
import type { Random } from './random.ts';
import type { World } from './world.ts';

export interface SnapshotterDeps {
  readonly world: World;
  readonly random: Random;
  readonly clock: Clock;
  readonly onSaved: (partition: number, seq: number) => void;
}

export class SnapshotterLife implements Owner {
  isAlive = true;
  frozenUntilMs = 0;
  readonly snapshotter: Snapshotter;

  constructor({ world, random, clock, onSaved }: SnapshotterDeps) {
    const { loop, store, fail, faults, mutant } = world;
    const disk = new Disk({
      ...{ loop, store, random, fail, owner: this, faults: faults.disk },
      acked: new Map(),
      moment: () => {},
    });
    this.snapshotter = new Snapshotter({
      deciders,
      journal: mutant.journal?.(disk, store) ?? disk,
      store: mutant.snapshots?.(disk) ?? disk,
      clock,
      scheduler: {
        now: () => loop.nowMs,
        soon: (task) => void loop.after(0, this, task),
        after: (ms, task) => loop.timer(ms + random.next() * 2, this, task),
      },
      onSaved: (partition, seq) => {
        if (this.isAlive) onSaved(partition, seq);
      },
      log: (level, message, fields) =>
        world.trace(() => `snapshotter ${level}: ${message} ${JSON.stringify(fields ?? {})}`),
      limits: { everyMs: random.int(200, 4_000), idleMs: random.int(100, 10_000) },
    });
    this.snapshotter.start();
  }

  end(): void {
    this.isAlive = false;
  }
}
