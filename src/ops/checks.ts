/** Asks the database and every thread how they are. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Pool } from 'pg';

import type { PoisonedActor } from '../protocol/shard-row.ts';
import type { ShardStatsRow } from '../runtime/statistics.ts';
import type { Supervisor } from '../runtime/supervisor.ts';
import type { Check } from './server.ts';

/** A journal that has not answered for so long takes no commands. */
export const silentMsMax = 1_000;
const databaseMsMax = 2_000;

const silenceOf = ({ shard, journalSilentMs }: ShardStatsRow) =>
  `the journal has not answered shard ${shard} for ${(journalSilentMs / 1000).toFixed(1)} s`;

/** Of the back office's numbers, those that are looked at. */
export interface BackOfficeNumbers {
  readonly projector: {
    readonly seconds: number;
    readonly halted: readonly { readonly reason: string }[];
  };
}

/** Of the snapshotter's numbers. */
interface SnapshotterNumbers {
  readonly halted: readonly { readonly reason: string }[];
}

export const poisonOf = ({ kind, key, during, failures, reason }: PoisonedActor) =>
  `${kind}/${key} fails at ${during}, ${failures} times in a row: ${reason}`;

const recoveryOf = (partition: number) => `partition ${partition} is still being recovered`;

function check(texts: readonly string[], isOk = texts.length === 0): Check {
  return { isOk, ...(texts.length > 0 ? { detail: texts.join('; ') } : {}) };
}

/** One that is silent holds up nobody who only wants to know. */
async function checkDatabase(pool: Pick<Pool, 'query'>): Promise<Check> {
  const answered = pool.query('select 1').then(
    () => ({ isOk: true }),
    (error) => ({ isOk: false, detail: String(error) }),
  );
  const silent = { isOk: false, detail: `no answer for ${databaseMsMax / 1000} s` };
  return Promise.race([answered, delay(databaseMsMax, silent, { ref: false })]);
}

/**
 * The checks of /readyz: the database, every thread, the journal, partitions that were halted, projections that stopped.
 * Poisoned actors, partitions that are recovered after the others, and those of which no snapshot can be taken are named, but fail nothing.
 */
export async function readChecks(
  pool: Pick<Pool, 'query'>,
  threads: Pick<Supervisor, 'stats' | 'states'>,
): Promise<Record<string, Check>> {
  const [database, shardRows, backOffices, snapshotters] = await Promise.all([
    checkDatabase(pool),
    threads.stats('shard'),
    threads.stats('back-office'),
    threads.stats('snapshotter'),
  ]);
  const shards = shardRows.map(({ body }) => body as ShardStatsRow);
  const checks: Record<string, Check> = { database };
  for (const { role, index, isReady, restarts } of threads.states()) {
    checks[`${role}-${index}`] = {
      isOk: isReady,
      ...(restarts > 0 ? { detail: `restarted ${restarts} times` } : {}),
    };
  }
  const silent = shards.filter(({ journalSilentMs }) => journalSilentMs > silentMsMax);
  checks.journal = check(silent.map(silenceOf));
  const halted = shards.flatMap((row) => row.haltedPartitions);
  const recovering = shards.flatMap((row) => row.recoveringPartitions);
  const troubles = [...halted.map(({ reason }) => reason), ...recovering.map(recoveryOf)];
  checks.partitions = check(troubles, halted.length === 0);
  const stopped = backOffices.flatMap(({ body }) => (body as BackOfficeNumbers).projector.halted);
  checks.projections = check(stopped.map(({ reason }) => reason));
  // No reason to send buyers away: everything else goes on.
  const poisoned = shards.flatMap((row) => row.poisonedActors);
  checks.actors = check(poisoned.map(poisonOf), true);
  const unsaved = snapshotters.flatMap(({ body }) => (body as SnapshotterNumbers).halted);
  checks.snapshots = check(
    unsaved.map(({ reason }) => reason),
    true,
  );
  return checks;
}
