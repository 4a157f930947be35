/** `npm run audit` as a process, on a real database, journal and payment sandbox: what is right, and what was tampered with. */
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OrderView } from '../../src/actors/order/commands.ts';
import type { PaymentCommand } from '../../src/actors/payments/commands.ts';
import { pollLedger } from '../../src/cli/provider-ledger.ts';
import { newId } from '../../src/gateway/handling.ts';
import { Payments } from '../../src/market/payments/effects.ts';
import type { Mismatch } from '../../src/ops/audit-entries.ts';
import { partitionOf } from '../../src/protocol/address.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/server.ts';
import { type TestDatabase, temporaryFolder, testDatabase } from '../persistence/support.ts';
import { command, type Engine, startEngine, until } from './engine.ts';

const sku = 'CONSOLE-1';
const saleId = newId('sale');
const sellerId = newId('account');
const price = { amount: 49_900, currency: 'USD' };

describe('the audit', () => {
  let database: TestDatabase;
  let dataDir: string;
  let sandbox: Sandbox;
  let payments: Payments;
  let engine: Engine;
  const bought: OrderView[] = [];
  let declined: OrderView;

  const start = () =>
    startEngine(database.url, null, (paying, done) => {
      payments.handle(paying as PaymentCommand).then(({ code, body }) => done(code, body));
    });

  async function buy(paymentMethod: string): Promise<OrderView> {
    const buyerId = newId('account');
    const holdId = randomUUID();
    const hold = {
      ...{ type: 'PlaceHold', holdId, saleId, buyerId, ticketNumber: bought.length + 1, quantity: 1 },
      admissionExpiresAtMs: Date.now() + 600_000,
    };
    expect((await engine.ask('sku', sku, hold)).code).toBe('created');
    const orderId = newId('order');
    await engine.ask('order', orderId, {
      ...{ type: 'PlaceOrder', orderNumber: orderId, buyerId, holds: [{ holdId, sku }], paymentMethod },
      shippingAddress: {
        name: 'Ada',
        line1: '1 Main St',
        city: 'Berlin',
        postalCode: '10115',
        country: 'DE',
      },
      ...{ shippingMethod: 'standard', paymentSeconds: 300 },
    });
    return until(async () => {
      const { body } = await engine.ask('order', orderId, { type: 'ReadOrder', buyerId });
      const view = body as OrderView;
      return ['confirmed', 'payment_failed'].includes(view.status) ? view : null;
    });
  }

  async function audit(): Promise<{
    code: number | null;
    mismatches: Mismatch[];
    compared: Record<string, number>;
  }> {
    const { code, out, err } = await command('src/cli/audit.ts', ['--json'], {
      DATABASE_URL: database.url,
      DATA_DIR: dataDir,
    });
    return out === ''
      ? { code, mismatches: [], compared: { err: Number.NaN } }
      : { code, ...JSON.parse(out), err };
  }

  beforeAll(async () => {
    database = await testDatabase();
    dataDir = await temporaryFolder();
    const log = () => {};
    sandbox = await startSandbox({ port: 0, dataDir, log, webhook: { url: null, secret: 'whsec_test' } });
    payments = new Payments({ stripe: { secretKey: null, sandboxUrl: sandbox.url }, log, now: Date.now });
    engine = await start();
    await engine.ask('sku', sku, {
      ...{ type: 'RegisterSku', productId: newId('product'), sellerId, title: 'Console', price, stock: 20 },
    });
    await engine.ask('sku', sku, {
      ...{
        type: 'OpenAllocation',
        saleId,
        sellerId,
        quantity: 10,
        price,
        purchaseLimit: 1,
        holdSeconds: 300,
      },
    });
    const by = { accountId: newId('account'), role: 'operator' };
    const counted = { adjustmentId: 'count', delta: 1, reason: 'One more was found', sellerId: null, by };
    await engine.ask('sku', sku, { type: 'AdjustStock', ...counted });
    for (let i = 0; i < 3; i++) bought.push(await buy('pm_card_visa'));
    declined = await buy('pm_card_chargeDeclined');
  });
  afterAll(async () => {
    await engine?.drop().catch(() => {});
    await payments?.stop();
    await sandbox?.stop();
    await database?.close();
    await rm(dataDir, { recursive: true, force: true });
  });

  it('finds nothing wrong beside a running shard, whose tables are still behind', async () => {
    expect(await audit()).toMatchObject({
      code: 0,
      mismatches: [],
      compared: { skus: 1, holds: 4, orders: 4, ordersUnderWay: 0, payments: 4 },
    });
  });

  it('finds nothing wrong when the tables have caught up, nor after an orderly stop', async () => {
    await engine.project();
    // What an operator did to the stock is in the audit trail, once.
    expect(await audit()).toMatchObject({ code: 0, compared: { skus: 1, orders: 4, actions: 1 } });
    await engine.stop();
    expect(await audit()).toMatchObject({ code: 0, compared: { skus: 1, orders: 4 } });
  });

  it('agrees when the provider is asked payment by payment', async () => {
    const brief = (view: OrderView, isSettled: boolean) => ({
      ...{ isSettled, isBought: true, paymentStatus: view.paymentStatus, paymentId: view.paymentId },
      ...{ amount: 49_900, refundedAmount: 0, currency: 'USD', createdAtMs: view.createdAtMs, lines: [] },
    });
    const known = new Map(bought.map((view) => [view.orderId, brief(view, true)]));
    known.set('ord_x', { ...brief(bought[0]!, false), paymentId: 'pi_nobody_knows' });
    const polled = await pollLedger({ secretKey: null, sandboxUrl: sandbox.url }, known, () => {});
    expect(polled.isComplete).toBe(false);
    expect(polled.payments.map(({ orderId, status }) => [orderId, status])).toEqual([
      ['ord_x', 'open'],
      ...bought.toReversed().map(({ orderId }) => [orderId, 'captured']),
    ]);
  });

  it('lists what was tampered with, thing by thing', async () => {
    const [first, second, third] = bought as [OrderView, OrderView, OrderView];
    await database.pool.query('update stock_levels set held = held + 1, sold = sold - 1 where sku = $1', [
      sku,
    ]);
    await database.pool.query('delete from order_lines where order_id = $1', [first.orderId]);
    await database.pool.query("update orders set status = 'pending' where order_id = $1", [second.orderId]);
    await database.pool.query('update payments set amount = 1 where order_id = $1', [third.orderId]);
    await database.pool.query('alter table audit_actions disable trigger user');
    const { rows } = await database.pool.query(
      `update audit_actions set reason = 'No reason' returning audit_id, action, target, details`,
    );
    expect(rows).toMatchObject([{ action: 'stock.adjusted', target: sku, details: { delta: 1 } }]);
    await database.pool.query(`insert into stock_levels values ('GHOST', 'prd_1', 'acc_1', 1, 0, 0, now())`);
    const form = { authorization: 'Bearer sk_test', 'content-type': 'application/x-www-form-urlencoded' };
    const refund = { method: 'POST', headers: form, body: `payment_intent=${second.paymentId}` };
    expect((await fetch(`${sandbox.url}/v1/refunds`, refund)).status).toBe(200);

    const { code, mismatches } = await audit();
    expect(code).toBe(1);
    expect(mismatches.map(({ kind, key }) => `${kind} ${key}`).sort()).toEqual(
      [
        `stock.held ${sku}`,
        `stock.sold ${sku}`,
        `order.lines ${first.orderId}`,
        `order.status ${second.orderId}`,
        `payment.amount ${third.orderId}`,
        'row_without_actor sku/GHOST',
        `provider.payment ${second.orderId}`,
        `audit_trail.hash ${rows[0].audit_id}`,
      ].sort(),
    );
    expect(mismatches).toContainEqual({ kind: 'stock.held', key: sku, expected: 0, found: 1 });
    expect(declined.status).toBe('payment_failed');
    await database.pool.query("delete from stock_levels where sku = 'GHOST'");
  });

  it('names a partition whose journal has lost a frame, and compares the others', async () => {
    engine = await start();
    for (const adjustmentId of ['a', 'b'])
      await engine.ask('sku', sku, {
        type: 'AdjustStock',
        adjustmentId,
        delta: 1,
        reason: 'x',
        sellerId: null,
      });
    await engine.drop();
    const partition = partitionOf('sku', sku);
    const { rowCount } = await database.pool.query(
      `delete from journal_frames where partition = $1
         and seq = (select max(seq) from journal_frames where partition = $1)`,
      [partition],
    );
    expect(rowCount).toBe(1);
    const { code, mismatches, compared } = await audit();
    expect(code).toBe(1);
    expect(mismatches).toContainEqual({
      kind: 'journal',
      key: `partition ${partition}`,
      expected: 'every frame',
      found: expect.stringMatching(/is missing: the journal goes on to frame/),
    });
    expect(compared.orders).toBeGreaterThan(0);
  });

  it('refuses unknown flags with exit code 2, and ends with 3 when there is nothing to read', async () => {
    expect(await command('src/cli/audit.ts', ['--fast'], {})).toMatchObject({
      code: 2,
      err: expect.stringMatching(/usage/),
    });
    const bad = await command('src/cli/audit.ts', [], { SHARDS: 'many' });
    expect(bad).toMatchObject({ code: 2, err: expect.stringMatching(/SHARDS/) });
    const nowhere = await command('src/cli/audit.ts', [], { DATABASE_URL: 'postgres://127.0.0.1:1/none' });
    expect(nowhere).toMatchObject({ code: 3, err: expect.stringMatching(/cannot be read/) });
  });
});
