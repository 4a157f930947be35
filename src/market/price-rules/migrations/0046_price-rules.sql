-- Up Migration
-- Rules that move the price of a SKU. The base is its price without the rule: what its owner set last.
CREATE TABLE price_rules (
  rule_id text COLLATE "C" PRIMARY KEY,
  seller_id text COLLATE "C" NOT NULL,
  sku text COLLATE "C" NOT NULL UNIQUE,
  kind text NOT NULL CHECK (kind IN ('stock', 'time')),
  steps jsonb NOT NULL,
  currency text NOT NULL,
  floor_amount bigint NOT NULL CHECK (floor_amount >= 0),
  ceiling_amount bigint NOT NULL CHECK (ceiling_amount >= floor_amount),
  base_amount bigint NOT NULL,
  -- What the rule has set last.
  applied_amount bigint NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX price_rules_by_seller ON price_rules (seller_id, rule_id);
-- Who set the price, where it was not its seller: `rule <id>`.
ALTER TABLE price_history ADD COLUMN changed_by text;

-- Down Migration
ALTER TABLE price_history DROP COLUMN changed_by;
DROP TABLE price_rules;
