/**
 * A small drop and its buyers: join, wait, hold, pay; some give the unit back, some cards are declined. Every id is
 * minted before the first attempt, and every request is repeated with it until the outcome is known.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { checkoutBody, type Drop, guest, openDrop, type Person } from '../system/shop.ts';
import type { Answer, FaultClient } from './client.ts';
import type { HoldEntry, Ledger } from './ledger.ts';

export interface DropOptions {
  readonly buyers: number;
  readonly units: number;
  readonly releasePerSecond: number;
  /** Shares of buyers. */
  readonly giveBack: number;
  readonly decline: number;
  readonly holdSeconds: number;
  readonly paymentSeconds: number;
}

export const defaultDrop: DropOptions = {
  buyers: 90,
  units: 30,
  releasePerSecond: 15,
  giveBack: 0.1,
  decline: 0.1,
  holdSeconds: 300,
  paymentSeconds: 300,
};

export interface CrowdParts {
  readonly url: () => string;
  readonly client: FaultClient;
  readonly ledger: Ledger;
  readonly random: () => number;
  readonly options: DropOptions;
}

const lookEveryMs = 400;
const goodCard = 'pm_card_visa';
const declinedCard = 'pm_card_chargeDeclined';
/** An order goes on by itself in these. */
const restless = ['pending', 'authorizing', 'committing'];

export async function gather(parts: CrowdParts): Promise<Crowd> {
  const { options } = parts;
  const place = { url: parts.url() };
  const drop = await openDrop(place, options.units, {
    sale: {
      holdSeconds: options.holdSeconds,
      paymentSeconds: options.paymentSeconds,
      queueing: {
        method: 'fifo',
        releasePerSecond: options.releasePerSecond,
        activeLimit: 5_000,
        // Outages must not cost anybody the turn: what is tested is memory, not patience.
        admissionSeconds: 900,
        claimSeconds: 900,
      },
    },
  });
  const people = await Promise.all(Array.from({ length: options.buyers }, () => guest(place)));
  return new Crowd(parts, drop, people);
}

export class Crowd {
  readonly drop: Drop;
  readonly options: DropOptions;
  readonly people: readonly Person[];
  /** Answers that a buyer has no plan for. */
  readonly surprises: string[] = [];
  /** While this is set, buyers who hold a unit wait before they check out. */
  isTillClosed = false;
  /** Buyers whose checkout has no final answer yet. */
  atTill = 0;
  readonly #parts: CrowdParts;
  #isOver = false;

  constructor(parts: CrowdParts, drop: Drop, people: readonly Person[]) {
    this.drop = drop;
    this.options = parts.options;
    this.people = people;
    this.#parts = parts;
  }

  /** Rejects when a buyer's request was never answered. */
  async run(): Promise<void> {
    const watching = this.#watch();
    await Promise.all(this.people.map((_, buyer) => this.#visit(buyer)));
    this.#isOver = true;
    await watching;
  }

  /** Ends the waiting of those who did not get in. */
  end(): void {
    this.#isOver = true;
  }

  /** The sale is over for those who wait when every unit is sold. */
  async #watch(): Promise<void> {
    const ask = { action: 'stock', method: 'GET', path: `/v1/inventory/${this.drop.sku}` } as const;
    while (!this.#isOver) {
      const { status, body } = await this.#parts.client.once(ask);
      if (status === 200 && body.sold === this.options.units) this.#isOver = true;
      await wait(lookEveryMs);
    }
  }

  async #visit(buyer: number): Promise<void> {
    const { token } = this.people[buyer]!;
    const requestId = randomUUID();
    await wait(this.#parts.random() * 300);
    const path = `/v1/sales/${this.drop.saleId}/tickets`;
    const joined = await this.#parts.client.settle({
      action: 'join',
      method: 'POST',
      path,
      token,
      body: { requestId },
    });
    if (joined.status > 201) return this.#surprise('join', joined);
    const { ticketId, ticketNumber } = joined.body;
    this.#parts.ledger.ticket({ buyer, ticketId, ticketNumber });
    const admission = await this.#untilAdmitted(buyer, `${path}/${ticketId}`);
    if (admission === null) return;
    const hold = await this.#takeUnit(buyer, admission);
    if (hold === null) return;
    const { giveBack, decline } = this.options;
    if (this.#parts.random() < giveBack) await this.#giveBack(hold);
    else if (await this.#pay(hold, this.#parts.random() < decline ? declinedCard : goodCard)) return;
    // An admission without a hold keeps a unit for its owner: who does not want it goes.
    const leave = { action: 'leave', method: 'DELETE', path: `${path}/${ticketId}`, token } as const;
    const left = await this.#parts.client.settle(leave);
    if (left.status !== 200) this.#surprise('leave', left);
  }

  #surprise(step: string, { status, body }: Answer): void {
    this.surprises.push(`${step}: ${status} ${body?.code ?? JSON.stringify(body)}`);
  }

  async #untilAdmitted(buyer: number, path: string): Promise<string | null> {
    const { token } = this.people[buyer]!;
    while (!this.#isOver) {
      const { status, body } = await this.#parts.client.once({ action: 'look', method: 'GET', path, token });
      if (status === 200) {
        this.#parts.ledger.ticket({ buyer, ticketId: body.ticketId, ticketNumber: body.ticketNumber });
        if (body.admission) return body.admission.token;
        if (body.status !== 'waiting' && body.status !== 'prequeued') return null;
      } else if (status !== 0 && status < 500) {
        this.#surprise('look', { status, body });
        return null;
      }
      await wait(lookEveryMs * (0.75 + this.#parts.random() / 2));
    }
    return null;
  }

  async #takeUnit(buyer: number, admission: string): Promise<HoldEntry | null> {
    const { token } = this.people[buyer]!;
    const holdId = randomUUID();
    const body = { holdId, sku: this.drop.sku, quantity: 1 };
    const headers = { 'admission-token': admission };
    const path = `/v1/sales/${this.drop.saleId}/holds`;
    // Somebody else may hold what is left, and give it back.
    for (let attempt = 0; attempt < 200 && !this.#isOver; attempt++) {
      const held = await this.#parts.client.settle({
        action: 'hold',
        method: 'POST',
        path,
        token,
        headers,
        body,
      });
      if (held.status <= 201) {
        const { quantity, expiresAt } = held.body;
        return this.#parts.ledger.hold({ buyer, holdId, sku: this.drop.sku, quantity, expiresAt });
      }
      const code = held.body?.code;
      if (code !== 'sold_out' && code !== 'insufficient_stock') {
        this.#surprise('hold', held);
        return null;
      }
      await wait(lookEveryMs);
    }
    return null;
  }

  async #giveBack(hold: HoldEntry): Promise<void> {
    const { token } = this.people[hold.buyer]!;
    const path = `/v1/holds/${hold.holdId}`;
    const released = await this.#parts.client.settle({ action: 'release', method: 'DELETE', path, token });
    if (released.status !== 200) return this.#surprise('release', released);
    hold.isReleased = true;
    this.#parts.ledger.releases++;
  }

  /** Whether the unit is (or will be) the buyer's. */
  async #pay(hold: HoldEntry, paymentMethod: string): Promise<boolean> {
    while (this.isTillClosed) await wait(50);
    this.atTill++;
    return this.#checkOut(hold, paymentMethod).finally(() => {
      this.atTill--;
    });
  }

  async #checkOut(hold: HoldEntry, paymentMethod: string): Promise<boolean> {
    const { token } = this.people[hold.buyer]!;
    const paid = await this.#parts.client.settle({
      action: 'checkout',
      method: 'POST',
      path: '/v1/checkout',
      token,
      headers: { 'idempotency-key': hold.holdId },
      body: checkoutBody([hold.holdId], paymentMethod),
    });
    const { status, body } = paid;
    const orderId = body?.orderId;
    if (orderId) this.#parts.ledger.order(hold, orderId, body.orderStatus ?? body.status);
    if (status !== 201 && status !== 202 && status !== 402 && body?.code !== 'hold_expired')
      this.#surprise('checkout', paid);
    return status === 202 ? this.#isConfirmed(hold, orderId) : status === 201;
  }

  /** Looks until the order has come to rest. */
  async #isConfirmed(hold: HoldEntry, orderId: string): Promise<boolean> {
    const { token } = this.people[hold.buyer]!;
    const ask = { action: 'order', method: 'GET', path: `/v1/orders/${orderId}`, token } as const;
    for (;;) {
      const { status, body } = await this.#parts.client.settle(ask);
      if (status === 200) this.#parts.ledger.order(hold, orderId, body.status);
      else this.#surprise('order', { status, body });
      if (status !== 200 || !restless.includes(body.status)) return body?.status === 'confirmed';
      await wait(lookEveryMs);
    }
  }
}
