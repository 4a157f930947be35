/** Every route of a running server, in success and in its main refusals, judged by the server's own document. */
import { randomUUID } from 'node:crypto';
import Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sample } from '../market/images/samples.ts';
import { carted } from './carts.ts';
import { type DocumentedClient, documentedClient } from './documented.ts';
import { mailedLink } from './mail.ts';
import { pricesAreSet } from './prices.ts';
import { searched } from './searches.ts';
import { openSite, type ServerProcess, type Site, waitFor } from './server.ts';
import {
  admin,
  admitted,
  call,
  checkoutBody,
  type Drop,
  guest,
  holding,
  member,
  openDrop,
  type Person,
  productBody,
  saleBody,
  sandboxFaults,
  shippingAddress,
} from './shop.ts';

const webhookSecret = 'whsec_a_secret_of_these_tests';
let site: Site;
let server: ServerProcess;
let client: DocumentedClient;
let seller: Person;
let drop: Drop;
beforeAll(async () => {
  site = await openSite({ STRIPE_WEBHOOK_SECRET: webhookSecret });
  server = await site.start();
  client = await documentedClient(server);
  seller = await member(server, 'seller');
  drop = await openDrop(server, 50, { seller });
});
afterAll(async () => {
  const errors = site.server.errors();
  await site.close();
  expect(errors).toEqual([]);
});

const mailedToken = async (email: string, page: string) =>
  new URL(await mailedLink(site.dataDir, email, page)).searchParams.get('token')!;

const noUuid = '00000000-0000-4000-8000-000000000000';

describe('accounts', () => {
  it('are opened, signed in to, renewed and signed out of', async () => {
    const asGuest = (await client.ask('createGuest', 201)).body;
    await client.ask('refresh', 200, { body: { refreshToken: asGuest.refreshToken } });
    const email = `ada-${randomUUID()}@example.com`;
    const password = 'correct horse battery';
    const body = { email, password, name: 'Ada', role: 'buyer' };
    const registered = await client.ask('register', 201, { body });
    await client.refused('register', 409, 'email_taken', { body });
    await client.refused('register', 400, 'validation_failed', { body: { ...body, role: 'admin' } });
    await client.ask('login', 200, { body: { email, password } });
    await client.refused('login', 401, 'invalid_credentials', { body: { email, password: 'wrong one' } });
    const { refreshToken } = registered.body;
    const renewed = await client.ask('refresh', 200, { body: { refreshToken } });
    const next = { refreshToken: renewed.body.refreshToken };
    await client.ask('refresh', 200, { body: next });
    await client.refused('refresh', 401, 'invalid_token', { body: { refreshToken } });
    // Reuse of an old one has ended the whole family.
    await client.refused('refresh', 401, 'invalid_token', { body: next });
    const who = { accountId: registered.body.account.accountId, token: registered.body.accessToken };
    await client.ask('logout', 204, { who, body: {} });
    await client.refused('logout', 401, 'unauthenticated', { body: {} });
  });

  it('prove their address, and forget their password, by what is mailed', async () => {
    const email = `ada-${randomUUID()}@example.com`;
    const password = 'correct horse battery';
    const body = { email, password, name: 'Ada', role: 'buyer' };
    const { account, accessToken } = (await client.ask('register', 201, { body })).body;
    const who = { accountId: account.accountId, token: accessToken };
    const token = await mailedToken(email, 'verify');
    await client.ask('verifyEmail', 204, { body: { token } });
    await client.refused('verifyEmail', 400, 'link_invalid', { body: { token } });
    expect((await client.ask('getMe', 200, { who })).body.emailVerified).toBe(true);
    await client.ask('sendVerification', 202, { who });
    await client.ask('requestPasswordReset', 202, { body: { email: 'nobody@example.com' } });
    await client.ask('requestPasswordReset', 202, { body: { email } });
    const reset = { token: await mailedToken(email, 'reset'), password: 'another horse' };
    await client.ask('resetPassword', 204, { body: reset });
    await client.refused('resetPassword', 400, 'link_invalid', { body: reset });
    await client.ask('login', 200, { body: { email, password: 'another horse' } });
    expect((await client.ask('listOidcProviders', 200)).body).toEqual({ items: [] });
  });

  it('have a copy of their data, and leave', async () => {
    const who = await member(server, 'buyer');
    const { exportId } = (await client.ask('startExport', 202, { who })).body;
    const path = { exportId };
    await waitFor(async () => (await client.ask('getExport', 200, { who, path })).body.status === 'done');
    const copy = (await client.ask('downloadExport', 200, { who, path })).body;
    expect(copy.account.email).toBe(who.email);
    await client.refused('getExport', 404, 'not_found', { who: seller, path });
    await client.refused('downloadExport', 404, 'not_found', { who: seller, path });
    const wrong = { who, body: { currentPassword: 'not this' } };
    await client.refused('eraseMe', 401, 'invalid_credentials', wrong);
    const used = { who: seller, body: { currentPassword: 'a long password' } };
    await client.refused('eraseMe', 409, 'account_in_use', used);
    await client.ask('eraseMe', 202, { who, body: { currentPassword: 'a long password' } });
  });

  it('are given roles by an admin, of whom there is always one', async () => {
    const who = await admin(server);
    const { accountId } = await member(server, 'buyer');
    const body = { roles: ['buyer', 'operator'] };
    const changed = await client.ask('changeAccount', 200, { who, path: { accountId }, body });
    expect(changed.body.roles).toEqual(['operator', 'buyer']);
    const own = { accountId: who.accountId };
    await client.refused('changeAccount', 409, 'last_admin', { who, path: own, body });
    await client.refused('changeAccount', 404, 'not_found', {
      who,
      path: { accountId: `acc_${noUuid}` },
      body,
    });
    await client.refused('changeAccount', 400, 'validation_failed', { who, path: own, body: { roles: [] } });
    await client.refused('changeAccount', 403, 'forbidden', { who: await guest(server), path: own, body });
  });

  it('are read and changed, with their addresses', async () => {
    const who = await member(server, 'buyer');
    await client.ask('getMe', 200, { who });
    const again = (
      await client.ask('login', 200, { body: { email: who.email, password: 'a long password' } })
    ).body;
    const sessions = (await client.ask('listSessions', 200, { who })).body.items;
    const { sessionId } = sessions.find(({ current }: { current: boolean }) => !current);
    await client.ask('endSession', 204, { who, path: { sessionId } });
    await client.refused('endSession', 404, 'not_found', { who, path: { sessionId } });
    await client.refused('refresh', 401, 'invalid_token', { body: { refreshToken: again.refreshToken } });
    expect((await client.ask('changeMe', 200, { who, body: { name: 'Grace' } })).body.name).toBe('Grace');
    const wrong = { password: 'another password', currentPassword: 'not this' };
    await client.refused('changeMe', 401, 'invalid_credentials', { who, body: wrong });
    await client.refused('changeMe', 400, 'validation_failed', { who, body: {} });
    const { addressId } = (await client.ask('addAddress', 201, { who, body: shippingAddress })).body;
    const path = { addressId };
    await client.ask('changeAddress', 200, { who, path, body: { city: 'Shelbyville' } });
    const { items } = (await client.ask('listAddresses', 200, { who, query: 'limit=5' })).body;
    expect(items).toMatchObject([{ addressId, city: 'Shelbyville' }]);
    const other = await member(server, 'buyer');
    await client.refused('changeAddress', 404, 'not_found', { who: other, path, body: { city: 'X' } });
    await client.refused('removeAddress', 404, 'not_found', { who: other, path });
    await client.ask('removeAddress', 204, { who, path });
    await client.refused('removeAddress', 404, 'not_found', { who, path });
  });
});

describe('the catalogue', () => {
  it('is written by sellers and read by everybody', async () => {
    const skus = [`S-${randomUUID()}`, `S-${randomUUID()}`];
    const body = productBody(skus, 7);
    const made = await client.ask('createProduct', 201, { who: seller, body });
    const path = { productId: made.body.productId };
    await client.refused('createProduct', 409, 'sku_taken', { who: seller, body });
    await client.refused('createProduct', 403, 'forbidden', { who: await guest(server), body });
    await client.ask('listProducts', 200, { query: 'sort=newest&limit=1' });
    await client.refused('listProducts', 400, 'validation_failed', { query: 'limit=0' });
    const read = await client.ask('getProduct', 200, { path });
    await client.refused('getProduct', 404, 'not_found', { path: { productId: `prd_${noUuid}` } });
    const headers = { 'if-match': read.headers.get('etag')! };
    const change = { title: 'Better console' };
    await client.ask('changeProduct', 200, { who: seller, path, headers, body: change });
    await client.refused('changeProduct', 412, 'stale_version', { who: seller, path, headers, body: change });
    const stranger = await member(server, 'seller');
    await client.refused('changeProduct', 404, 'not_found', { who: stranger, path, body: change });
    await client.refused('removeProduct', 412, 'stale_version', { who: seller, path, headers });
    await client.ask('removeProduct', 204, { who: seller, path });
    await client.refused('removeProduct', 404, 'not_found', { who: seller, path });
  });

  it('has variants that come, change and go, with what they cost and who said so', async () => {
    const first = `S-${randomUUID()}`;
    const made = await client.ask('createProduct', 201, { who: seller, body: productBody([first], 7) });
    const path = { productId: made.body.productId };
    const [{ price }] = made.body.variants;
    const sku = `S-${randomUUID()}`;
    const body = { sku, price, compareAtPrice: price, stock: 2 };
    await client.ask('addVariant', 201, { who: seller, path, body });
    await client.refused('addVariant', 409, 'sku_taken', { who: seller, path, body });
    const one = { who: seller, path: { ...path, sku } };
    const changed = await client.ask('changeVariant', 200, { ...one, body: { options: { size: 'L' } } });
    expect(changed.body.variants[1].options).toEqual({ size: 'L' });
    await client.ask('removeVariant', 204, one);
    await client.refused('removeVariant', 404, 'not_found', one);
    const last = { who: seller, path: { ...path, sku: first } };
    await client.refused('removeVariant', 409, 'wrong_state', last);
    expect((await client.ask('listPrices', 200, { path })).body.items).toHaveLength(2);
    expect((await client.ask('listProvenance', 200, { path })).body.items).toHaveLength(4);
    const inSale = { who: drop.seller, path: { sku: drop.sku, productId: '' } };
    const { items } = (await client.ask('getSale', 200, { path: { saleId: drop.saleId } })).body;
    inSale.path.productId = items[0].productId;
    const spare = { sku: `S-${randomUUID()}`, price, stock: 1 };
    await client.ask('addVariant', 201, { who: drop.seller, path: inSale.path, body: spare });
    await client.refused('removeVariant', 409, 'variant_in_use', inSale);
  });

  it('is a tree of categories, which admins change', async () => {
    const who = await admin(server);
    const name = `Oddities ${randomUUID().slice(0, 8)}`;
    const made = (await client.ask('createCategory', 201, { who, body: { name } })).body;
    await client.refused('createCategory', 409, 'category_exists', { who, body: { name } });
    await client.refused('createCategory', 403, 'forbidden', { who: seller, body: { name } });
    const path = { category: made.categoryId };
    const below = (
      await client.ask('createCategory', 201, { who, body: { name: 'Below', parentId: made.categoryId } })
    ).body;
    await client.refused('changeCategory', 409, 'category_cycle', {
      who,
      path,
      body: { parentId: below.categoryId },
    });
    await client.refused('removeCategory', 409, 'category_not_empty', { who, path });
    const moved = { who, path: { category: below.categoryId } };
    await client.ask('changeCategory', 200, { ...moved, body: { parentId: null, name: `${name} too` } });
    await client.ask('getCategory', 200, { path: { category: made.slug } });
    await client.refused('getCategory', 404, 'not_found', { path: { category: 'no-such-slug' } });
    await client.ask('listCategories', 200);
    await client.ask('removeCategory', 204, moved);
    await client.refused('removeCategory', 404, 'not_found', moved);
  });

  it('has stock that is exact', async () => {
    const path = { sku: `S-${randomUUID()}` };
    await client.ask('createProduct', 201, { who: seller, body: productBody([path.sku], 7) });
    expect((await client.ask('getStock', 200, { path })).body).toMatchObject({ onHand: 7, available: 7 });
    await client.refused('getStock', 404, 'not_found', { path: { sku: 'nothing-like-it' } });
    const body = { adjustmentId: 'delivery-1', delta: 3, reason: 'delivery' };
    expect((await client.ask('adjustStock', 201, { who: seller, path, body })).body.onHand).toBe(10);
    expect((await client.ask('adjustStock', 200, { who: seller, path, body })).body.onHand).toBe(10);
    const changed = (who: Person, change: object) => ({ who, path, body: { ...body, ...change } });
    await client.refused('adjustStock', 409, 'exists_with_different', changed(seller, { delta: 4 }));
    const below = changed(seller, { adjustmentId: 'loss', delta: -11 });
    await client.refused('adjustStock', 409, 'insufficient_stock', below);
    const theirs = changed(await member(server, 'seller'), { adjustmentId: 'theirs' });
    await client.refused('adjustStock', 404, 'not_found', theirs);
  });

  it('is searched, soon after a change', () => searched(client, seller));
  it('has rates, discounts and offers', () => pricesAreSet(client, server, seller));
});

describe('a file of products', () => {
  it('is taken in, read, told of, stopped and given back', async () => {
    // Somebody who has asked little so far: how often an account may ask is bounded.
    const importer = await member(server, 'seller');
    const body = `sku,title,category,price,currency,stock\nS-${randomUUID()},Lamp,Home,1999,USD,3\nbad`;
    const headers = { 'content-type': 'text/csv' };
    const { importId } = (await client.ask('createImport', 202, { who: importer, body, headers })).body;
    const path = { importId };
    const done = await waitFor(async () => {
      const { body: now } = await client.ask('getImport', 200, { who: importer, path });
      return now.status === 'done' && now;
    });
    expect(done).toMatchObject({ linesRead: 2, created: 1, rejected: 1 });
    expect((await client.ask('listImports', 200, { who: importer })).body.items[0]).toMatchObject(path);
    const { items } = (await client.ask('listImportErrors', 200, { who: importer, path })).body;
    expect(items).toMatchObject([{ line: 3, code: 'wrong_number_of_columns' }]);
    await client.ask('stopImport', 204, { who: importer, path });
    const whole = await client.ask('exportProducts', 200, { who: importer, query: 'format=csv' });
    expect(whole.body).toContain(',Lamp,');
    const stranger = await member(server, 'seller');
    for (const operation of ['getImport', 'listImportErrors', 'stopImport'])
      await client.refused(operation, 404, 'not_found', { who: stranger, path });
    await client.refused('createImport', 403, 'forbidden', { who: await guest(server), body, headers });
    await client.refused('createImport', 415, 'unsupported_media_type', { who: importer, body });
  });
});

describe('a sale', () => {
  it('is opened, read, steered and closed by its seller', async () => {
    const sku = `S-${randomUUID()}`;
    await client.ask('createProduct', 201, { who: seller, body: productBody([sku], 5) });
    const body = saleBody(sku, 5);
    const { saleId } = (await client.ask('createSale', 201, { who: seller, body })).body;
    const path = { saleId };
    await client.refused('createSale', 409, 'insufficient_stock', { who: seller, body });
    const unknown = { who: seller, body: saleBody('nothing-like-it', 1) };
    await client.refused('createSale', 404, 'unknown_sku', unknown);
    const past = { who: seller, body: { ...body, endsAt: '2020-01-01T00:00:00Z' } };
    await client.refused('createSale', 400, 'validation_failed', past);
    await client.refused('createSale', 403, 'forbidden', { who: await guest(server), body });
    await client.ask('getSale', 200, { path });
    await client.refused('getSale', 404, 'not_found', { path: { saleId: `sal_${noUuid}` } });
    await client.ask('getSaleStatus', 200, { who: seller, path });
    const change = { queueing: { releasePerSecond: 7 } };
    const changed = await client.ask('changeSale', 200, { who: seller, path, body: change });
    expect(changed.body.queueing.releasePerSecond).toBe(7);
    const stranger = await member(server, 'seller');
    for (const operation of ['getSaleStatus', 'changeSale', 'pauseSale', 'closeSale']) {
      const more = operation === 'changeSale' ? { body: change } : {};
      await client.refused(operation, 404, 'not_found', { who: stranger, path, ...more });
    }
    for (const [verb, phase] of [
      ['pauseSale', 'paused'],
      ['resumeSale', 'active'],
      ['closeSale', 'ended'],
    ] as const)
      expect((await client.ask(verb, 200, { who: seller, path })).body.phase).toBe(phase);
    const changes = (await client.ask('listSaleChanges', 200, { who: seller, path })).body.items;
    expect(changes[0]).toMatchObject({
      change: 'closed',
      actor: { accountId: seller.accountId, role: 'seller' },
    });
    await client.refused('resumeSale', 410, 'sale_ended', { who: seller, path });
    const listed = await waitFor(async () => {
      const { items } = (await client.ask('listSales', 200, { query: 'limit=100' })).body;
      return items.find((sale: { saleId: string }) => sale.saleId === saleId) ?? null;
    });
    expect(listed.title).toBe(body.title);
  });
});

describe('the waiting room', () => {
  it('hands out tickets and holds', async () => {
    const { saleId, sku } = drop;
    const who = await guest(server);
    const path = { saleId };
    await client.refused('getMyTicket', 404, 'not_found', { who, path });
    const body = { requestId: randomUUID() };
    const { ticketId } = (await client.ask('joinSale', 201, { who, path, body })).body;
    await client.ask('joinSale', 200, { who, path, body });
    await client.ask('getMyTicket', 200, { who, path });
    await client.ask('getTicket', 200, { who, path: { saleId, ticketId } });
    const stranger = await guest(server);
    await client.refused('getTicket', 404, 'not_found', { who: stranger, path: { saleId, ticketId } });
    await client.refused('leaveSale', 404, 'not_found', { who: stranger, path: { saleId, ticketId } });
    const { admission } = await admitted(server, drop, who);
    const hold = { holdId: randomUUID(), sku, quantity: 1 };
    const headers = { 'admission-token': admission };
    await client.refused('placeHold', 403, 'admission_required', { who, path, body: hold });
    const forged = { 'admission-token': `${admission.slice(0, -2)}xx` };
    await client.refused('placeHold', 403, 'admission_invalid', { who, path, body: hold, headers: forged });
    await client.refused('placeHold', 403, 'admission_invalid', { who: stranger, path, body: hold, headers });
    const otherSku = { who, path, headers, body: { ...hold, sku: 'another' } };
    await client.refused('placeHold', 404, 'unknown_sku', otherSku);
    const first = await client.ask('placeHold', 201, { who, path, body: hold, headers });
    const again = await client.ask('placeHold', 200, { who, path, body: hold, headers });
    expect(again.body).toEqual(first.body);
    const different = { who, path, headers, body: { ...hold, quantity: 2 } };
    await client.refused('placeHold', 409, 'exists_with_different', different);
    const second = { who, path, headers, body: { ...hold, holdId: randomUUID() } };
    await client.refused('placeHold', 409, 'purchase_limit', second);
    const holdPath = { holdId: hold.holdId };
    await client.ask('getHold', 200, { who, path: holdPath });
    await client.refused('getHold', 404, 'not_found', { who: stranger, path: holdPath });
    await client.refused('releaseHold', 404, 'not_found', { who: stranger, path: holdPath });
    const released = await client.ask('releaseHold', 200, { who, path: holdPath });
    expect(released.body.state).toBe('voided');
    await client.ask('leaveSale', 200, { who, path: { saleId, ticketId } });
  });

  it('is not open before its time, nor after its end', async () => {
    const startsAt = new Date(Date.now() + 600_000).toISOString();
    const later = await openDrop(server, 1, { seller, sale: { startsAt } });
    const who = await guest(server);
    const path = { saleId: later.saleId };
    await client.refused('joinSale', 409, 'sale_not_open', { who, path, body: {} });
    await client.ask('closeSale', 200, { who: seller, path });
    await client.refused('joinSale', 410, 'sale_ended', { who, path, body: {} });
  });
});

describe('orders', () => {
  const key = () => ({ 'idempotency-key': randomUUID() });

  it('are paid, read, listed and cancelled', async () => {
    const who = await holding(server, drop);
    const body = checkoutBody([who.holdId]);
    await client.refused('checkOut', 400, 'idempotency_key_required', { who, body });
    const headers = key();
    const ways = await client.ask('getCheckoutOptions', 200);
    expect(ways.body).toEqual({ payments: 'sandbox', isQuoted: true });
    const order = await client.ask('checkOut', 201, { who, body, headers });
    const path = { orderId: order.body.orderId };
    const read = await client.ask('getOrder', 200, { who, path });
    expect(read.headers.get('etag')).toMatch(/^"\d+"$/);
    const stranger = await guest(server);
    await client.refused('getOrder', 404, 'not_found', { who: stranger, path });
    await client.refused('cancelOrder', 404, 'not_found', { who: stranger, path });
    const { paymentId } = read.body;
    const payment = await waitFor(async () => {
      const target = { who, path: { paymentId } };
      return client.ask('getPayment', 200, target).catch(() => null);
    });
    expect(payment.body).toMatchObject({ status: 'captured', amount: read.body.total });
    await client.refused('getPayment', 404, 'not_found', { who: stranger, path: { paymentId } });
    await waitFor(async () => {
      const { items } = (await client.ask('listOrders', 200, { who, query: 'status=confirmed&limit=1' }))
        .body;
      return items.length === 1;
    });
    await client.refused('releaseHold', 409, 'wrong_state', { who, path: { holdId: who.holdId } });
    expect((await client.ask('cancelOrder', 200, { who, path })).body.status).toMatch(/cancelled|refunded/);
    await waitFor(async () => (await client.ask('getOrder', 200, { who, path })).body.status === 'refunded');
  });

  it('say why they failed', async () => {
    const who = await holding(server, drop);
    const declined = checkoutBody([who.holdId], 'pm_card_chargeDeclined');
    const refused = await client.refused('checkOut', 402, 'payment_declined', {
      who,
      body: declined,
      headers: key(),
    });
    const failed = await client.ask('getOrder', 200, { who, path: { orderId: refused.body.orderId } });
    expect(failed.body.failure).toMatchObject({ code: 'payment_declined' });
    const retry = { who, body: checkoutBody([who.holdId]), headers: key() };
    await client.refused('checkOut', 409, 'hold_expired', retry);
    const nothing = { who, body: checkoutBody([randomUUID()]), headers: key() };
    await client.refused('checkOut', 404, 'not_found', nothing);
    const card = { ...checkoutBody([who.holdId]), paymentMethod: '4242 4242 4242 4242' };
    await client.refused('checkOut', 422, 'card_data_refused', { who, body: card, headers: key() });
    expect(server.log()).not.toMatch(/4242.?4242/);
  });

  it('that take their time are answered with where to look', async () => {
    const who = await holding(server, drop);
    await sandboxFaults(server, { delayMs: 5_500 });
    try {
      const body = checkoutBody([who.holdId]);
      const accepted = await client.ask('checkOut', 202, { who, body, headers: key() });
      const { orderId } = accepted.body;
      expect(accepted.headers.get('location')).toBe(`/v1/orders/${orderId}`);
      await sandboxFaults(server, { delayMs: 0 });
      await waitFor(async () => {
        const { status } = (await client.ask('getOrder', 200, { who, path: { orderId } })).body;
        return status === 'confirmed';
      });
    } finally {
      await sandboxFaults(server, { delayMs: 0 });
    }
  });
});

describe('images of a product', () => {
  it('are sent, changed, served and removed', async () => {
    const sku = `S-${randomUUID()}`;
    const made = await client.ask('createProduct', 201, { who: seller, body: productBody([sku], 1) });
    const { productId } = made.body;
    const body = new Blob([new Uint8Array(await sample('png', 64, 48))], { type: 'image/png' });
    const { imageId, url } = (await client.ask('addImage', 201, { who: seller, path: { productId }, body }))
      .body;
    const path = { productId, imageId };
    const changed = await client.ask('changeImage', 200, { who: seller, path, body: { alt: 'A console' } });
    expect(changed.body).toMatchObject({ imageId, alt: 'A console', width: 64, height: 48 });
    await client.ask('getImageFile', 200, { path: { file: url.slice('/media/'.length) } });
    await client.refused('getImageFile', 404, 'not_found', { path: { file: 'none.webp' } });
    const text = { who: seller, path: { productId }, body: new Blob(['hello'], { type: 'text/plain' }) };
    await client.refused('addImage', 415, 'unsupported_image', text);
    const broken = { ...text, body: body.slice(0, 60, 'image/png') };
    await client.refused('addImage', 422, 'image_rejected', broken);
    const stranger = await member(server, 'seller');
    await client.refused('removeImage', 404, 'not_found', { who: stranger, path });
    await client.ask('removeImage', 204, { who: seller, path });
  });
});

describe('administration', () => {
  const reason = 'Counterfeits';

  it('finds accounts and what was done, for administrators', async () => {
    const who = await admin(server);
    const { email } = await member(server, 'buyer');
    const { items } = (await client.ask('listAccounts', 200, { who, query: `q=${email}` })).body;
    expect(items).toMatchObject([{ email, status: 'active' }]);
    await client.refused('listAccounts', 403, 'forbidden', { who: seller });
    const since = 'action=account.roles&from=2026-01-01T00:00:00Z';
    await client.ask('listAuditActions', 200, { who, query: since });
    await client.refused('listAuditActions', 403, 'forbidden', { who: seller });
    await client.refused('listAuditActions', 400, 'validation_failed', { who, query: 'from=yesterday' });
  });

  it('verifies, suspends and reinstates sellers, whose sales end and whose products go and come', async () => {
    const who = await admin(server);
    const theirs = await openDrop(server, 5);
    const path = { sellerId: theirs.seller.accountId };
    const [product] = (await client.ask('listProducts', 200, { query: `seller=${path.sellerId}` })).body
      .items;
    const isShown = async () => (await call(server, `GET /v1/products/${product.productId}`)).status === 200;
    expect(await isShown()).toBe(true);
    await client.refused('verifySeller', 409, 'wrong_state', { who, path, body: {} });
    const body = { legalName: 'Quist Shoes GmbH', country: 'DE', payoutReference: 'acct_1' };
    await client.ask('applyAsSeller', 201, { who: theirs.seller, body });
    await client.ask('applyAsSeller', 200, { who: theirs.seller, body });
    await client.refused('applyAsSeller', 403, 'forbidden', { who: await guest(server), body });
    const waiting = (await client.ask('listSellers', 200, { who, query: 'state=applied' })).body;
    expect(waiting.items).toMatchObject([path]);
    await client.ask('verifySeller', 200, { who, path, body: {} });
    expect((await client.ask('getOwnSeller', 200, { who: theirs.seller })).body.verified).toBe(true);

    await client.refused('suspendSeller', 400, 'validation_failed', { who, path, body: {} });
    await client.ask('suspendSeller', 200, { who, path, body: { reason } });
    await waitFor(async () => !(await isShown()), 5_000);
    const sale = { path: { saleId: theirs.saleId } };
    await waitFor(async () => (await client.ask('getSale', 200, sale)).body.phase === 'ended');
    const change = { who: theirs.seller, body: { title: 'Other' } };
    const listing = productBody(['X'], 1);
    const refusals = [
      client.refused('changeProduct', 403, 'seller_suspended', { ...change, path: product }),
      client.refused('pauseSale', 403, 'seller_suspended', { who: theirs.seller, ...sale, body: {} }),
      client.refused('createProduct', 403, 'seller_suspended', { who: theirs.seller, body: listing }),
    ];
    await Promise.all(refusals);
    // The trail has who closed the sale, from the journal.
    await waitFor(async () => {
      const query = `target=${theirs.saleId}`;
      const { items } = (await client.ask('listAuditActions', 200, { who, query })).body;
      return items.some(({ action }: { action: string }) => action === 'sale.closed');
    });
    await client.ask('reinstateSeller', 200, { who, path, body: {} });
    await waitFor(isShown, 5_000);
    const nobody = { who, path: { sellerId: `acc_${noUuid}` }, body: { reason } };
    for (const operation of ['verifySeller', 'suspendSeller', 'reinstateSeller'])
      await client.refused(operation, 404, 'not_found', nobody);
  });

  it('holds listings by rules, and decides about them', async () => {
    const who = await admin(server);
    const items = [{ pattern: 'replica', action: 'hold' }];
    const set = await client.ask('setForbiddenWords', 200, { who, body: { items } });
    expect((await client.ask('getForbiddenWords', 200, { who })).body).toEqual({ items });
    const least = { items: [{ currency: 'USD', min: 5 }] };
    const bounds = await client.ask('setPriceBounds', 200, { who, body: least });
    await client.ask('getPriceBounds', 200, { who });
    const list = async () => {
      const body = { ...productBody([`S-${randomUUID()}`], 1), title: 'Replica' };
      const { body: product } = await client.ask('createProduct', 201, { who: seller, body });
      expect(product.status).toBe('held');
      return { productId: product.productId };
    };
    const [good, bad] = [await list(), await list()];
    const queue = (await client.ask('listHeldProducts', 200, { who })).body.items;
    expect(queue).toMatchObject([{ ...good, reasons: [{ code: 'forbidden_word' }] }, bad]);
    await client.refused('listHeldProducts', 403, 'forbidden', { who: seller });
    await client.ask('getRulesSweep', 200, { who });
    await client.ask('approveProduct', 200, { who, path: good });
    await client.refused('approveProduct', 409, 'wrong_state', { who, path: good });
    await client.ask('rejectProduct', 200, { who, path: bad, body: { reason } });
    await client.refused('rejectProduct', 409, 'wrong_state', { who, path: bad, body: { reason } });
    const nowhere = { who, path: { productId: `prd_${noUuid}` } };
    await client.refused('approveProduct', 404, 'not_found', nowhere);
    await client.refused('rejectProduct', 404, 'not_found', { ...nowhere, body: { reason } });
    await client.ask('setForbiddenWords', 200, {
      who,
      body: { items: [{ pattern: 'replica', action: 'refuse' }] },
      headers: { 'if-match': set.headers.get('etag')! },
    });
    const refused = { ...productBody([`S-${randomUUID()}`], 1), title: 'Replica' };
    await client.refused('createProduct', 422, 'listing_refused', { who: seller, body: refused });
    const stale = { who, body: { items: [] }, headers: { 'if-match': '"0"' } };
    await client.refused('setForbiddenWords', 412, 'stale_version', stale);
    await client.refused('setPriceBounds', 412, 'stale_version', stale);
    const none = { who, body: { items: [] }, headers: { 'if-match': bounds.headers.get('etag')! } };
    await client.ask('setPriceBounds', 200, none);
    await client.ask('setForbiddenWords', 200, { who, body: { items: [] } });
  });

  it('lets nobody in who is suspended', async () => {
    const who = await admin(server);
    const { accountId, email } = await member(server, 'buyer');
    await client.ask('changeAccount', 200, { who, path: { accountId }, body: { status: 'suspended' } });
    const body = { email, password: 'a long password' };
    await client.refused('login', 403, 'account_suspended', { body });
  });
});

describe('the rest', () => {
  it('of carts and wishes', async () => carted(client, await guest(server), seller));
  it('is documented too', async () => {
    await client.ask('getOpenApi', 200);
    await client.ask('getAsyncApi', 200);
    await client.ask('getSamplePicture', 200, { path: { picture: 'campo-mug.svg' } });
    await client.refused('getSamplePicture', 404, 'not_found', { path: { picture: 'none.svg' } });
    await client.ask('listShards', 200, { who: await admin(server) });
    await client.refused('listShards', 403, 'forbidden', { who: seller });
    await client.ask('getOverview', 200, { who: await admin(server) });
    await client.refused('getOverview', 403, 'forbidden', { who: seller });
    const event = { id: 'evt_1', object: 'event', type: 'payment_intent.created', data: {} };
    const payload = JSON.stringify(event);
    const signed = (secret: string) => ({
      'stripe-signature': Stripe.webhooks.generateTestHeaderString({ payload, secret }),
    });
    await client.ask('receivePaymentWebhook', 200, { body: payload, headers: signed(webhookSecret) });
    const forged = { body: payload, headers: signed('whsec_another') };
    await client.refused('receivePaymentWebhook', 400, 'invalid_signature', forged);
    await client.refused('receivePaymentWebhook', 400, 'invalid_signature', { body: payload });
  });

  it('leave no documented success unseen', () => expect(client.unseen()).toEqual([]));
});
