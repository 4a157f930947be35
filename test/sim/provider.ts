/**
 * The payment provider and the back office before it, as the order actor meets them: one final answer per command,
 * the commands of one order one after the other, the same key has the same effect. It is slow, its answers and
 * webhooks get lost, come twice and in any order. It is naive where that is worst: under a new key it captures again,
 * and it authorises whenever it is asked in time, even after a void of "whatever there is". With one card somebody else gives
 * the money back after its capture, whole or in part; with another the bank then sends it back again.
 */

import type { PaymentReported } from '../../src/actors/order/commands.ts';
import type { PaymentCommand } from '../../src/actors/payments/commands.ts';
import type { Code } from '../../src/protocol/codes.ts';
import type { Money } from '../../src/protocol/money.ts';
import type { Loop } from './loop.ts';
import type { Model } from './model.ts';
import type { Random } from './random.ts';

export interface Payment {
  readonly paymentId: string;
  readonly orderId: string;
  readonly amount: Money;
  status: 'authorized' | 'captured' | 'voided' | 'refunded' | 'declined';
  captures: number;
  refunds: number;
  /** Minor units that went back, by whomever. */
  refunded: number;
  hasBounced: boolean;
}

interface ProviderAnswer {
  readonly code: Code;
  readonly body: object | null;
}

export interface ProviderFaults {
  loseWebhook: number;
  repeatWebhook: number;
  slow: number;
  outageUntilMs: number;
}

export interface ProviderDeps {
  readonly loop: Loop;
  readonly random: Random;
  readonly model: Model;
  readonly faults: ProviderFaults;
  readonly engineNow: () => number;
  readonly report: (orderId: string, report: PaymentReported) => void;
  readonly fail: (rule: string, detail: string) => void;
}

/** Named after what they do, as test cards are. */
export const cards = [
  'pm_ok',
  'pm_ok',
  'pm_ok',
  'pm_ok',
  'pm_late',
  'pm_decline',
  'pm_fail',
  'pm_no_capture',
  'pm_given_back',
  'pm_sent_back',
];

export class Provider {
  readonly payments: Payment[] = [];
  readonly #deps: ProviderDeps;
  readonly #answerByKey = new Map<string, ProviderAnswer>();
  readonly #freeAtMs = new Map<string, number>();
  readonly #cardByOrder = new Map<string, string>();

  constructor(deps: ProviderDeps) {
    this.#deps = deps;
  }

  of(orderId: string): Payment[] {
    return this.payments.filter((payment) => payment.orderId === orderId);
  }

  handle(command: PaymentCommand, reply: (code: Code, body: unknown) => void): void {
    const { loop, random, faults } = this.#deps;
    if (command.type === 'AuthorizePayment') this.#cardByOrder.set(command.orderId, command.paymentMethod);
    const isLate =
      command.type === 'AuthorizePayment' && command.paymentMethod === 'pm_late' && random.chance(0.7);
    const takesMs = isLate || random.chance(faults.slow) ? random.int(500, 40_000) : random.int(5, 300);
    const beginsMs = Math.max(loop.nowMs, faults.outageUntilMs, this.#freeAtMs.get(command.orderId) ?? 0);
    this.#freeAtMs.set(command.orderId, beginsMs + takesMs);
    loop.after(beginsMs + takesMs - loop.nowMs, null, () => {
      const known = this.#answerByKey.get(command.idempotencyKey);
      const answer = known ?? this.#run(command);
      this.#answerByKey.set(command.idempotencyKey, answer);
      loop.after(random.int(1, 50), null, () => reply(answer.code, answer.body));
    });
  }

  /** Tells of every payment as it is now: what a poller finds. */
  tellAll(): void {
    for (const payment of this.payments) this.#tell(payment, 1);
  }

  #run(command: PaymentCommand): ProviderAnswer {
    if (command.type === 'AuthorizePayment') return this.#authorize(command);
    if (command.type === 'VoidPayment') {
      for (const payment of this.of(command.orderId)) {
        if ((command.paymentId ?? payment.paymentId) !== payment.paymentId) continue;
        if (payment.status === 'captured')
          this.#deps.fail('captured money is refunded, never voided', JSON.stringify(command));
        if (payment.status === 'authorized') this.#set(payment, 'voided');
      }
      return { code: 'ok', body: {} };
    }
    const payment = this.payments.find(({ paymentId }) => paymentId === command.paymentId);
    if (command.type === 'ExaminePayment') {
      if (!payment) return { code: 'payment_failed', body: { reason: 'unknown' } };
      const { amount, refunded } = payment;
      const captured = { ...amount, amount: payment.captures > 0 ? amount.amount : 0 };
      return { code: 'ok', body: { captured, refunded: { ...amount, amount: refunded }, disputed: null } };
    }
    if (!payment || payment.amount.amount !== command.amount.amount) {
      this.#deps.fail('money matches the order', JSON.stringify(command));
      return { code: 'payment_failed', body: { reason: 'unknown' } };
    }
    if (command.type === 'CapturePayment') return this.#capture(payment);
    // Somebody else was faster: there is nothing left to give back.
    if (payment.status === 'refunded' && payment.refunds === 0) return { code: 'ok', body: {} };
    payment.refunds++;
    payment.refunded = payment.amount.amount;
    if (payment.status !== 'captured' || payment.refunds > 1)
      this.#deps.fail('a capture is refunded once', JSON.stringify(payment));
    this.#set(payment, 'refunded');
    this.#sendBackLater(payment);
    return { code: 'ok', body: {} };
  }

  #authorize(command: Extract<PaymentCommand, { type: 'AuthorizePayment' }>): ProviderAnswer {
    const { orderId, amount, paymentMethod } = command;
    if (this.#deps.engineNow() > command.untilMs)
      return { code: 'payment_failed', body: { reason: 'expired' } };
    if (paymentMethod === 'pm_fail') return { code: 'payment_failed', body: { reason: 'no_such_card' } };
    const paymentId = `pi_${orderId}_${this.payments.length}`;
    const payment: Payment = {
      paymentId,
      orderId,
      amount,
      status: 'authorized',
      captures: 0,
      refunds: 0,
      refunded: 0,
      hasBounced: false,
    };
    this.payments.push(payment);
    if (this.of(orderId).length > 1)
      this.#deps.fail('one authorisation per order', JSON.stringify(this.of(orderId)));
    if (paymentMethod === 'pm_decline') {
      this.#set(payment, 'declined');
      return { code: 'payment_declined', body: { paymentId, declineCode: 'do_not_honor' } };
    }
    this.#set(payment, 'authorized');
    return { code: 'ok', body: { paymentId } };
  }

  #capture(payment: Payment): ProviderAnswer {
    const { model, fail } = this.#deps;
    const { orderId } = payment;
    if (payment.status === 'voided') return { code: 'payment_failed', body: { reason: 'canceled' } };
    if (this.#cardByOrder.get(orderId) === 'pm_no_capture')
      return { code: 'payment_failed', body: { reason: 'capture_refused' } };
    payment.captures++;
    if (payment.captures > 1) fail('no double charge', JSON.stringify(payment));
    const order = model.order(orderId);
    for (const [holdId, line] of order.lines) {
      if (model.sku(line.sku).holds.get(holdId)?.state !== 'committed')
        fail('money moves last', `captured ${orderId} while hold ${holdId} is not committed`);
    }
    this.#set(payment, 'captured');
    const card = this.#cardByOrder.get(orderId)!;
    if (card === 'pm_given_back' || card === 'pm_sent_back') this.#giveBackLater(payment);
    return { code: 'ok', body: { paymentId: payment.paymentId } };
  }

  /** A clerk in the provider's dashboard: once or twice, all of it or not. */
  #giveBackLater(payment: Payment): void {
    const { loop, random } = this.#deps;
    for (let times = random.int(1, 2); times > 0; times--)
      loop.after(random.int(10, 60_000), null, () => {
        if (payment.status !== 'captured') return;
        const left = payment.amount.amount - payment.refunded;
        payment.refunded += random.chance(0.5) ? left : random.int(1, left);
        const isWhole = payment.refunded === payment.amount.amount;
        this.#set(payment, isWhole ? 'refunded' : 'captured');
        this.#sendBackLater(payment);
      });
  }

  /** The buyer's account is closed: the bank sends everything back. */
  #sendBackLater(payment: Payment): void {
    const { loop, random } = this.#deps;
    if (this.#cardByOrder.get(payment.orderId) !== 'pm_sent_back') return;
    loop.after(random.int(1, 30_000), null, () => {
      if (payment.refunded === 0) return;
      payment.refunded = 0;
      payment.hasBounced = true;
      this.#set(payment, 'captured');
    });
  }

  #set(payment: Payment, status: Payment['status']): void {
    const { random, faults } = this.#deps;
    payment.status = status;
    this.#tell(payment, random.chance(faults.loseWebhook) ? 0 : random.chance(faults.repeatWebhook) ? 3 : 1);
  }

  #tell(payment: Payment, times: number): void {
    const { paymentId, orderId, amount } = payment;
    const status = payment.refunded > 0 ? 'refunded' : payment.status;
    const refunded = status === 'refunded' ? { ...amount, amount: payment.refunded } : null;
    const { loop, random, report } = this.#deps;
    const declineCode = status === 'declined' ? 'do_not_honor' : null;
    const type = 'PaymentReported';
    const all: PaymentReported[] = [{ type, paymentId, status, declineCode, refunded }];
    if (payment.hasBounced) all.push({ type, paymentId, status: 'refund_failed' });
    for (const told of Array.from({ length: times }, () => all).flat()) {
      loop.after(random.chance(0.2) ? random.int(100, 20_000) : random.int(1, 200), null, () =>
        report(orderId, told),
      );
    }
  }
}
