/** The oracle's order: which lines it has, how far money has moved, and that it moves forward only. */

import type { OrderEvent } from '../../src/actors/order/events.ts';
import type { Money } from '../../src/protocol/money.ts';
import type { Fail } from './model.ts';

type LineState = 'asked' | 'refused' | 'taken' | 'lost' | 'committed' | 'released';

export class OrderEntry {
  /** Durable events that the buyer sees; a view's version counts the same. */
  version = 0;
  status: 'none' | 'pending' | 'authorizing' | 'committing' | 'confirmed' | 'failed' | 'refunded' = 'none';
  buyerId = '';
  total: Money | null = null;
  paymentId: string | null = null;
  isCaptured = false;
  /** Minor units that went back, as the order knows it. */
  refunded = 0;
  /** The order is undone, and its money still here: a bank sent it back. */
  isKept = false;
  /** Its card is the one whose bank sends back what is given back. */
  isSentBack = false;
  /** By the hold that stands for the line now. */
  readonly lines = new Map<string, { sku: string; state: LineState; newHoldId: string | null }>();
  readonly #orderId: string;
  readonly #fail: Fail;

  constructor(orderId: string, fail: Fail) {
    this.#orderId = orderId;
    this.#fail = fail;
  }

  get isTerminal(): boolean {
    return this.status === 'none' || this.status === 'confirmed' || this.isUndone;
  }

  get isUndone(): boolean {
    return this.status === 'failed' || this.status === 'refunded';
  }

  take(event: OrderEvent): void {
    if (isUnseen(event)) return;
    this.version++;
    const expect = (isRight: boolean, rule: string) => {
      if (!isRight) this.#fail(rule, `order ${this.#orderId} (${this.status}): ${JSON.stringify(event)}`);
    };
    switch (event.type) {
      case 'OrderPlaced':
        expect(this.status === 'none', 'an order is placed once');
        this.#placed(event);
        return;
      case 'OrderPriced':
        expect(this.status === 'pending', 'an order is priced once');
        this.status = 'authorizing';
        this.total = event.total;
        return;
      case 'PaymentAuthorized':
        this.paymentId = event.paymentId;
        if (this.status === 'authorizing') this.status = 'committing';
        return;
      case 'PaymentCaptured':
        expect(!this.isCaptured, 'one effect per order');
        expect(this.#allCommitted(), 'money moves last');
        this.isCaptured = true;
        return;
      case 'OrderConfirmed':
        expect(this.status === 'committing' && this.isCaptured, 'statuses move forward');
        this.status = 'confirmed';
        return;
      case 'OrderFailed':
        expect(!this.isUndone, 'statuses move forward');
        this.status = 'failed';
        return;
      case 'PaymentSettled':
        expect(this.isUndone, 'only an undone order gives money back');
        if (event.paymentStatus !== 'refunded') return;
        this.status = 'refunded';
        this.refunded = this.total!.amount;
        return;
      case 'PaymentExamined':
        expect(this.status === 'confirmed' || this.isKept, 'others give back what the order keeps');
        expect(
          event.refunded.amount >= this.refunded || this.isSentBack,
          'money goes back once, or a bank sends it back',
        );
        this.refunded = event.refunded.amount;
        if (event.paymentStatus === 'refunded') {
          this.status = 'refunded';
          this.isKept = false;
        }
        return;
      case 'RefundExamined':
        expect(this.isUndone && this.isCaptured, 'only money that was taken is sent back by a bank');
        expect(event.paymentStatus === 'refunded' || this.isSentBack, 'only a bank sends money back');
        this.refunded = event.refunded.amount;
        this.isKept = this.refunded < this.total!.amount;
        if (this.isKept) this.status = 'failed';
        return;
      case 'PaymentQuestioned':
      case 'PaymentDeclined':
      case 'PaymentFailed':
      case 'AddressForgotten':
        return;
      default:
        this.#line(event);
    }
  }

  #placed({ buyerId, paymentMethod, holds, items = [] }: Extract<OrderEvent, { type: 'OrderPlaced' }>): void {
    this.status = 'pending';
    this.buyerId = buyerId;
    this.isSentBack = paymentMethod === 'pm_sent_back';
    for (const { holdId, sku } of [...holds, ...items])
      this.lines.set(holdId, { sku, state: 'asked', newHoldId: null });
  }

  #allCommitted(): boolean {
    return [...this.lines.values()].every(({ state }) => state === 'committed');
  }

  #line(
    event: Extract<
      OrderEvent,
      {
        type: 'LineTaken' | 'LineRefused' | 'LineCommitted' | 'LineLost' | 'LineRetaken' | 'LineReleased';
      }
    >,
  ): void {
    const holdId = event.type === 'LineTaken' ? event.line.holdId : event.holdId;
    const line = this.lines.get(holdId);
    if (!line) {
      this.#fail('an order knows its lines', `order ${this.#orderId}: ${JSON.stringify(event)}`);
      return;
    }
    if (event.type === 'LineTaken') line.state = 'taken';
    if (event.type === 'LineRefused') line.state = 'refused';
    if (event.type === 'LineCommitted') line.state = 'committed';
    if (event.type === 'LineReleased') line.state = 'released';
    if (event.type === 'LineLost') {
      line.state = 'lost';
      line.newHoldId = event.newHoldId;
    }
    if (event.type === 'LineRetaken') {
      this.lines.delete(holdId);
      this.lines.set(event.newHoldId, { ...line, state: 'taken', newHoldId: null });
    }
  }
}

type UnseenEvent = Extract<OrderEvent, { type: `Discount${string}` | 'CartTold' }>;

/** It concerns coupons and the cart, which the order's buyer does not see. */
function isUnseen(event: OrderEvent): event is UnseenEvent {
  return event.type.startsWith('Discount') || event.type === 'CartTold';
}
