/** Sales of suspended sellers that are still open are closed, and products that are yet to follow do: `closing-store.ts`, `hiding-store.ts`. */
import type { Pool } from 'pg';
import { openDatabase } from '../../persistence/database.ts';
import type { Ask } from '../../protocol/command.ts';
import type { Job } from '../../protocol/job.ts';
import { closeSalesOfSuspended } from './closing-store.ts';
import { followAll, sellersToFollow } from './hiding-store.ts';

const everyMs = 1_000;

/** Registered in features.ts. */
export function createJob({ pool, ask }: { pool: Pool; ask: Ask }): Job {
  const database = openDatabase(pool);
  return {
    name: 'sales and products of suspended sellers',
    everyMs,
    async round(stopping) {
      await closeSalesOfSuspended(database.query, ask, null);
      for (const sellerId of await sellersToFollow(database.query))
        await followAll(database, sellerId, '', () => stopping.aborted);
    },
    metrics: () => [],
  };
}
