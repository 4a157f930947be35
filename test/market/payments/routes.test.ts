import { randomUUID } from 'node:crypto';
import Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../gateway/engine.ts';
import { checkoutBody, openShop, type Shop } from '../../gateway/shop.ts';

let shop: Shop;
beforeAll(async () => {
  shop = await openShop();
});
afterAll(() => shop.stop());

const event = (type: string, orderId: string) =>
  JSON.stringify({
    id: `evt_${randomUUID()}`,
    object: 'event',
    type,
    data: { object: { id: `pi_${orderId}`, object: 'payment_intent', metadata: { orderId } } },
  });
const authorized = (orderId: string) => event('payment_intent.amount_capturable_updated', orderId);
const captured = (orderId: string) => event('payment_intent.succeeded', orderId);

function post(payload: string, secret = shop.services.webhookSecret) {
  const signature = Stripe.webhooks.generateTestHeaderString({ payload, secret });
  return shop.request(null, 'POST /v1/webhooks/stripe', payload, { 'stripe-signature': signature });
}

describe('the payment webhook', () => {
  it('reaches the order that waits for it', async () => {
    const { saleId, sku } = await shop.openSale(5);
    const buyer = await shop.hold(saleId, sku);
    shop.engine.isProviderSlow = true;
    const answer = shop.request(buyer, 'POST /v1/checkout', checkoutBody(buyer.holdId), {
      'idempotency-key': randomUUID(),
    });
    const orderId = await until(() => shop.engine.newestOrder(buyer.accountId, 'authorizing'));
    expect((await post(authorized(orderId))).body).toEqual({ received: true });
    await until(() => shop.engine.newestOrder(buyer.accountId, 'committing'));
    expect((await post(captured(orderId))).status).toBe(200);
    expect((await answer).body).toMatchObject({ orderId, status: 'confirmed' });
    // Repeated, and late: taken, without effect.
    expect((await post(authorized(orderId))).status).toBe(200);
    shop.engine.isProviderSlow = false;
    expect((await shop.request(buyer, `GET /v1/orders/${orderId}`)).body.status).toBe('confirmed');
  });

  it('is refused without a good signature, and asked for again when the engine is busy', async () => {
    const unknown = 'ord_018f0000-0000-7000-8000-000000000000';
    expect((await post(captured(unknown), 'whsec_another')).body.code).toBe('invalid_signature');
    expect((await shop.request(null, 'POST /v1/webhooks/stripe', '{}')).body.code).toBe('invalid_signature');
    expect((await post(captured(unknown))).status).toBe(200);
    expect((await post(captured('not an order of ours'))).status).toBe(200);
    expect((await post(event('payment_intent.created', unknown))).status).toBe(200);
    shop.engine.refusing.add('PaymentReported');
    const busy = await post(captured(unknown));
    shop.engine.refusing.clear();
    expect([busy.status, busy.body.code]).toEqual([503, 'busy']);
  });
});
