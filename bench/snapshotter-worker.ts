/** A thread of the passivation bench: saves what the journal has, as the server's snapshotter does, in memory of its own. */
import { parentPort, workerData } from 'node:worker_threads';
import { deciders } from '../src/features.ts';
import { openPostgresJournal } from '../src/persistence/journal/postgres.ts';
import { openPool } from '../src/persistence/postgres.ts';
import { createSnapshotStore } from '../src/persistence/snapshots.ts';
import { anchorClock, startClock, systemScheduler } from '../src/runtime/clock.ts';
import { defaultSnapshotterLimits, Snapshotter } from '../src/runtime/snapshotter.ts';

export interface ArchiveTask {
  readonly databaseUrl: string;
  readonly heads: [partition: number, seq: number][];
  readonly graceMs: number;
}

const { databaseUrl, heads, graceMs } = workerData as ArchiveTask;
const pool = openPool(databaseUrl, { max: 2, name: 'snapshotter' });
const snapshotter = new Snapshotter({
  deciders,
  journal: openPostgresJournal(pool),
  store: createSnapshotStore(pool),
  clock: startClock(anchorClock()),
  scheduler: systemScheduler,
  onSaved: (partition, seq) => parentPort!.postMessage([partition, seq]),
  log(level, message, fields) {
    if (level !== 'info') console.error(message, fields);
  },
  limits: defaultSnapshotterLimits,
});
for (const [partition, seq] of heads) snapshotter.advance(partition, seq);
const isClean = await snapshotter.stop(graceMs);
await pool.end();
if (!isClean) throw new Error('not everything was saved in time');
