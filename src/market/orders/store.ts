/** Lists of orders from the tables that the projections keep: moments behind the actors, and cheap to page. */
import type pg from 'pg';
import type { OrderLine, OrderStatus, OrderView } from '../../actors/order/commands.ts';
import { decodeCursor, encodeCursor } from '../../persistence/cursor.ts';
import { type Money, money } from '../../protocol/money.ts';

export interface OrderPage {
  readonly items: OrderView[];
  /** null: this was the last page. */
  readonly nextCursor: string | null;
}

interface OrderRecord
  extends Omit<OrderView, 'lines' | 'subtotal' | 'discount' | 'shipping' | 'tax' | 'total'> {
  currency: string | null;
  subtotal: number | null;
  discount: number | null;
  shipping: number | null;
  tax: number | null;
  total: number | null;
}

interface LineRecord extends Omit<OrderLine, 'unitPrice' | 'lineTotal' | 'discount' | 'tax'> {
  orderId: string;
  currency: string;
  unitPrice: number;
  lineTotal: number;
  discount: number;
  tax: number;
}

const ms = (column: string) => `(extract(epoch from ${column}) * 1000)::float8`;

const pageText = `SELECT order_id AS "orderId", order_number AS "orderNumber", buyer_id AS "buyerId", status,
    payment_status AS "paymentStatus", payment_id AS "paymentId", failure, currency, subtotal::float8,
    discount::float8, shipping::float8, tax::float8, total_amount::float8 AS total,
    shipping_address AS "shippingAddress", shipping_method AS "shippingMethod",
    ${ms('estimated_delivery_at')} AS "estimatedDeliveryMs", ${ms('created_at')} AS "createdAtMs",
    version::float8
  FROM orders
  WHERE buyer_id = $1 AND ($2::text IS NULL OR status = $2)
    AND ($3::float8 IS NULL OR (created_at, order_id) < (to_timestamp($3::float8 / 1000), $4::text))
  ORDER BY created_at DESC, order_id DESC LIMIT $5`;

const linesText = `SELECT order_id AS "orderId", hold_id AS "holdId", sale_id AS "saleId", sku, title,
    product_id AS "productId", seller_id AS "sellerId", quantity::float8, currency, unit_price::float8 AS "unitPrice",
    line_total::float8 AS "lineTotal", discount::float8, tax::float8
  FROM order_lines WHERE order_id = ANY($1) ORDER BY order_id, position`;

function lineOf(record: LineRecord): OrderLine {
  const { orderId: _, currency, unitPrice, lineTotal, discount, tax, ...line } = record;
  return {
    ...line,
    unitPrice: money(unitPrice, currency),
    lineTotal: money(lineTotal, currency),
    discount: money(discount, currency),
    tax: money(tax, currency),
  };
}

function orderOf(record: OrderRecord, lines: OrderLine[]): OrderView {
  const { currency, subtotal, discount, shipping, tax, total, ...order } = record;
  const priced = (amount: number | null): Money | null =>
    amount === null || currency === null ? null : money(amount, currency);
  return {
    ...order,
    lines,
    subtotal: priced(subtotal),
    discount: priced(discount),
    shipping: priced(shipping),
    tax: priced(tax),
    total: priced(total),
  };
}

/** A buyer's orders, newest first. Refuses a cursor that is not its own. */
export async function listOrders(
  pool: pg.Pool,
  filter: {
    readonly buyerId: string;
    readonly status: OrderStatus | string | null;
    readonly cursor: string | null;
    readonly limit: number;
  },
): Promise<OrderPage> {
  const key = decodeCursor(filter.cursor, 'orders', ['number', 'string']);
  const [afterMs, afterId] = key ?? [null, null];
  // One row more than asked says whether there is another page.
  const { rows } = await pool.query<OrderRecord>(pageText, [
    filter.buyerId,
    filter.status,
    afterMs,
    afterId,
    filter.limit + 1,
  ]);
  const page = rows.slice(0, filter.limit);
  const lines = await pool.query<LineRecord>(linesText, [page.map(({ orderId }) => orderId)]);
  const linesByOrder = Map.groupBy(lines.rows, ({ orderId }) => orderId);
  const last = page.at(-1);
  return {
    items: page.map((order) => orderOf(order, (linesByOrder.get(order.orderId) ?? []).map(lineOf))),
    nextCursor:
      rows.length > page.length && last ? encodeCursor('orders', [last.createdAtMs, last.orderId]) : null,
  };
}
