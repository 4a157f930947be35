/** What ends a session ends its access tokens, on every gateway of the database, within five seconds. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../../../src/gateway/handling.ts';
import { followRevocations } from '../../../src/market/accounts/revocations.ts';
import { routes } from '../../../src/market/accounts/routes.ts';
import { readEndedSessions } from '../../../src/market/accounts/sessions.ts';
import { openDatabase } from '../../../src/persistence/database.ts';
import { startTestServer, type TestServer } from '../../gateway/harness.ts';
import { type TestDatabase, testDatabase, until } from '../../persistence/support.ts';

let database: TestDatabase;
let here: TestServer;
let there: TestServer;
const stops: (() => void)[] = [];
/** Another process, whose engine time is ahead of the database's. */
const aheadMs = 3 * 3_600_000;
beforeAll(async () => {
  database = await testDatabase();
  const options = { routes, database: openDatabase(database.pool) };
  here = await startTestServer(options);
  there = await startTestServer({ ...options, now: () => Date.now() + aheadMs });
  stops.push(followRevocations(here.services), followRevocations(there.services));
});
afterAll(async () => {
  for (const stop of stops) stop();
  await Promise.all([here.stop(1_000), there.stop(1_000)]);
  await database.close();
});

const password = 'correct horse';
let people = 0;
async function member(server = here) {
  const email = `someone-${++people}@example.com`;
  const body = { email, password, name: 'Ann', role: 'buyer' };
  const { body: answer } = await server.call('POST', '/v1/auth/register', { body });
  const token = `Bearer ${answer.accessToken}`;
  return { email, token, accountId: answer.account.accountId, refreshToken: answer.refreshToken };
}
const codeAt = async (server: TestServer, token: string) =>
  (await server.call('GET', '/v1/me', { token })).body.code;

/** Whether both gateways refuse the token, which both knew as good. */
async function endsEverywhere(token: string, work: () => Promise<unknown>): Promise<void> {
  expect(await Promise.all([codeAt(here, token), codeAt(there, token)])).toEqual([undefined, undefined]);
  await work();
  await until(async () => (await codeAt(here, token)) === 'invalid_token', 5_000);
  await until(async () => (await codeAt(there, token)) === 'invalid_token', 5_000);
}

describe('an access token ends within 5 s, on every gateway,', () => {
  test('with a change of the password', async () => {
    const { token } = await member(there);
    await endsEverywhere(token, async () => {
      const body = { password: 'battery staple', currentPassword: password };
      expect((await here.call('PATCH', '/v1/me', { token, body })).status).toBe(200);
    });
  });

  test('with a logout everywhere by another session', async () => {
    const { token, email } = await member(there);
    const { body } = await here.call('POST', '/v1/auth/login', { body: { email, password } });
    await endsEverywhere(token, async () => {
      const answer = await here.call('POST', '/v1/auth/logout', {
        token: `Bearer ${body.accessToken}`,
        body: { everywhere: true },
      });
      expect(answer.status).toBe(204);
    });
  });

  test('with a logout of its session, and no other ends', async () => {
    const { token, email, refreshToken } = await member(there);
    const { body } = await here.call('POST', '/v1/auth/login', { body: { email, password } });
    await endsEverywhere(token, () => here.call('POST', '/v1/auth/logout', { body: { refreshToken } }));
    // Asking again and again may have taken all that the account may ask in a second.
    await until(async () => (await codeAt(here, `Bearer ${body.accessToken}`)) === undefined, 5_000);
  });

  test('with the reuse of an old refresh token', async () => {
    const { token, refreshToken } = await member(there);
    const refresh = (text: string) => here.call('POST', '/v1/auth/refresh', { body: { refreshToken: text } });
    const next = (await refresh(refreshToken)).body.refreshToken;
    await refresh(next);
    await endsEverywhere(token, () => refresh(refreshToken));
  });

  test('with a guest’s logout, although the guest had no row', async () => {
    const { body } = await there.call('POST', '/v1/auth/guest');
    const token = `Bearer ${body.accessToken}`;
    await endsEverywhere(token, () => here.call('POST', '/v1/auth/logout', { token }));
    const renewed = await here.call('POST', '/v1/auth/refresh', {
      body: { refreshToken: body.refreshToken },
    });
    expect(renewed.body.code).toBe('invalid_token');
  });

  test('when its account signs in more often than sessions are kept', async () => {
    const { token, email } = await member(there);
    await endsEverywhere(token, async () => {
      for (let i = 0; i < 20; i++) await here.call('POST', '/v1/auth/login', { body: { email, password } });
    });
  });
});

describe('a gateway that starts later', () => {
  test('knows what ended before', async () => {
    const { token, refreshToken } = await member();
    await here.call('POST', '/v1/auth/logout', { body: { refreshToken } });
    const late = await startTestServer({ routes, database: openDatabase(database.pool) });
    stops.push(followRevocations(late.services));
    await until(async () => (await codeAt(late, token)) === 'invalid_token', 5_000);
    await late.stop(1_000);
  });
});

describe('ended sessions', () => {
  test('are read in pages, once each, and the one that commits late is not missed', async () => {
    const { accountId } = await member();
    const db = openDatabase(database.pool);
    const end = `UPDATE sessions SET revoked_by = pg_current_xact_id(), revoked_until = now() + interval '1 hour' WHERE session_id = $1`;
    const insert = `INSERT INTO sessions (session_id, account_id, expires_at) SELECT 'ses_' || gen_random_uuid(), $1, now() + interval '1 day' FROM generate_series(1, 2500)`;
    const start = (await readEndedSessions(db, '0')).cursor;
    const slow = newId('session');
    await database.pool.query(
      `INSERT INTO sessions (session_id, account_id, expires_at) VALUES ($1, $2, now() + interval '1 day')`,
      [slow, accountId],
    );
    const client = await database.pool.connect();
    await client.query('BEGIN');
    await client.query(end, [slow]);
    await database.pool.query(insert, [accountId]);
    await database.pool.query(
      end.replace(
        'WHERE session_id = $1',
        `WHERE account_id = $1 AND revoked_by IS NULL AND session_id <> '${slow}'`,
      ),
      [accountId],
    );
    const first = await readEndedSessions(db, start);
    const seen = first.ended.map(({ sessionId }) => sessionId);
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.length).toBeGreaterThanOrEqual(2_500);
    expect(seen).not.toContain(slow);
    await client.query('COMMIT');
    client.release();
    const second = await readEndedSessions(db, first.cursor);
    expect(second.ended.map(({ sessionId }) => sessionId)).toContain(slow);
    const third = await readEndedSessions(db, second.cursor);
    expect(third.ended).toEqual([]);
  });
});
