-- Up Migration
-- Copies of what is kept of an account, for its owner: sealed under the account's key, for a day.
CREATE TABLE account_exports (
  export_id text COLLATE "C" PRIMARY KEY,
  account_id text COLLATE "C" NOT NULL REFERENCES accounts ON DELETE CASCADE,
  status text COLLATE "C" NOT NULL CHECK (status IN ('running', 'done', 'failed')),
  attempts integer NOT NULL DEFAULT 0,
  taken_at timestamptz,
  -- JSON in parts, each sealed.
  parts text[],
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL
);
CREATE INDEX account_exports_running ON account_exports (created_at) WHERE status = 'running';
CREATE INDEX account_exports_by_account ON account_exports (account_id, created_at);
CREATE INDEX account_exports_by_end ON account_exports (expires_at);

-- Accounts that are being erased: what the request itself could not do is done by the back office (market/privacy).
CREATE TABLE account_erasures (
  account_id text COLLATE "C" PRIMARY KEY,
  -- Of the address, to find what was mailed to it; gone when it is done.
  address_hash bytea,
  requested_at timestamptz NOT NULL DEFAULT now(),
  done_at timestamptz
);
CREATE INDEX account_erasures_open ON account_erasures (requested_at) WHERE done_at IS NULL;

-- Down Migration
DROP TABLE account_erasures, account_exports;
