/**
 * The newest orders as their actors say them, in every gateway: what an answer or a frame told is in the next list,
 * although the tables follow moments later.
 *
 * 1. Every change of every order comes here as a push; the newest `ordersMax` orders are kept, and of one buyer those
 *    `perBuyerMax` that changed last: all of a buyer's are looked at for each of the buyer's lists.
 * 2. An order counts only while the tables have an older version of it, or none.
 */
import { LRUCache } from 'lru-cache';
import type { OrderView } from '../../actors/order/commands.ts';
import { perGateway } from '../../gateway/route.ts';

/** Some seconds of the busiest drop; about 2 KB each. */
const ordersMax = 10_000;
/** More than one buyer changes while the tables follow. */
const perBuyerMax = 100;

export class RecentOrders {
  readonly #byBuyer = new Map<string, Set<string>>();
  readonly #byId = new LRUCache<string, OrderView>({
    max: ordersMax,
    dispose: (order, orderId, reason) => {
      if (reason !== 'set') this.#forget(order, orderId);
    },
  });

  see(order: OrderView): void {
    const { orderId, buyerId } = order;
    const known = this.#byId.peek(orderId);
    if (known !== undefined && known.version >= order.version) return;
    this.#byId.set(orderId, order);
    const ids = this.#idsOf(buyerId);
    // Deleted first, so that the set stays in the order of the latest changes.
    ids.delete(orderId);
    ids.add(orderId);
    if (ids.size > perBuyerMax) this.#byId.delete(ids.values().next().value!);
  }

  /** The orders of this buyer, in no order. */
  of(buyerId: string): readonly OrderView[] {
    const ids = this.#byBuyer.get(buyerId);
    return ids === undefined ? [] : Array.from(ids, (orderId) => this.#byId.peek(orderId)!);
  }

  #idsOf(buyerId: string): Set<string> {
    let ids = this.#byBuyer.get(buyerId);
    if (ids === undefined) {
      ids = new Set();
      this.#byBuyer.set(buyerId, ids);
    }
    return ids;
  }

  #forget({ buyerId }: OrderView, orderId: string): void {
    const ids = this.#byBuyer.get(buyerId);
    ids?.delete(orderId);
    if (ids?.size === 0) this.#byBuyer.delete(buyerId);
  }
}

export const recentOrdersOf = perGateway(() => new RecentOrders());
