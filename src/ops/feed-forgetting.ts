/** Facts of the feed that every consumer is done with go. */
import type { Pool } from 'pg';
import { openDatabase } from '../persistence/database.ts';
import { forgetFacts } from '../persistence/feed.ts';
import type { Job } from '../protocol/job.ts';

const everyMs = 30_000;
/** The rest waits for the next round. */
const batchesMax = 50;

/** Registered in features.ts. */
export function createJob({ pool }: { pool: Pool }): Job {
  const database = openDatabase(pool);
  return {
    name: 'forgetting of facts',
    everyMs,
    async round(stopping) {
      for (let batch = 0; batch < batchesMax && !stopping.aborted; batch++)
        if ((await forgetFacts(database)) === 0) return;
    },
    metrics: () => [],
  };
}
