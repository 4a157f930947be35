/** Sales of suspended sellers that are still open are closed: see `closing-store.ts`. */
import type { Pool } from 'pg';
import { openDatabase } from '../../persistence/database.ts';
import type { Ask } from '../../protocol/command.ts';
import type { Job } from '../../protocol/job.ts';
import { closeSalesOfSuspended } from './closing-store.ts';

const everyMs = 1_000;

/** Registered in features.ts. */
export function createJob({ pool, ask }: { pool: Pool; ask: Ask }): Job {
  const database = openDatabase(pool);
  return {
    name: "closing of suspended sellers' sales",
    everyMs,
    round: () => closeSalesOfSuspended(database.query, ask, null),
    metrics: () => [],
  };
}
