/** An admin grants and takes roles. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { followRevocations } from '../../../src/market/accounts/revocations.ts';
import { routes } from '../../../src/market/accounts/routes.ts';
import { ensureAdmin } from '../../../src/market/accounts/store.ts';
import { openDatabase } from '../../../src/persistence/database.ts';
import { startTestServer, type TestServer } from '../../gateway/harness.ts';
import { type TestDatabase, testDatabase, until } from '../../persistence/support.ts';

let database: TestDatabase;
let server: TestServer;
let stop: () => void;
let admin: SignedIn;
let credentials: { email: string; password: string };
beforeAll(async () => {
  database = await testDatabase();
  server = await startTestServer({ routes, database: openDatabase(database.pool) });
  stop = followRevocations(server.services);
  credentials = (await ensureAdmin(database.pool))!;
  admin = await signIn(credentials);
});
afterAll(async () => {
  stop();
  await server.stop(1_000);
  await database.close();
});

interface SignedIn {
  readonly accountId: string;
  readonly token: string;
  readonly refreshToken: string;
}

async function signIn(body: object): Promise<SignedIn> {
  const { body: answer } = await server.call('POST', '/v1/auth/login', { body });
  const { account, accessToken, refreshToken } = answer;
  return { accountId: account.accountId, token: `Bearer ${accessToken}`, refreshToken };
}

let people = 0;
async function member() {
  const body = {
    email: `member-${++people}@example.com`,
    password: 'correct horse',
    name: 'Ann',
    role: 'buyer',
  };
  const { body: answer } = await server.call('POST', '/v1/auth/register', { body });
  return {
    email: body.email,
    password: body.password,
    accountId: answer.account.accountId,
    token: `Bearer ${answer.accessToken}`,
    refreshToken: answer.refreshToken,
  };
}

const change = (accountId: string, roles: unknown, token = admin.token) =>
  server.call('PATCH', `/v1/admin/accounts/${accountId}`, { token, body: { roles } });

describe('roles', () => {
  test('are granted by an admin, and are there with the next renewal', async () => {
    const who = await member();
    const granted = await change(who.accountId, ['buyer', 'operator', 'seller']);
    expect(granted.status).toBe(200);
    expect(granted.body).toMatchObject({ role: 'operator', roles: ['operator', 'seller', 'buyer'] });
    expect((await server.call('GET', '/v1/me', { token: who.token })).status).toBe(200);
    const renewed = await server.call('POST', '/v1/auth/refresh', {
      body: { refreshToken: who.refreshToken },
    });
    expect(renewed.body.account.roles).toEqual(['operator', 'seller', 'buyer']);
    const { token } = await signIn({ email: who.email, password: who.password });
    expect((await server.call('GET', '/v1/me', { token })).body.roles).toContain('operator');
  });

  test('are taken within 5 s: the account is signed out everywhere', async () => {
    const who = await member();
    await change(who.accountId, ['buyer', 'admin']);
    const powerful = await signIn({ email: who.email, password: who.password });
    expect((await change(who.accountId, ['buyer', 'admin'], powerful.token)).status).toBe(200);
    expect((await change(who.accountId, ['buyer'])).status).toBe(200);
    // At once where it would give the power back, and then everywhere.
    expect((await change(who.accountId, ['admin'], powerful.token)).body.code).toBe('forbidden');
    await until(async () => (await change(who.accountId, ['admin'], powerful.token)).status === 401, 5_000);
    const renewed = await server.call('POST', '/v1/auth/refresh', {
      body: { refreshToken: powerful.refreshToken },
    });
    expect(renewed.body.code).toBe('invalid_token');
    const plain = await signIn({ email: who.email, password: who.password });
    expect((await change(who.accountId, ['admin'], plain.token)).body.code).toBe('forbidden');
  });

  test('stay with the last admin, also when two take each other’s at once', async () => {
    const alone = await change(admin.accountId, ['buyer']);
    expect([alone.status, alone.body.code]).toEqual([409, 'last_admin']);
    const other = await member();
    await change(other.accountId, ['admin']);
    const otherToken = (await signIn({ email: other.email, password: other.password })).token;
    const answers = await Promise.all([
      change(admin.accountId, ['buyer'], otherToken),
      change(other.accountId, ['buyer'], admin.token),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 403]);
    const { rows } = await database.pool.query(`SELECT account_id FROM accounts WHERE 'admin' = ANY (roles)`);
    expect(rows).toHaveLength(1);
    // For the tests that follow there is one again.
    await database.pool.query(`UPDATE accounts SET roles = '{admin}' WHERE account_id = $1`, [
      admin.accountId,
    ]);
    admin = await signIn(credentials);
  });

  test('are an admin’s business, of accounts that exist, and of a known set', async () => {
    const who = await member();
    expect((await change(who.accountId, ['admin'], who.token)).body.code).toBe('forbidden');
    for (const roles of [[], ['guest'], ['king'], ['buyer', 'buyer'], 'buyer', null])
      expect((await change(who.accountId, roles)).body.code).toBe('validation_failed');
    for (const accountId of ['acc_018f0000-0000-7000-8000-000000000009', 'nonsense'])
      expect((await change(accountId, ['buyer'])).body.code).toBe('not_found');
    const { body: guest } = await server.call('POST', '/v1/auth/guest');
    const token = `Bearer ${guest.accessToken}`;
    expect((await change(guest.accountId, ['buyer'])).body.code).toBe('not_found');
    await server.call('PATCH', '/v1/me', { token, body: { name: 'Gus' } });
    expect((await change(guest.accountId, ['buyer'])).body.code).toBe('wrong_state');
  });
});
