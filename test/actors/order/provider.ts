/**
 * A naive payment provider: what it was asked, what it did, and a complaint when it should never have been asked.
 * It authorises whenever an authorisation reaches it in time, even after a void of "whatever there is": the worst case.
 */
import { expect } from 'vitest';
import type { PaymentCommand } from '../../../src/actors/payments/commands.ts';
import type { Code } from '../../../src/protocol/codes.ts';
import type { Money } from '../../../src/protocol/money.ts';

export interface Payment {
  readonly paymentId: string;
  readonly orderId: string;
  readonly amount: Money;
  status: 'authorized' | 'captured' | 'voided' | 'refunded' | 'declined';
  /** What went back, by whomever. */
  refunded: number;
  /** The bank has sent something back. */
  hasBounced: boolean;
}

export interface Card {
  readonly authorize: 'ok' | 'payment_declined' | 'payment_failed';
  readonly canCapture: boolean;
}

export class Provider {
  readonly payments: Payment[] = [];
  readonly #answers = new Map<string, { code: Code; body: object }>();
  readonly #cards: ReadonlyMap<string, Card>;
  readonly #onCapture: (orderId: string) => void;

  constructor(cards: ReadonlyMap<string, Card>, onCapture: (orderId: string) => void) {
    this.#cards = cards;
    this.#onCapture = onCapture;
  }

  of(orderId: string): Payment[] {
    return this.payments.filter((payment) => payment.orderId === orderId);
  }

  /** Somebody gives money back in the provider's dashboard: all that is left, or a part of it. */
  giveBack(index: number, share: number): void {
    const payment = this.payments[index % Math.max(1, this.payments.length)];
    if (payment?.status !== 'captured') return;
    const left = payment.amount.amount - payment.refunded;
    payment.refunded += Math.ceil(left * share);
    if (payment.refunded === payment.amount.amount) payment.status = 'refunded';
  }

  /** The buyer's bank sends back what was given back. */
  sendBack(index: number): void {
    const payment = this.payments[index % Math.max(1, this.payments.length)];
    if (payment === undefined || payment.refunded === 0) return;
    payment.refunded = 0;
    payment.status = 'captured';
    payment.hasBounced = true;
  }

  /** The same idempotency key has the same effect and answer. */
  handle(command: PaymentCommand, at: number): { code: Code; body: object } {
    const known = this.#answers.get(command.idempotencyKey);
    if (known !== undefined) return known;
    const answer = this.#run(command, at);
    this.#answers.set(command.idempotencyKey, answer);
    return answer;
  }

  #run(command: PaymentCommand, at: number): { code: Code; body: object } {
    const { orderId } = command;
    const card = this.#cards.get(orderId)!;
    if (command.type === 'AuthorizePayment') {
      if (at > command.untilMs) return { code: 'payment_failed', body: { reason: 'too late' } };
      if (card.authorize === 'payment_failed')
        return { code: 'payment_failed', body: { reason: 'no such card' } };
      const isDeclined = card.authorize === 'payment_declined';
      const paymentId = `pi_${orderId}`;
      const status = isDeclined ? 'declined' : 'authorized';
      this.payments.push({
        paymentId,
        orderId,
        amount: command.amount,
        status,
        refunded: 0,
        hasBounced: false,
      });
      return isDeclined
        ? { code: 'payment_declined', body: { paymentId, declineCode: 'do_not_honor' } }
        : { code: 'ok', body: { paymentId } };
    }
    const payments = this.of(orderId).filter(
      ({ paymentId }) => (command.paymentId ?? paymentId) === paymentId,
    );
    if (command.type === 'VoidPayment') {
      for (const payment of payments) {
        expect(['authorized', 'voided', 'declined']).toContain(payment.status);
        if (payment.status === 'authorized') payment.status = 'voided';
      }
      return { code: 'ok', body: {} };
    }
    const payment = payments[0]!;
    if (command.type === 'ExaminePayment') {
      const { amount, status } = payment;
      const captured = { ...amount, amount: status === 'voided' ? 0 : amount.amount };
      const refunded = { ...amount, amount: payment.refunded };
      return { code: 'ok', body: { captured, refunded, disputed: null } };
    }
    expect(command.amount).toEqual(payment.amount);
    if (command.type === 'RefundPayment') {
      // Somebody else may have been faster: then there is nothing left to give back.
      expect(['captured', 'refunded']).toContain(payment.status);
      payment.status = 'refunded';
      payment.refunded = payment.amount.amount;
      return { code: 'ok', body: {} };
    }
    expect(payment.status).toBe('authorized');
    if (!card.canCapture) return { code: 'payment_failed', body: { reason: 'capture refused' } };
    this.#onCapture(orderId);
    payment.status = 'captured';
    return { code: 'ok', body: { paymentId: payment.paymentId } };
  }
}
