/**
 * Tickets, holds and what everybody is shown of a queue, as JSON. Field by field, so that nothing internal (a buyer's
 * id) gets out by being added to an actor's view.
 */
import type { ServingView, TicketView } from '../../actors/sale/commands.ts';
import type { HoldView } from '../../actors/sku/commands.ts';
import { iso } from '../../gateway/handling.ts';
import type { Admissions } from './admission.ts';
import type { Admission, Hold, Ticket } from './schemas.ts';

export function servingJson(view: ServingView) {
  return {
    saleId: view.saleId,
    nowServing: view.nowServing,
    queueLength: view.queueLength,
    releasedPerSecond: view.releasedPerSecond,
    outlook: view.outlook,
    waitReason: view.waitReason,
    left: view.left,
    onHold: view.onHold,
    asOf: iso(view.asOfMs),
  };
}

/** The token and its end, or null for a ticket that is not admitted. */
export function admissionJson(view: TicketView, admissions: Admissions): Admission | null {
  if (view.admission === null) return null;
  const { expiresAtMs, isClaimed } = view.admission;
  const { saleId, ticketId, ticketNumber, buyerId } = view;
  return {
    token: admissions.sign({ saleId, ticketId, ticketNumber, buyerId, expiresAtMs }),
    expiresAt: iso(expiresAtMs),
    claimed: isClaimed,
  };
}

export function ticketJson(view: TicketView, admissions: Admissions): Ticket {
  return {
    ticketId: view.ticketId,
    saleId: view.saleId,
    status: view.status,
    ticketNumber: view.ticketNumber,
    nowServing: view.nowServing,
    usersAhead: view.usersAhead,
    queueLength: view.queueLength,
    waitTimeSeconds: view.waitTimeSeconds,
    waitTimeKnown: view.waitTimeKnown,
    outlook: view.outlook,
    waitReason: view.waitReason,
    admission: admissionJson(view, admissions),
    pollAfterSeconds: view.pollAfterSeconds,
    asOf: iso(view.asOfMs),
  };
}

export function holdJson(view: HoldView): Hold {
  return {
    holdId: view.holdId,
    saleId: view.saleId,
    sku: view.sku,
    quantity: view.quantity,
    unitPrice: view.unitPrice,
    state: view.state,
    expiresAt: iso(view.expiresAtMs),
  };
}
