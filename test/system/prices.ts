/** Rates, codes, promotions and personal offers of a running server, held against its document. */
import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { newId } from '../../src/gateway/handling.ts';
import type { DocumentedClient } from './documented.ts';
import { waitFor } from './server.ts';
import { admin, member, type Person, type Place, productBody } from './shop.ts';

const usd = (amount: number) => ({ amount, currency: 'USD' });

export async function pricesAreSet(
  client: DocumentedClient,
  place: Place & { readonly banner: string },
  seller: Person,
): Promise<void> {
  const administrator = await admin(place);
  await ratesAreSet(client, administrator, seller);
  await discountsAreMade(client, place, administrator, seller);
  await offersAreMade(client, place, seller);
  await pricesFollowRules(client, place, seller);
}

/** Each table is read and replaced as a whole, and by nobody who has not seen the last one. */
async function ratesAreSet(client: DocumentedClient, administrator: Person, seller: Person): Promise<void> {
  const standard = { method: 'standard', country: '*', amount: usd(0), minDays: 3, maxDays: 5 };
  const tables = [
    ['TaxRates', { items: [{ country: 'NZ', category: 'Food', rate: '0.15', inclusive: true }] }],
    [
      'ShippingRates',
      { items: [standard, { ...standard, method: 'express', amount: usd(999), minDays: 1 }] },
    ],
    ['ExchangeRates', { base: 'USD', rates: { EUR: '0.9', JPY: '150.25' } }],
  ] as const;
  for (const [name, body] of tables) {
    const before = await client.ask(`get${name}`, 200, { who: administrator });
    const headers = { 'if-match': before.headers.get('etag')! };
    const after = await client.ask(`set${name}`, 200, { who: administrator, body, headers });
    expect(after.body).toEqual(body);
    await client.refused(`set${name}`, 412, 'stale_version', { who: administrator, body, headers });
    const read = await client.ask(`get${name}`, 200, { who: administrator });
    expect([read.body, read.headers.get('etag')]).toEqual([body, after.headers.get('etag')]);
    await client.refused(`get${name}`, 403, 'forbidden', { who: seller });
    await client.refused(`set${name}`, 403, 'forbidden', { who: seller, body });
  }
  const [tax] = tables[0][1].items;
  const wrong = [
    ['setTaxRates', { items: [tax, { ...tax, rate: '0.1' }] }, '/items/1'],
    ['setTaxRates', { items: [{ ...tax, rate: '15' }] }, '/items/0/rate'],
    ['setTaxRates', { items: [{ ...tax, rate: 0.15 }] }, '/items/0/rate'],
    ['setShippingRates', { items: [standard, standard] }, '/items/1'],
    ['setShippingRates', { items: [{ ...standard, minDays: 6 }] }, '/items/0/maxDays'],
    ['setShippingRates', { items: [{ ...standard, country: 'ZZ' }] }, '/items/0/country'],
    ['setExchangeRates', { base: 'USD', rates: { USD: '1' } }, '/rates/USD'],
    ['setExchangeRates', { base: 'USD', rates: { EUR: '0.0' } }, '/rates/EUR'],
    ['setExchangeRates', { base: 'USD', rates: { XXX: '1' } }, '/rates/XXX'],
  ] as const;
  for (const [operation, body, path] of wrong) {
    const { body: problem } = await client.refused(operation, 400, 'validation_failed', {
      who: administrator,
      body,
    });
    expect(problem.errors[0].path).toBe(path);
  }
}

/** A seller's codes and promotions: made, listed, changed and taken back, and nobody else's business. */
async function discountsAreMade(
  client: DocumentedClient,
  place: Place,
  administrator: Person,
  seller: Person,
): Promise<void> {
  const code = `SAVE-${randomUUID().slice(0, 8)}`.toUpperCase();
  const body = {
    ...{ code: code.toLowerCase(), kind: 'percent', value: 12.5, limit: 100, limitPerBuyer: 1 },
    ...{ startsAt: '2026-01-01T00:00:00Z', endsAt: '2099-01-01T00:00:00Z', minimumSubtotal: usd(5_000) },
    ...{ scope: { categories: ['Books'] }, stackable: true, priority: 3 },
  };
  const { body: made, headers } = await client.ask('createCoupon', 201, { who: seller, body });
  expect(made).toMatchObject({
    ...body,
    code,
    startsAt: '2026-01-01T00:00:00.000Z',
    endsAt: '2099-01-01T00:00:00.000Z',
  });
  expect(made).toMatchObject({ sellerId: seller.accountId, used: 0, reserved: 0, version: 1 });
  expect(headers.get('location')).toBe(`/v1/coupons/${code}`);
  await client.ask('createCoupon', 200, { who: seller, body });
  const other = await member(place, 'seller');
  await client.refused('createCoupon', 409, 'exists_with_different', { who: other, body });
  const { items } = (await client.ask('listCoupons', 200, { who: seller, query: 'limit=100' })).body;
  expect(items).toContainEqual(made);
  expect((await client.ask('listCoupons', 200, { who: other })).body.items).toEqual([]);
  expect((await client.ask('listCoupons', 200, { who: administrator })).body.items).toContainEqual(made);
  const path = { code };
  expect(
    (await client.ask('getCoupon', 200, { who: seller, path: { code: code.toLowerCase() } })).body,
  ).toEqual(made);
  for (const operation of ['getCoupon', 'removeCoupon'])
    await client.refused(operation, 404, 'not_found', { who: other, path });
  await client.refused('getCoupon', 404, 'not_found', { who: seller, path: { code: 'no such code!' } });
  const change = { kind: 'amount', value: usd(500), limit: null, endsAt: null, scope: {} };
  const stale = { 'if-match': '"7"' };
  const patch = { who: seller, path, body: change };
  await client.refused('changeCoupon', 412, 'stale_version', { ...patch, headers: stale });
  await client.refused('changeCoupon', 404, 'not_found', { ...patch, who: other });
  const changed = (await client.ask('changeCoupon', 200, { ...patch, headers: { 'if-match': '"1"' } })).body;
  expect(changed).toMatchObject({ kind: 'amount', value: usd(500), scope: {}, priority: 3, version: 2 });
  expect([changed.limit, changed.endsAt]).toEqual([undefined, undefined]);
  expect((await client.ask('listCoupons', 200, { who: seller })).body.items).toContainEqual(changed);
  await client.refused('removeCoupon', 412, 'stale_version', { who: seller, path, headers: stale });
  await client.ask('removeCoupon', 204, { who: seller, path });
  await client.refused('removeCoupon', 404, 'not_found', { who: seller, path });
  expect((await client.ask('listCoupons', 200, { who: seller })).body.items).toEqual([]);
  await wrongTermsAreRefused(client, seller);
  await promotionsAreMade(client, administrator, seller, other);
}

async function wrongTermsAreRefused(client: DocumentedClient, seller: Person): Promise<void> {
  const wrong = [
    [{ code: 'ab', kind: 'percent', value: 1 }, '/code'],
    [{ code: 'WRONG', kind: 'percent', value: 100.5 }, '/value'],
    [{ code: 'WRONG', kind: 'percent', value: 12.345 }, '/value'],
    [{ code: 'WRONG', kind: 'percent', value: usd(5) }, '/value'],
    [{ code: 'WRONG', kind: 'amount', value: 5 }, '/value'],
    [{ code: 'WRONG', kind: 'free_shipping', value: 5 }, '/value'],
    [{ code: 'WRONG', kind: 'percent', value: 5, limit: 0 }, '/limit'],
    [
      {
        ...{ code: 'WRONG', kind: 'percent', value: 5 },
        ...{ startsAt: '2027-01-01T00:00:00Z', endsAt: '2027-01-01T00:00:00Z' },
      },
      '/endsAt',
    ],
  ] as const;
  for (const [body, path] of wrong) {
    const asked = { who: seller, body };
    const { body: problem } = await client.refused('createCoupon', 400, 'validation_failed', asked);
    expect(problem.errors[0].path).toBe(path);
  }
}

async function promotionsAreMade(
  client: DocumentedClient,
  administrator: Person,
  seller: Person,
  other: Person,
) {
  const body = { kind: 'free_shipping', limit: 5 };
  const { body: made } = await client.ask('createPromotion', 201, { who: seller, body });
  expect(made).toMatchObject({ ...body, stackable: false, priority: 0, used: 0 });
  // An administrator's is the marketplace's own.
  const ours = (
    await client.ask('createPromotion', 201, { who: administrator, body: { kind: 'percent', value: 0 } })
  ).body;
  expect(ours.sellerId).toBeNull();
  expect((await client.ask('listPromotions', 200, { who: seller })).body.items).toEqual([made]);
  const path = { promotionId: made.promotionId };
  expect((await client.ask('getPromotion', 200, { who: seller, path })).body).toEqual(made);
  await client.refused('getPromotion', 404, 'not_found', { who: other, path });
  await client.refused('changePromotion', 404, 'not_found', { who: other, path, body: { priority: 1 } });
  const changed = await client.ask('changePromotion', 200, {
    who: administrator,
    path,
    body: { priority: 1 },
  });
  expect(changed.body).toMatchObject({ sellerId: seller.accountId, priority: 1, kind: 'free_shipping' });
  await client.refused('removePromotion', 404, 'not_found', { who: other, path });
  await client.ask('removePromotion', 204, { who: seller, path });
  await client.ask('removePromotion', 204, { who: administrator, path: { promotionId: ours.promotionId } });
}

/** A seller offers some buyers a price of an own SKU. */
async function offersAreMade(client: DocumentedClient, place: Place, seller: Person): Promise<void> {
  const sku = `S-${randomUUID()}`;
  await client.ask('createProduct', 201, { who: seller, body: productBody([sku], 7) });
  const accountIds = [newId('account')];
  const body = { accountIds, sku, percent: 12.5, limit: 3, endsAt: '2099-01-01T00:00:00Z' };
  const { body: made } = await client.ask('createOffer', 201, { who: seller, body });
  expect(made).toMatchObject({ ...body, endsAt: '2099-01-01T00:00:00.000Z', sellerId: seller.accountId });
  const priced = { accountIds, sku, price: usd(500) };
  const { body: second } = await client.ask('createOffer', 201, { who: seller, body: priced });
  expect(second).toMatchObject(priced);
  expect((await client.ask('listOffers', 200, { who: seller })).body.items).toEqual([made, second]);
  const other = await member(place, 'seller');
  expect((await client.ask('listOffers', 200, { who: other })).body.items).toEqual([]);
  await client.refused('createOffer', 404, 'unknown_sku', { who: other, body });
  await client.refused('createOffer', 400, 'validation_failed', {
    who: seller,
    body: { ...body, price: usd(5) },
  });
  await client.refused('createOffer', 400, 'validation_failed', { who: seller, body: { accountIds, sku } });
  for (const { offerId } of [made, second]) {
    await client.refused('removeOffer', 404, 'not_found', { who: other, path: { offerId } });
    await client.ask('removeOffer', 204, { who: seller, path: { offerId } });
  }
  expect((await client.ask('listOffers', 200, { who: seller })).body.items).toEqual([]);
}

/** A price moves with the stock, within its bounds, and is the seller's own again without the rule. */
async function pricesFollowRules(client: DocumentedClient, place: Place, seller: Person): Promise<void> {
  const sku = `S-${randomUUID()}`;
  const [variant] = productBody([sku], 4).variants;
  const variants = [
    { ...variant, price: usd(1_000), prices: [{ amount: 950, currency: 'EUR' }], weightGrams: 250 },
  ];
  const body = { ...productBody([sku], 4), variants };
  const { productId, variants: shown } = (await client.ask('createProduct', 201, { who: seller, body })).body;
  expect(shown[0]).toMatchObject({ prices: [{ amount: 950, currency: 'EUR' }], weightGrams: 250 });
  const steps = [
    { atMost: 5, percent: 20 },
    { atMost: 2, percent: 90 },
  ];
  const rule = { sku, kind: 'stock', steps, floor: usd(500), ceiling: usd(1_500) };
  const { body: made } = await client.ask('createPriceRule', 201, { who: seller, body: rule });
  expect(made).toMatchObject({ ...rule, basePrice: usd(1_000), sellerId: seller.accountId });
  await client.refused('createPriceRule', 409, 'exists_with_different', { who: seller, body: rule });
  await rulesAreRefused(client, place, seller, rule);
  const path = { productId };
  const priceNow = async () =>
    (await client.ask('getProduct', 200, { who: seller, path })).body.variants[0].price;
  await waitFor(async () => (await priceNow()).amount === 1_200);
  const adjusted = { adjustmentId: 'sold', delta: -3, reason: 'sold elsewhere' };
  await client.ask('adjustStock', 201, { who: seller, path: { sku }, body: adjusted });
  // 90 % more would be 19.00: the ceiling holds.
  await waitFor(async () => (await priceNow()).amount === 1_500);
  const { items: past } = (await client.ask('listPrices', 200, { path })).body;
  expect(past.map((row: { price: unknown; by?: string }) => [row.price, row.by])).toEqual([
    [usd(1_500), `rule ${made.ruleId}`],
    [usd(1_200), `rule ${made.ruleId}`],
    [usd(1_000), undefined],
  ]);
  // What the seller sets is what the rule starts from.
  const change = { variants: [{ sku, price: usd(200) }] };
  await client.ask('changeProduct', 200, { who: seller, path, body: change });
  await waitFor(async () => (await priceNow()).amount === 500);
  const { items } = (await client.ask('listPriceRules', 200, { who: seller })).body;
  expect(items).toEqual([{ ...made, basePrice: usd(200), price: usd(500) }]);
  await client.ask('removePriceRule', 204, { who: seller, path: { ruleId: made.ruleId } });
  await waitFor(async () => (await priceNow()).amount === 200);
}

async function rulesAreRefused(
  client: DocumentedClient,
  place: Place,
  seller: Person,
  rule: object,
): Promise<void> {
  const wrong = [
    [{ ...rule, steps: [{ at: '2027-01-01T00:00:00Z', percent: 5 }] }, '/steps/0/atMost'],
    [{ ...rule, floor: usd(5_000) }, '/ceiling/amount'],
    [{ ...rule, ceiling: { amount: 5_000, currency: 'EUR' } }, '/ceiling/currency'],
    [{ ...rule, steps: [] }, '/steps'],
  ] as const;
  for (const [body, path] of wrong) {
    const { body: problem } = await client.refused('createPriceRule', 400, 'validation_failed', {
      who: seller,
      body,
    });
    expect(problem.errors[0].path).toBe(path);
  }
  const other = await member(place, 'seller');
  await client.refused('createPriceRule', 404, 'unknown_sku', { who: other, body: rule });
  await client.refused('removePriceRule', 404, 'not_found', {
    who: other,
    path: { ruleId: `rul_${randomUUID()}` },
  });
}
