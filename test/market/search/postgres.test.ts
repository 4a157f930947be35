/** The engine in PostgreSQL: what all engines do, and what is its own. */
import { PostgresEngine } from '../../../src/market/search/postgres/engine.ts';
import { PostgresIndex } from '../../../src/market/search/postgres/writer.ts';
import { openDatabase } from '../../../src/persistence/database.ts';
import { testDatabase } from '../../persistence/support.ts';
import { describeEngine } from './conformance.ts';

describeEngine('postgres', async () => {
  const { pool, close } = await testDatabase();
  const database = openDatabase(pool);
  return {
    engine: new PostgresEngine(database),
    index: new PostgresIndex(database),
    clear: async () => {
      await pool.query('TRUNCATE search_documents, search_lexicon, search_suggestions');
    },
    // What is committed is found.
    settle: async () => {},
    close,
  };
});
