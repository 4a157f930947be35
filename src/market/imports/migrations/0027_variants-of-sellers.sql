-- Up Migration
-- Whose a SKU is, beside the SKU: an export reads a seller's SKUs in their order. A product never changes its seller.
ALTER TABLE variants ADD COLUMN seller_id text COLLATE "C";
UPDATE variants SET seller_id = p.seller_id FROM products p WHERE p.product_id = variants.product_id;
ALTER TABLE variants ALTER COLUMN seller_id SET NOT NULL;
CREATE INDEX variants_by_seller ON variants (seller_id, sku);

-- Down Migration
DROP INDEX variants_by_seller;
ALTER TABLE variants DROP COLUMN seller_id;
