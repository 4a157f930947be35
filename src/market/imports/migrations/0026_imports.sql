-- Up Migration
-- A file that a seller has sent, and how far it has been read. The file itself lies under DATA_DIR/imports.
CREATE TABLE imports (
  import_id text COLLATE "C" PRIMARY KEY,
  seller_id text COLLATE "C" NOT NULL REFERENCES accounts,
  format text NOT NULL CHECK (format IN ('csv', 'ndjson')),
  is_gzip boolean NOT NULL,
  -- As sent.
  file_bytes bigint NOT NULL,
  status text NOT NULL DEFAULT 'running' CHECK (status IN ('running', 'done', 'failed', 'stopped')),
  -- Where reading begins again: the byte of the unpacked file behind the last batch that was committed, which is
  -- written in the batch's own transaction. And how much of the file as sent that took.
  position bigint NOT NULL DEFAULT 0,
  file_position bigint NOT NULL DEFAULT 0,
  lines_read integer NOT NULL DEFAULT 0,
  created integer NOT NULL DEFAULT 0,
  updated integer NOT NULL DEFAULT 0,
  unchanged integer NOT NULL DEFAULT 0,
  rejected integer NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT now(),
  ended_at timestamptz,
  -- When the job last began to work on it: sellers take turns.
  served_at timestamptz
);
CREATE INDEX imports_by_seller ON imports (seller_id, import_id);
CREATE INDEX imports_running ON imports (served_at NULLS FIRST, import_id) WHERE status = 'running';

CREATE TABLE import_errors (
  import_id text COLLATE "C" NOT NULL REFERENCES imports ON DELETE CASCADE,
  line integer NOT NULL,
  code text NOT NULL,
  message text NOT NULL,
  PRIMARY KEY (import_id, line)
);

-- Down Migration
DROP TABLE import_errors, imports;
