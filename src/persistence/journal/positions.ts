/** How far each partition's journal goes, without claiming anything: for commands that only look. */
import type pg from 'pg';
import type { Log } from '../../protocol/log.ts';
import { openRedisLink } from './redis-link.ts';
import { readTails, type Tail } from './stream.ts';

export interface JournalPosition {
  readonly partition: number;
  readonly epoch: number;
  /** The last frame in the journal; null when the stream that should be there is not. */
  readonly tailSeq: number | null;
  readonly checkpointSeq: number;
  /** The newest frame that a projection has taken in. */
  readonly projectedSeq: number;
  /** Frames up to here were dropped on purpose. */
  readonly trimmedSeq: number;
}

const positionsSql = `
select p.partition, p.epoch, p.journal, p.journal_seq::float8, coalesce(p.trimmed_seq, 0)::float8 as trimmed_seq,
  coalesce((select c.seq from checkpoints c where c.partition = p.partition), 0)::float8 as checkpoint_seq,
  coalesce((select max(c.seq) from projection_checkpoints c where c.partition = p.partition), 0)::float8 as projected_seq
from partitions p where p.partition = any($1::smallint[]) order by p.partition`;

interface PositionRow {
  readonly partition: number;
  readonly epoch: number;
  readonly journal: 'postgres' | 'redis' | null;
  readonly journal_seq: number;
  readonly trimmed_seq: number;
  readonly checkpoint_seq: number;
  readonly projected_seq: number;
}

const replyTimeoutMs = 5_000;

/** A stream is created by the partition's first claim: before that it is empty, after that it must be there. */
function streamSeq(tail: Tail | null, { journal }: PositionRow): number | null {
  return tail?.seq ?? (journal === null ? 0 : null);
}

export interface JournalPositions {
  /** In the order of their numbers. The tails are read last: nothing that the rows say can be ahead of them. */
  read(partitions: readonly number[]): Promise<JournalPosition[]>;
  close(): Promise<void>;
}

export async function openPositions(
  pool: pg.Pool,
  redisUrl: string | null,
  log: Log,
): Promise<JournalPositions> {
  const link =
    redisUrl === null ? null : await openRedisLink(redisUrl, 'doorbuster-look', replyTimeoutMs, log);
  return {
    async read(partitions) {
      const { rows } = await pool.query<PositionRow>(positionsSql, [partitions]);
      const known = rows.map(({ partition }) => partition);
      const tails = link === null ? null : await readTails(link, known);
      return rows.map((row, i) => ({
        partition: row.partition,
        epoch: row.epoch,
        tailSeq: tails === null ? row.journal_seq : streamSeq(tails[i] ?? null, row),
        checkpointSeq: row.checkpoint_seq,
        projectedSeq: row.projected_seq,
        trimmedSeq: row.trimmed_seq,
      }));
    },
    async close() {
      await link?.close();
    },
  };
}
