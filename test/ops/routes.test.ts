import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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
});
