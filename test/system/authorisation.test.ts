/** Who may do what, tried from outside: strangers, expired tokens and wrong roles at every endpoint; others at what is somebody's. */
import { randomUUID } from 'node:crypto';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadRoutes } from '../../src/features.ts';
import { type Role, type Route, roles } from '../../src/gateway/route.ts';
import { AccessTokens } from '../../src/gateway/tokens.ts';
import { expectProblem } from './documented.ts';
import { openSite, type ServerProcess, type Site } from './server.ts';
import {
  admin,
  call,
  expected,
  guest,
  type Holder,
  holding,
  member,
  openDrop,
  type Person,
  price,
  shippingAddress,
} from './shop.ts';

const tokenSecret = 'a secret of these tests that is long enough';
let site: Site;
let server: ServerProcess;
const people = new Map<string, Person>();
const who = (name: string) => people.get(name)!;
/** By the names of path parameters: what belongs to `owner`. */
const owned: Record<string, string> = {};
const routes: readonly Route[] = await loadRoutes();

beforeAll(async () => {
  site = await openSite({ TOKEN_SECRET: tokenSecret });
  server = await site.start();
  for (const name of ['owner', 'seller']) people.set(name, await member(server, 'seller'));
  people.set('buyer', await member(server, 'buyer'));
  people.set('guest', await guest(server));
  people.set('admin', await admin(server));
  people.set('operator', await operator());
  people.set('expired', expired());
  await settle();
}, 60_000);
afterAll(async () => {
  const errors = site.server.errors();
  await site.close();
  expect(errors).toEqual([]);
});

async function operator(): Promise<Person> {
  const one = await member(server, 'buyer');
  const body = { roles: ['buyer', 'operator'] };
  await expected(server, `PATCH /v1/admin/accounts/${one.accountId}`, 200, { who: who('admin'), body });
  const credentials = { email: one.email, password: 'a long password' };
  const signedIn = await expected(server, 'POST /v1/auth/login', 200, { body: credentials });
  return { accountId: one.accountId, token: signedIn.accessToken };
}

/** An administrator of yesterday. */
function expired(): Person {
  const { accountId } = who('admin');
  const tokens = new AccessTokens(tokenSecret, () => Date.now() - 25 * 3_600_000);
  return { accountId, token: tokens.issueAccess({ accountId, roles: ['admin'] }).accessToken };
}

/** Something of everything that an account can own. */
async function settle(): Promise<void> {
  const owner = who('owner');
  const drop = await openDrop(server, 5, { seller: owner });
  const holder: Holder = await holding(server, drop, owner);
  const ask = (target: string, status: number, body?: unknown, headers?: Record<string, string>) =>
    expected(server, target, status, { who: owner, body, ...(headers && { headers }) });
  const sku = `OWN-${randomUUID()}`;
  const variants = [sku, `${sku}-2`].map((one) => ({ sku: one, price, stock: 3, options: { one } }));
  const { productId } = await ask('POST /v1/products', 201, { title: 'Own', category: 'Home', variants });
  const { addressId } = await ask('POST /v1/me/addresses', 201, shippingAddress);
  const picture = await sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } })
    .png()
    .toBuffer();
  const { imageId } = await ask(`POST /v1/products/${productId}/images`, 201, new Blob([picture]), {
    'content-type': 'image/png',
  });
  const { importId } = await ask('POST /v1/imports', 202, 'sku,title,category,price,currency,stock\n', {
    'content-type': 'text/csv',
  });
  const { exportId } = await ask('POST /v1/me/export', 202);
  const { items } = await ask('GET /v1/me/sessions', 200);
  Object.assign(owned, {
    ...{ productId, sku, addressId, imageId, importId, exportId, sessionId: items[0].sessionId },
    ...{ saleId: drop.saleId, ticketId: holder.ticketId, holdId: holder.holdId },
    ...{ accountId: owner.accountId, sellerId: owner.accountId },
  });
}

const targetOf = ({ method, path }: Pick<Route, 'method' | 'path'>) =>
  `${method} ${path.replace(/\{(\w+)\}/g, (_, name: string) => owned[name] ?? 'unknown')}`;

async function refused(target: string, name: string | null, status: number, code: string, body?: unknown) {
  const answer = await call(server, target, { who: name === null ? null : who(name), body });
  expect([target, name, answer.status, answer.body?.code]).toEqual([target, name, status, code]);
  expectProblem(answer);
}

describe('at every endpoint', () => {
  const closed = routes.filter((route) => route.who !== 'anybody');

  test('that wants to know who asks, a stranger and an expired token are refused', async () => {
    expect(closed.length).toBeGreaterThan(60);
    for (const route of closed) {
      await refused(targetOf(route), null, 401, 'unauthenticated');
      await refused(targetOf(route), 'expired', 401, 'token_expired');
    }
  });

  test('that is for some roles, every other role is refused, whatever the body', async () => {
    let probes = 0;
    for (const route of closed) {
      const { who: allowed } = route;
      if (typeof allowed === 'string') continue;
      for (const role of roles.filter((one) => !allowed.includes(one))) {
        await refused(targetOf(route), role, 403, 'forbidden');
        probes++;
      }
    }
    expect(probes).toBeGreaterThan(100);
  });
});

/** As the contract has it, not as the routes say. */
const forRoles: readonly [string, readonly Role[]][] = [
  ...[
    'POST /v1/categories',
    'PATCH /v1/categories/{category}',
    'DELETE /v1/categories/{category}',
    'GET /v1/moderation/products',
    'POST /v1/moderation/products/{productId}/approve',
    'POST /v1/moderation/products/{productId}/reject',
    'GET /v1/settings/forbidden-words',
    'PUT /v1/settings/forbidden-words',
    'GET /v1/settings/price-bounds',
    'PUT /v1/settings/price-bounds',
    'GET /v1/admin/accounts',
    'PATCH /v1/admin/accounts/{accountId}',
    'GET /v1/admin/audit',
    'GET /v1/admin/sellers',
    'POST /v1/admin/sellers/{sellerId}/verify',
    'POST /v1/admin/sellers/{sellerId}/suspend',
    'POST /v1/admin/sellers/{sellerId}/reinstate',
  ].map((name): [string, readonly Role[]] => [name, ['admin']]),
  ...[
    'POST /v1/imports',
    'GET /v1/imports',
    'GET /v1/imports/{importId}',
    'GET /v1/imports/{importId}/errors',
    'DELETE /v1/imports/{importId}',
    'GET /v1/exports/products',
  ].map((name): [string, readonly Role[]] => [name, ['seller']]),
  ...[
    'POST /v1/products',
    'PATCH /v1/products/{productId}',
    'DELETE /v1/products/{productId}',
    'POST /v1/products/{productId}/variants',
    'PATCH /v1/products/{productId}/variants/{sku}',
    'DELETE /v1/products/{productId}/variants/{sku}',
    'POST /v1/products/{productId}/images',
    'PATCH /v1/products/{productId}/images/{imageId}',
    'DELETE /v1/products/{productId}/images/{imageId}',
  ].map((name): [string, readonly Role[]] => [name, ['seller', 'admin']]),
];

test.each(forRoles)('%s is for %j alone', (name, allowed) => {
  const route = routes.find(({ method, path }) => `${method} ${path}` === name);
  expect(route?.who).toEqual(allowed);
});

/** What belongs to another is not there: a good request to it, from everybody whose role may ask at all. */
const somebodys: readonly [method: Route['method'], path: string, body?: unknown][] = [
  ['PATCH', '/v1/products/{productId}', { title: 'Mine now' }],
  ['DELETE', '/v1/products/{productId}'],
  ['POST', '/v1/products/{productId}/variants', { sku: 'THEIRS-1', price, stock: 1 }],
  ['PATCH', '/v1/products/{productId}/variants/{sku}', { price }],
  ['DELETE', '/v1/products/{productId}/variants/{sku}'],
  ['PATCH', '/v1/products/{productId}/images/{imageId}', { alt: 'Mine' }],
  ['DELETE', '/v1/products/{productId}/images/{imageId}'],
  ['GET', '/v1/imports/{importId}'],
  ['GET', '/v1/imports/{importId}/errors'],
  ['DELETE', '/v1/imports/{importId}'],
  ['PATCH', '/v1/me/addresses/{addressId}', { city: 'Elsewhere' }],
  ['DELETE', '/v1/me/addresses/{addressId}'],
  ['DELETE', '/v1/me/sessions/{sessionId}'],
  ['GET', '/v1/me/exports/{exportId}'],
  ['GET', '/v1/me/exports/{exportId}/data'],
  ['PATCH', '/v1/sales/{saleId}', { queueing: { releasePerSecond: 9 } }],
  ['POST', '/v1/sales/{saleId}/pause'],
  ['POST', '/v1/sales/{saleId}/close'],
  ['GET', '/v1/sales/{saleId}/status'],
  ['GET', '/v1/sales/{saleId}/changes'],
  ['GET', '/v1/sales/{saleId}/tickets/{ticketId}'],
  ['DELETE', '/v1/sales/{saleId}/tickets/{ticketId}'],
  ['GET', '/v1/holds/{holdId}'],
  ['DELETE', '/v1/holds/{holdId}'],
  ['POST', '/v1/inventory/{sku}/adjustments', { adjustmentId: randomUUID(), delta: 1, reason: 'received' }],
];

test.each(somebodys)('%s %s of another is not there', async (method, path, body) => {
  const route = routes.find((one) => one.method === method && one.path === path)!;
  const others = (['guest', 'buyer', 'seller'] as const).filter(
    (role) => typeof route.who === 'string' || route.who.includes(role),
  );
  expect(others.length).toBeGreaterThan(0);
  for (const role of others) await refused(targetOf(route), role, 404, 'not_found', body);
});

test('nothing of it has changed for its owner', async () => {
  const owner = who('owner');
  const product = await expected(server, `GET /v1/products/${owned.productId}`, 200, { who: owner });
  expect(product).toMatchObject({
    title: 'Own',
    status: 'active',
    images: [{ imageId: owned.imageId, alt: '' }],
  });
  expect(product.variants).toHaveLength(2);
  const { items } = await expected(server, 'GET /v1/me/addresses', 200, { who: owner });
  expect(items).toMatchObject([{ addressId: owned.addressId, city: 'Springfield' }]);
  expect(await expected(server, `GET /v1/holds/${owned.holdId}`, 200, { who: owner })).toMatchObject({
    state: 'held',
  });
});
