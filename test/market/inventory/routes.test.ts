import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { registerSku } from '../../../src/actors/sku/commands.ts';
import { newId } from '../../../src/gateway/handling.ts';
import { routes } from '../../../src/market/inventory/routes.ts';
import { startTestServer, type TestServer } from '../../gateway/harness.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ routes });
});
afterAll(() => server.stop(1_000));

describe('stock', () => {
  test('is adjusted by its owner, once per adjustment id, and never below what is promised', async () => {
    const sku = 'SKU-1';
    const sellerId = newId('account');
    const price = { amount: 49_900, currency: 'USD' };
    await server.services.ask(registerSku, sku, {
      productId: 'p',
      sellerId,
      title: 'Console',
      price,
      stock: 10,
    });
    const seller = await server.bearer('seller', sellerId);
    const adjust = (change: object, token = seller) =>
      server.call('POST', `/v1/inventory/${sku}/adjustments`, {
        token,
        body: { adjustmentId: 'count-1', delta: 5, reason: 'stocktake', ...change },
      });
    const first = await adjust({});
    expect([first.status, first.body.onHand]).toEqual([201, 15]);
    const again = await adjust({});
    expect([again.status, again.body.onHand]).toEqual([200, 15]);
    expect((await adjust({ delta: 6 })).body.code).toBe('exists_with_different');
    expect((await adjust({ adjustmentId: 'count-2', delta: -16 })).body).toMatchObject({
      status: 409,
      code: 'insufficient_stock',
      available: 15,
    });
    expect((await adjust({ adjustmentId: 'count-3' }, await server.bearer('seller'))).status).toBe(404);
    expect(
      (await adjust({ adjustmentId: 'count-4', delta: -15 }, await server.bearer('admin'))).body.onHand,
    ).toBe(0);
  });

  test('of what does not exist is not found', async () => {
    expect((await server.call('GET', '/v1/inventory/NOPE')).body.code).toBe('not_found');
    expect((await server.call('GET', '/v1/inventory/a%20b')).body.code).toBe('not_found');
  });
});
