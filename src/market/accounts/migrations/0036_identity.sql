-- Up Migration
-- Whoever opened a link that was sent to the address has it; null: nobody did.
ALTER TABLE accounts
  ADD COLUMN email_verified_at timestamptz,
  ADD COLUMN erased_at timestamptz,
  DROP CONSTRAINT accounts_guests,
  -- A guest is nothing else. Who comes from another provider has no password; who is erased, or whose address went to the
  -- one who has it, has no address.
  ADD CONSTRAINT accounts_guests CHECK (NOT 'guest' = ANY (roles) OR roles = ARRAY['guest']);

-- Links that were mailed: each works once. Nothing here could be used by whoever reads the table.
CREATE TABLE account_links (
  token_hash bytea PRIMARY KEY,
  -- null: somebody asked for an address that has no account.
  account_id text COLLATE "C" REFERENCES accounts ON DELETE CASCADE,
  purpose text COLLATE "C" NOT NULL CHECK (purpose IN ('verify', 'reset')),
  expires_at timestamptz NOT NULL
);
CREATE INDEX account_links_by_account ON account_links (account_id, purpose);
CREATE INDEX account_links_by_end ON account_links (expires_at);

-- Who an account is at an OpenID Connect provider.
CREATE TABLE account_identities (
  issuer text COLLATE "C" NOT NULL,
  subject text COLLATE "C" NOT NULL,
  account_id text COLLATE "C" NOT NULL REFERENCES accounts ON DELETE CASCADE,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (issuer, subject)
);
CREATE INDEX account_identities_by_account ON account_identities (account_id);

-- One of an account's addresses is its default, if it has any.
ALTER TABLE addresses ADD COLUMN is_default boolean NOT NULL DEFAULT false;
UPDATE addresses SET is_default = true
  WHERE address_id IN (SELECT min(address_id COLLATE "C") FROM addresses GROUP BY account_id);
CREATE UNIQUE INDEX addresses_default ON addresses (account_id) WHERE is_default;

-- Down Migration
DROP INDEX addresses_default;
ALTER TABLE addresses DROP COLUMN is_default;
DROP TABLE account_identities, account_links;
ALTER TABLE accounts DROP CONSTRAINT accounts_guests, DROP COLUMN email_verified_at, DROP COLUMN erased_at;
UPDATE accounts SET roles = ARRAY['guest'], email = NULL, password_hash = NULL WHERE email IS NULL OR password_hash IS NULL;
ALTER TABLE accounts ADD CONSTRAINT accounts_guests CHECK (
  CASE WHEN 'guest' = ANY (roles) THEN roles = ARRAY['guest'] ELSE email IS NOT NULL AND password_hash IS NOT NULL END
);
