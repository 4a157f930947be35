/** Sessions whose uses are in Redis: the suites of those in the table, and what happens when Redis is away, or has lost or forgotten something. */

import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { routes } from '../../../src/market/accounts/routes.ts';
import { openDatabase } from '../../../src/persistence/database.ts';
import { RedisValues } from '../../../src/persistence/expiring.ts';
import { startTestServer, type TestServer } from '../../gateway/harness.ts';
import {
  startTestRedis,
  type TestDatabase,
  type TestRedis,
  testDatabase,
  testLog,
  until,
  whyNoRedis,
} from '../../persistence/support.ts';
import { chooseStore } from './session-store.ts';

const skipped = whyNoRedis();
if (skipped !== null) console.warn(`skipping sessions in Redis: ${skipped}`);

let redis: TestRedis;
let admin: Redis;
let values: RedisValues;
const keyOf = (refreshToken: string) => `doorbuster:session:${refreshToken.split('.')[0]}`;

if (skipped === null) {
  redis = await startTestRedis({ appendfsync: 'everysec' });
  admin = new Redis(redis.url, { lazyConnect: false });
  admin.on('error', () => {});
  values = new RedisValues(redis.url, 'test-sessions', testLog);
  chooseStore({
    options: { expiring: values },
    takesEarlier: false,
    async later(_, sessionId, seconds) {
      const [generation, atMs] = (await admin.get(`doorbuster:session:${sessionId}`))!.split(' ').map(Number);
      return (
        (await admin.set(`doorbuster:session:${sessionId}`, `${generation} ${atMs! - seconds * 1_000}`)) ===
        'OK'
      );
    },
  });
  await import('./sessions.test.ts');
  await import('./routes.test.ts');
}

afterAll(async () => {
  if (skipped !== null) return;
  await values.close();
  admin.disconnect();
  await redis.stop();
});

describe.skipIf(skipped !== null)('sessions in Redis', () => {
  let database: TestDatabase;
  let server: TestServer;
  let plain: TestServer;
  let people = 0;
  beforeAll(async () => {
    database = await testDatabase();
    const tables = openDatabase(database.pool);
    server = await startTestServer({ routes, database: tables, expiring: values });
    plain = await startTestServer({ routes, database: tables });
  });
  afterAll(async () => {
    await Promise.all([server.stop(1_000), plain.stop(1_000)]);
    await database.close();
  });

  const refresh = (refreshToken: string, at = server) =>
    at.call('POST', '/v1/auth/refresh', { body: { refreshToken } });
  async function register(at = server) {
    const email = `in-redis-${++people}@example.com`;
    const body = { email, password: 'correct horse', name: 'Ann', role: 'buyer' };
    return { email, ...(await at.call('POST', '/v1/auth/register', { body })).body };
  }
  const login = (email: string, at = server) =>
    at.call('POST', '/v1/auth/login', { body: { email, password: 'correct horse' } });

  test('expire by themselves, thirty days after the latest use', async () => {
    const { refreshToken } = await register();
    await admin.expire(keyOf(refreshToken), 100);
    const next = (await refresh(refreshToken)).body.refreshToken;
    expect(await admin.ttl(keyOf(next))).toBeGreaterThan(29 * 86_400);
    expect(await admin.get(keyOf(next))).toMatch(/^1 \d{13}$/);
    await admin.pexpire(keyOf(next), 1);
    await until(async () => (await admin.exists(keyOf(next))) === 0);
    expect((await refresh(next)).body.code).toBe('invalid_token');
  });

  test('that Redis lost are refused and listed no more; everybody signs in again', async () => {
    const { email, refreshToken, accessToken } = await register();
    const { body: guest } = await server.call('POST', '/v1/auth/guest');
    const renewed = (await refresh(guest.refreshToken)).body.refreshToken;
    await admin.flushall();
    for (const token of [refreshToken, guest.refreshToken, renewed])
      expect((await refresh(token)).body.code).toBe('invalid_token');
    const again = await login(email);
    expect(again.status).toBe(200);
    const token = `Bearer ${again.body.accessToken}`;
    expect((await server.call('GET', '/v1/me/sessions', { token })).body.items).toHaveLength(1);
    // What was given is good until it expires.
    expect((await server.call('GET', '/v1/me', { token: `Bearer ${accessToken}` })).status).toBe(200);
  });

  test('that have ended stay ended when Redis comes back with an older state', async () => {
    const { email, refreshToken, accessToken } = await register();
    const other = (await login(email)).body.refreshToken;
    const kept = await Promise.all([refreshToken, other].map((token) => admin.get(keyOf(token))));
    const token = `Bearer ${accessToken}`;
    const changed = { password: 'battery staple', currentPassword: 'correct horse' };
    expect((await server.call('PATCH', '/v1/me', { token, body: changed })).status).toBe(200);
    await Promise.all([refreshToken, other].map((one, at) => admin.set(keyOf(one), kept[at]!)));
    for (const one of [refreshToken, other]) expect((await refresh(one)).body.code).toBe('invalid_token');
    // Also for good, when the row is old.
    await database.pool.query(
      `UPDATE sessions SET revoked_until = now() - interval '1 hour' WHERE revoked_by IS NOT NULL`,
    );
    expect((await refresh(refreshToken)).body.code).toBe('invalid_token');
  });

  test('are no sessions of a server without Redis, nor its sessions theirs', async () => {
    const here = await register();
    const there = await register(plain);
    expect((await refresh(here.refreshToken, plain)).body.code).toBe('invalid_token');
    expect((await refresh(there.refreshToken)).body.code).toBe('invalid_token');
  });

  test('while Redis is away sign-in and renewal are busy, and what was given goes on; then all is as before', async () => {
    const { email, refreshToken, accessToken } = await register();
    await redis.halt('SIGTERM');
    await until(async () => (await refresh(refreshToken)).status === 503);
    expect((await refresh(refreshToken)).body).toMatchObject({ status: 503, code: 'busy' });
    expect((await login(email)).body).toMatchObject({ status: 503, code: 'busy' });
    const token = `Bearer ${accessToken}`;
    expect((await server.call('GET', '/v1/me', { token })).status).toBe(200);
    await redis.resume();
    const next = await until(async () => {
      const { status, body } = await refresh(refreshToken);
      return status === 200 && body.refreshToken;
    });
    expect((await refresh(next)).status).toBe(200);
  });

  test('can be ended while Redis is away', async () => {
    const { refreshToken, accessToken } = await register();
    await redis.halt('SIGTERM');
    const token = `Bearer ${accessToken}`;
    expect((await server.call('POST', '/v1/auth/logout', { token, body: { everywhere: true } })).status).toBe(
      204,
    );
    await redis.resume();
    await until(async () => (await refresh(refreshToken)).body.code === 'invalid_token');
  });

  test('keep nothing in Redis that says who somebody is', async () => {
    const { email, refreshToken } = await register();
    await refresh(refreshToken);
    const all = await Promise.all(
      (await admin.keys('*')).map(async (key) => `${key} ${await admin.get(key)}`),
    );
    expect(all.length).toBeGreaterThan(0);
    for (const one of all) expect(one).toMatch(/^doorbuster:session:ses_[0-9a-f-]{36} \d+ \d{13}$/);
    expect(all.join()).not.toContain(email);
  });
});
