-- Up Migration
-- Tables that administrators set as a whole. A version stands for one content wherever it is seen.
CREATE TABLE rate_tables (
  name text COLLATE "C" PRIMARY KEY CHECK (name IN ('tax', 'shipping', 'exchange')),
  content jsonb NOT NULL,
  version uuid NOT NULL
);

-- Codes, promotions and offers with a limit, as their actors say.
CREATE TABLE coupons (
  key text COLLATE "C" PRIMARY KEY,
  kind text COLLATE "C" NOT NULL CHECK (kind IN ('coupon', 'promotion', 'offer')),
  -- Null: the marketplace's own.
  seller_id text COLLATE "C",
  terms jsonb NOT NULL,
  used bigint NOT NULL CHECK (used >= 0),
  reserved bigint NOT NULL CHECK (reserved >= 0),
  version bigint NOT NULL,
  is_removed boolean NOT NULL,
  created_at timestamptz NOT NULL
);
CREATE INDEX coupons_by_kind ON coupons (kind, key) WHERE NOT is_removed;
CREATE INDEX coupons_by_seller ON coupons (seller_id, kind, key) WHERE NOT is_removed;

-- Prices for single buyers.
CREATE TABLE offers (
  offer_id text COLLATE "C" PRIMARY KEY,
  seller_id text COLLATE "C" NOT NULL,
  sku text COLLATE "C" NOT NULL,
  -- Either: the price, or hundredths of a percent off.
  price_amount bigint CHECK (price_amount >= 0),
  currency text COLLATE "C",
  basis_points integer CHECK (basis_points BETWEEN 0 AND 10000),
  starts_at timestamptz,
  ends_at timestamptz,
  use_limit bigint CHECK (use_limit > 0),
  created_at timestamptz NOT NULL DEFAULT now(),
  CHECK ((price_amount IS NULL) = (currency IS NULL) AND (price_amount IS NULL) <> (basis_points IS NULL))
);
CREATE INDEX offers_by_seller ON offers (seller_id, offer_id);
CREATE TABLE offer_accounts (
  account_id text COLLATE "C" NOT NULL,
  offer_id text COLLATE "C" NOT NULL REFERENCES offers ON DELETE CASCADE,
  PRIMARY KEY (account_id, offer_id)
);
CREATE INDEX offer_accounts_by_offer ON offer_accounts (offer_id);

-- Down Migration
DROP TABLE offer_accounts, offers, coupons, rate_tables;
