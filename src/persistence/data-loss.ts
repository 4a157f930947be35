/**
 * Going on after a journal has lost frames: an operator's decision, made durable.
 *
 * 1. Whoever still owns the partition is fenced first, in the database and in the stream.
 * 2. The journal gets one empty frame whose number is beyond everything that was seen. Readers start at it: the
 *    checkpoints of snapshots and projections are moved there together with the actors that the decision keeps.
 * 3. The frames before it are left as they are, for whoever wants to look; later trimming drops them.
 * 4. Killed anywhere in between, the partition stays halted, and the same decision can be made again.
 */
import type pg from 'pg';
import { DoorbusterError } from '../protocol/errors.ts';
import { encodeFrame } from '../protocol/frame.ts';
import type { ActorSnapshot } from '../protocol/journal.ts';
import type { Log } from '../protocol/log.ts';
import { openRedisLink } from './journal/redis-link.ts';
import { streamKey } from './journal/stream.ts';
import { createSnapshotStore } from './snapshots.ts';

interface DataLossAcknowledgement {
  readonly partition: number;
  /** The last frame that still counts. */
  readonly tailSeq: number;
  /** The number of the empty frame: beyond everything that was seen. */
  readonly resumeSeq: number;
  readonly fault: string;
  readonly reason: string;
}

const replyTimeoutMs = 5_000;

/** Servers that are connected to this database with shards of their own. */
export async function countOwners(pool: pg.Pool): Promise<number> {
  const { rows } = await pool.query(
    `select count(*)::int as owners from pg_stat_activity
     where datname = current_database() and application_name ~ '^shard-[0-9]+$'`,
  );
  return rows[0].owners;
}

/** `actors` are saved as of `resumeSeq`. */
export async function acknowledgeDataLoss(
  pool: pg.Pool,
  redisUrl: string | null,
  acknowledgement: DataLossAcknowledgement,
  actors: readonly Omit<ActorSnapshot, 'seq'>[],
  log: Log,
): Promise<void> {
  const { partition, resumeSeq } = acknowledgement;
  const epoch = await raiseEpoch(pool, partition);
  const bytes = Buffer.from(encodeFrame(partition, epoch, resumeSeq, []));
  if (redisUrl === null) await bridgeRows(pool, partition, epoch, resumeSeq, bytes);
  else await bridgeStream(redisUrl, partition, epoch, resumeSeq, bytes, log);
  // Before the actors: as long as their checkpoint is the old one, the missing frames keep the partition halted.
  await record(pool, acknowledgement);
  const store = createSnapshotStore(pool);
  const { checkpointSeq: fromSeq } = await store.checkpoint(partition);
  const saved = actors.map((actor) => ({ ...actor, seq: resumeSeq }));
  if (!(await store.save({ partition, fromSeq, toSeq: resumeSeq, actors: saved, engineMs: 0 })))
    throw new DoorbusterError('wrong_state', `partition ${partition} has another owner: stop every server`);
}

async function raiseEpoch(pool: pg.Pool, partition: number): Promise<number> {
  const { rows } = await pool.query(
    'update partitions set epoch = epoch + 1 where partition = $1 returning epoch',
    [partition],
  );
  return rows[0].epoch;
}

async function bridgeRows(
  pool: pg.Pool,
  partition: number,
  epoch: number,
  seq: number,
  bytes: Buffer,
): Promise<void> {
  await pool.query(
    `with moved as (
       update partitions set journal_seq = $3 where partition = $1 and epoch = $2 returning partition
     )
     insert into journal_frames (partition, seq, epoch, frame) select partition, $3, $2, $4 from moved`,
    [partition, epoch, seq, bytes],
  );
}

async function bridgeStream(
  redisUrl: string,
  partition: number,
  epoch: number,
  seq: number,
  bytes: Buffer,
  log: Log,
): Promise<void> {
  const link = await openRedisLink(redisUrl, 'doorbuster-accept', replyTimeoutMs, log);
  try {
    // Without NOMKSTREAM: a stream that is gone begins anew here, and only here.
    await link.ask([['xadd', streamKey(partition), `${epoch}-${seq}`, 'f', bytes]]);
  } finally {
    await link.close();
  }
}

/** The table's name is older than the word. */
async function record(pool: pg.Pool, acknowledgement: DataLossAcknowledgement): Promise<void> {
  const { partition, tailSeq, resumeSeq, fault, reason } = acknowledgement;
  await pool.query(
    `with moved as (
       update projection_checkpoints set seq = $3 where partition = $1
     ), dropped as (
       update partitions set trimmed_seq = greatest(coalesce(trimmed_seq, 0), $3::bigint - 1) where partition = $1
     )
     insert into journal_acceptances (partition, tail_seq, resume_seq, fault, reason) values ($1, $2, $3, $4, $5)`,
    [partition, tailSeq, resumeSeq, fault, reason],
  );
}
