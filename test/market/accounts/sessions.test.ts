/** Where an account is signed in, as its owner sees it, and ending one of its sessions. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../../../src/gateway/handling.ts';
import { guestSessionId, tokensOf } from '../../../src/gateway/tokens.ts';
import { routes } from '../../../src/market/accounts/routes.ts';
import { readEndedSessions } from '../../../src/market/accounts/sessions.ts';
import { openDatabase } from '../../../src/persistence/database.ts';
import { startTestServer, type TestServer } from '../../gateway/harness.ts';
import { type TestDatabase, testDatabase } from '../../persistence/support.ts';
import { sessionStore } from './session-store.ts';

let database: TestDatabase;
let server: TestServer;
beforeAll(async () => {
  database = await testDatabase();
  server = await startTestServer({
    routes,
    database: openDatabase(database.pool),
    ...sessionStore().options,
    env: { TRUSTED_PROXIES: '127.0.0.0/8', RATE_EXEMPT: '' },
  });
});
afterAll(async () => {
  await server.stop(1_000);
  await database.close();
});

const password = 'correct horse';
let people = 0;
const from = (address: string, userAgent: string) => ({
  'x-forwarded-for': address,
  'user-agent': userAgent,
});
const phone = from('198.51.100.7', 'Phone/1');
const desk = from('2001:db8::7', 'Desk/2');

async function registered() {
  const email = `where-${++people}@example.com`;
  const body = { email, password, name: 'Ann', role: 'buyer' };
  const answer = await server.call('POST', '/v1/auth/register', { body, headers: phone });
  expect(answer.status).toBe(201);
  return { email, ...answer.body, token: `Bearer ${answer.body.accessToken}` };
}
async function signedIn(email: string) {
  const { body } = await server.call('POST', '/v1/auth/login', { body: { email, password }, headers: desk });
  return { ...body, token: `Bearer ${body.accessToken}` };
}
const sessionsOf = (token: string, headers = phone, query = '') =>
  server.call('GET', `/v1/me/sessions${query}`, { token, headers });
const end = (token: string, sessionId: string) =>
  server.call('DELETE', `/v1/me/sessions/${sessionId}`, { token });

describe('the sessions of an account', () => {
  test('are listed newest first, with where they are and which one asks', async () => {
    const first = await registered();
    await signedIn(first.email);
    const { status, body } = await sessionsOf(first.token);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      items: [
        { address: '2001:db8:0:0:0:0:0:7', userAgent: 'Desk/2', current: false },
        { address: '198.51.100.7', userAgent: 'Phone/1', current: true },
      ],
      nextCursor: null,
    });
    for (const { sessionId, createdAt, lastSeenAt } of body.items) {
      expect(sessionId).toMatch(/^ses_/);
      expect(Date.parse(lastSeenAt)).toBeGreaterThanOrEqual(Date.parse(createdAt));
    }
  });

  test('show what they were renewed from last, and the asking one what it asks from', async () => {
    const first = await registered();
    const second = await signedIn(first.email);
    const before = (await sessionsOf(second.token, desk)).body.items[1];
    const renewed = await server.call('POST', '/v1/auth/refresh', {
      body: { refreshToken: first.refreshToken },
      headers: from('203.0.113.9', 'Phone/2'),
    });
    expect(renewed.status).toBe(200);
    const [asking, other] = (await sessionsOf(second.token, from('192.0.2.1', 'Desk/3'))).body.items;
    expect(asking).toMatchObject({ current: true, address: '192.0.2.1', userAgent: 'Desk/3' });
    expect(other).toMatchObject({ current: false, address: '203.0.113.9', userAgent: 'Phone/2' });
    expect(Date.parse(other.lastSeenAt)).toBeGreaterThan(Date.parse(before.lastSeenAt));
  });

  test('come page by page, and are nobody else’s', async () => {
    const { email, token } = await registered();
    for (let n = 0; n < 2; n++) await signedIn(email);
    const first = (await sessionsOf(token, phone, '?limit=2')).body;
    const second = (await sessionsOf(token, phone, `?limit=2&cursor=${first.nextCursor}`)).body;
    expect([first.items.length, second.items.length, second.nextCursor]).toEqual([2, 1, null]);
    expect(second.items[0].current).toBe(true);
    expect((await sessionsOf(token, phone, '?cursor=nonsense')).body.code).toBe('validation_failed');
    expect((await sessionsOf((await registered()).token)).body.items).toHaveLength(1);
    expect((await server.call('GET', '/v1/me/sessions')).status).toBe(401);
  });

  test('of a guest are the asking one, before and after the first renewal', async () => {
    const { body: guest } = await server.call('POST', '/v1/auth/guest', { headers: phone });
    const sessionId = guestSessionId(guest.accountId);
    const asked = () => sessionsOf(`Bearer ${guest.accessToken}`, desk);
    const one = { sessionId, current: true, address: '2001:db8:0:0:0:0:0:7', userAgent: 'Desk/2' };
    expect((await asked()).body.items).toMatchObject([one]);
    await server.call('POST', '/v1/auth/refresh', { body: { refreshToken: guest.refreshToken } });
    expect((await asked()).body.items).toMatchObject([one]);
  });

  test('say of a user agent only what can be seen, and not more than it needs', async () => {
    const { email } = await registered();
    const sent = { 'user-agent': `\u00a9 <b>\t${'x'.repeat(400)}` };
    const { body } = await server.call('POST', '/v1/auth/login', {
      body: { email, password },
      headers: sent,
    });
    const token = `Bearer ${body.accessToken}`;
    const [session] = (await server.call('GET', '/v1/me/sessions', { token, headers: sent })).body.items;
    expect(session.userAgent).toHaveLength(300);
    expect(session.userAgent).toMatch(/^[\x20-\x7e\xa0-\xff]+$/);
  });

  test.runIf(sessionStore().takesEarlier)(
    'of an earlier version, which kept no places, are listed without',
    async () => {
      const { account, token } = await registered();
      const sessionId = newId('session');
      await database.pool.query(
        `INSERT INTO sessions (session_id, account_id, expires_at) VALUES ($1, $2, now() + interval '1 day')`,
        [sessionId, account.accountId],
      );
      expect((await sessionsOf(token)).body.items[0]).toMatchObject({
        sessionId,
        address: null,
        userAgent: null,
      });
    },
  );
});

describe('ending one session', () => {
  test('revokes its tokens and leaves the others, and it is listed no more', async () => {
    const first = await registered();
    const second = await signedIn(first.email);
    const [{ sessionId }] = (await sessionsOf(second.token)).body.items;
    expect((await end(first.token, sessionId)).status).toBe(204);
    const renew = (refreshToken: string) =>
      server.call('POST', '/v1/auth/refresh', { body: { refreshToken } });
    expect((await renew(second.refreshToken)).body.code).toBe('invalid_token');
    expect((await renew(first.refreshToken)).status).toBe(200);
    expect((await sessionsOf(first.token)).body.items).toMatchObject([{ current: true }]);
    const { ended } = await readEndedSessions(openDatabase(database.pool), '0');
    expect(ended.map((one) => one.sessionId)).toContain(sessionId);
    expect((await end(first.token, sessionId)).body.code).toBe('not_found');
  });

  test('can end the asking one, a guest’s too', async () => {
    const { body: guest } = await server.call('POST', '/v1/auth/guest');
    const sessionId = guestSessionId(guest.accountId);
    expect((await end(`Bearer ${guest.accessToken}`, sessionId)).status).toBe(204);
    const renewed = await server.call('POST', '/v1/auth/refresh', {
      body: { refreshToken: guest.refreshToken },
    });
    expect(renewed.body.code).toBe('invalid_token');
    tokensOf(server.services).revoke([{ sessionId, untilMs: Date.now() + 60_000 }]);
    expect((await sessionsOf(`Bearer ${guest.accessToken}`)).status).toBe(401);
  });

  test('is refused for somebody else’s, for one that never was, and for what is no id', async () => {
    const mine = await registered();
    const theirs = await registered();
    const [{ sessionId }] = (await sessionsOf(theirs.token)).body.items;
    for (const id of [sessionId, newId('session'), 'nonsense', guestSessionId(theirs.account.accountId)])
      expect((await end(mine.token, id)).body.code).toBe('not_found');
    expect((await sessionsOf(theirs.token)).body.items).toHaveLength(1);
  });
});
