/** An administrator finds accounts, suspends one, and lets it in again. */
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
let admin: { accountId: string; token: string };
beforeAll(async () => {
  database = await testDatabase();
  server = await startTestServer({ routes, database: openDatabase(database.pool) });
  stop = followRevocations(server.services);
  admin = (await signIn((await ensureAdmin(database.pool))!))!;
});
afterAll(async () => {
  stop();
  await server.stop(1_000);
  await database.close();
});

const password = 'correct horse';

async function signIn(body: { email: string; password: string }) {
  const answer = await server.call('POST', '/v1/auth/login', { body });
  if (answer.status !== 200) return null;
  return { accountId: answer.body.account.accountId as string, token: `Bearer ${answer.body.accessToken}` };
}

async function member(email: string, name: string, role = 'buyer') {
  const body = { email, password, name, role };
  const { body: answer } = await server.call('POST', '/v1/auth/register', { body });
  return {
    email,
    accountId: answer.account.accountId as string,
    token: `Bearer ${answer.accessToken}`,
    refreshToken: answer.refreshToken as string,
  };
}

const change = (accountId: string, body: object, token = admin.token) =>
  server.call('PATCH', `/v1/admin/accounts/${accountId}`, { token, body });

async function found(query: string): Promise<string[]> {
  const answer = await server.call('GET', `/v1/admin/accounts?${query}`, { token: admin.token });
  expect(answer.status).toBe(200);
  return answer.body.items.map(
    ({ name, accountId }: { name: string | null; accountId: string }) => name ?? accountId,
  );
}

describe('the list of accounts', () => {
  let ada: Awaited<ReturnType<typeof member>>;
  beforeAll(async () => {
    ada = await member('ada.lovelace+shop@example.com', 'Ada Lovelace');
    await member('grace@navy.example', "Grace O'Hopper", 'seller');
    await member('li@example.cn', '李雷');
  });

  test.each([
    ['q=love', ['Ada Lovelace']],
    ['q=ADA%20lovelace', ['Ada Lovelace']],
    ['q=shop', ['Ada Lovelace']],
    ['q=ada.lovelace%2Bshop@example.com', ['Ada Lovelace']],
    ['q=hopper', ["Grace O'Hopper"]],
    ["q=o'hop", ["Grace O'Hopper"]],
    ['q=navy', ["Grace O'Hopper"]],
    ['q=%E6%9D%8E', ['李雷']],
    ['q=example', ['李雷', "Grace O'Hopper", 'Ada Lovelace']],
    ['q=velace', []],
    ['q=ada%20grace', []],
    ["q='%20%7C%20(", []],
    ['q=%26%20!:*', []],
    ['role=seller', ["Grace O'Hopper"]],
    ['role=admin', ['Admin']],
    ['role=buyer&q=example', ['李雷', 'Ada Lovelace']],
    ['status=suspended', []],
  ])('finds by %s', async (query, names) => {
    expect(await found(query)).toEqual(names);
  });

  test('finds an account by its id, also a guest that something is kept of', async () => {
    expect(await found(`q=${ada.accountId}`)).toEqual(['Ada Lovelace']);
    const { body: guest } = await server.call('POST', '/v1/auth/guest');
    expect(await found(`q=${guest.accountId}`)).toEqual([]);
    await server.call('PATCH', '/v1/me', { token: `Bearer ${guest.accessToken}`, body: { name: 'Gus' } });
    expect(await found('role=guest')).toEqual(['Gus']);
    expect(await found('q=gus')).toEqual([]);
  });

  test('comes page by page, newest first, and shows no secret', async () => {
    const first = await server.call('GET', '/v1/admin/accounts?limit=2', { token: admin.token });
    const next = `/v1/admin/accounts?limit=2&cursor=${first.body.nextCursor}`;
    const second = await server.call('GET', next, { token: admin.token });
    const ids = [...first.body.items, ...second.body.items].map(({ accountId }) => accountId);
    expect(ids).toEqual(ids.toSorted().reverse());
    expect(new Set(ids).size).toBe(4);
    expect(second.body.nextCursor).toBeNull();
    expect(Object.keys(first.body.items[0]).sort()).toEqual(
      ['accountId', 'createdAt', 'email', 'emailVerified', 'name', 'role', 'roles', 'status'].sort(),
    );
  });

  test('is for administrators only', async () => {
    for (const role of ['buyer', 'seller', 'operator', 'guest'] as const) {
      const answer = await server.call('GET', '/v1/admin/accounts', { token: await server.bearer(role) });
      expect([answer.status, answer.body.code]).toEqual([403, 'forbidden']);
    }
  });
});

describe('a suspended account', () => {
  test('is signed out everywhere within 5 s, cannot sign in, and is let in again', async () => {
    const who = await member('mallory@example.com', 'Mallory');
    const suspended = await change(who.accountId, { status: 'suspended', reason: 'Fraud' });
    expect([suspended.status, suspended.body.status]).toEqual([200, 'suspended']);
    await until(async () => (await server.call('GET', '/v1/me', { token: who.token })).status === 401, 5_000);
    const { body: renewed } = await server.call('POST', '/v1/auth/refresh', {
      body: { refreshToken: who.refreshToken },
    });
    expect(renewed.code).toBe('invalid_token');
    const login = { email: who.email, password };
    const refused = await server.call('POST', '/v1/auth/login', { body: login });
    expect([refused.status, refused.body.code]).toEqual([403, 'account_suspended']);
    // Whoever does not know the password learns nothing.
    const wrong = await server.call('POST', '/v1/auth/login', { body: { ...login, password: 'guessed' } });
    expect(wrong.body.code).toBe('invalid_credentials');
    expect(await found('status=suspended')).toEqual(['Mallory']);
    expect((await change(who.accountId, { status: 'active' })).body.status).toBe('active');
    expect(await signIn(login)).not.toBeNull();
  });

  test('is no administrator any more, and never the last one', async () => {
    const alone = await change(admin.accountId, { status: 'suspended' });
    expect([alone.status, alone.body.code]).toEqual([409, 'last_admin']);
    const other = await member('boss@example.com', 'Boss');
    await change(other.accountId, { roles: ['admin'] });
    const boss = (await signIn({ email: other.email, password }))!;
    expect((await change(other.accountId, { status: 'suspended' })).status).toBe(200);
    // At once where it would give the power back.
    expect((await change(other.accountId, { status: 'active' }, boss.token)).body.code).toBe('forbidden');
    // A suspended administrator does not count as one.
    expect((await change(admin.accountId, { roles: ['buyer'] })).body.code).toBe('last_admin');
  });

  test('may be a guest, whose token ends and is not renewed', async () => {
    const { body: guest } = await server.call('POST', '/v1/auth/guest');
    const token = `Bearer ${guest.accessToken}`;
    await server.call('PATCH', '/v1/me', { token, body: { name: 'Gus' } });
    expect((await change(guest.accountId, { status: 'suspended' })).status).toBe(200);
    await until(async () => (await server.call('GET', '/v1/me', { token })).status === 401, 5_000);
    const renewed = await server.call('POST', '/v1/auth/refresh', {
      body: { refreshToken: guest.refreshToken },
    });
    expect(renewed.body.code).toBe('invalid_token');
  });
});

test('a change says something that there is', async () => {
  const who = await member('eve@example.com', 'Eve');
  for (const body of [
    {},
    { status: 'gone' },
    { status: null },
    { name: 'Eva' },
    { roles: [], status: 'active' },
  ])
    expect((await change(who.accountId, body)).body.code).toBe('validation_failed');
  const nobody = await change('acc_018f0000-0000-7000-8000-000000000009', { status: 'suspended' });
  expect(nobody.body.code).toBe('not_found');
});
