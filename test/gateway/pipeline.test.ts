import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Gateway } from '../../src/gateway/gateway.ts';
import { authenticated } from './live-client.ts';
import { openShop, type Shop } from './shop.ts';

let shop: Shop;
let strict: Gateway;
beforeAll(async () => {
  shop = await openShop();
  strict = await shop.startAnother({ RATE_ACCOUNT_PER_SECOND: '1', RATE_ACCOUNT_BURST: '4' });
});
afterAll(() => shop.stop());

/** Answers so far of one route with one status. */
function answers(gateway: Gateway, route: string, status: number): number {
  const name = 'doorbuster_http_request_seconds';
  const family = gateway.metrics().find((metrics) => metrics.name === name)!;
  const sample = family.samples.find(
    ({ metricName, labels }) =>
      metricName === `${name}_count` && labels.route === route && labels.status === status,
  );
  return sample?.value ?? 0;
}

describe('a request over HTTP and a frame of the live socket', () => {
  it('draw from one bucket of the account', async () => {
    const { saleId } = await shop.openSale(5);
    const buyer = await shop.visitor();
    const live = await authenticated(strict.port, buyer);
    const url = `http://127.0.0.1:${strict.port}/v1/sales/${saleId}/tickets`;
    const overHttp = async () => (await shop.request(buyer, `POST ${url}`, {})).status;
    const overLive = async () => (await live.ask('join', { saleId })).status;
    expect([await overHttp(), await overLive(), await overHttp(), await overLive()]).toEqual([
      201, 200, 200, 200,
    ]);
    expect([await overHttp(), await overLive()]).toEqual([429, 429]);
    live.close();
  });

  it('are counted alike, by route and status', async () => {
    const { saleId } = await shop.openSale(5);
    const buyer = await shop.visitor();
    const live = await authenticated(shop.gateway.port, buyer);
    const before = [answers(shop.gateway, 'joinSale', 201), answers(shop.gateway, 'joinSale', 200)];
    await live.ask('join', { saleId });
    await shop.request(buyer, `POST /v1/sales/${saleId}/tickets`, {});
    const after = [answers(shop.gateway, 'joinSale', 201), answers(shop.gateway, 'joinSale', 200)];
    expect(after).toEqual(before.map((count) => count + 1));
    expect((await live.ask('leave', { saleId: 'nonsense' })).status).toBe(404);
    expect(answers(shop.gateway, 'leaveSale', 404)).toBe(1);
    live.close();
  });
});
