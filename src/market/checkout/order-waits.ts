/**
 * Waiting for an order to come to rest. Pushes say when; they may be lost, so the order is also asked once a second.
 *
 * 1. The waiter is registered before the order is placed: no push can come too early.
 * 2. Waiting ends after `waitMsMax` at the latest, with the newest view there is.
 */

import type { OrderView, ReadOrder } from '../../actors/order/commands.ts';
import type { Shards } from '../../gateway/route.ts';

const waitMsMax = 5_000;
const askEveryMs = 1_000;

const restless: readonly string[] = ['pending', 'authorizing', 'committing'];

export function isFinal(order: OrderView): boolean {
  return !restless.includes(order.status);
}

export interface OrderWait {
  /** The final view, or the newest one when time is up. `placed` is what the order looked like at first. */
  settled(placed: OrderView): Promise<OrderView>;
  close(): void;
}

export interface OrderWaits {
  open(orderId: string): OrderWait;
  /** A push `order.updated`. */
  onOrder(order: OrderView): void;
  readonly size: number;
}

export function createOrderWaits(shards: Shards): OrderWaits {
  const waitersById = new Map<string, Set<(order: OrderView) => void>>();

  function open(orderId: string): OrderWait {
    let newest: OrderView | null = null;
    let wake: (() => void) | null = null;

    function see(order: OrderView): void {
      if (newest === null || order.version >= newest.version) newest = order;
      if (isFinal(order)) wake?.();
    }

    const waiters = waitersById.get(orderId) ?? new Set();
    waiters.add(see);
    waitersById.set(orderId, waiters);

    async function settled(placed: OrderView): Promise<OrderView> {
      see(placed);
      if (!isFinal(newest!)) {
        const command: ReadOrder = { type: 'ReadOrder', buyerId: placed.buyerId };
        const poll = setInterval(async () => {
          const answer = await shards.ask('order', orderId, command);
          if (answer.code === 'ok') see(answer.body as OrderView);
        }, askEveryMs);
        let giveUp: NodeJS.Timeout | undefined;
        await new Promise<void>((resolve) => {
          wake = resolve;
          giveUp = setTimeout(resolve, waitMsMax);
        });
        clearInterval(poll);
        clearTimeout(giveUp);
      }
      return newest!;
    }

    function close(): void {
      waiters.delete(see);
      if (waiters.size === 0 && waitersById.get(orderId) === waiters) waitersById.delete(orderId);
    }

    return { settled, close };
  }

  return {
    open,
    onOrder(order) {
      for (const see of waitersById.get(order.orderId) ?? []) see(order);
    },
    get size() {
      return waitersById.size;
    },
  };
}
