/**
 * The journal in PostgreSQL: the embedded default, when no Redis is configured.
 *
 * 1. An append is one statement: it locks the partitions' rows in one fixed order (so two appends cannot deadlock),
 *    and only where the row still has the frame's epoch and the frame's predecessor does it move on and take the frame.
 * 2. `claim` raises the epoch in the same rows: an append that was under way has either landed before, and the claim
 *    reports it, or finds another epoch and is refused.
 * 3. After a lost answer the same statement runs again. If the first one did land, the second is a repeat whose stored
 *    bytes are equal, and that counts as success.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type pg from 'pg';
import { DoorbusterError } from '../../protocol/errors.ts';
import type { AppendOutcome, Claim, Frame, Journal } from '../../protocol/journal.ts';
import { isTakenOverSql, releaseOwner, takeOverSql } from './owners.ts';

export interface PostgresJournalOptions {
  /** False keeps every frame for ever: `trim` does nothing. */
  readonly trimmable?: boolean;
}

/** In all, and for one try: a server that hangs must not hold the answer back longer. */
const settleMs = 2_000;
const tryMs = 1_000;
const trimChunkRows = 2_000;

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

const claimSql = `
with held as materialized (
  select partition, owner, taken_over_at from partitions where partition = any($1::smallint[]) order by partition for no key update
)
update partitions p set epoch = p.epoch + 1, journal = 'postgres', ${takeOverSql}
from held where p.partition = held.partition and p.journal is distinct from 'redis'
returning p.partition, p.epoch, p.journal_seq, ${isTakenOverSql} as is_taken_over`;

/** One try only: whoever asks this asks again and again. */
const newestTimeoutMs = 1_000;

const readManySql = `
select f.partition, f.seq, f.epoch, f.frame
from unnest($1::smallint[], $2::bigint[]) as a(partition, after_seq)
join partitions p on p.partition = a.partition and p.journal_seq > a.after_seq
cross join lateral (
  select j.partition, j.seq, j.epoch, j.frame from journal_frames j
  where j.partition = a.partition and j.seq > a.after_seq order by j.seq limit $3
) f
order by f.partition, f.seq`;

interface FrameRow {
  partition: number;
  seq: string;
  epoch: number;
  frame: Buffer;
}

const toFrame = (row: FrameRow): Frame => ({
  partition: row.partition,
  epoch: row.epoch,
  seq: Number(row.seq),
  bytes: row.frame,
});

/** Bad SQL or broken constraints are bugs; everything else may pass: try again. */
function isOutage(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return !(typeof code === 'string' && /^(22|23|42)[0-9A-Z]{3}$/.test(code));
}

/** The pool stays the caller's: `close` does not end it. */
export function openPostgresJournal(pool: pg.Pool, options: PostgresJournalOptions = {}): Journal {
  let settings = { fsync: 'on', synchronous_commit: 'on' };
  const isDurable = () => settings.fsync === 'on' && settings.synchronous_commit !== 'off';

  async function tryAppend(frames: readonly Frame[]): Promise<AppendOutcome[]> {
    let size = 0;
    const starts = frames.map((frame) => {
      const start = size + 1;
      size += frame.bytes.length;
      return start;
    });
    const { rows } = await pool.query({
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
    return frames.map((frame) => {
      const row = rowByPartition.get(frame.partition);
      if (!row) throw new Error(`no such partition: ${frame.partition}`);
      if (row.is_appended) return 'ok';
      if (row.epoch !== frame.epoch) return 'stale';
      return frame.seq <= Number(row.journal_seq) ? 'repeat' : 'gap';
    });
  }

  /** After a lost answer: a repeat of exactly these bytes is our own first try. */
  async function recognise(frames: readonly Frame[], outcomes: AppendOutcome[]): Promise<AppendOutcome[]> {
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

  async function settle(frames: readonly Frame[], deadlineMs: number): Promise<AppendOutcome[]> {
    for (let attempt = 0; ; attempt++) {
      try {
        const outcomes = await tryAppend(frames);
        return attempt === 0 ? outcomes : await recognise(frames, outcomes);
      } catch (error) {
        if (!isOutage(error)) throw error;
        const delayMs = Math.min(200, 10 * 2 ** attempt);
        if (performance.now() + delayMs > deadlineMs) return frames.map(() => 'unknown');
        await wait(delayMs);
      }
    }
  }

  return {
    get durability() {
      const { fsync, synchronous_commit } = settings;
      return isDurable()
        ? 'PostgreSQL: a frame is acknowledged once its transaction is on disk'
        : `PostgreSQL with fsync=${fsync}, synchronous_commit=${synchronous_commit}: acknowledged frames can be lost in a crash`;
    },
    get isDurable() {
      return isDurable();
    },

    async claim(partitions, owner) {
      const { rows } = await pool.query(claimSql, [partitions, owner ?? null]);
      const claims = new Map<number, Claim>(
        rows.map(({ partition, epoch, journal_seq, is_taken_over }) => [
          partition,
          { partition, epoch, tailSeq: Number(journal_seq), isTakenOver: is_taken_over === true },
        ]),
      );
      const shown = await pool.query(
        "select current_setting('fsync') fsync, current_setting('synchronous_commit') synchronous_commit",
      );
      settings = shown.rows[0];
      return partitions.map((partition) => {
        const claim = claims.get(partition);
        if (claim) return claim;
        throw new DoorbusterError(
          'internal_error',
          `the journal of partition ${partition} lives in Redis: start with the same REDIS_URL as before`,
          { partition },
        );
      });
    },

    release: (partitions, owner) => releaseOwner(pool, partitions, owner),

    async newest(partitions) {
      const { rows } = await pool.query({
        name: 'journal-newest',
        text: 'select partition, epoch, journal_seq from partitions where partition = any($1::smallint[])',
        values: [partitions],
        query_timeout: newestTimeoutMs,
      } as pg.QueryConfig);
      const rowByPartition = new Map(rows.map((row) => [row.partition, row]));
      return partitions.map((partition) => {
        const { epoch, journal_seq } = rowByPartition.get(partition)!;
        return { partition, epoch, seq: Number(journal_seq) };
      });
    },

    async append(frames) {
      if (frames.length === 0) return [];
      if (new Set(frames.map((frame) => frame.partition)).size < frames.length)
        throw new Error('two frames of one partition in one append');
      const late = new AbortController();
      const deadlineMs = performance.now() + settleMs;
      // A statement that is still under way when time is up may land later: that is what `unknown` says, and the
      // claim that must follow either counts it or fences it.
      const timeUp = wait(settleMs + tryMs / 4, null, { signal: late.signal })
        .catch(() => null)
        .then(() => frames.map((): AppendOutcome => 'unknown'));
      try {
        return await Promise.race([settle(frames, deadlineMs), timeUp]);
      } finally {
        late.abort();
      }
    },

    async restore(frames) {
      for (const frame of frames) {
        const [outcome] = await tryAppend([frame]);
        if (outcome !== 'ok') throw new Error(`frame ${frame.seq} could not be restored: ${outcome}`);
      }
    },

    async read(partition, afterSeq, limit) {
      const { rows } = await pool.query<FrameRow>(
        'select partition, seq, epoch, frame from journal_frames where partition = $1 and seq > $2 order by seq limit $3',
        [partition, afterSeq, limit],
      );
      return rows.map(toFrame);
    },

    async readMany(after, limit) {
      if (after.length === 0) return [];
      const { rows } = await pool.query<FrameRow>({
        name: 'journal-read-many',
        text: readManySql,
        values: [after.map((a) => a.partition), after.map((a) => a.afterSeq), limit],
      });
      return rows.map(toFrame);
    },

    async trim(partition, upToSeq) {
      if (options.trimmable === false) return;
      // Noted first: a reader that misses frames can tell those dropped on purpose from those lost.
      const { rows } = await pool.query(
        `update partitions set trimmed_seq = greatest(coalesce(trimmed_seq, 0), least($2::bigint, journal_seq))
         where partition = $1 returning trimmed_seq`,
        [partition, upToSeq],
      );
      for (;;) {
        const { rowCount } = await pool.query(
          `delete from journal_frames where partition = $1 and seq in
             (select seq from journal_frames where partition = $1 and seq <= $2 order by seq limit $3)`,
          [partition, rows[0].trimmed_seq, trimChunkRows],
        );
        if ((rowCount ?? 0) < trimChunkRows) return;
      }
    },

    async sizeBytes() {
      const { rows } = await pool.query("select pg_total_relation_size('journal_frames') as size");
      return Number(rows[0].size);
    },

    async close() {},
  };
}
