-- Up Migration
-- The process whose shard has claimed the partition; null once it has let go of it.
ALTER TABLE partitions ADD COLUMN owner text;

-- Down Migration
ALTER TABLE partitions DROP COLUMN owner;
