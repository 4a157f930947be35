/**
 * The door to PostgreSQL: pools in which no wait is endless. Connecting, a statement and an idle transaction all time
 * out.
 *
 * 1. The time limits are set on the session instead of being asked for at its start: poolers refuse what they do not
 *    know there.
 * 2. What a URL leaves out comes from nowhere else: config.ts has completed it, and no ~/.pgpass is read.
 */
import pg from 'pg';

interface PoolOptions {
  /** Connections at most. */
  readonly max: number;
  /** Shown in pg_stat_activity. */
  readonly name: string;
  /** How long a connection and an answer are waited for; when not given, as long as the server's own limits last. */
  readonly patienceMs?: number;
}

export const connectTimeoutMs = 3_000;
const statementTimeoutMs = 30_000;

/** A frozen process must not keep its locks either: the server gives up on it. */
const timeLimitsSql = `set statement_timeout = ${statementTimeoutMs}; set idle_in_transaction_session_timeout = ${statementTimeoutMs}`;

// Null, the default, is what makes the driver look into ~/.pgpass.
pg.defaults.password = '';

/** Host and port, for people. */
export function placeOf(url: string): string {
  const { hostname, port, searchParams } = new URL(url);
  return `${searchParams.get('host') ?? decodeURIComponent(hostname)}:${searchParams.get('port') ?? (port || 5432)}`;
}

export function openPool(url: string, options: PoolOptions): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max: options.max,
    application_name: options.name,
    connectionTimeoutMillis: Math.min(connectTimeoutMs, options.patienceMs ?? connectTimeoutMs),
    ...(options.patienceMs === undefined ? {} : { query_timeout: options.patienceMs }),
    idleTimeoutMillis: 30_000,
    // Awaited before the connection is lent out for the first time.
    onConnect: (client) => client.query(timeLimitsSql) as unknown as undefined,
    keepAlive: true,
  });
  // An idle connection that breaks is replaced by the pool; without a listener the event would end the process.
  pool.on('error', () => {});
  // The same for one that breaks while it is lent out: its query fails, which is heard where it was made.
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}
