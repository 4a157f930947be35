-- Up Migration
-- Mails on their way (market/mail). A row is written in the transaction that the mail is about. What is in it goes with its
-- delivery; the rest is kept for an hour, to count by.
CREATE TABLE mails (
  mail_id uuid PRIMARY KEY,
  -- SHA-256 of the folded address: who gets too many, and whose mails an erasure takes.
  address_hash bytea NOT NULL,
  kind text COLLATE "C" NOT NULL,
  -- `void`: counted only, nobody is written to.
  state text COLLATE "C" NOT NULL CHECK (state IN ('queued', 'delivered', 'dead', 'void')),
  address text,
  subject text,
  body text,
  attempts integer NOT NULL DEFAULT 0,
  due_at timestamptz NOT NULL DEFAULT now(),
  created_at timestamptz NOT NULL DEFAULT now(),
  -- What the mail server said last.
  error text,
  CHECK ((state IN ('queued', 'dead')) = (address IS NOT NULL AND subject IS NOT NULL AND body IS NOT NULL))
);
CREATE INDEX mails_due ON mails (due_at) WHERE state = 'queued';
CREATE INDEX mails_by_address ON mails (address_hash, kind, created_at);
CREATE INDEX mails_by_age ON mails (created_at);

-- Down Migration
DROP TABLE mails;
