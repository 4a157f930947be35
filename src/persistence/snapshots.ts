/**
 * Saved actors, in PostgreSQL whichever journal is in use.
 *
 * 1. The actors of one save and the partition's new checkpoint become visible together or not at all.
 * 2. A save counts only if the checkpoint is where the saver took off; it holds the checkpoint's row until it is
 *    done, for which nobody waits but another saver.
 * 3. An actor's row names its blocks by their hashes, and both are read in one statement: as of one moment.
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
const chunkBytesMax = 4 * 1024 * 1024;
const chunkRowsMax = 5_000;

const saveSql = `
insert into actor_snapshots (partition, kind, key, version, seq, state, sleep_mark, blocks)
select $1, s.kind, s.key, s.version, s.seq, substring($8::bytea from s.start for s.size), s.mark,
  string_to_array(s.blocks, ' ')
from unnest($2::text[], $3::text[], $4::int[], $5::bigint[], $6::int[], $7::int[], $9::bigint[], $10::text[])
  as s(kind, key, version, seq, start, size, mark, blocks)
on conflict (partition, kind, key) do update set
  version = excluded.version, seq = excluded.seq, state = excluded.state, sleep_mark = excluded.sleep_mark,
  blocks = excluded.blocks`;

/** Equal blocks of one actor are one. */
const saveBlocksSql = `
insert into actor_snapshot_blocks (partition, kind, key, hash, bytes)
select $1, $2, $3, b.hash, substring($7::bytea from b.start for b.size)
from unnest($4::text[], $5::int[], $6::int[]) as b(hash, start, size)
on conflict do nothing`;

const dropBlocksSql = `
delete from actor_snapshot_blocks
where partition = $1 and kind = $2 and key = $3 and hash <> all($4::text[])`;

/** The same of actors that have none. */
const dropAllBlocksSql = `
delete from actor_snapshot_blocks b using unnest($2::text[], $3::text[]) as s(kind, key)
where b.partition = $1 and b.kind = s.kind and b.key = s.key`;

/** A block names its actor and leaves the rest empty. */
const loadSql = (condition: string) => `
select c.seq as checkpoint_seq, c.engine_ms, a.kind, a.key, a.version, a.seq, a.state, a.blocks, null as hash
from checkpoints c left join actor_snapshots a on a.partition = c.partition and ${condition}
where c.partition = $1
union all
select null, null, b.kind, b.key, null, null, b.bytes, null, b.hash
from actor_snapshot_blocks b join actor_snapshots a using (partition, kind, key)
where partition = $1 and ${condition}`;

const passivatedSql = `
with asked as (
  select a.* from actor_snapshots a join unnest($2::text[], $3::text[]) as s(kind, key) using (kind, key)
  where a.partition = $1
)
select kind, key, version, seq, state, blocks, null as hash from asked
union all
select b.kind, b.key, null, null, b.bytes, null, b.hash
from actor_snapshot_blocks b join asked using (partition, kind, key)`;

async function* inChunks<Item>(
  items: Iterable<Item> | AsyncIterable<Item>,
  sizeOf: (item: Item) => number,
): AsyncGenerator<Item[]> {
  let chunk: Item[] = [];
  let bytes = 0;
  for await (const item of items) {
    if (chunk.length > 0 && (bytes + sizeOf(item) > chunkBytesMax || chunk.length === chunkRowsMax)) {
      yield chunk;
      chunk = [];
      bytes = 0;
    }
    chunk.push(item);
    bytes += sizeOf(item);
  }
  if (chunk.length > 0) yield chunk;
}

/** Many pieces as one parameter: where each begins, its size, and all of them together. */
function joined(pieces: readonly Uint8Array[]): { starts: number[]; sizes: number[]; bytes: Buffer } {
  let size = 0;
  const starts = pieces.map(({ length }) => {
    const start = size + 1;
    size += length;
    return start;
  });
  return { starts, sizes: pieces.map(({ length }) => length), bytes: Buffer.concat(pieces) };
}

function saveParameters(partition: number, actors: readonly ActorSnapshot[]): unknown[] {
  const { starts, sizes, bytes } = joined(actors.map(({ state }) => state));
  return [
    partition,
    actors.map((actor) => actor.kind),
    actors.map((actor) => actor.key),
    actors.map((actor) => actor.version),
    actors.map((actor) => actor.seq),
    starts,
    sizes,
    bytes,
    actors.map((actor) => actor.passivatedHash ?? null),
    actors.map((actor) => actor.blocks?.map(({ hash }) => hash).join(' ') ?? null),
  ];
}

interface CheckpointRow {
  readonly checkpoint_seq: string;
  readonly engine_ms: string;
}

function toCheckpoint(row: CheckpointRow | undefined): Checkpoint {
  return { checkpointSeq: Number(row?.checkpoint_seq ?? 0), engineMs: Number(row?.engine_ms ?? 0) };
}

interface ActorRow {
  readonly kind: string;
  readonly key: string;
  readonly version: number;
  readonly seq: string;
  readonly state: Buffer;
  readonly blocks: string[] | null;
  readonly hash: null;
}

interface BlockRow {
  readonly kind: string;
  readonly key: string;
  readonly state: Buffer;
  readonly hash: string;
}

/** `kind` is null of a checkpoint without actors. */
type LoadedRow = ActorRow | BlockRow | { readonly kind: null; readonly hash: null };

function toSnapshots(rows: readonly LoadedRow[]): ActorSnapshot[] {
  const bytesByName = new Map<string, Buffer>();
  const nameOf = (kind: string, key: string, hash: string) => `${kind}/${key}/${hash}`;
  for (const row of rows)
    if (row.hash !== null) bytesByName.set(nameOf(row.kind, row.key, row.hash), row.state);
  return rows.flatMap((row) => {
    if (row.kind === null || row.hash !== null) return [];
    const { kind, key, version, seq, state, blocks } = row;
    const snapshot = { kind, key, version, seq: Number(seq), state };
    if (blocks === null) return [snapshot];
    const bytesOf = (hash: string) => bytesByName.get(nameOf(kind, key, hash)) ?? null;
    return [{ ...snapshot, blocks: blocks.map((hash) => ({ hash, bytes: bytesOf(hash) })) }];
  });
}

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
    const { rows } = await this.#pool.query<ActorRow | BlockRow>(passivatedSql, [
      partition,
      actors.map(({ kind }) => kind),
      actors.map(({ key }) => key),
    ]);
    return toSnapshots(rows);
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
      `select distinct a.partition
       from actor_snapshots a
       left join (
         select partition, kind, key, sum(octet_length(bytes)) as size from actor_snapshot_blocks
         where partition = any($1::int[]) group by 1, 2, 3
       ) b using (partition, kind, key)
       where a.partition = any($1::int[]) and a.sleep_mark is null
         and octet_length(a.state) + coalesce(b.size, 0) > $2`,
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
      for await (const chunk of inChunks(actors, ({ state }) => state.length)) {
        await client.query(saveSql, saveParameters(partition, chunk));
        await saveBlocks(client, partition, chunk);
      }
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

  async #load(partition: number, condition: string): Promise<SavedPartition> {
    const { rows } = await this.#pool.query<LoadedRow & CheckpointRow>(loadSql(condition), [partition]);
    return {
      ...toCheckpoint(rows.find(({ checkpoint_seq }) => checkpoint_seq !== null)),
      actors: toSnapshots(rows),
    };
  }
}

/** The blocks that are new come, and those that the actors have no more go. */
async function saveBlocks(
  client: pg.PoolClient,
  partition: number,
  actors: readonly ActorSnapshot[],
): Promise<void> {
  const without = actors.filter(({ blocks }) => blocks?.length === 0);
  if (without.length > 0)
    await client.query(dropAllBlocksSql, [
      partition,
      without.map(({ kind }) => kind),
      without.map(({ key }) => key),
    ]);
  for (const { kind, key, blocks = [] } of actors) {
    if (blocks.length === 0) continue;
    const added = blocks.flatMap(({ hash, bytes }) => (bytes === null ? [] : [{ hash, bytes }]));
    for await (const chunk of inChunks(added, ({ bytes }) => bytes.length)) {
      const { starts, sizes, bytes } = joined(chunk.map((block) => block.bytes));
      const hashes = chunk.map(({ hash }) => hash);
      await client.query(saveBlocksSql, [partition, kind, key, hashes, starts, sizes, bytes]);
    }
    await client.query(dropBlocksSql, [partition, kind, key, blocks.map(({ hash }) => hash)]);
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
