-- Up Migration
-- An account has several roles: an admin grants and takes them. The admins' index and the check go with the old column.
ALTER TABLE accounts ADD COLUMN roles text[];
UPDATE accounts SET roles = ARRAY[role];
ALTER TABLE accounts ALTER COLUMN roles SET NOT NULL;
ALTER TABLE accounts DROP COLUMN role;
ALTER TABLE accounts
  ADD CONSTRAINT accounts_roles CHECK (cardinality(roles) > 0 AND roles <@ ARRAY['guest', 'buyer', 'seller', 'operator', 'admin']),
  -- A guest is nothing else, and everybody else can sign in.
  ADD CONSTRAINT accounts_guests CHECK (
    CASE WHEN 'guest' = ANY (roles) THEN roles = ARRAY['guest'] ELSE email IS NOT NULL AND password_hash IS NOT NULL END
  );
CREATE INDEX accounts_admins ON accounts (account_id) WHERE 'admin' = ANY (roles);

-- E-mail addresses are compared after lower-casing ASCII letters only, whatever the database's own collation folds.
-- What was one address before may be two now, never the other way round, so the rows that are there fit. One with other
-- letters is still found as it was found until now: that is what the second index is for.
DROP INDEX accounts_by_email;
CREATE UNIQUE INDEX accounts_by_email ON accounts (lower(email COLLATE "C"));
CREATE INDEX accounts_by_folded_email ON accounts (lower(email)) WHERE octet_length(email) <> length(email);

-- A refresh token says which use of its session it is, and is signed: the table need not know it.
ALTER TABLE sessions
  ADD COLUMN generation integer NOT NULL DEFAULT 0,
  -- The first token of a session of an earlier version is known by its hash.
  ALTER COLUMN secret_hash DROP NOT NULL,
  -- Set once the session has ended: when the last access token of it will have expired.
  ADD COLUMN revoked_until timestamptz,
  -- The transaction that ended it: gateways ask for what has been committed since they asked last.
  ADD COLUMN revoked_by xid8;
CREATE INDEX sessions_revoked ON sessions (revoked_by, session_id) WHERE revoked_by IS NOT NULL;

-- Down Migration
DROP INDEX sessions_revoked;
DELETE FROM sessions WHERE revoked_by IS NOT NULL OR secret_hash IS NULL;
ALTER TABLE sessions
  DROP COLUMN generation, DROP COLUMN revoked_until, DROP COLUMN revoked_by, ALTER COLUMN secret_hash SET NOT NULL;
DROP INDEX accounts_by_folded_email, accounts_by_email;
CREATE UNIQUE INDEX accounts_by_email ON accounts (lower(email));
ALTER TABLE accounts ADD COLUMN role text;
UPDATE accounts SET role = roles[1];
ALTER TABLE accounts
  DROP COLUMN roles,
  ALTER COLUMN role SET NOT NULL,
  ADD CHECK (role IN ('guest', 'buyer', 'seller', 'operator', 'admin')),
  ADD CHECK (role = 'guest' OR (email IS NOT NULL AND password_hash IS NOT NULL));
CREATE INDEX accounts_admins ON accounts (account_id) WHERE role = 'admin';
