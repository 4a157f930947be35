/** Paying for what is held: one request with one key, sent until it is answered, and the order that comes of it. */
import { signal } from '@preact/signals';
import { ApiError, call, get } from '../../api.ts';
import { uuid } from '../../uuid.ts';
import type { Desk } from './desk.ts';
import type { CheckoutBody, Kept, Payment } from './kept.ts';
import { Patience, pause } from './patience.ts';
import { failureNotice, isRestless, type Order } from './state.ts';

const followMs = 2_000;

export class Ordering {
  readonly #drop: Desk;
  readonly patience = new Patience();
  /** Why the last checkout was not taken, where it was never one. */
  readonly error = signal<ApiError | null>(null);
  /** The key of the payment that this tab is sending. */
  #sending: string | null = null;
  /** What is being read, so that it is read once at a time. */
  readonly #reading = new Set<string>();

  constructor(drop: Desk) {
    this.#drop = drop;
  }

  /** Goes on with whatever was stored and is not answered: of this tab, of one that was reloaded, of another one. */
  resume({ payment, orderId }: Kept): void {
    if (payment !== null) {
      if (payment.key !== this.#sending) void this.#send(payment);
    } else if (orderId !== null && this.#drop.state.order?.orderId !== orderId) void this.read(orderId);
  }

  pay(body: CheckoutBody): void {
    const { kept } = this.#drop;
    if (kept === null || kept.value.payment !== null) return;
    this.error.value = null;
    kept.change({ payment: { key: uuid(), body } });
  }

  async #send({ key, body }: Payment): Promise<void> {
    this.#sending = key;
    this.#drop.hear({ type: 'paying', isPaying: true });
    try {
      const headers = { 'Idempotency-Key': key };
      const send = () => call<Order>('POST', '/v1/checkout', { body, headers });
      const order = (await this.patience.ask(send)).body;
      this.#settle(key, { orderId: order.orderId });
      this.#drop.hear({ type: 'order', order });
      if (isRestless(order)) void this.#follow(order.orderId);
    } catch (error) {
      if (this.patience.isOver) return;
      this.#settle(key, {});
      this.#drop.hear({ type: 'paying', isPaying: false });
      this.#onRefused(error, body.holdIds);
    } finally {
      if (this.#sending === key) this.#sending = null;
    }
    void this.#drop.refresh();
  }

  #settle(key: string, changes: Partial<Kept>): void {
    const { kept } = this.#drop;
    if (kept?.value.payment?.key === key) kept.change({ payment: null, ...changes });
  }

  #onRefused(error: unknown, holdIds: readonly string[]): void {
    if (!(error instanceof ApiError)) return;
    switch (error.code) {
      case 'payment_declined':
      case 'payment_failed':
      case 'hold_expired':
      case 'sold_out':
      case 'insufficient_stock': {
        this.#drop.forgetHolds(holdIds);
        for (const holdId of holdIds) this.#drop.hear({ type: 'holdOver', holdId });
        const declineCode = (error.problem.declineCode ?? null) as string | null;
        this.#drop.hear({ type: 'notice', notice: failureNotice(error.code, declineCode) });
        break;
      }
      case 'hold_in_use':
      case 'wrong_state':
      case 'purchase_limit':
        // Another tab or device has paid for it.
        void this.findOrder();
        void this.#drop.look();
        break;
      case 'not_found':
        this.#drop.forgetHolds(holdIds);
        void this.#drop.look();
        break;
      default:
        this.error.value = error;
    }
  }

  onOrder(order: Order): void {
    if (!order.lines.some(({ saleId }) => saleId === this.#drop.saleId)) return;
    this.#drop.hear({ type: 'order', order });
    const { kept } = this.#drop;
    if (this.#drop.state.order?.orderId === order.orderId && kept?.value.orderId !== order.orderId)
      kept?.change({ orderId: order.orderId });
  }

  async read(orderId: string): Promise<void> {
    if (this.#reading.has(orderId)) return;
    this.#reading.add(orderId);
    try {
      const order = await get<Order>(`/v1/orders/${orderId}`);
      this.onOrder(order);
      if (isRestless(order)) void this.#follow(orderId);
      else if (this.#drop.state.order?.orderId !== orderId) this.#drop.kept?.change({ orderId: null });
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) this.#drop.kept?.change({ orderId: null });
    } finally {
      this.#reading.delete(orderId);
    }
  }

  /** Until it has come to rest: the frame that says so may be lost. */
  async #follow(orderId: string): Promise<void> {
    if (this.#reading.has(`follow ${orderId}`)) return;
    this.#reading.add(`follow ${orderId}`);
    while (!this.patience.isOver) {
      await pause(followMs);
      const { order } = this.#drop.state;
      if (order?.orderId !== orderId || !isRestless(order)) break;
      await this.read(orderId);
    }
    this.#reading.delete(`follow ${orderId}`);
  }

  /** The order of this drop that another tab or device placed. */
  async findOrder(): Promise<void> {
    if (this.#drop.state.order !== null || this.#reading.has('orders')) return;
    this.#reading.add('orders');
    try {
      const { items } = await get<{ items: Order[] }>('/v1/orders?limit=50');
      const here = items.filter(({ lines }) => lines.some(({ saleId }) => saleId === this.#drop.saleId));
      const found = here.find(({ status }) => !['payment_failed', 'expired', 'cancelled'].includes(status));
      if (found) this.onOrder(found);
      if (found && isRestless(found)) void this.#follow(found.orderId);
    } catch {
      // Asked again with the next news of the ticket.
    } finally {
      this.#reading.delete('orders');
    }
  }
}
