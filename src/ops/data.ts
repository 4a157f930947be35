/**
 * The data of a server: its stores, checked, and then owned by it alone. Whatever can be wrong with them is found out
 * before `ServerOwner.take`, which is the first step that a server already running there could notice.
 */
import type { Pool } from 'pg';
import type { Config } from '../config.ts';
import { type EmbeddedPostgres, startEmbedded } from '../persistence/embedded/server.ts';
import { checkExpiringValues } from '../persistence/expiring.ts';
import { checkJournalStore, tieJournalStore } from '../persistence/journal/open.ts';
import { migrate } from '../persistence/migrate.ts';
import { openPool } from '../persistence/postgres.ts';
import { ServerOwner } from '../persistence/server-owner.ts';
import { checkSession } from '../persistence/session.ts';
import type { Log } from '../protocol/log.ts';

interface OpenData {
  readonly databaseUrl: string;
  readonly pool: Pool;
}

interface OpenDataOptions {
  readonly config: Config;
  readonly log: Log;
  /** Names this process among those that may own the data. */
  readonly owner: string;
  /** Ports that the embedded database must leave alone. */
  readonly taken: readonly number[];
  /** Is given what is to be closed at the end, the last first; also by an opening that fails. */
  onOpen(close: (isReplaced: boolean) => Promise<void>): void;
}

export async function openData({ config, log, owner, taken, onOpen }: OpenDataOptions): Promise<OpenData> {
  const embedded = config.databaseUrl === null ? await startEmbedded(config.dataDir, log, taken) : null;
  let isOurs = embedded?.isAdopted === false;
  // A server that owned the data before, or has taken it over, works on the same database.
  onOpen(async (isReplaced) => {
    if (isOurs && !isReplaced) await embedded?.stop();
  });
  const databaseUrl = urlOf(config, embedded);
  await checkSession(databaseUrl);
  await checkJournalStore(config.redisUrl, log);
  await checkExpiringValues(config.sessionsRedisUrl, log);
  await migrate(databaseUrl, log);
  const pool = openPool(databaseUrl, { max: 2, name: 'main' });
  onOpen(() => pool.end());
  const server = new ServerOwner(pool, owner, log);
  const dataId = await server.take(config.isTakeOver);
  isOurs = true;
  onOpen(async () => {
    isOurs = await server.release();
  });
  await tieJournalStore(config.redisUrl, dataId, log);
  return { databaseUrl, pool };
}

function urlOf({ databaseUrl }: Config, embedded: EmbeddedPostgres | null): string {
  const url = databaseUrl ?? embedded?.url;
  if (url === undefined) throw new Error('neither a database nor an embedded one');
  return url;
}
