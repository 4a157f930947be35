/** What one address may do, at two gateways that count together as two threads of a process do. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Gateway } from '../../src/gateway/gateway.ts';
import { until } from './engine.ts';
import { authenticated, connect, ofType } from './live-client.ts';
import { openShop, type Shop, type Visitor } from './shop.ts';

let shop: Shop;
beforeAll(async () => {
  shop = await openShop();
});
afterAll(() => shop.stop());

/** Two gateways without exempt addresses, behind a proxy on this machine. */
async function two(env: Record<string, string> = {}): Promise<[Gateway, Gateway]> {
  const gateways = await shop.startTwo({ RATE_EXEMPT: '', TRUSTED_PROXIES: '127.0.0.1', ...env });
  return gateways as [Gateway, Gateway];
}

let strangers = 0;
/** An address that nobody had before. */
const stranger = () => ({ 'x-forwarded-for': `198.51.${100 + (++strangers >> 8)}.${strangers & 255}` });

const at = ({ port }: Gateway, target: string) =>
  target.replace(/^(\S+) /, (method) => `${method}http://127.0.0.1:${port}`);

function ask(
  gateway: Gateway,
  who: Visitor | null,
  target: string,
  headers: Record<string, string>,
  body?: unknown,
) {
  return shop.request(who, at(gateway, target), body, headers);
}

describe('requests of one address', () => {
  it('count with a token and without, over HTTP and live, at both gateways', async () => {
    const [one, other] = await two({ RATE_ADDRESS_PER_SECOND: '1', RATE_ADDRESS_BURST: '8' });
    const { saleId } = await shop.openSale(5);
    const [ada, bob] = [await shop.visitor(), await shop.visitor()];
    const from = stranger();
    // The upgrade is a request, too.
    const live = await authenticated(one.port, ada, [], from);
    const read = async (gateway: Gateway, who: Visitor | null) =>
      (await ask(gateway, who, `GET /v1/sales/${saleId}`, from)).status;
    expect([await read(one, null), await read(other, ada), await read(one, bob)]).toEqual([200, 200, 200]);
    expect((await live.ask('join', { saleId })).status).toBe(201);
    expect([await read(other, bob), await read(one, ada), await read(other, null)]).toEqual([200, 200, 200]);
    expect([await read(one, ada), await read(other, await shop.visitor())]).toEqual([429, 429]);
    expect((await live.ask('join', { saleId })).status).toBe(429);
    await expect(connect(one.port, [], from)).rejects.toThrow('429');
    const refused = await ask(one, bob, 'GET /nowhere', from);
    expect([refused.status, refused.body.code]).toEqual([429, 'rate_limited']);
    expect(refused.headers.get('ratelimit-policy')).toBe('"address";q=8;w=8');
    expect(refused.headers.get('ratelimit')).toBe('"address";r=0;t=1');
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(await ask(one, bob, `GET /v1/sales/${saleId}`, stranger())).toMatchObject({ status: 200 });
    shop.engine.advance(1_000);
    expect([await read(one, ada), await read(other, ada)]).toEqual([200, 429]);
    live.close();
  });

  it('of one account count at both gateways, from however many addresses', async () => {
    const [one, other] = await two({ RATE_ACCOUNT_PER_SECOND: '1', RATE_ACCOUNT_BURST: '4' });
    const { saleId } = await shop.openSale(5);
    const ada = await shop.visitor();
    const read = async (gateway: Gateway) =>
      (await ask(gateway, ada, `GET /v1/sales/${saleId}`, stranger())).status;
    expect([await read(one), await read(other), await read(one), await read(other)]).toEqual(
      Array(4).fill(200),
    );
    expect([await read(one), await read(other)]).toEqual([429, 429]);
  });
});

describe('guests of one address', () => {
  it('are sixty at once and then thirty a minute, at both gateways together', async () => {
    const gateways = await two();
    const from = stranger();
    const create = async (n: number) =>
      (await ask(gateways[n % 2]!, null, 'POST /v1/auth/guest', from)).status;
    const statuses = [];
    for (let n = 0; n < 70; n++) statuses.push(await create(n));
    expect(statuses.filter((status) => status === 201)).toHaveLength(60);
    expect(statuses.slice(60)).toEqual(Array(10).fill(429));
    const refused = await ask(gateways[0], null, 'POST /v1/auth/guest', from);
    expect(refused.headers.get('ratelimit-policy')).toBe('"guest";q=60;w=120');
    expect(refused.headers.get('retry-after')).toBe('2');
    shop.engine.advance(60_000);
    const later = [];
    for (let n = 0; n < 31; n++) later.push(await create(n));
    expect(later.filter((status) => status === 201)).toHaveLength(30);
    expect((await ask(gateways[0], null, 'POST /v1/auth/guest', stranger())).status).toBe(201);
  });

  it('share an IPv6 address when they share its /64', async () => {
    const [gateway] = await two({ RATE_GUEST_BURST: '2' });
    const create = async (address: string) =>
      (await ask(gateway, null, 'POST /v1/auth/guest', { 'x-forwarded-for': address })).status;
    expect([await create('2001:db8:1:1::1'), await create('[2001:db8:1:1:ffff::2]:443')]).toEqual([201, 201]);
    expect([await create('2001:DB8:1:1::3'), await create('2001:db8:1:2::1')]).toEqual([429, 201]);
  });
});

describe('refused tokens and unknown paths of one address', () => {
  it('are sixty a minute together, and say so over HTTP and live; what is good is served', async () => {
    const [one, other] = await two();
    const { saleId } = await shop.openSale(5);
    const from = stranger();
    const ada = await shop.visitor();
    const forged = { ...ada, token: `${ada.token.slice(0, -4)}AAAA` };
    const path = `GET /v1/sales/${saleId}/tickets/mine`;
    const statuses = [];
    for (let n = 0; n < 30; n++) {
      statuses.push((await ask(one, { ...forged, token: `${forged.token}${n}` }, path, from)).status);
      statuses.push((await ask(other, null, `GET /wp-admin/${n}`, from)).status);
    }
    expect(new Set(statuses)).toEqual(new Set([401, 404]));
    const [token, page] = [await ask(other, forged, path, from), await ask(one, ada, 'GET /.env', from)];
    expect([token.status, page.status]).toEqual([429, 429]);
    expect(page.headers.get('ratelimit-policy')).toBe('"refused";q=60;w=60');
    const live = await connect(one.port, [], from);
    live.send({ type: 'authenticate', accessToken: forged.token });
    expect((await live.frame(ofType('error'))).code).toBe('rate_limited');
    expect(await live.closed).toBe(4029);
    expect((await ask(one, ada, `GET /v1/sales/${saleId}`, from)).status).toBe(200);
    expect((await ask(one, null, 'GET /.env', stranger())).status).toBe(404);
    // Where no token is needed a bad one is ignored, and not refused.
    expect((await ask(one, forged, `GET /v1/sales/${saleId}`, from)).status).toBe(200);
  });
});

describe('live sockets of one address', () => {
  it('are bounded over both gateways, refused at the upgrade, and free again when they close', async () => {
    const [one, other] = await two({ CONNECTIONS_PER_ADDRESS_MAX: '4' });
    const from = stranger();
    const open = [];
    for (let n = 0; n < 4; n++) open.push(await connect([one, other][n % 2]!.port, [], from));
    for (const { port } of [one, other]) await expect(connect(port, [], from)).rejects.toThrow('429');
    open.push(await connect(one.port, [], stranger()));
    open[0]!.close();
    await until(() => one.stats().live.connections === 2);
    open.push(await connect(other.port, [], from));
    await expect(connect(one.port, [], from)).rejects.toThrow('429');
    for (const client of open) client.close();
    await until(() => one.stats().live.connections + other.stats().live.connections === 0);
    const again = await connect(other.port, [], from);
    again.close();
  });
});

describe('one customer’s /48, which is 65,536 addresses', () => {
  let sites = 0;
  /** Addresses of one /48, each of another /64. */
  function site() {
    const prefix = `2001:db8:${(++sites).toString(16)}`;
    return (n: number) => ({ 'x-forwarded-for': `${prefix}:${n.toString(16)}::1` });
  }
  const elsewhere = () => site()(1);

  it('makes as many guests as sixteen addresses, at both gateways together', async () => {
    const gateways = await two({ RATE_GUEST_BURST: '3' });
    const from = site();
    const create = async (n: number, headers: Record<string, string>) =>
      (await ask(gateways[n % 2]!, null, 'POST /v1/auth/guest', headers)).status;
    const statuses = [];
    const beganMs = performance.now();
    for (let n = 0; n < 60; n++) statuses.push(await create(n, from(n)));
    // Eight a second come back.
    const cameBack = Math.ceil(((performance.now() - beganMs) / 1_000) * 8);
    expect(statuses.slice(0, 48)).toEqual(Array(48).fill(201));
    const made = statuses.filter((status) => status === 201).length;
    expect(made).toBeLessThanOrEqual(48 + cameBack);
    if (cameBack < 12) expect(statuses).toContain(429);
    while ((await create(0, from(69))) !== 429);
    const refused = await ask(gateways[0], null, 'POST /v1/auth/guest', from(70));
    expect(refused.headers.get('ratelimit-policy')).toBe('"guest-site";q=48;w=6');
    expect(await create(0, elsewhere())).toBe(201);
    // What the site was refused its addresses have still, and one address alone drains no site.
    shop.engine.advance(60_000);
    const [single, neighbour] = [site(), stranger()];
    for (let n = 0; n < 60; n++) await create(n, single(1));
    expect([await create(0, single(2)), await create(0, neighbour)]).toEqual([201, 201]);
  });

  it('is refused tokens and unknown paths as often as sixteen addresses, over HTTP and live', async () => {
    const [one, other] = await two({ RATE_REFUSED_PER_MINUTE: '2' });
    const from = site();
    for (let n = 0; n < 32; n++)
      expect((await ask([one, other][n % 2]!, null, 'GET /nowhere', from(n))).status).toBe(404);
    expect((await ask(one, null, 'GET /nowhere', from(99))).status).toBe(429);
    const live = await connect(other.port, [], from(100));
    live.send({ type: 'authenticate', accessToken: 'forged' });
    expect(await live.closed).toBe(4029);
    expect((await ask(one, null, 'GET /nowhere', elsewhere())).status).toBe(404);
  });

  it('has as many live sockets as sixteen addresses, and is served without limits where it is exempt', async () => {
    const [one, other] = await two({ CONNECTIONS_PER_ADDRESS_MAX: '2' });
    const from = site();
    const open = [];
    for (let n = 0; n < 32; n++) open.push(await connect([one, other][n % 2]!.port, [], from(n)));
    for (const { port } of [one, other]) await expect(connect(port, [], from(99))).rejects.toThrow('429');
    open.push(await connect(one.port, [], elsewhere()));
    open[0]!.close();
    await until(() => one.stats().live.connections === 16);
    open.push(await connect(other.port, [], from(99)));
    for (const client of open) client.close();
    const [free] = await two({ CONNECTIONS_PER_ADDRESS_MAX: '1', RATE_EXEMPT: '2001:db8::/32' });
    const many = await Promise.all(Array.from({ length: 20 }, () => connect(free.port, [], from(1))));
    for (const client of many) client.close();
  });
});

describe('tickets of one /48', () => {
  it('are sixteen times as many as those of an address, over HTTP and live', async () => {
    const [one, other] = await two();
    const { saleId } = await shop.openSale(50, {
      queueing: { ticketsPerAddress: 1, releasePerSecond: 1, activeLimit: 1 },
    });
    const from = (n: number) => ({ 'x-forwarded-for': `2001:db8:ffff:${n.toString(16)}::1` });
    const join = async (n: number, headers = from(n)) =>
      ask(one, await shop.visitor(), `POST /v1/sales/${saleId}/tickets`, headers, {});
    for (let n = 0; n < 15; n++) expect((await join(n)).status).toBe(201);
    const live = await authenticated(other.port, await shop.visitor(), [], from(20));
    expect((await live.ask('join', { saleId })).status).toBe(201);
    const refused = await join(21);
    expect([refused.status, refused.body.code, refused.body.limit]).toEqual([429, 'address_limit', 16]);
    const late = await authenticated(other.port, await shop.visitor(), [], from(22));
    expect((await late.ask('join', { saleId })).body).toMatchObject({ code: 'address_limit', limit: 16 });
    expect((await join(0, stranger())).status).toBe(201);
    expect((await live.ask('leave', { saleId })).status).toBe(200);
    expect((await late.ask('join', { saleId })).status).toBe(201);
    live.close();
    late.close();
  });
});

describe('X-Forwarded-For', () => {
  const guestsOf = async (gateway: Gateway, ...headers: string[]) => {
    const statuses = [];
    for (const header of headers)
      statuses.push((await ask(gateway, null, 'POST /v1/auth/guest', { 'x-forwarded-for': header })).status);
    return statuses;
  };

  it('of a peer that is no proxy of ours is not believed', async () => {
    const [gateway] = await two({ RATE_GUEST_BURST: '2', TRUSTED_PROXIES: '10.0.0.0/8' });
    const said = ['192.0.2.1', '192.0.2.2', '192.0.2.3', '10.0.0.1'];
    expect(await guestsOf(gateway, ...said)).toEqual([201, 201, 429, 429]);
    const from = (n: number) => ({ 'x-forwarded-for': `192.0.2.${n}` });
    const narrow = (await two({ CONNECTIONS_PER_ADDRESS_MAX: '1', TRUSTED_PROXIES: '' }))[0];
    const only = await connect(narrow.port, [], from(1));
    await expect(connect(narrow.port, [], from(2))).rejects.toThrow('429');
    only.close();
  });

  it('of a proxy is believed only from the right, and a proxy that says nothing stands for all', async () => {
    const [gateway] = await two({ RATE_GUEST_BURST: '1', RATE_EXEMPT: '127.0.0.0/8' });
    expect(await guestsOf(gateway, '192.0.2.1', '192.0.2.9, 192.0.2.1', '192.0.2.1, 127.0.0.1')).toEqual([
      201, 429, 429,
    ]);
    expect(await guestsOf(gateway, 'unknown', 'garbage', ',', 'x'.repeat(2_000))).toEqual([
      201, 429, 429, 429,
    ]);
    const bare = await shop.request(null, at(gateway, 'POST /v1/auth/guest'));
    expect(bare.status).toBe(429);
  });
});

describe('tickets of one address', () => {
  it('are as many as the sale says, over HTTP and live; who leaves makes room', async () => {
    const [one, other] = await two();
    const { saleId } = await shop.openSale(50, {
      queueing: { ticketsPerAddress: 3, releasePerSecond: 1, activeLimit: 1 },
    });
    const from = stranger();
    const path = `/v1/sales/${saleId}/tickets`;
    const join = (gateway: Gateway, who: Visitor, headers = from) =>
      ask(gateway, who, `POST ${path}`, headers, {});
    const buyers = await Promise.all(Array.from({ length: 6 }, () => shop.visitor()));
    const live = await authenticated(other.port, buyers[2]!, [], from);
    const late = await authenticated(one.port, buyers[3]!, [], from);
    const statuses = [(await join(one, buyers[0]!)).status, (await join(other, buyers[1]!)).status];
    statuses.push((await live.ask('join', { saleId })).status);
    expect(statuses).toEqual([201, 201, 201]);
    const refused = await join(one, buyers[4]!);
    expect([refused.status, refused.body.code, refused.body.limit]).toEqual([429, 'address_limit', 3]);
    const overLive = await late.ask('join', { saleId });
    expect([overLive.status, overLive.body.code]).toEqual([429, 'address_limit']);
    expect((await join(one, buyers[4]!, stranger())).status).toBe(201);
    expect((await join(other, buyers[0]!)).status).toBe(200);
    expect((await live.ask('leave', { saleId })).status).toBe(200);
    expect((await late.ask('join', { saleId })).status).toBe(201);
    expect((await join(one, buyers[5]!)).status).toBe(429);
    live.close();
    late.close();
  });

  it('are not bounded for an exempt address, nor in a sale that says null', async () => {
    const { saleId } = await shop.openSale(50, { queueing: { ticketsPerAddress: 1 } });
    for (let n = 0; n < 3; n++) {
      const joined = await shop.request(await shop.visitor(), `POST /v1/sales/${saleId}/tickets`, {});
      expect(joined.status).toBe(201);
    }
    const [gateway] = await two();
    const open = await shop.openSale(50, { queueing: { ticketsPerAddress: null } });
    const from = stranger();
    for (let n = 0; n < 25; n++) {
      const path = `POST /v1/sales/${open.saleId}/tickets`;
      expect((await ask(gateway, await shop.visitor(), path, from, {})).status).toBe(201);
    }
  });

  it('are twenty by default: 240 guests over 4 connections hold no more units than that', async () => {
    const gateways = await two();
    const units = 200;
    const { saleId, sku } = await shop.openSale(units);
    const from = stranger();
    const guests = await Promise.all(Array.from({ length: 240 }, () => shop.visitor()));
    const held = await Promise.all(
      [0, 1, 2, 3].map(async (connection) => {
        const gateway = gateways[connection % 2]!;
        let units = 0;
        for (const guest of guests.filter((_, n) => n % 4 === connection))
          if (await holdsOne(gateway, guest, from, saleId, sku)) units += 1;
        return units;
      }),
    );
    expect(held.reduce((sum, units) => sum + units, 0)).toBe(20);
    const somebodyElse = await shop.visitor();
    expect(await holdsOne(gateways[0], somebodyElse, stranger(), saleId, sku)).toBe(true);
  });
});

async function holdsOne(
  gateway: Gateway,
  guest: Visitor,
  from: Record<string, string>,
  saleId: string,
  sku: string,
): Promise<boolean> {
  const tickets = `/v1/sales/${saleId}/tickets`;
  const joined = await ask(gateway, guest, `POST ${tickets}`, from, {});
  if (joined.status === 429) {
    expect(joined.body.code).toBe('address_limit');
    return false;
  }
  expect(joined.status).toBe(201);
  const admission = await until(
    async () => (await ask(gateway, guest, `GET ${tickets}/mine`, from)).body.admission,
  );
  const headers = { ...from, 'admission-token': admission.token };
  const body = { holdId: randomUUID(), sku, quantity: 1 };
  const hold = await ask(gateway, guest, `POST /v1/sales/${saleId}/holds`, headers, body);
  return hold.status === 201;
}
