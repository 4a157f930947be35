/**
 * The promises to a buyer, each checked from outside: from the crowd's own books, what a second reading says, the
 * public stock figures and the payment provider's books. Pure: evidence in, verdicts out.
 */
import type { HoldRecord, OrderRecord, TicketRecord } from './ledger.ts';

export interface StockEvidence {
  readonly sku: string;
  /** Units that were put up for sale. */
  readonly offered: number;
  /** From `GET /v1/inventory/{sku}`. */
  readonly onHand: number;
  readonly held: number;
  readonly sold: number;
  readonly available: number;
  /** From the sale's status. */
  readonly saleSold: number;
}

export interface PaymentEvidence {
  readonly paymentId: string;
  readonly orderId: string | null;
  readonly capturedAmount: number;
  readonly refundedAmount: number;
}

export interface Evidence {
  readonly tickets: readonly TicketRecord[];
  readonly holds: readonly HoldRecord[];
  readonly orders: readonly OrderRecord[];
  readonly servingWentBack: number;
  readonly stock: readonly StockEvidence[];
  /** What the sale itself says; it must be 0. */
  readonly oversoldReported: number;
  /** Every payment in the provider's books, or why they were not read. */
  readonly payments: readonly PaymentEvidence[] | string;
}

export interface Verdict {
  readonly name: string;
  /** null: not checked. */
  readonly isKept: boolean | null;
  /** Numbers behind it, in one sentence. */
  readonly detail: string;
}

export function checkPromises(evidence: Evidence): Verdict[] {
  return [
    notOversold(evidence),
    soldIsConfirmed(evidence),
    ordersKept(evidence),
    confirmedIsPaid(evidence),
    oneCaptureEach(evidence),
    oneUnitPerBuyer(evidence),
    oneTicketPerBuyer(evidence),
    numbersUnchanged(evidence),
    placesHonoured(evidence),
    holdsAccountedFor(evidence),
    soldWhileTicketsRemain(evidence),
  ];
}

/** Units sold beyond those offered, by the shop's figures or by the buyers' orders, whichever is worse. */
export function oversoldUnits(evidence: Evidence): number {
  let oversold = evidence.oversoldReported;
  const confirmed = unitsBySku(confirmedOrders(evidence));
  let beyond = 0;
  for (const { sku, offered, sold, saleSold } of evidence.stock)
    beyond += Math.max(0, sold - offered, saleSold - offered, (confirmed.get(sku) ?? 0) - offered);
  oversold = Math.max(oversold, beyond);
  return oversold;
}

export function soldUnits(evidence: Evidence): number {
  return evidence.stock.reduce((sum, { sold }) => sum + sold, 0);
}

function confirmedOrders({ orders }: Evidence): OrderRecord[] {
  return orders.filter(({ reread }) => typeof reread === 'object' && reread.status === 'confirmed');
}

function unitsBySku(orders: readonly OrderRecord[]): Map<string, number> {
  const units = new Map<string, number>();
  for (const { sku, quantity } of orders) units.set(sku, (units.get(sku) ?? 0) + quantity);
  return units;
}

function units(orders: readonly OrderRecord[]): number {
  return orders.reduce((sum, { quantity }) => sum + quantity, 0);
}

function notOversold(evidence: Evidence): Verdict {
  const oversold = oversoldUnits(evidence);
  const astray = evidence.stock.filter(
    ({ offered, onHand, held, sold, available }) =>
      onHand !== offered || onHand !== available + held + sold || available < 0 || held < 0,
  ).length;
  const offered = evidence.stock.reduce((sum, stock) => sum + stock.offered, 0);
  return {
    name: 'no unit is sold twice, none is lost',
    isKept: oversold === 0 && astray === 0,
    detail: `${soldUnits(evidence)} of ${offered} units sold, ${oversold} oversold, ${astray} of ${evidence.stock.length} SKUs out of balance`,
  };
}

function soldIsConfirmed(evidence: Evidence): Verdict {
  const confirmed = confirmedOrders(evidence);
  const bySku = unitsBySku(confirmed);
  const off = evidence.stock.filter(
    ({ sku, sold, saleSold }) => sold !== saleSold || sold !== (bySku.get(sku) ?? 0),
  ).length;
  const saleSold = evidence.stock.reduce((sum, stock) => sum + stock.saleSold, 0);
  return {
    name: 'units sold = confirmed orders',
    isKept: off === 0,
    detail: `stock says ${soldUnits(evidence)}, the sale ${saleSold}, orders ${units(confirmed)}; ${off} SKUs differ`,
  };
}

const finalStatuses = new Set(['confirmed', 'payment_failed', 'expired', 'cancelled']);

function ordersKept({ orders }: Evidence): Verdict {
  let lost = 0;
  let changed = 0;
  let unfinished = 0;
  for (const { status, reread } of orders) {
    if (typeof reread !== 'object') lost++;
    else if (finalStatuses.has(status) && reread.status !== status) changed++;
    else if (!finalStatuses.has(reread.status)) unfinished++;
  }
  return {
    name: 'every acknowledged order reads the same again',
    isKept: lost + changed + unfinished === 0,
    detail: `${orders.length} orders, ${lost} lost, ${changed} changed, ${unfinished} unfinished`,
  };
}

/** Payments of this crowd's orders, by order. */
function capturesByOrder(evidence: Evidence, payments: readonly PaymentEvidence[]) {
  const ours = new Set(evidence.orders.map(({ orderId }) => orderId));
  const captures = new Map<string, PaymentEvidence[]>();
  for (const payment of payments) {
    const { orderId, capturedAmount } = payment;
    if (orderId === null || capturedAmount === 0 || !ours.has(orderId)) continue;
    const known = captures.get(orderId);
    if (known) known.push(payment);
    else captures.set(orderId, [payment]);
  }
  return captures;
}

function confirmedIsPaid(evidence: Evidence): Verdict {
  const name = 'units confirmed = units paid';
  const { payments } = evidence;
  if (typeof payments === 'string') return { name, isKept: null, detail: `not checked: ${payments}` };
  const captures = capturesByOrder(evidence, payments);
  let paidUnits = 0;
  let unpaid = 0;
  let wrongAmount = 0;
  let paidForNothing = 0;
  for (const { orderId, quantity, reread } of evidence.orders) {
    const view = typeof reread === 'object' ? reread : null;
    const captured = (captures.get(orderId) ?? []).reduce((sum, p) => sum + p.capturedAmount, 0);
    const kept = (captures.get(orderId) ?? []).reduce(
      (sum, p) => sum + p.capturedAmount - p.refundedAmount,
      0,
    );
    if (view?.status === 'confirmed') {
      if (captured === 0 || view.paymentStatus !== 'captured') unpaid++;
      else if (kept !== view.totalAmount) wrongAmount++;
      else paidUnits += quantity;
    } else if (kept !== 0) paidForNothing++;
  }
  const confirmed = units(confirmedOrders(evidence));
  return {
    name,
    isKept: unpaid + wrongAmount + paidForNothing === 0 && paidUnits === confirmed,
    detail: `${confirmed} confirmed, ${paidUnits} paid in full, ${unpaid} unpaid, ${wrongAmount} with another amount, ${paidForNothing} paid without an order`,
  };
}

function oneCaptureEach(evidence: Evidence): Verdict {
  const name = 'nobody is charged twice';
  const { payments } = evidence;
  if (typeof payments === 'string') return { name, isKept: null, detail: `not checked: ${payments}` };
  const captures = capturesByOrder(evidence, payments);
  const twice = [...captures.values()].filter((list) => list.length > 1).length;
  return {
    name,
    isKept: twice === 0,
    detail: `${captures.size} orders charged, ${twice} of them more than once`,
  };
}

function oneUnitPerBuyer(evidence: Evidence): Verdict {
  const unitsByBuyer = new Map<number, number>();
  for (const { buyer, quantity } of confirmedOrders(evidence))
    unitsByBuyer.set(buyer, (unitsByBuyer.get(buyer) ?? 0) + quantity);
  const greedy = [...unitsByBuyer.values()].filter((owned) => owned > 1).length;
  return {
    name: 'one unit per buyer',
    isKept: greedy === 0,
    detail: `${unitsByBuyer.size} buyers own a unit, ${greedy} own more than one`,
  };
}

function oneTicketPerBuyer({ tickets }: Evidence): Verdict {
  const duplicates = (values: readonly unknown[]) => values.length - new Set(values).size;
  const sharedIds = duplicates(tickets.map(({ ticketId }) => ticketId));
  const sharedNumbers = duplicates(tickets.map(({ ticketNumber }) => ticketNumber));
  const secondTickets = duplicates(tickets.map(({ buyer }) => buyer));
  return {
    name: 'one ticket per buyer, one buyer per ticket',
    isKept: sharedIds + sharedNumbers + secondTickets === 0,
    detail: `${tickets.length} tickets, ${sharedIds} ids and ${sharedNumbers} numbers given twice, ${secondTickets} buyers with two`,
  };
}

function numbersUnchanged({ tickets }: Evidence): Verdict {
  let lost = 0;
  let changed = 0;
  for (const { ticketNumber, changes, reread } of tickets) {
    if (typeof reread !== 'object') lost++;
    else if (changes > 0 || reread.ticketNumber !== ticketNumber) changed++;
  }
  return {
    name: 'a ticket keeps its number',
    isKept: lost + changed === 0,
    detail: `${tickets.length} tickets, ${changed} changed, ${lost} lost`,
  };
}

/**
 * Admissions on equal terms end in the order in which they began, so going up the ticket numbers their ends must never
 * go back (equal ends are one release). A ticket that still waits must have a higher number than every admitted one.
 */
function placesHonoured({ tickets, servingWentBack }: Evidence): Verdict {
  const inOrder = [...tickets].sort((a, b) => a.ticketNumber - b.ticketNumber);
  const lastAdmitted = inOrder.findLast(({ admissionExpiresAtMs }) => admissionExpiresAtMs !== null);
  let admitted = 0;
  let overtaken = 0;
  let latestMs = Number.NEGATIVE_INFINITY;
  for (const ticket of inOrder) {
    const { admissionExpiresAtMs, reread, wasPassedOver, ticketNumber } = ticket;
    const stillWaits = typeof reread === 'object' && reread.status === 'waiting';
    if (wasPassedOver || (stillWaits && ticketNumber < (lastAdmitted?.ticketNumber ?? 0))) overtaken++;
    if (admissionExpiresAtMs === null) continue;
    admitted++;
    if (admissionExpiresAtMs < latestMs) overtaken++;
    latestMs = Math.max(latestMs, admissionExpiresAtMs);
  }
  return {
    name: 'admissions follow the ticket numbers',
    isKept: overtaken === 0 && servingWentBack === 0,
    detail: `${admitted} admissions seen, ${overtaken} out of turn, nowServing went back ${servingWentBack} times`,
  };
}

function holdsAccountedFor({ holds, orders }: Evidence): Verdict {
  const orderById = new Map(orders.map((order) => [order.orderId, order]));
  const counts = { committed: 0, ended: 0, lost: 0, open: 0, unexplained: 0 };
  for (const hold of holds) {
    const order = hold.orderId === null ? undefined : orderById.get(hold.orderId);
    counts[fateOf(hold, order)]++;
  }
  return {
    name: 'every acknowledged hold is accounted for',
    isKept: counts.lost + counts.open + counts.unexplained === 0,
    detail: `${holds.length} holds: ${counts.committed} bought, ${counts.ended} given back or lapsed for a known reason, ${counts.open} still open, ${counts.lost} lost, ${counts.unexplained} unexplained`,
  };
}

function fateOf(hold: HoldRecord, order: OrderRecord | undefined) {
  if (typeof hold.reread !== 'object') return 'lost';
  const view = order && typeof order.reread === 'object' ? order.reread : null;
  const isConfirmed = view?.status === 'confirmed';
  switch (hold.reread.state) {
    case 'committed':
      return isConfirmed ? 'committed' : 'unexplained';
    case 'voided':
      return view !== null && !isConfirmed ? 'ended' : 'unexplained';
    case 'expired':
      return !isConfirmed && isExpiryExplained(hold, view !== null) ? 'ended' : 'unexplained';
    default:
      return 'open';
  }
}

/** A hold may lapse when the buyer let it, when its order ended otherwise, or when the checkout came after its time. */
function isExpiryExplained(hold: HoldRecord, hasEndedOrder: boolean): boolean {
  if (hold.isAbandoned || hold.isUnresolved || hasEndedOrder) return true;
  return hold.refusal !== null && hold.refusal.atMs >= hold.expiresAtMs;
}

function soldWhileTicketsRemain(evidence: Evidence): Verdict {
  const left = evidence.stock.reduce((sum, stock) => sum + stock.offered - stock.sold, 0);
  const waiting = evidence.tickets.filter(
    ({ reread }) => typeof reread === 'object' && reread.status === 'waiting',
  ).length;
  return {
    name: 'all units are sold while tickets remain',
    isKept: left <= 0 || waiting === 0,
    detail: `${Math.max(0, left)} units left, ${waiting} tickets still waiting`,
  };
}
