/**
 * Becoming the owner of partitions whose journal lies in Redis.
 *
 * 1. The epoch is raised in PostgreSQL, then the fence `<epoch>-0` is put into the stream: from then on Redis refuses
 *    every id of an older epoch. Only then is the tail read: nothing can be added to it behind our back.
 * 2. A stream is created only for a partition that never had one. One that should be there and is not, or that ends
 *    before what snapshots, projections or this process have seen, is a lost journal: its claim carries a fault, never
 *    a fresh start. The other partitions of the same call are claimed as ever.
 */
import type pg from 'pg';
import { DoorbusterError } from '../../protocol/errors.ts';
import type { Claim } from '../../protocol/journal.ts';
import { isTakenOverSql, takeOverSql } from './owners.ts';
import type { RedisReply } from './redis-command.ts';
import { askPatiently, type RedisLink } from './redis-link.ts';
import { readTails, streamKey, type Tail } from './stream.ts';

const raiseSql = `
with held as materialized (
  select partition, owner, taken_over_at from partitions where partition = any($1::smallint[]) order by partition for no key update
)
update partitions p set epoch = p.epoch + 1, ${takeOverSql}
from held where p.partition = held.partition and (p.journal is distinct from 'postgres' or p.journal_seq = 0)
returning p.partition, p.epoch, ${isTakenOverSql} as is_taken_over, p.journal is not distinct from 'redis' as is_started,
  greatest(
    (select c.seq from checkpoints c where c.partition = p.partition),
    (select max(c.seq) from projection_checkpoints c where c.partition = p.partition),
    0
  ) as seen_seq`;

interface Raised {
  partition: number;
  epoch: number;
  is_taken_over: boolean | null;
  is_started: boolean;
  seen_seq: string;
}

export const isSmallerIdError = (reply: RedisReply) =>
  reply.error?.message.includes('equal or smaller') === true;

function lost(partition: number, how: string): string {
  return `the Redis journal of partition ${partition} is lost: ${how}. Bring back the Redis data that belongs to this database, or see npm run recover`;
}

async function raise(
  pool: pg.Pool,
  partitions: readonly number[],
  owner: string | undefined,
): Promise<Raised[]> {
  const { rows } = await pool.query<Raised>(raiseSql, [partitions, owner ?? null]);
  return partitions.map((partition) => {
    const row = rows.find((candidate) => candidate.partition === partition);
    if (row) return row;
    throw new DoorbusterError(
      'internal_error',
      `the journal of partition ${partition} lives in PostgreSQL: start without REDIS_URL, as before`,
      { partition },
    );
  });
}

/** Answers with the partitions whose stream should be there and is not. */
async function fence(link: RedisLink, raised: readonly Raised[]): Promise<ReadonlySet<number>> {
  const replies = await link.run(
    raised.map((row) => [
      'xadd',
      streamKey(row.partition),
      ...(row.is_started ? ['NOMKSTREAM'] : []),
      `${row.epoch}-0`,
      'e',
      '1',
    ]),
  );
  const missing = new Set<number>();
  replies.forEach((reply, i) => {
    // Another process has claimed since: the first append of this one is answered `stale`.
    if (isSmallerIdError(reply)) return;
    if (reply.error) throw new DoorbusterError('busy', `Redis: ${reply.error.message}`);
    if (reply.value === null) missing.add(raised[i]!.partition);
  });
  return missing;
}

/** A stream ahead of the database's epochs was written by somebody who uses another database. */
async function refuseForeign(pool: pg.Pool, partition: number, lastEpoch: number): Promise<void> {
  const { rows } = await pool.query('select epoch from partitions where partition = $1', [partition]);
  if (rows[0].epoch >= lastEpoch) return;
  throw new DoorbusterError(
    'internal_error',
    `the stream ${streamKey(partition)} in Redis is at epoch ${lastEpoch}, the database at ${rows[0].epoch}: they do not belong together`,
    { partition },
  );
}

/** What is wrong with a stream that was just fenced, or null. `seen`: the last frame that somebody knows of. */
function loss(epoch: number, isMissing: boolean, tail: Tail | null, seen: number): string | null {
  if (isMissing) return 'its stream is not there';
  if (!tail || tail.lastEpoch < epoch) return 'its newest mark is not there';
  if (tail.seq >= seen) return null;
  return `it ends at frame ${tail.seq}, but frame ${seen} was acknowledged`;
}

/** `ackedSeq`: the last frame that was acknowledged to this process. */
export async function claimStreams(
  pool: pg.Pool,
  link: RedisLink,
  partitions: readonly number[],
  owner: string | undefined,
  ackedSeq: (partition: number) => number,
): Promise<{ claim: Claim; tail: Tail | null }[]> {
  const raised = await raise(pool, partitions, owner);
  const missing = await askPatiently(() => fence(link, raised));
  const tails = await askPatiently(() => readTails(link, partitions));
  const claims = await Promise.all(
    raised.map(async ({ partition, epoch, seen_seq, is_taken_over }, i) => {
      const tail = tails[i] ?? null;
      if (tail && tail.lastEpoch > epoch) await refuseForeign(pool, partition, tail.lastEpoch);
      const claim = { partition, epoch, tailSeq: tail?.seq ?? 0, isTakenOver: is_taken_over === true };
      const how = loss(epoch, missing.has(partition), tail, Math.max(Number(seen_seq), ackedSeq(partition)));
      return { claim: how === null ? claim : { ...claim, fault: lost(partition, how) }, tail };
    }),
  );
  await pool.query(
    "update partitions set journal = 'redis' where partition = any($1::smallint[]) and journal is distinct from 'redis'",
    [partitions],
  );
  // Claims without traffic leave a row of fences: only the newest matters.
  await link.run(
    claims.flatMap(({ claim, tail }) =>
      !tail || tail.fenceIds.length < 2
        ? []
        : [['xdel', streamKey(claim.partition), ...tail.fenceIds.slice(1)] as const],
    ),
  );
  return claims;
}
