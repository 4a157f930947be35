-- Up Migration
-- How far the listings that were there before have been judged by the rules as they are now: one row, or none.
CREATE TABLE rules_sweep (
  is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
  -- The versions of the rules.
  rules text NOT NULL,
  started_at timestamptz NOT NULL,
  -- The last product that was judged.
  position text COLLATE "C" NOT NULL DEFAULT '',
  checked integer NOT NULL DEFAULT 0,
  held integer NOT NULL DEFAULT 0,
  -- Products that there were when it began.
  total integer NOT NULL,
  finished_at timestamptz
);

-- Down Migration
DROP TABLE rules_sweep;
