import { randomBytes, randomUUID } from 'node:crypto';
import { connect as connectTcp } from 'node:net';
import { Packr } from 'msgpackr';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../engine.ts';
import { authenticated, connect, ofType } from '../live-client.ts';
import { openShop, type Shop } from '../shop.ts';

const msgpack = 'doorbuster.msgpack.v1';
const framesPerKind = 4_000;
const framesPerSocket = 50;
/** Codes that a hostile client may be closed with; 1006 is a connection that was cut. */
const goodCodes = [1002, 1006, 1007, 1009, 4001, 4003, 4009, 4029];

let shop: Shop;
beforeAll(async () => {
  shop = await openShop({ RATE_ACCOUNT_PER_SECOND: '100000' });
});
afterAll(() => shop.stop());

/** The same sequence on every run. */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Good frames with bytes changed, cut out, or doubled. */
function mutate(bytes: Uint8Array, pick: (below: number) => number): Uint8Array {
  let mutated = Buffer.from(bytes);
  for (let changes = 1 + pick(4); changes > 0 && mutated.length > 1; changes--) {
    const at = pick(mutated.length);
    const kind = pick(4);
    if (kind === 0) mutated[at] = pick(256);
    else if (kind === 1)
      mutated = Buffer.concat([mutated.subarray(0, at), mutated.subarray(at + 1 + pick(8))]);
    else if (kind === 2)
      mutated = Buffer.concat([mutated.subarray(0, at), mutated.subarray(0, at), mutated.subarray(at)]);
    else mutated = Buffer.concat([mutated.subarray(0, at), Buffer.from([pick(256)]), mutated.subarray(at)]);
  }
  return mutated.subarray(0, 40_000);
}

describe('hostile frames', () => {
  it.each([['text'], ['msgpack']])(
    'change nothing for others and leave nothing behind (%s)',
    async (kind) => {
      const pick = seeded(kind === 'text' ? 7 : 11);
      const { saleId, sku } = await shop.openSale(5);
      const isBinary = kind === 'msgpack';
      const packr = new Packr({ useRecords: false });
      const honest = await authenticated(shop.gateway.port, await shop.visitor());
      const before = await shop.engine.shards.ask('sku', sku, { type: 'ReadStock' });
      const good = [
        { type: 'subscribe', id: 'a', saleId },
        { type: 'unsubscribe', id: 1, saleId },
        { type: 'leave', id: 'b', saleId },
        { type: 'hold', id: 'c', saleId, holdId: randomUUID(), sku, quantity: 1, admissionToken: 'a.b' },
        {
          type: 'checkout',
          id: 'd',
          holdIds: [randomUUID()],
          paymentMethod: 'pm_card_visa',
          idempotencyKey: 'k',
        },
        { type: 'authenticate', accessToken: 'x' },
      ].map((frame) => (isBinary ? packr.pack(frame).slice() : Buffer.from(JSON.stringify(frame))));
      for (let sent = 0; sent < framesPerKind; sent += framesPerSocket) {
        const visitor = await shop.visitor();
        const client = await authenticated(shop.gateway.port, visitor, isBinary ? [msgpack] : []);
        for (let i = 0; i < framesPerSocket; i++)
          client.socket.send(mutate(good[pick(good.length)]!, pick), { binary: isBinary });
        client.socket.close();
        expect(goodCodes.concat(1000, 1005)).toContain(await client.closed);
      }
      expect((await honest.ask('join', { saleId })).status).toBe(201);
      const after = await shop.engine.shards.ask('sku', sku, { type: 'ReadStock' });
      expect(after.body).toMatchObject({ held: (before.body as { held: number }).held, sold: 0 });
      honest.close();
      await until(() => shop.gateway.stats().live.connections === 0);
      expect(shop.gateway.stats().live).toMatchObject({ authenticated: 0, openRequests: 0, subscribed: 0 });
    },
  );

  it('on the level of the protocol end the connection, not the server', async () => {
    const frames = [
      Buffer.from([0xff, 0x80, 0, 0, 0, 0]), // reserved bits
      Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0xc3, 0x28]), // not UTF-8
      Buffer.from([0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]), // 2^63 bytes
      Buffer.from([0x80, 0x80, 0, 0, 0, 0]), // a continuation of nothing
      Buffer.from([0x89, 0xfe, 0x01, 0x00, 0, 0, 0, 0]), // a ping that is too long
      randomBytes(500),
    ];
    for (const bytes of frames) {
      const client = await authenticated(shop.gateway.port, await shop.visitor());
      // Past the client's own checks, straight into its connection.
      (client.socket as unknown as { _socket: { write(bytes: Buffer): void } })._socket.write(bytes);
      // Random bytes may be the beginning of a long frame, which is then waited for.
      if (bytes.length === 500) client.socket.terminate();
      expect(goodCodes).toContain(await client.closed);
    }
    const bomb = await connect(shop.gateway.port);
    const fragment = Buffer.concat([Buffer.from([0x01, 0xfe, 0x40, 0x00, 0, 0, 0, 0]), Buffer.alloc(0x4000)]);
    const more = Buffer.concat([Buffer.from([0x00, 0xfe, 0x40, 0x00, 0, 0, 0, 0]), Buffer.alloc(0x4000)]);
    const raw = (bomb.socket as unknown as { _socket: { write(bytes: Buffer): void } })._socket;
    raw.write(fragment);
    for (let i = 0; i < 10; i++) raw.write(more);
    expect(goodCodes).toContain(await bomb.closed);
    await until(() => shop.gateway.stats().live.connections === 0);
  });

  it('an upgrade that is none gets an answer', async () => {
    const answer = await fetch(`${shop.url}/v1/live`);
    const { code } = (await answer.json()) as { code: string };
    expect([answer.status, code]).toEqual([404, 'not_found']);
    const half = connectTcp(shop.gateway.port, '127.0.0.1');
    half.write('GET /v1/live HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nSec-WebSocket-Key: short\r\n\r\n');
    await new Promise((resolve) => half.once('data', resolve));
    half.destroy();
    const live = await authenticated(shop.gateway.port, await shop.visitor());
    expect(live.frames.filter(ofType('ready'))).toHaveLength(1);
    live.close();
  });
});
