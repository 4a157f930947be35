/** A catalogue of ten thousand products straight into the tables, with orders and sales beside it. */
import type pg from 'pg';

export const productCount = 10_000;
export const id = (prefix: string, n: number) =>
  `${prefix}_00000000-0000-7000-8000-${n.toString(16).padStart(12, '0')}`;
const sqlId = (prefix: string, n: string) =>
  `'${prefix}_00000000-0000-7000-8000-' || lpad(to_hex(${n}), 12, '0')`;

const fillText = `
  INSERT INTO accounts (account_id, roles, email, name, password_hash)
    SELECT ${sqlId('acc', 'n')}, '{seller}', 's' || n || '@example.com', 'Seller ' || n, 'x' FROM generate_series(0, 99) n;
  INSERT INTO categories (category_id, name, path)
    SELECT ${sqlId('cat', 'n')}, 'Root ' || n, 'Root ' || n FROM generate_series(0, 4) n;
  INSERT INTO categories (category_id, parent_id, name, path)
    SELECT ${sqlId('cat', 'n')}, ${sqlId('cat', 'n % 5')}, 'Leaf ' || n, 'Root ' || n % 5 || ' > Leaf ' || n
    FROM generate_series(5, 39) n;
  INSERT INTO category_slugs SELECT lower(replace(path, ' ', '-')), category_id, true FROM categories;
  INSERT INTO products (product_id, seller_id, title, description, brand, category_id, tags, attributes, images, status,
      price_amount, currency, rating, rating_count, in_stock)
    SELECT ${sqlId('prd', 'n')}, ${sqlId('acc', '(n * 7) % 100')}, 'Thing ' || (n * 31) % 5000, 'It is a thing.',
      'Brand ' || (n * n) % 37, ${sqlId('cat', '(n * 13) % 40')}, ARRAY['tag' || n % 50, 'all'], '{}', '[]',
      (ARRAY['active', 'active', 'active', 'active', 'draft', 'archived', 'active', 'active', 'held', 'active'])[n % 10 + 1],
      100 + (n * 17) % 900, CASE WHEN n % 6 = 0 THEN 'EUR' ELSE 'USD' END, (n * 3) % 6, n % 9, n % 3 > 0
    FROM generate_series(1, ${productCount}) n;
  INSERT INTO variants (sku, product_id, seller_id, position, options, price_amount, currency, initial_stock, actor_state)
    SELECT 'S-' || n, ${sqlId('prd', '(n + 1) / 2')}, ${sqlId('acc', '((n + 1) / 2 * 7) % 100')}, n % 2, '{}', 100, 'USD', 5, 'current'
    FROM generate_series(1, ${2 * productCount}) n;
  INSERT INTO stock_levels (sku, product_id, seller_id, on_hand, held, sold, allotted, updated_at)
    SELECT v.sku, v.product_id, v.seller_id, 5, 0, 0, 0, now() FROM variants v;
  INSERT INTO price_history (product_id, sku, price_amount, currency)
    SELECT product_id, sku, price_amount, currency FROM variants;
  INSERT INTO listing_reviews (product_id, state, reasons, since, words_hash, prices_hash)
    SELECT product_id, 'approved', '[]', now(), 'x', 'x' FROM products;
  INSERT INTO product_changes SELECT product_id, 1, now(), '{}', '{}', 'x' FROM products;
  INSERT INTO feed (topic, key, type, body) SELECT 'item', product_id, 'ItemCreated', '{}' FROM products;
  INSERT INTO orders (order_id, order_number, buyer_id, status, payment_status, payment_method, hold_ids,
      shipping_address, shipping_method, pay_by, created_at, updated_at, version)
    SELECT ${sqlId('ord', 'n')}, 'N' || n, ${sqlId('acc', 'n % 500')}, 'confirmed', 'captured', 'pm', '[]', '{}',
      'standard', now(), now() - n * interval '1 second', now(), 1 FROM generate_series(1, 10000) n;
  INSERT INTO order_lines (order_id, position, hold_id, sale_id, sku, title, product_id, seller_id, quantity, currency,
      unit_price, line_total, discount, tax, state)
    SELECT order_id, 0, 'h' || order_id, 'sal', 'S-1', 'Thing', ${sqlId('prd', '1')}, ${sqlId('acc', '1')}, 1, 'USD', 1, 1, 0, 0,
      'committed' FROM orders;
  INSERT INTO sales (sale_id, seller_id, title, phase, stock, stock_refusals, queueing, hold_seconds, payment_seconds,
      starts_at, ends_at, created_at, updated_at)
    SELECT ${sqlId('sal', 'n')}, ${sqlId('acc', 'n % 100')}, 'Sale', 'active', 'ready', '[]', '{}', 60, 60, now(), now(),
      now() - n * interval '1 second', now() FROM generate_series(1, 10000) n;
  INSERT INTO sale_items (sale_id, position, sku, quantity, price, currency, purchase_limit, state)
    SELECT sale_id, 0, 'S-1', 1, 1, 'USD', 1, 'allotted' FROM sales;
`;

export async function fill(pool: pg.Pool): Promise<void> {
  await pool.query(fillText);
  await pool.query('VACUUM ANALYZE');
}
