-- Up Migration
-- An administrator suspends an account: it has no session then, and gets none.
ALTER TABLE accounts ADD COLUMN status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspended'));

-- What administrators look through: accounts that registered, newest first, by role, and those that are suspended.
CREATE INDEX accounts_members ON accounts (account_id) WHERE roles <> '{guest}';
CREATE INDEX accounts_by_role ON accounts USING gin (roles) WHERE roles <> '{guest}';
CREATE INDEX accounts_suspended ON accounts (account_id) WHERE status = 'suspended';
-- Names and addresses by the beginnings of their words. The marks that part words in an address are blanks here, or the
-- parser would take an address for one word.
CREATE INDEX accounts_by_words ON accounts
  USING gin (to_tsvector('simple', translate(coalesce(name, '') || ' ' || coalesce(email, ''), '@._+-/''', '       ')))
  WHERE roles <> '{guest}';

-- Down Migration
DROP INDEX accounts_by_words, accounts_suspended, accounts_by_role, accounts_members;
ALTER TABLE accounts DROP COLUMN status;
