-- Up Migration
-- Facts that others follow (see persistence/feed.ts): a row is written in the transaction of what it tells of.
CREATE TABLE feed (
  position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- The transaction that wrote the row. Rows count in the order of these: positions are given out before their
  -- transactions commit, so a reader that went by them alone would pass over one that commits late.
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  topic text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  type text COLLATE "C" NOT NULL,
  at timestamptz NOT NULL DEFAULT now(),
  body jsonb NOT NULL
);
CREATE INDEX feed_in_order ON feed (xid, position);

-- The last row that a consumer is done with.
CREATE TABLE feed_checkpoints (
  consumer text COLLATE "C" PRIMARY KEY,
  xid xid8 NOT NULL,
  position bigint NOT NULL,
  -- A consumer that has not been heard of for long is forgotten, so that its rows can go.
  seen_at timestamptz NOT NULL DEFAULT now()
);

-- Down Migration
DROP TABLE feed_checkpoints, feed;
