/**
 * Appending frames to the journal in PostgreSQL.
 *
 * 1. An append is one statement: it locks the partitions' rows in one fixed order (so two appends cannot deadlock), and
 *    only where the row still has the frame's epoch and the frame's predecessor does it move on and take the frame.
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

const appendSql = `
with f as materialized (
  select * from unnest($1::smallint[], $2::int[], $3::bigint[], $4::int[], $5::int[])
    as f(partition, epoch, seq, start, size)
), held as materialized (
  select p.partition, p.epoch, p.journal_seq from partitions p join f on f.partition = p.partition
  order by p.partition for no key update of p
), moved as (
  update partitions p set journal_seq = f.seq
  from f join held on held.partition = f.partition
  where p.partition = f.partition and held.epoch = f.epoch and held.journal_seq = f.seq - 1
  returning p.partition
), added as (
  insert into journal_frames (partition, seq, epoch, frame)
  select f.partition, f.seq, f.epoch, substring($6::bytea from f.start for f.size)
  from f join moved on moved.partition = f.partition
)
select f.partition, held.epoch, held.journal_seq, moved.partition is not null as is_appended
from f join held on held.partition = f.partition left join moved on moved.partition = f.partition`;

interface AppendRow {
  readonly partition: number;
  readonly epoch: number;
  readonly journal_seq: string;
  readonly is_appended: boolean;
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
  const { rows } = await pool.query<AppendRow>({
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
  const rowByPartition = new Map(rows.map((row) => [row.partition, row]));
  return frames.map((frame) => outcomeOf(frame, rowByPartition.get(frame.partition)));
}

function outcomeOf(frame: Frame, row: AppendRow | undefined): AppendOutcome {
  if (!row) throw new Error(`no such partition: ${frame.partition}`);
  if (row.is_appended) return 'ok';
  if (row.epoch !== frame.epoch) return 'stale';
  return frame.seq <= Number(row.journal_seq) ? 'repeat' : 'gap';
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
  const late = new AbortController();
  const deadlineMs = performance.now() + settleMs;
  const timeUp = wait(settleMs + tryMs / 4, null, { signal: late.signal })
    .catch(() => null)
    .then(() => frames.map((): AppendOutcome => 'unknown'));
  try {
    return await Promise.race([settle(pool, frames, deadlineMs), timeUp]);
  } finally {
    late.abort();
  }
}
