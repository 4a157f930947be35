-- Up Migration
-- What committed events say, as tables. Written by the projections only (src/market/*/projection.ts), read by everyone;
-- the actors stay the truth. Amounts are integer minor units; every row says which currency.
--
-- The first tables of several nouns, made before migrations lived with their noun. Databases have recorded this file's
-- name, so it is neither split nor renamed: what changes a table from now on is a migration of the table's noun.

CREATE TABLE orders (
  order_id text PRIMARY KEY,
  -- Not unique: it is short for people to read out, and two alike must not stop a projection.
  order_number text NOT NULL,
  buyer_id text NOT NULL,
  status text NOT NULL,
  payment_status text NOT NULL,
  payment_id text,
  payment_method text NOT NULL,
  -- The holds as first named, in the order of the lines.
  hold_ids jsonb NOT NULL,
  currency text,
  subtotal bigint,
  discount bigint,
  shipping bigint,
  tax bigint,
  total_amount bigint,
  shipping_address jsonb NOT NULL,
  shipping_method text NOT NULL,
  failure jsonb,
  estimated_delivery_at timestamptz,
  pay_by timestamptz NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  version bigint NOT NULL
);
CREATE INDEX orders_by_buyer ON orders (buyer_id, created_at DESC, order_id DESC);
CREATE INDEX orders_by_status ON orders (status, created_at DESC);
CREATE INDEX orders_by_number ON orders (order_number);

CREATE TABLE order_lines (
  order_id text NOT NULL REFERENCES orders,
  position integer NOT NULL,
  hold_id text NOT NULL,
  sale_id text NOT NULL,
  sku text NOT NULL,
  title text NOT NULL,
  product_id text NOT NULL,
  seller_id text NOT NULL,
  quantity integer NOT NULL CHECK (quantity > 0),
  currency text NOT NULL,
  unit_price bigint NOT NULL,
  line_total bigint NOT NULL,
  discount bigint NOT NULL,
  tax bigint NOT NULL,
  -- taken: a hold is attached; lost: it died and another is tried; committed: sold; released: given back.
  state text NOT NULL CHECK (state IN ('taken', 'lost', 'committed', 'released')),
  PRIMARY KEY (order_id, position)
);
CREATE INDEX order_lines_by_sku ON order_lines (sku);
CREATE INDEX order_lines_by_seller ON order_lines (seller_id);

CREATE TABLE payments (
  payment_id text PRIMARY KEY,
  order_id text NOT NULL REFERENCES orders,
  status text NOT NULL CHECK (status IN ('authorized', 'captured', 'voided', 'refunded', 'declined')),
  amount bigint NOT NULL,
  currency text NOT NULL,
  decline_code text,
  created_at timestamptz NOT NULL,
  captured_at timestamptz,
  updated_at timestamptz NOT NULL
);
CREATE INDEX payments_by_order ON payments (order_id);

CREATE TABLE stock_levels (
  sku text PRIMARY KEY,
  product_id text NOT NULL,
  seller_id text NOT NULL,
  on_hand bigint NOT NULL,
  held bigint NOT NULL,
  sold bigint NOT NULL,
  updated_at timestamptz NOT NULL,
  -- The last line of defence: if this ever refuses, its partition's projection halts and says so.
  CONSTRAINT stock_levels_never_oversold CHECK (on_hand >= 0 AND held >= 0 AND sold >= 0 AND held + sold <= on_hand)
);
CREATE INDEX stock_levels_by_product ON stock_levels (product_id);
CREATE INDEX stock_levels_by_seller ON stock_levels (seller_id);

CREATE TABLE sales (
  sale_id text PRIMARY KEY,
  seller_id text NOT NULL,
  title text NOT NULL,
  phase text NOT NULL,
  -- What a paused sale goes back to.
  paused_from text,
  stock text NOT NULL CHECK (stock IN ('pending', 'ready', 'refused')),
  stock_refusals jsonb NOT NULL,
  queueing jsonb NOT NULL,
  hold_seconds integer NOT NULL,
  payment_seconds integer NOT NULL,
  prequeue_at timestamptz,
  starts_at timestamptz NOT NULL,
  ends_at timestamptz NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL
);
CREATE INDEX sales_by_age ON sales (created_at DESC, sale_id DESC);
CREATE INDEX sales_by_seller ON sales (seller_id, created_at DESC);

CREATE TABLE sale_items (
  sale_id text NOT NULL REFERENCES sales,
  position integer NOT NULL,
  sku text NOT NULL,
  quantity bigint NOT NULL,
  price bigint NOT NULL,
  currency text NOT NULL,
  purchase_limit integer NOT NULL,
  -- pending: asked for; allotted: set aside; refused: could not be; released: given back at the end.
  state text NOT NULL CHECK (state IN ('pending', 'allotted', 'refused', 'released')),
  PRIMARY KEY (sale_id, position)
);
CREATE INDEX sale_items_by_sku ON sale_items (sku);

-- Down Migration

DROP TABLE sale_items;
DROP TABLE sales;
DROP TABLE stock_levels;
DROP TABLE payments;
DROP TABLE order_lines;
DROP TABLE orders;
