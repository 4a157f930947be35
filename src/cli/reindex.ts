/**
 * `npm run reindex`: makes the search index anew from the catalogue, beside a running server or without one. Searches go
 * on meanwhile. Ends with 0 when it is done, 3 when a store cannot be reached.
 */
import '../environment.ts';
import { readAllCopies } from '../market/search/documents.ts';
import { connect, productsAlias } from '../market/search/elasticsearch/connection.ts';
import { ElasticsearchIndex } from '../market/search/elasticsearch/index.ts';
import { reindexPostgres } from '../market/search/postgres/reindex.ts';
import { openDatabase } from '../persistence/database.ts';
import { openPool } from '../persistence/postgres.ts';
import { commandSettings, openStores, type Stores } from './stores.ts';

const batch = 500;

const { config, log } = commandSettings();
let stores: Stores | null = null;
try {
  stores = await openStores(config, log);
  const startedAtMs = performance.now();
  // One session, which has no limit on how long making an index takes, and more memory to make it in.
  const pool = openPool(stores.databaseUrl, { max: 1, name: 'reindex' });
  try {
    await pool.query(`SET statement_timeout = 0; SET maintenance_work_mem = '256MB'`);
    const database = openDatabase(pool);
    const count = await reindexPostgres(database, readAllCopies(database, batch));
    const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1);
    process.stdout.write(`postgres: ${count} products are indexed anew, in ${seconds} s\n`);
    if (config.elasticsearchUrl !== null) {
      const index = new ElasticsearchIndex(connect(config.elasticsearchUrl), productsAlias);
      const copied = await index.indexAll(readAllCopies(database, batch));
      process.stdout.write(`elasticsearch: ${copied} products are indexed anew\n`);
    }
  } finally {
    await pool.end();
  }
} catch (error) {
  process.stderr.write(`doorbuster: ${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 3;
} finally {
  await stores?.close();
}
