import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type {
  AuthorizePayment,
  CapturePayment,
  PaymentCommand,
  RefundPayment,
  VoidPayment,
} from '../../../src/actors/payments/commands.ts';
import { Authorization } from '../../../src/market/payments/authorize.ts';
import { Payments } from '../../../src/market/payments/effects.ts';
import { Provider } from '../../../src/market/payments/provider.ts';
import { newOrderId, paymentOf, quiet, type TestSandbox, testSandbox, until } from '../../sandbox/support.ts';

const price = { amount: 49_900, currency: 'USD' };

let provider: TestSandbox;
let payments: Payments;
const opened: Payments[] = [];

function open(now: () => number = Date.now): Payments {
  const made = new Payments({
    stripe: { secretKey: null, sandboxUrl: provider.sandbox.url },
    log: quiet,
    now,
    timeoutMs: 2_000,
    pauseMs: 5,
  });
  opened.push(made);
  return made;
}

beforeEach(async () => {
  provider = await testSandbox(null, 7);
  payments = open();
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((made) => made.stop()));
  await provider.stop();
});

function authorize(orderId: string, changes: Partial<AuthorizePayment> = {}): AuthorizePayment {
  return {
    type: 'AuthorizePayment',
    orderId,
    buyerId: 'acc_1',
    amount: price,
    paymentMethod: 'pm_card_visa',
    idempotencyKey: `${orderId}:authorize`,
    untilMs: Date.now() + 60_000,
    ...changes,
  };
}
const capture = (orderId: string, paymentId: string): CapturePayment => ({
  type: 'CapturePayment',
  orderId,
  paymentId,
  amount: price,
  idempotencyKey: `${orderId}:capture`,
});
const voidPayment = (orderId: string, paymentId: string | null): VoidPayment => ({
  type: 'VoidPayment',
  orderId,
  paymentId,
  idempotencyKey: `${orderId}:void`,
});
const refund = (orderId: string, paymentId: string): RefundPayment => ({
  type: 'RefundPayment',
  orderId,
  paymentId,
  amount: price,
  idempotencyKey: `${orderId}:refund`,
});

async function paid(orderId: string): Promise<string> {
  const answer = await payments.handle(authorize(orderId));
  expect(answer.code).toBe('ok');
  return (answer.body as { paymentId: string }).paymentId;
}

const code = async (command: PaymentCommand) => (await payments.handle(command)).code;

describe('one order', () => {
  test('is authorised, captured and refunded, each step as often as asked with one effect', async () => {
    const orderId = newOrderId();
    const paymentId = await paid(orderId);
    expect(await paid(orderId)).toBe(paymentId);
    expect((await payments.poll(paymentId))!.status).toBe('authorized');
    for (let i = 0; i < 2; i++) expect(await code(capture(orderId, paymentId))).toBe('ok');
    expect(await payments.poll(paymentId)).toMatchObject({ status: 'captured' });
    for (let i = 0; i < 2; i++) expect(await code(refund(orderId, paymentId))).toBe('ok');
    expect((await payments.poll(paymentId))!.status).toBe('refunded');
    expect(await provider.totals()).toMatchObject({
      intents: 1,
      refunded: 1,
      refundedAmountByCurrency: { USD: 49_900 },
    });
  });

  test('a declined card says why', async () => {
    const answer = await payments.handle(
      authorize(newOrderId(), { paymentMethod: 'pm_card_chargeDeclinedInsufficientFunds' }),
    );
    expect(answer).toMatchObject({
      code: 'payment_declined',
      body: { paymentId: expect.stringMatching(/^pi_/), declineCode: 'insufficient_funds' },
    });
  });

  test('a card that wants its owner is declined and holds no money', async () => {
    const answer = await payments.handle(
      authorize(newOrderId(), { paymentMethod: 'pm_card_authenticationRequired' }),
    );
    expect(answer).toMatchObject({
      code: 'payment_declined',
      body: { declineCode: 'authentication_required' },
    });
    expect(await provider.totals()).toMatchObject({ authorized: 0, declined: 1 });
  });

  test('an unknown payment method fails for good', async () => {
    const answer = await payments.handle(authorize(newOrderId(), { paymentMethod: 'pm_none' }));
    expect(answer).toEqual({ code: 'payment_failed', body: { reason: 'resource_missing' } });
  });

  test('voiding twice, and a cancelled payment that was to be captured', async () => {
    const orderId = newOrderId();
    const paymentId = await paid(orderId);
    for (let i = 0; i < 2; i++) expect(await code(voidPayment(orderId, paymentId))).toBe('ok');
    await provider.stripe.paymentIntents.retrieve(paymentId);
    expect(await payments.handle(capture(orderId, paymentId))).toEqual({
      code: 'payment_failed',
      body: { reason: 'canceled' },
    });
    expect(await provider.totals()).toMatchObject({ voided: 1, captured: 0 });
  });

  test('a payment that somebody else cancelled, captured or refunded counts as done', async () => {
    const { paymentIntents, refunds } = provider.stripe;
    const a = await paid('ord_test-a');
    await paymentIntents.cancel(a);
    expect(await code(voidPayment('ord_test-a', a))).toBe('ok');
    const b = await paid('ord_test-b');
    await paymentIntents.capture(b);
    expect(await code(capture('ord_test-b', b))).toBe('ok');
    await refunds.create({ payment_intent: b });
    expect(await code(refund('ord_test-b', b))).toBe('ok');
  });

  test('voiding money that was taken gives it back', async () => {
    const orderId = newOrderId();
    const paymentId = await paid(orderId);
    expect(await code(capture(orderId, paymentId))).toBe('ok');
    expect(await code(voidPayment(orderId, paymentId))).toBe('ok');
    expect(await provider.totals()).toMatchObject({ captured: 0, refunded: 1 });
  });

  test('capturing a payment that does not exist fails for good, voiding it is done', async () => {
    const orderId = newOrderId();
    expect(await payments.handle(capture(orderId, 'pi_none'))).toMatchObject({
      code: 'payment_failed',
      body: { reason: 'resource_missing' },
    });
    expect(await code(voidPayment(orderId, 'pi_none'))).toBe('ok');
    await expect(payments.poll('pi_none')).rejects.toMatchObject({ code: 'resource_missing' });
  });

  test('a spoilt capture key does not leave the money uncaptured', async () => {
    const orderId = newOrderId();
    const paymentId = await paid(orderId);
    const other = await provider.stripe.paymentIntents.create(paymentOf(newOrderId()));
    await provider.stripe.paymentIntents.capture(other.id, {}, { idempotencyKey: `${orderId}:capture` });
    expect(await code(capture(orderId, paymentId))).toBe('ok');
    expect((await payments.poll(paymentId))!.status).toBe('captured');
  });
});

describe('voiding what an authorisation made', () => {
  test('waits for the running one and cancels its payment', async () => {
    const orderId = newOrderId();
    await provider.faults({ delayMs: 100 });
    const authorized = payments.handle(authorize(orderId));
    const voided = payments.handle(voidPayment(orderId, null));
    expect((await authorized).code).toBe('ok');
    expect((await voided).code).toBe('ok');
    expect(await provider.totals()).toMatchObject({ intents: 1, authorized: 0, voided: 1 });
  });

  test('finds the payment of an earlier run of the server', async () => {
    const orderId = newOrderId();
    await paid(orderId);
    await payments.stop();
    payments = open();
    expect(await code(voidPayment(orderId, null))).toBe('ok');
    expect(await provider.totals()).toMatchObject({ authorized: 0, voided: 1 });
  });

  test('is done when there is nothing', async () => {
    expect(await code(voidPayment(newOrderId(), null))).toBe('ok');
    const orderId = newOrderId();
    await payments.handle(authorize(orderId, { paymentMethod: 'pm_card_chargeDeclined' }));
    expect(await code(voidPayment(orderId, null))).toBe('ok');
  });
});

describe('a provider in trouble', () => {
  test('a command that comes again while it runs joins the first', async () => {
    await provider.faults({ delayMs: 100 });
    const command = authorize(newOrderId());
    const answers = await Promise.all([1, 2, 3].map(() => payments.handle({ ...command })));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(payments.numbers().results).toMatchObject([{ type: 'AuthorizePayment', code: 'ok', count: 1 }]);
  });

  test('100 orders under errors and lost answers: each captured once', async () => {
    await provider.faults({ failRate: 0.3, failStatus: 503, dropAnswerRate: 0.3 });
    const orders = Array.from({ length: 100 }, newOrderId);
    await Promise.all(
      orders.map(async (orderId) => {
        const paymentId = await paid(orderId);
        expect(await code(capture(orderId, paymentId))).toBe('ok');
      }),
    );
    await provider.faults({ failRate: 0, dropAnswerRate: 0 });
    expect(await provider.totals()).toMatchObject({
      intents: 100,
      captured: 100,
      capturedAmountByCurrency: { USD: 100 * price.amount },
      capturesByOrder: { orders: 100, duplicates: 0 },
    });
    expect(payments.numbers()).toMatchObject({ open: 0 });
    expect(payments.numbers().faults).toBeGreaterThan(50);
  });

  test('a provider that is away for a while: calls are held back, then all end well', async () => {
    const orders = Array.from({ length: 50 }, newOrderId);
    await provider.sandbox.stop();
    const answers = Promise.all(orders.map((orderId) => payments.handle(authorize(orderId))));
    await until(() => payments.numbers().breaker === 'open');
    const heldBack = payments.numbers();
    expect(heldBack).toMatchObject({ open: 50, calls: 0 });
    await provider.restart();
    expect((await answers).every((answer) => answer.code === 'ok')).toBe(true);
    expect(payments.numbers().breaker).toBe('closed');
    expect(await provider.totals()).toMatchObject({ intents: 50, authorized: 50 });
  });

  test('429 is waited out', async () => {
    await provider.faults({ failRate: 1, failStatus: 429 });
    const answer = payments.handle(authorize(newOrderId()));
    await until(() => payments.numbers().faults >= 3);
    await provider.faults({ failRate: 0 });
    expect((await answer).code).toBe('ok');
  });

  test('an authorisation whose answer is lost until its time has passed is found out and cancelled', async () => {
    let nowMs = 1_000;
    payments = open(() => nowMs);
    await provider.faults({ dropAnswerRate: 1 });
    const answer = payments.handle(authorize(newOrderId(), { untilMs: 2_000 }));
    await until(async () => (await provider.totals()).authorized === 1);
    nowMs = 2_000;
    await until(() => payments.numbers().faults >= 2);
    await provider.faults({ dropAnswerRate: 0 });
    expect(await answer).toEqual({ code: 'payment_failed', body: { reason: 'expired' } });
    expect(await provider.totals()).toMatchObject({ intents: 1, authorized: 0, voided: 1 });
  });

  test('an authorisation that its order knows by a webhook is captured, however late its own answer comes', async () => {
    let nowMs = 1_000;
    payments = open(() => nowMs);
    await provider.faults({ dropAnswerRate: 1 });
    const orderId = newOrderId();
    const authorized = payments.handle(authorize(orderId, { untilMs: 2_000 }));
    await until(async () => (await provider.totals()).authorized === 1);
    const { items } = (await (await fetch(`${provider.sandbox.url}/_sandbox/payments`)).json()) as {
      items: { paymentId: string }[];
    };
    const { paymentId } = items[0]!;
    const captured = payments.handle(capture(orderId, paymentId));
    nowMs = 2_000;
    expect(await authorized).toEqual({ code: 'ok', body: { paymentId } });
    await provider.faults({ dropAnswerRate: 0 });
    expect(await captured).toEqual({ code: 'ok', body: { paymentId } });
    expect(await provider.totals()).toMatchObject({ intents: 1, captured: 1, voided: 0 });
  });

  test('an authorisation that comes too late makes no payment, and cancels one of an earlier run', async () => {
    const late = { untilMs: Date.now() - 1 };
    expect((await payments.handle(authorize(newOrderId(), late))).code).toBe('payment_failed');
    expect(await provider.totals()).toMatchObject({ intents: 0 });
    const orderId = newOrderId();
    await paid(orderId);
    expect((await open().handle(authorize(orderId, late))).code).toBe('payment_failed');
    expect(await provider.totals()).toMatchObject({ intents: 1, voided: 1 });
  });

  test('stopping answers busy to what is open, and the next run finishes it', async () => {
    const orderId = newOrderId();
    await provider.faults({ failRate: 1 });
    const answer = payments.handle(authorize(orderId));
    await until(() => payments.numbers().faults >= 1);
    await payments.stop();
    expect((await answer).code).toBe('busy');
    expect(await code(authorize(newOrderId()))).toBe('busy');
    await provider.faults({ failRate: 0 });
    payments = open();
    await paid(orderId);
    expect(await provider.totals()).toMatchObject({ intents: 1, authorized: 1 });
  });

  test('beyond the bound of open commands the answer is busy', async () => {
    await provider.faults({ delayMs: 30_000 });
    const open = Array.from({ length: 20_000 }, () => payments.handle(authorize(newOrderId())));
    expect((await payments.handle(authorize(newOrderId()))).code).toBe('busy');
    expect(payments.numbers()).toMatchObject({ open: 20_000 });
    await payments.stop();
    const codes = new Set((await Promise.all(open)).map((answer) => answer.code));
    expect([...codes]).toEqual(['busy']);
  });
});

describe('a provider that answers oddly', () => {
  test('with empty objects: what was done is read, and each step has one effect', async () => {
    await provider.faults({ oddBody: 0.5 });
    for (let n = 0; n < 10; n++) {
      const orderId = newOrderId();
      const paymentId = await paid(orderId);
      expect(await code(capture(orderId, paymentId))).toBe('ok');
      if (n % 2) expect(await code(refund(orderId, paymentId))).toBe('ok');
    }
    await provider.faults({ oddBody: 0 });
    expect(await provider.totals()).toMatchObject({
      ...{ intents: 10, refunded: 5 },
      refundedAmountByCurrency: { USD: 5 * price.amount },
    });
  });

  test('with another amount than it took: the payment is read again and counts as it is', async () => {
    await provider.faults({ wrongAmount: 1 });
    const orderId = newOrderId();
    expect(await code(capture(orderId, await paid(orderId)))).toBe('ok');
  });

  test('and has a payment of another amount or currency under the key: it is cancelled, and the order fails', async () => {
    const inner = new Provider({
      ...{ stripe: { secretKey: null, sandboxUrl: provider.sandbox.url }, log: quiet, now: Date.now },
      pauseMs: 5,
    });
    const { create } = inner.api.paymentIntents;
    const recent = new Map<string, { paymentId: string | null }>();
    const context = { provider: inner, recent, log: quiet, now: Date.now, searchLagMs: 0 };
    for (const other of [{ amount: price.amount + 100 }, { currency: 'eur' }]) {
      // Whoever stands between us and the provider changes what is asked.
      inner.api.paymentIntents.create = (params, options) => create({ ...params, ...other }, options);
      const answer = await new Authorization(context, authorize(newOrderId())).run();
      expect(answer).toEqual({ code: 'payment_failed', body: { reason: 'wrong_amount' } });
    }
    inner.stop();
    expect(await provider.totals()).toMatchObject({ intents: 2, voided: 2, authorized: 0 });
  });

  test('about a refund: a pending one is waited for', async () => {
    const orderId = newOrderId();
    const paymentId = await paid(orderId);
    await code(capture(orderId, paymentId));
    await provider.faults({ refundPending: 1 });
    const askedAtMs = Date.now();
    expect(await code(refund(orderId, paymentId))).toBe('ok');
    expect(Date.now() - askedAtMs).toBeGreaterThanOrEqual(1_900);
    expect(await provider.totals()).toMatchObject({ refunded: 1 });
  });
});
