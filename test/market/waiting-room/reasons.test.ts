/** Why a buyer waits, and what a turn is worth: over HTTP and on the live socket. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../gateway/engine.ts';
import { authenticated, type LiveClient, ofType } from '../../gateway/live-client.ts';
import { checkoutBody, openShop, type Shop, type Visitor } from '../../gateway/shop.ts';

let shop: Shop;
beforeAll(async () => {
  shop = await openShop();
});
afterAll(() => shop.stop());

const queueing = { releasePerSecond: 1_000, admissionSeconds: 300, claimSeconds: 60 };
const mine = async (who: Visitor, saleId: string) =>
  (await shop.request(who, `GET /v1/sales/${saleId}/tickets/mine`)).body;
const place = (who: Visitor, saleId: string, sku: string, token: string) => {
  const body = { holdId: randomUUID(), sku, quantity: 1 };
  return shop.request(who, `POST /v1/sales/${saleId}/holds`, body, { 'admission-token': token });
};
const decline = (who: Visitor, holdId: string) =>
  shop.request(
    who,
    'POST /v1/checkout',
    { ...checkoutBody(holdId), paymentMethod: 'pm_card_chargeDeclined' },
    { 'idempotency-key': randomUUID() },
  );

/** A second buyer behind an admitted first one, watching the sale. */
async function secondInLine(saleId: string): Promise<Visitor & { live: LiveClient }> {
  const second = await shop.visitor();
  const live = await authenticated(shop.gateway.port, second);
  await live.ask('subscribe', { saleId });
  await live.ask('join', { saleId });
  return { ...second, live };
}

const ticketWith = (waitReason: string | null) => (frame: { type: string; waitReason: unknown }) =>
  frame.type === 'ticket' && frame.waitReason === waitReason;

describe('why a ticket waits', () => {
  it('is told over HTTP and live, and again whenever it changes', async () => {
    const { saleId, sku, seller } = await shop.openSale(1, { queueing });
    const first = await shop.admitted(saleId);
    const { live, ...second } = await secondInLine(saleId);
    expect(await mine(second, saleId)).toMatchObject({ status: 'waiting', waitReason: 'release_rate' });
    expect(await live.frame(ofType('ticket'))).toMatchObject({ waitReason: 'release_rate' });

    const held = await place(first, saleId, sku, first.admission);
    await until(async () => (await mine(second, saleId)).waitReason === 'units_on_hold');
    expect(await live.frame(ticketWith('units_on_hold'))).toMatchObject({ status: 'waiting', usersAhead: 0 });
    expect(
      await live.frame((frame) => frame.type === 'queue.serving' && frame.waitReason === 'units_on_hold'),
    ).toMatchObject({ left: 0, onHold: 1 });

    await shop.request(seller, `POST /v1/sales/${saleId}/pause`);
    expect((await mine(second, saleId)).waitReason).toBe('paused');
    await live.frame(ticketWith('paused'));
    await live.frame((frame) => frame.type === 'queue.serving' && frame.waitReason === 'paused');

    await shop.request(first, `DELETE /v1/holds/${held.body.holdId}`);
    await shop.request(first, `DELETE /v1/sales/${saleId}/tickets/${first.ticketId}`);
    await shop.request(seller, `POST /v1/sales/${saleId}/resume`);
    await live.frame(ofType('admission.granted'));
    expect(await mine(second, saleId)).toMatchObject({ status: 'admitted', waitReason: null });
    live.close();
  });

  it('is there for whoever subscribes without a ticket', async () => {
    const { saleId } = await shop.openSale(3, { queueing });
    const live = await authenticated(shop.gateway.port, await shop.visitor());
    const { body } = await live.ask('subscribe', { saleId });
    expect(body).toMatchObject({
      ticket: null,
      serving: { saleId, nowServing: 0, queueLength: 0, waitReason: 'release_rate', left: 3, onHold: 0 },
    });
    live.close();
  });
});

describe('an admission', () => {
  it('says by when it must be used, and after the first hold when it ends: the ticket is sent anew', async () => {
    const { saleId, sku } = await shop.openSale(5, { queueing });
    const buyer = await shop.visitor();
    const live = await authenticated(shop.gateway.port, buyer);
    await live.ask('subscribe', { saleId });
    await live.ask('join', { saleId });
    const granted = await live.frame(ofType('admission.granted'));
    expect(granted).toMatchObject({ saleId, claimed: false });
    const claimBy = Date.parse(granted.expiresAt);
    expect((await mine(buyer, saleId)).admission).toEqual({
      token: granted.token,
      expiresAt: granted.expiresAt,
      claimed: false,
    });
    expect((await place(buyer, saleId, sku, granted.token)).status).toBe(201);
    const { admission } = await live.frame((frame) => frame.type === 'ticket' && frame.admission?.claimed);
    expect(Date.parse(admission.expiresAt) - claimBy).toBe(240_000);
    expect((await mine(buyer, saleId)).admission).toEqual(admission);
    live.close();
  });

  it('a corrected ticket reaches the buyer although the push about it was lost', async () => {
    const { saleId, sku } = await shop.openSale(5, { queueing });
    const buyer = await shop.visitor();
    const live = await authenticated(shop.gateway.port, buyer);
    await live.ask('subscribe', { saleId });
    await live.ask('join', { saleId });
    const { token } = await live.frame(ofType('admission.granted'));
    shop.engine.isDeaf = true;
    await place(buyer, saleId, sku, token);
    await until(async () => (await mine(buyer, saleId)).admission.claimed);
    shop.engine.isDeaf = false;
    expect(live.frames.some((frame) => frame.type === 'ticket' && frame.admission?.claimed)).toBe(false);
    shop.engine.advance(31_000);
    await live.frame((frame) => frame.type === 'ticket' && frame.admission?.claimed);
    live.close();
  });

  it('outlives a declined card: the unit is free when the answer comes, and the same admission holds it again', async () => {
    const { saleId, sku } = await shop.openSale(1, { queueing });
    const buyer = await shop.admitted(saleId);
    let held = await place(buyer, saleId, sku, buyer.admission);
    for (let tries = 0; tries < 10; tries++) {
      expect((await decline(buyer, held.body.holdId)).body.code).toBe('payment_declined');
      expect((await shop.request(buyer, `GET /v1/holds/${held.body.holdId}`)).body.state).toBe('voided');
      // The sale hears of the hold by a report, up to 100 ms later.
      await until(async () => (await mine(buyer, saleId)).admission.claimed);
      expect(await mine(buyer, saleId)).toMatchObject({ status: 'admitted' });
      // The token of before the first hold, and the one that the ticket has now.
      const token = tries % 2 === 0 ? buyer.admission : (await mine(buyer, saleId)).admission.token;
      held = await place(buyer, saleId, sku, token);
      expect(held.status).toBe(201);
    }
    const paid = await shop.request(buyer, 'POST /v1/checkout', checkoutBody(held.body.holdId), {
      'idempotency-key': randomUUID(),
    });
    expect(paid.body.status).toBe('confirmed');
  });

  it('outlives a declined card on the live socket, too', async () => {
    const { saleId, sku } = await shop.openSale(1, { queueing });
    const buyer = await shop.visitor();
    const live = await authenticated(shop.gateway.port, buyer);
    await live.ask('subscribe', { saleId });
    await live.ask('join', { saleId });
    const { token: admissionToken } = await live.frame(ofType('admission.granted'));
    for (let tries = 0; tries < 3; tries++) {
      const hold = { saleId, sku, quantity: 1, holdId: randomUUID(), admissionToken };
      expect((await live.ask('hold', hold)).status).toBe(201);
      const body = { ...checkoutBody(hold.holdId), paymentMethod: 'pm_card_chargeDeclined' };
      const refused = await live.ask('checkout', { ...body, idempotencyKey: randomUUID() });
      expect([refused.status, refused.body.code]).toEqual([402, 'payment_declined']);
    }
    live.close();
  });

  it('is refused another hold after a declined card when somebody else took the unit', async () => {
    const { saleId, sku } = await shop.openSale(1, { queueing: { ...queueing, overAdmission: 2 } });
    const [first, second] = [await shop.admitted(saleId), await shop.admitted(saleId)];
    const held = await place(first, saleId, sku, first.admission);
    await decline(first, held.body.holdId);
    expect((await place(second, saleId, sku, second.admission)).status).toBe(201);
    expect((await place(first, saleId, sku, first.admission)).body).toMatchObject({ code: 'sold_out' });
  });
});

describe('the items of a sale', () => {
  it('say within a second what is left and what is on hold', async () => {
    const { saleId, sku } = await shop.openSale(2, { queueing });
    const itemOf = async () => (await shop.request(null, `GET /v1/sales/${saleId}`)).body.items[0];
    expect(await itemOf()).toMatchObject({ sku, quantity: 2, left: 2, onHold: 0, outlook: 'likely' });
    const before = (await shop.request(null, `GET /v1/sales/${saleId}`)).headers.get('etag')!;
    const holder = await shop.hold(saleId, sku);
    await until(async () => (await itemOf()).left === 1);
    expect(await itemOf()).toMatchObject({ quantity: 2, left: 1, onHold: 1 });
    const changed = await shop.request(null, `GET /v1/sales/${saleId}`, undefined, {
      'if-none-match': before,
    });
    expect(changed.status).toBe(200);
    await shop.request(holder, `DELETE /v1/holds/${holder.holdId}`);
    await until(async () => (await itemOf()).left === 2);
  });

  it('do not stand in the way of a change that is based on the version before a hold', async () => {
    const { saleId, sku, seller } = await shop.openSale(2, { queueing });
    const tag = (await shop.request(null, `GET /v1/sales/${saleId}`)).headers.get('etag')!;
    await shop.hold(saleId, sku);
    const paused = await shop.request(seller, `POST /v1/sales/${saleId}/pause`, {}, { 'if-match': tag });
    expect(paused.status).toBe(200);
    const stale = await shop.request(seller, `POST /v1/sales/${saleId}/resume`, {}, { 'if-match': tag });
    expect([stale.status, stale.body.code]).toEqual([412, 'stale_version']);
  });
});
