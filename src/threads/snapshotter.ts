/** The snapshotter: snapshots of every partition, taken from the journal beside the shards. */
import { deciders } from '../features.ts';
import { createLog } from '../ops/log.ts';
import { openJournal } from '../persistence/journal/open.ts';
import { openPool } from '../persistence/postgres.ts';
import { createSnapshotStore } from '../persistence/snapshots.ts';
import { evenSpread } from '../protocol/address.ts';
import { startClock, systemScheduler } from '../runtime/clock.ts';
import { EngineClient } from '../runtime/engine-client.ts';
import { followPositions, positionsOf, savedPush } from '../runtime/positions.ts';
import { defaultSnapshotterLimits, Snapshotter } from '../runtime/snapshotter.ts';
import type { Thread } from '../runtime/thread.ts';
import type { SharedData } from './shared.ts';

export async function run(thread: Thread, data: SharedData): Promise<void> {
  const log = createLog(data.log, { thread: 'snapshotter' });
  const pool = openPool(data.databaseUrl, { max: 2, name: 'snapshotter' });
  const journal = await openJournal(data.redisUrl, pool, log);
  const snapshotter = new Snapshotter({
    deciders,
    journal,
    store: createSnapshotStore(pool),
    clock: startClock(data.clock),
    scheduler: systemScheduler,
    onSaved: (partition, seq) => thread.push('shard', savedPush(partition, seq)),
    log,
    limits: defaultSnapshotterLimits,
  });
  const engine = new EngineClient(thread, evenSpread(data.shardCount));
  const stopFollowing = followPositions(engine, (partition, seq) => snapshotter.advance(partition, seq));

  thread.ready(
    {
      onPush(push) {
        for (const position of positionsOf(push)) snapshotter.advance(...position);
      },
      stats: () => snapshotter.stats(),
      async stop(graceMs) {
        stopFollowing();
        const isClean = await snapshotter.stop(graceMs);
        await journal.close();
        await pool.end();
        return isClean;
      },
    },
    null,
  );
  snapshotter.start();
}
