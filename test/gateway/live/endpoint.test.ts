import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../engine.ts';
import { authenticated, connect, type LiveClient, ofType } from '../live-client.ts';
import { checkoutBody, openShop, type Shop } from '../shop.ts';

const msgpack = 'doorbuster.msgpack.v1';
let shop: Shop;
let port: number;
beforeAll(async () => {
  shop = await openShop();
  port = shop.gateway.port;
});
afterAll(() => shop.stop());

const connections = () => shop.gateway.stats().live.connections;

describe('a buyer on a live socket', () => {
  it.each([[[]], [[msgpack]]])('goes the whole way from the queue to the order (%s)', async (protocols) => {
    const { saleId, sku } = await shop.openSale(5);
    const buyer = await shop.visitor();
    const live = await authenticated(port, buyer, protocols);
    expect(live.socket.protocol).toBe(protocols[0] ?? '');
    expect(live.frames[0]).toMatchObject({ type: 'ready', heartbeatSeconds: 40 });
    expect(live.frames[0].serverTime).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);

    const watched = await live.ask('subscribe', { saleId });
    expect(watched).toMatchObject({ status: 200, body: { saleId, phase: 'active', ticket: null } });
    const joined = await live.ask('join', { saleId, requestId: randomUUID() });
    expect(joined.status).toBe(201);
    expect(await live.frame(ofType('ticket'))).toMatchObject({ saleId, ticketId: joined.body.ticketId });
    expect((await live.ask('join', { saleId })).status).toBe(200);
    const serving = await live.frame((frame) => frame.type === 'queue.serving' && frame.nowServing === 1);
    expect(serving).toMatchObject({ saleId, queueLength: 0 });
    expect(serving.asOf).toMatch(/Z$/);

    const granted = await live.frame(ofType('admission.granted'));
    expect(granted).toMatchObject({ saleId, ticketId: joined.body.ticketId });
    const holdId = randomUUID();
    const hold = { saleId, holdId, sku, quantity: 1, admissionToken: granted.token };
    const held = await live.ask('hold', hold);
    expect(held).toMatchObject({ status: 201, body: { holdId, state: 'held' } });
    expect((await shop.request(buyer, `GET /v1/holds/${holdId}`)).body).toEqual(held.body);

    const order = await live.ask('checkout', { ...checkoutBody(holdId), idempotencyKey: 'key-of-mine' });
    expect(order).toMatchObject({ status: 201, body: { status: 'confirmed' } });
    expect(
      await live.frame((frame) => frame.type === 'order.updated' && frame.status === 'confirmed'),
    ).toEqual({
      type: 'order.updated',
      ...order.body,
    });
    const again = await live.ask('checkout', { ...checkoutBody(holdId), idempotencyKey: 'key-of-mine' });
    expect(again.body).toEqual(order.body);
    expect(await live.frame((frame) => frame.type === 'ticket' && frame.status === 'completed')).toBeTruthy();
    live.close();
  });

  it('is told of an idempotency key that is none, also of an empty one', async () => {
    const live = await authenticated(port, await shop.visitor());
    for (const idempotencyKey of ['', ' ', 'schlüssel', 'x'.repeat(256)]) {
      const refused = await live.ask('checkout', { ...checkoutBody(randomUUID()), idempotencyKey });
      expect(refused).toMatchObject({ status: 400, body: { code: 'idempotency_key_invalid' } });
    }
    const missing = await live.ask('checkout', checkoutBody(randomUUID()));
    expect(missing).toMatchObject({ status: 400, body: { code: 'idempotency_key_required' } });
    live.close();
  });

  it('gets refusals as the problems that HTTP would answer', async () => {
    const { saleId, sku } = await shop.openSale(5);
    const live = await authenticated(port, await shop.visitor());
    const hold = { saleId, holdId: randomUUID(), sku, quantity: 1 };
    const cases: [type: string, fields: object, status: number, code: string][] = [
      ['hold', hold, 403, 'admission_required'],
      ['hold', { ...hold, admissionToken: 'forged.token' }, 403, 'admission_invalid'],
      ['hold', { ...hold, quantity: 'many' }, 400, 'validation_failed'],
      ['hold', { ...hold, admissionToken: 7 }, 400, 'validation_failed'],
      ['release', { holdId: randomUUID() }, 404, 'not_found'],
      ['leave', { saleId }, 404, 'not_found'],
      ['join', {}, 400, 'validation_failed'],
      ['join', { saleId: 'nonsense' }, 404, 'not_found'],
      ['join', { saleId, colour: 'red' }, 400, 'validation_failed'],
      ['checkout', checkoutBody(randomUUID()), 400, 'idempotency_key_required'],
      ['checkout', { ...checkoutBody(randomUUID()), idempotencyKey: 'k' }, 404, 'not_found'],
      ['subscribe', { saleId: 'sal_018f0000-0000-7000-8000-000000000000' }, 404, 'not_found'],
      ['subscribe', { saleId, ticketId: 'tkt_018f0000-0000-7000-8000-000000000000' }, 404, 'not_found'],
    ];
    for (const [type, fields, status, code] of cases) {
      const reply = await live.ask(type, fields);
      expect([type, reply.status, reply.body.code]).toEqual([type, status, code]);
      expect(reply.body.type).toBe(`urn:doorbuster:problem:${code}`);
    }
    live.close();
  });

  it('finds the whole present state after a reconnect, on any device', async () => {
    const { saleId } = await shop.openSale(5);
    const buyer = await shop.admitted(saleId);
    const live = await authenticated(port, buyer);
    const { body } = await live.ask('subscribe', { saleId, ticketId: buyer.ticketId });
    expect(body.ticket).toMatchObject({ ticketId: buyer.ticketId, status: 'admitted' });
    expect(body.ticket.admission.token).toBe(buyer.admission);
    expect(body.serving).toMatchObject({ saleId, nowServing: 1, queueLength: 0 });
    expect(await live.frame(ofType('ticket'))).toMatchObject({ type: 'ticket', ...body.ticket });
    const phone = await authenticated(port, buyer, [msgpack]);
    expect((await phone.ask('leave', { saleId })).body.status).toBe('left');
    expect(await live.frame((frame) => frame.status === 'left')).toMatchObject({ type: 'ticket' });
    live.close();
    phone.close();
  });

  it('is corrected when people ahead leave, and only then', async () => {
    const { saleId, seller } = await shop.openSale(5, { queueing: { releasePerSecond: 1, activeLimit: 1 } });
    const [first, second, third] = [await shop.admitted(saleId), await shop.visitor(), await shop.visitor()];
    for (const who of [second, third]) await shop.request(who, `POST /v1/sales/${saleId}/tickets`);
    const live = await authenticated(port, third);
    await live.ask('subscribe', { saleId });
    expect((await live.frame(ofType('ticket'))).usersAhead).toBe(1);
    // Two rounds of exact places pass without a word, because the client knows them already.
    const rounds = () => shop.engine.asked.get('ReadTickets') ?? 0;
    const before = rounds();
    await until(() => rounds() >= before + 2);
    expect(live.frames.filter(ofType('ticket'))).toHaveLength(1);
    const waiting = await authenticated(port, second);
    await waiting.ask('leave', { saleId });
    expect(await live.frame((frame) => frame.type === 'ticket' && frame.usersAhead === 0)).toMatchObject({
      status: 'waiting',
      queueLength: 1,
    });
    await shop.request(seller, `POST /v1/sales/${saleId}/pause`);
    expect(await live.frame(ofType('sale.phase'))).toMatchObject({ saleId, phase: 'paused' });
    expect((await live.ask('unsubscribe', { saleId })).status).toBe(200);
    await shop.request(seller, `POST /v1/sales/${saleId}/resume`);
    await shop.request(first, `DELETE /v1/sales/${saleId}/tickets/${first.ticketId}`);
    await live.frame(ofType('admission.granted'));
    // What is personal still comes; the room is heard no more.
    expect(live.frames.filter(ofType('sale.phase'))).toHaveLength(1);
    live.close();
    waiting.close();
  });

  it('hears the last numbers again while nothing changes', async () => {
    const { saleId } = await shop.openSale(5);
    const live = await authenticated(port, await shop.admitted(saleId));
    await live.ask('subscribe', { saleId });
    const count = () => live.frames.filter(ofType('queue.serving')).length;
    const before = count();
    shop.engine.advance(4_000);
    await until(() => count() > before);
    live.close();
  });

  it('is told that an admission and a hold run out', async () => {
    const queueing = { releasePerSecond: 1000, admissionSeconds: 90, claimSeconds: 60 };
    const { saleId, sku } = await shop.openSale(5, { queueing, holdSeconds: 120 });
    const [idle, holder] = [await shop.admitted(saleId), await shop.hold(saleId, sku)];
    const idleLive = await authenticated(port, idle);
    const holderLive = await authenticated(port, holder);
    shop.engine.advance(95_000);
    const { type, ...expired } = await idleLive.frame(ofType('admission.expired'));
    expect(expired).toEqual({ saleId, ticketId: idle.ticketId });
    expect(type).toBe('admission.expired');
    expect(await holderLive.frame(ofType('hold.expiring'))).toMatchObject({ holdId: holder.holdId, sku });
    shop.engine.advance(30_000);
    expect(await holderLive.frame(ofType('hold.expired'))).toMatchObject({ state: 'expired' });
    idleLive.close();
    holderLive.close();
  });

  it.each([
    [45, 16_000],
    [20, 0],
  ])('is told that a hold of %i s runs out', async (holdSeconds, afterMs) => {
    const { saleId, sku } = await shop.openSale(5, { holdSeconds });
    const buyer = await shop.admitted(saleId);
    const live = await authenticated(port, buyer);
    const holdId = randomUUID();
    const asked = { saleId, holdId, sku, quantity: 1, admissionToken: buyer.admission };
    expect((await live.ask('hold', asked)).status).toBe(201);
    shop.engine.advance(afterMs);
    expect(await live.frame(ofType('hold.expiring'))).toMatchObject({ holdId, state: 'held' });
    live.close();
  });
});

describe('the door', () => {
  const endsWith = async (client: LiveClient, code: number) => expect(await client.closed).toBe(code);

  it('closes on those who show no good token first', async () => {
    const early = await connect(port);
    early.send({ type: 'join', id: 1 });
    expect(await early.frame(ofType('error'))).toMatchObject({ code: 'unauthenticated' });
    await endsWith(early, 4001);
    const forged = await connect(port);
    forged.send({ type: 'authenticate', accessToken: 'forged' });
    expect(await forged.frame(ofType('error'))).toMatchObject({ code: 'invalid_token' });
    await endsWith(forged, 4001);
    const silent = await connect(port);
    shop.engine.advance(5_001);
    await endsWith(silent, 4001);
  });

  it('hears frames that follow the token at once, in their order', async () => {
    const { saleId } = await shop.openSale(5);
    const live = await connect(port);
    live.send({ type: 'authenticate', accessToken: (await shop.visitor()).token });
    live.send({ type: 'subscribe', id: 'first', saleId });
    expect(await live.frame(ofType('reply'))).toMatchObject({ id: 'first', status: 200 });
    expect(live.frames[0].type).toBe('ready');
    live.close();
  });

  it('lets the token be renewed, but not the account be changed', async () => {
    const buyer = await shop.visitor();
    const live = await authenticated(port, buyer);
    live.send({ type: 'authenticate', accessToken: buyer.token });
    await until(() => live.frames.filter(ofType('ready')).length === 2);
    live.send({ type: 'authenticate', accessToken: (await shop.visitor()).token });
    await endsWith(live, 4003);
  });

  it('answers frames that make no sense by errors, and closes after several', async () => {
    const live = await authenticated(port, await shop.visitor());
    for (const bad of [
      '{"type":',
      '[1]',
      '{"type":7}',
      '{"type":"dance","id":"d"}',
      '{"type":"join","id":{}}',
    ])
      live.send(bad);
    await until(() => live.frames.filter(ofType('error')).length === 5);
    expect(live.frames.filter(ofType('error')).map((frame) => frame.code)).toEqual([
      'malformed_json',
      'malformed_json',
      'validation_failed',
      'validation_failed',
      'validation_failed',
    ]);
    expect(live.frames.find((frame) => frame.id === 'd')).toMatchObject({ type: 'error' });
    live.send('nonsense');
    await endsWith(live, 4029);
  });

  it('closes on a flood, on frames too big, and on the wrong kind of frame', async () => {
    const flood = await authenticated(port, await shop.visitor());
    for (let i = 0; i < 100; i++) flood.send({ type: 'unsubscribe', saleId: 'x' });
    await endsWith(flood, 4029);
    const big = await authenticated(port, await shop.visitor());
    big.send({ type: 'join', padding: 'x'.repeat(16 * 1024) });
    await endsWith(big, 1009);
    const bytes = await authenticated(port, await shop.visitor());
    bytes.send(new Uint8Array([0x81, 0xa4]));
    await endsWith(bytes, 1007);
    const texts = await authenticated(port, await shop.visitor(), [msgpack]);
    texts.send('{"type":"join"}');
    await endsWith(texts, 1007);
    const packed = await authenticated(port, await shop.visitor(), [msgpack]);
    packed.send(new Uint8Array([0xdd, 0xff, 0xff, 0xff, 0xff, 0x93]));
    expect(await packed.frame(ofType('error'))).toMatchObject({ code: 'malformed_json' });
    packed.close();
  });

  it('has room for eight sockets of an account: the oldest gives way', async () => {
    const buyer = await shop.visitor();
    const oldest = await authenticated(port, buyer);
    const others: LiveClient[] = [];
    for (let i = 0; i < 8; i++) others.push(await authenticated(port, buyer));
    await endsWith(oldest, 4009);
    expect(others.every(({ socket }) => socket.readyState === 1)).toBe(true);
    for (const other of others) other.close();
  });

  it('refuses connections over its bounds before any work', async () => {
    await until(() => connections() === 0);
    const few = await shop.startAnother({ CONNECTIONS_MAX: '2' });
    const open = [await connect(few.port), await connect(few.port)];
    await expect(connect(few.port)).rejects.toThrow('503');
    for (const client of open) client.close();
    await until(() => few.stats().live.connections === 0);
    const client = await connect(few.port);
    client.close();
    const narrow = await shop.startAnother({ CONNECTIONS_PER_ADDRESS_MAX: '1', RATE_EXEMPT: '' });
    const only = await connect(narrow.port);
    await expect(connect(narrow.port)).rejects.toThrow('429');
    only.close();
  });

  it('closes on a client that does not read what is meant for it', async () => {
    const buyer = await shop.visitor();
    const live = await authenticated(port, buyer);
    const order = await orderOf(buyer.accountId);
    live.socket.pause();
    const before = connections();
    // More than the buffers of both kernels hold, and ours.
    for (let i = 0; i < 40_000 && connections() === before; i++) {
      shop.gateway.onPush({ topic: `buyer/${buyer.accountId}`, type: 'order.updated', body: order });
      if (i % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(connections()).toBe(before - 1);
    live.socket.terminate();
  });

  async function orderOf(buyerId: string) {
    const { saleId, sku } = await shop.openSale(5);
    const holder = await shop.hold(saleId, sku);
    const placed = await shop.request(holder, 'POST /v1/checkout', checkoutBody(holder.holdId), {
      'idempotency-key': randomUUID(),
    });
    const answer = await shop.engine.shards.ask('order', placed.body.orderId, {
      type: 'ReadOrder',
      buyerId: null,
    } as never);
    return { ...(answer.body as object), buyerId };
  }
});

describe('operators', () => {
  it('watch the engine; others are sent away', async () => {
    const operator = await authenticated(port, await shop.visitor('operator'));
    expect((await operator.ask('subscribe', { topic: 'ops' })).status).toBe(200);
    const { shards } = await operator.frame(ofType('ops.shards'));
    expect(shards).toMatchObject([{ shard: 0 }]);
    const curious = await authenticated(port, await shop.visitor());
    expect(await curious.ask('subscribe', { topic: 'ops' })).toMatchObject({
      status: 403,
      body: { code: 'forbidden' },
    });
    expect(await curious.closed).toBe(4003);
    operator.close();
  });
});

describe('a gateway that stops', () => {
  it('tells everybody to come back, finishes what runs, and refuses the new', async () => {
    const { saleId, sku } = await shop.openSale(5);
    const buyer = await shop.hold(saleId, sku);
    const stopping = await shop.startAnother();
    const clients = [
      await authenticated(stopping.port, buyer),
      await authenticated(stopping.port, buyer, [msgpack]),
    ];
    shop.engine.isProviderSlow = true;
    const order = clients[0]!.ask('checkout', { ...checkoutBody(buyer.holdId), idempotencyKey: 'k' });
    await until(() => shop.engine.newestOrder(buyer.accountId, 'authorizing'));
    const stopped = stopping.stop(5_000);
    for (const client of clients) {
      const { reconnectAfterSeconds } = await client.frame(ofType('drain'));
      expect(reconnectAfterSeconds).toBeGreaterThanOrEqual(1);
      expect(reconnectAfterSeconds).toBeLessThanOrEqual(10);
    }
    await expect(connect(stopping.port)).rejects.toThrow(/503|ECONNREFUSED/);
    shop.engine.isProviderSlow = false;
    expect((await order).status).toBe(201);
    await stopped;
    expect(await clients[0]!.closed).toBe(1001);
  });
});
