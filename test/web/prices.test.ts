/** Rates for administrators and discounts for sellers, in a browser. */
import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { admin, expected, member, openDrop, productBody } from '../system/shop.ts';
import { complaintsOf } from './browser.ts';
import { button, fillAddress, heading, hold, join, pay } from './drop-page.ts';
import { browserSite } from './site.ts';
import { faultsIn, signIn } from './visit.ts';

const shop = browserSite('the pages of prices');

const credentials = () => {
  const [, email = '', password = ''] = /Admin +(\S+) +password (\S+)/.exec(shop.server.banner)!;
  return { email, password };
};

shop.describe('the pages of prices', () => {
  test('an administrator sets rates, is told what is refused, and takes one out', async () => {
    const page = await shop.person();
    const { email, password } = credentials();
    await page.goto('/signin?next=%2Fadmin');
    await page.getByLabel('Email').fill(email);
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page
      .getByRole('navigation', { name: 'Pages of the administration' })
      .getByRole('link', { name: 'Rates' })
      .click();
    await page.getByRole('heading', { level: 1, name: 'Rates' }).waitFor();
    const tax = page.getByRole('form', { name: 'Add the tax rate' });
    await tax.getByLabel('Country, such as US').fill('NZ');
    await tax.getByLabel('Percent').fill('fifteen');
    await tax.getByRole('button', { name: 'Add the tax rate' }).click();
    await page.getByText('Write a number from 0 to 100 such as 6.25.').waitFor();
    expect(await faultsIn(page, 'rates-refused')).toEqual([]);
    await tax.getByLabel('Percent').fill('6.25');
    await tax.getByLabel('Percent').press('Enter');
    const taxes = page.getByRole('list', { name: 'Tax' });
    await taxes.getByText('6.25 %, added').waitFor();
    // The same again contradicts the first: the server says so.
    await tax.getByLabel('Country, such as US').fill('NZ');
    await tax.getByLabel('Percent').fill('7');
    await tax.getByRole('button', { name: 'Add the tax rate' }).click();
    await page.getByRole('alert').filter({ hasText: 'must not be for the same' }).waitFor();

    const exchange = page.getByRole('form', { name: 'Add the exchange rate' });
    await exchange.getByLabel('Currency').fill('sek');
    await exchange.getByLabel('Is worth so much of it').fill('10.5');
    await exchange.getByRole('button').click();
    await page.getByText('10.5 for one USD').waitFor();

    const shipping = page.getByRole('form', { name: 'Add the shipping rate' });
    await shipping.getByLabel('Method, such as standard').fill('pigeon');
    await shipping.getByLabel('Country, or * for all others').fill('*');
    await shipping.getByLabel('Price').fill('3.50');
    await shipping.getByLabel('Days, at least').fill('9');
    await shipping.getByLabel('Days, at most').fill('12');
    await shipping.getByRole('button').click();
    await page.getByText('$3.50, 9 to 12 days').waitFor();
    expect(await faultsIn(page, 'rates')).toEqual([]);
    const who = await admin(shop.server);
    const read = (path: string) => expected(shop.server, `GET ${path}`, 200, { who });
    expect((await read('/v1/tax-rates')).items).toContainEqual({
      country: 'NZ',
      rate: '0.0625',
      inclusive: false,
    });
    expect((await read('/v1/exchange-rates')).rates.SEK).toBe('10.5');
    for (const what of ['NZ', 'pigeon, all others', 'SEK'])
      await page.getByRole('button', { name: `Remove ${what}`, exact: true }).click();
    await page.getByText('10.5 for one USD').waitFor({ state: 'detached' });
    expect((await read('/v1/tax-rates')).items).not.toContainEqual(
      expect.objectContaining({ country: 'NZ' }),
    );
  });

  test('a seller makes a code, a promotion and a price rule, and takes them back', async () => {
    const page = await shop.person({ size: 'desktop' });
    const complaints = complaintsOf(page);
    const seller = await member(shop.server, 'seller');
    const sku = `S-${randomUUID()}`;
    await expected(shop.server, 'POST /v1/products', 201, { who: seller, body: productBody([sku], 4) });
    await signIn(page, seller.email, '/sell');
    await page.getByRole('link', { name: 'Discounts' }).click();
    await page.getByRole('heading', { level: 1, name: 'Discounts' }).waitFor();
    await page.getByText('You have no codes.').waitFor();
    const code = `WEB-${randomUUID().slice(0, 8)}`.toUpperCase();
    const coupon = page.getByRole('form', { name: 'Add the code' });
    await coupon.getByLabel('Code').fill(code.toLowerCase());
    await coupon.getByLabel('Percent', { exact: true }).fill('12.555');
    await coupon.getByLabel('Orders in all (optional)').fill('50');
    await coupon.getByRole('button', { name: 'Add the code' }).click();
    await page.getByText('Must have at most two decimals.').waitFor();
    await coupon.getByLabel('Percent', { exact: true }).fill('12.5');
    await coupon.getByLabel('Percent', { exact: true }).press('Enter');
    await page.getByText(`${code} is there.`).waitFor();
    await page.getByRole('list', { name: 'Codes' }).getByText('12.5 % off · used 0 of 50 times').waitFor();

    const promotion = page.getByRole('form', { name: 'Add the promotion' });
    await promotion.getByRole('radio', { name: 'Shipping' }).check();
    await promotion.getByRole('button', { name: 'Add the promotion' }).click();
    await page.getByRole('list', { name: 'Promotions without a code' }).getByText('used 0 times').waitFor();

    const rule = page.getByRole('form', { name: 'Add the price rule' });
    await rule.getByLabel('SKU').fill(sku);
    await rule.getByLabel('Steps, one a line').fill('5 20\n2 many');
    await rule.getByLabel('Never below').fill('100');
    await rule.getByLabel('Never above').fill('300');
    await rule.getByRole('button', { name: 'Add the price rule' }).click();
    await page.getByText('Write one step a line, such as 5 20.').waitFor();
    await rule.getByLabel('Steps, one a line').fill('5 20\n2 40');
    await rule.getByRole('button', { name: 'Add the price rule' }).click();
    await page.getByText(`${sku}, by stock`).waitFor();
    expect(await faultsIn(page, 'discounts')).toEqual([]);
    for (const name of [code, 'Free shipping', `${sku}, by stock`])
      await page.getByRole('button', { name: `Remove ${name}`, exact: true }).click();
    await page.getByText('You have no codes.').waitFor();
    await page.getByText('No price moves by itself.').waitFor();
    // The two refusals of the API are told of in the console, too.
    expect(complaints.filter((complaint) => !/400/.test(complaint))).toEqual([]);
  });

  test('a drop’s page says what its order will cost with tax, and that is what is charged', async () => {
    const who = await admin(shop.server);
    const rates = { items: [{ country: 'US', state: 'TX', rate: '0.0625', inclusive: false }] };
    await expected(shop.server, 'PUT /v1/tax-rates', 200, { who, body: rates });
    const options = () => expected(shop.server, 'GET /v1/checkout/options', 200, {});
    await expect.poll(async () => (await options()).isQuoted, { timeout: 20_000 }).toBe(true);
    const drop = await openDrop(shop.server, 3);
    const page = await shop.person();
    await join(page, drop.saleId);
    await hold(page);
    await fillAddress(page);
    await page.getByRole('region', { name: 'Total' }).getByText('Tax', { exact: true }).waitFor();
    const said = await button(page, /^Pay/).innerText();
    expect(await faultsIn(page, 'drop-with-tax')).toEqual([]);
    await pay(page);
    await heading(page, 'Receipt').waitFor();
    await page.getByText(said.replace('Pay ', ''), { exact: true }).first().waitFor();
  });
});
