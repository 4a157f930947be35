/**
 * The one way to a transaction.
 *
 * 1. It commits when `work` resolves and rolls back when `work` throws; the error reaches the caller unchanged.
 * 2. A connection that cannot roll back, that was cut while lent out, or that has let somebody wait too long, is closed
 *    instead of going back to the pool.
 */
import type pg from 'pg';

interface TransactionOptions {
  /** PostgreSQL's default, read committed, when not given. */
  readonly isolation?: 'repeatable read';
  readonly isReadOnly?: boolean;
}

export async function inTransaction<Result>(
  pool: Pick<pg.Pool, 'connect'>,
  work: (client: pg.PoolClient) => Promise<Result>,
  { isolation, isReadOnly = false }: TransactionOptions = {},
): Promise<Result> {
  const client = await pool.connect();
  let broken: Error | undefined;
  // A connection that is cut while lent out emits an event besides failing its query; unheard, it ends the process.
  const onCut = (error: Error) => {
    broken = error;
  };
  client.on('error', onCut);
  try {
    const level = isolation === undefined ? '' : ` ISOLATION LEVEL ${isolation.toUpperCase()}`;
    await client.query(`BEGIN${level}${isReadOnly ? ' READ ONLY' : ''}`);
    const result = await work(client);
    await client.query('COMMIT');
    return result;
  } catch (error) {
    if (isSilent(error)) onCut(error);
    else await client.query('ROLLBACK').catch(onCut);
    throw error;
  } finally {
    client.off('error', onCut);
    client.release(broken);
  }
}

/** The driver's own time limit, which pools with a patience have: the server would not answer a rollback either. */
function isSilent(error: unknown): error is Error {
  return error instanceof Error && error.message === 'Query read timeout';
}
