-- Up Migration
-- One collation for keys. A comparison of columns with different collations cannot use the index of either.
ALTER TABLE orders
  ALTER COLUMN order_id TYPE text COLLATE "C", ALTER COLUMN buyer_id TYPE text COLLATE "C",
  ALTER COLUMN status TYPE text COLLATE "C", ALTER COLUMN order_number TYPE text COLLATE "C";
ALTER TABLE order_lines
  ALTER COLUMN order_id TYPE text COLLATE "C", ALTER COLUMN sku TYPE text COLLATE "C",
  ALTER COLUMN product_id TYPE text COLLATE "C", ALTER COLUMN seller_id TYPE text COLLATE "C";
ALTER TABLE payments
  ALTER COLUMN payment_id TYPE text COLLATE "C", ALTER COLUMN order_id TYPE text COLLATE "C";
ALTER TABLE stock_levels
  ALTER COLUMN sku TYPE text COLLATE "C", ALTER COLUMN product_id TYPE text COLLATE "C",
  ALTER COLUMN seller_id TYPE text COLLATE "C";
ALTER TABLE sales
  ALTER COLUMN sale_id TYPE text COLLATE "C", ALTER COLUMN seller_id TYPE text COLLATE "C";
ALTER TABLE sale_items
  ALTER COLUMN sale_id TYPE text COLLATE "C", ALTER COLUMN sku TYPE text COLLATE "C";

-- Categories as rows: a product names its category by id, so that moving or renaming one changes no product.
CREATE TABLE categories (
  category_id text COLLATE "C" PRIMARY KEY,
  parent_id text COLLATE "C" REFERENCES categories,
  name text NOT NULL,
  -- Of all names from the root: `Electronics > Phones`. Kept, because every product shows it.
  path text COLLATE "C" NOT NULL UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX categories_by_parent ON categories (parent_id);
-- A category keeps the slugs that it had.
CREATE TABLE category_slugs (
  slug text COLLATE "C" PRIMARY KEY,
  category_id text COLLATE "C" NOT NULL REFERENCES categories ON DELETE CASCADE,
  is_current boolean NOT NULL
);
CREATE INDEX category_slugs_by_category ON category_slugs (category_id);
CREATE UNIQUE INDEX category_slugs_current ON category_slugs (category_id) WHERE is_current;

INSERT INTO categories (category_id, name, path)
  SELECT 'cat_' || gen_random_uuid(), (string_to_array(path, ' > '))[cardinality(string_to_array(path, ' > '))], path
  FROM (
    SELECT DISTINCT array_to_string(names[1:depth], ' > ') COLLATE "C" AS path
    FROM (SELECT DISTINCT string_to_array(category, ' > ') AS names FROM products) AS listed
      CROSS JOIN LATERAL generate_series(1, cardinality(names)) AS depth
  ) AS paths;
UPDATE categories AS c SET parent_id = p.category_id
  FROM categories AS p
  WHERE p.path = array_to_string(
    (string_to_array(c.path, ' > '))[1:cardinality(string_to_array(c.path, ' > ')) - 1], ' > ') COLLATE "C";
INSERT INTO category_slugs (slug, category_id, is_current)
  SELECT CASE WHEN nth = 1 AND base <> '' THEN base ELSE base || '-' || right(category_id, 12) END, category_id, true
  FROM (
    SELECT category_id, base, row_number() OVER (PARTITION BY base ORDER BY path) AS nth
    FROM (
      SELECT category_id, path, trim(BOTH '-' FROM regexp_replace(lower(path), '[^a-z0-9]+', '-', 'g')) AS base
      FROM categories
    ) AS slugged
  ) AS numbered;

ALTER TABLE products
  ADD COLUMN status text NOT NULL DEFAULT 'active' CHECK (status IN ('draft', 'active', 'archived', 'held')),
  -- Its seller is suspended.
  ADD COLUMN is_hidden boolean NOT NULL DEFAULT false,
  ADD COLUMN tags text[] COLLATE "C" NOT NULL DEFAULT '{}',
  ADD COLUMN category_id text COLLATE "C" REFERENCES categories,
  -- Some unit of some variant is there; follows the stock levels by a moment.
  ADD COLUMN in_stock boolean NOT NULL DEFAULT false,
  -- The last link of the chain of its changes; 0: it has not been changed since there is one.
  ADD COLUMN change_seq integer NOT NULL DEFAULT 0,
  ADD COLUMN change_hash text;
UPDATE products SET
  status = CASE WHEN is_archived THEN 'archived' ELSE 'active' END,
  category_id = (SELECT c.category_id FROM categories c WHERE c.path = products.category),
  in_stock = EXISTS (
    SELECT FROM variants v JOIN stock_levels s ON s.sku = v.sku
    WHERE v.product_id = products.product_id AND s.on_hand - s.held - s.sold - coalesce(s.allotted, 0) > 0);
-- The indexes of what was not archived go with their columns.
ALTER TABLE products
  ALTER COLUMN category_id SET NOT NULL,
  ALTER COLUMN brand TYPE text COLLATE "C",
  DROP COLUMN category,
  DROP COLUMN is_archived;
ALTER TABLE products
  ADD COLUMN is_public boolean NOT NULL GENERATED ALWAYS AS (status = 'active' AND NOT is_hidden) STORED,
  -- To sort by; as much of the title as a cursor can hold.
  ADD COLUMN title_key text COLLATE "C" NOT NULL GENERATED ALWAYS AS (left(lower(title), 64)) STORED;
CREATE INDEX products_newest ON products (product_id) WHERE is_public;
CREATE INDEX products_by_price ON products (price_amount, product_id) WHERE is_public;
CREATE INDEX products_by_title ON products (title_key, product_id) WHERE is_public;
CREATE INDEX products_by_rating ON products (rating, product_id) WHERE is_public;
CREATE INDEX products_by_category ON products (category_id, price_amount, product_id) WHERE is_public;
CREATE INDEX products_in_category ON products (category_id);
CREATE INDEX products_by_brand ON products (brand, product_id) WHERE is_public;
CREATE INDEX products_by_tag ON products USING gin (tags) WHERE is_public;

ALTER TABLE variants
  ADD COLUMN compare_at_amount bigint CHECK (compare_at_amount >= 0),
  -- Ids of images of the product.
  ADD COLUMN images jsonb NOT NULL DEFAULT '[]',
  -- Not offered any more; its SKU stays taken.
  ADD COLUMN is_removed boolean NOT NULL DEFAULT false,
  -- At or below it people are told how many are left.
  ADD COLUMN low_stock_threshold integer NOT NULL DEFAULT 10 CHECK (low_stock_threshold >= 0);

CREATE TABLE price_history (
  position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  product_id text COLLATE "C" NOT NULL REFERENCES products ON DELETE CASCADE,
  sku text COLLATE "C" NOT NULL,
  price_amount bigint NOT NULL,
  currency text NOT NULL,
  compare_at_amount bigint,
  valid_from timestamptz NOT NULL DEFAULT now(),
  -- null: the present price.
  valid_to timestamptz
);
CREATE INDEX price_history_by_product ON price_history (product_id, position);
CREATE UNIQUE INDEX price_history_present ON price_history (sku) WHERE valid_to IS NULL;
INSERT INTO price_history (product_id, sku, price_amount, currency, valid_from)
  SELECT v.product_id, v.sku, v.price_amount, v.currency, p.created_at
  FROM variants v JOIN products p ON p.product_id = v.product_id ORDER BY p.created_at, v.sku;

-- Where a product came from: every change of it, each with the hash of the one before (persistence/hash-chain.ts).
CREATE TABLE product_changes (
  product_id text COLLATE "C" NOT NULL REFERENCES products ON DELETE CASCADE,
  seq integer NOT NULL,
  at timestamptz NOT NULL,
  actor jsonb NOT NULL,
  change jsonb NOT NULL,
  hash text NOT NULL,
  previous_hash text,
  PRIMARY KEY (product_id, seq)
);

-- Down Migration
DROP TABLE product_changes, price_history;
ALTER TABLE variants DROP COLUMN compare_at_amount, DROP COLUMN images, DROP COLUMN is_removed, DROP COLUMN low_stock_threshold;
ALTER TABLE products ADD COLUMN category text COLLATE "C", ADD COLUMN is_archived boolean NOT NULL DEFAULT false;
UPDATE products SET is_archived = status <> 'active',
  category = (SELECT c.path FROM categories c WHERE c.category_id = products.category_id);
ALTER TABLE products ALTER COLUMN category SET NOT NULL, DROP COLUMN is_public, DROP COLUMN title_key;
ALTER TABLE products DROP COLUMN status, DROP COLUMN is_hidden, DROP COLUMN tags, DROP COLUMN category_id,
  DROP COLUMN in_stock, DROP COLUMN change_seq, DROP COLUMN change_hash;
CREATE INDEX products_newest ON products (product_id) WHERE NOT is_archived;
CREATE INDEX products_by_price ON products (price_amount, product_id) WHERE NOT is_archived;
CREATE INDEX products_by_rating ON products (rating, product_id) WHERE NOT is_archived;
CREATE INDEX products_by_category ON products (category, product_id) WHERE NOT is_archived;
DROP TABLE category_slugs, categories;
