/**
 * A small world for orders: real sku actors, a naive provider, and a network that loses, repeats and reorders.
 * Pending messages are sent once when they appear; `resend` sends them again, as the runtime does when no answer came.
 */
import { Packr } from 'msgpackr';
import { expect } from 'vitest';
import type { CartOrdered } from '../../../src/actors/cart/commands.ts';
import type { CouponCommand, DefineCoupon } from '../../../src/actors/coupon/commands.ts';
import { couponDecider } from '../../../src/actors/coupon/decide.ts';
import type { OrderCommand, OrderTerms, OrderView } from '../../../src/actors/order/commands.ts';
import { orderDecider } from '../../../src/actors/order/decide.ts';
import type { OrderEvent } from '../../../src/actors/order/events.ts';
import { orderFlow } from '../../../src/actors/order/flow.ts';
import type { OrderState } from '../../../src/actors/order/state.ts';
import type { PaymentCommand } from '../../../src/actors/payments/commands.ts';
import type { HoldView, SkuCommand, StockView } from '../../../src/actors/sku/commands.ts';
import { skuDecider } from '../../../src/actors/sku/decide.ts';
import type { Code } from '../../../src/protocol/codes.ts';
import type { Decider, PendingMessage, RuntimeCommand } from '../../../src/protocol/decider.ts';
import { step } from '../given.ts';
import type { Card } from './provider.ts';
import { Provider } from './provider.ts';

type Message =
  | { readonly to: 'other'; readonly orderId: string; readonly pending: PendingMessage }
  | { readonly to: 'order'; readonly orderId: string; readonly answer: RuntimeCommand };

const packr = new Packr({ useRecords: true, moreTypes: false });
const price = { amount: 500, currency: 'USD' };
const inFlightMax = 60;
const coupon = 'HALF';
const usd = (amount: number) => ({ amount, currency: 'USD' });

/**
 * `holds`: of two drops. `both`: a drop's hold of X and a cart's line of Y, with a coupon for one of the orders. `free`: the same for
 * nothing.
 */
export type Shape = 'holds' | 'both' | 'free';

const defineHalf: DefineCoupon = {
  type: 'DefineCoupon',
  kind: 'coupon',
  terms: {
    ...{ sellerId: null, discount: { kind: 'percent', basisPoints: 5_000 }, limit: 1, limitPerBuyer: null },
    ...{ startsAtMs: null, endsAtMs: null, minimumSubtotal: null, stackable: true, priority: 0 },
    scope: { skus: null, categories: null, sellerId: null },
  },
};

export class OrderWorld {
  at = 1_000_000;
  readonly skus = new Map(['X', 'Y'].map((sku) => [sku, skuDecider.initial(sku)]));
  readonly orders = new Map<string, OrderState>();
  readonly events = new Map<string, OrderEvent[]>();
  readonly provider: Provider;
  inFlight: Message[] = [];
  readonly #sentIds = new Set<string>();
  readonly shape: Shape;
  readonly coupon = couponDecider.initial(coupon);
  /** Orders that the cart heard of. */
  readonly told = new Set<string>();
  #thefts = 0;

  constructor(cards: ReadonlyMap<string, Card>, shape: Shape = 'holds') {
    this.shape = shape;
    step(couponDecider, this.coupon, defineHalf, this.at);
    this.provider = new Provider(cards, (orderId) => this.#expectCommitted(orderId));
    for (const sku of this.skus.keys()) {
      this.sku(sku, { type: 'RegisterSku', productId: 'p', sellerId: 's', title: sku, price, stock: 3 });
      const sale = { saleId: 'sal', sellerId: 's', price, purchaseLimit: 3, holdSeconds: 60 };
      if (this.isInDrop(sku)) this.sku(sku, { type: 'OpenAllocation', ...sale, quantity: 3 });
    }
    for (const orderId of cards.keys()) this.#checkout(orderId);
  }

  sku(key: string, command: SkuCommand | RuntimeCommand) {
    return step(skuDecider, this.skus.get(key)!, command, this.at);
  }

  isInDrop(sku: string): boolean {
    return this.shape === 'holds' || sku === 'X';
  }

  #hold(sku: string, holdId: string, buyerId: string): void {
    const hold = { holdId, saleId: 'sal', buyerId, ticketNumber: 1, quantity: 1 };
    this.sku(sku, { type: 'PlaceHold', ...hold, admissionExpiresAtMs: Number.MAX_SAFE_INTEGER });
  }

  #checkout(orderId: string): void {
    this.orders.set(orderId, orderDecider.initial(orderId));
    this.events.set(orderId, []);
    const lines = [...this.skus.keys()].map((sku) => ({ sku, holdId: `${orderId}.${sku}` }));
    const holds = lines.filter(({ sku }) => this.isInDrop(sku));
    for (const { sku, holdId } of holds) this.#hold(sku, holdId, `buyer of ${orderId}`);
    this.order(orderId, {
      type: 'PlaceOrder',
      orderNumber: orderId,
      buyerId: `buyer of ${orderId}`,
      holds,
      ...(this.shape !== 'holds' && this.#cartTerms(lines)),
      shippingAddress: { name: 'n', line1: 'l', city: 'c', postalCode: 'p', country: 'US' },
      shippingMethod: 'express',
      paymentMethod: 'pm',
      paymentSeconds: 120,
    });
  }

  /** X for 500, Y for 400 less 200, tax on top; or nothing at all. */
  #cartTerms(lines: readonly { sku: string; holdId: string }[]): Partial<OrderTerms> {
    const isFree = this.shape === 'free';
    const items = lines
      .filter(({ sku }) => !this.isInDrop(sku))
      .map((line) => ({ ...line, quantity: 1, unitPrice: usd(400) }));
    const quoted = lines.map(({ sku, holdId }) => {
      const full = sku === 'X' ? 500 : 400;
      const [discount, tax] = isFree ? [full, 0] : [sku === 'X' ? 0 : 200, 10];
      const money = { unitPrice: usd(full), discount: usd(discount), tax: usd(tax) };
      return { holdId, ...money, taxRate: '0.02', isTaxInclusive: false };
    });
    const figures = { subtotal: usd(900), discount: usd(isFree ? 900 : 200), shipping: usd(isFree ? 0 : 99) };
    const sums = { tax: usd(isFree ? 0 : 20), rounding: usd(0), total: usd(isFree ? 0 : 819) };
    const quote = { lines: quoted, ...figures, ...sums, maxDays: 3, quotedAtMs: this.at };
    return { items, quote, coupons: [coupon], isCart: true };
  }

  /** Asks an order, checks each status move against the table, and sends its new pending messages. */
  order(orderId: string, command: OrderCommand | RuntimeCommand): Code {
    const state = this.orders.get(orderId)!;
    const watched: Decider<OrderState, OrderCommand, OrderEvent> = {
      ...orderDecider,
      evolve: (each, event) => {
        const before = each.status;
        orderDecider.evolve(each, event);
        if (each.status !== before) expect(orderFlow[before].next).toContain(each.status);
      },
    };
    const { status } = state;
    const { code, events, pushes } = step(watched, state, command, this.at);
    this.events.get(orderId)!.push(...events);
    if (this.shape === 'holds' || state.status !== status || events.length === 0)
      expect(pushes.length).toBe(events.length > 0 ? 1 : 0);
    for (const pending of orderDecider.pendingMessages(state)) {
      if (this.#sentIds.has(pending.id)) continue;
      this.#sentIds.add(pending.id);
      this.inFlight.push({ to: 'other', orderId, pending });
    }
    return code;
  }

  resend(): void {
    for (const [orderId, state] of this.orders) {
      for (const pending of orderDecider.pendingMessages(state)) {
        if (this.inFlight.length < inFlightMax) this.inFlight.push({ to: 'other', orderId, pending });
      }
    }
  }

  /** One message arrives; it is lost instead, or stays under way to arrive again. */
  deliver(index: number, how: 'once' | 'twice' | 'never'): void {
    const message = this.inFlight[index % Math.max(1, this.inFlight.length)];
    if (message === undefined) return;
    if (how !== 'twice' || this.inFlight.length >= inFlightMax)
      this.inFlight.splice(this.inFlight.indexOf(message), 1);
    if (how === 'never') return;
    if (message.to === 'order') {
      this.order(message.orderId, message.answer);
      return;
    }
    const { id, kind, key, command } = message.pending;
    const { code, body } = this.#ask(kind, key, command);
    this.inFlight.push({
      to: 'order',
      orderId: message.orderId,
      answer: { type: 'Answered', id, code, body },
    });
  }

  #ask(kind: string, key: string, command: { type: string }): { code: Code; body: unknown } {
    switch (kind) {
      case 'sku': {
        const { code, reply } = this.sku(key, command as SkuCommand);
        return { code, body: reply };
      }
      case 'coupon': {
        const { code, reply } = step(couponDecider, this.coupon, command as CouponCommand, this.at);
        return { code, body: reply };
      }
      case 'cart':
        this.told.add((command as CartOrdered).orderId);
        return { code: 'ok', body: null };
      default:
        return this.provider.handle(command as PaymentCommand, this.at);
    }
  }

  /** The provider tells of a payment, as it is or as it was. */
  report(index: number, isStale: boolean): void {
    const { payments } = this.provider;
    const payment = payments[index % Math.max(1, payments.length)];
    if (payment === undefined) return;
    const { paymentId, orderId, status, amount } = payment;
    if (payment.hasBounced)
      this.order(orderId, { type: 'PaymentReported', paymentId, status: 'refund_failed' });
    const told = isStale && status !== 'declined' ? 'authorized' : payment.refunded > 0 ? 'refunded' : status;
    const refunded = told === 'refunded' ? { ...amount, amount: payment.refunded } : null;
    this.order(orderId, { type: 'PaymentReported', paymentId, status: told, declineCode: null, refunded });
  }

  /** Somebody else takes a unit, if there is one. */
  steal(sku: string): void {
    if (!this.isInDrop(sku)) {
      const thief = `thief ${++this.#thefts}`;
      const taken = { holdId: `theft ${thief}`, buyerId: thief, orderId: thief, quantity: 1 };
      this.sku(sku, { type: 'TakeStock', ...taken, untilMs: this.at + 60_000 });
      return;
    }
    this.#hold(sku, `theft ${++this.#thefts}`, `thief ${this.#thefts}`);
  }

  advance(byMs: number): void {
    this.at += byMs;
    for (const sku of this.skus.keys()) this.sku(sku, { type: 'Tick' });
    for (const orderId of this.orders.keys()) this.order(orderId, { type: 'Tick' });
  }

  /** Everything under way is lost; actors come back from what was saved, or from their events. */
  restart(): void {
    this.inFlight = [];
    for (const [sku, state] of this.skus) {
      const saved = packr.unpack(packr.pack(skuDecider.snapshot(state)));
      this.skus.set(sku, skuDecider.restore(sku, saved, skuDecider.version));
    }
    for (const [orderId, state] of this.orders) {
      const saved = packr.unpack(packr.pack(orderDecider.snapshot(state)));
      const restored = orderDecider.restore(orderId, saved, orderDecider.version);
      expect(restored).toEqual(state);
      const replayed = orderDecider.initial(orderId);
      for (const event of this.events.get(orderId)!)
        orderDecider.evolve(replayed, packr.unpack(packr.pack(event)));
      expect(replayed).toEqual(state);
      this.orders.set(orderId, restored);
    }
  }

  /** All faults are over: everything sent arrives, the provider tells of every payment, time goes on. */
  heal(): void {
    for (let round = 0; round < 100; round++) {
      this.resend();
      for (const index of this.provider.payments.keys()) this.report(index, false);
      while (this.inFlight.length > 0) this.deliver(0, 'once');
      const isAtRest = [...this.orders.values()].every(
        (state) => orderDecider.pendingMessages(state).length === 0,
      );
      if (isAtRest && round > 0) return;
    }
    throw new Error('the orders did not come to rest in 100 rounds');
  }

  view(orderId: string): OrderView {
    return step(orderDecider, this.orders.get(orderId)!, { type: 'ReadOrder', buyerId: null }, this.at)
      .reply as OrderView;
  }

  stock(sku: string): StockView {
    return this.sku(sku, { type: 'ReadStock' }).reply as StockView;
  }

  /** Holds that belong to an order and have their units. */
  unitsOf(orderId: string): HoldView[] {
    const views = [...this.skus].flatMap(([sku, state]) =>
      [...skuDecider.allNames!(state)].map(
        (holdId) => this.sku(sku, { type: 'ReadHold', holdId, buyerId: null }).reply as HoldView,
      ),
    );
    return views.filter(
      (hold) => hold.orderId === orderId && (hold.state === 'committing' || hold.state === 'committed'),
    );
  }

  /** Money moves last: at the moment of capture every line's hold is committed. */
  #expectCommitted(orderId: string): void {
    const states = this.unitsOf(orderId).map((hold) => hold.state);
    expect(states).toEqual([...this.skus.keys()].map(() => 'committed'));
  }
}
