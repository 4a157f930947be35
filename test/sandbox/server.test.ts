import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readWebhook } from '../../src/market/payments/webhook.ts';
import {
  connectStripe,
  listenForWebhooks,
  newOrderId,
  paymentOf,
  type TestSandbox,
  testSandbox,
  until,
  webhookSecret,
} from './support.ts';

const { StripeCardError, StripeIdempotencyError, StripeInvalidRequestError, StripeConnectionError } =
  Stripe.errors;

async function refusalOf(call: Promise<unknown>): Promise<Stripe.errors.StripeError> {
  const error = await call.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(Stripe.errors.StripeError);
  return error as Stripe.errors.StripeError;
}

describe('the sandbox through the real SDK', () => {
  let test1: TestSandbox;
  let stripe: Stripe;
  beforeAll(async () => {
    test1 = await testSandbox();
    stripe = test1.stripe;
  });
  afterAll(() => test1.stop());

  test('a good card is authorised, captured and refunded', async () => {
    const intent = await stripe.paymentIntents.create(paymentOf(newOrderId()));
    expect(intent).toMatchObject({ status: 'requires_capture', amount: 49_900, amount_capturable: 49_900 });
    const captured = await stripe.paymentIntents.capture(intent.id, { amount_to_capture: 49_900 });
    expect(captured).toMatchObject({ status: 'succeeded', amount_received: 49_900 });
    const refund = await stripe.refunds.create({ payment_intent: intent.id, amount: 49_900 });
    expect(refund).toMatchObject({ status: 'succeeded', amount: 49_900, payment_intent: intent.id });
    const refunds = await stripe.refunds.list({ payment_intent: intent.id });
    expect(refunds.data.map((one) => one.id)).toEqual([refund.id]);
    const again = await refusalOf(stripe.refunds.create({ payment_intent: intent.id }));
    expect(again.code).toBe('charge_already_refunded');
    const read = await stripe.paymentIntents.retrieve(intent.id, { expand: ['latest_charge'] });
    expect(read.latest_charge).toMatchObject({ refunded: true, amount_refunded: 49_900 });
  });

  test.each([
    ['pm_card_chargeDeclined', 'card_declined', 'generic_decline'],
    ['pm_card_chargeDeclinedInsufficientFunds', 'card_declined', 'insufficient_funds'],
    ['pm_card_chargeDeclinedLostCard', 'card_declined', 'lost_card'],
    ['pm_card_chargeDeclinedStolenCard', 'card_declined', 'stolen_card'],
    ['pm_card_chargeDeclinedExpiredCard', 'expired_card', 'expired_card'],
    ['pm_card_chargeDeclinedProcessingError', 'processing_error', 'processing_error'],
    ['pm_card_authenticationRequired', 'authentication_required', 'authentication_required'],
  ])('%s is declined with %s / %s', async (paymentMethod, code, declineCode) => {
    const error = await refusalOf(stripe.paymentIntents.create(paymentOf(newOrderId(), paymentMethod)));
    expect(error).toBeInstanceOf(StripeCardError);
    expect(error).toMatchObject({ statusCode: 402, code, decline_code: declineCode });
    const intent = await stripe.paymentIntents.retrieve(error.payment_intent!.id);
    expect(intent).toMatchObject({
      status: 'requires_payment_method',
      last_payment_error: { decline_code: declineCode },
    });
  });

  test('a cancelled payment cannot be captured, a captured one cannot be cancelled', async () => {
    const a = await stripe.paymentIntents.create(paymentOf(newOrderId()));
    const b = await stripe.paymentIntents.create(paymentOf(newOrderId()));
    await stripe.paymentIntents.cancel(a.id);
    await stripe.paymentIntents.capture(b.id);
    for (const call of [stripe.paymentIntents.capture(a.id), stripe.paymentIntents.cancel(b.id)]) {
      const error = await refusalOf(call);
      expect(error).toMatchObject({ statusCode: 400, code: 'payment_intent_unexpected_state' });
      expect(error.payment_intent).toBeDefined();
    }
  });

  test('an unknown payment, payment method or parameter is refused as the provider does', async () => {
    expect(await refusalOf(stripe.paymentIntents.retrieve('pi_none'))).toMatchObject({
      statusCode: 404,
      code: 'resource_missing',
    });
    const badCard = await refusalOf(stripe.paymentIntents.create(paymentOf(newOrderId(), 'pm_card_none')));
    expect(badCard).toBeInstanceOf(StripeInvalidRequestError);
    expect(badCard).toMatchObject({ code: 'resource_missing', param: 'payment_method' });
    const misspelt = { ...paymentOf(newOrderId()), amonut: 1 } as Stripe.PaymentIntentCreateParams;
    expect(await refusalOf(stripe.paymentIntents.create(misspelt))).toMatchObject({
      code: 'parameter_unknown',
    });
  });

  test('the same key and parameters get the saved answer, a decline too', async () => {
    const options = { idempotencyKey: 'same-key' };
    const payment = paymentOf(newOrderId());
    const first = await stripe.paymentIntents.create(payment, options);
    await stripe.paymentIntents.capture(first.id);
    const again = await stripe.paymentIntents.create(payment, options);
    expect(again.id).toBe(first.id);
    expect(again.status).toBe('requires_capture');
    expect(again.lastResponse.headers['idempotent-replayed']).toBe('true');
    expect(first.lastResponse.headers['idempotent-replayed']).toBeUndefined();
    const bad = paymentOf(newOrderId(), 'pm_card_chargeDeclined');
    const declined = await refusalOf(stripe.paymentIntents.create(bad, { idempotencyKey: 'bad' }));
    const declinedAgain = await refusalOf(stripe.paymentIntents.create(bad, { idempotencyKey: 'bad' }));
    expect(declinedAgain.payment_intent!.id).toBe(declined.payment_intent!.id);
  });

  test('the same key with other parameters is refused', async () => {
    const payment = paymentOf(newOrderId());
    await stripe.paymentIntents.create(payment, { idempotencyKey: 'other' });
    const call = stripe.paymentIntents.create({ ...payment, amount: 1 }, { idempotencyKey: 'other' });
    const error = await refusalOf(call);
    expect(error).toBeInstanceOf(StripeIdempotencyError);
    expect(error.statusCode).toBe(400);
  });

  test('the list is newest first and can be paged to its end', async () => {
    const made: string[] = [];
    for (let i = 0; i < 5; i++) made.push((await stripe.paymentIntents.create(paymentOf(newOrderId()))).id);
    const page = await stripe.paymentIntents.list({ limit: 3 });
    expect(page.data.map((intent) => intent.id)).toEqual(made.toReversed().slice(0, 3));
    expect(page.has_more).toBe(true);
    const all = await stripe.paymentIntents.list({ limit: 2 }).autoPagingToArray({ limit: 10_000 });
    const { intents } = await test1.totals();
    expect(new Set(all.map((intent) => intent.id)).size).toBe(intents);
  });

  test('a payment is found by its order', async () => {
    const orderId = newOrderId();
    const made = await stripe.paymentIntents.create(paymentOf(orderId));
    const found = await stripe.paymentIntents.search({ query: `metadata['orderId']:'${orderId}'` });
    expect(found.data.map((intent) => intent.id)).toEqual([made.id]);
  });

  test('a body over the limit is refused and the next call is answered', async () => {
    const response = await fetch(`${test1.sandbox.url}/v1/payment_intents`, {
      method: 'POST',
      headers: { authorization: 'Bearer sk_test_1' },
      body: 'a'.repeat(100_000),
    });
    expect(response.status).toBe(413);
    expect((await fetch(`${test1.sandbox.url}/v1/payment_intents`)).status).toBe(401);
  });

  test('bad fault commands are refused', async () => {
    for (const faults of [{ failRate: 2 }, { failrate: 1 }, { delayMs: 1.5 }, { failRate: '1' }])
      await expect(test1.faults(faults as object)).rejects.toThrow();
    await test1.faults({ failRate: 0 });
  });
});

describe('a sandbox with faults', () => {
  test('a lost answer and a retry with the same key make one payment', async () => {
    const test1 = await testSandbox();
    try {
      await test1.faults({ dropAnswerRate: 1 });
      const payment = paymentOf(newOrderId());
      const options = { idempotencyKey: 'k' };
      expect(await refusalOf(test1.stripe.paymentIntents.create(payment, options))).toBeInstanceOf(
        StripeConnectionError,
      );
      await test1.faults({ dropAnswerRate: 0 });
      await test1.stripe.paymentIntents.create(payment, options);
      expect(await test1.totals()).toMatchObject({ intents: 1, authorized: 1 });
    } finally {
      await test1.stop();
    }
  });

  test('a second call with a key that is running gets 409', async () => {
    const test1 = await testSandbox();
    try {
      await test1.faults({ delayMs: 200 });
      const payment = paymentOf(newOrderId());
      const calls = [1, 2].map(() =>
        test1.stripe.paymentIntents.create(payment, { idempotencyKey: 'k' }).then(
          () => 200,
          (error: Stripe.errors.StripeError) => error.statusCode,
        ),
      );
      expect((await Promise.all(calls)).sort()).toEqual([200, 409]);
    } finally {
      await test1.stop();
    }
  });
});

describe('webhooks', () => {
  test('each step is told with a signature that the real SDK accepts', async () => {
    const shop = await listenForWebhooks();
    const test1 = await testSandbox(shop.url);
    try {
      const { stripe } = test1;
      const orderId = newOrderId();
      const intent = await stripe.paymentIntents.create(paymentOf(orderId));
      await stripe.paymentIntents.capture(intent.id);
      await stripe.refunds.create({ payment_intent: intent.id });
      const other = await stripe.paymentIntents.create(paymentOf(orderId));
      await stripe.paymentIntents.cancel(other.id);
      await refusalOf(stripe.paymentIntents.create(paymentOf(orderId, 'pm_card_chargeDeclinedLostCard')));
      // Three of them tell of the refund.
      await until(() => shop.heard.length === 8);
      const reports = shop.heard.map(({ rawBody, signature }) =>
        readWebhook(rawBody, signature, webhookSecret),
      );
      // A refund's own events name its payment only.
      const isOfRefund = (type: string) => type.startsWith('refund.');
      expect(shop.types().filter(isOfRefund)).toEqual(['refund.created', 'refund.updated']);
      for (const [index, type] of shop.types().entries())
        expect([type, reports[index]?.orderId]).toEqual([type, isOfRefund(type) ? null : orderId]);
      const statuses = reports.map((one) => [one!.report.paymentId, one!.report.status]);
      expect(statuses).toEqual(
        expect.arrayContaining([
          [intent.id, 'authorized'],
          [intent.id, 'captured'],
          [intent.id, 'refunded'],
          [other.id, 'authorized'],
          [other.id, 'voided'],
        ]),
      );
      const declined = reports.find((one) => one!.report.status === 'declined');
      expect(declined!.report.declineCode).toBe('lost_card');
    } finally {
      await test1.stop();
      await shop.stop();
    }
  });

  test('a webhook that is not taken comes again; repeats are the same event', async () => {
    let refusals = 2;
    const shop = await listenForWebhooks(() => (refusals-- > 0 ? 503 : 200));
    const test1 = await testSandbox(shop.url);
    try {
      await test1.stripe.paymentIntents.create(paymentOf(newOrderId()));
      await until(() => shop.heard.length === 1);
      await test1.faults({ webhookRepeat: 3, webhookReorder: 0.5 });
      await test1.stripe.paymentIntents.create(paymentOf(newOrderId()));
      await until(() => shop.heard.length === 5);
      const ids = shop.heard.slice(1).map(({ rawBody }) => JSON.parse(rawBody.toString()).id);
      expect(new Set(ids).size).toBe(1);
      await until(async () => (await test1.totals()).webhooks.delivered === 5);
    } finally {
      await test1.stop();
      await shop.stop();
    }
  });

  test('forged, changed, stale and malformed webhooks are refused', async () => {
    const shop = await listenForWebhooks();
    const test1 = await testSandbox(shop.url);
    try {
      await test1.stripe.paymentIntents.create(paymentOf(newOrderId()));
      const { rawBody, signature } = (await until(() => shop.heard[0]))!;
      const refused = { code: 'invalid_signature' };
      const stale = Stripe.webhooks.generateTestHeaderString({
        payload: rawBody.toString(),
        secret: webhookSecret,
        timestamp: Math.floor(Date.now() / 1000) - 301,
      });
      const changed = Buffer.from(rawBody.toString().replace('49900', '49901'));
      const attempts: [Uint8Array, string, string][] = [
        [rawBody, signature, 'whsec_another'],
        [changed, signature, webhookSecret],
        [rawBody, stale, webhookSecret],
        [rawBody, signature.slice(0, -2), webhookSecret],
        [rawBody, '', webhookSecret],
        [rawBody, 't=1', webhookSecret],
        [new Uint8Array(), signature, webhookSecret],
      ];
      for (const [body, header, secret] of attempts)
        expect(() => readWebhook(body, header, secret)).toThrow(expect.objectContaining(refused));
      expect(readWebhook(rawBody, signature, webhookSecret)!.report.status).toBe('authorized');
      const payload = '{"type":"customer.created","data":{"object":{}}}';
      const header = Stripe.webhooks.generateTestHeaderString({ payload, secret: webhookSecret });
      expect(readWebhook(Buffer.from(payload), header, webhookSecret)).toBeNull();
    } finally {
      await test1.stop();
      await shop.stop();
    }
  });
});

describe('what the sandbox remembers', () => {
  test('a restart keeps payments, refunds and saved answers, and a torn last line is dropped', async () => {
    const test1 = await testSandbox();
    try {
      const { stripe } = test1;
      const payment = paymentOf(newOrderId());
      const intent = await stripe.paymentIntents.create(payment, { idempotencyKey: 'k' });
      await stripe.paymentIntents.capture(intent.id, {}, { idempotencyKey: 'c' });
      await stripe.refunds.create({ payment_intent: intent.id, amount: 100 });
      const before = await test1.totals();
      const file = join(test1.dataDir, 'sandbox', 'payments.jsonl');
      await test1.sandbox.stop();
      await appendFile(file, '{"intent":{"id":"pi_torn"');
      await test1.restart();
      expect(await test1.totals()).toEqual(before);
      expect((await stripe.paymentIntents.create(payment, { idempotencyKey: 'k' })).id).toBe(intent.id);
      expect((await stripe.refunds.list({ payment_intent: intent.id })).data).toHaveLength(1);
      await stripe.paymentIntents.create(paymentOf(newOrderId()));
      expect(await readFile(file, 'utf8')).not.toContain('pi_torn');
    } finally {
      await test1.stop();
    }
  });

  test('kill -9 in the middle of a crowd loses nothing that was answered', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'doorbuster-sandbox-'));
    const child = spawn(process.execPath, [join(import.meta.dirname, 'process.ts'), dataDir], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const answered: string[] = [];
    try {
      const [url] = (await once(createInterface(child.stdout), 'line')) as [string];
      const stripe = connectStripe(url);
      let isOver = false;
      const buyers = Array.from({ length: 20 }, async () => {
        while (!isOver) {
          const made = await stripe.paymentIntents.create(paymentOf(newOrderId())).catch(() => null);
          if (made) answered.push(made.id);
        }
      });
      await until(() => answered.length >= 200);
      child.kill('SIGKILL');
      await once(child, 'exit');
      isOver = true;
      await Promise.all(buyers);
      const lines = (await readFile(join(dataDir, 'sandbox', 'payments.jsonl'), 'utf8')).split('\n');
      const kept = new Set(lines.slice(0, -1).map((line) => JSON.parse(line).intent.id as string));
      expect(answered.filter((id) => !kept.has(id))).toEqual([]);
    } finally {
      child.kill('SIGKILL');
      await rm(dataDir, { recursive: true, force: true });
    }
  });
});
