-- Up Migration
-- What is known of an account as a seller. An account with the role seller has a row only once there is something to say.
CREATE TABLE sellers (
  account_id text COLLATE "C" PRIMARY KEY REFERENCES accounts ON DELETE CASCADE,
  -- What the account applied with; all or none of it.
  legal_name text,
  country text,
  payout_reference text,
  applied_at timestamptz,
  -- Null: not verified, so nothing is paid out.
  verified_at timestamptz,
  status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspended')),
  -- Of a suspended one: why, since when, and the administrator in whose name its sales are closed.
  suspension_reason text,
  suspended_at timestamptz,
  suspended_by text,
  CHECK ((status = 'suspended') = (suspended_at IS NOT NULL AND suspended_by IS NOT NULL AND suspension_reason IS NOT NULL)),
  CHECK (verified_at IS NULL OR applied_at IS NOT NULL),
  CHECK ((applied_at IS NULL) = (legal_name IS NULL OR country IS NULL OR payout_reference IS NULL))
);
CREATE INDEX sellers_applied ON sellers (account_id) WHERE applied_at IS NOT NULL AND verified_at IS NULL;
CREATE INDEX sellers_verified ON sellers (account_id) WHERE verified_at IS NOT NULL;
CREATE INDEX sellers_suspended ON sellers (account_id) WHERE status = 'suspended';
-- The list of sellers begins with accounts that have the role.
CREATE INDEX accounts_sellers ON accounts (account_id) WHERE 'seller' = ANY (roles);
-- Sales that have not ended, of whichever seller: those of suspended ones are looked for among them.
CREATE INDEX sales_open ON sales (seller_id) WHERE phase <> 'ended';

-- Down Migration
DROP INDEX sales_open, accounts_sellers;
DROP TABLE sellers;
