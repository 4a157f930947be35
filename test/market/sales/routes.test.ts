import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../../src/gateway/handling.ts';
import { authenticated } from '../../gateway/live-client.ts';
import { openShop, type Shop, saleBody, type Visitor } from '../../gateway/shop.ts';

let shop: Shop;
beforeAll(async () => {
  shop = await openShop();
});
afterAll(() => shop.stop());

describe('opening a sale', () => {
  it('answers when its units are set aside', async () => {
    const seller = await shop.visitor('seller');
    const sku = await shop.stock(seller, 10);
    const { status, body, headers } = await shop.request(
      seller,
      'POST /v1/sales',
      saleBody(shop.engine, sku, 10),
    );
    expect(status).toBe(201);
    expect(body).toMatchObject({ title: 'Console drop', stock: 'ready', sellerId: seller.accountId });
    expect(body.queueing).toEqual({
      method: 'fifo',
      releasePerSecond: 1000,
      activeLimit: 5000,
      admissionSeconds: 300,
      claimSeconds: 60,
      overAdmission: 1,
      ticketsPerAddress: 20,
    });
    expect(headers.get('location')).toBe(`/v1/sales/${body.saleId}`);
    const again = await shop.request(null, `GET /v1/sales/${body.saleId}`);
    expect(again.body).toMatchObject({
      saleId: body.saleId,
      items: [{ sku, quantity: 10, purchaseLimit: 1 }],
    });
  });

  it('is refused when the stock is too small, unknown or somebody else’s', async () => {
    const seller = await shop.visitor('seller');
    const small = await shop.stock(seller, 3);
    const foreign = await shop.stock(await shop.visitor('seller'), 100);
    const open = (sku: string) => shop.request(seller, 'POST /v1/sales', saleBody(shop.engine, sku, 10));
    expect(await open(small)).toMatchObject({
      status: 409,
      body: { code: 'insufficient_stock', items: [{ sku: small, available: 3 }] },
    });
    expect(await open('NO-SUCH-SKU')).toMatchObject({ status: 404, body: { code: 'unknown_sku' } });
    expect(await open(foreign)).toMatchObject({ status: 404, body: { code: 'unknown_sku' } });
    expect(await shop.request(await shop.visitor(), 'POST /v1/sales', {})).toMatchObject({
      status: 403,
      body: { code: 'forbidden' },
    });
  });

  it('that was refused is answered as one that never was, to anybody, over HTTP and live', async () => {
    const seller = await shop.visitor('seller');
    const sku = await shop.stock(seller, 3);
    const refused = await shop.request(seller, 'POST /v1/sales', saleBody(shop.engine, sku, 10));
    const { saleId } = refused.body;
    const unknown = newId('sale');
    for (const who of [await shop.visitor(), seller, await shop.visitor('admin')]) {
      const live = await authenticated(shop.gateway.port, who);
      const asked = (id: string) =>
        Promise.all([
          shop.request(who, `GET /v1/sales/${id}`).then(({ body }) => body),
          shop.request(who, `POST /v1/sales/${id}/tickets`, {}).then(({ body }) => body),
          shop.request(who, `GET /v1/sales/${id}/tickets/mine`).then(({ body }) => body),
          live.ask('join', { saleId: id }).then(({ body }) => body),
          live.ask('subscribe', { saleId: id }).then(({ body }) => body),
        ]);
      const told = await asked(saleId);
      expect(told.map(({ code }) => code)).toEqual(Array(5).fill('not_found'));
      expect(told).toEqual(await asked(unknown));
      live.close();
    }
    const numbers = await shop.request(seller, `GET /v1/sales/${saleId}/status`);
    expect(numbers).toMatchObject({ status: 200, body: { phase: 'ended' } });
  });

  it('names what does not fit together', async () => {
    const seller = await shop.visitor('seller');
    const sku = await shop.stock(seller, 10);
    const good = saleBody(shop.engine, sku, 1);
    const [item] = good.items;
    const past = new Date(shop.engine.now() - 1000).toISOString();
    const wrong: [path: string, changes: object][] = [
      ['/endsAt', { endsAt: past }],
      ['/endsAt', { startsAt: good.endsAt }],
      ['/prequeueAt', { prequeueAt: good.endsAt }],
      ['/items/1/sku', { items: [item, item] }],
      [
        '/items/1/price/currency',
        { items: [item, { ...item, sku: 'B', price: { amount: 1, currency: 'EUR' } }] },
      ],
      ['/items/0/price/amount', { items: [{ ...item, price: { amount: 0, currency: 'USD' } }] }],
      ['/items/0/quantity', { items: [{ ...item, quantity: 1_000_001 }] }],
      ['/items', { items: [] }],
      ['/queueing/claimSeconds', { queueing: { admissionSeconds: 20, claimSeconds: 30 } }],
      ['/queueing/method', { queueing: { method: 'random' } }],
      ['/queueing/ticketsPerAddress', { queueing: { ticketsPerAddress: 0 } }],
      ['/queueing/overAdmission', { queueing: { overAdmission: 0.5 } }],
      ['/inviteOnly', { inviteOnly: true }],
      ['/holdSeconds', { holdSeconds: 4 }],
      ['/colour', { colour: 'red' }],
    ];
    for (const [path, changes] of wrong) {
      const { status, body } = await shop.request(seller, 'POST /v1/sales', { ...good, ...changes });
      expect([path, status, body.code]).toEqual([path, 400, 'validation_failed']);
      expect(body.errors.map((error: { path: string }) => error.path)).toContain(path);
    }
  });

  it('case 03: is refused when the provider could never charge one unit, or as many as one buyer may have', async () => {
    const seller = await shop.visitor('seller');
    const sku = await shop.stock(seller, 10);
    const [item] = saleBody(shop.engine, sku, 1).items;
    const open = (price: object, purchaseLimit = 1) =>
      shop.request(seller, 'POST /v1/sales', {
        ...saleBody(shop.engine, sku, 1),
        items: [{ ...item, price, purchaseLimit }],
      });
    const wrong: [amount: number, currency: string, purchaseLimit?: number][] = [
      [100_000_000, 'USD'],
      [50_000_000, 'USD', 2],
      [1_000_000, 'USD', 100],
      [49, 'USD'],
      [1_000_000, 'ISK'],
      [5_124, 'KWD'],
      [1_050, 'MGA'],
      [17_499, 'HUF'],
    ];
    for (const [amount, currency, purchaseLimit] of wrong) {
      const { status, body } = await open({ amount, currency }, purchaseLimit);
      expect([amount, currency, status, body.code]).toEqual([amount, currency, 400, 'validation_failed']);
      expect(body.errors[0].path).toBe('/items/0/price/amount');
    }
    expect((await open({ amount: 999_999, currency: 'USD' }, 100)).status).toBe(201);
  });

  it('case 02: is refused in a currency that nobody can be charged in', async () => {
    const seller = await shop.visitor('seller');
    const sku = await shop.stock(seller, 10);
    const body = saleBody(shop.engine, sku, 1);
    for (const currency of ['ZZZ', 'HRK', 'usd', 'XAU', '', 'USDT', 840]) {
      const items = [{ ...body.items[0], price: { amount: 49_900, currency } }];
      const answer = await shop.request(seller, 'POST /v1/sales', { ...body, items });
      expect([currency, answer.status, answer.body.code]).toEqual([currency, 400, 'validation_failed']);
      expect(answer.body.errors[0].path).toBe('/items/0/price/currency');
    }
  });

  it('gives a repeat with the same key the same sale, though its start was left to be now', async () => {
    const seller = await shop.visitor('seller');
    const sku = await shop.stock(seller, 10);
    const body = saleBody(shop.engine, sku, 10);
    const headers = { 'idempotency-key': randomUUID() };
    // The first answer is lost on its way into the store of answers: the repeat runs again.
    shop.engine.refusing.add('FinishRequest');
    const first = await shop.request(seller, 'POST /v1/sales', body, headers);
    shop.engine.refusing.delete('FinishRequest');
    shop.engine.advance(61_000);
    const second = await shop.request(seller, 'POST /v1/sales', body, headers);
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(second.body.saleId).toBe(first.body.saleId);
    const third = await shop.request(seller, 'POST /v1/sales', body, headers);
    expect(third.headers.get('idempotency-replayed')).toBe('true');
  });
});

describe('steering a sale', () => {
  it('is for its owner and operators', async () => {
    const { saleId, seller } = await shop.openSale(5);
    const other = await shop.visitor('seller');
    const operator = await shop.visitor('operator');
    expect((await shop.request(other, `POST /v1/sales/${saleId}/pause`)).body.code).toBe('not_found');
    expect((await shop.request(other, `GET /v1/sales/${saleId}/status`)).body.code).toBe('not_found');
    expect((await shop.request(operator, `POST /v1/sales/${saleId}/pause`)).body.phase).toBe('paused');
    expect((await shop.request(seller, `POST /v1/sales/${saleId}/resume`)).body.phase).toBe('active');
    const change = { queueing: { releasePerSecond: 7 } };
    expect((await shop.request(seller, `PATCH /v1/sales/${saleId}`, change)).body.queueing).toMatchObject({
      releasePerSecond: 7,
      admissionSeconds: 300,
    });
    const tooShort = { queueing: { admissionSeconds: 30 } };
    expect((await shop.request(seller, `PATCH /v1/sales/${saleId}`, tooShort)).body.code).toBe(
      'validation_failed',
    );
    expect((await shop.request(seller, `GET /v1/sales/${saleId}/status`)).body).toMatchObject({
      queueLength: 0,
      oversold: 0,
      items: [{ quantity: 5, available: 5, held: 0, sold: 0 }],
    });
    expect((await shop.request(seller, `POST /v1/sales/${saleId}/close`)).body.phase).toBe('ended');
    expect((await shop.request(seller, `POST /v1/sales/${saleId}/resume`)).status).toBe(410);
  });

  it('answers not_found for a sale that never was, whatever its id looks like', async () => {
    for (const saleId of ['nonsense', 'sal_018f0000-0000-7000-8000-000000000000']) {
      expect((await shop.request(null, `GET /v1/sales/${saleId}`)).status).toBe(404);
      expect((await shop.request(await shop.visitor(), `POST /v1/sales/${saleId}/tickets`)).status).toBe(404);
    }
  });
});

describe('a sale’s version', () => {
  it('is its ETag, and every change of the sale may be based on it', async () => {
    const { saleId, seller } = await shop.openSale(5);
    const read = async () => (await shop.request(null, `GET /v1/sales/${saleId}`)).headers.get('etag')!;
    const steer = (target: string, tags: string, body: object = {}) =>
      shop.request(seller, `${target.replace('{id}', saleId)}`, body, { 'if-match': tags });
    const rates = { queueing: { releasePerSecond: 7 } };
    const changes: [target: string, body: object][] = [
      ['PATCH /v1/sales/{id}', rates],
      ['POST /v1/sales/{id}/pause', {}],
      ['POST /v1/sales/{id}/resume', {}],
      ['POST /v1/sales/{id}/close', {}],
    ];
    let before = '"another"';
    for (const [target, body] of changes) {
      const present = await read();
      expect(present).toMatch(/^"\w+\.\w+"$/);
      for (const tags of [before, `W/${present}`, 'nonsense', '"another"']) {
        const stale = await steer(target, tags, body);
        expect([target, tags, stale.status, stale.body.code]).toEqual([target, tags, 412, 'stale_version']);
      }
      const done = await steer(target, `"another", ${present}`, body);
      expect([target, done.status]).toEqual([target, 200]);
      expect(done.headers.get('etag')).not.toBe(present);
      expect(await read()).toBe(done.headers.get('etag'));
      before = present;
    }
    expect((await steer('POST /v1/sales/{id}/close', '*')).status).toBe(200);
  });

  it('is not sent again to whoever has it, and may be kept by anybody for a moment', async () => {
    const { saleId } = await shop.openSale(5);
    const first = await shop.request(null, `GET /v1/sales/${saleId}`);
    expect(first.headers.get('cache-control')).toMatch(/^public, max-age=\d+$/);
    const again = await shop.request(null, `GET /v1/sales/${saleId}`, undefined, {
      'if-none-match': `W/${first.headers.get('etag')}`,
    });
    expect(again.status).toBe(304);
    const list = await shop.request(null, 'GET /v1/sales');
    expect(list.headers.get('cache-control')).toMatch(/^public, max-age=\d+$/);
  });
});

describe('the changes of a sale', () => {
  it('say who did what, and when, to its owner and operators', async () => {
    const { saleId, seller } = await shop.openSale(5);
    const operator = await shop.visitor('operator');
    const read = (who: Visitor) => shop.request(who, `GET /v1/sales/${saleId}/changes`);
    expect((await read(seller)).body).toEqual({ items: [], nextCursor: null });
    const rates = { queueing: { releasePerSecond: 7, ticketsPerAddress: null } };
    await shop.request(operator, `PATCH /v1/sales/${saleId}`, rates);
    await shop.request(operator, `POST /v1/sales/${saleId}/pause`, { holds: true });
    await shop.request(seller, `POST /v1/sales/${saleId}/resume`);
    await shop.request(await shop.visitor('admin'), `POST /v1/sales/${saleId}/close`);
    const { status, body } = await read(seller);
    expect(status).toBe(200);
    const by = (who: Visitor, role: string) => ({ actor: { accountId: who.accountId, role } });
    expect(body.items).toMatchObject([
      { change: 'closed', actor: { role: 'admin' } },
      { change: 'resumed', ...by(seller, 'seller') },
      { change: 'paused', holds: true, ...by(operator, 'operator') },
      {
        change: 'rates',
        rates: { releasePerSecond: { from: 1000, to: 7 }, ticketsPerAddress: { from: 20, to: null } },
        ...by(operator, 'operator'),
      },
    ]);
    for (const { at } of body.items) expect(at).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    expect((await read(operator)).body).toEqual(body);
    expect((await read(await shop.visitor('seller'))).body.code).toBe('not_found');
    expect((await read(await shop.visitor())).body.code).toBe('forbidden');
  });
});
