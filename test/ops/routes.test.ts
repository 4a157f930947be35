import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { authenticated, ofType } from '../gateway/live-client.ts';
import { openShop, type Shop } from '../gateway/shop.ts';

let shop: Shop;
beforeAll(async () => {
  shop = await openShop();
});
afterAll(() => shop.stop());

describe('operators', () => {
  it('see every shard; others see nothing', async () => {
    const { status, body } = await shop.request(await shop.visitor('operator'), 'GET /v1/ops/shards');
    expect(status).toBe(200);
    expect(body).toHaveLength(1);
    expect(body[0]).toMatchObject({ shard: 0, partitions: 64 });
    expect((await shop.request(await shop.visitor('seller'), 'GET /v1/ops/shards')).status).toBe(403);
    expect((await shop.request(null, 'GET /v1/ops/shards')).status).toBe(401);
  });

  it('are told to ask again when main does not answer, over HTTP; the live topic goes on without it', async () => {
    const { overview } = shop.services;
    try {
      Object.assign(shop.services, { overview: async () => null });
      const operator = await shop.visitor('operator');
      const { status, body } = await shop.request(operator, 'GET /v1/ops/overview');
      expect([status, body.code]).toEqual([503, 'busy']);
      const live = await authenticated(shop.gateway.port, operator);
      await live.ask('subscribe', { topic: 'ops' });
      await live.frame(ofType('ops.shards'));
      expect(live.frames.some(ofType('ops.overview'))).toBe(false);
      live.close();
    } finally {
      Object.assign(shop.services, { overview });
    }
  });
});
