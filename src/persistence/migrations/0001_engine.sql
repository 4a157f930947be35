-- The engine's own tables: who owns a partition, its journal, saved actors, and who has read how far.

-- One row a partition, rewritten by every append of the PostgreSQL journal: a low fill factor keeps those updates
-- inside their page (HOT), so the table and its index do not grow.
create table partitions (
  partition smallint primary key,
  -- The fence: an append of an older epoch finds no row to move.
  epoch int not null default 0,
  -- The last frame of the PostgreSQL journal; unused while the journal lives in Redis.
  journal_seq bigint not null default 0,
  -- Frames up to here were dropped on purpose.
  trimmed_seq bigint,
  -- Where the partition's frames live, from its first claim on: 'postgres' or 'redis'.
  journal text check (journal in ('postgres', 'redis'))
) with (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);

insert into partitions (partition) select generate_series(0, 63);

create table journal_frames (
  partition smallint not null,
  seq bigint not null,
  epoch int not null,
  frame bytea not null,
  primary key (partition, seq)
);
-- Frames are msgpack: trying to compress each of them would cost the commit path more than the space is worth.
alter table journal_frames alter column frame set storage external;

create table actor_snapshots (
  partition smallint not null,
  kind text not null,
  key text not null,
  -- Version of the state's shape (see Decider.version).
  version int not null,
  -- The partition's last frame that the state contains.
  seq bigint not null,
  state bytea not null,
  -- Set when the actor need not be in memory (see PassivatedStore).
  sleep_mark bigint,
  primary key (partition, kind, key)
);
-- Recovery loads the others.
create index actor_snapshots_awake on actor_snapshots (partition) where sleep_mark is null;

-- The frame after which replay of a partition starts.
create table checkpoints (
  partition smallint primary key,
  seq bigint not null,
  -- Engine time of the save.
  engine_ms bigint not null default 0
);

-- The last frame that each projection has taken in, written in the same transaction as what it projected.
create table projection_checkpoints (
  projection text not null,
  partition smallint not null,
  seq bigint not null,
  primary key (projection, partition)
);
