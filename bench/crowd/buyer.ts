/**
 * One buyer, from guest to order: what a person with a browser would do, with that person's character.
 *
 * 1. Every step that changes something carries an id minted before the first attempt; repeats use the same id.
 * 2. What the server acknowledged is in the ledger before the next step.
 * 3. A buyer always ends with an outcome; nothing is retried without a bound.
 */
import { randomUUID } from 'node:crypto';
import { type Answer, type Body, type Client, NoAnswer } from './client.ts';
import type { Clock } from './clock.ts';
import type { HoldRecord, Ledger } from './ledger.ts';
import type { LiveHall } from './live.ts';
import type { LiveSocket } from './live-socket.ts';
import type { Histogram, Tally } from './statistics.ts';

/** Drawn once, from the seed. */
export interface Character {
  readonly hasSocket: boolean;
  readonly abandons: 'never' | 'before the hold' | 'after the hold';
  readonly firstCardDeclined: boolean;
  /** After a declined card: try another one, or go home. */
  readonly triesAgain: boolean;
  /** Leaves the queue after so many milliseconds; null: stays. */
  readonly leavesAfterMs: number | null;
  /** Presses the button twice. */
  readonly doubleClicks: boolean;
  readonly favouriteSku: number;
  readonly arrivesAfterMs: number;
}

export interface Scene {
  readonly client: Client;
  readonly hall: LiveHall;
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly tally: Tally;
  readonly random: () => number;
  readonly timings: {
    readonly guest: Histogram;
    readonly join: Histogram;
    readonly hold: Histogram;
    readonly checkout: Histogram;
  };
  readonly saleId: string;
  readonly skus: readonly string[];
  /** True once nobody who waits can get in any more. */
  readonly isOver: () => boolean;
}

export interface Guest {
  readonly index: number;
  readonly character: Character;
  readonly accessToken: string;
  live: LiveSocket | null;
  /** The newest view of the ticket, and a way to hear of the next one. */
  view: Body;
  admission: { readonly token: string; readonly expiresAtMs: number } | null;
  onNews: (() => void) | null;
}

/** An order that never settled, or an answer that the contract does not know: the report shows them. */
class Unexpected extends Error {
  constructor(step: string, { status, body }: Answer) {
    super(`${step}: ${status} ${body?.code ?? ''}`.trim());
    this.name = 'Unexpected';
  }
}

const safetyPollMs = 30_000;
const busyElsewhereMax = 40;
const shelfRounds = 10;

/** Called once a guest, before the sale exists. */
export async function enter(scene: Scene, index: number, character: Character): Promise<Guest> {
  const { client, hall, timings } = scene;
  const answer = await client.ask({ method: 'POST', path: '/v1/auth/guest', timing: timings.guest });
  if (answer.status !== 201) throw new Unexpected('guest', answer);
  const guest: Guest = {
    index,
    character,
    accessToken: answer.body.accessToken,
    live: null,
    view: null,
    admission: null,
    onNews: null,
  };
  if (character.hasSocket) guest.live = await hall.open(socketHandlers(scene, guest));
  return guest;
}

function socketHandlers(scene: Scene, guest: Guest) {
  return {
    accessToken: guest.accessToken,
    onTicket: (view: Body) => see(scene, guest, view),
    onAdmission(body: Body) {
      const expiresAtMs = Date.parse(body.expiresAt);
      scene.ledger.seeAdmission(guest.index, expiresAtMs);
      guest.admission = { token: body.token, expiresAtMs };
      guest.onNews?.();
    },
    subscription() {
      const ticket = scene.ledger.ticketOf(guest.index);
      return ticket ? { saleId: scene.saleId, ticketId: ticket.ticketId } : null;
    },
  };
}

function see(scene: Scene, guest: Guest, view: Body): void {
  scene.ledger.seeTicket(guest.index, view);
  guest.view = view;
  if (view.admission)
    guest.admission = { token: view.admission.token, expiresAtMs: Date.parse(view.admission.expiresAt) };
  guest.onNews?.();
}

/** The whole visit. The answer is the outcome, in words for the report. */
export async function visit(scene: Scene, guest: Guest): Promise<string> {
  try {
    await scene.clock.pause(guest.character.arrivesAfterMs);
    const refusal = await join(scene, guest);
    if (refusal) return refusal;
    const leaveAtMs = performance.now() + (guest.character.leavesAfterMs ?? Number.POSITIVE_INFINITY);
    const end = await untilAdmitted(scene, guest, leaveAtMs);
    if (end) return end;
    scene.tally.add('admissions');
    if (guest.character.abandons === 'before the hold') return 'walked away when admitted';
    return await buy(scene, guest);
  } catch (error) {
    if (error instanceof Unexpected) return `unexpected answer to ${error.message}`;
    if (error instanceof NoAnswer) return 'gave up: no answer';
    throw error;
  } finally {
    guest.live?.close();
  }
}

// ---------------------------------------------------------------- the waiting room

async function join(scene: Scene, guest: Guest): Promise<string | null> {
  const { saleId, client, clock, timings } = scene;
  const requestId = randomUUID();
  for (let attempt = 1; ; attempt++) {
    const startedAtMs = performance.now();
    let answer = guest.live ? await guest.live.request('join', { saleId, requestId }) : null;
    if (answer) timings.join.record(performance.now() - startedAtMs);
    // Over HTTP when there is no socket, or when it broke or was too busy: the requestId makes it the same join.
    if (!answer || answer.status === 429 || answer.status === 503)
      answer = await client.ask(post(guest, `/v1/sales/${saleId}/tickets`, { requestId }, timings.join));
    if (answer.status === 200 || answer.status === 201) {
      see(scene, guest, answer.body);
      break;
    }
    const code = answer.body?.code;
    if (code === 'sale_ended') return 'came after the end';
    if (code !== 'sale_not_open' || attempt > busyElsewhereMax) throw new Unexpected('join', answer);
    await clock.pause(250);
  }
  guest.live?.subscribe();
  if (guest.character.doubleClicks) {
    const again = await client.ask(post(guest, `/v1/sales/${saleId}/tickets`, { requestId: randomUUID() }));
    if (again.status !== 200) throw new Unexpected('second join', again);
    see(scene, guest, again.body);
  }
  return null;
}

function post(guest: Guest, path: string, body: object, timing?: Histogram) {
  const ask = { method: 'POST', path, token: guest.accessToken, body } as const;
  return timing ? { ...ask, timing } : ask;
}

/** null when admitted, else how the wait ended. */
async function untilAdmitted(scene: Scene, guest: Guest, leaveAtMs: number): Promise<string | null> {
  const { client, saleId, tally } = scene;
  const path = `/v1/sales/${saleId}/tickets/${guest.view.ticketId}`;
  for (;;) {
    if (guest.admission) return null;
    const { status } = guest.view;
    if (status === 'expired') return 'missed the admission';
    if (status !== 'waiting' && status !== 'prequeued' && status !== 'admitted') return `ticket ${status}`;
    if (scene.isOver()) return 'sold out while waiting';
    if (performance.now() >= leaveAtMs) {
      const answer = await client.ask({ method: 'DELETE', path, token: guest.accessToken });
      if (answer.status !== 200 && answer.status !== 204) throw new Unexpected('leave', answer);
      return 'left the queue';
    }
    if (await news(scene, guest, leaveAtMs)) continue;
    if (scene.isOver()) continue;
    const wasUp = guest.live?.isUp ?? false;
    const answer = await client.ask({ method: 'GET', path, token: guest.accessToken });
    if (answer.status !== 200) throw new Unexpected('ticket', answer);
    if (wasUp && !guest.admission && answer.body.admission) tally.add('admissions that no frame told of');
    see(scene, guest, answer.body);
  }
}

/** Waits for a frame about the ticket (true), or until it is time to ask (false). */
async function news(scene: Scene, guest: Guest, leaveAtMs: number): Promise<boolean> {
  const { clock, random } = scene;
  const pollMs = Math.min(60, Math.max(0.5, Number(guest.view.pollAfterSeconds) || 1)) * 1_000;
  const waitMs = guest.live?.isUp ? safetyPollMs : pollMs * (0.9 + random() * 0.2);
  const untilLeaveMs = Math.max(0, leaveAtMs - performance.now());
  let hasNews = false;
  const frame = new Promise<void>((resolve) => {
    guest.onNews = () => {
      hasNews = true;
      resolve();
    };
  });
  await Promise.race([clock.sleep(Math.min(waitMs, untilLeaveMs)), frame]);
  guest.onNews = null;
  return hasNews;
}

// ---------------------------------------------------------------- the till

async function buy(scene: Scene, guest: Guest): Promise<string> {
  const { character } = guest;
  let card = character.firstCardDeclined ? 'pm_card_chargeDeclined' : 'pm_card_visa';
  for (;;) {
    const hold = await placeHold(scene, guest, card === 'pm_card_visa' && character.firstCardDeclined);
    if (typeof hold === 'string') return hold;
    if (character.abandons === 'after the hold') {
      hold.isAbandoned = true;
      return 'let the hold lapse';
    }
    const outcome = await checkout(scene, guest, hold, card);
    if (outcome !== 'declined' || card === 'pm_card_visa') return outcome;
    scene.tally.add('declined cards');
    if (!character.triesAgain) return 'declined, went home';
    card = 'pm_card_visa';
  }
}

/** The hold, or how it ended. After a declined order its units take a moment to come back: the limit is then waited out. */
async function placeHold(scene: Scene, guest: Guest, isSecond: boolean): Promise<HoldRecord | string> {
  const { saleId, skus, clock, ledger } = scene;
  let limitsMet = 0;
  for (let round = 0; round < shelfRounds; round++) {
    for (let step = 0; step < skus.length; step++) {
      const sku = skus[(guest.character.favouriteSku + step) % skus.length]!;
      const wanted = { holdId: randomUUID(), sku, quantity: 1 };
      const answer = await askForHold(scene, guest, saleId, wanted);
      if (answer.status === 200 || answer.status === 201) {
        const hold = ledger.acknowledgeHold(guest.index, answer.body);
        if (answer.body.state === 'held') return hold;
        hold.refusal = { code: `hold ${answer.body.state}`, atMs: Date.now() };
        return 'the hold ended before its answer came';
      }
      const code = answer.body?.code;
      if (code === 'admission_expired' || code === 'sale_ended') return 'came too late with the admission';
      if (code === 'purchase_limit' && isSecond && limitsMet++ < busyElsewhereMax) {
        await clock.pause(100);
        step--;
      } else if (code !== 'sold_out' && code !== 'insufficient_stock') throw new Unexpected('hold', answer);
    }
    await clock.pause(300);
  }
  return 'found the shelves empty';
}

async function askForHold(
  scene: Scene,
  guest: Guest,
  saleId: string,
  wanted: { holdId: string; sku: string; quantity: number },
): Promise<Answer> {
  const { client, timings } = scene;
  const token = guest.admission!.token;
  const startedAtMs = performance.now();
  const fields = { saleId, ...wanted, admissionToken: token };
  const answer = guest.live ? await guest.live.request('hold', fields) : null;
  if (answer && answer.status !== 429 && answer.status !== 503) {
    timings.hold.record(performance.now() - startedAtMs);
    return answer;
  }
  return client.ask({
    ...post(guest, `/v1/sales/${saleId}/holds`, wanted, timings.hold),
    headers: { 'admission-token': token },
    isUrgent: true,
  });
}

const finalStatuses = new Set(['confirmed', 'payment_failed', 'expired', 'cancelled']);

async function checkout(scene: Scene, guest: Guest, hold: HoldRecord, card: string): Promise<string> {
  const { client, clock, ledger, timings } = scene;
  const body = {
    holdIds: [hold.holdId],
    shippingAddress: {
      name: `Buyer ${guest.index}`,
      line1: '1 Market Street',
      city: 'Springfield',
      postalCode: '12345',
      country: 'US',
    },
    shippingMethod: 'standard',
    paymentMethod: card,
  };
  const ask = {
    ...post(guest, '/v1/checkout', body, timings.checkout),
    headers: { 'idempotency-key': randomUUID() },
    isUrgent: true,
  };
  // Until an answer says otherwise, nobody knows what became of this hold.
  hold.isUnresolved = true;
  let answer = await client.ask(ask);
  for (let n = 0; answer.body?.code === 'idempotency_in_progress' && n < busyElsewhereMax; n++) {
    await clock.pause(500);
    answer = await client.ask(ask);
  }
  const { status } = answer;
  if (status === 201 || status === 200 || status === 202) {
    ledger.acknowledgeOrder(hold, answer.body.orderId, answer.body.status);
    hold.isUnresolved = false;
    return settle(scene, guest, hold, answer.body);
  }
  if (answer.body?.orderId) {
    const orderStatus = status === 402 ? 'payment_failed' : (answer.body.status ?? 'cancelled');
    ledger.acknowledgeOrder(hold, answer.body.orderId, orderStatus);
  }
  hold.isUnresolved = false;
  if (status === 402) return 'declined';
  hold.refusal = { code: String(answer.body?.code ?? status), atMs: Date.now() };
  if (answer.body?.code === 'hold_expired') return 'the hold lapsed before the checkout';
  throw new Unexpected('checkout', answer);
}

/** Watches an order that was still under way until it is final. */
async function settle(scene: Scene, guest: Guest, hold: HoldRecord, first: Body): Promise<string> {
  const { client, clock, ledger } = scene;
  let order = first;
  for (let looks = 0; !finalStatuses.has(order.status) && looks < 300; looks++) {
    await clock.pause(1_000);
    const path = `/v1/orders/${order.orderId}`;
    const answer = await client.ask({ method: 'GET', path, token: guest.accessToken, isUrgent: true });
    if (answer.status !== 200) throw new Unexpected('order', answer);
    order = answer.body;
    ledger.acknowledgeOrder(hold, order.orderId, order.status);
  }
  if (order.status === 'confirmed') return 'bought';
  if (order.status === 'payment_failed' && order.failure?.code === 'payment_declined') return 'declined';
  return `order ${order.status}`;
}
