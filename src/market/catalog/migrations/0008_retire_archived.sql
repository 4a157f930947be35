-- Up Migration
-- The actors of SKUs whose product left the catalogue are told so by the next round of the registration.
UPDATE variants SET actor_state = 'stale'
  FROM products WHERE products.product_id = variants.product_id AND products.is_archived;
