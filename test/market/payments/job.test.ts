/** Money that moved at the provider without a webhook reaching us: a real sandbox, its list of events, and real tables. */
import { randomUUID } from 'node:crypto';
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { PaymentReported } from '../../../src/actors/order/commands.ts';
import type { OrderEvent } from '../../../src/actors/order/events.ts';
import { projection } from '../../../src/market/orders/projection.ts';
import { createJob } from '../../../src/market/payments/job.ts';
import { inTransaction } from '../../../src/persistence/transaction.ts';
import type { Code } from '../../../src/protocol/codes.ts';
import type { Ask } from '../../../src/protocol/command.ts';
import type { Job } from '../../../src/protocol/job.ts';
import { type TestDatabase, testDatabase } from '../../persistence/support.ts';
import { type TestSandbox, testSandbox, until } from '../../sandbox/support.ts';

const dayMs = 24 * 3_600_000;
const newOrderId = () => `ord_${randomUUID()}`;

let database: TestDatabase;
let sandbox: TestSandbox;
let logged: string[];
beforeAll(async () => {
  database = await testDatabase();
}, 60_000);
afterAll(() => database?.close());

interface Told {
  readonly orderId: string;
  readonly paymentId: string;
  readonly status: PaymentReported['status'];
}

/** The job with orders that answer as they are told to, and what it has told them. */
function open(answers: Record<string, Code> = {}, lagSeconds = 0) {
  const told: Told[] = [];
  const ask = (async (_: unknown, orderId: string, { paymentId, status }: Told) => {
    told.push({ orderId, paymentId, status });
    return { code: answers[orderId] ?? 'ok', body: null };
  }) as unknown as Ask;
  const job = createJob({
    ...{ pool: database.pool, ask, lagSeconds: () => lagSeconds },
    log: (_level, message) => void logged.push(message),
    settings: { stripe: { secretKey: null, sandboxUrl: sandbox.sandbox.url } },
  });
  return { job, told, round: () => job.round(new AbortController().signal) };
}

const usd = (amount: number) => ({ amount, currency: 'USD' });
const shippingAddress = { name: 'n', line1: 'l', country: 'US' };

/** Captured payments as the tables have them, each of an order. */
async function inTables(payments: readonly (readonly [paymentId: string, orderId: string])[]): Promise<void> {
  const events = (paymentId: string, orderId: string): OrderEvent[] => [
    {
      ...{ type: 'OrderPlaced', orderNumber: orderId, buyerId: 'b', holds: [], shippingAddress, payByMs: 9 },
      ...{ shippingMethod: 'standard', paymentMethod: 'pm', atMs: 1 },
    },
    {
      ...{ type: 'OrderPriced', subtotal: usd(500), discount: usd(0), shipping: usd(0), tax: usd(0) },
      ...{ total: usd(500), estimatedDeliveryMs: 99, atMs: 2 },
    },
    { type: 'PaymentCaptured', paymentId, atMs: 3 },
  ];
  const records = payments.flatMap(([paymentId, orderId]) =>
    events(paymentId, orderId).map((event) => ({ kind: 'order', key: orderId, event })),
  );
  await inTransaction(database.pool, (client) => projection.project(client, records));
}

async function orderInTables(paymentId: string): Promise<string> {
  const orderId = newOrderId();
  await inTables([[paymentId, orderId]]);
  return orderId;
}

const intentOf = (paymentId: string, change: object = {}) => ({
  ...{ id: paymentId, createdAtMs: 1, amount: 500, currency: 'usd', captureMethod: 'manual' },
  ...{ status: 'succeeded', paymentMethod: 'pm_card_visa', metadata: {}, chargeId: `ch_${paymentId}` },
  ...{ amountCaptured: 500, amountRefunded: 0, decline: null, canceledAtMs: null },
  ...change,
});

/** Adds lines to the sandbox's ledger: what happened long ago. */
async function remember(changes: readonly object[]): Promise<void> {
  await sandbox.sandbox.stop();
  const lines = changes.map((change) => `${JSON.stringify(change)}\n`).join('');
  await appendFile(join(sandbox.dataDir, 'sandbox', 'payments.jsonl'), lines);
  await sandbox.restart();
}

const markMs = async () => {
  const { rows } = await database.pool.query('SELECT since FROM provider_events_read');
  return (rows[0]?.since as Date | undefined)?.getTime() ?? null;
};

const counted = (job: Job) =>
  Object.fromEntries(job.metrics()[0]!.samples.map(({ labels, value }) => [labels.result, value]));

async function captured(orderId: string, paymentMethod = 'pm_card_visa'): Promise<string> {
  const { id } = await sandbox.stripe.paymentIntents.create({
    ...{ amount: 500, currency: 'usd', payment_method: paymentMethod, confirm: true },
    metadata: { orderId },
  });
  return id;
}

beforeEach(async () => {
  logged = [];
  await database.pool.query('DELETE FROM provider_events_read');
  await database.pool.query('TRUNCATE orders CASCADE');
  sandbox = await testSandbox();
  return () => sandbox.stop();
}, 60_000);

describe('case 04: what becomes of an old refund or dispute, and no webhook came', () => {
  test('a dispute of two months ago that is won today is told, once', async () => {
    const oldMs = Date.now() - 60 * dayMs;
    const dispute = { id: 'du_old', amount: 500, createdAtMs: oldMs };
    await remember([{ intent: intentOf('pi_old', { dispute }), refund: null, saved: null }]);
    const orderId = await orderInTables('pi_old');
    const { round, told } = open();
    await round();
    expect(told).toEqual([]);
    await sandbox.stripe.disputes.update('du_old', { evidence: { uncategorized_text: 'winning_evidence' } });
    await round();
    expect(told).toContainEqual({ orderId, paymentId: 'pi_old', status: 'disputed' });
    const { length } = told;
    await round();
    expect(told).toHaveLength(length);
  });

  test('a refund of two months ago that its bank sends back today is told', async () => {
    const oldMs = Date.now() - 60 * dayMs;
    const failsAtMs = Date.now() + 300;
    const refund = {
      id: 're_old',
      intentId: 'pi_old',
      amount: 500,
      createdAtMs: oldMs,
      metadata: {},
      failsAtMs,
    };
    const failedRefunds = [{ amount: 500, atMs: failsAtMs }];
    await remember([
      {
        ...{ intent: intentOf('pi_old', { amountRefunded: 500, failedRefunds }), refund, saved: null },
        events: [{ id: 'evt_failed', type: 'refund.failed', createdAtMs: failsAtMs }],
      },
    ]);
    const orderId = await orderInTables('pi_old');
    const { round, told } = open();
    await until(async () => {
      await round();
      return told.length > 0;
    });
    expect(told).toEqual([{ orderId, paymentId: 'pi_old', status: 'refund_failed' }]);
    expect(logged).toEqual(['payments: a refund did not reach its buyer']);
  });
});

describe('a scan of the events', () => {
  const eventsAgo = (count: number, agoMs: (index: number) => number) =>
    Array.from({ length: count }, (_, index) => {
      const refund = { id: `re_${index}`, intentId: `pi_${index}`, amount: 1, createdAtMs: 1, metadata: {} };
      const createdAtMs = Date.now() - agoMs(index);
      return {
        ...{ intent: intentOf(`pi_${index}`, { amountRefunded: 1 }), refund, saved: null },
        events: [{ id: `evt_${index}`, type: 'charge.refunded', createdAtMs }],
      };
    });

  test('takes bounded rounds until it has seen all, newest first, and goes on there after a restart', async () => {
    const count = 2_250;
    await remember(eventsAgo(count, (index) => dayMs + (count - index) * 1_000));
    const ids = Array.from({ length: count }, (_, index) => `pi_${index}`);
    await inTables(ids.map((id) => [id, `order of ${id}`]));
    const { round, told, job } = open();
    await round();
    expect(told.map(({ paymentId }) => paymentId)).toEqual(ids.toReversed().slice(0, 2_000));
    expect(await markMs()).toBeNull();
    await round();
    expect(new Set(told.map(({ paymentId }) => paymentId)).size).toBe(count);
    expect(counted(job)).toEqual({ taken: count });
    // Beside the first one, and after a restart: no more than the overlap is told again.
    const [second, third] = [open(), open()];
    await Promise.all([second.round(), third.round(), round()]);
    expect(second.told.length).toBeLessThanOrEqual(602);
    expect(third.told).toHaveLength(second.told.length);
    expect(told).toHaveLength(count);
    expect(Math.abs((await markMs())! - (Date.now() - dayMs - 10 * 60_000))).toBeLessThan(60_000);
  }, 60_000);

  test('an order that is busy is told again, and the others do not wait for it', async () => {
    await remember(eventsAgo(3, (index) => (3 - index) * dayMs));
    const orders = await Promise.all([0, 1, 2].map((index) => orderInTables(`pi_${index}`)));
    const answers: Record<string, Code> = { [orders[0]!]: 'busy', [orders[1]!]: 'internal_error' };
    const { round, told } = open(answers);
    await round();
    expect(told.map(({ orderId }) => orderId)).toEqual(orders.toReversed());
    // A restart goes back to the oldest that was not taken, and no further.
    expect(Math.abs((await markMs())! - (Date.now() - 3 * dayMs))).toBeLessThan(60_000);
    const again = open();
    await again.round();
    expect(again.told.map(({ orderId }) => orderId)).toEqual(orders.toReversed());
    await database.pool.query('DELETE FROM provider_events_read');
    delete answers[orders[0]!];
    told.length = 0;
    await round();
    expect(told.map(({ orderId }) => orderId)).toEqual([orders[1], orders[0]]);
    delete answers[orders[1]!];
    await round();
    expect(await markMs()).toBeGreaterThan(Date.now() - dayMs - 11 * 60_000);
  });

  test('a payment that the tables may still lack is looked for again, also while they are behind', async () => {
    await remember(eventsAgo(1, () => dayMs));
    const behind = open({}, Number.POSITIVE_INFINITY);
    await behind.round();
    expect([behind.told, counted(behind.job)]).toEqual([[], {}]);
    const orderId = await orderInTables('pi_0');
    await behind.round();
    expect(behind.told).toEqual([{ orderId, paymentId: 'pi_0', status: 'refunded' }]);
  });

  test('an answer that cannot be had in time ends the round, and the next goes on', async () => {
    await remember(eventsAgo(1, () => dayMs));
    const orderId = await orderInTables('pi_0');
    const { round, told } = open();
    await sandbox.faults({ failRate: 1, failStatus: 400 });
    await expect(round()).rejects.toThrow();
    await sandbox.faults({ failRate: 0 });
    await round();
    expect(told).toEqual([{ orderId, paymentId: 'pi_0', status: 'refunded' }]);
  });
});

describe('what fits no order', () => {
  test('the payment says whose refund it is, whatever is written on it; the difference is logged and counted', async () => {
    const other = newOrderId();
    const orderId = newOrderId();
    const paymentId = await captured(orderId);
    await inTables([[paymentId, orderId]]);
    const { round, told, job } = open();
    await sandbox.stripe.refunds.create({ payment_intent: paymentId, metadata: { orderId: other } });
    await round();
    expect(new Set(told.map((one) => one.orderId))).toEqual(new Set([orderId]));
    expect(counted(job).contradicted).toBeGreaterThan(0);
    expect(logged).toContainEqual(expect.stringContaining('names another order'));
  });

  test('of a payment that no order has is told to nobody, or refused by the order that is named', async () => {
    const stranger = { createdAtMs: Date.now() - dayMs };
    const named = newOrderId();
    await remember([
      {
        ...{ intent: intentOf('pi_foreign', { amountRefunded: 1 }), refund: null, saved: null },
        events: [{ id: 'evt_foreign', type: 'charge.refunded', ...stranger }],
      },
      {
        ...{
          intent: intentOf('pi_named', { amountRefunded: 1, metadata: { orderId: named } }),
          refund: null,
        },
        ...{ saved: null, events: [{ id: 'evt_named', type: 'charge.refunded', ...stranger }] },
      },
      {
        ...{ intent: intentOf('pi_odd', { amountRefunded: 1, metadata: { orderId: 'DB-1' } }), refund: null },
        ...{ saved: null, events: [{ id: 'evt_odd', type: 'charge.refunded', ...stranger }] },
      },
    ]);
    const { round, told, job } = open({ [named]: 'not_found' });
    await round();
    await round();
    expect(told).toEqual([{ orderId: named, paymentId: 'pi_named', status: 'refunded' }]);
    expect(counted(job)).toEqual({ unknown: 3 });
    expect(logged).toEqual(Array(3).fill(expect.stringContaining('no order has')));
  });

  test('an event that cannot be read is passed over', async () => {
    const paymentId = 'p'.repeat(300);
    await remember([
      {
        ...{ intent: intentOf(paymentId, { amountRefunded: 1 }), refund: null, saved: null },
        events: [{ id: 'evt_long', type: 'charge.refunded', createdAtMs: Date.now() - dayMs }],
      },
    ]);
    const { round, told, job } = open();
    await round();
    expect([told, counted(job)]).toEqual([[], { unreadable: 1 }]);
  });
});
