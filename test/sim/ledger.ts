/**
 * What clients were told, kept outside of the engine. No later answer may contradict an earlier one; at the end
 * everything acknowledged is asked for once more.
 */

import type { OrderStatus, OrderView } from '../../src/actors/order/commands.ts';
import type { TicketView } from '../../src/actors/sale/commands.ts';
import type { HoldView, PlaceHold } from '../../src/actors/sku/commands.ts';
import type { Code } from '../../src/protocol/codes.ts';
import type { World } from './world.ts';

interface KnownTicket {
  readonly saleId: string;
  readonly buyerId: string;
  readonly number: number;
}

export interface KnownHold {
  readonly sku: string;
  readonly command: PlaceHold;
  /** Its units, once an answer has said that it exists. */
  quantity: number | null;
  /** Under one id several quantities may have been asked for: whichever came first counts. */
  readonly asked: Set<number>;
  isGivenBack: boolean;
  isCommitted: boolean;
}

export interface KnownOrder {
  readonly buyerId: string;
  isAcknowledged: boolean;
  isCancelled: boolean;
  version: number;
  status: OrderStatus;
}

const afterConfirmed: readonly OrderStatus[] = ['confirmed', 'cancelled', 'refunded'];
const undone: readonly OrderStatus[] = ['payment_failed', 'expired', 'cancelled', 'refunded'];
const rule = 'no acknowledgement is contradicted';

export class Ledger {
  readonly tickets = new Map<string, KnownTicket>();
  readonly holds = new Map<string, KnownHold>();
  readonly orders = new Map<string, KnownOrder>();
  /** By SKU: adjustments that were acknowledged. */
  readonly adjustments = new Map<string, Map<string, number>>();
  readonly #newestBySale = new Map<string, number>();
  readonly #world: World;
  compared = 0;

  constructor(world: World) {
    this.#world = world;
  }

  get acknowledgements(): number {
    const holds = [...this.holds.values()].filter(({ quantity }) => quantity !== null);
    const orders = [...this.orders.values()].filter(({ isAcknowledged }) => isAcknowledged);
    return holds.length + orders.length + this.tickets.size + this.adjustments.size;
  }

  /** The highest ticket number that anybody was told: who joins from now on gets a higher one. */
  newest(saleId: string): number {
    return this.#newestBySale.get(saleId) ?? 0;
  }

  ticket(view: TicketView, isNew: boolean, floor: number): void {
    this.compared++;
    const { ticketId, saleId, buyerId, ticketNumber: number } = view;
    const known = this.tickets.get(ticketId);
    if (known && (known.number !== number || known.buyerId !== buyerId || known.saleId !== saleId))
      this.#object(`ticket ${ticketId} was ${known.number}, now ${number}`);
    if (isNew && !known && number <= floor)
      this.#world.fail('tickets in order of acknowledgement', `${ticketId}: ${number} after ${floor}`);
    this.tickets.set(ticketId, { saleId, buyerId, number });
    this.#newestBySale.set(saleId, Math.max(this.newest(saleId), number));
  }

  /** `wasGivenBack`: its buyer knew so when the question was asked. An older answer may be late. */
  hold(holdId: string, code: Code, view: HoldView | null, wasGivenBack: boolean): void {
    const known = this.holds.get(holdId)!;
    this.compared++;
    if (view === null) {
      if (known.quantity !== null) this.#object(`hold ${holdId} was acknowledged, now ${code}`);
      return;
    }
    const { buyerId, saleId } = known.command;
    const isAsked =
      known.quantity === null ? known.asked.has(view.quantity) : known.quantity === view.quantity;
    if (!isAsked || view.buyerId !== buyerId || view.saleId !== saleId)
      this.#object(`hold ${holdId} is another one: ${JSON.stringify(view)}`);
    if (wasGivenBack && view.state === 'committed') this.#object(`hold ${holdId} was given back and sold`);
    known.quantity = view.quantity;
    if (view.state === 'committed') known.isCommitted = true;
  }

  order(orderId: string, code: Code, view: OrderView | null): void {
    const known = this.orders.get(orderId)!;
    this.compared++;
    if (view === null) {
      if (known.isAcknowledged) this.#object(`order ${orderId} was acknowledged, now ${code}`);
      return;
    }
    known.isAcknowledged = true;
    // Answers come in any order: only a newer view can contradict an older one.
    if (view.version < known.version) return;
    const isWrong =
      (known.status === 'confirmed' && !afterConfirmed.includes(view.status)) ||
      (undone.includes(known.status) && !undone.includes(view.status)) ||
      (known.isCancelled && !undone.includes(view.status));
    if (isWrong) this.#object(`order ${orderId} was ${known.status}, now ${view.status}`);
    known.version = view.version;
    known.status = view.status;
  }

  cancelled(orderId: string, view: OrderView): void {
    this.order(orderId, 'ok', view);
    this.orders.get(orderId)!.isCancelled = true;
  }

  adjusted(sku: string, adjustmentId: string, delta: number): void {
    const mine = this.adjustments.get(sku) ?? new Map();
    mine.set(adjustmentId, delta);
    this.adjustments.set(sku, mine);
  }

  #object(detail: string): void {
    this.#world.fail(rule, detail);
  }
}
