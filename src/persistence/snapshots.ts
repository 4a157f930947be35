/**
 * Saved actors, in PostgreSQL whichever journal is in use.
 *
 * 1. The actors of one save and the partition's new checkpoint become visible together or not at all.
 * 2. A save counts only if the checkpoint is where the saver took off; it holds the checkpoint's row until it is
 *    done, for which nobody waits but another saver.
 *
 * In SQL passivation still goes by its older name: `sleep_mark` is an actor's `passivatedHash`, null while it is active,
 * and the index `actor_snapshots_awake` is that of the active ones.
 */
import type pg from 'pg';
import type {
  ActorSnapshot,
  Checkpoint,
  PassivatedStore,
  Save,
  SavedPartition,
  SnapshotStore,
} from '../protocol/journal.ts';
import { inTransaction } from './transaction.ts';

/** Bounds of one statement's parameters. */
const chunkBytesMax = 8 * 1024 * 1024;
const chunkRowsMax = 5_000;

const saveSql = `
insert into actor_snapshots (partition, kind, key, version, seq, state, sleep_mark)
select $1, s.kind, s.key, s.version, s.seq, substring($8::bytea from s.start for s.size), s.mark
from unnest($2::text[], $3::text[], $4::int[], $5::bigint[], $6::int[], $7::int[], $9::bigint[])
  as s(kind, key, version, seq, start, size, mark)
on conflict (partition, kind, key) do update set
  version = excluded.version, seq = excluded.seq, state = excluded.state, sleep_mark = excluded.sleep_mark`;

function* chunks(actors: Iterable<ActorSnapshot>): Generator<ActorSnapshot[]> {
  let chunk: ActorSnapshot[] = [];
  let bytes = 0;
  for (const actor of actors) {
    if (chunk.length > 0 && (bytes + actor.state.length > chunkBytesMax || chunk.length === chunkRowsMax)) {
      yield chunk;
      chunk = [];
      bytes = 0;
    }
    chunk.push(actor);
    bytes += actor.state.length;
  }
  if (chunk.length > 0) yield chunk;
}

function saveParameters(partition: number, actors: readonly ActorSnapshot[]): unknown[] {
  let size = 0;
  const starts = actors.map((actor) => {
    const start = size + 1;
    size += actor.state.length;
    return start;
  });
  return [
    partition,
    actors.map((actor) => actor.kind),
    actors.map((actor) => actor.key),
    actors.map((actor) => actor.version),
    actors.map((actor) => actor.seq),
    starts,
    actors.map((actor) => actor.state.length),
    Buffer.concat(actors.map((actor) => actor.state)),
    actors.map((actor) => actor.passivatedHash ?? null),
  ];
}

interface CheckpointRow {
  readonly checkpoint_seq: string;
  readonly engine_ms: string;
}

function toCheckpoint(row: CheckpointRow | undefined): Checkpoint {
  return { checkpointSeq: Number(row?.checkpoint_seq ?? 0), engineMs: Number(row?.engine_ms ?? 0) };
}

interface SnapshotRow {
  readonly kind: string;
  readonly key: string;
  readonly version: number;
  readonly seq: string;
  readonly state: Buffer;
}

/** All null: a checkpoint without actors. */
type LoadedRow = CheckpointRow & { readonly [Column in keyof SnapshotRow]: SnapshotRow[Column] | null };

function toSnapshot({ kind, key, version, seq, state }: SnapshotRow): ActorSnapshot {
  return { kind, key, version, seq: Number(seq), state };
}

const isSnapshot = (row: LoadedRow): row is CheckpointRow & SnapshotRow => row.kind !== null;

class PostgresSnapshotStore implements SnapshotStore, PassivatedStore {
  readonly #pool: pg.Pool;

  constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  load(partition: number): Promise<SavedPartition> {
    return this.#load(partition, 'true');
  }

  loadActive(partition: number): Promise<SavedPartition> {
    return this.#load(partition, 'a.sleep_mark is null');
  }

  async passivatedHashes(partition: number): Promise<number[]> {
    const { rows } = await this.#pool.query<[string]>({
      text: 'select sleep_mark from actor_snapshots where partition = $1 and sleep_mark is not null',
      values: [partition],
      rowMode: 'array',
    });
    return rows.map(([hash]) => Number(hash));
  }

  async loadPassivated(
    partition: number,
    actors: readonly { kind: string; key: string }[],
  ): Promise<ActorSnapshot[]> {
    const { rows } = await this.#pool.query<SnapshotRow>(
      `select kind, key, version, seq, state
       from actor_snapshots join unnest($2::text[], $3::text[]) as asked(kind, key) using (kind, key)
       where partition = $1`,
      [partition, actors.map(({ kind }) => kind), actors.map(({ key }) => key)],
    );
    return rows.map(toSnapshot);
  }

  async checkpoint(partition: number): Promise<Checkpoint> {
    const { rows } = await this.#pool.query<CheckpointRow>(
      'select seq as checkpoint_seq, engine_ms from checkpoints where partition = $1',
      [partition],
    );
    return toCheckpoint(rows[0]);
  }

  async heavyPartitions(partitions: readonly number[], bytes: number): Promise<number[]> {
    const { rows } = await this.#pool.query<{ partition: number }>(
      `select distinct partition from actor_snapshots
       where partition = any($1::int[]) and sleep_mark is null and octet_length(state) > $2`,
      [partitions, bytes],
    );
    return rows.map(({ partition }) => partition);
  }

  save({ partition, fromSeq, toSeq, actors, engineMs }: Save): Promise<boolean> {
    return inTransaction(this.#pool, async (client) => {
      await client.query('insert into checkpoints (partition, seq) values ($1, 0) on conflict do nothing', [
        partition,
      ]);
      const moved = await client.query(
        `update checkpoints set seq = $3, engine_ms = greatest(engine_ms, $4::bigint)
         where partition = $1 and seq = $2`,
        [partition, fromSeq, toSeq, engineMs],
      );
      if (moved.rowCount === 0) return false;
      for (const chunk of chunks(actors)) await client.query(saveSql, saveParameters(partition, chunk));
      return true;
    });
  }

  async projectedSeq(partition: number): Promise<number> {
    const { rows } = await this.#pool.query<{ seq: string | null }>(
      'select min(seq) as seq from projection_checkpoints where partition = $1',
      [partition],
    );
    return Number(rows[0]?.seq ?? 0);
  }

  /** The checkpoint and the actors in one statement: as of one moment. */
  async #load(partition: number, condition: string): Promise<SavedPartition> {
    const { rows } = await this.#pool.query<LoadedRow>(
      `select c.seq as checkpoint_seq, c.engine_ms, a.kind, a.key, a.version, a.seq, a.state
       from checkpoints c left join actor_snapshots a on a.partition = c.partition and ${condition}
       where c.partition = $1`,
      [partition],
    );
    return { ...toCheckpoint(rows[0]), actors: rows.filter(isSnapshot).map(toSnapshot) };
  }
}

/** The newest engine time of which any partition's snapshot knows; 0 when there is none. */
export async function newestEngineMs(pool: Pick<pg.Pool, 'query'>): Promise<number> {
  const { rows } = await pool.query<{ newest: string | null }>(
    'select max(engine_ms) as newest from checkpoints',
  );
  return Number(rows[0]?.newest ?? 0);
}

export function createSnapshotStore(pool: pg.Pool): SnapshotStore & PassivatedStore {
  return new PostgresSnapshotStore(pool);
}
