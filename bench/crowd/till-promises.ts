/** The promises at the till: orders, money and holds. */
import { confirmedOrders, type Evidence, type PaymentEvidence, units, type Verdict } from './evidence.ts';
import type { HoldRecord, OrderRecord } from './ledger.ts';

const finalStatuses = new Set(['confirmed', 'payment_failed', 'expired', 'cancelled']);

export function ordersKept({ orders }: Evidence): Verdict {
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

export function confirmedIsPaid(evidence: Evidence): Verdict {
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

export function oneCaptureEach(evidence: Evidence): Verdict {
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

export function oneUnitPerBuyer(evidence: Evidence): Verdict {
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

export function holdsAccountedFor({ holds, orders }: Evidence): Verdict {
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
