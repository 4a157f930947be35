/**
 * The schema's migrations: one transaction under an advisory lock, so servers that start together take turns. Waiting
 * for a connection and for a lock are bounded.
 */
import { fileURLToPath } from 'node:url';
import { runner } from 'node-pg-migrate';
import pg from 'pg';
import type { Log } from '../protocol/log.ts';
import { connectTimeoutMs } from './postgres.ts';

const lockTimeoutMs = 60_000;
const migrationsFolder = fileURLToPath(new URL('./migrations', import.meta.url));

/** Brings the schema up to date and answers with the names of the migrations that were run. */
export async function migrate(url: string, log: Log): Promise<string[]> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'doorbuster-migrations',
    connectionTimeoutMillis: connectTimeoutMs,
    lock_timeout: lockTimeoutMs,
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
