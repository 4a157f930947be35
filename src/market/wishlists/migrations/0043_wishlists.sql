-- Up Migration
-- What accounts would like to have (src/market/wishlists/store.ts). Guests have no row in accounts, so there is no reference
-- to it. `share_hash` is the SHA-256 of the token of the link: whoever reads the table cannot read the lists of others.
CREATE TABLE wishlists (
  wishlist_id text COLLATE "C" PRIMARY KEY,
  account_id text COLLATE "C" NOT NULL,
  name text NOT NULL,
  share_hash bytea UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX wishlists_of_account ON wishlists (account_id, wishlist_id);

CREATE TABLE wishlist_items (
  wishlist_id text COLLATE "C" NOT NULL REFERENCES wishlists ON DELETE CASCADE,
  sku text COLLATE "C" NOT NULL,
  notify_when_back boolean NOT NULL,
  added_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (wishlist_id, sku)
);

-- Down Migration
DROP TABLE wishlist_items;
DROP TABLE wishlists;
