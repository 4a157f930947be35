/** Signing in while others guess, and the letters in which e-mail addresses and passwords come. */
import { hash } from '@node-rs/argon2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../../../src/gateway/handling.ts';
import { routes } from '../../../src/market/accounts/routes.ts';
import { ensureAdmin } from '../../../src/market/accounts/store.ts';
import { openDatabase } from '../../../src/persistence/database.ts';
import { startTestServer, type TestServer } from '../../gateway/harness.ts';
import { type TestDatabase, testDatabase } from '../../persistence/support.ts';

let database: TestDatabase;
let server: TestServer;
let nowMs = Date.now();
beforeAll(async () => {
  database = await testDatabase();
  server = await startTestServer({
    routes,
    database: openDatabase(database.pool),
    // Every address of these tests is told by the one proxy, this machine.
    env: { TRUSTED_PROXIES: '127.0.0.0/8', RATE_EXEMPT: '' },
    now: () => nowMs,
  });
});
afterAll(async () => {
  await server.stop(1_000);
  await database.close();
});

const password = 'correct horse';
let people = 0;
const newEmail = () => `person-${++people}@example.com`;
let networks = 0;
/** An address that nobody has used. */
const newAddress = () => `198.51.${++networks}.7`;
const from = (address: string) => ({ 'x-forwarded-for': address });

async function member(change: object = {}) {
  const body = { email: newEmail(), password, name: 'Ann', role: 'buyer', ...change };
  const answer = await server.call('POST', '/v1/auth/register', { body, headers: from(newAddress()) });
  expect(answer.status).toBe(201);
  const { accessToken, refreshToken, account } = answer.body;
  return { email: body.email, token: `Bearer ${accessToken}`, refreshToken, account };
}
async function login(email: string, guess: string, address = newAddress()) {
  const answer = await server.call('POST', '/v1/auth/login', {
    body: { email, password: guess },
    headers: from(address),
  });
  return answer.status === 200 ? 200 : answer.body.code;
}
const times = <Result>(count: number, work: (index: number) => Promise<Result>) =>
  Promise.all(Array.from({ length: count }, (_, index) => work(index)));

test('registrations of one address count with its guests: each costs a hash, and is an account', async () => {
  const address = newAddress();
  const guests = await times(60, () =>
    server.call('POST', '/v1/auth/guest', { headers: from(address) }).then(({ status }) => status),
  );
  expect(new Set(guests)).toEqual(new Set([201]));
  const body = { email: newEmail(), password, name: 'Ann', role: 'buyer' };
  const register = (at: string) => server.call('POST', '/v1/auth/register', { body, headers: from(at) });
  const refused = await register(address);
  expect([refused.status, refused.body.code]).toEqual([429, 'rate_limited']);
  expect((await register(newAddress())).status).toBe(201);
});

describe('a stranger who guesses', () => {
  test('is stopped, and the owner signs in meanwhile from another address', async () => {
    const { email } = await member();
    const [stranger, owner] = [newAddress(), newAddress()];
    const guesses = await times(14, () => login(email, 'wrong horse', stranger));
    expect(guesses.filter((code) => code === 'invalid_credentials')).toHaveLength(10);
    expect(guesses.filter((code) => code === 'rate_limited')).toHaveLength(4);
    for (let i = 0; i < 30; i++) {
      if (i % 10 === 0) expect(await login(email, 'wrong horse', stranger)).toBe('rate_limited');
      expect(await login(email, password, owner)).toBe(200);
    }
    // Even the right password is no use at that address for a while.
    expect(await login(email, password, stranger)).toBe('rate_limited');
  });

  test('over many e-mail addresses is stopped after 20 a minute', async () => {
    const stranger = newAddress();
    const codes = await times(30, (i) => login(`victim-${i}@example.com`, 'wrong horse', stranger));
    expect(codes.filter((code) => code === 'invalid_credentials')).toHaveLength(20);
    expect(codes.filter((code) => code === 'rate_limited')).toHaveLength(10);
    // Signing in to an account of one's own in between does not start the count anew.
    const { email } = await member();
    nowMs += 3_000;
    expect(await login(email, password, stranger)).toBe(200);
    expect(await login('victim-1@example.com', 'wrong horse', stranger)).toBe('invalid_credentials');
    expect(await login('victim-2@example.com', 'wrong horse', stranger)).toBe('rate_limited');
  });

  test('`currentPassword` with a stolen token is counted the same, and together with sign-ins', async () => {
    const { email, token } = await member();
    const thief = newAddress();
    const guess = async () =>
      (
        await server.call('PATCH', '/v1/me', {
          token,
          body: { password: 'battery staple', currentPassword: 'wrong horse' },
          headers: from(thief),
        })
      ).body.code;
    const codes = await times(8, guess);
    expect(codes).toEqual(Array(8).fill('invalid_credentials'));
    expect(await login(email, 'wrong horse', thief)).toBe('invalid_credentials');
    expect([await guess(), await guess()]).toEqual(['invalid_credentials', 'rate_limited']);
    const right = await server.call('PATCH', '/v1/me', {
      token,
      body: { password: 'battery staple', currentPassword: password },
      headers: from(newAddress()),
    });
    expect(right.status).toBe(200);
  });
});

test('refused refresh tokens and guest tokens count with all that are refused: sixty a minute', async () => {
  const [stranger, home] = [newAddress(), newAddress()];
  const { email, refreshToken } = await member();
  const call = async (path: string, body: object, address = stranger) => {
    const { status } = await server.call('POST', `/v1/auth/${path}`, { body, headers: from(address) });
    return status;
  };
  const used = refreshToken.replace(/.$/, (last: string) => (last === 'A' ? 'B' : 'A'));
  const guesses = [
    ...(await times(20, (n) => call('refresh', { refreshToken: `ses_${n}.0.x` }))),
    ...(await times(10, () => call('refresh', { refreshToken: used }))),
    ...(await times(15, () => call('logout', { refreshToken: used }))),
    ...(await times(15, () => call('login', { email, password, guestToken: 'x' }))),
  ];
  expect(guesses).toEqual([...Array(45).fill(401), ...Array(15).fill(400)]);
  expect(await call('refresh', { refreshToken: used })).toBe(429);
  expect(await call('logout', { refreshToken: used })).toBe(429);
  expect(await call('login', { email, password, guestToken: 'x' })).toBe(429);
  expect((await server.call('GET', '/v1/me', { token: 'Bearer x', headers: from(stranger) })).status).toBe(
    429,
  );
  // What is good is served there still, and elsewhere nobody notices.
  expect(await call('refresh', { refreshToken: used }, home)).toBe(401);
  expect(await call('refresh', { refreshToken })).toBe(200);
  expect(await login(email, password, stranger)).toBe(200);
});

describe('right passwords of one address', () => {
  test('are never refused for each other, however many are checked at once', async () => {
    const office = newAddress();
    const members = await times(3, () => member());
    // More than one account may try at once, and more than the address may.
    const codes = await times(54, (n) => login(members[n % 3]!.email, password, office));
    expect(new Set(codes)).toEqual(new Set([200]));
    const changed = await times(12, () =>
      server.call('PATCH', '/v1/me', {
        token: members[0]!.token,
        body: { name: 'Ann', password, currentPassword: password },
        headers: from(office),
      }),
    );
    // All are right when they are compared; the first that is stored makes the others' password another one.
    expect(changed.map(({ status }) => status)).not.toContain(429);
  });

  test('wait for the wrong ones beside them, of which exactly as many are compared as without them', async () => {
    const office = newAddress();
    const { email } = await member();
    const codes = await times(60, (n) =>
      n % 3 === 2 ? login(email, password, office) : login(`victim-${n}@example.com`, 'wrong horse', office),
    );
    const wrong = codes.filter((_, n) => n % 3 !== 2);
    expect(wrong.filter((code) => code === 'invalid_credentials')).toHaveLength(20);
    expect(wrong.filter((code) => code === 'rate_limited')).toHaveLength(20);
    expect(await login('victim-0@example.com', 'wrong horse', office)).toBe('rate_limited');
    // Right ones are refused only once all twenty were wrong.
    const right = codes.filter((_, n) => n % 3 === 2);
    expect(right).toContain(200);
    expect(new Set([...right, 'rate_limited'])).toEqual(new Set([200, 'rate_limited']));
  });
});

test('a password pool that is busy counts nothing', async () => {
  const { email } = await member();
  const home = newAddress();
  const crowd = times(90, (i) => login(`crowd-${i}@example.com`, 'wrong horse'));
  const mine = await times(9, () => login(email, 'wrong horse', home));
  await crowd;
  expect(mine).toContain('busy');
  const counted = mine.filter((code) => code === 'invalid_credentials').length;
  for (let i = counted; i < 10; i++)
    expect(await login(email, 'wrong horse', home)).toBe('invalid_credentials');
  expect(await login(email, 'wrong horse', home)).toBe('rate_limited');
});

describe('e-mail addresses', () => {
  test('fold ASCII letters and no others: a stranger’s admİn@ is not admin@', async () => {
    const admin = (await ensureAdmin(database.pool))!;
    expect(await login('ADMIN@doorbuster.LOCAL', admin.password)).toBe(200);
    for (const email of ['admİn@doorbuster.local', 'admın@doorbuster.local', 'ａdmin@doorbuster.local'])
      expect(await login(email, admin.password)).toBe('invalid_credentials');
    const other = await server.call('POST', '/v1/auth/register', {
      body: { email: 'admİn@doorbuster.local', password, name: 'Eve', role: 'buyer' },
    });
    expect([other.status, other.body.account?.role]).toEqual([201, 'buyer']);
    expect(await login('admin@doorbuster.local', password)).toBe('invalid_credentials');
    expect(await login('admin@doorbuster.local', admin.password)).toBe(200);
  });

  test('have a domain in ASCII, and its labels are none that a name server would refuse', async () => {
    const register = async (domain: string) => {
      const body = {
        email: `${newEmail().split('@', 1)[0]}@${domain}`,
        password,
        name: 'Ann',
        role: 'buyer',
      };
      return server.call('POST', '/v1/auth/register', { body, headers: from(newAddress()) });
    };
    for (const domain of [
      ...[
        'exämple.de',
        'пример.рф',
        'example.рф',
        'ex\u200bample.com',
        'example。com',
        'localhost',
        '.com',
        'a..b',
      ],
      ...['-a.com', 'a-.com', 'a_b.com', 'example.com.', `${'a'.repeat(64)}.com`, '[127.0.0.1]'],
    ]) {
      const { status, body } = await register(domain);
      expect([domain, status, body.code, body.errors?.[0].path]).toEqual([
        ...[domain, 400, 'validation_failed', '/email'],
      ]);
    }
    for (const domain of ['xn--exmple-cua.de', 'EXAMPLE.com', 'a.b-c.d9', `${'a'.repeat(63)}.com`])
      expect([domain, (await register(domain)).status]).toEqual([domain, 201]);
  });

  test('with other letters that were registered before are found as they were then', async () => {
    const passwordHash = await hash(password);
    const insert = (email: string) =>
      database.pool.query(
        `INSERT INTO accounts (account_id, roles, email, name, password_hash) VALUES ($1, '{buyer}', $2, 'Ö', $3)`,
        [newId('account'), email, passwordHash],
      );
    await insert('Ömer@Example.com');
    await insert('zoë@exämple.de');
    const { rows } = await database.pool.query(`SELECT lower('Ö') = 'ö' AS folds`);
    for (const email of ['Ömer@Example.com', 'Ömer@example.com', 'zoë@exämple.de', 'ZOë@exämple.de'])
      expect([email, await login(email, password)]).toEqual([email, 200]);
    // Where the database folds such letters at all.
    expect(await login('ömer@example.com', password)).toBe(rows[0].folds ? 200 : 'invalid_credentials');
  });
});

describe('case 12: a password from another keyboard', () => {
  // The same letters as one code point, as base and accent, and as a compatibility form, which is another password.
  const composed = 'Z\u00fcrich-2026';
  const decomposed = 'Zu\u0308rich-2026';

  test.each([
    [composed, decomposed],
    [decomposed, composed],
    ['\u1112\u1161\u11ab\u1100\u1173\u11af-2026', '\ud55c\uae00-2026'],
  ])('signs in, changes the password and is checked as the same (%#)', async (first, second) => {
    const { email, token } = await member({ password: first });
    expect([await login(email, first), await login(email, second)]).toEqual([200, 200]);
    const changed = await server.call('PATCH', '/v1/me', {
      token,
      body: { password: `${second}-new`, currentPassword: second },
      headers: from(newAddress()),
    });
    expect(changed.status).toBe(200);
    expect(await login(email, `${first}-new`)).toBe(200);
    expect(await login(email, first)).toBe('invalid_credentials');
  });

  test('is not taken for one that only looks alike', async () => {
    const { email } = await member({ password: 'ﬁle-2026-x' });
    expect(await login(email, 'file-2026-x')).toBe('invalid_credentials');
    expect(await login(email, 'ﬁle-2026-x')).toBe(200);
  });

  test('set before, as it was sent then, keeps working', async () => {
    for (const sent of [composed, decomposed]) {
      const { email, account } = await member();
      await database.pool.query('UPDATE accounts SET password_hash = $2 WHERE account_id = $1', [
        account.accountId,
        await hash(sent),
      ]);
      expect(await login(email, sent)).toBe(200);
      expect(await login(email, `${sent}!`)).toBe('invalid_credentials');
    }
  });
});
