-- Lines of carts are of no sale; quoted orders have taxes, coupons and a rounding. Constants as defaults: no table is rewritten.
ALTER TABLE order_lines
  ALTER COLUMN sale_id DROP NOT NULL,
  ADD COLUMN tax_rate text,
  ADD COLUMN is_tax_inclusive boolean;
ALTER TABLE orders
  ADD COLUMN rounding bigint,
  ADD COLUMN coupon_codes jsonb NOT NULL DEFAULT '[]';
