/** Lists of orders from the tables that the projections keep: cheap to page, and moments behind the actors. */
import type { OrderStatus, OrderView } from '../../actors/order/commands.ts';
import { limitDefault } from '../../gateway/schemas.ts';
import {
  decodeCursor,
  encodeCursor,
  idPart,
  instantPart,
  type PageFilter,
} from '../../persistence/cursor.ts';
import type { Database, Query } from '../../persistence/database.ts';
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
    rounding: priced(row.rounding),
    total: priced(row.totalAmount),
    refunded: priced(row.refundedAmount),
    disputed: priced(row.disputedAmount),
    shippingAddress,
    shippingMethod,
    couponCodes: row.couponCodes,
    estimatedDeliveryMs: row.estimatedDeliveryAtMs,
    createdAtMs,
    version,
  };
}

interface VersionRow {
  readonly orderId: string;
  readonly version: number;
}

const versionsText = `SELECT order_id AS "orderId", version::float8 FROM orders WHERE order_id = ANY($1)`;

interface OrderFilter extends PageFilter {
  readonly buyerId: string;
  readonly status?: OrderStatus | null;
}

/** A place in the list. */
type Place = Pick<OrderView, 'createdAtMs' | 'orderId'>;

function byPlace(a: Place, b: Place): number {
  if (a.createdAtMs !== b.createdAtMs) return b.createdAtMs - a.createdAtMs;
  if (a.orderId === b.orderId) return 0;
  return a.orderId < b.orderId ? 1 : -1;
}

/**
 * A buyer's orders, newest first. `recent` are orders of the buyer as their actors say them: where the tables are
 * behind, they stand for the rows. Refuses a cursor that is not its own.
 */
export async function listOrders(
  database: Database,
  { buyerId, status = null, cursor, limit = limitDefault }: OrderFilter,
  recent: readonly OrderView[] = [],
): Promise<OrderPage> {
  const [afterMs, afterId] = decodeCursor(cursor, 'orders', [instantPart, idPart('order')]) ?? [null, null];
  const after = afterMs === null ? null : { createdAtMs: Number(afterMs), orderId: String(afterId) };
  // First what the tables had of the recent orders, then the page: an order that they take in meanwhile is in both.
  const versions = await versionsOf(database, recent);
  const rows = await database.query<OrderRow>(pageText, [buyerId, status, afterMs, afterId, limit + 1]);
  for (const { orderId, version } of rows) versions.set(orderId, version);
  // The page covers the list from `after` to here; null: to its end.
  const upTo = rows.length > limit ? rows.at(-1)! : null;
  const isOnPage = (order: OrderView) =>
    (status === null || order.status === status) &&
    (after === null || byPlace(after, order) < 0) &&
    (upTo === null || byPlace(order, upTo) <= 0);
  const newer = new Map(
    recent
      .filter(({ orderId, version }) => version > (versions.get(orderId) ?? 0))
      .map((order) => [order.orderId, order]),
  );
  const kept = rows.filter(({ orderId }) => !newer.has(orderId));
  const found = [...kept, ...[...newer.values()].filter(isOnPage)].sort(byPlace);
  const page = found.slice(0, limit);
  const last = found.length > limit ? page.at(-1)! : upTo;
  return {
    items: await withLines(database, page),
    nextCursor: last === null ? null : encodeCursor('orders', [last.createdAtMs, last.orderId]),
  };
}

async function versionsOf(database: Database, recent: readonly OrderView[]): Promise<Map<string, number>> {
  if (recent.length === 0) return new Map();
  const rows = await database.query<VersionRow>(versionsText, [recent.map(({ orderId }) => orderId)]);
  return new Map(rows.map(({ orderId, version }) => [orderId, version]));
}

async function withLines(database: Database, page: readonly (OrderRow | OrderView)[]): Promise<OrderView[]> {
  const rowIds = page.filter(isRow).map(({ orderId }) => orderId);
  const lines = rowIds.length === 0 ? [] : await database.query<LineRow>(linesText, [rowIds]);
  const linesByOrder = Map.groupBy(lines, ({ orderId }) => orderId);
  return page.map((order) => (isRow(order) ? orderOf(order, linesByOrder.get(order.orderId) ?? []) : order));
}

function isRow(order: OrderRow | OrderView): order is OrderRow {
  return !('lines' in order);
}

// ---------------------------------------------------------------- for whoever leaves

/** Money or goods are still on their way. A paid order is until its day of delivery, and can be cancelled before. */
const isOpen = `(o.status IN ('pending', 'authorizing', 'committing')
  OR (o.status IN ('confirmed', 'shipped') AND o.estimated_delivery_at > now()))`;

/** Whether the account waits for an order, or others wait for one of its lines. */
export async function hasOpenOrders(query: Query, accountId: string): Promise<boolean> {
  const rows = await query(
    `SELECT 1 FROM orders o WHERE o.buyer_id = $1 AND ${isOpen}
     UNION ALL
     SELECT 1 FROM order_lines l JOIN orders o USING (order_id) WHERE l.seller_id = $1 AND ${isOpen} LIMIT 1`,
    [accountId],
  );
  return rows.length > 0;
}

/** Orders of this buyer whose address is readable by whoever reads the table. */
export async function listPlainAddresses(query: Query, buyerId: string, limit: number): Promise<string[]> {
  const rows = await query<{ order_id: string }>(
    `SELECT order_id FROM orders WHERE buyer_id = $1 AND NOT shipping_address ? 'sealed' LIMIT $2`,
    [buyerId, limit],
  );
  return rows.map(({ order_id }) => order_id);
}
