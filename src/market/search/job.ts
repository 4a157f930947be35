/** The search index follows the catalogue, and old views of products are forgotten. */
import type { Pool } from 'pg';
import { openDatabase } from '../../persistence/database.ts';
import type { Job } from '../../protocol/job.ts';
import { counter } from '../../protocol/metric.ts';
import { forgetViews } from '../views/store.ts';
import { SearchConsumer } from './consumer.ts';
import { PostgresIndex } from './postgres/writer.ts';

const everyMs = 200;
const forgetEveryMs = 600_000;

/** Registered in features.ts. */
export function createJob({ pool }: { pool: Pool }): Job {
  const database = openDatabase(pool);
  const consumer = new SearchConsumer(database, new PostgresIndex(database), 'search');
  let indexed = 0;
  let forgottenAtMs = performance.now();
  return {
    name: 'search index',
    everyMs,
    async round(stopping) {
      indexed += await consumer.round(stopping);
      if (performance.now() - forgottenAtMs < forgetEveryMs) return;
      forgottenAtMs = performance.now();
      await forgetViews(database.query);
    },
    metrics: () => [
      counter(
        'doorbuster_search_indexed_total',
        'Products written to the search index, or taken out of it',
        indexed,
      ),
    ],
  };
}
