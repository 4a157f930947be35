-- Up Migration
-- The server that runs on this database, in its one row (see persistence/server-owner.ts).
CREATE TABLE server_owner (
  is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
  -- Names the process; null when none runs.
  owner text,
  -- The same for people.
  place text,
  -- Process of PostgreSQL that took its last sign of life.
  session int,
  seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- Names this database to the journal's own store: see persistence/journal/open.ts.
  data_id uuid NOT NULL DEFAULT gen_random_uuid()
);
INSERT INTO server_owner DEFAULT VALUES;

-- Down Migration
DROP TABLE server_owner;
