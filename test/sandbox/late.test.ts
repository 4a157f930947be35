/** What happens at the provider after its calls: refunds that fail, disputes that end, and the list of events that tells of both. */
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import type Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listenForWebhooks, newOrderId, paymentOf, type TestSandbox, testSandbox, until } from './support.ts';

let shop: Awaited<ReturnType<typeof listenForWebhooks>>;
let sandbox: TestSandbox;
let stripe: Stripe;
beforeAll(async () => {
  shop = await listenForWebhooks();
  sandbox = await testSandbox(shop.url);
  stripe = sandbox.stripe;
});
afterAll(async () => {
  await sandbox.stop();
  await shop.stop();
});

async function captured(paymentMethod?: string): Promise<string> {
  const { id } = await stripe.paymentIntents.create(paymentOf(newOrderId(), paymentMethod));
  await stripe.paymentIntents.capture(id);
  return id;
}

const charge = async (paymentId: string) =>
  (await stripe.paymentIntents.retrieve(paymentId, { expand: ['latest_charge'] }))
    .latest_charge as Stripe.Charge;

const eventsOf = async (types?: string[]) =>
  stripe.events.list({ limit: 100, ...(types && { types }) }).autoPagingToArray({ limit: 1_000 });

describe('a refund that its bank sends back', () => {
  test.each([
    ['of the card whose refunds fail', 'pm_card_refundFail', 0],
    ['as the fault says', 'pm_card_visa', 1],
  ])('%s: succeeds, fails a second later, and is told', async (_, card, refundFails) => {
    const paymentId = await captured(card);
    await sandbox.faults({ refundFails });
    const refund = await stripe.refunds.create({ payment_intent: paymentId }, { idempotencyKey: card });
    await sandbox.faults({ refundFails: 0 });
    expect(refund.status).toBe('succeeded');
    expect(await charge(paymentId)).toMatchObject({ refunded: true, amount_refunded: 49_900 });
    const failed = await until(async () => {
      const refunds = await stripe.refunds.list({ payment_intent: paymentId });
      return refunds.data[0]!.status === 'failed' ? refunds : null;
    });
    expect(failed!.data).toMatchObject([{ id: refund.id, failure_reason: 'expired_or_canceled_card' }]);
    expect(await charge(paymentId)).toMatchObject({ refunded: false, amount_refunded: 0 });
    await until(() => shop.types().includes('refund.failed'));
    // The saved answer is the one that was given.
    const again = await stripe.refunds.create({ payment_intent: paymentId }, { idempotencyKey: card });
    expect([again.id, again.status]).toEqual([refund.id, 'succeeded']);
    expect(await sandbox.totals()).toMatchObject({ refunded: 0 });
    // The money is here: it can be given back again.
    const second = await stripe.refunds.create({ payment_intent: paymentId, amount: 49_900 });
    expect(second.status).toBe('succeeded');
  });
});

describe('a dispute', () => {
  const disputeOf = (paymentId: string) =>
    until(async () => (await stripe.disputes.list({ payment_intent: paymentId })).data[0]);

  test('comes a second after the capture, and is won by evidence', async () => {
    const paymentId = await captured('pm_card_createDispute');
    expect((await stripe.disputes.list({ payment_intent: paymentId })).data).toEqual([]);
    expect((await charge(paymentId)).disputed).toBe(false);
    const { id, status } = (await disputeOf(paymentId))!;
    expect(status).toBe('needs_response');
    await expect(stripe.refunds.create({ payment_intent: paymentId })).rejects.toMatchObject({
      code: 'charge_disputed',
    });
    await stripe.disputes.update(id, { metadata: { note: 'looking' } });
    expect((await stripe.disputes.retrieve(id)).status).toBe('needs_response');
    const won = await stripe.disputes.update(id, { evidence: { uncategorized_text: 'winning_evidence' } });
    expect(won.status).toBe('won');
    await expect(stripe.disputes.close(id)).rejects.toMatchObject({ code: 'dispute_closed' });
    await until(() => shop.types().includes('charge.dispute.funds_reinstated'));
    expect((await stripe.refunds.create({ payment_intent: paymentId })).status).toBe('succeeded');
  });

  test('is lost by evidence, or by giving in', async () => {
    const [a, b] = await Promise.all(
      [1, 2].map(async () => (await disputeOf(await captured('pm_card_createDispute')))!.id),
    );
    const lost = await stripe.disputes.update(a!, { evidence: { uncategorized_text: 'losing_evidence' } });
    expect([lost.status, (await stripe.disputes.close(b!)).status]).toEqual(['lost', 'lost']);
    await expect(stripe.disputes.retrieve('du_none')).rejects.toMatchObject({ statusCode: 404 });
  });
});

describe('the list of events', () => {
  test('is newest first, paged, by type and time, and the same events as the webhooks', async () => {
    const paymentId = await captured('pm_card_refundFail');
    await stripe.refunds.create({ payment_intent: paymentId });
    const isOfPayment = ({ data }: Stripe.Event) =>
      [Reflect.get(data.object, 'payment_intent'), Reflect.get(data.object, 'id')].includes(paymentId);
    const types = ['charge.refunded', 'refund.failed', 'charge.dispute.closed'];
    expect((await eventsOf(types)).filter(isOfPayment).map(({ type }) => type)).toEqual(['charge.refunded']);
    await until(async () => (await eventsOf(types)).filter(isOfPayment).length === 2);
    const all = await stripe.events.list({ limit: 3 }).autoPagingToArray({ limit: 1_000 });
    expect(all.map(({ created }) => created)).toEqual(
      all.map(({ created }) => created).sort((x, y) => y - x),
    );
    const told = () => new Map(shop.heard.map(({ rawBody }) => [JSON.parse(String(rawBody)).id, rawBody]));
    await until(() => all.every(({ id }) => told().has(id)));
    for (const event of all) expect(JSON.parse(String(told().get(event.id)))).toEqual(event);
    const [newest] = all;
    const since = await stripe.events.list({ created: { gte: newest!.created + 1 } });
    expect(since.data).toEqual([]);
    const tooMany = Array.from({ length: 21 }, () => 'charge.refunded');
    await expect(stripe.events.list({ types: tooMany })).rejects.toMatchObject({ param: 'types' });
    // A charge as it was when it was refunded, whatever became of it.
    const refunded = all.find((event) => event.type === 'charge.refunded' && isOfPayment(event));
    expect(refunded!.data.object).toMatchObject({ amount_refunded: 49_900, refunded: true });
  });

  test('outlives a restart, with what was still to come', async () => {
    const paymentId = await captured('pm_card_refundFail');
    await stripe.refunds.create({ payment_intent: paymentId });
    const before = await eventsOf();
    await sandbox.restart();
    await until(async () => (await charge(paymentId)).amount_refunded === 0);
    const after = await eventsOf();
    expect(after.slice(-before.length)).toEqual(before);
    expect(after.slice(0, 3).map(({ type }) => type)).toContain('refund.failed');
  });

  test('and ledgers that are older than it are read', async () => {
    const intent = {
      ...{ id: 'pi_old', createdAtMs: 1, amount: 500, currency: 'usd', captureMethod: 'manual' },
      ...{ status: 'succeeded', paymentMethod: 'pm_card_createDispute', metadata: {}, chargeId: 'ch_old' },
      ...{ amountCaptured: 500, amountRefunded: 100, decline: null, canceledAtMs: null },
    };
    const dispute = { id: 'du_old', amount: 500, createdAtMs: 1 };
    const refund = { id: 're_old', intentId: 'pi_old', amount: 100, createdAtMs: 1, metadata: {} };
    const line = JSON.stringify({ intent: { ...intent, dispute }, refund, saved: null });
    await sandbox.sandbox.stop();
    await appendFile(join(sandbox.dataDir, 'sandbox', 'payments.jsonl'), `${line}\n`);
    await sandbox.restart();
    expect(await charge('pi_old')).toMatchObject({ amount_refunded: 100, disputed: true });
    expect((await stripe.disputes.retrieve('du_old')).status).toBe('needs_response');
    expect((await stripe.refunds.list({ payment_intent: 'pi_old' })).data[0]!.status).toBe('succeeded');
  });
});
