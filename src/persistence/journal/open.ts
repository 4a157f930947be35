/** Which journal is in force: Redis Streams when a Redis is configured, PostgreSQL otherwise. */
import type { Pool } from 'pg';
import { DoorbusterError } from '../../protocol/errors.ts';
import type { Journal } from '../../protocol/journal.ts';
import type { Log } from '../../protocol/log.ts';
import { openPostgresJournal } from './postgres.ts';
import type { RedisLink } from './redis-link.ts';

export async function openJournal(redisUrl: string | null, pool: Pool, log: Log): Promise<Journal> {
  if (redisUrl === null) return openPostgresJournal(pool);
  // A thread that is started anew must answer soon: it loads only what it needs.
  const { openRedisJournal } = await import('./redis.ts');
  return openRedisJournal(redisUrl, pool, log);
}

const answerTimeoutMs = 5_000;
/** Names the database whose journal this is. */
const ownerKey = 'doorbuster:journal-of';

/** Throws when the journal's own store could not be written to. Writes nothing itself. */
export function checkJournalStore(redisUrl: string | null, log: Log): Promise<void> {
  return withStore(redisUrl, log, async (link) => {
    // Where INFO is forbidden, the first append will tell.
    const [reply] = await link.run([['info', 'replication']]);
    if (reply && !reply.error && /^role:slave/m.test(String(reply.value)))
      throw new DoorbusterError('wrong_state', 'REDIS_URL leads to a replica, which takes no writes');
  });
}

/**
 * Ties the store to the database with this id, for ever. Throws when it is tied to another one: a claim that came from
 * there with a higher epoch would fence the server that runs on this journal.
 */
export function tieJournalStore(redisUrl: string | null, dataId: string, log: Log): Promise<void> {
  return withStore(redisUrl, log, async (link) => {
    const [, found] = await link.ask([
      ['setnx', ownerKey, dataId],
      ['get', ownerKey],
    ]);
    if (String(found) !== dataId)
      throw new DoorbusterError(
        'wrong_state',
        'REDIS_URL leads to the journal of another database than DATABASE_URL: give each its own Redis database',
      );
  });
}

async function withStore(
  redisUrl: string | null,
  log: Log,
  look: (link: RedisLink) => Promise<void>,
): Promise<void> {
  if (redisUrl === null) return;
  const { openRedisLink } = await import('./redis-link.ts');
  const link = await openRedisLink(redisUrl, 'doorbuster-check', answerTimeoutMs, log);
  try {
    await look(link);
  } finally {
    await link.close();
  }
}
