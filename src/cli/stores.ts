/** The stores of a data set for commands that look at it or mend it: opened beside a running server, or without one. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Pool } from 'pg';
import { type Config, configOrExit } from '../config.ts';
import { deciders } from '../features.ts';
import type { InspectionDeps } from '../ops/inspection.ts';
import { createLog } from '../ops/log.ts';
import { type EmbeddedPostgres, startEmbedded } from '../persistence/embedded/server.ts';
import { openJournal } from '../persistence/journal/open.ts';
import { type JournalPositions, openPositions } from '../persistence/journal/positions.ts';
import { isMigrated } from '../persistence/migrate.ts';
import { openPool } from '../persistence/postgres.ts';
import { hasServer } from '../persistence/server-owner.ts';
import { checkSession } from '../persistence/session.ts';
import { createSnapshotStore } from '../persistence/snapshots.ts';
import { DoorbusterError } from '../protocol/errors.ts';
import type { Log } from '../protocol/log.ts';

export interface Stores {
  readonly databaseUrl: string;
  readonly pool: Pool;
  readonly positions: JournalPositions;
  readonly inspection: InspectionDeps;
  close(): Promise<void>;
}

/** Throws when one of them cannot be reached. What was opened by then is closed again. */
export async function openStores(config: Config, log: Log): Promise<Stores> {
  const closing: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const one of closing.splice(0).toReversed()) await one();
  };
  try {
    let isUsed = false;
    const embedded = config.databaseUrl === null ? await openEmbedded(config.dataDir, log) : null;
    closing.push(async () => {
      // A server that was started meanwhile has adopted the database that was started for us.
      if (embedded && !embedded.isAdopted && !isUsed) await embedded.stop();
    });
    const databaseUrl = config.databaseUrl ?? embedded!.url;
    const pool = openPool(databaseUrl, { max: 4, name: 'audit' });
    closing.push(async () => {
      isUsed = await hasServer(pool);
      await pool.end();
    });
    await pool.query('select 1 from partitions limit 1').catch((error) => {
      throw new DoorbusterError('busy', `the database cannot be read: ${error.message || error.code}`);
    });
    if (!(await isMigrated(pool)))
      throw new DoorbusterError('wrong_state', 'the tables are of an earlier version: start the server once');
    await checkSession(databaseUrl);
    const journal = await openJournal(config.redisUrl, pool, quiet(log));
    closing.push(() => journal.close());
    const positions = await openPositions(pool, config.redisUrl, log);
    closing.push(() => positions.close());
    const inspection: InspectionDeps = {
      journal,
      snapshots: createSnapshotStore(pool),
      deciders: new Map(deciders.map((decider) => [decider.kind, decider])),
      position: async (partition) => (await positions.read([partition]))[0]!,
    };
    return { databaseUrl, pool, positions, inspection, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Goes on with the database that runs on the folder, or starts it. */
async function openEmbedded(dataDir: string, log: Log): Promise<EmbeddedPostgres> {
  // A typing error in DATA_DIR must not make a new, empty and flawless data set.
  if (!existsSync(join(dataDir, 'postgres', 'PG_VERSION')))
    throw new DoorbusterError('not_found', `there is no data under ${dataDir}`);
  return startEmbedded(dataDir, log);
}

/** A command that only reads needs no warning about the journal's durability. */
function quiet(log: Log): Log {
  return (level, message, fields) => {
    if (level === 'error') log(level, message, fields);
  };
}

/** The settings and a log for a command; ends the process with 2, one line a problem, when they are bad. */
export function commandSettings(): { config: Config; log: Log } {
  const config = configOrExit();
  const level = config.logLevel === 'info' ? 'warn' : config.logLevel;
  return { config, log: createLog({ level }, {}) };
}
