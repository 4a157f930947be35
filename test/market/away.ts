/** A database that cannot be reached, and how work on it ends. */
import { type Database, openDatabase } from '../../src/persistence/database.ts';
import { openPool } from '../../src/persistence/postgres.ts';

/** `work` with a database that nobody answers for. */
export async function away<Result>(work: (database: Database) => Promise<Result>): Promise<Result> {
  const pool = openPool('postgres://nobody@127.0.0.1:1/none', { max: 2, name: 'away' });
  try {
    return await work(openDatabase(pool));
  } finally {
    await pool.end();
  }
}

/** The code with which the work is refused. */
export function rejection(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => 'no rejection',
    (error) => error.code ?? error,
  );
}
