-- Up Migration
-- Rules for listings, each set as a whole by administrators. A version stands for one content wherever it is seen.
CREATE TABLE compliance_rules (
  name text COLLATE "C" PRIMARY KEY CHECK (name IN ('forbidden-words', 'price-bounds')),
  items jsonb NOT NULL,
  version uuid NOT NULL
);

-- Listings that a rule has held, and what became of them. A listing that was never held has no row.
CREATE TABLE listing_reviews (
  product_id text COLLATE "C" PRIMARY KEY REFERENCES products ON DELETE CASCADE,
  state text NOT NULL CHECK (state IN ('held', 'approved', 'rejected')),
  reasons jsonb NOT NULL,
  -- When it was held, to the millisecond.
  since timestamptz NOT NULL,
  -- SHA-256 of what was judged: an approval is one of these words and these prices.
  words_hash text NOT NULL,
  prices_hash text NOT NULL,
  -- Of a listing that was rejected, until it is approved after all.
  rejection_reason text,
  rejected_at timestamptz,
  CHECK ((rejected_at IS NULL) = (rejection_reason IS NULL)),
  CHECK (state <> 'rejected' OR rejected_at IS NOT NULL)
);
CREATE INDEX listing_reviews_held ON listing_reviews (since, product_id) WHERE state = 'held';

-- Down Migration
DROP TABLE listing_reviews, compliance_rules;
