-- Up Migration
-- What accounts have looked at lately (src/market/views/store.ts). Guests have no row in accounts, so there is no
-- reference to it.
CREATE TABLE product_views (
  account_id text COLLATE "C" NOT NULL,
  product_id text COLLATE "C" NOT NULL,
  viewed_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (account_id, product_id)
) WITH (fillfactor = 80);
CREATE INDEX product_views_latest ON product_views (account_id, viewed_at DESC);
CREATE INDEX product_views_by_age ON product_views (viewed_at);

-- Down Migration
DROP TABLE product_views;
