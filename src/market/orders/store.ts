/** Lists of orders from the tables that the projections keep: moments behind the actors, and cheap to page. */
import type { OrderStatus, OrderView } from '../../actors/order/commands.ts';
import { limitDefault } from '../../gateway/schemas.ts';
import { decodeCursor, idPart, instantPart, type PageFilter, pageOf } from '../../persistence/cursor.ts';
import type { Database } from '../../persistence/database.ts';
import { type Money, money } from '../../protocol/money.ts';
import { type LineRow, lineOf, lineTable } from './lines.ts';
import { type OrderRow, orderTable } from './rows.ts';

interface OrderPage {
  readonly items: OrderView[];
  /** null: this was the last page. */
  readonly nextCursor: string | null;
}

const pageText = `SELECT ${orderTable.selection} FROM orders
  WHERE buyer_id = $1 AND ($2::text IS NULL OR status = $2)
    AND ($3::float8 IS NULL OR (created_at, order_id) < (to_timestamp($3::float8 / 1000), $4::text))
  ORDER BY created_at DESC, order_id DESC LIMIT $5`;

const linesText = `SELECT ${lineTable.selection} FROM order_lines WHERE order_id = ANY($1)
  ORDER BY order_id, position`;

function orderOf(row: OrderRow, lines: LineRow[]): OrderView {
  const { orderId, orderNumber, buyerId, status, paymentStatus, paymentId, failure, currency } = row;
  const { shippingAddress, shippingMethod, createdAtMs, version } = row;
  const priced = (amount: number | null): Money | null =>
    amount === null || currency === null ? null : money(amount, currency);
  return {
    ...{ orderId, orderNumber, buyerId, status, paymentStatus, paymentId, failure },
    lines: lines.map(lineOf),
    subtotal: priced(row.subtotal),
    discount: priced(row.discount),
    shipping: priced(row.shipping),
    tax: priced(row.tax),
    total: priced(row.totalAmount),
    refunded: priced(row.refundedAmount),
    disputed: priced(row.disputedAmount),
    shippingAddress,
    shippingMethod,
    estimatedDeliveryMs: row.estimatedDeliveryAtMs,
    createdAtMs,
    version,
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
  const [afterMs, afterId] = decodeCursor(cursor, 'orders', [instantPart, idPart('order')]) ?? [null, null];
  const page = pageOf(
    await database.query<OrderRow>(pageText, [buyerId, status ?? null, afterMs, afterId, limit + 1]),
    limit,
    'orders',
    ({ createdAtMs, orderId }) => [createdAtMs, orderId],
  );
  const lines = await database.query<LineRow>(linesText, [page.rows.map(({ orderId }) => orderId)]);
  const linesByOrder = Map.groupBy(lines, ({ orderId }) => orderId);
  return {
    items: page.rows.map((order) => orderOf(order, linesByOrder.get(order.orderId) ?? [])),
    nextCursor: page.nextCursor,
  };
}
