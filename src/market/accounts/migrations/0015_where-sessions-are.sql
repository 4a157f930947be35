-- Up Migration
-- What the owner of an account recognises a session by. Null where it was opened before this was kept; filled in at its next
-- renewal.
ALTER TABLE sessions ADD COLUMN address text, ADD COLUMN user_agent text;

-- Down Migration
ALTER TABLE sessions DROP COLUMN address, DROP COLUMN user_agent;
