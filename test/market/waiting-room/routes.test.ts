import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openShop, type Shop } from '../../gateway/shop.ts';

let shop: Shop;
beforeAll(async () => {
  shop = await openShop();
});
afterAll(() => shop.stop());

describe('a place in the queue', () => {
  it('is taken once, however often it is asked for', async () => {
    const { saleId } = await shop.openSale(5);
    const buyer = await shop.visitor();
    const first = await shop.request(buyer, `POST /v1/sales/${saleId}/tickets`, { requestId: randomUUID() });
    const second = await shop.request(buyer, `POST /v1/sales/${saleId}/tickets`);
    expect([first.status, second.status]).toEqual([201, 200]);
    expect(second.body.ticketId).toBe(first.body.ticketId);
    expect(first.body).toMatchObject({ saleId, ticketNumber: 1, usersAhead: 0 });
    const one = await shop.request(buyer, `GET /v1/sales/${saleId}/tickets/${first.body.ticketId}`);
    expect(one.body.ticketId).toBe(first.body.ticketId);
  });

  it('is seen by its owner only', async () => {
    const { saleId } = await shop.openSale(5);
    const buyer = await shop.admitted(saleId);
    const stranger = await shop.visitor();
    const path = `/v1/sales/${saleId}/tickets/${buyer.ticketId}`;
    expect((await shop.request(stranger, `GET ${path}`)).status).toBe(404);
    expect((await shop.request(stranger, `DELETE ${path}`)).status).toBe(404);
    expect((await shop.request(stranger, `GET /v1/sales/${saleId}/tickets/mine`)).status).toBe(404);
    expect((await shop.request(buyer, `DELETE ${path}`)).body.status).toBe('left');
  });

  it('cannot be taken before the sale opens or after it has ended', async () => {
    const { saleId, seller } = await shop.openSale(5, {
      startsAt: new Date(shop.engine.now() + 600_000).toISOString(),
    });
    const buyer = await shop.visitor();
    expect((await shop.request(buyer, `POST /v1/sales/${saleId}/tickets`)).body.code).toBe('sale_not_open');
    await shop.request(seller, `POST /v1/sales/${saleId}/close`);
    expect((await shop.request(buyer, `POST /v1/sales/${saleId}/tickets`)).body.code).toBe('sale_ended');
  });
});
