/**
 * The journal in Redis Streams: for crowds. Ownership lives in PostgreSQL, frames in one stream a partition
 * (see stream.ts for their form, redis-writer.ts for how an append is settled, redis-claim.ts for fencing).
 *
 * 1. Appends and reads use two connections, so a long read never delays an acknowledgement.
 * 2. Trimming drops frames up to the one asked for, but never the last frame of a stream: a reader that starts
 *    before it sees that something is missing.
 */
import type pg from 'pg';
import { partitionCount } from '../../protocol/address.ts';
import type { Journal } from '../../protocol/journal.ts';
import type { Log } from '../../protocol/log.ts';
import { releaseOwner } from './owners.ts';
import { claimStreams } from './redis-claim.ts';
import { readDurability } from './redis-durability.ts';
import { openRedisLink } from './redis-link.ts';
import { createRedisReader } from './redis-reader.ts';
import { createRedisWriter } from './redis-writer.ts';
import { readNewest, readTails, seek, streamKey, xadd } from './stream.ts';

const writeTimeoutMs = 750;
const readTimeoutMs = 10_000;

/** The pool stays the caller's: `close` does not end it. */
export async function openRedisJournal(redisUrl: string, pool: pg.Pool, log: Log): Promise<Journal> {
  const writeLink = await openRedisLink(redisUrl, 'doorbuster-journal-write', writeTimeoutMs, log);
  const readLink = await openRedisLink(redisUrl, 'doorbuster-journal-read', readTimeoutMs, log).catch(
    async (error) => {
      await writeLink.close();
      throw error;
    },
  );
  const { durability, isDurable } = await readDurability(writeLink);
  if (!isDurable)
    log('warn', `THE JOURNAL IS NOT SAFE: ${durability}. Set appendonly yes and appendfsync always`);
  const writer = createRedisWriter(writeLink, log);
  const reader = createRedisReader(readLink);

  return {
    durability,
    isDurable,

    async claim(partitions, owner) {
      const { generation } = writeLink;
      const claims = await claimStreams(pool, writeLink, partitions, owner, writer.ackedSeq);
      return claims.map(({ claim }) => {
        if (claim.fault === undefined) writer.claimed(claim, generation);
        return claim;
      });
    },

    release: (partitions, owner) => releaseOwner(pool, partitions, owner),

    // Over the connection of the appends: it gives up early.
    newest: (partitions) => readNewest(writeLink, partitions),

    append: (frames) => writer.append(frames),
    async restore(frames) {
      await writeLink.ask(frames.map(xadd));
    },

    read: (partition, afterSeq, limit) => reader.read(partition, afterSeq, limit),
    readMany: (after, limit) => reader.readMany(after, limit),

    async trim(partition, upToSeq) {
      const [tail] = await readTails(readLink, [partition]);
      const lastDropped = Math.min(upToSeq, (tail?.seq ?? 0) - 1);
      if (lastDropped < 1) return;
      // Noted first: a reader that misses frames can tell those dropped on purpose from those lost.
      await pool.query(
        'update partitions set trimmed_seq = greatest(coalesce(trimmed_seq, 0), $2::bigint) where partition = $1',
        [partition, lastDropped],
      );
      const place = await seek(readLink, partition, lastDropped);
      if (place === '0-0') return;
      const epochOfFirstKept = place.slice(0, place.indexOf('-'));
      await readLink.ask([
        ['xtrim', streamKey(partition), 'MINID', '=', `${epochOfFirstKept}-${lastDropped + 1}`],
      ]);
    },

    async sizeBytes() {
      const sizes = await readLink.ask(
        Array.from({ length: partitionCount }, (_, partition) => [
          'memory',
          'USAGE',
          streamKey(partition),
          'SAMPLES',
          5,
        ]),
      );
      return sizes.reduce((sum: number, size) => sum + Number(size ?? 0), 0);
    },

    async close() {
      await Promise.all([writeLink.close(), readLink.close()]);
    },
  };
}
