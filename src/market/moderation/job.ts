/** Listings that are there already are judged again when the rules have changed: see `sweep-store.ts`. */
import type { Pool } from 'pg';
import { openDatabase } from '../../persistence/database.ts';
import type { Job } from '../../protocol/job.ts';
import { sweepOn } from './sweep-store.ts';

/** A slice each time: some 2,000 listings a second, and the thread and the database are free for others in between. */
const everyMs = 100;

/** Registered in features.ts. */
export function createJob({ pool }: { pool: Pool }): Job {
  const database = openDatabase(pool);
  return {
    name: 'listings under changed rules',
    everyMs,
    round: () => sweepOn(database),
    metrics: () => [],
  };
}
