/**
 * The door to PostgreSQL: pools in which no wait is endless. Connecting, a statement and an idle transaction all time
 * out.
 */
import pg from 'pg';

interface PoolOptions {
  /** Connections at most. */
  readonly max: number;
  /** Shown in pg_stat_activity. */
  readonly name: string;
}

export const connectTimeoutMs = 3_000;
const statementTimeoutMs = 30_000;

export function openPool(url: string, options: PoolOptions): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max: options.max,
    application_name: options.name,
    connectionTimeoutMillis: connectTimeoutMs,
    idleTimeoutMillis: 30_000,
    statement_timeout: statementTimeoutMs,
    // A frozen process must not keep its locks: the server gives up on it.
    idle_in_transaction_session_timeout: statementTimeoutMs,
    keepAlive: true,
  });
  // An idle connection that breaks is replaced by the pool; without a listener the event would end the process.
  pool.on('error', () => {});
  // The same for one that breaks while it is lent out: its query fails, which is heard where it was made.
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}
