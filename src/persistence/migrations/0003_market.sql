-- Up Migration
-- The relational marketplace: accounts and the catalogue. Written by src/market only. Ids sort by time, so an index on
-- them is an index on age; text that is compared byte by byte has collation "C" whatever the database's own is.
-- Several nouns in one file, and neither split nor renamed: see 0002_projections.sql.

-- A guest has no row until something of theirs must be kept: its id lives in its token.
CREATE TABLE accounts (
  account_id text COLLATE "C" PRIMARY KEY,
  role text NOT NULL CHECK (role IN ('guest', 'buyer', 'seller', 'operator', 'admin')),
  email text,
  name text,
  password_hash text,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CHECK (role = 'guest' OR (email IS NOT NULL AND password_hash IS NOT NULL))
);
CREATE UNIQUE INDEX accounts_by_email ON accounts (lower(email));
CREATE INDEX accounts_admins ON accounts (account_id) WHERE role = 'admin';

-- One row per sign-in. The refresh token names its session and carries the secret whose hash is here; each use
-- replaces the secret, so an old token is told by its secret being another, and ends the session.
CREATE TABLE sessions (
  session_id text COLLATE "C" PRIMARY KEY,
  account_id text COLLATE "C" NOT NULL REFERENCES accounts ON DELETE CASCADE,
  secret_hash bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  refreshed_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX sessions_by_account ON sessions (account_id, expires_at);

CREATE TABLE addresses (
  address_id text COLLATE "C" PRIMARY KEY,
  account_id text COLLATE "C" NOT NULL REFERENCES accounts ON DELETE CASCADE,
  name text NOT NULL,
  line1 text NOT NULL,
  line2 text,
  city text NOT NULL,
  state text,
  postal_code text NOT NULL,
  country text NOT NULL
);
CREATE INDEX addresses_by_account ON addresses (account_id, address_id);

CREATE TABLE products (
  product_id text COLLATE "C" PRIMARY KEY,
  seller_id text COLLATE "C" NOT NULL REFERENCES accounts,
  title text NOT NULL,
  description text NOT NULL,
  brand text NOT NULL,
  -- A path from general to special: `Electronics > Phones`.
  category text COLLATE "C" NOT NULL,
  attributes jsonb NOT NULL,
  images jsonb NOT NULL,
  -- The cheapest variant, to sort by.
  price_amount bigint NOT NULL,
  currency text NOT NULL,
  rating numeric(3, 2) NOT NULL DEFAULT 0,
  rating_count integer NOT NULL DEFAULT 0,
  is_archived boolean NOT NULL DEFAULT false,
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX products_newest ON products (product_id) WHERE NOT is_archived;
CREATE INDEX products_by_price ON products (price_amount, product_id) WHERE NOT is_archived;
CREATE INDEX products_by_rating ON products (rating, product_id) WHERE NOT is_archived;
CREATE INDEX products_by_category ON products (category, product_id) WHERE NOT is_archived;
CREATE INDEX products_by_seller ON products (seller_id, product_id);

CREATE TABLE variants (
  sku text COLLATE "C" PRIMARY KEY,
  product_id text COLLATE "C" NOT NULL REFERENCES products ON DELETE CASCADE,
  position integer NOT NULL,
  options jsonb NOT NULL,
  price_amount bigint NOT NULL CHECK (price_amount >= 0),
  currency text NOT NULL,
  initial_stock bigint NOT NULL CHECK (initial_stock >= 0),
  -- What the sku's actor knows of this row: `pending` nothing yet, `stale` an older title or price, `current` all of it;
  -- `refused`: the actor belongs to another product.
  actor_state text NOT NULL DEFAULT 'pending' CHECK (actor_state IN ('pending', 'stale', 'current', 'refused')),
  registered_at timestamptz
);
CREATE INDEX variants_by_product ON variants (product_id, position);
CREATE INDEX variants_to_tell ON variants (product_id) WHERE actor_state IN ('pending', 'stale');

-- Down Migration
DROP TABLE variants, products, addresses, sessions, accounts;
