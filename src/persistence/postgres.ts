/**
 * The door to PostgreSQL: pools with every wait bounded, and the schema's migrations.
 *
 * 1. No wait is endless: connecting, a statement, a lock while migrating and an idle transaction all time out.
 * 2. Migrations run in one transaction under an advisory lock, so servers that start together take turns.
 */
import { fileURLToPath } from 'node:url';
import { runner } from 'node-pg-migrate';
import pg from 'pg';
import type { Log } from '../protocol/log.ts';

export interface PoolOptions {
  /** Connections at most. */
  readonly max: number;
  /** Shown in pg_stat_activity. */
  readonly name: string;
}

const connectTimeoutMs = 3_000;
const statementTimeoutMs = 30_000;
const migrationLockTimeoutMs = 60_000;
const migrationsFolder = fileURLToPath(new URL('./migrations', import.meta.url));

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

/** Brings the schema up to date and answers with the names of the migrations that were run. */
export async function migrate(url: string, log: Log): Promise<string[]> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'doorbuster-migrations',
    connectionTimeoutMillis: connectTimeoutMs,
    lock_timeout: migrationLockTimeoutMs,
  });
  client.on('error', () => {});
  await client.connect();
  try {
    const done = await runner({
      dbClient: client,
      dir: migrationsFolder,
      ignorePattern: '(?!.*\\.sql$).*',
      migrationsTable: 'migrations',
      direction: 'up',
      singleTransaction: true,
      advisoryLockMode: 'wait',
      logger: {
        debug: (message: string) => log('debug', message),
        info: (message: string) => log('debug', message),
        warn: (message: string) => log('warn', message),
        error: (message: string) => log('error', message),
      },
    });
    return done.map((migration) => migration.name);
  } finally {
    await client.end();
  }
}
