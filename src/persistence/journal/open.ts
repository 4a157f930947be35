/** Which journal is in force: Redis Streams when a Redis is configured, PostgreSQL otherwise. */
import type { Pool } from 'pg';
import type { Journal } from '../../protocol/journal.ts';
import type { Log } from '../../protocol/log.ts';
import { openPostgresJournal } from './postgres.ts';

export async function openJournal(redisUrl: string | null, pool: Pool, log: Log): Promise<Journal> {
  if (redisUrl === null) return openPostgresJournal(pool);
  // A thread that is started anew must answer soon: it loads only what it needs.
  const { openRedisJournal } = await import('./redis.ts');
  return openRedisJournal(redisUrl, pool, log);
}
