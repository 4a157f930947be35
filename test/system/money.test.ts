/** Orders, stock and the provider's books agree, whoever moved the money: a real server with its real sandbox. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { currencies, providerAmount } from '../../src/protocol/currencies.ts';
import { readMetrics } from './metrics.ts';
import { openSite, repository, runNode, type ServerProcess, type Site, waitFor } from './server.ts';
import {
  admin,
  admitted,
  asked,
  call,
  checkOut,
  checkoutBody,
  type Drop,
  type Holder,
  hold,
  holding,
  member,
  openDrop,
  type Person,
  saleBody,
  sandboxFaults,
  stockOf,
} from './shop.ts';

let site: Site;
let server: ServerProcess;
let seller: Person;
beforeAll(async () => {
  site = await openSite({ RATE_ACCOUNT_BURST: '100000', RATE_ACCOUNT_PER_SECOND: '10000' });
  server = await site.start();
  seller = await member(server, 'seller');
});
afterAll(async () => {
  await site.close();
});

interface AtProvider {
  readonly status: string;
  readonly amount: number;
  readonly currency: string;
  readonly amount_received: number;
  readonly latest_charge: { readonly amount_refunded: number; readonly currency: string };
}

async function atProvider(paymentId: string): Promise<AtProvider> {
  const url = `${server.sandboxUrl}/v1/payment_intents/${paymentId}?expand%5B0%5D=latest_charge`;
  const response = await fetch(url, { headers: { authorization: 'Bearer sk_test_1' } });
  return (await response.json()) as AtProvider;
}

/** A clerk in the provider's dashboard. */
async function giveBack(paymentId: string, amount?: number, orderId?: string): Promise<void> {
  const response = await fetch(`${server.sandboxUrl}/v1/refunds`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({
      payment_intent: paymentId,
      ...(amount !== undefined && { amount: String(amount) }),
      ...(orderId !== undefined && { 'metadata[orderId]': orderId }),
    }).toString(),
  });
  expect([response.status, await response.text()]).toEqual([200, expect.any(String)]);
}

async function bought(drop: Drop, paymentMethod?: string) {
  const who = await holding(server, drop);
  const { status, body } = await checkOut(server, who, paymentMethod ? { paymentMethod } : {});
  expect([status, body.status]).toEqual([201, 'confirmed']);
  return { who, orderId: body.orderId as string, paymentId: body.paymentId as string, body };
}

const orderOf = (who: Person, orderId: string) => insist(`GET /v1/orders/${orderId}`, 200, { who });

/** The order when it shows this; within 5 s by contract. */
async function shows(who: Person, orderId: string, wanted: object) {
  await waitFor(async () => {
    const order = await orderOf(who, orderId);
    return Object.entries(wanted).every(
      ([name, value]) => JSON.stringify(order[name]) === JSON.stringify(value),
    );
  }, 5_000);
  return orderOf(who, orderId);
}

const usd = (amount: number) => ({ amount, currency: 'USD' });

/** As a client should: what was too busy is asked again with the same key. */
async function insist(target: string, status: number, options: { who: Person; body?: object; key?: string }) {
  const headers = { 'idempotency-key': options.key ?? randomUUID() };
  const answer = await asked(server, target, { ...options, headers });
  expect([target, answer.status, answer.body]).toEqual([target, status, expect.anything()]);
  return answer.body;
}

/** `npm run audit` beside the running server: nothing may differ. */
async function expectAudit(): Promise<void> {
  const port = new URL(server.opsUrl).port;
  const env = { DATA_DIR: site.dataDir, OPS_PORT: port };
  const child = runNode([`${repository}/src/cli/audit.ts`, '--json'], env);
  const code = await child.exited;
  expect([code, child.out()]).toEqual([0, expect.stringContaining('"mismatches": []')]);
}

describe('case 02: every currency that can be sold', () => {
  /** One unit, bought and given back, by the shop's own cancellation or by the clerk. */
  async function tradeIn(currency: string, index: number): Promise<void> {
    const { least, step } = currencies.get(currency)!;
    const price = { amount: least + (index % 7) * step, currency };
    const sku = `SKU-${randomUUID()}`;
    const product = {
      ...{ title: currency, category: 'Money', variants: [{ sku, price, stock: 2 }] },
    };
    await insist('POST /v1/products', 201, { who: seller, body: product });
    const items = [{ sku, quantity: 2, price, purchaseLimit: 2 }];
    const sale = { ...saleBody(sku, 2), items };
    const { saleId } = await insist('POST /v1/sales', 201, { who: seller, body: sale });
    const drop = { saleId, sku, seller };
    const buyer = await admitted(server, drop);
    const holdId = randomUUID();
    // 200 when a busy server had taken the first try after all.
    expect((await hold(server, drop, buyer, holdId)).status).toBeOneOf([200, 201]);
    const who: Holder = { ...buyer, holdId };
    const method = index % 2 === 0 ? 'express' : 'standard';
    const body = { ...checkoutBody([holdId]), shippingMethod: method };
    const order = await insist('POST /v1/checkout', 201, { who, body, key: holdId });
    const { orderId, paymentId, total } = order;
    const units = providerAmount(total);
    expect(await atProvider(paymentId)).toMatchObject({
      ...{ status: 'succeeded', amount: units, amount_received: units, currency: currency.toLowerCase() },
    });
    if (index % 3 === 0) await giveBack(paymentId);
    else await insist(`POST /v1/orders/${orderId}/cancel`, 200, { who });
    await shows(who, orderId, { status: 'refunded', paymentStatus: 'refunded', refunded: total });
    const { latest_charge: charge } = await atProvider(paymentId);
    expect([currency, charge.amount_refunded]).toEqual([currency, units]);
  }

  it('is authorised, captured and given back in the provider’s own unit', async () => {
    const codes = [...currencies.keys()];
    let next = 0;
    const work = async () => {
      for (let index = next++; index < codes.length; index = next++) await tradeIn(codes[index]!, index);
    };
    await Promise.all([work(), work(), work(), work()]);
  }, 300_000);

  it('as in the case: 1990 Icelandic crowns are 199000 at the provider', async () => {
    const price = { amount: 1_990, currency: 'ISK' };
    const sku = `SKU-${randomUUID()}`;
    const variants = [{ sku, price, stock: 1 }];
    const product = { title: 'Peysa', category: 'Wool', variants };
    await insist('POST /v1/products', 201, { who: seller, body: product });
    const items = [{ sku, quantity: 1, price, purchaseLimit: 1 }];
    const body = { ...saleBody(sku, 1), items };
    const { saleId } = await insist('POST /v1/sales', 201, { who: seller, body });
    const { body: order, paymentId } = await bought({ saleId, sku, seller });
    expect(order.total).toEqual(price);
    expect(await atProvider(paymentId)).toMatchObject({ amount: 199_000, currency: 'isk' });
  });
});

describe('case 04: money that others move at the provider', () => {
  it('given back in whole ends the order within 5 s and gives its units back, once', async () => {
    const drop = await openDrop(server, 3, { seller });
    const before = await readMetrics(server.opsUrl);
    const { who, orderId, paymentId, body } = await bought(drop);
    expect(body).toMatchObject({ refunded: usd(0), disputed: null });
    await giveBack(paymentId);
    const order = await shows(who, orderId, { status: 'refunded', paymentStatus: 'refunded' });
    expect(order.refunded).toEqual(order.total);
    const { sold } = await stockOf(server, drop.sku);
    expect(sold).toBe(0);
    await waitFor(async () => {
      const { body: payment } = await call(server, `GET /v1/payments/${paymentId}`, { who });
      return payment.status === 'refunded' && payment.refunded.amount === payment.amount.amount;
    });
    await waitFor(async () => {
      const { items } = await insist('GET /v1/orders?status=refunded', 200, { who });
      return items.some(
        (one: { orderId: string; refunded: object }) => one.orderId === orderId && one.refunded,
      );
    });
    // A cancellation that comes too late changes nothing and gives nothing back a second time.
    const cancelled = await call(server, `POST /v1/orders/${orderId}/cancel`, { who });
    expect([cancelled.status, cancelled.body.status]).toEqual([200, 'refunded']);
    expect((await atProvider(paymentId)).latest_charge.amount_refunded).toBe(order.total.amount);
    const refunded = { type: 'ExaminePayment', result: 'refunded' };
    const after = await readMetrics(server.opsUrl);
    const count = (metrics: typeof after) =>
      metrics.samples.find(({ labels }) => labels.type === refunded.type && labels.result === refunded.result)
        ?.value ?? 0;
    expect(count(after)).toBeGreaterThan(count(before));
  });

  it('given back in part is shown as a part; a cancellation gives back the rest', async () => {
    const drop = await openDrop(server, 3, { seller });
    const { who, orderId, paymentId, body } = await bought(drop);
    await giveBack(paymentId, 5_000);
    const wanted = { status: 'confirmed', paymentStatus: 'partially_refunded', refunded: usd(5_000) };
    await shows(who, orderId, wanted);
    await giveBack(paymentId, 1_000);
    await shows(who, orderId, { ...wanted, refunded: usd(6_000) });
    expect((await stockOf(server, drop.sku)).sold).toBe(1);
    await expectAudit();
    await insist(`POST /v1/orders/${orderId}/cancel`, 200, { who });
    await shows(who, orderId, { status: 'refunded', paymentStatus: 'refunded', refunded: body.total });
    expect((await atProvider(paymentId)).latest_charge.amount_refunded).toBe(body.total.amount);
    await waitFor(async () => (await stockOf(server, drop.sku)).sold === 0);
  });

  it('in parts until nothing is left ends the order', async () => {
    const drop = await openDrop(server, 1, { seller });
    const { who, orderId, paymentId, body } = await bought(drop);
    await giveBack(paymentId, 900);
    await giveBack(paymentId);
    await shows(who, orderId, { status: 'refunded', paymentStatus: 'refunded', refunded: body.total });
  });

  it('told many times and in any order counts once', async () => {
    const drop = await openDrop(server, 4, { seller });
    await sandboxFaults(server, { webhookRepeat: 5, webhookReorder: 0.5 });
    try {
      const orders = await Promise.all([1, 2, 3, 4].map(() => bought(drop)));
      await Promise.all(
        orders.map(async ({ paymentId }, index) => {
          await giveBack(paymentId, 500 + index);
          if (index % 2 === 0) await giveBack(paymentId);
        }),
      );
      for (const [index, { who, orderId, body }] of orders.entries())
        await shows(
          who,
          orderId,
          index % 2 === 0
            ? { status: 'refunded', refunded: body.total }
            : { status: 'confirmed', refunded: usd(500 + index) },
        );
      await waitFor(async () => (await stockOf(server, drop.sku)).sold === 2);
    } finally {
      await sandboxFaults(server, { webhookRepeat: 0, webhookReorder: 0 });
    }
  });

  it('is found also when every event is lost', async () => {
    const drop = await openDrop(server, 2, { seller });
    const { who, orderId, paymentId, body } = await bought(drop);
    await sandboxFaults(server, { webhookDrop: 1 });
    try {
      await giveBack(paymentId);
      await waitFor(async () => (await orderOf(who, orderId)).status === 'refunded', 60_000);
      expect((await orderOf(who, orderId)).refunded).toEqual(body.total);
    } finally {
      await sandboxFaults(server, { webhookDrop: 0 });
    }
  }, 90_000);

  it('a refund of ours that its bank sends back is shown as money that is here, and counted', async () => {
    const drop = await openDrop(server, 2, { seller });
    const failures = async () =>
      (await readMetrics(server.opsUrl)).samples.find(
        ({ name }) => name === 'doorbuster_refunds_failed_total',
      )?.value ?? 0;
    const before = await failures();
    const { who, orderId, paymentId, body } = await bought(drop, 'pm_card_refundFail');
    await insist(`POST /v1/orders/${orderId}/cancel`, 200, { who });
    const kept = { status: 'cancelled', paymentStatus: 'captured', refunded: usd(0) };
    await shows(who, orderId, kept);
    expect((await stockOf(server, drop.sku)).sold).toBe(0);
    await waitFor(async () => {
      const { body: payment } = await call(server, `GET /v1/payments/${paymentId}`, { who });
      const { items } = await insist('GET /v1/orders?status=cancelled', 200, { who });
      const listed = items.find((one: { orderId: string }) => one.orderId === orderId);
      return payment.status === 'captured' && listed?.paymentStatus === 'captured';
    });
    await waitFor(async () => (await failures()) === before + 1);
    // A cancellation that is repeated gives nothing back by itself.
    expect(await insist(`POST /v1/orders/${orderId}/cancel`, 200, { who })).toMatchObject(kept);
    expect((await atProvider(paymentId)).latest_charge.amount_refunded).toBe(0);
    await expectAudit();
    expect(body.paymentStatus).toBe('captured');
  });

  it('a refund that failed, and was given back in another way later, ends the order after all', async () => {
    const drop = await openDrop(server, 1, { seller });
    const { who, orderId, paymentId, body } = await bought(drop);
    await sandboxFaults(server, { refundFails: 1 });
    try {
      await giveBack(paymentId);
      await shows(who, orderId, { status: 'cancelled', paymentStatus: 'captured', refunded: usd(0) });
    } finally {
      await sandboxFaults(server, { refundFails: 0 });
    }
    await giveBack(paymentId, 700);
    await shows(who, orderId, { paymentStatus: 'partially_refunded', refunded: usd(700) });
    await giveBack(paymentId);
    await shows(who, orderId, { status: 'refunded', paymentStatus: 'refunded', refunded: body.total });
  });

  it('belongs to the order of its payment, whatever order the clerk writes on it', async () => {
    const drop = await openDrop(server, 2, { seller });
    const [mine, other] = [await bought(drop), await bought(drop)];
    await giveBack(mine.paymentId, 800, other.orderId);
    await shows(mine.who, mine.orderId, { paymentStatus: 'partially_refunded', refunded: usd(800) });
    expect((await orderOf(other.who, other.orderId)).version).toBe(other.body.version);
  });

  it('taken back by a bank is shown as disputed, and cannot be given back a second time', async () => {
    const drop = await openDrop(server, 2, { seller });
    const { who, orderId, body } = await bought(drop, 'pm_card_createDispute');
    await shows(who, orderId, { status: 'confirmed', paymentStatus: 'captured', disputed: body.total });
    const cancelled = await call(server, `POST /v1/orders/${orderId}/cancel`, { who });
    expect([cancelled.status, cancelled.body.code]).toEqual([409, 'wrong_state']);
    expect((await stockOf(server, drop.sku)).sold).toBe(1);
  });

  it('a dispute that is won frees the order, also when every event is lost', async () => {
    const drop = await openDrop(server, 2, { seller });
    const { who, orderId, paymentId, body } = await bought(drop, 'pm_card_createDispute');
    await shows(who, orderId, { disputed: body.total });
    const at = (path: string) => `${server.sandboxUrl}/v1/disputes${path}`;
    const headers = {
      authorization: 'Bearer sk_test_1',
      'content-type': 'application/x-www-form-urlencoded',
    };
    const list = await (await fetch(at(`?payment_intent=${paymentId}`), { headers })).json();
    const [dispute] = (list as { data: { id: string }[] }).data;
    await sandboxFaults(server, { webhookDrop: 1 });
    try {
      const evidence = { 'evidence[uncategorized_text]': 'winning_evidence' };
      const won = { method: 'POST', headers, body: new URLSearchParams(evidence).toString() };
      expect(await (await fetch(at(`/${dispute!.id}`), won)).json()).toMatchObject({ status: 'won' });
      await waitFor(async () => (await orderOf(who, orderId)).disputed === null, 60_000);
    } finally {
      await sandboxFaults(server, { webhookDrop: 0 });
    }
    await insist(`POST /v1/orders/${orderId}/cancel`, 200, { who });
    await shows(who, orderId, { status: 'refunded', refunded: body.total });
  }, 90_000);

  it('leaves nothing that the audit would find', async () => {
    await admin(server);
    await expectAudit();
  });
});
