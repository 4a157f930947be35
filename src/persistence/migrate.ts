/**
 * The schema's migrations: one transaction under an advisory lock, so servers that start together take turns. Waiting
 * for a connection and for a lock are bounded.
 *
 * A migration lives with its noun, in `market/<noun>/migrations`, the engine's in `persistence/migrations`. They are
 * numbered over the whole and run by number. The database records a file's name without its folder: a file may move,
 * but is never renamed.
 */
import { globSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runner } from 'node-pg-migrate';
import pg from 'pg';
import type { Log } from '../protocol/log.ts';
import { connectTimeoutMs } from './postgres.ts';

const lockTimeoutMs = 60_000;
const sourceFolder = fileURLToPath(new URL('..', import.meta.url));

/** Every folder named `migrations`. The folder's own path is taken literally, whatever characters it has. */
function migrationsPattern(root: string): string {
  const literal = root.replaceAll('\\', '/').replace(/[?*()[\]{}]/g, '[$&]');
  return `${literal.replace(/\/$/, '')}/**/migrations/*.sql`;
}

/** Brings the schema up to date and answers with the names of the migrations that were run. */
export async function migrate(url: string, log: Log, root = sourceFolder): Promise<string[]> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'doorbuster-migrations',
    connectionTimeoutMillis: connectTimeoutMs,
  });
  client.on('error', () => {});
  await client.connect();
  try {
    await client.query(`set lock_timeout = ${lockTimeoutMs}`);
    const done = await runner({
      dbClient: client,
      dir: migrationsPattern(root),
      useGlob: true,
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

/** Whether every migration has run: if not, the tables are of an earlier version, and the next start mends them. */
export async function isMigrated(pool: pg.Pool, root = sourceFolder): Promise<boolean> {
  const { rows } = await pool.query<{ name: string }>('select name from migrations');
  const done = new Set(rows.map(({ name }) => name));
  return globSync(migrationsPattern(root)).every((file) => done.has(basename(file, '.sql')));
}
