/** A sale under test: the real actor, a clock in hand, and everything that it decided. */

import type { SaleCommand, TicketView } from '../../../src/actors/sale/commands.ts';
import { saleDecider } from '../../../src/actors/sale/decide.ts';
import type { SaleEvent } from '../../../src/actors/sale/events.ts';
import { initialSale, type SaleState } from '../../../src/actors/sale/state.ts';
import type { Push, RuntimeCommand } from '../../../src/protocol/decider.ts';

export const startMs = 1_800_000_000_000;
export const saleId = 'sal_018f0000-0000-7000-8000-000000000001';
const uuid = (n: number) => `018f0000-0000-7000-8000-${n.toString(16).padStart(12, '0')}`;
export const buyer = (n: number) => `acc_${uuid(n)}`;
export const ticket = (n: number) => `tkt_${uuid(n)}`;
export const request = uuid;

export const terms: Extract<SaleCommand, { type: 'CreateSale' }> = {
  type: 'CreateSale',
  sellerId: 'acc_seller',
  title: 'Drop',
  items: [{ sku: 'PS-1', quantity: 3, price: { amount: 100, currency: 'USD' }, purchaseLimit: 1 }],
  prequeueAtMs: null,
  startsAtMs: startMs,
  endsAtMs: startMs + 3_600_000,
  queueing: {
    method: 'fifo',
    releasePerSecond: 100,
    activeLimit: 10,
    admissionSeconds: 60,
    claimSeconds: 20,
    overAdmission: 1,
  },
  holdSeconds: 30,
  paymentSeconds: 60,
};

export class SaleRoom {
  state: SaleState = initialSale(saleId);
  at = startMs - 10_000;
  readonly events: SaleEvent[] = [];
  pushes: Push[] = [];
  #tickets = 0;
  #seqBySku = new Map<string, number>();

  send(command: SaleCommand | RuntimeCommand): { code: string; body: never } {
    const decision = saleDecider.decide(this.state, command, this.at);
    for (const event of decision.events) {
      saleDecider.evolve(this.state, event);
      this.events.push(event);
    }
    const { reply, pushes } = decision;
    this.pushes = [...((typeof pushes === 'function' ? pushes(this.state) : pushes) ?? [])];
    const body = typeof reply === 'function' ? reply(this.state) : (reply ?? null);
    return { code: decision.code, body: body as never };
  }

  /** A created sale whose units are all set aside, at its start. */
  static open(changes: Partial<typeof terms> = {}): SaleRoom {
    const room = new SaleRoom();
    room.send({ ...terms, ...changes });
    for (const pending of saleDecider.pendingMessages(room.state))
      room.send({ type: 'Answered', id: pending.id, code: 'created', body: null });
    room.waitUntil(room.state.terms!.startsAtMs);
    return room;
  }

  join(
    n: number,
    requestId: string | null = null,
    address: number | null = null,
    site: number | null = null,
  ) {
    const ids = { ticketId: ticket(++this.#tickets), buyerId: buyer(n), requestId, address, site };
    return this.send({ type: 'JoinSale', ...ids }) as { code: string; body: TicketView };
  }

  leave(n: number): { code: string; body: TicketView } {
    return this.send({ type: 'LeaveSale', buyerId: buyer(n), ticketId: null });
  }

  view(n: number): TicketView {
    return this.send({ type: 'ReadTicket', buyerId: buyer(n), ticketId: null }).body;
  }

  report(
    available: number,
    held: number,
    sold: number,
    tickets: [number, number, number][] = [],
    sku = 'PS-1',
  ) {
    const seq = (this.#seqBySku.get(sku) ?? 0) + 1;
    this.#seqBySku.set(sku, seq);
    return this.send({ type: 'ReportStock', sku, seq, available, held, sold, tickets });
  }

  /** Lets time pass, ticking whenever the sale asks for it. */
  waitUntil(time: number): void {
    for (let ticks = 0; ; ticks++) {
      const due = saleDecider.deadline(this.state, this.at);
      if (due > time) break;
      if (ticks > 100_000) throw new Error('the sale asks for ticks without end');
      this.at = due;
      this.send({ type: 'Tick' });
    }
    this.at = Math.max(this.at, time);
  }

  wait(ms: number): void {
    this.waitUntil(this.at + ms);
  }

  admitted(): number[] {
    return [...this.state.active.keys()];
  }
}
