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

  /** An order that its buyer has paid. */
  async function bought() {
    const { saleId, sku } = await shop.openSale(5);
    const buyer = await shop.hold(saleId, sku);
    const { body } = await shop.request(buyer, 'POST /v1/checkout', checkoutBody(buyer.holdId), {
      'idempotency-key': randomUUID(),
    });
    expect(body.status).toBe('confirmed');
    const { orderId, paymentId, total } = body;
    const read = async () => (await shop.request(buyer, `GET /v1/orders/${orderId}`)).body;
    return { buyer, orderId, paymentId, total: total.amount as number, read };
  }

  /** As the provider tells of a refund: its own metadata, and the payment that it belongs to. */
  const moved = (type: string, object: object, createdAtMs = Date.now()) =>
    JSON.stringify({
      ...{ id: `evt_${randomUUID()}`, object: 'event', type, created: Math.floor(createdAtMs / 1000) },
      data: { object: { id: 're_1', object: 'refund', status: 'succeeded', currency: 'usd', ...object } },
    });

  it('case 04: a refund belongs to the order of its payment, whatever order is written on it', async () => {
    for (const type of ['refund.created', 'charge.refunded', 'charge.dispute.created']) {
      const [mine, other] = [await bought(), await bought()];
      const before = await other.read();
      shop.engine.standings.set(mine.paymentId, { captured: mine.total, refunded: 500 });
      const object = { payment_intent: mine.paymentId, metadata: { orderId: other.orderId } };
      expect((await post(moved(type, object))).status).toBe(200);
      await until(async () => (await mine.read()).paymentStatus === 'partially_refunded');
      expect(await other.read()).toEqual(before);
    }
  });

  it('case 04: what is written on it may confirm: an order refuses what is not of its own payment', async () => {
    const { orderId, paymentId, read } = await bought();
    const before = await read();
    const object = { payment_intent: 'pi_of_nobody', metadata: { orderId } };
    // Its payment may be a new one: it is asked for again until it would be known.
    expect((await post(moved('refund.created', object))).body.code).toBe('busy');
    expect((await post(moved('refund.created', object, Date.now() - 120_000))).status).toBe(200);
    expect((await post(moved('refund.created', { payment_intent: 'pi_of_nobody' }, 0))).status).toBe(200);
    expect(await read()).toEqual(before);
    expect(paymentId).not.toBe('pi_of_nobody');
  });

  it('case 04: a refund of ours that fails is shown as money that is still here', async () => {
    for (const [type, object] of [
      ['refund.failed', { status: 'failed' }],
      ['refund.updated', { status: 'canceled' }],
      ['charge.refund.updated', { status: 'failed' }],
    ] as const) {
      const { buyer, orderId, paymentId, total, read } = await bought();
      await shop.request(buyer, `POST /v1/orders/${orderId}/cancel`);
      await until(async () => (await read()).status === 'refunded');
      shop.engine.standings.set(paymentId, { captured: total, refunded: 0 });
      expect((await post(moved(type, { ...object, payment_intent: paymentId }))).status).toBe(200);
      await until(async () => (await read()).status === 'cancelled');
      expect(await read()).toMatchObject({ paymentStatus: 'captured', refunded: { amount: 0 } });
      const payment = await shop.request(buyer, `GET /v1/payments/${paymentId}`);
      expect(payment.body).toMatchObject({ status: 'captured', refunded: { amount: 0 } });
      // The money goes back in another way after all.
      shop.engine.standings.set(paymentId, { captured: total, refunded: total });
      const whole = { payment_intent: paymentId, amount_refunded: total };
      expect((await post(moved('charge.refunded', whole))).status).toBe(200);
      await until(async () => (await read()).status === 'refunded');
      expect(await read()).toMatchObject({ paymentStatus: 'refunded', refunded: { amount: total } });
    }
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

  it('takes or refuses every signed event, whatever it looks like, and never breaks', async () => {
    const odd = [
      null,
      0,
      '',
      'x',
      [],
      {},
      { object: null },
      { object: 'pi_1' },
      { object: [] },
      { object: {} },
    ];
    const types = [
      'payment_intent.succeeded',
      'payment_intent.payment_failed',
      'charge.refunded',
      'refund.created',
    ];
    const nested = '['.repeat(100_000) + ']'.repeat(100_000);
    const payloads = [
      ...['null', '[]', '7', '"x"', '{}', '{"type":5}', '{"type":null}', nested, '{', ''],
      ...types.flatMap((type) =>
        odd.map((data) => JSON.stringify({ id: 'evt_1', object: 'event', type, data })),
      ),
      ...types.map((type) => JSON.stringify({ object: 'event', type })),
      ...[
        { id: 5 },
        { id: 'x'.repeat(300) },
        { id: 'pi_1', metadata: 7 },
        { id: 'pi_1', metadata: { orderId: {} } },
      ].map((object) => JSON.stringify({ type: 'payment_intent.succeeded', data: { object } })),
      ...[
        { payment_intent: 5 },
        { payment_intent: {} },
        { payment_intent: null },
        { payment_intent: 'x'.repeat(300) },
      ].map((object) => JSON.stringify({ type: 'charge.dispute.created', data: { object } })),
    ];
    for (const payload of payloads) {
      const { status, body } = await post(payload);
      expect([payload.slice(0, 200), status]).toEqual([payload.slice(0, 200), status === 200 ? 200 : 400]);
      if (status === 400) expect(['validation_failed', 'invalid_signature']).toContain(body.code);
    }
    // Nobody asks for these: they are taken and forgotten, whatever they look like.
    for (const data of odd) {
      const payload = JSON.stringify({
        object: 'event',
        type: 'customer.created',
        api_version: '1999-01-01',
        data,
      });
      expect((await post(payload)).status).toBe(200);
    }
    expect((await post(JSON.stringify({ type: 'payment_intent.succeeded' }))).body).toMatchObject({
      code: 'validation_failed',
      errors: [{ path: '/data/object/id' }],
    });
  });

  it('takes a megabyte, and no more', async () => {
    const padded = (bytes: number) => {
      const event = (padding: string) => JSON.stringify({ type: 'customer.created', data: {}, padding });
      return event('x'.repeat(bytes - event('').length));
    };
    expect((await post(padded(1024 * 1024))).status).toBe(200);
    const { status, body } = await post(padded(1024 * 1024 + 1));
    expect([status, body.code]).toEqual([413, 'payload_too_large']);
    const order = await shop.request(
      null,
      'POST /v1/auth/login',
      JSON.stringify({ email: 'x'.repeat(65_536) }),
    );
    expect(order.status).toBe(413);
  });

  it('looks at the signature before anything else: forged, stale, cut or one of several', async () => {
    const payload = event('customer.created', 'x');
    const send = (signature: string) =>
      shop.request(null, 'POST /v1/webhooks/stripe', payload, { 'stripe-signature': signature });
    const secret = shop.services.webhookSecret;
    const at = (timestamp: number) =>
      Stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp });
    const nowS = Math.floor(Date.now() / 1000);
    const good = at(nowS);
    const [time, v1] = good.split(',') as [string, string];
    const another = Stripe.webhooks
      .generateTestHeaderString({ payload, secret: 'whsec_another' })
      .split(',')[1];
    for (const signature of [
      at(nowS - 301),
      `${time},${another}`,
      good.slice(0, -1),
      `${good}0`,
      time,
      v1,
      `${time},v1=`,
      `${time},${v1.replace('v1', 'v0')}`,
      `t=${nowS + 1},${v1}`,
      't=x,v1=x',
      '',
      'ü',
      'v1='.repeat(500),
    ])
      expect([signature.slice(0, 100), (await send(signature)).body.code]).toEqual([
        signature.slice(0, 100),
        'invalid_signature',
      ]);
    expect((await send(at(nowS - 290))).status).toBe(200);
    // While a secret is changed the provider signs with both.
    expect((await send(`${time},${another},${v1}`)).status).toBe(200);
  });
});
