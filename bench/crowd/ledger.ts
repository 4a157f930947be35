/**
 * What the server has acknowledged, as the buyers saw it: the crowd's own books, kept apart from anything the server
 * counts. One compact record a ticket, a hold and an order; `reread` is filled in at the end by the audit.
 *
 * 1. An acknowledgement enters the books before the buyer acts on it.
 * 2. A record's acknowledged part never changes afterwards: later views are compared with it.
 */
import type { Body } from './client.ts';
import { createHistogram, type Histogram } from './statistics.ts';

/** `missing`: the server does not know it any more. undefined: not asked yet. */
export type Reread<View> = View | 'missing' | undefined;

export interface TicketRecord {
  readonly buyer: number;
  readonly ticketId: string;
  readonly ticketNumber: number;
  /** Later answers to the same buyer that named another ticket, or another number for this one. */
  changes: number;
  /** As first seen; equal terms for everybody, so its order is the order of admission. */
  admissionExpiresAtMs: number | null;
  /** It was seen waiting while a number at or after its own was being served. */
  wasPassedOver: boolean;
  reread: Reread<{ readonly status: string; readonly ticketNumber: number }>;
}

export interface HoldRecord {
  readonly buyer: number;
  readonly holdId: string;
  readonly sku: string;
  readonly quantity: number;
  readonly expiresAtMs: number;
  /** The buyer meant to let it lapse. */
  isAbandoned: boolean;
  /** Nobody knows what became of its checkout: the buyer had to give up. */
  isUnresolved: boolean;
  orderId: string | null;
  /** Checkout was refused with this code, at this time, without an order. */
  refusal: { readonly code: string; readonly atMs: number } | null;
  reread: Reread<{ readonly state: string }>;
}

export interface OrderRecord {
  readonly buyer: number;
  readonly orderId: string;
  readonly holdId: string;
  readonly sku: string;
  readonly quantity: number;
  /** The status that the buyer was told last. */
  status: string;
  reread: Reread<{ readonly status: string; readonly paymentStatus: string; readonly totalAmount: number }>;
}

export interface Ledger {
  readonly tickets: readonly TicketRecord[];
  readonly holds: readonly HoldRecord[];
  readonly orders: readonly OrderRecord[];
  readonly positionAge: Histogram;
  /** Times that `nowServing` was lower than in an earlier statement. */
  readonly servingWentBack: number;
  readonly nowServing: number;
  /** Of the newest statement about the queue, by the server's clock. */
  readonly positionAsOfMs: number;
  /** By `performance.now()`. */
  readonly lastTicketAtMs: number;
  /** Any view of a buyer's ticket: the first one is the acknowledgement. */
  seeTicket(buyer: number, view: Body): void;
  ticketOf(buyer: number): TicketRecord | undefined;
  /** A broadcast position. */
  seeServing(nowServing: number, asOfMs: number): void;
  seeAdmission(buyer: number, expiresAtMs: number): void;
  acknowledgeHold(buyer: number, view: Body): HoldRecord;
  acknowledgeOrder(hold: HoldRecord, orderId: string, status: string): OrderRecord;
}

export function createLedger(buyers: number): Ledger {
  const tickets: TicketRecord[] = [];
  const ticketByBuyer = new Array<TicketRecord | undefined>(buyers);
  const holds: HoldRecord[] = [];
  const holdById = new Map<string, HoldRecord>();
  const orders: OrderRecord[] = [];
  const orderById = new Map<string, OrderRecord>();
  const positionAge = createHistogram();
  let serving = { number: 0, asOfMs: 0 };
  let servingWentBack = 0;
  let lastTicketAtMs = 0;

  function seeServing(nowServing: number, asOfMs: number): void {
    positionAge.record(Date.now() - asOfMs);
    if (asOfMs < serving.asOfMs) return;
    // Only a later statement can contradict an earlier one; within one millisecond their order is not known.
    if (nowServing < serving.number && asOfMs > serving.asOfMs) servingWentBack++;
    if (nowServing > serving.number || asOfMs > serving.asOfMs) serving = { number: nowServing, asOfMs };
  }

  function seeAdmission(buyer: number, expiresAtMs: number): void {
    const ticket = ticketByBuyer[buyer];
    if (ticket && Number.isFinite(expiresAtMs)) ticket.admissionExpiresAtMs ??= expiresAtMs;
  }

  return {
    tickets,
    holds,
    orders,
    positionAge,
    get servingWentBack() {
      return servingWentBack;
    },
    get nowServing() {
      return serving.number;
    },
    get positionAsOfMs() {
      return serving.asOfMs;
    },
    get lastTicketAtMs() {
      return lastTicketAtMs;
    },
    seeServing,
    seeAdmission,
    ticketOf: (buyer) => ticketByBuyer[buyer],
    seeTicket(buyer, view) {
      let ticket = ticketByBuyer[buyer];
      if (!ticket) {
        ticket = {
          buyer,
          ticketId: String(view.ticketId),
          ticketNumber: Number(view.ticketNumber),
          changes: 0,
          admissionExpiresAtMs: null,
          wasPassedOver: false,
          reread: undefined,
        };
        ticketByBuyer[buyer] = ticket;
        tickets.push(ticket);
        lastTicketAtMs = performance.now();
      } else if (view.ticketId !== ticket.ticketId || view.ticketNumber !== ticket.ticketNumber) {
        ticket.changes++;
      }
      seeServing(view.nowServing, Date.parse(view.asOf));
      if (view.status === 'waiting' && view.nowServing >= ticket.ticketNumber) ticket.wasPassedOver = true;
      if (view.admission) seeAdmission(buyer, Date.parse(view.admission.expiresAt));
    },
    acknowledgeHold(buyer, view) {
      const known = holdById.get(view.holdId);
      if (known) return known;
      const hold: HoldRecord = {
        buyer,
        holdId: view.holdId,
        sku: view.sku,
        quantity: view.quantity,
        expiresAtMs: Date.parse(view.expiresAt),
        isAbandoned: false,
        isUnresolved: false,
        orderId: null,
        refusal: null,
        reread: undefined,
      };
      holds.push(hold);
      holdById.set(hold.holdId, hold);
      return hold;
    },
    acknowledgeOrder(hold, orderId, status) {
      hold.orderId = orderId;
      let order = orderById.get(orderId);
      if (order) {
        order.status = status;
        return order;
      }
      order = {
        buyer: hold.buyer,
        orderId,
        holdId: hold.holdId,
        sku: hold.sku,
        quantity: hold.quantity,
        status,
        reread: undefined,
      };
      orders.push(order);
      orderById.set(orderId, order);
      return order;
    },
  };
}
