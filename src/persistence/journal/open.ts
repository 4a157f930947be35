/** Which journal is in force: Redis Streams when a Redis is configured, PostgreSQL otherwise. */
import type { Pool } from 'pg';
import type { Journal } from '../../protocol/journal.ts';
import type { Log } from '../../protocol/log.ts';
import { openPostgresJournal } from './postgres.ts';
import { openRedisJournal } from './redis.ts';

export function openJournal(redisUrl: string | null, pool: Pool, log: Log): Promise<Journal> {
  return redisUrl === null
    ? Promise.resolve(openPostgresJournal(pool))
    : openRedisJournal(redisUrl, pool, log);
}
