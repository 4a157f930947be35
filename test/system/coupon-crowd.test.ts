/** A coupon with a limit among many orders at once, at a running server, with taxes, weights and a promotion in the figures. */
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { temporaryFolder } from '../persistence/support.ts';
import { openSite, type ServerProcess, type Site } from './server.ts';
import {
  type Answered,
  call,
  expected,
  guest,
  member,
  type Person,
  productBody,
  shippingAddress,
  unlessBusy,
} from './shop.ts';

const buyers = 100;
const limit = 7;
const usd = (amount: number) => ({ amount, currency: 'USD' });

let site: Site;
let server: ServerProcess;
/** From the first start on: what a gateway has read it keeps for 5 seconds. */
async function ratesFile(): Promise<string> {
  const rate = { method: 'standard', country: 'US', minDays: 2, maxDays: 4 };
  const rates = {
    taxRates: { items: [{ country: 'US', rate: '0.0625', inclusive: false }] },
    shippingRates: {
      items: [
        { ...rate, maxWeightGrams: 1_000, amount: usd(500) },
        { ...rate, maxWeightGrams: 5_000, amount: usd(800) },
      ],
    },
  };
  const path = join(await temporaryFolder(), 'rates.json');
  await writeFile(path, JSON.stringify(rates));
  return path;
}

beforeAll(async () => {
  site = await openSite({ RATES_FILE: await ratesFile() });
  server = await site.start();
});
afterAll(async () => {
  const errors = site.server.errors();
  await site.close();
  expect(errors).toEqual([]);
});

async function sell(seller: Person, stock: number): Promise<string> {
  const sku = `S-${randomUUID()}`;
  const [variant] = productBody([sku], stock).variants;
  const body = {
    ...productBody([sku], stock),
    variants: [{ ...variant, price: usd(1_999), weightGrams: 750 }],
  };
  await expected(server, 'POST /v1/products', 201, { who: seller, body });
  return sku;
}

/** Two units into the cart of a new guest. */
async function shopper(sku: string): Promise<Person> {
  const who = await guest(server);
  await expected(server, 'POST /v1/cart/items', 200, { who, body: { sku, quantity: 2 } });
  return who;
}

function checkOut(who: Person, couponCodes: readonly string[]): Promise<Answered> {
  const body = {
    ...{ cartId: who.accountId.replace('acc_', 'crt_'), shippingAddress, shippingMethod: 'standard' },
    ...{ paymentMethod: 'pm_card_visa', couponCodes },
  };
  const headers = { 'idempotency-key': randomUUID() };
  return unlessBusy(() => call(server, 'POST /v1/checkout', { who, body, headers }));
}

it('is used exactly as often as its limit says, whoever comes, and comes back with an order that is cancelled', async () => {
  const seller = await member(server, 'seller');
  const sku = await sell(seller, 2 * buyers);
  const code = `CROWD-${randomUUID().slice(0, 8)}`.toUpperCase();
  const coupon = { code, kind: 'amount', value: usd(1_000), limit, stackable: true };
  await expected(server, 'POST /v1/coupons', 201, { who: seller, body: coupon });
  const promotion = { kind: 'percent', value: 10, stackable: true, priority: -1 };
  await expected(server, 'POST /v1/promotions', 201, { who: seller, body: promotion });
  const people: Person[] = [];
  for (let n = 0; n < buyers; n += 10)
    people.push(...(await Promise.all(Array.from({ length: 10 }, () => shopper(sku)))));

  const answers = await Promise.all(people.map((who) => checkOut(who, [code])));
  // Whoever was answered 202 has an order that goes on.
  const orders = await Promise.all(
    answers.map(async ({ status, body }, n) => {
      if (status === 201) return body;
      if (status === 202)
        return unlessBusy(() => call(server, `GET /v1/orders/${body.orderId}`, { who: people[n]! })).then(
          (answer) => answer.body,
        );
      expect([status, body.code]).toEqual([409, 'coupon_exhausted']);
      return null;
    }),
  );
  const won = orders.filter((order) => order?.status === 'confirmed');
  expect(won).toHaveLength(limit);
  const read = () => expected(server, `GET /v1/coupons/${code}`, 200, { who: seller });
  expect(await read()).toMatchObject({ used: limit, reserved: 0 });
  // 39.98 − 10.00, then 10 % of the rest; 6.25 % of 26.98; 1.5 kg.
  for (const order of won) {
    expect(order).toMatchObject({ subtotal: usd(3_998), discount: usd(1_300), shipping: usd(800) });
    expect(order).toMatchObject({ tax: usd(169), total: usd(3_667), paymentStatus: 'captured' });
    const who = people[orders.indexOf(order)]!;
    const payment = await expected(server, `GET /v1/payments/${order.paymentId}`, 200, { who });
    expect(payment.amount).toEqual(order.total);
  }
  const stock = await expected(server, `GET /v1/inventory/${sku}`, 200);
  expect(stock).toMatchObject({ sold: 2 * limit, held: 0, available: 2 * (buyers - limit) });

  const first = people[orders.indexOf(won[0])]!;
  await expected(server, `POST /v1/orders/${won[0].orderId}/cancel`, 200, { who: first });
  await expect.poll(async () => (await read()).used).toBe(limit - 1);
  const late = await checkOut(people[orders.indexOf(null)]!, [code]);
  expect([late.status, late.body.discount]).toEqual([201, usd(1_300)]);
});
