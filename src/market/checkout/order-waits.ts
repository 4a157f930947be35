/**
 * Waiting for an order to come to rest. Pushes say when; they may be lost, so the order is also asked once a second.
 *
 * 1. The waiter is registered before the order is placed: no push can come too early.
 * 2. Waiting ends after `waitMsMax` at the latest, with the newest view there is.
 */
import { type OrderView, readOrder } from '../../actors/order/commands.ts';
import { perGateway } from '../../gateway/route.ts';
import type { Ask } from '../../protocol/command.ts';

const waitMsMax = 5_000;
const askEveryMs = 1_000;

const restless: readonly OrderView['status'][] = ['pending', 'authorizing', 'committing'];

export function isFinal(order: OrderView): boolean {
  return !restless.includes(order.status);
}

class OrderWaits {
  readonly #ask: Ask;
  readonly #waitsById = new Map<string, Set<OrderWait>>();

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  /**
   * Places the order and waits until it is final; answers with the final view, or the newest one when time is up.
   * Rejects when `place` does.
   */
  async settled(orderId: string, place: () => Promise<OrderView>): Promise<OrderView> {
    const wait = new OrderWait();
    const waits = this.#waitsById.get(orderId) ?? new Set();
    waits.add(wait);
    this.#waitsById.set(orderId, waits);
    try {
      const placed = await place();
      wait.see(placed);
      return await wait.until(() => this.#look(placed, wait));
    } finally {
      waits.delete(wait);
      if (waits.size === 0 && this.#waitsById.get(orderId) === waits) this.#waitsById.delete(orderId);
    }
  }

  /** A push `order.updated`. */
  onOrder(order: OrderView): void {
    for (const wait of this.#waitsById.get(order.orderId) ?? []) wait.see(order);
  }

  async #look({ orderId, buyerId }: OrderView, wait: OrderWait): Promise<void> {
    const answer = await this.#ask(readOrder, orderId, { buyerId });
    if (answer.code === 'ok') wait.see(answer.body);
  }
}

/** One request that waits. */
class OrderWait {
  #newest: OrderView | null = null;
  #wake: (() => void) | null = null;

  see(order: OrderView): void {
    if (this.#newest === null || order.version >= this.#newest.version) this.#newest = order;
    if (isFinal(order)) this.#wake?.();
  }

  /** `look` is called every now and then; what it finds is seen. */
  async until(look: () => void): Promise<OrderView> {
    if (!isFinal(this.#newest!)) {
      const poll = setInterval(look, askEveryMs);
      let giveUp: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        giveUp = setTimeout(resolve, waitMsMax);
      });
      clearInterval(poll);
      clearTimeout(giveUp);
    }
    return this.#newest!;
  }
}

export const orderWaitsOf = perGateway(({ ask }) => new OrderWaits(ask));
