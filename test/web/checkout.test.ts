/** From a cart to a paid order, in a real browser. */
import { randomUUID } from 'node:crypto';
import type { Page } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';
import { expected, member, type Person, productBody } from '../system/shop.ts';
import { complaintsOf } from './browser.ts';
import { browserSite } from './site.ts';
import { faultsIn } from './visit.ts';

const shop = browserSite('the checkout of a cart');

interface Made {
  readonly productId: string;
  readonly sku: string;
  readonly title: string;
}

shop.describe('the checkout of a cart', () => {
  let seller: Person;
  beforeAll(async () => {
    seller = await member(shop.server, 'seller');
  });

  async function product(stock: number): Promise<Made> {
    const sku = `P-${randomUUID()}`;
    const body = { ...productBody([sku], stock), title: `Vase ${sku.slice(2, 8)}` };
    const { productId } = await expected(shop, 'POST /v1/products', 201, { who: seller, body });
    return { productId, sku, title: body.title };
  }

  async function atCheckout(page: Page, ...goods: readonly Made[]): Promise<void> {
    for (const { productId, title } of goods) {
      await page.goto(`/products/${productId}`);
      await page.getByRole('button', { name: 'Add to cart' }).click();
      await page.getByText(`${title}: `, { exact: false }).waitFor();
    }
    await page.goto('/cart');
    await page.getByRole('link', { name: 'Go to checkout' }).click();
    await page.getByRole('heading', { level: 1, name: 'Checkout' }).waitFor();
  }

  async function fill(page: Page): Promise<void> {
    const typed = { 'Full name': 'Ada Buyer', Address: '1 Main Street', City: 'Springfield' };
    for (const [label, value] of Object.entries(typed))
      await page.getByLabel(label, { exact: true }).fill(value);
    await page.getByLabel('Postal code').fill('12345');
    await page.getByLabel('Country').selectOption('US');
    await page.getByRole('radiogroup', { name: 'Shipping' }).waitFor();
  }

  const pay = (page: Page) => page.getByRole('button', { name: /^Pay/ });

  test('counts as the form is filled in, pays once, and leads to the order', async () => {
    const page = await shop.person();
    const complaints = complaintsOf(page);
    await atCheckout(page, await product(5), await product(5));
    await fill(page);
    await expect.poll(() => page.getByRole('radio', { name: 'Standard' }).isChecked()).toBe(true);
    await page.getByRole('radio', { name: 'Express' }).check();
    await expect.poll(() => pay(page).innerText()).toBe('Pay $407.99');
    expect(await faultsIn(page, 'checkout')).toEqual([]);
    await pay(page).dblclick();
    await page.waitForURL('**/orders/ord_*');
    await page.getByText('$407.99').first().waitFor();
    await page.goto('/cart');
    await page.getByRole('heading', { level: 2, name: 'Nothing is in your cart' }).waitFor();
    await page.goto('/orders');
    const orders = page.getByRole('list', { name: 'Orders' });
    await expect.poll(() => orders.getByRole('listitem').count()).toBe(1);
    expect(complaints).toEqual([]);
  });

  test('a declined card costs nothing, and another one pays', async () => {
    const page = await shop.person({ size: 'desktop' });
    await atCheckout(page, await product(5));
    await fill(page);
    await page.getByRole('radio', { name: 'Visa – declined' }).check();
    await pay(page).click();
    await page.getByRole('alert').getByText('You were not charged', { exact: false }).waitFor();
    expect(await faultsIn(page, 'checkout-declined')).toEqual([]);
    expect(await page.getByLabel('Full name').inputValue()).toBe('Ada Buyer');
    await page.getByRole('radio', { name: 'Visa – succeeds' }).check();
    await pay(page).click();
    await page.waitForURL('**/orders/ord_*');
  });

  test('what was sold meanwhile, and what costs more now, is said before anything is charged', async () => {
    const page = await shop.person();
    const vase = await product(1);
    await atCheckout(page, vase);
    await fill(page);
    await pay(page).waitFor();
    const body = { adjustmentId: randomUUID(), delta: -1, reason: 'broken' };
    await expected(shop, `POST /v1/inventory/${vase.sku}/adjustments`, 201, { who: seller, body });
    await pay(page).click();
    await page.getByRole('alert').getByText('Something was sold meanwhile', { exact: false }).waitFor();
    const back = { adjustmentId: randomUUID(), delta: 1, reason: 'mended' };
    await expected(shop, `POST /v1/inventory/${vase.sku}/adjustments`, 201, { who: seller, body: back });
    await expect.poll(() => pay(page).isEnabled()).toBe(true);
    await pay(page).click();
    await page.waitForURL('**/orders/ord_*');
  });
});
