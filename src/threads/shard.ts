/** A shard's thread: the real clock, journal and peers around one Shard. */
import { deciders, effectKinds } from '../features.ts';
import { createLog } from '../ops/log.ts';
import { openJournal } from '../persistence/journal/open.ts';
import { openPool } from '../persistence/postgres.ts';
import { createSnapshotStore } from '../persistence/snapshots.ts';
import { evenSpread } from '../protocol/address.ts';
import { startClock, systemScheduler } from '../runtime/clock.ts';
import { EngineClient } from '../runtime/engine-client.ts';
import { Opening } from '../runtime/opening.ts';
import { advancedPush, GatheredPositions, positionsOf } from '../runtime/positions.ts';
import { Shard } from '../runtime/shard.ts';
import { inspectShard } from '../runtime/shard-inspection.ts';
import { defaultShardLimits } from '../runtime/shard-options.ts';
import type { Thread } from '../runtime/thread.ts';
import type { SharedData } from './shared.ts';

export interface ShardData extends SharedData {
  readonly shard: number;
  /** Names this process among those that may own the data. */
  readonly owner: string;
  readonly opening: SharedArrayBuffer;
}

export async function run(thread: Thread, data: ShardData): Promise<void> {
  const log = createLog(data.log, { shard: data.shard });
  const pool = openPool(data.databaseUrl, { max: 4, name: `shard-${data.shard}` });
  const journal = await openJournal(data.redisUrl, pool, log);
  const snapshots = createSnapshotStore(pool);
  const directory = evenSpread(data.shardCount);
  const engine = new EngineClient(thread, directory, effectKinds);
  const opening = new Opening(data.opening, systemScheduler);
  const readers = readersOf(thread);
  const shard = new Shard({
    shard: data.shard,
    restarts: thread.restarts,
    partitions: directory.partitionsOf(data.shard),
    owner: data.owner,
    deciders,
    journal,
    snapshots,
    passivated: snapshots,
    clock: startClock(data.clock),
    scheduler: systemScheduler,
    ask: (message, done) => engine.send(message, ({ code, body }) => done(code, body)),
    push: (push) => thread.push('gateway', push),
    mayOpen: () => opening.pass(data.shard),
    onDurable(partition, seq) {
      for (const reader of readers) reader.advance(partition, seq);
    },
    onReplaced: (partition) => thread.replaced(`partition ${partition} was taken over`),
    onRetired: (reason) => thread.retired(reason),
    onFatal: (reason) => thread.fatal(reason),
    log,
    limits: defaultShardLimits,
  });

  const report = await shard.start();
  log('info', 'shard recovered', { ...report });
  thread.ready(
    {
      onRequest(kind, key, command, reply) {
        if (kind === 'shard') inspectShard(shard, command, reply);
        else shard.deliver(kind, key, command, reply);
      },
      onPush(push) {
        for (const position of positionsOf(push)) shard.saved(...position);
      },
      stats: () => ({ ...shard.stats(), metrics: [...shard.metrics(), ...thread.metrics()] }),
      async stop(graceMs) {
        const isClean = await shard.stop(graceMs);
        for (const reader of readers) reader.flush();
        await journal.close();
        await pool.end();
        return isClean;
      },
      abandon: () => shard.abandon(),
    },
    { ...report, durability: journal.durability, isDurable: journal.isDurable },
  );
}

/** The projector gathers what it hears for a little longer than this; the snapshotter works every few seconds. */
function readersOf(thread: Thread): GatheredPositions[] {
  const reader = (role: 'back-office' | 'snapshotter', gatherMs: number) =>
    new GatheredPositions(gatherMs, systemScheduler, (positions) =>
      thread.push(role, advancedPush(positions)),
    );
  return [reader('back-office', 10), reader('snapshotter', 1_000)];
}
