/** Orders with their lines and payments, from the order actor's events: the three are read and written together. */
import type pg from 'pg';
import type { OrderStatus, OrderView, PaymentStatus } from '../../actors/order/commands.ts';
import type { OrderEvent } from '../../actors/order/events.ts';
import { type Projection, ProjectionBroken } from '../../persistence/projection.ts';
import { table } from '../../persistence/table.ts';
import type { JournalRecord } from '../../protocol/frame.ts';
import { foldPayments, type PaymentRow, paymentTable } from '../payments/rows.ts';
import { foldLines, type LineRow, lineTable } from './lines.ts';

export interface OrderRow {
  orderId: string;
  orderNumber: string;
  buyerId: string;
  status: OrderStatus;
  paymentStatus: PaymentStatus;
  paymentId: string | null;
  paymentMethod: string;
  holdIds: string[];
  currency: string | null;
  subtotal: number | null;
  discount: number | null;
  shipping: number | null;
  tax: number | null;
  totalAmount: number | null;
  shippingAddress: OrderView['shippingAddress'];
  shippingMethod: OrderView['shippingMethod'];
  failure: OrderView['failure'];
  estimatedDeliveryAtMs: number | null;
  payByMs: number;
  createdAtMs: number;
  updatedAtMs: number;
  version: number;
}

export const orderTable = table<OrderRow>('orders', ['orderId'], {
  orderId: ['order_id', 'text'],
  orderNumber: ['order_number', 'text'],
  buyerId: ['buyer_id', 'text'],
  status: ['status', 'text'],
  paymentStatus: ['payment_status', 'text'],
  paymentId: ['payment_id', 'text'],
  paymentMethod: ['payment_method', 'text'],
  holdIds: ['hold_ids', 'json'],
  currency: ['currency', 'text'],
  subtotal: ['subtotal', 'integer'],
  discount: ['discount', 'integer'],
  shipping: ['shipping', 'integer'],
  tax: ['tax', 'integer'],
  totalAmount: ['total_amount', 'integer'],
  shippingAddress: ['shipping_address', 'json'],
  shippingMethod: ['shipping_method', 'text'],
  failure: ['failure', 'json'],
  estimatedDeliveryAtMs: ['estimated_delivery_at', 'instant'],
  payByMs: ['pay_by', 'instant'],
  createdAtMs: ['created_at', 'instant'],
  updatedAtMs: ['updated_at', 'instant'],
  version: ['version', 'integer'],
});

function placed(orderId: string, event: Extract<OrderEvent, { type: 'OrderPlaced' }>): OrderRow {
  return {
    orderId,
    orderNumber: event.orderNumber,
    buyerId: event.buyerId,
    status: 'pending',
    paymentStatus: 'none',
    paymentId: null,
    paymentMethod: event.paymentMethod,
    holdIds: event.holds.map(({ holdId }) => holdId),
    currency: null,
    subtotal: null,
    discount: null,
    shipping: null,
    tax: null,
    totalAmount: null,
    shippingAddress: event.shippingAddress,
    shippingMethod: event.shippingMethod,
    failure: null,
    estimatedDeliveryAtMs: null,
    payByMs: event.payByMs,
    createdAtMs: event.atMs,
    updatedAtMs: event.atMs,
    version: 1,
  };
}

/** Changes the row in place, or makes it. Says the same as the order actor's own view. */
export function foldOrder(row: OrderRow | undefined, orderId: string, event: OrderEvent): OrderRow {
  if (event.type === 'OrderPlaced') return placed(orderId, event);
  if (!row) throw new ProjectionBroken(`${event.type} of order ${orderId}, which was never placed`);
  row.version++;
  row.updatedAtMs = event.atMs;
  switch (event.type) {
    case 'OrderPriced':
      row.status = 'authorizing';
      row.currency = event.total.currency;
      row.subtotal = event.subtotal.amount;
      row.discount = event.discount.amount;
      row.shipping = event.shipping.amount;
      row.tax = event.tax.amount;
      row.totalAmount = event.total.amount;
      row.estimatedDeliveryAtMs = event.estimatedDeliveryMs;
      break;
    case 'PaymentAuthorized':
      row.paymentId = event.paymentId;
      row.paymentStatus = 'authorized';
      if (row.status === 'authorizing') row.status = 'committing';
      break;
    case 'PaymentDeclined':
      row.paymentId = event.paymentId;
      row.paymentStatus = 'failed';
      break;
    case 'PaymentFailed':
      // A failed capture leaves the authorisation standing.
      if (row.paymentStatus === 'none') row.paymentStatus = 'failed';
      break;
    case 'PaymentCaptured':
      row.paymentStatus = 'captured';
      break;
    case 'PaymentSettled':
      row.paymentStatus = event.paymentStatus;
      if (event.paymentStatus === 'refunded') row.status = 'refunded';
      break;
    case 'OrderConfirmed':
      row.status = 'confirmed';
      break;
    case 'OrderFailed': {
      const { code, declineCode, sku, available } = event;
      row.status = event.status;
      // `ok`: the buyer cancelled, which is no failure.
      if (code !== 'ok') row.failure = { code, declineCode, sku, available };
      break;
    }
  }
  return row;
}

interface OrderRows {
  order: OrderRow | undefined;
  lines: LineRow[];
  payments: Map<string, PaymentRow>;
}

async function loadOrders(
  client: pg.ClientBase,
  orderIds: readonly string[],
): Promise<Map<string, OrderRows>> {
  const found = new Map<string, OrderRows>();
  for (const order of await orderTable.load(client, orderIds))
    found.set(order.orderId, { order, lines: [], payments: new Map() });
  for (const line of await lineTable.load(client, [...found.keys()]))
    found.get(line.orderId)!.lines.push(line);
  // Payments are found by the one that each order names: an order never has another.
  const paymentIds = [...found.values()].flatMap(({ order }) => order?.paymentId ?? []);
  for (const payment of await paymentTable.load(client, paymentIds))
    found.get(payment.orderId)?.payments.set(payment.paymentId, payment);
  return found;
}

async function project(client: pg.ClientBase, records: readonly JournalRecord[]): Promise<void> {
  const fresh = new Set<string>();
  const older = new Set<string>();
  for (const { key, event } of records) {
    if (event.type === 'OrderPlaced') fresh.add(key);
    else if (!fresh.has(key)) older.add(key);
  }
  const touched = await loadOrders(client, [...older]);
  for (const { key, event: recorded } of records) {
    const event = recorded as OrderEvent;
    const rows = touched.get(key) ?? { order: undefined, lines: [], payments: new Map() };
    touched.set(key, rows);
    rows.order = foldOrder(rows.order, key, event);
    foldLines(rows.lines, key, rows.order.holdIds, event);
    foldPayments(rows.payments, rows.order, event);
  }
  const all = [...touched.values()];
  await orderTable.save(
    client,
    all.flatMap(({ order }) => order ?? []),
  );
  await lineTable.save(
    client,
    all.flatMap(({ lines }) => lines),
  );
  await paymentTable.save(
    client,
    all.flatMap(({ payments }) => [...payments.values()]),
  );
}

export const ordersProjection: Projection = { kind: 'order', types: null, project };
