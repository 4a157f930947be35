/** What ends a session ends its live sockets, on every gateway of the database, within five seconds. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Gateway, startGateway } from '../../../src/gateway/gateway.ts';
import { followRevocations } from '../../../src/market/accounts/revocations.ts';
import { routes } from '../../../src/market/accounts/routes.ts';
import { ensureAdmin } from '../../../src/market/accounts/store.ts';
import { openDatabase } from '../../../src/persistence/database.ts';
import { startTestServer, type TestServer, uploadFolder } from '../../gateway/harness.ts';
import { authenticated, type LiveClient } from '../../gateway/live-client.ts';
import { type TestDatabase, testDatabase } from '../../persistence/support.ts';

const about = { title: 'Test', version: '1', description: 'A test' };
let database: TestDatabase;
const servers: TestServer[] = [];
const gateways: Gateway[] = [];
const stops: (() => void)[] = [];
beforeAll(async () => {
  database = await testDatabase();
  for (let i = 0; i < 2; i++) {
    const server = await startTestServer({ routes, database: openDatabase(database.pool) });
    const { services } = server;
    servers.push(server);
    gateways.push(
      await startGateway({ services, routes, live: [], about, host: '127.0.0.1', port: 0, uploadFolder }),
    );
    stops.push(followRevocations(services));
  }
});
afterAll(async () => {
  for (const stop of stops) stop();
  await Promise.all([
    ...gateways.map((gateway) => gateway.stop(0)),
    ...servers.map((server) => server.stop(0)),
  ]);
  await database.close();
});

const call: TestServer['call'] = (...asked) => servers[0]!.call(...asked);
const password = 'correct horse';
let people = 0;

/** Two sessions of one account, each with a socket at either gateway. */
async function connected() {
  const email = `live-${++people}@example.com`;
  const first = (
    await call('POST', '/v1/auth/register', { body: { email, password, name: 'Ann', role: 'buyer' } })
  ).body;
  const second = (await call('POST', '/v1/auth/login', { body: { email, password } })).body;
  const sockets = (token: string) => Promise.all(gateways.map(({ port }) => authenticated(port, { token })));
  return {
    accountId: first.account.accountId,
    token: `Bearer ${first.accessToken}`,
    refreshToken: first.refreshToken,
    firsts: await sockets(first.accessToken),
    seconds: await sockets(second.accessToken),
  };
}

async function expectClosed(sockets: readonly LiveClient[]): Promise<void> {
  const sinceMs = performance.now();
  expect(await Promise.all(sockets.map(({ closed }) => closed))).toEqual(sockets.map(() => 4001));
  expect(performance.now() - sinceMs).toBeLessThan(5_000);
}

async function expectOpen(sockets: readonly LiveClient[]): Promise<void> {
  for (const socket of sockets) {
    expect((await socket.ask('unsubscribe', { saleId: 'x' })).type).toBe('reply');
    socket.close();
  }
}

describe('live sockets end within 5 s, at every gateway,', () => {
  test('with a change of the password', async () => {
    const { token, firsts, seconds } = await connected();
    const body = { password: 'battery staple', currentPassword: password };
    expect((await call('PATCH', '/v1/me', { token, body })).status).toBe(200);
    await expectClosed([...firsts, ...seconds]);
  });

  test('with a logout everywhere', async () => {
    const { token, firsts, seconds } = await connected();
    const out = await call('POST', '/v1/auth/logout', { token, body: { everywhere: true } });
    expect(out.status).toBe(204);
    await expectClosed([...firsts, ...seconds]);
  });

  test('with the logout of their session, and others stay', async () => {
    const { refreshToken, firsts, seconds } = await connected();
    await call('POST', '/v1/auth/logout', { body: { refreshToken } });
    await expectClosed(firsts);
    await expectOpen(seconds);
  });

  test('with the end of their session in the list of sessions, and others stay', async () => {
    const { token, firsts, seconds } = await connected();
    const { items } = (await call('GET', '/v1/me/sessions', { token })).body;
    const other = items.find(({ current }: { current: boolean }) => !current);
    expect((await call('DELETE', `/v1/me/sessions/${other.sessionId}`, { token })).status).toBe(204);
    await expectClosed(seconds);
    await expectOpen(firsts);
  });

  test('with a role that an admin takes', async () => {
    const { accountId, firsts, seconds } = await connected();
    const body = (await ensureAdmin(database.pool))!;
    const token = `Bearer ${(await call('POST', '/v1/auth/login', { body })).body.accessToken}`;
    const granted = await call('PATCH', `/v1/admin/accounts/${accountId}`, {
      token,
      body: { roles: ['buyer', 'operator'] },
    });
    expect(granted.status).toBe(200);
    await call('PATCH', `/v1/admin/accounts/${accountId}`, { token, body: { roles: ['buyer'] } });
    await expectClosed([...firsts, ...seconds]);
  });

  test('of a guest who registers, unless they show the new token', async () => {
    const { body: guest } = await call('POST', '/v1/auth/guest');
    const [left, moved] = await Promise.all(
      gateways.map(({ port }) => authenticated(port, { token: guest.accessToken })),
    );
    const { body } = await call('POST', '/v1/auth/register', {
      token: `Bearer ${guest.accessToken}`,
      body: { email: `live-${++people}@example.com`, password, name: 'Gus', role: 'buyer' },
    });
    moved!.send({ type: 'authenticate', accessToken: body.accessToken });
    await expectClosed([left!]);
    await expectOpen([moved!]);
  });
});
