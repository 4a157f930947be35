/** Guests: a token, no row, and an account once they register. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tokensOf } from '../../../src/gateway/tokens.ts';
import { routes } from '../../../src/market/accounts/routes.ts';
import { openDatabase } from '../../../src/persistence/database.ts';
import { startTestServer, type TestServer } from '../../gateway/harness.ts';
import { type TestDatabase, testDatabase } from '../../persistence/support.ts';

let database: TestDatabase;
let server: TestServer;
beforeAll(async () => {
  database = await testDatabase();
  server = await startTestServer({ routes, database: openDatabase(database.pool) });
});
afterAll(async () => {
  await server.stop(1_000);
  await database.close();
});

const address = { name: 'Gus', line1: '1 High St', city: 'York', postalCode: 'YO1', country: 'GB' };
let emails = 0;
const newcomer = (change: object = {}) => ({
  email: `guest-${++emails}@example.com`,
  password: 'correct horse',
  name: 'Gus',
  role: 'buyer',
  ...change,
});

async function newGuest() {
  const { status, body } = await server.call('POST', '/v1/auth/guest');
  expect(status).toBe(201);
  return { ...body, token: `Bearer ${body.accessToken}` };
}
const refresh = (refreshToken: string) => server.call('POST', '/v1/auth/refresh', { body: { refreshToken } });
const register = (token: string | undefined, body: object) =>
  server.call('POST', '/v1/auth/register', { body, ...(token === undefined ? {} : { token }) });
async function rowsOf(accountId: string): Promise<number> {
  const { rows } = await database.pool.query(
    `SELECT 1 FROM accounts WHERE account_id = $1 UNION ALL SELECT 1 FROM sessions WHERE account_id = $1`,
    [accountId],
  );
  return rows.length;
}

describe("a guest's refresh token", () => {
  test('costs no row until it is used, and then renews the same guest', async () => {
    const guest = await newGuest();
    expect(await rowsOf(guest.accountId)).toBe(0);
    const { status, body } = await refresh(guest.refreshToken);
    expect([status, body.account.accountId, body.account.role]).toEqual([200, guest.accountId, 'guest']);
    expect(body.expiresIn).toBe(86_400);
    expect(await rowsOf(guest.accountId)).toBe(2);
    const me = await server.call('GET', '/v1/me', { token: `Bearer ${body.accessToken}` });
    expect(me.body).toMatchObject({ accountId: guest.accountId, role: 'guest', roles: ['guest'] });
  });

  test('that two tabs use at once gives both the same successor; reuse later ends the family', async () => {
    const guest = await newGuest();
    const answers = await Promise.all([1, 2, 3].map(() => refresh(guest.refreshToken)));
    const [next, ...others] = answers.map(({ body }) => body.refreshToken);
    expect(others).toEqual([next, next]);
    const newest = (await refresh(next)).body.refreshToken;
    expect((await refresh(guest.refreshToken)).body.code).toBe('invalid_token');
    expect((await refresh(newest)).body.code).toBe('invalid_token');
  });

  test('that registers with an idempotency key gets the same answer again, although its token has ended', async () => {
    const guest = await newGuest();
    const call = { body: newcomer(), token: guest.token, headers: { 'idempotency-key': 'open-it' } };
    const first = await server.call('POST', '/v1/auth/register', call);
    expect(first.status).toBe(201);
    const session = `ses_${guest.accountId.slice(4)}`;
    tokensOf(server.services).revoke([{ sessionId: session, untilMs: Date.now() + 60_000 }]);
    expect((await server.call('GET', '/v1/me', { token: guest.token })).status).toBe(401);
    const again = await server.call('POST', '/v1/auth/register', call);
    expect([again.status, again.body]).toEqual([201, first.body]);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
  });

  test('is the same again for a repeat of the request with its idempotency key', async () => {
    const headers = { 'idempotency-key': 'this-visit' };
    const first = await server.call('POST', '/v1/auth/guest', { headers });
    const again = await server.call('POST', '/v1/auth/guest', { headers });
    expect([again.status, again.body]).toEqual([201, first.body]);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    const kept = JSON.stringify(server.shards.commands.slice(-3));
    for (const token of [first.body.accessToken, first.body.refreshToken]) expect(kept).not.toContain(token);
  });

  test('after a logout stays ended, also when sessions are tidied up', async () => {
    const guest = await newGuest();
    const out = await server.call('POST', '/v1/auth/logout', { body: { refreshToken: guest.refreshToken } });
    expect(out.status).toBe(204);
    await database.pool.query(
      `UPDATE sessions SET revoked_until = now() - interval '1 day' WHERE account_id = $1`,
      [guest.accountId],
    );
    const { forgetSpentSessions } = await import('../../../src/market/accounts/sessions.ts');
    await forgetSpentSessions(openDatabase(database.pool).query);
    expect((await refresh(guest.refreshToken)).body.code).toBe('invalid_token');
  });

  test('of another id is not made by changing one', async () => {
    const [one, other] = [await newGuest(), await newGuest()];
    const [, generation, signature] = one.refreshToken.split('.');
    const [otherSession] = other.refreshToken.split('.');
    expect((await refresh(`${otherSession}.${generation}.${signature}`)).body.code).toBe('invalid_token');
    expect(await rowsOf(other.accountId)).toBe(0);
  });
});

describe('a guest who registers', () => {
  test('keeps the account and what is in it', async () => {
    const guest = await newGuest();
    await server.call('POST', '/v1/me/addresses', { token: guest.token, body: address });
    const { status, body } = await register(guest.token, newcomer({ role: 'seller' }));
    expect([status, body.account.accountId]).toEqual([201, guest.accountId]);
    expect(body.account).toMatchObject({ role: 'seller', roles: ['seller'] });
    const token = `Bearer ${body.accessToken}`;
    expect((await server.call('GET', '/v1/me/addresses', { token })).body.items).toHaveLength(1);
    expect((await refresh(body.refreshToken)).status).toBe(200);
  });

  test('is one account, however often and however fast', async () => {
    const guest = await newGuest();
    const answers = await Promise.all([1, 2, 3, 4].map(() => register(guest.token, newcomer())));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409]);
    expect((await register(guest.token, newcomer())).body.code).toBe('wrong_state');
    const made = answers.find(({ status }) => status === 201)!.body.account;
    expect(made.accountId).toBe(guest.accountId);
    const { rows } = await database.pool.query('SELECT email FROM accounts WHERE account_id = $1', [
      guest.accountId,
    ]);
    expect(rows).toEqual([{ email: made.email }]);
  });

  test('under an address that is taken stays a guest', async () => {
    const taken = newcomer();
    await register(undefined, taken);
    const guest = await newGuest();
    expect((await register(guest.token, taken)).body.code).toBe('email_taken');
    expect((await server.call('GET', '/v1/me', { token: guest.token })).body.role).toBe('guest');
    expect((await register(guest.token, newcomer())).status).toBe(201);
  });

  test('has no more use for the tokens of before: whoever else has them is no part of the account', async () => {
    const guest = await newGuest();
    await register(guest.token, newcomer());
    expect((await refresh(guest.refreshToken)).body.code).toBe('invalid_token');
    const { rows } = await database.pool.query(
      'SELECT revoked_by IS NOT NULL AS ended FROM sessions WHERE account_id = $1 ORDER BY ended',
      [guest.accountId],
    );
    expect(rows).toEqual([{ ended: false }, { ended: true }]);
  });

  test('with somebody else’s token, or none that is good, opens a new account', async () => {
    const { body } = await register(undefined, newcomer());
    const second = await register(`Bearer ${body.accessToken}`, newcomer());
    expect(second.status).toBe(201);
    expect(second.body.account.accountId).not.toBe(body.account.accountId);
    expect((await register('Bearer nonsense', newcomer())).status).toBe(201);
  });
});

describe('signing in with a guest’s token', () => {
  test('signs in to the account; the guest keeps what is the guest’s', async () => {
    const who = newcomer();
    const { body: account } = await register(undefined, who);
    const guest = await newGuest();
    const body = { email: who.email, password: who.password, guestToken: guest.accessToken };
    const login = await server.call('POST', '/v1/auth/login', { body });
    expect([login.status, login.body.account.accountId]).toEqual([200, account.account.accountId]);
    expect((await server.call('GET', '/v1/me', { token: guest.token })).body.accountId).toBe(guest.accountId);
  });

  test('that is not one is refused, and names the field', async () => {
    const who = newcomer();
    const { body: account } = await register(undefined, who);
    for (const guestToken of ['nonsense', '', account.accessToken, 7]) {
      const body = { email: who.email, password: who.password, guestToken };
      const login = await server.call('POST', '/v1/auth/login', { body });
      expect([login.status, login.body.code, login.body.errors[0].path]).toEqual([
        400,
        'validation_failed',
        '/guestToken',
      ]);
    }
  });
});
