/** Signing in by a real OpenID Connect provider: to and fro, whom it links, and what cannot be smuggled in between. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { returnPathOf } from '../../../src/market/accounts/oidc.ts';
import { routes } from '../../../src/market/accounts/routes.ts';
import { openDatabase } from '../../../src/persistence/database.ts';
import { startTestServer, type TestServer } from '../../gateway/harness.ts';
import { type TestDatabase, testDatabase } from '../../persistence/support.ts';
import { clientId, clientSecret, startProvider, type TestProvider } from './provider.ts';

const shop = 'http://shop.test';
let stores: TestDatabase;
let provider: TestProvider;
let server: TestServer;
beforeAll(async () => {
  stores = await testDatabase();
  provider = await startProvider([`${shop}/v1/auth/oidc/acme/callback`]);
  server = await startTestServer({
    routes,
    database: openDatabase(stores.pool),
    env: {
      OIDC_PROVIDERS: 'acme,away',
      OIDC_ACME_ISSUER: provider.issuer,
      OIDC_ACME_CLIENT_ID: clientId,
      OIDC_ACME_CLIENT_SECRET: clientSecret,
      OIDC_AWAY_ISSUER: 'http://127.0.0.1:1',
      OIDC_AWAY_CLIENT_ID: clientId,
      OIDC_AWAY_CLIENT_SECRET: clientSecret,
    },
  });
});
afterAll(async () => {
  await server.stop(1_000);
  await provider.stop();
  await stores.close();
});

let people = 0;
let email = '';
let subject = '';
beforeEach(() => {
  subject = `person-${++people}`;
  email = `${subject}@example.com`;
  provider.people.set(subject, { email, email_verified: true, name: 'Ada Lovelace' });
  provider.next = subject;
});

const browse = (path: string, headers: Record<string, string> = {}) =>
  fetch(server.url + path, { redirect: 'manual', headers });
const locationOf = (answer: Response) => answer.headers.get('location')!;
/** What a browser keeps of the start. */
const cookieOf = (answer: Response) => answer.headers.getSetCookie()[0]!.split(';', 1)[0]!;

async function start(returnTo = '/account?tab=1') {
  const answer = await browse(`/v1/auth/oidc/acme/start?returnTo=${encodeURIComponent(returnTo)}`);
  expect(answer.status).toBe(302);
  return {
    cookie: cookieOf(answer),
    setCookie: answer.headers.getSetCookie()[0]!,
    location: locationOf(answer),
  };
}
/** The way back, as the provider sends it. */
async function callback() {
  const { cookie, location } = await start();
  const back = new URL(await provider.walk(location));
  expect(back.origin).toBe(shop);
  return { cookie, path: back.pathname + back.search };
}
/** The fragment that the browser comes back with. */
async function signIn(): Promise<URLSearchParams> {
  const { cookie, path } = await callback();
  const answer = await browse(path, { cookie });
  expect(answer.status).toBe(302);
  expect(answer.headers.getSetCookie()[0]).toContain('Max-Age=0');
  const { pathname, search, hash } = new URL(locationOf(answer), shop);
  expect(pathname + search).toBe('/account?tab=1');
  return new URLSearchParams(hash.slice(1));
}
const accountOf = async (tokens: URLSearchParams) =>
  (await server.call('GET', '/v1/me', { token: `Bearer ${tokens.get('accessToken')}` })).body;
async function registered(role = 'buyer') {
  const body = { email, password: 'correct horse', name: 'Eve', role };
  return (await server.call('POST', '/v1/auth/register', { body })).body;
}

describe('somebody who comes from the provider', () => {
  test('is sent there with PKCE, state and nonce, and comes back with tokens in the fragment alone', async () => {
    const { location, setCookie } = await start();
    const there = new URL(location);
    expect(there.origin).toBe(provider.issuer);
    const sent = Object.fromEntries(there.searchParams);
    expect(sent).toMatchObject({
      ...{ response_type: 'code', client_id: clientId, code_challenge_method: 'S256' },
      redirect_uri: `${shop}/v1/auth/oidc/acme/callback`,
    });
    for (const name of ['state', 'nonce', 'code_challenge']) expect(sent[name]!.length).toBeGreaterThan(20);
    expect(setCookie).toMatch(/; Path=\/v1\/auth\/oidc; Max-Age=600; HttpOnly; SameSite=Lax$/);
    // Nobody who reads the cookie learns what the way back is checked against.
    expect(Buffer.from(setCookie.split('=')[1]!, 'base64url').toString('latin1')).not.toContain(sent.state);

    const tokens = await signIn();
    expect([...tokens.keys()].toSorted()).toEqual(['accessToken', 'expiresIn', 'refreshToken']);
    expect(await accountOf(tokens)).toMatchObject({
      ...{ email, emailVerified: true, name: 'Ada Lovelace', roles: ['buyer'] },
    });
    const renewed = await server.call('POST', '/v1/auth/refresh', {
      body: { refreshToken: tokens.get('refreshToken') },
    });
    expect(renewed.status).toBe(200);
  });

  test('is the same account the next time, whatever the address there has become', async () => {
    const first = await accountOf(await signIn());
    provider.people.set(subject, { email: 'other@example.com', email_verified: true });
    expect(await accountOf(await signIn())).toEqual(first);
  });

  test('is named after the address when the provider says no name that could be one here', async () => {
    provider.people.set(subject, { email, email_verified: true, name: '4242 4242 4242 4242\u0000\n' });
    expect((await accountOf(await signIn())).name).toBe(subject);
  });

  test('has no password: none signs in, one is chosen by the link', async () => {
    await signIn();
    const login = await server.call('POST', '/v1/auth/login', { body: { email, password: '' } });
    expect(login.body.code).toBe('invalid_credentials');
  });

  test('is told when they turned back, or have no address that the provider has seen', async () => {
    provider.next = null;
    expect((await signIn()).get('error')).toBe('access_denied');
    for (const person of [
      { email },
      { email, email_verified: false },
      {},
      { email: 'x@ü', email_verified: true },
    ]) {
      provider.next = subject;
      provider.people.set(subject, person);
      expect((await signIn()).get('error')).toBe('email_not_verified');
    }
  });
});

describe('an account of the same address', () => {
  test('that has proved it is linked, and keeps its password', async () => {
    const { account } = await registered();
    await stores.pool.query('UPDATE accounts SET email_verified_at = now() WHERE email = $1', [email]);
    expect((await accountOf(await signIn())).accountId).toBe(account.accountId);
    const login = await server.call('POST', '/v1/auth/login', { body: { email, password: 'correct horse' } });
    expect(login.status).toBe(200);
  });

  test('that never proved it loses it, and its sessions, to whoever has', async () => {
    const squatter = await registered();
    const owner = await accountOf(await signIn());
    expect(owner).toMatchObject({ email, emailVerified: true, name: 'Ada Lovelace' });
    expect(owner.accountId).not.toBe(squatter.account.accountId);
    const login = await server.call('POST', '/v1/auth/login', { body: { email, password: 'correct horse' } });
    expect(login.body.code).toBe('invalid_credentials');
    const { refreshToken } = squatter;
    const renewed = await server.call('POST', '/v1/auth/refresh', { body: { refreshToken } });
    expect(renewed.body.code).toBe('invalid_token');
  });

  test('that never proved it is left alone when it is an operator’s', async () => {
    const { account } = await registered();
    await stores.pool.query(`UPDATE accounts SET roles = '{operator}' WHERE account_id = $1`, [
      account.accountId,
    ]);
    expect((await signIn()).get('error')).toBe('email_taken');
    const login = await server.call('POST', '/v1/auth/login', { body: { email, password: 'correct horse' } });
    expect(login.status).toBe(200);
  });
});

test('somebody whose account is suspended is told so', async () => {
  const { accountId } = await accountOf(await signIn());
  await stores.pool.query(`UPDATE accounts SET status = 'suspended' WHERE account_id = $1`, [accountId]);
  expect((await signIn()).get('error')).toBe('account_suspended');
});

describe('the way back', () => {
  const errorOf = async (path: string, headers: Record<string, string> = {}) =>
    new URLSearchParams(new URL(locationOf(await browse(path, headers)), shop).hash.slice(1)).get('error');

  test('is refused without the cookie of the start, with another one, and a second time', async () => {
    const { cookie, path } = await callback();
    expect(await errorOf(path)).toBe('sign_in_failed');
    expect(await errorOf(path, { cookie: 'doorbuster_oidc=AAAA' })).toBe('sign_in_failed');
    expect(await errorOf(path, { cookie: (await start()).cookie })).toBe('sign_in_failed');
    expect(await errorOf(path.replace('acme', 'away'), { cookie })).toBe('sign_in_failed');
    expect(await errorOf(path.replace(/state=[^&]+/, 'state=x'), { cookie })).toBe('sign_in_failed');
    expect(await errorOf(path.replace(/code=[^&]+/, 'code=x'), { cookie })).toBe('sign_in_failed');
    expect(await errorOf('/v1/auth/oidc/acme/callback', { cookie })).toBe('sign_in_failed');
    const { cookie: own, path: mine } = await callback();
    expect(await errorOf(mine, { cookie: own })).toBeNull();
    expect(await errorOf(mine, { cookie: own })).toBe('sign_in_failed');
  });

  test.each([
    ['/orders/1?a=b', '/orders/1?a=b'],
    ['/a#accessToken=x', '/a'],
    ['/ü', '/%C3%BC'],
    ['https://evil.example', '/'],
    ['//evil.example', '/'],
    ['/\\evil.example', '/'],
    ['/a/..//evil.example', '/'],
    ['\\/evil.example', '/'],
    ['/\t/evil.example', '/'],
    ['/a\r\nSet-Cookie: x=1', '/'],
    ['javascript:alert(1)', '/'],
    ['', '/'],
    [undefined, '/'],
  ])('to %j goes to %j', (asked, path) => {
    expect(returnPathOf(asked)).toBe(path);
  });

  test('keeps to the configured origin, whatever a request says of the host', async () => {
    const answer = await browse('/v1/auth/oidc/acme/start', { 'x-forwarded-host': 'evil.example' });
    expect(locationOf(answer)).not.toContain('evil.example');
  });
});

describe('a provider', () => {
  test('that does not answer fails the sign-in, and nothing else', async () => {
    const answer = await browse('/v1/auth/oidc/away/start?returnTo=/cart');
    expect([answer.status, locationOf(answer)]).toEqual([302, '/cart#error=provider_unavailable']);
    expect(server.logged.some(({ level }) => level === 'error')).toBe(false);
    expect((await registered()).account.email).toBe(email);
  });

  test('is listed for the button, and one that is not configured is not found', async () => {
    const { body } = await server.call('GET', '/v1/auth/oidc');
    expect(body.items[0]).toEqual({ provider: 'acme', name: 'Acme', startUrl: '/v1/auth/oidc/acme/start' });
    expect(JSON.stringify(body)).not.toContain(clientSecret);
    for (const step of ['start', 'callback'])
      expect((await browse(`/v1/auth/oidc/nobody/${step}`)).status).toBe(404);
  });
});
