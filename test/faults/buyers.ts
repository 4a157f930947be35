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

export interface Crowd {
  readonly drop: Drop;
  readonly options: DropOptions;
  readonly people: readonly Person[];
  /** Rejects when a buyer's request was never answered. */
  run(): Promise<void>;
  /** While this is set, buyers who hold a unit wait before they check out. */
  isTillClosed: boolean;
  /** Buyers whose checkout has no final answer yet. */
  readonly atTill: number;
  /** Ends the waiting of those who did not get in. */
  end(): void;
  /** Answers that a buyer has no plan for. */
  readonly surprises: string[];
}

export interface CrowdParts {
  readonly url: () => string;
  readonly client: FaultClient;
  readonly ledger: Ledger;
  readonly random: () => number;
  readonly options: DropOptions;
}

const lookEveryMs = 400;
/** An order goes on by itself in these. */
const restless = ['pending', 'authorizing', 'committing'];

export async function gather(parts: CrowdParts): Promise<Crowd> {
  const { client, ledger, random, options } = parts;
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
  const surprises: string[] = [];
  let isOver = false;

  const crowd = {
    drop,
    options,
    people,
    surprises,
    isTillClosed: false,
    atTill: 0,
    end() {
      isOver = true;
    },
    async run() {
      const watching = watch();
      await Promise.all(people.map((_, buyer) => visit(buyer)));
      isOver = true;
      await watching;
    },
  };

  /** The sale is over for those who wait when every unit is sold. */
  async function watch(): Promise<void> {
    const ask = { action: 'stock', method: 'GET', path: `/v1/inventory/${drop.sku}` } as const;
    while (!isOver) {
      const { status, body } = await client.once(ask);
      if (status === 200 && body.sold === options.units) isOver = true;
      await wait(lookEveryMs);
    }
  }

  async function visit(buyer: number): Promise<void> {
    const { token } = people[buyer]!;
    const requestId = randomUUID();
    await wait(random() * 300);
    const path = `/v1/sales/${drop.saleId}/tickets`;
    const joined = await client.settle({
      action: 'join',
      method: 'POST',
      path,
      token,
      body: { requestId },
    });
    if (joined.status > 201) return surprise('join', joined);
    const { ticketId, ticketNumber } = joined.body;
    ledger.ticket({ buyer, ticketId, ticketNumber });
    const admission = await untilAdmitted(buyer, `${path}/${ticketId}`);
    if (admission === null) return;
    const hold = await takeUnit(buyer, admission);
    if (hold === null) return;
    if (random() < options.giveBack) await giveBack(hold);
    else if (await pay(hold, random() < options.decline ? 'pm_card_chargeDeclined' : 'pm_card_visa')) return;
    // An admission without a hold keeps a unit for its owner: who does not want it goes.
    const leave = { action: 'leave', method: 'DELETE', path: `${path}/${ticketId}`, token } as const;
    const left = await client.settle(leave);
    if (left.status !== 200) surprise('leave', left);
  }

  function surprise(step: string, { status, body }: Answer): void {
    surprises.push(`${step}: ${status} ${body?.code ?? JSON.stringify(body)}`);
  }

  async function untilAdmitted(buyer: number, path: string): Promise<string | null> {
    const { token } = people[buyer]!;
    while (!isOver) {
      const { status, body } = await client.once({ action: 'look', method: 'GET', path, token });
      if (status === 200) {
        ledger.ticket({ buyer, ticketId: body.ticketId, ticketNumber: body.ticketNumber });
        if (body.admission) return body.admission.token;
        if (body.status !== 'waiting' && body.status !== 'prequeued') return null;
      } else if (status !== 0 && status < 500) {
        surprise('look', { status, body });
        return null;
      }
      await wait(lookEveryMs * (0.75 + random() / 2));
    }
    return null;
  }

  async function takeUnit(buyer: number, admission: string): Promise<HoldEntry | null> {
    const { token } = people[buyer]!;
    const holdId = randomUUID();
    const body = { holdId, sku: drop.sku, quantity: 1 };
    const headers = { 'admission-token': admission };
    const path = `/v1/sales/${drop.saleId}/holds`;
    // Somebody else may hold what is left, and give it back.
    for (let attempt = 0; attempt < 200 && !isOver; attempt++) {
      const held = await client.settle({ action: 'hold', method: 'POST', path, token, headers, body });
      if (held.status <= 201) {
        const { quantity, expiresAt } = held.body;
        return ledger.hold({ buyer, holdId, sku: drop.sku, quantity, expiresAt });
      }
      const code = held.body?.code;
      if (code !== 'sold_out' && code !== 'insufficient_stock') {
        surprise('hold', held);
        return null;
      }
      await wait(lookEveryMs);
    }
    return null;
  }

  async function giveBack(hold: HoldEntry): Promise<void> {
    const { token } = people[hold.buyer]!;
    const path = `/v1/holds/${hold.holdId}`;
    const released = await client.settle({ action: 'release', method: 'DELETE', path, token });
    if (released.status !== 200) return surprise('release', released);
    hold.isReleased = true;
    ledger.releases++;
  }

  /** Whether the unit is (or will be) the buyer's. */
  async function pay(hold: HoldEntry, paymentMethod: string): Promise<boolean> {
    while (crowd.isTillClosed) await wait(50);
    crowd.atTill++;
    return checkOut(hold, paymentMethod).finally(() => {
      crowd.atTill--;
    });
  }

  async function checkOut(hold: HoldEntry, paymentMethod: string): Promise<boolean> {
    const { token } = people[hold.buyer]!;
    const paid = await client.settle({
      action: 'checkout',
      method: 'POST',
      path: '/v1/checkout',
      token,
      headers: { 'idempotency-key': hold.holdId },
      body: checkoutBody([hold.holdId], paymentMethod),
    });
    const { status, body } = paid;
    const orderId = body?.orderId;
    if (orderId) ledger.order(hold, orderId, body.orderStatus ?? body.status);
    if (status !== 201 && status !== 202 && status !== 402 && body?.code !== 'hold_expired')
      surprise('checkout', paid);
    return status === 202 ? isConfirmed(hold, orderId) : status === 201;
  }

  /** Looks until the order has come to rest. */
  async function isConfirmed(hold: HoldEntry, orderId: string): Promise<boolean> {
    const { token } = people[hold.buyer]!;
    const ask = { action: 'order', method: 'GET', path: `/v1/orders/${orderId}`, token } as const;
    for (;;) {
      const { status, body } = await client.settle(ask);
      if (status === 200) ledger.order(hold, orderId, body.status);
      else surprise('order', { status, body });
      if (status !== 200 || !restless.includes(body.status)) return body?.status === 'confirmed';
      await wait(lookEveryMs);
    }
  }

  return crowd;
}
