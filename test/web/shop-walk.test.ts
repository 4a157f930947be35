/** The way of somebody new who sells and buys, from the first page to a product found, as a person goes it. */
import { randomUUID } from 'node:crypto';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { picture } from '../market/images/samples.ts';
import { mailedLink } from '../system/mail.ts';
import { waitFor } from '../system/server.ts';
import { expected } from '../system/shop.ts';
import { complaintsOf } from './browser.ts';
import { browserSite } from './site.ts';

const shop = browserSite('the way of a seller and a shopper', { person: { size: 'desktop' } });

const heading = (page: Page, name: string) => page.getByRole('heading', { level: 1, name });

async function signUp(page: Page, email: string): Promise<void> {
  await page.goto('/register?next=%2Fsell');
  await page.getByLabel('Name').fill('Mo');
  await page.getByLabel('Email').fill(email);
  await page.getByLabel('Password').fill('a long password');
  await page.getByRole('button', { name: 'Create an account' }).click();
  await heading(page, 'Your shop').waitFor();
  const link = await mailedLink(shop.site.dataDir, email, 'verify');
  await page.goto(link.replace(/^https?:\/\/[^/]+/, shop.url));
  await heading(page, 'E-mail confirmed').waitFor();
}

async function list(page: Page, number: string): Promise<void> {
  await page.goto('/sell');
  await page.getByRole('link', { name: 'New listing' }).click();
  await heading(page, 'New listing').waitFor();
  await page.getByLabel('Title').fill('Zephyr desk lamp');
  await page.getByLabel('Brand (optional)').fill('Zephyr');
  await page.getByLabel('Category').fill('Home > Light');
  const variant = page.getByRole('group', { name: 'New variant 1' });
  await variant.getByLabel('SKU').fill(`LAMP-${number}`);
  await variant.getByLabel('Price', { exact: true }).fill('49.00');
  await variant.getByLabel('Units in stock').fill('5');
  await page.getByRole('button', { name: 'Put on sale' }).click();
  await heading(page, 'Zephyr desk lamp').waitFor();
  const chooser = page.waitForEvent('filechooser');
  await page.getByRole('button', { name: 'Add images' }).click();
  const buffer = await picture(300, 200).png().toBuffer();
  await (await chooser).setFiles({ name: 'lamp.png', mimeType: 'image/png', buffer });
  await page.getByText('Image 1 of 1').waitFor();
}

async function importFile(page: Page, number: string): Promise<void> {
  await page.getByRole('link', { name: 'Your shop' }).first().click();
  await page.getByRole('link', { name: 'Imports' }).click();
  await heading(page, 'Imports').waitFor();
  const rows = [
    'sku,title,brand,category,price,currency,stock',
    `FLOOR-${number},Zephyr floor lamp,Zephyr,Home > Light,9900,USD,3`,
    `FAN-${number},Zephyr table fan,Mistral,Home > Air,3900,USD,3`,
    `BAD-${number},,Zephyr,Home > Light,9900,USD,3`,
  ];
  await page
    .getByLabel('Choose a file')
    .setInputFiles({ name: 'lamps.csv', mimeType: 'text/csv', buffer: Buffer.from(rows.join('\n')) });
  await page.getByRole('status').filter({ hasText: '3 lines, 1 refused' }).waitFor();
  await page
    .getByRole('table', { name: 'Refused lines' })
    .getByRole('row', { name: /^4 title must/ })
    .waitFor();
}

async function find(page: Page): Promise<void> {
  await waitFor(async () => (await expected(shop, 'GET /v1/search?q=zephyr', 200)).total === 3);
  await page.goto('/');
  const box = page.getByRole('combobox', { name: 'Search' });
  await box.fill('zephyr');
  await page.keyboard.press('Enter');
  await page.getByText('3 found').waitFor();
  await page.getByRole('checkbox', { name: 'Mistral' }).waitFor();
  await page.getByRole('checkbox', { name: 'Zephyr' }).check();
  await page.getByText('2 found').waitFor();
  await box.fill('zephyr des');
  await page.getByRole('option').filter({ hasText: 'Zephyr desk lamp' }).click();
  await heading(page, 'Zephyr desk lamp').waitFor();
  await page.getByText('Only 5 left').waitFor();
  const image = page.getByRole('main').getByRole('img').first();
  await waitFor(() =>
    image.evaluate((element) => (element as unknown as { naturalWidth: number }).naturalWidth > 0),
  );
}

shop.describe('in a browser', () => {
  test('somebody signs up, confirms, lists, imports, searches, takes a suggestion, and opens the product', async () => {
    const page = await shop.person();
    const complaints = complaintsOf(page);
    const number = randomUUID().slice(0, 8);
    await signUp(page, `mo-${number}@example.com`);
    await list(page, number);
    await importFile(page, number);
    await find(page);
    expect(complaints).toEqual([]);
  });
});
