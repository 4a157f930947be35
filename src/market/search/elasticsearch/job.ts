/**
 * Elasticsearch follows the catalogue beside PostgreSQL's own index, each at its own pace. An index that was lost, or
 * emptied, is made anew as a whole; PostgreSQL answers meanwhile, or what is left does.
 */
import type { Pool } from 'pg';
import { openDatabase } from '../../../persistence/database.ts';
import type { Job } from '../../../protocol/job.ts';
import { counter } from '../../../protocol/metric.ts';
import { SearchConsumer } from '../consumer.ts';
import { readAllCopies } from '../documents.ts';
import { PostgresEngine } from '../postgres/engine.ts';
import type { SearchSettings } from '../settings.ts';
import { connect, productsAlias } from './connection.ts';
import { ElasticsearchIndex } from './index.ts';

const everyMs = 200;
const lookEveryMs = 2_000;
const batch = 250;

/** Registered in features.ts; null: it is not configured. */
export function createJob({ pool, settings }: { pool: Pool; settings: SearchSettings }): Job | null {
  const { elasticsearchUrl } = settings.search;
  if (elasticsearchUrl === null) return null;
  const index = new ElasticsearchIndex(connect(elasticsearchUrl), productsAlias);
  const database = openDatabase(pool);
  const postgres = new PostgresEngine(database);
  const consumer = new SearchConsumer(database, index, 'search-elasticsearch');
  let written = 0;
  let lookedAtMs = Number.NEGATIVE_INFINITY;

  async function makeWhatIsLost(): Promise<void> {
    if (performance.now() - lookedAtMs < lookEveryMs) return;
    const { documents } = await postgres.health();
    if (!(await index.isComplete(documents ?? 0)))
      written += await index.indexAll(readAllCopies(database, batch));
    lookedAtMs = performance.now();
  }

  return {
    name: 'search index in Elasticsearch',
    everyMs,
    async round(stopping) {
      await makeWhatIsLost();
      written += await consumer.round(stopping);
    },
    metrics: () => [
      counter(
        'doorbuster_elasticsearch_indexed_total',
        'Products written to Elasticsearch, or taken out of it',
        written,
      ),
    ],
  };
}
