/** Lists of orders from the tables that the projections keep: moments behind the actors, and cheap to page. */
import type { OrderLine, OrderStatus, OrderView } from '../../actors/order/commands.ts';
import { limitDefault } from '../../gateway/schemas.ts';
import { decodeCursor, type PageFilter, pageOf } from '../../persistence/cursor.ts';
import type { Database } from '../../persistence/database.ts';
import { instantMs } from '../../persistence/instant.ts';
import { type Money, money } from '../../protocol/money.ts';

interface OrderPage {
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

const pageText = `SELECT order_id AS "orderId", order_number AS "orderNumber", buyer_id AS "buyerId", status,
    payment_status AS "paymentStatus", payment_id AS "paymentId", failure, currency, subtotal::float8,
    discount::float8, shipping::float8, tax::float8, total_amount::float8 AS total,
    shipping_address AS "shippingAddress", shipping_method AS "shippingMethod",
    ${instantMs('estimated_delivery_at')} AS "estimatedDeliveryMs", ${instantMs('created_at')} AS "createdAtMs",
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

interface OrderFilter extends PageFilter {
  readonly buyerId: string;
  readonly status?: OrderStatus | null;
}

/** A buyer's orders, newest first. Refuses a cursor that is not its own. */
export async function listOrders(
  database: Database,
  { buyerId, status, cursor, limit = limitDefault }: OrderFilter,
): Promise<OrderPage> {
  const [afterMs, afterId] = decodeCursor(cursor, 'orders', ['number', 'string']) ?? [null, null];
  const page = pageOf(
    await database.query<OrderRecord>(pageText, [buyerId, status ?? null, afterMs, afterId, limit + 1]),
    limit,
    'orders',
    ({ createdAtMs, orderId }) => [createdAtMs, orderId],
  );
  const lines = await database.query<LineRecord>(linesText, [page.rows.map(({ orderId }) => orderId)]);
  const linesByOrder = Map.groupBy(lines, ({ orderId }) => orderId);
  return {
    items: page.rows.map((order) => orderOf(order, (linesByOrder.get(order.orderId) ?? []).map(lineOf))),
    nextCursor: page.nextCursor,
  };
}
