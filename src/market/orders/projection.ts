/** Orders with their lines and payments, from the order actor's events: the three are read and written together. */
import type pg from 'pg';
import type { OrderEvent } from '../../actors/order/events.ts';
import {
  codesOf,
  evolveFacts,
  type OrderFacts,
  type Priced,
  paymentStatusOf,
  paymentStepOf,
} from '../../actors/order/facts.ts';
import { eventTypes, type Projection, ProjectionBroken } from '../../persistence/projection.ts';
import type { JournalRecord } from '../../protocol/frame.ts';
import { money } from '../../protocol/money.ts';
import { lineFacts, lineRow, lineTable } from './lines.ts';
import { foldPayments, paymentTable } from './payment-rows.ts';
import { type OrderRow, type OrderRows, orderTable } from './rows.ts';

function placed(orderId: string, event: Extract<OrderEvent, { type: 'OrderPlaced' }>): OrderRow {
  return {
    orderId,
    orderNumber: event.orderNumber,
    buyerId: event.buyerId,
    status: 'pending',
    paymentStatus: 'none',
    paymentId: null,
    paymentMethod: event.paymentMethod,
    holdIds: [...event.holds, ...(event.items ?? [])].map(({ holdId }) => holdId),
    currency: null,
    subtotal: null,
    discount: null,
    shipping: null,
    tax: null,
    rounding: null,
    totalAmount: null,
    refundedAmount: 0,
    disputedAmount: null,
    shippingAddress: event.shippingAddress,
    shippingMethod: event.shippingMethod,
    couponCodes: codesOf(event),
    failure: null,
    estimatedDeliveryAtMs: null,
    payByMs: event.payByMs,
    createdAtMs: event.atMs,
    updatedAtMs: event.atMs,
    version: 1,
  };
}

/** The order's facts as far as its rows tell them. */
function factsOf({ order, lines }: OrderRows): OrderFacts {
  const { status, paymentId, failure, version, holdIds } = order;
  const priced = pricedOf(order);
  return {
    status,
    payment: paymentStepOf(order.paymentStatus, order.totalAmount),
    paymentId,
    failure,
    lines: holdIds.map((holdId, position) =>
      lineFacts(
        lines.find((line) => line.position === position),
        holdId,
      ),
    ),
    priced,
    refunded: order.refundedAmount,
    disputed: order.disputedAmount,
    // Only the actor asks.
    questionedAt: null,
    version,
  };
}

function pricedOf(row: OrderRow): Priced | null {
  const { currency, subtotal, discount, shipping, tax, rounding, totalAmount, estimatedDeliveryAtMs } = row;
  if (currency === null) return null;
  return {
    subtotal: money(subtotal!, currency),
    discount: money(discount!, currency),
    shipping: money(shipping!, currency),
    tax: money(tax!, currency),
    ...(rounding !== null && { rounding: money(rounding, currency) }),
    total: money(totalAmount!, currency),
    estimatedDeliveryMs: estimatedDeliveryAtMs!,
  };
}

function write(rows: OrderRows, facts: OrderFacts, atMs: number): void {
  const { order, lines } = rows;
  const { status, paymentId, failure, priced, version } = facts;
  order.status = status;
  order.paymentId = paymentId;
  order.failure = failure;
  order.version = version;
  order.updatedAtMs = atMs;
  order.paymentStatus = paymentStatusOf(facts);
  order.currency = priced?.total.currency ?? null;
  order.subtotal = priced?.subtotal.amount ?? null;
  order.discount = priced?.discount.amount ?? null;
  order.shipping = priced?.shipping.amount ?? null;
  order.tax = priced?.tax.amount ?? null;
  order.rounding = priced?.rounding?.amount ?? null;
  order.totalAmount = priced?.total.amount ?? null;
  order.refundedAmount = facts.refunded;
  order.disputedAmount = facts.disputed;
  order.estimatedDeliveryAtMs = priced?.estimatedDeliveryMs ?? null;
  facts.lines.forEach((line, position) => {
    const row = lineRow(order.orderId, position, line);
    if (row === null) return;
    const known = lines.findIndex((candidate) => candidate.position === position);
    if (known < 0) lines.push(row);
    else lines[known] = row;
  });
}

/**
 * Tables may be ahead of a journal whose loss of acknowledged frames was accepted: a line is then taken anew under
 * its first hold, and what is told of a hold that the rows do not name changes no line.
 */
function isOfKnownLine({ lines }: OrderFacts, holdIds: readonly string[], event: OrderEvent): boolean {
  const holdId = event.type === 'LineTaken' ? event.line.holdId : 'holdId' in event ? event.holdId : null;
  if (holdId === null || lines.some((line) => line.holdId === holdId)) return true;
  const first = lines[holdIds.indexOf(holdId)];
  if (event.type !== 'LineTaken' || first === undefined) return false;
  first.holdId = holdId;
  return true;
}

/** Changes the rows in place, or makes them. What the event means is said by the order actor's own fold. */
export function foldOrder(known: OrderRows | undefined, orderId: string, event: OrderEvent): OrderRows {
  if (event.type === 'OrderPlaced') {
    const order = placed(orderId, event);
    return known ? { ...known, order } : { order, lines: [], payments: new Map() };
  }
  if (!known) throw new ProjectionBroken(`${event.type} of order ${orderId}, which was never placed`);
  const facts = factsOf(known);
  if (isOfKnownLine(facts, known.order.holdIds, event)) evolveFacts(facts, event);
  else facts.version++;
  write(known, facts, event.atMs);
  if (event.type === 'AddressForgotten') {
    const { country } = known.order.shippingAddress;
    known.order.shippingAddress = { sealed: null, country };
  }
  foldPayments(known.payments, known.order, event);
  return known;
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
  const paymentIds = [...found.values()].flatMap(({ order }) => order.paymentId ?? []);
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
  for (const { key, event } of records)
    touched.set(key, foldOrder(touched.get(key), key, event as OrderEvent));
  const all = [...touched.values()];
  await orderTable.save(
    client,
    all.map(({ order }) => order),
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

const types = eventTypes<OrderEvent>({
  OrderPlaced: true,
  DiscountTaken: false,
  DiscountRefused: false,
  DiscountCommitted: false,
  DiscountReleased: false,
  CartTold: false,
  LineTaken: true,
  LineRefused: true,
  OrderPriced: true,
  PaymentAuthorized: true,
  PaymentDeclined: true,
  PaymentFailed: true,
  LineCommitted: true,
  LineLost: true,
  LineRetaken: true,
  PaymentCaptured: true,
  OrderConfirmed: true,
  OrderFailed: true,
  LineReleased: true,
  PaymentSettled: true,
  PaymentQuestioned: true,
  PaymentExamined: true,
  RefundExamined: true,
  AddressForgotten: true,
});

export const projection: Projection = { kind: 'order', types, project };
