/** An access token that is no good is refused where one is needed, and nowhere else. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadRoutes } from '../../../src/features.ts';
import { newId } from '../../../src/gateway/handling.ts';
import type { Route } from '../../../src/gateway/route.ts';
import { AccessTokens } from '../../../src/gateway/tokens.ts';
import { openDatabase } from '../../../src/persistence/database.ts';
import { startTestServer, type TestServer } from '../../gateway/harness.ts';
import { type TestDatabase, testDatabase } from '../../persistence/support.ts';

const routes = await loadRoutes();
const isOpen = ({ who }: Route) => who === 'anybody';
let database: TestDatabase;
let server: TestServer;
let badTokens: [name: string, token: string][];
beforeAll(async () => {
  database = await testDatabase();
  server = await startTestServer({ routes, database: openDatabase(database.pool) });
  const old = new AccessTokens(server.services.tokenSecret, () => Date.now() - 25 * 3_600_000);
  const expired = old.issueAccess({ accountId: newId('account'), roles: ['buyer'] });
  badTokens = [
    ['expired', `Bearer ${expired.accessToken}`],
    ['broken', 'Bearer not.a.token'],
    ['of another scheme', 'Basic YTpi'],
  ];
});
afterAll(async () => {
  await server.stop(1_000);
  await database.close();
});

async function codeOf({ method, path }: Route, token: string | null): Promise<string> {
  const asked = path.replaceAll(/\{\w+\}/g, 'none');
  const sent = token === null ? {} : { token };
  const answer = await server.call(method, asked, { ...sent, ...(method === 'GET' ? {} : { body: {} }) });
  return answer.body?.code ?? 'served';
}

test.each(routes.filter(isOpen).map((route) => [route.operationId, route] as const))(
  '%s ignores it',
  async (_, route) => {
    for (const [name, token] of badTokens)
      expect([name, await codeOf(route, token)]).toEqual([name, await codeOf(route, null)]);
    // Signing out with nothing else needs to know of whom.
    if (route.operationId !== 'logout')
      expect(await codeOf(route, 'Bearer x')).not.toMatch(/token|unauthenticated/);
  },
);

test.each(routes.filter((route) => !isOpen(route)).map((route) => [route.operationId, route] as const))(
  '%s refuses it',
  async (_, route) => {
    const codes = [];
    for (const [, token] of badTokens) codes.push(await codeOf(route, token));
    expect(codes).toEqual(['token_expired', 'invalid_token', 'unauthenticated']);
  },
);

describe('with an expired token', () => {
  test('one can renew, sign in and sign out', async () => {
    const [, expired] = badTokens[0]!;
    const email = 'late@example.com';
    const password = 'correct horse';
    const call = async (path: string, body: object) =>
      server.call('POST', `/v1/auth/${path}`, { token: expired, body });
    const registered = await call('register', { email, password, name: 'Late', role: 'buyer' });
    expect(registered.status).toBe(201);
    const renewed = await call('refresh', { refreshToken: registered.body.refreshToken });
    expect(renewed.status).toBe(200);
    expect((await call('login', { email, password })).status).toBe(200);
    expect((await call('logout', { refreshToken: renewed.body.refreshToken })).status).toBe(204);
    expect((await call('guest', {})).status).toBe(201);
  });
});
