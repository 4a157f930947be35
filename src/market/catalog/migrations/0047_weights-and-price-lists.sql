-- Up Migration
-- What one unit weighs, and prices in other currencies, which win over an exchange.
ALTER TABLE variants
  ADD COLUMN weight_grams integer NOT NULL DEFAULT 0 CHECK (weight_grams >= 0),
  ADD COLUMN prices jsonb NOT NULL DEFAULT '[]';

-- Down Migration
ALTER TABLE variants DROP COLUMN weight_grams, DROP COLUMN prices;
