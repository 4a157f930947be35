-- Up Migration
-- An operator's decisions to go on without frames that a journal has lost: nothing here is ever deleted.
CREATE TABLE journal_acceptances (
  partition smallint NOT NULL,
  -- The last frame that still counts.
  tail_seq bigint NOT NULL,
  -- Numbering goes on after this frame: it is beyond everything that anybody has seen.
  resume_seq bigint NOT NULL,
  -- What was found.
  fault text NOT NULL,
  reason text NOT NULL,
  at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (partition, resume_seq)
);

-- Down Migration
DROP TABLE journal_acceptances;
