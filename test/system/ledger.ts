/**
 * A load of buyers that keeps a ledger of its own: what the server acknowledged to each, in the words of the answer.
 *
 * 1. A buyer has fixed ids (request, hold, order key) and repeats a step with them until it has an answer, through
 *    refusals for being busy, cut connections and restarts. No answer within `answerMsMax` is a hang, and an error.
 * 2. Only what was answered counts as acknowledged. `verify` reads and repeats all of it and compares.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { waitFor } from './server.ts';
import {
  type Answered,
  type CallOptions,
  call,
  checkoutBody,
  type Drop,
  type Person,
  type Place,
} from './shop.ts';

/** A checkout may take 5 s by contract, and a restart comes on top. */
const answerMsMax = 15_000;
const stepMsMax = 60_000;
const pauseMs = 25;

/** `pays`: buys. `keeps`: holds a unit to the end. `waits`: only joins. */
type Wish = 'pays' | 'keeps' | 'waits';
const wishes: readonly Wish[] = ['pays', 'keeps', 'pays', 'waits', 'pays'];

interface Buyer {
  readonly wish: Wish;
  readonly requestId: string;
  readonly holdId: string;
  readonly key: string;
  who: Person | null;
  admission: string;
  ticket: { ticketId: string; ticketNumber: number } | null;
  hold: { expiresAt: string; sku: string; quantity: number } | null;
  isPaying: boolean;
  order: { orderId: string; status: number; body: object } | null;
}

const buyersOf = (count: number): Buyer[] =>
  Array.from({ length: count }, (_, index) => ({
    wish: wishes[index % wishes.length]!,
    requestId: randomUUID(),
    holdId: randomUUID(),
    key: randomUUID(),
    who: null,
    admission: '',
    ticket: null,
    hold: null,
    isPaying: false,
    order: null,
  }));

/** One answer that is no "ask again": repeats each request until there is one, and counts what that took. */
class PersistentClient {
  /** Answers that had to be asked for again, by reason. */
  readonly retries: Record<string, number> = {};
  /** The longest wait for one answer, and for one step with all its repeats. */
  slowestMs = 0;
  longestStepMs = 0;
  readonly #place: Place;

  constructor(place: Place) {
    this.#place = place;
  }

  async ask(target: string, options: CallOptions = {}): Promise<Answered> {
    const begunAtMs = performance.now();
    for (;;) {
      const answer = await this.#once(target, options);
      const code = answer === null ? 'connection' : answer.body?.code;
      const isAgain = ['connection', 'busy', 'rate_limited', 'idempotency_in_progress'].includes(code);
      const sinceMs = performance.now() - begunAtMs;
      this.longestStepMs = Math.max(this.longestStepMs, sinceMs);
      if (answer !== null && !isAgain) return answer;
      this.retries[code] = (this.retries[code] ?? 0) + 1;
      if (sinceMs > stepMsMax) throw new Error(`${target}: only ${code} for ${stepMsMax} ms`);
      await delay(pauseMs);
    }
  }

  /** null: the connection broke. */
  async #once(target: string, options: CallOptions): Promise<Answered | null> {
    const startedAtMs = performance.now();
    const answer = await call(this.#place, target, { ...options, limitMs: answerMsMax }).catch((error) => {
      if ((error as Error).name === 'TimeoutError') throw new Error(`${target} hangs`);
      return null;
    });
    this.slowestMs = Math.max(this.slowestMs, performance.now() - startedAtMs);
    return answer;
  }
}

export function startLoad(place: Place, drop: Drop, buyerCount: number, concurrency = 12): Load {
  return new Load(place, drop, buyersOf(buyerCount), concurrency);
}

export class Load {
  /** Resolves when every buyer has what it wants; that takes all to have been let in. */
  readonly finished: Promise<void>;
  readonly #client: PersistentClient;
  readonly #drop: Drop;
  readonly #buyers: readonly Buyer[];
  readonly #concurrency: number;
  readonly #tickets: string;
  #next = 0;
  #open = 0;
  #admitted = 0;

  constructor(place: Place, drop: Drop, buyers: readonly Buyer[], concurrency: number) {
    this.#client = new PersistentClient(place);
    this.#drop = drop;
    this.#buyers = buyers;
    this.#concurrency = concurrency;
    this.#tickets = `/v1/sales/${drop.saleId}/tickets`;
    this.finished = Promise.all(Array.from({ length: concurrency }, () => this.#work())).then(() => {});
    // Whoever waits for it sees the error; until then it must not end the process.
    this.finished.catch(() => {});
  }

  /** Tickets, holds and orders acknowledged so far. */
  get acknowledged(): number {
    return this.#buyers.reduce(
      (sum, { ticket, hold, order }) => sum + [ticket, hold, order].filter((one) => one !== null).length,
      0,
    );
  }

  /** Buyers who have begun and are not done. */
  get open(): number {
    return this.#open;
  }

  get retries(): Readonly<Record<string, number>> {
    return this.#client.retries;
  }

  get slowestMs(): number {
    return this.#client.slowestMs;
  }

  get longestStepMs(): number {
    return this.#client.longestStepMs;
  }

  /** Lets so many more begin: a load that outlasts a test's last trouble must not be over before it. */
  letIn(count: number): void {
    this.#admitted += count;
  }

  async #work(): Promise<void> {
    while (this.#next < this.#buyers.length) {
      if (this.#next >= this.#admitted) {
        await delay(pauseMs);
        continue;
      }
      const buyer = this.#buyers[this.#next++]!;
      this.#open += 1;
      await this.#visit(buyer);
      this.#open -= 1;
    }
  }

  #join({ who, requestId }: Buyer): Promise<Answered> {
    return this.#client.ask(`POST ${this.#tickets}`, { who, body: { requestId } });
  }

  #placeHold({ who, holdId, admission }: Buyer): Promise<Answered> {
    return this.#client.ask(`POST /v1/sales/${this.#drop.saleId}/holds`, {
      who,
      body: { holdId, sku: this.#drop.sku, quantity: 1 },
      headers: { 'admission-token': admission },
    });
  }

  #checkOut({ who, holdId, key }: Buyer): Promise<Answered> {
    return this.#client.ask('POST /v1/checkout', {
      who,
      body: checkoutBody([holdId]),
      headers: { 'idempotency-key': key },
    });
  }

  async #visit(buyer: Buyer): Promise<void> {
    const { body: account } = await this.#client.ask('POST /v1/auth/guest');
    buyer.who = { accountId: account.accountId, token: account.accessToken };
    const joined = await this.#join(buyer);
    expect([200, 201]).toContain(joined.status);
    const { ticketId, ticketNumber } = joined.body;
    buyer.ticket = { ticketId, ticketNumber };
    if (buyer.wish === 'waits') return;
    buyer.admission = await this.#admissionOf(buyer, joined);
    const held = await this.#placeHold(buyer);
    expect([200, 201], JSON.stringify(held.body)).toContain(held.status);
    const { expiresAt, sku, quantity } = held.body;
    buyer.hold = { expiresAt, sku, quantity };
    if (buyer.wish === 'keeps') return;
    buyer.isPaying = true;
    const ordered = await this.#checkOut(buyer);
    expect([201, 202], JSON.stringify(ordered.body)).toContain(ordered.status);
    buyer.order = { orderId: ordered.body.orderId, status: ordered.status, body: ordered.body };
  }

  async #admissionOf({ who }: Buyer, joined: Answered): Promise<string> {
    const untilMs = performance.now() + stepMsMax;
    const target = `GET ${this.#tickets}/${joined.body.ticketId}`;
    for (let { body: ticket } = joined; ; ) {
      if (ticket.admission) return ticket.admission.token;
      if (performance.now() > untilMs) throw new Error(`never admitted: ${JSON.stringify(ticket)}`);
      await delay(pauseMs);
      ticket = (await this.#client.ask(target, { who })).body;
    }
  }

  /** Compares everything acknowledged until now with what the server says; the number of comparisons. */
  async verify(): Promise<number> {
    let compared = 0;
    for (let from = 0; from < this.#buyers.length; from += this.#concurrency) {
      const some = this.#buyers.slice(from, from + this.#concurrency);
      for (const count of await Promise.all(some.map((buyer) => this.#verifyBuyer(buyer)))) compared += count;
    }
    const numbers = this.#buyers.flatMap(({ ticket }) => (ticket ? [ticket.ticketNumber] : []));
    expect(new Set(numbers).size).toBe(numbers.length);
    return compared;
  }

  async #verifyBuyer(buyer: Buyer): Promise<number> {
    // Taken first: the load goes on meanwhile.
    const { who, ticket, hold, order, isPaying } = buyer;
    if (ticket === null) return 0;
    const read = await this.#client.ask(`GET ${this.#tickets}/${ticket.ticketId}`, { who });
    expect(read.body).toMatchObject(ticket);
    const joined = await this.#join(buyer);
    // A ticket that has done its work makes room for a new one; the same request still names the old one.
    expect([joined.status, joined.body.ticketId]).toEqual([200, ticket.ticketId]);
    if (hold === null) return 1;
    const found = await this.#client.ask(`GET /v1/holds/${buyer.holdId}`, { who });
    expect(found.body).toMatchObject({ holdId: buyer.holdId, sku: hold.sku, quantity: hold.quantity });
    if (!isPaying) expect(found.body).toMatchObject({ state: 'held', expiresAt: hold.expiresAt });
    const again = await this.#placeHold(buyer);
    expect([again.status, again.body.holdId]).toEqual([200, buyer.holdId]);
    if (order === null) return 2;
    await this.#verifyOrder(buyer, order);
    return 3;
  }

  async #verifyOrder(buyer: Buyer, order: NonNullable<Buyer['order']>): Promise<void> {
    const { who, holdId } = buyer;
    const reread = await waitFor(async () => {
      const { body } = await this.#client.ask(`GET /v1/orders/${order.orderId}`, { who });
      return body.status === 'confirmed' ? body : null;
    });
    expect(reread).toMatchObject({ orderId: order.orderId, paymentStatus: 'captured' });
    expect((await this.#client.ask(`GET /v1/holds/${holdId}`, { who })).body.state).toBe('committed');
    const replayed = await this.#checkOut(buyer);
    expect([replayed.status, replayed.body]).toEqual([order.status, order.body]);
    expect(replayed.headers.get('idempotency-replayed')).toBe('true');
  }

  /** At the end: units, orders and the provider's ledger agree. */
  async expectBalance(sandboxUrl: string, units: number): Promise<void> {
    const { sku, saleId, seller } = this.#drop;
    const paid = this.#buyers.filter(({ order }) => order !== null).length;
    const kept = this.#buyers.filter(({ wish }) => wish === 'keeps').length;
    expect(paid).toBe(this.#buyers.filter(({ wish }) => wish === 'pays').length);
    const { asOf: _, ...stock } = (await this.#client.ask(`GET /v1/inventory/${sku}`)).body;
    expect(stock).toEqual({
      sku,
      onHand: units,
      held: kept,
      sold: paid,
      allotted: units - kept - paid,
      available: 0,
    });
    const status = await this.#client.ask(`GET /v1/sales/${saleId}/status`, { who: seller });
    expect(status.body).toMatchObject({ joined: this.#buyers.length, oversold: 0 });
    const totals = await (await fetch(`${sandboxUrl}/_sandbox/totals`)).json();
    expect(totals).toMatchObject({ captured: paid, capturesByOrder: { orders: paid, duplicates: 0 } });
  }
}
