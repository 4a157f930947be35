/**
 * Appending frames to the journal in PostgreSQL.
 *
 * 1. An append is one statement: it locks the partitions' rows in one fixed order (so two appends cannot deadlock), and
 *    only where the row still has the frame's epoch and the frame's predecessor does it move on and take the frame. Why
 *    a frame was not taken is asked only when one was not.
 * 2. After a lost answer the same statement runs again. If the first one did land, the second is a repeat whose stored
 *    bytes are equal, and that counts as success.
 * 3. A statement that is still under way when time is up may land later: that is what `unknown` says, and the claim that
 *    must follow either counts it or fences it.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type pg from 'pg';
import { backoffMs } from '../../protocol/backoff.ts';
import type { AppendOutcome, Frame } from '../../protocol/journal.ts';

/** In all, and for one try: a server that hangs must not hold the answer back longer. */
const settleMs = 2_000;
const tryMs = 1_000;

/**
 * What is asked is answered with the partitions that took their frame: a plan with fewer joins, and less to read than a row
 * of reasons for each.
 */
const appendSql = `
with held as materialized (
  select f.*, p.epoch as owner_epoch, p.journal_seq
  from unnest($1::smallint[], $2::int[], $3::bigint[], $4::int[], $5::int[]) as f(partition, epoch, seq, start, size)
  join partitions p on p.partition = f.partition
  order by f.partition for no key update of p
), moved as (
  update partitions p set journal_seq = held.seq
  from held
  where p.partition = held.partition and held.owner_epoch = held.epoch and held.journal_seq = held.seq - 1
  returning held.partition, held.seq, held.epoch, held.start, held.size
)
insert into journal_frames (partition, seq, epoch, frame)
select partition, seq, epoch, substring($6::bytea from start for size) from moved
returning partition`;

const positionsSql =
  'select partition, epoch, journal_seq from partitions where partition = any($1::smallint[])';

interface PositionRow {
  readonly partition: number;
  readonly epoch: number;
  readonly journal_seq: string;
}

/** Bad SQL or broken constraints are bugs; everything else may pass: try again. */
function isOutage(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return !(typeof code === 'string' && /^(22|23|42)[0-9A-Z]{3}$/.test(code));
}

export async function appendOnce(pool: pg.Pool, frames: readonly Frame[]): Promise<AppendOutcome[]> {
  let size = 0;
  const starts = frames.map((frame) => {
    const start = size + 1;
    size += frame.bytes.length;
    return start;
  });
  const { rows } = await pool.query<{ partition: number }>({
    name: 'journal-append',
    text: appendSql,
    query_timeout: tryMs,
    values: [
      frames.map((frame) => frame.partition),
      frames.map((frame) => frame.epoch),
      frames.map((frame) => frame.seq),
      starts,
      frames.map((frame) => frame.bytes.length),
      // One binary parameter: an array of bytea would travel as hexadecimal text.
      Buffer.concat(frames.map((frame) => frame.bytes)),
    ],
  } as pg.QueryConfig);
  if (rows.length === frames.length) return frames.map(() => 'ok');
  const appended = new Set(rows.map(({ partition }) => partition));
  return refusals(pool, frames, appended);
}

/** Why frames were not appended, as things stand now: whoever has moved the partition on since has taken it, too. */
async function refusals(
  pool: pg.Pool,
  frames: readonly Frame[],
  appended: ReadonlySet<number>,
): Promise<AppendOutcome[]> {
  const { rows } = await pool.query<PositionRow>({
    name: 'journal-refusals',
    text: positionsSql,
    query_timeout: tryMs,
    values: [frames.map((frame) => frame.partition)],
  } as pg.QueryConfig);
  const rowByPartition = new Map(rows.map((row) => [row.partition, row]));
  return frames.map((frame) => {
    if (appended.has(frame.partition)) return 'ok';
    const row = rowByPartition.get(frame.partition);
    if (!row) throw new Error(`no such partition: ${frame.partition}`);
    if (row.epoch !== frame.epoch) return 'stale';
    return frame.seq <= Number(row.journal_seq) ? 'repeat' : 'gap';
  });
}

/** After a lost answer: a repeat of exactly these bytes is our own first try. */
function recognise(
  pool: pg.Pool,
  frames: readonly Frame[],
  outcomes: readonly AppendOutcome[],
): Promise<AppendOutcome[]> {
  return Promise.all(
    outcomes.map(async (outcome, i) => {
      if (outcome !== 'repeat') return outcome;
      const { partition, epoch, seq, bytes } = frames[i]!;
      const { rowCount } = await pool.query(
        'select from journal_frames where partition = $1 and seq = $2 and epoch = $3 and frame = $4',
        [partition, seq, epoch, Buffer.from(bytes)],
      );
      return rowCount === 1 ? 'ok' : 'repeat';
    }),
  );
}

async function settle(pool: pg.Pool, frames: readonly Frame[], deadlineMs: number): Promise<AppendOutcome[]> {
  for (let attempt = 0; ; attempt++) {
    try {
      const outcomes = await appendOnce(pool, frames);
      return attempt === 0 ? outcomes : await recognise(pool, frames, outcomes);
    } catch (error) {
      if (!isOutage(error)) throw error;
      const delayMs = backoffMs(10, 200, attempt);
      if (performance.now() + delayMs > deadlineMs) return frames.map(() => 'unknown');
      await wait(delayMs);
    }
  }
}

/** Answers in time, whatever becomes of the server. */
export async function append(pool: pg.Pool, frames: readonly Frame[]): Promise<AppendOutcome[]> {
  if (frames.length === 0) return [];
  if (new Set(frames.map((frame) => frame.partition)).size < frames.length)
    throw new Error('two frames of one partition in one append');
  const deadlineMs = performance.now() + settleMs;
  let timer: NodeJS.Timeout | undefined;
  const timeUp = new Promise<AppendOutcome[]>((resolve) => {
    timer = setTimeout(() => resolve(frames.map(() => 'unknown')), settleMs + tryMs / 4);
  });
  try {
    return await Promise.race([settle(pool, frames, deadlineMs), timeUp]);
  } finally {
    clearTimeout(timer);
  }
}
