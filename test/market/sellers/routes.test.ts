/** Sellers apply, are verified, suspended and reinstated by administrators. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { routes as accountRoutes } from '../../../src/market/accounts/routes.ts';
import { ensureAdmin } from '../../../src/market/accounts/store.ts';
import { listActions } from '../../../src/market/audit/store.ts';
import { guarded } from '../../../src/market/sellers/guard.ts';
import { routes } from '../../../src/market/sellers/routes.ts';
import { type Database, openDatabase } from '../../../src/persistence/database.ts';
import { startTestServer, type TestServer } from '../../gateway/harness.ts';
import { type TestDatabase, testDatabase } from '../../persistence/support.ts';

let test0: TestDatabase;
let database: Database;
let server: TestServer;
let admin: { accountId: string; token: string };
beforeAll(async () => {
  test0 = await testDatabase();
  database = openDatabase(test0.pool);
  server = await startTestServer({ routes: [...routes, ...accountRoutes].map(guarded), database });
  const credentials = (await ensureAdmin(test0.pool))!;
  const { body } = await server.call('POST', '/v1/auth/login', { body: credentials });
  admin = { accountId: body.account.accountId, token: `Bearer ${body.accessToken}` };
});
afterAll(async () => {
  await server.stop(1_000);
  await test0.close();
});

let people = 0;
async function member(role: 'buyer' | 'seller', name = `Member ${++people}`) {
  const body = { email: `m${++people}@example.com`, password: 'correct horse', name, role };
  const { body: answer } = await server.call('POST', '/v1/auth/register', { body });
  return {
    accountId: answer.account.accountId as string,
    token: `Bearer ${answer.accessToken}`,
    email: body.email,
  };
}
type Member = Awaited<ReturnType<typeof member>>;

const application = { legalName: 'Quist Shoes GmbH', country: 'DE', payoutReference: 'acct_1' };
const apply = ({ token }: Member, body: object = application) =>
  server.call('POST', '/v1/sellers/apply', { token, body });
const decide = (
  verb: string,
  { accountId }: Pick<Member, 'accountId'>,
  body: object = {},
  token = admin.token,
) => server.call('POST', `/v1/admin/sellers/${accountId}/${verb}`, { token, body });
const own = async ({ token }: Member) => (await server.call('GET', '/v1/seller', { token })).body;
const actionsOn = async (target: string) =>
  (await listActions(database, { target })).items.map(({ action }) => action);

async function found(query: string): Promise<string[]> {
  const answer = await server.call('GET', `/v1/admin/sellers?${query}`, { token: admin.token });
  expect(answer.status).toBe(200);
  return answer.body.items.map(({ sellerId }: { sellerId: string }) => sellerId);
}

describe('a seller', () => {
  test('sells at once, applies, and is verified', async () => {
    const who = await member('seller');
    expect(await own(who)).toMatchObject({
      status: 'active',
      verified: false,
      application: null,
      suspension: null,
    });
    const first = await apply(who);
    expect(first.status).toBe(201);
    expect(first.body).toMatchObject({
      sellerId: who.accountId,
      application,
      verified: false,
      verifiedAt: null,
    });
    expect((await apply(who)).status).toBe(200);
    const verified = await decide('verify', who, { reason: 'Papers seen' });
    expect([verified.status, verified.body.verified]).toEqual([200, true]);
    expect((await decide('verify', who)).body.verifiedAt).toBe(verified.body.verifiedAt);
    expect(await actionsOn(who.accountId)).toEqual(['seller.verified']);
  });

  test('who wants to be paid elsewhere is verified anew; the same again changes nothing', async () => {
    const who = await member('seller');
    await apply(who);
    await decide('verify', who);
    expect((await apply(who)).body.verified).toBe(true);
    const changed = await apply(who, { ...application, payoutReference: 'acct_of_a_thief' });
    expect([changed.status, changed.body.verified]).toEqual([200, false]);
    expect(await found('state=applied')).toContain(who.accountId);
  });

  test('is not verified without an application', async () => {
    const who = await member('seller');
    const refused = await decide('verify', who);
    expect([refused.status, refused.body.code]).toEqual([409, 'wrong_state']);
  });

  test('who is a buyer yet sells once verified, not by applying', async () => {
    const who = await member('buyer');
    await apply(who);
    const roles = async () => (await server.call('GET', '/v1/me', { token: who.token })).body.roles;
    expect(await roles()).toEqual(['buyer']);
    await decide('verify', who);
    expect(await roles()).toEqual(['seller', 'buyer']);
  });

  test('is suspended with a reason, which it reads, and writes nothing until it is reinstated', async () => {
    const who = await member('seller');
    expect((await decide('suspend', who)).body.code).toBe('validation_failed');
    const suspended = await decide('suspend', who, { reason: 'Counterfeits' });
    expect(suspended.body).toMatchObject({ status: 'suspended', suspension: { reason: 'Counterfeits' } });
    expect((await own(who)).suspension).toEqual(suspended.body.suspension);
    const refused = await apply(who);
    expect([refused.status, refused.body.code]).toEqual([403, 'seller_suspended']);
    expect(refused.body.detail).toContain('Counterfeits');
    // The same again changes nothing, its reason neither.
    expect((await decide('suspend', who, { reason: 'Other' })).body).toEqual(suspended.body);
    expect(await found('state=suspended')).toEqual([who.accountId]);
    const reinstated = await decide('reinstate', who);
    expect(reinstated.body).toMatchObject({ status: 'active', suspension: null });
    expect((await apply(who)).status).toBe(201);
    expect(await actionsOn(who.accountId)).toEqual(['seller.reinstated', 'seller.suspended']);
  });

  test('keeps buying, and an administrator who sells keeps deciding, while suspended', async () => {
    const who = await member('seller');
    await decide('suspend', who, { reason: 'Late parcels' });
    const renamed = await server.call('PATCH', '/v1/me', { token: who.token, body: { name: 'Mara' } });
    expect(renamed.status).toBe(200);
    await server.call('PATCH', `/v1/admin/accounts/${admin.accountId}`, {
      token: admin.token,
      body: { roles: ['admin', 'seller'] },
    });
    await decide('suspend', admin, { reason: 'Nobody is above the rules' });
    expect((await decide('reinstate', admin)).status).toBe(200);
  });
});

test('a suspended seller is refused by every route that sellers write by, whatever its noun', () => {
  const handle = async () => ({ status: 200 });
  const route = { ...routes[1]!, handle };
  const isGuarded = (method: typeof route.method, who: typeof route.who) =>
    guarded({ ...route, method, who }).refusals?.includes('seller_suspended') ?? false;
  expect(isGuarded('POST', ['seller'])).toBe(true);
  expect(isGuarded('PATCH', ['seller', 'admin'])).toBe(true);
  expect(isGuarded('DELETE', ['seller', 'operator', 'admin'])).toBe(true);
  expect(isGuarded('GET', ['seller'])).toBe(false);
  expect(isGuarded('POST', 'signed-in')).toBe(false);
  expect(isGuarded('POST', ['admin'])).toBe(false);
});

describe('the list of sellers', () => {
  test('has whoever sells or has applied, newest first, page by page', async () => {
    const seller = await member('seller', 'Zoe Zander');
    const buyer = await member('buyer', 'Zoe Applicant');
    await member('buyer', 'Zoe Buyer');
    await apply(buyer);
    expect(await found('q=zoe')).toEqual([buyer.accountId, seller.accountId]);
    expect(await found('q=zander')).toEqual([seller.accountId]);
    expect(await found(`q=${buyer.accountId}`)).toEqual([buyer.accountId]);
    expect(await found('q=zoe&state=applied')).toEqual([buyer.accountId]);
    const all: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const path = `/v1/admin/sellers?limit=2${cursor && `&cursor=${cursor}`}`;
      const { body } = await server.call('GET', path, { token: admin.token });
      all.push(...body.items.map(({ sellerId }: { sellerId: string }) => sellerId));
      cursor = body.nextCursor;
    }
    expect(all).toEqual(all.toSorted().reverse());
    expect(all.slice(0, 2)).toEqual([buyer.accountId, seller.accountId]);
    expect(new Set(all).size).toBe(all.length);
  });
});

test('decisions are for administrators, about sellers that there are', async () => {
  const who = await member('seller');
  const buyer = await member('buyer');
  for (const verb of ['verify', 'suspend', 'reinstate']) {
    const body = { reason: 'Because' };
    for (const role of ['buyer', 'seller', 'operator', 'guest'] as const) {
      const refused = await decide(verb, who, body, await server.bearer(role));
      expect([refused.status, refused.body.code]).toEqual([403, 'forbidden']);
    }
    for (const accountId of ['acc_018f0000-0000-7000-8000-000000000009', 'nonsense', buyer.accountId])
      expect((await decide(verb, { accountId }, body)).body.code).toBe('not_found');
  }
  for (const body of [
    {},
    { ...application, country: 'XX' },
    { ...application, legalName: ' ' },
    { ...application, iban: 'DE' },
  ])
    expect((await apply(who, body)).body.code).toBe('validation_failed');
  const card = await apply(who, { ...application, payoutReference: '4111 1111 1111 1111' });
  expect([card.status, card.body.code]).toEqual([422, 'card_data_refused']);
  const token = await server.bearer('guest');
  expect((await server.call('POST', '/v1/sellers/apply', { token, body: application })).status).toBe(403);
});
