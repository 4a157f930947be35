/** Entry point of the snapshotter's thread: snapshots of every partition, taken from the journal beside the shards. */
import { deciders } from '../features.ts';
import { createLog, type LogOptions } from '../ops/log.ts';
import { openJournal } from '../persistence/journal/open.ts';
import { openPool } from '../persistence/postgres.ts';
import { createSnapshotStore } from '../persistence/snapshots.ts';
import { type ClockAnchor, startClock } from '../runtime/clock.ts';
import { systemScheduler } from '../runtime/scheduler.ts';
import { defaultSnapshotterLimits, Snapshotter } from '../runtime/snapshotter.ts';
import { startThread, threadData } from '../runtime/thread.ts';

export interface SnapshotterData {
  readonly databaseUrl: string;
  readonly redisUrl: string | null;
  readonly clock: ClockAnchor;
  readonly log: LogOptions;
}

const positionsEveryMs = 5_000;

const data = threadData<SnapshotterData>();
const log = createLog(data.log, { room: 'snapshotter' });
const thread = startThread();
const pool = openPool(data.databaseUrl, { max: 2, name: 'snapshotter' });
const journal = await openJournal(data.redisUrl, pool, log);
const snapshotter = new Snapshotter({
  deciders,
  journal,
  store: createSnapshotStore(pool),
  clock: startClock(data.clock),
  scheduler: systemScheduler,
  onSaved(partition, seq) {
    for (const shard of thread.peers('shard'))
      shard.push({ topic: 'archive', type: 'partition.saved', body: [partition, seq] });
  },
  log,
  limits: defaultSnapshotterLimits,
});

/** What they said while nobody listened here; asked again and again, because threads come back at any time. */
function readPositions(): void {
  for (const shard of thread.peers('shard'))
    shard.request('shard', '', { type: 'ReadPositions' }, ({ body }) => {
      for (const [partition, seq] of (body ?? []) as [number, number][]) snapshotter.advance(partition, seq);
    });
}
const asking = setInterval(readPositions, positionsEveryMs);

thread.ready(
  {
    // From a shard: how far a partition is durable.
    onPush({ body }) {
      const [partition, seq] = body as [number, number];
      snapshotter.advance(partition, seq);
    },
    stats: () => snapshotter.stats(),
    async stop(graceMs) {
      clearInterval(asking);
      const isClean = await snapshotter.stop(graceMs);
      await journal.close();
      await pool.end();
      return isClean;
    },
  },
  null,
);
snapshotter.start();
