/** The till: a hold, a card, an order. Every id is minted before the first attempt and kept for its repeats. */
import { randomUUID } from 'node:crypto';
import type { Answer, Body } from './client.ts';
import { type Guest, post, type Scene, Unexpected } from './guest.ts';
import type { HoldRecord } from './ledger.ts';

const busyElsewhereMax = 40;
const shelfRounds = 10;
const orderLooksMax = 300;

/** From the admission to the outcome. */
export async function buy(scene: Scene, guest: Guest): Promise<string> {
  const { character } = guest;
  const think = () => (character.thinksMs > 0 ? scene.clock.pause(character.thinksMs) : undefined);
  let card = character.firstCardDeclined ? 'pm_card_chargeDeclined' : 'pm_card_visa';
  for (;;) {
    await think();
    const hold = await placeHold(scene, guest, card === 'pm_card_visa' && character.firstCardDeclined);
    if (typeof hold === 'string') return hold;
    if (character.abandons === 'after the hold') {
      hold.isAbandoned = true;
      return 'let the hold lapse';
    }
    await think();
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
  for (let looks = 0; !finalStatuses.has(order.status) && looks < orderLooksMax; looks++) {
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
