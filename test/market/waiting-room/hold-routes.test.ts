import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openShop, type Shop, type Visitor } from '../../gateway/shop.ts';

let shop: Shop;
beforeAll(async () => {
  shop = await openShop();
});
afterAll(() => shop.stop());

describe('holding a unit', () => {
  const place = (who: Visitor, saleId: string, body: object, token?: string) =>
    shop.request(who, `POST /v1/sales/${saleId}/holds`, body, token ? { 'admission-token': token } : {});

  it('needs an admission that is this buyer’s, for this sale', async () => {
    const { saleId, sku } = await shop.openSale(5);
    const other = await shop.openSale(5);
    const buyer = await shop.admitted(saleId);
    const elsewhere = await shop.admitted(other.saleId, buyer);
    const rival = await shop.visitor();
    const body = { holdId: randomUUID(), sku, quantity: 1 };
    expect((await place(buyer, saleId, body)).body.code).toBe('admission_required');
    expect((await place(buyer, saleId, body, 'forged.token')).body.code).toBe('admission_invalid');
    expect((await place(buyer, saleId, body, `${buyer.admission.slice(0, -4)}AAAA`)).body.code).toBe(
      'admission_invalid',
    );
    expect((await place(rival, saleId, body, buyer.admission)).body.code).toBe('admission_invalid');
    expect((await place(buyer, saleId, body, elsewhere.admission)).body.code).toBe('admission_invalid');
    expect((await place(buyer, saleId, { ...body, sku: other.sku }, buyer.admission)).body.code).toBe(
      'unknown_sku',
    );
    expect((await place(buyer, saleId, body, buyer.admission)).status).toBe(201);
  });

  it('is done once per holdId, also when the repeat comes after the admission has ended', async () => {
    const queueing = { releasePerSecond: 1000, admissionSeconds: 60, claimSeconds: 60 };
    const { saleId, sku } = await shop.openSale(5, { queueing });
    const buyer = await shop.admitted(saleId);
    const body = { holdId: randomUUID(), sku, quantity: 1 };
    const first = await place(buyer, saleId, body, buyer.admission);
    expect(first.status).toBe(201);
    expect(first.body).toMatchObject({ saleId, sku, quantity: 1, state: 'held' });
    const again = await place(buyer, saleId, { ...body, holdId: body.holdId.toUpperCase() }, buyer.admission);
    expect([again.status, again.body]).toEqual([200, first.body]);
    expect((await place(buyer, saleId, { ...body, quantity: 2 }, buyer.admission)).body.code).toBe(
      'exists_with_different',
    );
    shop.engine.advance(61_000);
    expect((await place(buyer, saleId, body, buyer.admission)).status).toBe(200);
    const late = await place(buyer, saleId, { ...body, holdId: randomUUID() }, buyer.admission);
    expect([late.status, late.body.code]).toEqual([403, 'admission_expired']);
  });

  it('stops at the buyer’s limit and at the last unit', async () => {
    const { saleId, sku } = await shop.openSale(1, {
      queueing: { releasePerSecond: 1000, overAdmission: 5 },
    });
    const [first, second] = [await shop.admitted(saleId), await shop.admitted(saleId)];
    const body = () => ({ holdId: randomUUID(), sku, quantity: 1 });
    expect((await place(first, saleId, { ...body(), quantity: 2 }, first.admission)).body).toMatchObject({
      code: 'purchase_limit',
      limit: 1,
      owned: 0,
    });
    const held = await place(first, saleId, body(), first.admission);
    expect(held.status).toBe(201);
    expect((await place(first, saleId, body(), first.admission)).body).toMatchObject({
      code: 'purchase_limit',
      limit: 1,
      owned: 1,
    });
    expect((await place(second, saleId, body(), second.admission)).body).toMatchObject({
      code: 'sold_out',
      available: 0,
    });
  });

  it('can be looked at and given back by its owner, through any gateway', async () => {
    const { saleId, sku } = await shop.openSale(5);
    const buyer = await shop.hold(saleId, sku);
    const stranger = await shop.visitor();
    const path = `/v1/holds/${buyer.holdId}`;
    expect((await shop.request(stranger, `GET ${path}`)).status).toBe(404);
    expect((await shop.request(stranger, `DELETE ${path}`)).status).toBe(404);
    const another = await shop.startAnother();
    const elsewhere = `http://127.0.0.1:${another.port}${path}`;
    expect((await shop.request(stranger, `GET ${elsewhere}`)).status).toBe(404);
    expect((await shop.request(buyer, `GET ${elsewhere}`)).body).toMatchObject({ holdId: buyer.holdId, sku });
    expect((await shop.request(buyer, `DELETE ${elsewhere}`)).body.state).toBe('voided');
    expect((await shop.request(buyer, `GET ${path}`)).body.state).toBe('voided');
    expect((await shop.request(buyer, `GET /v1/holds/${randomUUID()}`)).status).toBe(404);
    expect((await shop.request(buyer, 'GET /v1/holds/nonsense')).status).toBe(404);
  });
});
