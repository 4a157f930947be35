-- Up Migration
-- A key per account, under which what is personal is sealed before it goes where nothing can be deleted: into a journal,
-- and into snapshots, kept answers and backups of them (gateway/account-keys.ts). Without its row nobody reads it any more.
CREATE TABLE account_keys (
  account_id text COLLATE "C" PRIMARY KEY,
  key bytea NOT NULL CHECK (octet_length(key) = 32),
  created_at timestamptz NOT NULL DEFAULT now()
);

-- Down Migration
DROP TABLE account_keys;
