/**
 * After the recovery: everything that was acknowledged, against what the server, its tables and the provider's ledger
 * say now. Nothing here trusts a figure of the server alone.
 */
import type { Client as DatabaseClient } from 'pg';
import { waitFor } from '../system/server.ts';
import type { Crowd } from './buyers.ts';
import type { FaultClient } from './client.ts';
import type { HoldEntry, Ledger } from './ledger.ts';

export interface Verdict {
  /** Acknowledged, and not so any more. */
  readonly losses: string[];
  readonly oversoldUnits: number;
  readonly doubleCharges: string[];
  /** Stock, tables, ledger and answers that do not agree. */
  readonly mismatches: string[];
  /** Acknowledged facts that were compared. */
  readonly compared: number;
  readonly sold: number;
}

export interface Payment {
  readonly paymentId: string;
  readonly orderId: string | null;
  readonly status: string;
  readonly amount: number;
  readonly capturedAmount: number;
  readonly refundedAmount: number;
}

export interface AuditParts {
  readonly ledger: Ledger;
  readonly crowd: Crowd;
  readonly client: FaultClient;
  readonly tables: DatabaseClient;
  /** The provider's ledger, wherever it is now. */
  readonly payments: () => Promise<Payment[]>;
  readonly restMsMax: number;
}

interface OrderNow {
  readonly status: string;
  readonly paymentStatus: string;
  readonly total: number;
}

const finalStatuses = ['confirmed', 'payment_failed', 'expired', 'cancelled', 'refunded'];
const openPayments = ['open', 'authorized'];

export async function readPayments(sandboxUrl: string): Promise<Payment[]> {
  const payments: Payment[] = [];
  for (let cursor = ''; ; ) {
    const answer = await fetch(`${sandboxUrl}/_sandbox/payments?limit=1000${cursor}`);
    const page = (await answer.json()) as { items: Payment[]; nextCursor: string | null };
    payments.push(...page.items);
    if (page.nextCursor === null) return payments;
    cursor = `&after=${encodeURIComponent(page.nextCursor)}`;
  }
}

export async function audit(parts: AuditParts): Promise<Verdict> {
  const { ledger, crowd } = parts;
  const verdict = { losses: [] as string[], doubleCharges: [] as string[], mismatches: [] as string[] };
  const stock = await atRest(parts, verdict.mismatches);
  const orders = await readOrders(parts, verdict.losses);
  await compareTickets(parts, verdict.losses);
  await compareHolds(parts, orders, verdict.losses);
  const confirmed = [...orders.values()].filter(({ status }) => status === 'confirmed').length;
  if (stock.sold !== confirmed)
    verdict.mismatches.push(`${stock.sold} units sold, ${confirmed} orders confirmed`);
  if (stock.onHand !== crowd.options.units) verdict.mismatches.push(`onHand is ${stock.onHand}`);
  compareBooks(await parts.payments(), orders, ledger, verdict);
  await compareTables(parts, orders, stock, verdict.mismatches);
  const overbooked = stock.sold + stock.held - crowd.options.units;
  return {
    ...verdict,
    losses: [...verdict.losses, ...ledger.contradictions],
    oversoldUnits: Math.max(0, overbooked, confirmed - crowd.options.units),
    compared: ledger.tickets.size + ledger.holds.size + ledger.orders.size + ledger.releases,
    sold: stock.sold,
  };
}

interface Stock {
  readonly onHand: number;
  readonly held: number;
  readonly sold: number;
}

/** Waits until nothing is held and no payment is open: orders in doubt end by themselves. */
async function atRest(parts: AuditParts, mismatches: string[]): Promise<Stock> {
  const path = `/v1/inventory/${parts.crowd.drop.sku}`;
  let last: Stock = { onHand: 0, held: 0, sold: 0 };
  let open: Payment[] = [];
  await waitFor(async () => {
    const { status, body } = await parts.client.once({ action: 'audit', method: 'GET', path });
    if (status !== 200) return false;
    last = body;
    if (last.held > 0) return false;
    open = (await parts.payments().catch(() => [])).filter((payment) =>
      openPayments.includes(payment.status),
    );
    return open.length === 0;
  }, parts.restMsMax).catch(() => {
    mismatches.push(
      `not at rest: ${last.held} units held, payments open: ${JSON.stringify(open.slice(0, 3))}`,
    );
  });
  return last;
}

async function readOrders(parts: AuditParts, losses: string[]): Promise<Map<string, OrderNow>> {
  const orders = new Map<string, OrderNow>();
  for (const { orderId, buyer, status: told } of parts.ledger.orders.values()) {
    const { token } = parts.crowd.people[buyer]!;
    const ask = { action: 'audit', method: 'GET', path: `/v1/orders/${orderId}`, token } as const;
    const { status, body } = await parts.client.settle(ask);
    if (status !== 200) {
      losses.push(`order ${orderId} (${told}): ${status}`);
      continue;
    }
    orders.set(orderId, {
      status: body.status,
      paymentStatus: body.paymentStatus,
      total: body.total?.amount ?? 0,
    });
    if (finalStatuses.includes(told) && body.status !== told)
      losses.push(`order ${orderId} was ${told}, is ${body.status}`);
    if (!finalStatuses.includes(body.status)) losses.push(`order ${orderId} is still ${body.status}`);
    if (body.status === 'confirmed' && body.paymentStatus !== 'captured')
      losses.push(`order ${orderId} is confirmed, its payment ${body.paymentStatus}`);
  }
  return orders;
}

async function compareTickets({ ledger, crowd, client }: AuditParts, losses: string[]): Promise<void> {
  for (const { buyer, ticketId, ticketNumber } of ledger.tickets.values()) {
    const path = `/v1/sales/${crowd.drop.saleId}/tickets/${ticketId}`;
    const { token } = crowd.people[buyer]!;
    const { status, body } = await client.settle({ action: 'audit', method: 'GET', path, token });
    if (status !== 200) losses.push(`ticket ${ticketNumber} (${ticketId}): ${status}`);
    else if (body.ticketNumber !== ticketNumber)
      losses.push(`ticket ${ticketId} had number ${ticketNumber}, has ${body.ticketNumber}`);
  }
}

async function compareHolds(
  { ledger, crowd, client }: AuditParts,
  orders: ReadonlyMap<string, OrderNow>,
  losses: string[],
): Promise<void> {
  for (const hold of ledger.holds.values()) {
    const { token } = crowd.people[hold.buyer]!;
    const path = `/v1/holds/${hold.holdId}`;
    const { status, body } = await client.settle({ action: 'audit', method: 'GET', path, token });
    const lost = (what: string) => losses.push(`hold ${hold.holdId}: ${what}`);
    if (status !== 200) {
      lost(`acknowledged, now ${status}`);
      continue;
    }
    if (body.sku !== hold.sku || body.quantity !== hold.quantity) lost('another content');
    // A checkout extends its holds until it must have ended; nothing ever shortens one.
    const isKept = body.expiresAt === hold.expiresAt || (hold.orderId && body.expiresAt > hold.expiresAt);
    if (!isKept) lost(`expired at ${hold.expiresAt}, now at ${body.expiresAt}`);
    const order = hold.orderId === null ? undefined : orders.get(hold.orderId);
    const allowed = statesOf(hold, order);
    if (!allowed.includes(body.state))
      lost(`${body.state}, with ${hold.isReleased ? 'a release' : `an order ${order?.status}`}`);
  }
}

/** How a hold may end, after what its buyer did. */
function statesOf(hold: HoldEntry, order: OrderNow | undefined): string[] {
  if (hold.isReleased) return ['voided'];
  if (order?.status === 'confirmed') return ['committed'];
  if (order) return ['voided', 'expired'];
  return Date.parse(hold.expiresAt) <= Date.now() ? ['expired', 'voided'] : ['held', 'voided'];
}

function compareBooks(
  payments: readonly Payment[],
  orders: ReadonlyMap<string, OrderNow>,
  ledger: Ledger,
  { doubleCharges, mismatches }: Pick<Verdict, 'doubleCharges' | 'mismatches'>,
): void {
  const capturesByOrder = new Map<string, number>();
  for (const { orderId, paymentId, capturedAmount, refundedAmount } of payments) {
    const kept = capturedAmount - refundedAmount;
    if (orderId === null || !ledger.orders.has(orderId))
      mismatches.push(`payment ${paymentId} is for order ${orderId}, which nobody knows`);
    if (orderId === null || kept === 0) continue;
    capturesByOrder.set(orderId, (capturesByOrder.get(orderId) ?? 0) + 1);
    const order = orders.get(orderId);
    if (order?.status !== 'confirmed') doubleCharges.push(`order ${orderId} (${order?.status}) was charged`);
    else if (order.total !== kept) doubleCharges.push(`order ${orderId}: ${kept} instead of ${order.total}`);
  }
  for (const [orderId, { status }] of orders) {
    const captures = capturesByOrder.get(orderId) ?? 0;
    if (captures > 1) doubleCharges.push(`order ${orderId} was charged ${captures} times`);
    if (status === 'confirmed' && captures === 0) mismatches.push(`order ${orderId} was never charged`);
  }
}

/** The tables follow the journal within moments: they must come to say the same, row by row. */
async function compareTables(
  { tables, crowd }: AuditParts,
  orders: ReadonlyMap<string, OrderNow>,
  stock: Stock,
  mismatches: string[],
): Promise<void> {
  let differences: string[] = [];
  const differ = async () => {
    const { rows } = await tables.query('select order_id, status, payment_status from orders');
    const levels = await tables.query('select on_hand, held, sold from stock_levels where sku = $1', [
      crowd.drop.sku,
    ]);
    differences = rows
      .filter(({ order_id, status, payment_status }) => {
        const order = orders.get(order_id);
        return order?.status !== status || order?.paymentStatus !== payment_status;
      })
      .map((row) => `table orders: ${JSON.stringify(row)}, known: ${orders.get(row.order_id)?.status}`);
    if (rows.length !== orders.size)
      differences.push(`table orders has ${rows.length} rows for ${orders.size} orders`);
    const [level] = levels.rows;
    for (const [column, value] of Object.entries({
      on_hand: stock.onHand,
      held: stock.held,
      sold: stock.sold,
    }))
      if (Number(level?.[column]) !== value)
        differences.push(`stock_levels.${column} is ${level?.[column]}, not ${value}`);
    return differences.length === 0;
  };
  await waitFor(differ, 20_000).catch((error: Error) => {
    mismatches.push(...(differences.length > 0 ? differences.slice(0, 5) : [error.message]));
  });
}
