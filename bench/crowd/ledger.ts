/**
 * What the server has acknowledged, as the buyers saw it: the crowd's own ledger, kept apart from anything the server
 * counts. One compact record a ticket, a hold and an order; `reread` is filled in at the end by the audit.
 *
 * 1. An acknowledgement enters the ledger before the buyer acts on it.
 * 2. A record's acknowledged part never changes afterwards: later views are compared with it.
 */
import type { Body } from './client.ts';
import { createHistogram } from './statistics.ts';

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

export class Ledger {
  readonly tickets: TicketRecord[] = [];
  readonly holds: HoldRecord[] = [];
  readonly orders: OrderRecord[] = [];
  readonly positionAge = createHistogram();
  readonly #ticketByBuyer: (TicketRecord | undefined)[];
  readonly #holdById = new Map<string, HoldRecord>();
  readonly #orderById = new Map<string, OrderRecord>();
  #serving = { number: 0, asOfMs: 0 };
  #servingWentBack = 0;
  #lastTicketAtMs = 0;

  constructor(buyers: number) {
    this.#ticketByBuyer = new Array(buyers);
  }

  /** Times that `nowServing` was lower than in an earlier statement. */
  get servingWentBack(): number {
    return this.#servingWentBack;
  }

  get nowServing(): number {
    return this.#serving.number;
  }

  /** Of the newest statement about the queue, by the server's clock. */
  get positionAsOfMs(): number {
    return this.#serving.asOfMs;
  }

  /** By `performance.now()`. */
  get lastTicketAtMs(): number {
    return this.#lastTicketAtMs;
  }

  ticketOf(buyer: number): TicketRecord | undefined {
    return this.#ticketByBuyer[buyer];
  }

  /** Any view of a buyer's ticket: the first one is the acknowledgement. */
  seeTicket(buyer: number, view: Body): void {
    let ticket = this.#ticketByBuyer[buyer];
    if (!ticket) ticket = this.#acknowledgeTicket(buyer, view);
    else if (view.ticketId !== ticket.ticketId || view.ticketNumber !== ticket.ticketNumber) ticket.changes++;
    this.seeServing(view.nowServing, Date.parse(view.asOf));
    if (view.status === 'waiting' && view.nowServing >= ticket.ticketNumber) ticket.wasPassedOver = true;
    if (view.admission) this.seeAdmission(buyer, Date.parse(view.admission.expiresAt));
  }

  #acknowledgeTicket(buyer: number, view: Body): TicketRecord {
    const ticket: TicketRecord = {
      buyer,
      ticketId: String(view.ticketId),
      ticketNumber: Number(view.ticketNumber),
      changes: 0,
      admissionExpiresAtMs: null,
      wasPassedOver: false,
      reread: undefined,
    };
    this.#ticketByBuyer[buyer] = ticket;
    this.tickets.push(ticket);
    this.#lastTicketAtMs = performance.now();
    return ticket;
  }

  /** A broadcast position. */
  seeServing(nowServing: number, asOfMs: number): void {
    const before = this.#serving;
    this.positionAge.record(Date.now() - asOfMs);
    if (asOfMs < before.asOfMs) return;
    // Only a later statement can contradict an earlier one; within one millisecond their order is not known.
    if (nowServing < before.number && asOfMs > before.asOfMs) this.#servingWentBack++;
    if (nowServing > before.number || asOfMs > before.asOfMs) this.#serving = { number: nowServing, asOfMs };
  }

  seeAdmission(buyer: number, expiresAtMs: number): void {
    const ticket = this.#ticketByBuyer[buyer];
    if (ticket && Number.isFinite(expiresAtMs)) ticket.admissionExpiresAtMs ??= expiresAtMs;
  }

  acknowledgeHold(buyer: number, view: Body): HoldRecord {
    const known = this.#holdById.get(view.holdId);
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
    this.holds.push(hold);
    this.#holdById.set(hold.holdId, hold);
    return hold;
  }

  acknowledgeOrder(hold: HoldRecord, orderId: string, status: string): OrderRecord {
    hold.orderId = orderId;
    const known = this.#orderById.get(orderId);
    if (known) {
      known.status = status;
      return known;
    }
    const { buyer, holdId, sku, quantity } = hold;
    const order: OrderRecord = { buyer, orderId, holdId, sku, quantity, status, reread: undefined };
    this.orders.push(order);
    this.#orderById.set(orderId, order);
    return order;
  }
}
