-- Up Migration
-- Parts of an actor's state that are saved on their own, each under the SHA-256 of its bytes.
create table actor_snapshot_blocks (
  partition smallint not null,
  kind text not null,
  key text not null,
  hash text not null,
  bytes bytea not null,
  primary key (partition, kind, key, hash)
);
-- They are packed already.
alter table actor_snapshot_blocks alter column bytes set storage external;
-- The blocks that belong to the state, in their order; null: it is whole.
alter table actor_snapshots add column blocks text[];

-- Down Migration
alter table actor_snapshots drop column blocks;
drop table actor_snapshot_blocks;
