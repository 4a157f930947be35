/** What is done by a link that was mailed: confirming an address, and a new password for who forgot it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { routes } from '../../../src/market/accounts/routes.ts';
import { openDatabase } from '../../../src/persistence/database.ts';
import { startTestServer, type TestServer } from '../../gateway/harness.ts';
import { type TestDatabase, testDatabase } from '../../persistence/support.ts';

let stores: TestDatabase;
let server: TestServer;
beforeAll(async () => {
  stores = await testDatabase();
  server = await startTestServer({ routes, database: openDatabase(stores.pool) });
});
afterAll(async () => {
  await server.stop(1_000);
  await stores.close();
});

const password = 'correct horse';
let people = 0;
async function registered(email = `proof-${++people}@example.com`) {
  const body = { email, password, name: 'Ann', role: 'buyer' };
  const answer = await server.call('POST', '/v1/auth/register', {
    body,
    headers: { host: 'evil.example', 'x-forwarded-host': 'evil.example' },
  });
  expect(answer.status).toBe(201);
  return { email, ...answer.body, token: `Bearer ${answer.body.accessToken}` };
}

/** Texts of the mails to this address, newest first. */
async function mailsTo(email: string, kind: string): Promise<string[]> {
  const { rows } = await stores.pool.query(
    'SELECT body FROM mails WHERE address = $1 AND kind = $2 ORDER BY created_at DESC',
    [email, kind],
  );
  return rows.map(({ body }) => body);
}
const tokenIn = (text: string | undefined) => /[?&]token=([\w-]+)/.exec(text ?? '')?.[1] ?? '';
const newest = async (email: string, kind: string) => tokenIn((await mailsTo(email, kind))[0]);
const verify = (token: string) => server.call('POST', '/v1/auth/verify-email', { body: { token } });
const askReset = (email: string) => server.call('POST', '/v1/auth/password-reset', { body: { email } });
const confirm = (token: string, next: string) =>
  server.call('POST', '/v1/auth/password-reset/confirm', { body: { token, password: next } });
const login = (email: string, given: string) =>
  server.call('POST', '/v1/auth/login', { body: { email, password: given } });
const me = async (token: string) => (await server.call('GET', '/v1/me', { token })).body;
const expire = () => stores.pool.query(`UPDATE account_links SET expires_at = now() - interval '1 second'`);

describe('an address', () => {
  test('is confirmed by the link that registering has sent, once', async () => {
    const { email, token, account } = await registered();
    expect(account.emailVerified).toBe(false);
    const [text] = await mailsTo(email, 'verification');
    // Where the server is reached is configured: no request says it.
    expect(text).toContain('http://shop.test/verify?token=');
    expect(text).not.toContain('evil.example');
    const link = tokenIn(text);
    expect((await verify(link)).status).toBe(204);
    expect((await me(token)).emailVerified).toBe(true);
    expect(await verify(link)).toMatchObject({ status: 400, body: { code: 'link_invalid' } });
  });

  test('is confirmed by the newest link only, and not after half an hour', async () => {
    const { email, token } = await registered();
    const first = await newest(email, 'verification');
    expect((await server.call('POST', '/v1/me/verification', { token })).status).toBe(202);
    const second = await newest(email, 'verification');
    expect(second).not.toBe(first);
    expect((await verify(first)).body.code).toBe('link_invalid');
    await expire();
    expect((await verify(second)).body.code).toBe('link_invalid');
    expect((await me(token)).emailVerified).toBe(false);
    await server.call('POST', '/v1/me/verification', { token });
    expect((await verify(await newest(email, 'verification'))).status).toBe(204);
    // Confirmed: nothing is sent any more.
    const before = (await mailsTo(email, 'verification')).length;
    expect((await server.call('POST', '/v1/me/verification', { token })).status).toBe(202);
    expect(await mailsTo(email, 'verification')).toHaveLength(before);
  });

  test('of nobody, and a link that was never ours, confirm nothing', async () => {
    const { body: guest } = await server.call('POST', '/v1/auth/guest');
    const token = `Bearer ${guest.accessToken}`;
    expect((await server.call('POST', '/v1/me/verification', { token })).body.code).toBe('wrong_state');
    expect((await verify('x'.repeat(43))).body.code).toBe('link_invalid');
    expect((await verify('')).body.code).toBe('validation_failed');
  });

  test('is asked for six times and gets five mails, and each answer is the same', async () => {
    const { email, token } = await registered();
    for (let n = 0; n < 6; n++)
      expect((await server.call('POST', '/v1/me/verification', { token })).status).toBe(202);
    expect(await mailsTo(email, 'verification')).toHaveLength(5);
  });

  test('is nowhere readable as a link: the table has hashes', async () => {
    const { email } = await registered();
    const link = await newest(email, 'verification');
    const { rows } = await stores.pool.query(
      `SELECT encode(token_hash, 'escape') AS hash FROM account_links`,
    );
    expect(rows.length).toBeGreaterThan(0);
    for (const { hash } of rows) expect(hash).not.toContain(link);
  });
});

describe('a forgotten password', () => {
  test('is replaced by the link, once: sessions end, the old one is wrong, and the owner is told', async () => {
    const { email, refreshToken } = await registered();
    expect((await askReset(email.toUpperCase())).status).toBe(202);
    const [text] = await mailsTo(email, 'password-reset');
    expect(text).toContain('http://shop.test/reset?token=');
    const link = tokenIn(text);
    expect((await confirm(link, 'short')).body.code).toBe('validation_failed');
    expect((await confirm(link, 'another horse')).status).toBe(204);
    expect((await confirm(link, 'a third horse')).body.code).toBe('link_invalid');
    expect((await login(email, password)).body.code).toBe('invalid_credentials');
    expect((await login(email, 'another horse')).body.account).toMatchObject({ emailVerified: true });
    const renewed = await server.call('POST', '/v1/auth/refresh', { body: { refreshToken } });
    expect(renewed.body.code).toBe('invalid_token');
    expect((await mailsTo(email, 'notice'))[0]).toContain('was changed');
  });

  test('is not replaced after half an hour, nor by a link of another kind', async () => {
    const { email } = await registered();
    await askReset(email);
    expect((await confirm(await newest(email, 'verification'), 'another horse')).body.code).toBe(
      'link_invalid',
    );
    expect((await verify(await newest(email, 'password-reset'))).body.code).toBe('link_invalid');
    await expire();
    expect((await confirm(await newest(email, 'password-reset'), 'another horse')).body.code).toBe(
      'link_invalid',
    );
    expect((await login(email, password)).status).toBe(200);
  });

  test('of an address without an account answers the same, writes as much, and sends nothing', async () => {
    const { email } = await registered();
    const counts = async () => {
      const { rows } = await stores.pool.query(
        `SELECT (SELECT count(*)::int FROM mails) AS mails, (SELECT count(*)::int FROM account_links) AS links`,
      );
      return rows[0];
    };
    const before = await counts();
    const known = await askReset(email);
    const after = await counts();
    const unknown = await askReset(`nobody-${Date.now()}@example.com`);
    expect([unknown.status, unknown.body]).toEqual([known.status, known.body]);
    const written = { mails: after.mails - before.mails, links: after.links - before.links };
    const last = await counts();
    expect({ mails: last.mails - after.mails, links: last.links - after.links }).toEqual(written);
    const { rows } = await stores.pool.query(`SELECT 1 FROM mails WHERE state = 'void' AND address IS NULL`);
    expect(rows).toHaveLength(1);
    expect((await askReset('no address at all')).status).toBe(202);
  });

  test('can be asked for as often as an address may open accounts, not more', async () => {
    const strict = await startTestServer({
      routes,
      database: openDatabase(stores.pool),
      env: { RATE_EXEMPT: '', RATE_GUEST_BURST: '3' },
    });
    const statuses: number[] = [];
    for (let n = 0; n < 4; n++)
      statuses.push(
        (await strict.call('POST', '/v1/auth/password-reset', { body: { email: `x${n}@example.com` } }))
          .status,
      );
    expect(statuses).toEqual([202, 202, 202, 429]);
    await strict.stop(1_000);
  });
});
