/**
 * The journal in PostgreSQL: the embedded default, when no Redis is configured.
 *
 * 1. `claim` raises the epoch in the rows that an append moves: an append that was under way has either landed before,
 *    and the claim reports it, or finds another epoch and is refused. See postgres-append.ts.
 * 2. The pool stays the caller's: `close` does not end it.
 */
import type pg from 'pg';
import { DoorbusterError } from '../../protocol/errors.ts';
import type { AppendOutcome, Claim, Frame, Journal, Newest } from '../../protocol/journal.ts';
import { isTakenOverSql, releaseOwner, takeOverSql } from './owners.ts';
import { append, appendOnce } from './postgres-append.ts';

interface PostgresJournalOptions {
  /** False keeps every frame for ever: `trim` does nothing. */
  readonly trimmable?: boolean;
}

const trimChunkRows = 2_000;
/** One try only: whoever asks this asks again and again. */
const newestTimeoutMs = 1_000;

const claimSql = `
with held as materialized (
  select partition, owner, taken_over_at from partitions where partition = any($1::smallint[]) order by partition for no key update
)
update partitions p set epoch = p.epoch + 1, journal = 'postgres', ${takeOverSql}
from held where p.partition = held.partition and p.journal is distinct from 'redis'
returning p.partition, p.epoch, p.journal_seq, ${isTakenOverSql} as is_taken_over`;

const settingsSql =
  "select current_setting('fsync') fsync, current_setting('synchronous_commit') synchronous_commit";

const readManySql = `
select f.partition, f.seq, f.epoch, f.frame
from unnest($1::smallint[], $2::bigint[]) as a(partition, after_seq)
join partitions p on p.partition = a.partition and p.journal_seq > a.after_seq
cross join lateral (
  select j.partition, j.seq, j.epoch, j.frame from journal_frames j
  where j.partition = a.partition and j.seq > a.after_seq order by j.seq limit $3
) f
order by f.partition, f.seq`;

interface ClaimRow {
  readonly partition: number;
  readonly epoch: number;
  readonly journal_seq: string;
  readonly is_taken_over: boolean | null;
}

interface FrameRow {
  readonly partition: number;
  readonly seq: string;
  readonly epoch: number;
  readonly frame: Buffer;
}

interface Settings {
  readonly fsync: string;
  readonly synchronous_commit: string;
}

const toFrame = (row: FrameRow): Frame => ({
  partition: row.partition,
  epoch: row.epoch,
  seq: Number(row.seq),
  bytes: row.frame,
});

const toClaim = ({ partition, epoch, journal_seq, is_taken_over }: ClaimRow): Claim => ({
  partition,
  epoch,
  tailSeq: Number(journal_seq),
  isTakenOver: is_taken_over === true,
});

class PostgresJournal implements Journal {
  readonly #pool: pg.Pool;
  readonly #isTrimmable: boolean;
  /** As of the last claim. */
  #settings: Settings = { fsync: 'on', synchronous_commit: 'on' };

  constructor(pool: pg.Pool, isTrimmable: boolean) {
    this.#pool = pool;
    this.#isTrimmable = isTrimmable;
  }

  get durability(): string {
    const { fsync, synchronous_commit } = this.#settings;
    return this.isDurable
      ? 'PostgreSQL: a frame is acknowledged once its transaction is on disk'
      : `PostgreSQL with fsync=${fsync}, synchronous_commit=${synchronous_commit}: acknowledged frames can be lost in a crash`;
  }

  get isDurable(): boolean {
    return this.#settings.fsync === 'on' && this.#settings.synchronous_commit !== 'off';
  }

  async claim(partitions: readonly number[], owner?: string): Promise<Claim[]> {
    const { rows } = await this.#pool.query<ClaimRow>(claimSql, [partitions, owner ?? null]);
    const claimByPartition = new Map(rows.map((row) => [row.partition, toClaim(row)]));
    this.#settings = (await this.#pool.query<Settings>(settingsSql)).rows[0]!;
    return partitions.map((partition) => {
      const claim = claimByPartition.get(partition);
      if (claim) return claim;
      throw new DoorbusterError(
        'internal_error',
        `the journal of partition ${partition} lives in Redis: start with the same REDIS_URL as before`,
        { partition },
      );
    });
  }

  release(partitions: readonly number[], owner: string): Promise<void> {
    return releaseOwner(this.#pool, partitions, owner);
  }

  async newest(partitions: readonly number[]): Promise<Newest[]> {
    const { rows } = await this.#pool.query<Omit<ClaimRow, 'is_taken_over'>>({
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
  }

  append(frames: readonly Frame[]): Promise<AppendOutcome[]> {
    return append(this.#pool, frames);
  }

  async restore(frames: readonly Frame[]): Promise<void> {
    for (const frame of frames) {
      const [outcome] = await appendOnce(this.#pool, [frame]);
      if (outcome !== 'ok') throw new Error(`frame ${frame.seq} could not be restored: ${outcome}`);
    }
  }

  async read(partition: number, afterSeq: number, limit: number): Promise<Frame[]> {
    const { rows } = await this.#pool.query<FrameRow>(
      'select partition, seq, epoch, frame from journal_frames where partition = $1 and seq > $2 order by seq limit $3',
      [partition, afterSeq, limit],
    );
    return rows.map(toFrame);
  }

  async readMany(after: readonly { partition: number; afterSeq: number }[], limit: number): Promise<Frame[]> {
    if (after.length === 0) return [];
    const { rows } = await this.#pool.query<FrameRow>({
      name: 'journal-read-many',
      text: readManySql,
      values: [after.map((a) => a.partition), after.map((a) => a.afterSeq), limit],
    });
    return rows.map(toFrame);
  }

  async trim(partition: number, upToSeq: number): Promise<void> {
    if (!this.#isTrimmable) return;
    // Written first, so that a reader that misses frames can tell those dropped on purpose from those lost.
    const { rows } = await this.#pool.query<{ trimmed_seq: string }>(
      `update partitions set trimmed_seq = greatest(coalesce(trimmed_seq, 0), least($2::bigint, journal_seq))
       where partition = $1 returning trimmed_seq`,
      [partition, upToSeq],
    );
    for (;;) {
      const { rowCount } = await this.#pool.query(
        `delete from journal_frames where partition = $1 and seq in
           (select seq from journal_frames where partition = $1 and seq <= $2 order by seq limit $3)`,
        [partition, rows[0]!.trimmed_seq, trimChunkRows],
      );
      if ((rowCount ?? 0) < trimChunkRows) return;
    }
  }

  async sizeBytes(): Promise<number> {
    const { rows } = await this.#pool.query<{ size: string }>(
      "select pg_total_relation_size('journal_frames') as size",
    );
    return Number(rows[0]!.size);
  }

  async close(): Promise<void> {}
}

export function openPostgresJournal(pool: pg.Pool, options: PostgresJournalOptions = {}): Journal {
  return new PostgresJournal(pool, options.trimmable ?? true);
}
