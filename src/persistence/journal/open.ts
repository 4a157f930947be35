/** Which journal is in force: Redis Streams when a Redis is configured, PostgreSQL otherwise. */
import type { Pool } from 'pg';
import { DoorbusterError } from '../../protocol/errors.ts';
import type { Journal } from '../../protocol/journal.ts';
import type { Log } from '../../protocol/log.ts';
import { openPostgresJournal } from './postgres.ts';

export async function openJournal(redisUrl: string | null, pool: Pool, log: Log): Promise<Journal> {
  if (redisUrl === null) return openPostgresJournal(pool);
  // A thread that is started anew must answer soon: it loads only what it needs.
  const { openRedisJournal } = await import('./redis.ts');
  return openRedisJournal(redisUrl, pool, log);
}

const answerTimeoutMs = 5_000;

/** Throws when the journal's own store could not be written to. Writes nothing itself. */
export async function checkJournalStore(redisUrl: string | null, log: Log): Promise<void> {
  if (redisUrl === null) return;
  const { openRedisLink } = await import('./redis-link.ts');
  const link = await openRedisLink(redisUrl, 'doorbuster-check', answerTimeoutMs, log);
  try {
    // Where INFO is forbidden, the first append will tell.
    const [reply] = await link.run([['info', 'replication']]);
    if (reply && !reply.error && /^role:slave/m.test(String(reply.value)))
      throw new DoorbusterError('wrong_state', 'REDIS_URL leads to a replica, which takes no writes');
  } finally {
    await link.close();
  }
}
