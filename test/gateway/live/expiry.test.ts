/** A live socket lives as long as its access token. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tokensOf } from '../../../src/gateway/tokens.ts';
import { authenticated, connect, ofType } from '../live-client.ts';
import { openShop, type Shop } from '../shop.ts';

let shop: Shop;
let port: number;
beforeAll(async () => {
  shop = await openShop();
  port = shop.gateway.port;
});
afterAll(() => shop.stop());

const memberSeconds = 900;
const tokenOf = async (accountId: string, sessionId?: string) =>
  tokensOf(shop.services).issueAccess({ accountId, roles: ['buyer'] }, sessionId).accessToken;

describe('a live socket', () => {
  it.each([[[]], [['doorbuster.msgpack.v1']]])('ends with its token (%s)', async (protocols) => {
    const live = await authenticated(port, await shop.visitor('buyer'), protocols);
    const guest = await authenticated(port, await shop.visitor());
    shop.engine.advance(memberSeconds * 1000);
    expect(await live.frame(ofType('error'), 5_000)).toMatchObject({ status: 401, code: 'token_expired' });
    expect(await live.closed).toBe(4001);
    // A guest's token lives for a day.
    expect((await guest.ask('unsubscribe', { saleId: 'x' })).type).toBe('reply');
    guest.close();
  });

  it('lives on with a new token of the same account, which is the one that counts from then on', async () => {
    const { accountId } = await shop.visitor('buyer');
    const live = await authenticated(port, { token: await tokenOf(accountId) });
    const silent = await authenticated(port, { token: await tokenOf(accountId) });
    shop.engine.advance((memberSeconds - 10) * 1000);
    live.send({ type: 'authenticate', accessToken: await tokenOf(accountId) });
    await live.frame(() => live.frames.filter(ofType('ready')).length === 2);
    shop.engine.advance(11_000);
    // Sockets are looked at in the order in which they came: the first has been passed by when the second is closed.
    expect(await silent.closed).toBe(4001);
    expect((await live.ask('unsubscribe', { saleId: 'x' })).type).toBe('reply');
    shop.engine.advance(memberSeconds * 1000);
    expect(await live.closed).toBe(4001);
  });

  it('hears tokens that come while another is being checked, the same one too: none is a bad frame', async () => {
    const { accountId } = await shop.visitor('buyer');
    // A gateway that has not seen them has to check them, which takes its time.
    const { port: elsewhere } = await shop.startAnother();
    const tokens = await Promise.all(['ses_1', 'ses_2'].map((session) => tokenOf(accountId, session)));
    for (const protocols of [[], ['doorbuster.msgpack.v1']]) {
      const live = await connect(elsewhere, protocols);
      for (let n = 0; n < 8; n++)
        live.send({ type: 'authenticate', accessToken: tokens[n % tokens.length]! });
      live.send({ type: 'unsubscribe', id: 'behind them', saleId: 'x' });
      await live.frame((frame) => frame.id === 'behind them');
      expect(live.frames.map(({ type }) => type)).toEqual([...Array(8).fill('ready'), 'reply']);
      live.close();
    }
    const changed = await connect(elsewhere);
    changed.send({ type: 'authenticate', accessToken: tokens[0]! });
    changed.send({ type: 'authenticate', accessToken: (await shop.visitor('buyer')).token });
    expect(await changed.closed).toBe(4003);
    // As many as frames may come, and no more.
    const flood = await connect(elsewhere);
    for (let n = 0; n < 100; n++) flood.send({ type: 'authenticate', accessToken: tokens[0]! });
    expect(await flood.closed).toBe(4029);
  });

  it('ends with its session, and those of the account’s other sessions stay', async () => {
    const { accountId } = await shop.visitor('buyer');
    const lost = await authenticated(port, { token: await tokenOf(accountId, 'ses_lost') });
    const kept = await authenticated(port, { token: await tokenOf(accountId, 'ses_kept') });
    const moved = await authenticated(port, { token: await tokenOf(accountId, 'ses_lost') });
    moved.send({ type: 'authenticate', accessToken: await tokenOf(accountId, 'ses_kept') });
    await moved.frame(() => moved.frames.filter(ofType('ready')).length === 2);
    const token = await tokenOf(accountId, 'ses_lost');
    tokensOf(shop.services).revoke([{ sessionId: 'ses_lost', untilMs: shop.engine.now() + 900_000 }]);
    expect(await lost.frame(ofType('error'), 5_000)).toMatchObject({ code: 'invalid_token' });
    expect(await lost.closed).toBe(4001);
    for (const live of [kept, moved])
      expect((await live.ask('unsubscribe', { saleId: 'x' })).type).toBe('reply');
    const late = await connect(port);
    late.send({ type: 'authenticate', accessToken: token });
    expect(await late.closed).toBe(4001);
    kept.close();
    moved.close();
  });
});
