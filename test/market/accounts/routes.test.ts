import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../../../src/gateway/handling.ts';
import { AccessTokens } from '../../../src/gateway/tokens.ts';
import { routes } from '../../../src/market/accounts/routes.ts';
import { ensureAdmin } from '../../../src/market/accounts/store.ts';
import { openDatabase } from '../../../src/persistence/database.ts';
import { startTestServer, type TestServer } from '../../gateway/harness.ts';
import { type TestDatabase, testDatabase } from '../../persistence/support.ts';
import { sessionStore } from './session-store.ts';

let database: TestDatabase;
let server: TestServer;
let nowMs = Date.now();
beforeAll(async () => {
  database = await testDatabase();
  server = await startTestServer({
    routes,
    database: openDatabase(database.pool),
    ...sessionStore().options,
    now: () => nowMs,
  });
});
afterAll(async () => {
  await server.stop(1_000);
  await database.close();
});

const bearer = (answer: { body: { accessToken: string } }) => `Bearer ${answer.body.accessToken}`;
let registered = 0;
async function register(role = 'buyer') {
  const email = `person-${++registered}@example.com`;
  const answer = await server.call('POST', '/v1/auth/register', {
    body: { email, password: 'correct horse', name: 'Ann', role },
  });
  expect(answer.status).toBe(201);
  return { ...answer, email };
}

describe('a guest', () => {
  test('needs nothing but a token that lives for a day', async () => {
    const guest = await server.call('POST', '/v1/auth/guest');
    expect([guest.status, guest.body.expiresIn]).toEqual([201, 86_400]);
    const me = await server.call('GET', '/v1/me', { token: bearer(guest) });
    expect(me.body).toMatchObject({
      accountId: guest.body.accountId,
      role: 'guest',
      email: null,
      name: null,
    });
    expect(Math.abs(Date.parse(me.body.createdAt) - Date.now())).toBeLessThan(60_000);
    const { rows } = await database.pool.query('SELECT 1 FROM accounts WHERE account_id = $1', [
      guest.body.accountId,
    ]);
    expect(rows).toHaveLength(0);
  });

  test('gets a row when something of theirs must be kept', async () => {
    const token = bearer(await server.call('POST', '/v1/auth/guest'));
    expect((await server.call('PATCH', '/v1/me', { token, body: { name: 'Gus' } })).body.name).toBe('Gus');
    expect((await server.call('GET', '/v1/me', { token })).body).toMatchObject({
      role: 'guest',
      name: 'Gus',
    });
  });
});

describe('an account', () => {
  test('is opened once per e-mail address, whatever its envelope case', async () => {
    const { email, body } = await register('seller');
    expect(body.account).toMatchObject({ email, name: 'Ann', role: 'seller' });
    expect(body.expiresIn).toBe(900);
    expect(JSON.stringify(body)).not.toContain('password');
    const again = await server.call('POST', '/v1/auth/register', {
      body: { email: email.toUpperCase(), password: 'correct horse', name: 'Bob', role: 'buyer' },
    });
    expect([again.status, again.body.code]).toEqual([409, 'email_taken']);
  });

  test('cannot be opened as anything but a buyer or seller, nor with a short password', async () => {
    for (const change of [{ role: 'admin' }, { password: 'short' }, { email: 'nobody' }, { extra: 1 }]) {
      const body = {
        email: 'x@example.com',
        password: 'correct horse',
        name: 'Ann',
        role: 'buyer',
        ...change,
      };
      const answer = await server.call('POST', '/v1/auth/register', { body });
      expect([Object.keys(change), answer.status, answer.body.code]).toEqual([
        Object.keys(change),
        400,
        'validation_failed',
      ]);
      expect(answer.body.errors[0].path).toBe(`/${Object.keys(change)[0]}`);
    }
  });

  test('signs in with its password and no other', async () => {
    const { email } = await register();
    const login = (password: string, address = email) =>
      server.call('POST', '/v1/auth/login', { body: { email: address, password } });
    const good = await login('correct horse', email.toUpperCase());
    expect([good.status, good.body.account.email]).toEqual([200, email]);
    expect((await login('wrong horse')).body).toMatchObject({ status: 401, code: 'invalid_credentials' });
    expect((await login('correct horse', 'nobody@example.com')).body.code).toBe('invalid_credentials');
  });

  test('is shut for a while after too many wrong passwords', async () => {
    const { email } = await register();
    const login = async (password: string) =>
      (await server.call('POST', '/v1/auth/login', { body: { email, password } })).body.code;
    const codes = await Promise.all(Array.from({ length: 10 }, () => login('wrong')));
    expect(codes).toEqual(Array(10).fill('invalid_credentials'));
    expect(await login('correct horse')).toBe('rate_limited');
    nowMs += 10_000;
    expect(await login('correct horse')).toBeUndefined();
    // A success clears the count.
    expect(await login('wrong')).toBe('invalid_credentials');
  });

  test('changes its password with the present one, which signs it out everywhere', async () => {
    const account = await register();
    const change = (currentPassword: string) =>
      server.call('PATCH', '/v1/me', {
        token: bearer(account),
        body: { password: 'battery staple', currentPassword },
      });
    expect((await change('wrong')).body.code).toBe('invalid_credentials');
    expect((await change('correct horse')).status).toBe(200);
    const refreshed = await server.call('POST', '/v1/auth/refresh', {
      body: { refreshToken: account.body.refreshToken },
    });
    expect(refreshed.body.code).toBe('invalid_token');
    const login = await server.call('POST', '/v1/auth/login', {
      body: { email: account.email, password: 'battery staple' },
    });
    expect(login.status).toBe(200);
  });
});

/** As if the session had been renewed so long ago. */
async function later(refreshToken: string, seconds: number): Promise<void> {
  const [sessionId] = refreshToken.split('.');
  expect(await sessionStore().later(database.pool, sessionId!, seconds)).toBe(true);
}

describe('a refresh token', () => {
  const refresh = (refreshToken: string) =>
    server.call('POST', '/v1/auth/refresh', { body: { refreshToken } });

  test('works once; its reuse ends the whole session', async () => {
    const first = (await register()).body.refreshToken;
    const second = (await refresh(first)).body.refreshToken;
    expect(second).not.toBe(first);
    const third = (await refresh(second)).body.refreshToken;
    expect((await refresh(first)).body).toMatchObject({ status: 401, code: 'invalid_token' });
    expect((await refresh(third)).body.code).toBe('invalid_token');
  });

  test('that two tabs renew at once gives both the same successor, for ten seconds', async () => {
    const { refreshToken } = (await register()).body;
    const answers = await Promise.all([refresh(refreshToken), refresh(refreshToken), refresh(refreshToken)]);
    const [next, ...others] = answers.map(({ body }) => body.refreshToken);
    expect(others).toEqual([next, next]);
    expect((await refresh(refreshToken)).body.refreshToken).toBe(next);
    await later(refreshToken, 11);
    expect((await refresh(refreshToken)).body.code).toBe('invalid_token');
    // Somebody else has it: the family is over.
    expect((await refresh(next)).body.code).toBe('invalid_token');
  });

  test('is nowhere in the database', async () => {
    const { refreshToken } = (await register()).body;
    const [sessionId, , signature] = refreshToken.split('.');
    const { rows } = await database.pool.query(
      'SELECT s::text AS text FROM sessions s WHERE session_id = $1',
      [sessionId],
    );
    expect(rows).toHaveLength(1);
    expect(rows[0].text).not.toContain(signature);
  });

  test('cannot be made from another, and a made-up one ends nobody’s session', async () => {
    const { refreshToken } = (await register()).body;
    const [sessionId, generation, signature] = refreshToken.split('.');
    for (const forged of [
      `${sessionId}.${Number(generation) + 1}.${signature}`,
      `${sessionId}.guest.${signature}`,
      `${sessionId}.${generation}.${signature.slice(0, -1)}`,
      `${sessionId}.a-secret-of-before`,
      `${refreshToken}.more`,
    ])
      expect([forged, (await refresh(forged)).body.code]).toEqual([forged, 'invalid_token']);
    expect((await refresh(refreshToken)).status).toBe(200);
  });

  test.runIf(sessionStore().takesEarlier)(
    'of an earlier version, known by its hash, works on and is succeeded',
    async () => {
      const { accountId } = (await register()).body.account;
      const sessionId = newId('session');
      await database.pool.query(
        `INSERT INTO sessions (session_id, account_id, secret_hash, expires_at)
       VALUES ($1, $2, sha256('old'), now() + interval '1 day')`,
        [sessionId, accountId],
      );
      expect((await refresh(`${sessionId}.other`)).body.code).toBe('invalid_token');
      const next = (await refresh(`${sessionId}.old`)).body.refreshToken;
      expect((await refresh(`${sessionId}.old`)).body.refreshToken).toBe(next);
      expect((await refresh(next)).status).toBe(200);
      expect((await refresh(`${sessionId}.old`)).body.code).toBe('invalid_token');
      expect((await refresh(next)).body.code).toBe('invalid_token');
    },
  );

  test('that is garbage is refused', async () => {
    for (const token of ['x', 'a.b.c', `ses_018f0000-0000-7000-8000-000000000001.secret`, '.'.repeat(200)])
      expect((await refresh(token)).body.code).toBe('invalid_token');
  });

  test('ends with signing out, alone or with all of the account', async () => {
    const account = await register();
    const other = await server.call('POST', '/v1/auth/login', {
      body: { email: account.email, password: 'correct horse' },
    });
    const logout = (body?: object) =>
      server.call('POST', '/v1/auth/logout', { token: bearer(account), body });
    expect((await logout({ refreshToken: account.body.refreshToken })).status).toBe(204);
    expect((await refresh(account.body.refreshToken)).body.code).toBe('invalid_token');
    const next = await refresh(other.body.refreshToken);
    expect(next.status).toBe(200);
    expect((await logout()).status).toBe(204);
    expect((await refresh(next.body.refreshToken)).body.code).toBe('invalid_token');
  });

  test('that was rotated already still signs out its whole family, without an access token', async () => {
    const first = (await register()).body.refreshToken;
    const second = (await refresh(first)).body.refreshToken;
    const third = (await refresh(second)).body.refreshToken;
    const out = await server.call('POST', '/v1/auth/logout', { body: { refreshToken: first } });
    expect(out.status).toBe(204);
    expect((await refresh(third)).body.code).toBe('invalid_token');
    const again = await server.call('POST', '/v1/auth/logout', { body: { refreshToken: first } });
    expect(again.status).toBe(204);
  });

  test('is enough to sign out everywhere, while its own session lives', async () => {
    const account = await register();
    const other = await server.call('POST', '/v1/auth/login', {
      body: { email: account.email, password: 'correct horse' },
    });
    const everywhere = { refreshToken: account.body.refreshToken, everywhere: true };
    expect((await server.call('POST', '/v1/auth/logout', { body: everywhere })).status).toBe(204);
    expect((await refresh(other.body.refreshToken)).body.code).toBe('invalid_token');
    const again = await server.call('POST', '/v1/auth/logout', { body: everywhere });
    expect([again.status, again.body.code]).toEqual([401, 'invalid_token']);
  });

  test('is not needed to sign out of the session of an access token alone', async () => {
    const account = await register();
    const other = await server.call('POST', '/v1/auth/login', {
      body: { email: account.email, password: 'correct horse' },
    });
    const out = await server.call('POST', '/v1/auth/logout', {
      token: bearer(account),
      body: { everywhere: false },
    });
    expect(out.status).toBe(204);
    expect((await refresh(account.body.refreshToken)).body.code).toBe('invalid_token');
    expect((await refresh(other.body.refreshToken)).status).toBe(200);
    const nobody = await server.call('POST', '/v1/auth/logout', { body: { everywhere: true } });
    expect([nobody.status, nobody.body.code]).toEqual([401, 'unauthenticated']);
  });
});

describe('an access token', () => {
  const code = async (token: string) => (await server.call('GET', '/v1/me', { token })).body.code;

  test('expires, known to the cache or not', async () => {
    const token = bearer(await server.call('POST', '/v1/auth/guest'));
    expect(await code(token)).toBeUndefined();
    nowMs += 24 * 3_600_000;
    expect(await code(token)).toBe('token_expired');
    expect(await code(token)).toBe('token_expired');
  });

  test('of another secret, algorithm or issuer is invalid', async () => {
    const other = new AccessTokens('some other secret of 32 characters', () => nowMs);
    const forged = other.issueAccess({ accountId: 'acc_1', roles: ['admin'] });
    expect(await code(`Bearer ${forged.accessToken}`)).toBe('invalid_token');
    const none = `${btoa('{"alg":"none"}')}.${btoa('{"sub":"acc_1","role":"admin","iss":"doorbuster","exp":9999999999}')}.`;
    expect(await code(`Bearer ${none.replaceAll('=', '')}`)).toBe('invalid_token');
    const plain = await new SignJWT({ role: 'admin' })
      .setProtectedHeader({ alg: 'HS256' })
      .setSubject('acc_1')
      .setExpirationTime('1h')
      .sign(new TextEncoder().encode(server.services.tokenSecret));
    expect(await code(`Bearer ${plain}`)).toBe('invalid_token');
    expect(await code(`Bearer ${'x'.repeat(3_000)}`)).toBe('invalid_token');
  });

  test('is the same on every gateway that has the secret', async () => {
    const here = new AccessTokens(server.services.tokenSecret, () => nowMs);
    const { accessToken } = here.issueAccess({ accountId: 'acc_x', roles: ['operator'] });
    const there = new AccessTokens(server.services.tokenSecret, () => nowMs);
    expect(there.verify(accessToken)).toMatchObject({ accountId: 'acc_x', roles: ['operator'] });
  });
});

describe('saved addresses', () => {
  const address = { name: 'Ann', line1: '1 High St', city: 'York', postalCode: 'YO1', country: 'GB' };

  test('are their account’s own', async () => {
    const token = bearer(await register());
    const stranger = bearer(await server.call('POST', '/v1/auth/guest'));
    const saved = await server.call('POST', '/v1/me/addresses', { token, body: address });
    expect(saved.status).toBe(201);
    const path = `/v1/me/addresses/${saved.body.addressId}`;
    for (const method of ['PATCH', 'DELETE'])
      expect((await server.call(method, path, { token: stranger, body: { city: 'Hull' } })).body.code).toBe(
        'not_found',
      );
    expect(
      (await server.call('PATCH', path, { token, body: { city: 'Hull', line2: 'Flat 2' } })).body,
    ).toEqual({
      ...address,
      addressId: saved.body.addressId,
      city: 'Hull',
      line2: 'Flat 2',
      isDefault: true,
    });
    expect((await server.call('DELETE', path, { token })).status).toBe(204);
    expect((await server.call('DELETE', path, { token })).status).toBe(404);
  });

  test('of a guest are kept, and repeats of one request save one', async () => {
    const token = bearer(await server.call('POST', '/v1/auth/guest'));
    const save = () =>
      server.call('POST', '/v1/me/addresses', {
        token,
        body: address,
        headers: { 'idempotency-key': 'home' },
      });
    const first = await save();
    expect((await save()).body.addressId).toBe(first.body.addressId);
    for (let i = 0; i < 4; i++) await server.call('POST', '/v1/me/addresses', { token, body: address });
    const page = await server.call('GET', '/v1/me/addresses?limit=3', { token });
    const rest = await server.call('GET', `/v1/me/addresses?limit=3&cursor=${page.body.nextCursor}`, {
      token,
    });
    expect([page.body.items.length, rest.body.items.length, rest.body.nextCursor]).toEqual([3, 2, null]);
  });
});

describe('the default address', () => {
  const address = { name: 'Ann', line1: '1 High St', city: 'York', postalCode: 'YO1', country: 'GB' };

  test('is the first one, then the one that was made it last, then the oldest that is left', async () => {
    const token = bearer(await register());
    const save = async (more: object) =>
      (await server.call('POST', '/v1/me/addresses', { token, body: { ...address, ...more } })).body
        .addressId;
    const defaults = async (): Promise<string[]> => {
      const { body } = await server.call('GET', '/v1/me/addresses', { token });
      return body.items
        .filter(({ isDefault }: { isDefault: boolean }) => isDefault)
        .map(({ line1 }: { line1: string }) => line1);
    };
    const change = (addressId: string, body: object) =>
      server.call('PATCH', `/v1/me/addresses/${addressId}`, { token, body });
    const first = await save({ line1: 'first' });
    const second = await save({ line1: 'second' });
    expect(await defaults()).toEqual(['first']);
    const third = await save({ line1: 'third', isDefault: true });
    expect(await defaults()).toEqual(['third']);
    await Promise.all([change(first, { isDefault: true }), change(second, { isDefault: true })]);
    expect(await defaults()).toHaveLength(1);
    await change(second, { isDefault: true });
    // It goes to another one; it is not just taken away.
    expect((await change(second, { isDefault: false })).body.isDefault).toBe(true);
    await server.call('DELETE', `/v1/me/addresses/${second}`, { token });
    expect(await defaults()).toEqual(['first']);
    for (const addressId of [first, third])
      await server.call('DELETE', `/v1/me/addresses/${addressId}`, { token });
    expect(await defaults()).toEqual([]);
  });
});

describe('the first admin', () => {
  test('is made once, by one of many starts at once', async () => {
    const made = await Promise.all(Array.from({ length: 4 }, () => ensureAdmin(database.pool)));
    const [admin, ...others] = made.filter((credentials) => credentials !== null);
    expect(others).toHaveLength(0);
    expect(await ensureAdmin(database.pool)).toBeNull();
    const login = await server.call('POST', '/v1/auth/login', { body: admin! });
    expect(login.body.account.role).toBe('admin');
  });
});
