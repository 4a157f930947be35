/**
 * A load of buyers that keeps books of its own: what the server acknowledged to each, in the words of the answer.
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

export interface Load {
  /** Tickets, holds and orders acknowledged so far. */
  readonly acknowledged: number;
  /** Buyers who have begun and are not done. */
  readonly open: number;
  /** Lets so many more begin: a load that outlasts a test's last trouble must not be over before it. */
  letIn(count: number): void;
  /** Answers that had to be asked for again, by reason. */
  readonly retries: Readonly<Record<string, number>>;
  /** The longest wait for one answer, and for one step with all its repeats. */
  readonly slowestMs: number;
  readonly longestStepMs: number;
  /** Resolves when every buyer has what it wants; that takes all to have been let in. */
  readonly finished: Promise<void>;
  /** Compares everything acknowledged until now with what the server says; the number of comparisons. */
  verify(): Promise<number>;
  /** At the end: units, orders and the provider's books agree. */
  expectBalance(sandboxUrl: string, units: number): Promise<void>;
}

export function startLoad(place: Place, drop: Drop, buyerCount: number, concurrency = 12): Load {
  const buyers: Buyer[] = Array.from({ length: buyerCount }, (_, index) => ({
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
  const retries: Record<string, number> = {};
  let slowestMs = 0;
  let longestStepMs = 0;
  let next = 0;
  let open = 0;
  let admitted = 0;

  const countRetry = (reason: string) => {
    retries[reason] = (retries[reason] ?? 0) + 1;
  };

  /** One answer that is no "ask again". */
  async function persist(target: string, options: CallOptions = {}): Promise<Answered> {
    const begunAtMs = performance.now();
    for (;;) {
      const startedAtMs = performance.now();
      const answer = await call(place, target, { ...options, limitMs: answerMsMax }).catch((error) => {
        if ((error as Error).name === 'TimeoutError') throw new Error(`${target} hangs`);
        return null;
      });
      slowestMs = Math.max(slowestMs, performance.now() - startedAtMs);
      const code = answer === null ? 'connection' : answer.body?.code;
      const isAgain = ['connection', 'busy', 'rate_limited', 'idempotency_in_progress'].includes(code);
      longestStepMs = Math.max(longestStepMs, performance.now() - begunAtMs);
      if (answer !== null && !isAgain) return answer;
      countRetry(code);
      if (performance.now() - begunAtMs > stepMsMax)
        throw new Error(`${target}: only ${code} for ${stepMsMax} ms`);
      await delay(pauseMs);
    }
  }

  const tickets = `/v1/sales/${drop.saleId}/tickets`;
  const join = (buyer: Buyer) =>
    persist(`POST ${tickets}`, { who: buyer.who, body: { requestId: buyer.requestId } });
  const placeHold = (buyer: Buyer) =>
    persist(`POST /v1/sales/${drop.saleId}/holds`, {
      who: buyer.who,
      body: { holdId: buyer.holdId, sku: drop.sku, quantity: 1 },
      headers: { 'admission-token': buyer.admission },
    });
  const checkOut = (buyer: Buyer) =>
    persist('POST /v1/checkout', {
      who: buyer.who,
      body: checkoutBody([buyer.holdId]),
      headers: { 'idempotency-key': buyer.key },
    });

  async function visit(buyer: Buyer): Promise<void> {
    const { body: account } = await persist('POST /v1/auth/guest');
    buyer.who = { accountId: account.accountId, token: account.accessToken };
    const joined = await join(buyer);
    expect([200, 201]).toContain(joined.status);
    const { ticketId, ticketNumber } = joined.body;
    buyer.ticket = { ticketId, ticketNumber };
    if (buyer.wish === 'waits') return;
    const untilMs = performance.now() + stepMsMax;
    for (let { body: ticket } = joined; ; ) {
      if (ticket.admission) {
        buyer.admission = ticket.admission.token;
        break;
      }
      if (performance.now() > untilMs) throw new Error(`never admitted: ${JSON.stringify(ticket)}`);
      await delay(pauseMs);
      ticket = (await persist(`GET ${tickets}/${ticketId}`, { who: buyer.who })).body;
    }
    const held = await placeHold(buyer);
    expect([200, 201], JSON.stringify(held.body)).toContain(held.status);
    const { expiresAt, sku, quantity } = held.body;
    buyer.hold = { expiresAt, sku, quantity };
    if (buyer.wish === 'keeps') return;
    buyer.isPaying = true;
    const ordered = await checkOut(buyer);
    expect([201, 202], JSON.stringify(ordered.body)).toContain(ordered.status);
    buyer.order = { orderId: ordered.body.orderId, status: ordered.status, body: ordered.body };
  }

  async function work(): Promise<void> {
    while (next < buyers.length) {
      if (next >= admitted) {
        await delay(pauseMs);
        continue;
      }
      const buyer = buyers[next++]!;
      open += 1;
      await visit(buyer);
      open -= 1;
    }
  }
  const finished = Promise.all(Array.from({ length: concurrency }, work)).then(() => {});
  // Whoever waits for it sees the error; until then it must not end the process.
  finished.catch(() => {});

  async function verifyBuyer(buyer: Buyer): Promise<number> {
    // Taken first: the load goes on meanwhile.
    const { who, ticket, hold, order, isPaying } = buyer;
    if (ticket === null) return 0;
    const read = await persist(`GET ${tickets}/${ticket.ticketId}`, { who });
    expect(read.body).toMatchObject(ticket);
    const joined = await join(buyer);
    // A ticket that has done its work makes room for a new one; the same request still names the old one.
    expect([joined.status, joined.body.ticketId]).toEqual([200, ticket.ticketId]);
    if (hold === null) return 1;
    const found = await persist(`GET /v1/holds/${buyer.holdId}`, { who });
    expect(found.body).toMatchObject({ holdId: buyer.holdId, sku: hold.sku, quantity: hold.quantity });
    if (!isPaying) expect(found.body).toMatchObject({ state: 'held', expiresAt: hold.expiresAt });
    const again = await placeHold(buyer);
    expect([again.status, again.body.holdId]).toEqual([200, buyer.holdId]);
    if (order === null) return 2;
    const reread = await waitFor(async () => {
      const { body } = await persist(`GET /v1/orders/${order.orderId}`, { who });
      return body.status === 'confirmed' ? body : null;
    });
    expect(reread).toMatchObject({ orderId: order.orderId, paymentStatus: 'captured' });
    expect((await persist(`GET /v1/holds/${buyer.holdId}`, { who })).body.state).toBe('committed');
    const replayed = await checkOut(buyer);
    expect([replayed.status, replayed.body]).toEqual([order.status, order.body]);
    expect(replayed.headers.get('idempotency-replayed')).toBe('true');
    return 3;
  }

  return {
    get acknowledged() {
      return buyers.reduce(
        (sum, { ticket, hold, order }) => sum + [ticket, hold, order].filter((one) => one !== null).length,
        0,
      );
    },
    get open() {
      return open;
    },
    letIn(count) {
      admitted += count;
    },
    retries,
    get slowestMs() {
      return slowestMs;
    },
    get longestStepMs() {
      return longestStepMs;
    },
    finished,
    async verify() {
      let compared = 0;
      for (let from = 0; from < buyers.length; from += concurrency)
        for (const count of await Promise.all(buyers.slice(from, from + concurrency).map(verifyBuyer)))
          compared += count;
      const numbers = buyers.flatMap(({ ticket }) => (ticket ? [ticket.ticketNumber] : []));
      expect(new Set(numbers).size).toBe(numbers.length);
      return compared;
    },
    async expectBalance(sandboxUrl, units) {
      const paid = buyers.filter(({ order }) => order !== null).length;
      const kept = buyers.filter(({ wish }) => wish === 'keeps').length;
      expect(paid).toBe(buyers.filter(({ wish }) => wish === 'pays').length);
      const { onHand, held, sold, available } = (await persist(`GET /v1/inventory/${drop.sku}`)).body;
      expect({ onHand, held, sold, available }).toEqual({
        onHand: units,
        held: kept,
        sold: paid,
        available: units - kept - paid,
      });
      const status = await persist(`GET /v1/sales/${drop.saleId}/status`, { who: drop.seller });
      expect(status.body).toMatchObject({ joined: buyers.length, oversold: 0 });
      const totals = await (await fetch(`${sandboxUrl}/_sandbox/totals`)).json();
      expect(totals).toMatchObject({ captured: paid, capturesByOrder: { orders: paid, duplicates: 0 } });
    },
  };
}
