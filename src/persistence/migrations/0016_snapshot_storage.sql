-- Up Migration
-- A large actor's columns are packed already. Compressing them again cost a second of every save and every recovery.
ALTER TABLE actor_snapshots ALTER COLUMN state SET STORAGE EXTERNAL;

-- Down Migration
ALTER TABLE actor_snapshots ALTER COLUMN state SET STORAGE EXTENDED;
