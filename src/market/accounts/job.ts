/** Ended and expired sessions are forgotten in time. */
import type { Pool } from 'pg';
import { openDatabase } from '../../persistence/database.ts';
import type { Job } from '../../protocol/job.ts';
import { forgetSpentSessions } from './sessions.ts';

const everyMs = 600_000;

/** Registered in features.ts. */
export function createJob({ pool }: { pool: Pool }): Job {
  const database = openDatabase(pool);
  return {
    name: 'forgetting of ended sessions',
    everyMs,
    round: () => forgetSpentSessions(database.query),
    metrics: () => [],
  };
}
