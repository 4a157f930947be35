-- Up Migration
-- The process whose shard has claimed the partition; null once it has let go of it.
ALTER TABLE partitions ADD COLUMN owner text;
-- When a claim found another owner. Whoever claims soon after, be it the same process once more, must know of that one.
ALTER TABLE partitions ADD COLUMN taken_over_at timestamptz;

-- Down Migration
ALTER TABLE partitions DROP COLUMN owner, DROP COLUMN taken_over_at;
