/** The cart as shoppers use it, in a real browser. */
import { randomUUID } from 'node:crypto';
import type { Page } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';
import { expected, member, type Person, productBody } from '../system/shop.ts';
import { complaintsOf } from './browser.ts';
import { browserSite } from './site.ts';
import { faultsIn, layoutShift, signIn, tabTo } from './visit.ts';

const shop = browserSite('the cart');

interface Made {
  readonly productId: string;
  readonly sku: string;
  readonly title: string;
}

let seller: Person;

async function product(stock: number): Promise<Made> {
  const sku = `C-${randomUUID()}`;
  const body = { ...productBody([sku], stock), title: `Lamp ${sku.slice(2, 8)}` };
  const { productId } = await expected(shop, 'POST /v1/products', 201, { who: seller, body });
  return { productId, sku, title: body.title };
}

async function addOn(page: Page, { productId, title }: Made): Promise<void> {
  await page.goto(`/products/${productId}`);
  await page.getByRole('button', { name: 'Add to cart' }).click();
  await page.getByText(`${title}: `, { exact: false }).waitFor();
}

const list = (page: Page) => page.getByRole('list', { name: 'In your cart' });
const quantity = (page: Page, { title }: Made) =>
  page.getByRole('spinbutton', { name: `Quantity, ${title}` });
const cartLink = (page: Page) => page.getByRole('link', { name: 'Cart', exact: true });

shop.describe('the cart', () => {
  let lamp: Made;
  let chair: Made;
  beforeAll(async () => {
    seller = await member(shop.server, 'seller');
    [lamp, chair] = [await product(200), await product(3)];
  });

  test('of a stranger is empty, fills by a button, and is kept', async () => {
    const page = await shop.person();
    const complaints = complaintsOf(page);
    await page.goto('/cart');
    await page.getByRole('heading', { level: 2, name: 'Nothing is in your cart' }).waitFor();
    expect(await faultsIn(page, 'cart-empty')).toEqual([]);
    await addOn(page, lamp);
    expect(await faultsIn(page, 'product-added')).toEqual([]);
    await page.getByRole('link', { name: 'See your cart' }).click();
    await list(page).getByRole('link', { name: lamp.title }).waitFor();
    expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe('Cart');
    expect(await page.title()).toMatch(/^1 item – Cart/);
    await page.getByText('Units in a cart are not held').waitFor();
    await page.reload();
    await list(page).getByRole('link', { name: lamp.title }).waitFor();
    await page.waitForLoadState('networkidle');
    expect(await layoutShift(page)).toBeLessThan(0.05);
    expect(complaints).toEqual([]);
  });

  test('is used by keyboard alone', async () => {
    const page = await shop.person({ size: 'desktop' });
    await addOn(page, lamp);
    await addOn(page, chair);
    await cartLink(page).focus();
    await page.keyboard.press('Enter');
    await quantity(page, lamp).waitFor();
    await tabTo(page, `Quantity, ${lamp.title}`);
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('ArrowUp');
    await page.getByRole('region', { name: 'Summary' }).waitFor();
    await expect.poll(() => page.title()).toMatch(/^4 items/);
    await quantity(page, lamp).fill('0');
    await page.getByText('Write a number from 1 to 99.').waitFor();
    await quantity(page, lamp).fill('2');
    await expect.poll(() => page.title()).toMatch(/^3 items/);
    await tabTo(page, `Remove ${lamp.title}`);
    await page.keyboard.press('Enter');
    await expect.poll(() => list(page).getByRole('listitem').count()).toBe(1);
    expect(await page.evaluate('document.activeElement.tagName')).toBe('H1');
    expect(await faultsIn(page, 'cart')).toEqual([]);
  });

  test('is the same in two tabs, and in the header of both', async () => {
    const page = await shop.person({ size: 'desktop' });
    await addOn(page, lamp);
    await page.goto('/cart');
    await quantity(page, lamp).waitFor();
    const other = await page.context().newPage();
    await other.goto('/cart');
    await quantity(other, lamp).fill('7');
    await expect.poll(() => quantity(page, lamp).inputValue()).toBe('7');
    await expect.poll(() => cartLink(page).innerText()).toMatch(/7/);
    await other.getByRole('button', { name: `Remove ${lamp.title}` }).click();
    await page.getByRole('heading', { level: 2, name: 'Nothing is in your cart' }).waitFor();
  });

  test('says above the list what has changed', async () => {
    const page = await shop.person();
    const [dear, few, gone] = [await product(50), await product(2), await product(50)];
    for (const each of [dear, few, gone]) await addOn(page, each);
    await page.goto('/cart');
    await quantity(page, few).fill('5');
    const path = (made: Made) => `PATCH /v1/products/${made.productId}`;
    const price = { amount: 99_900, currency: 'USD' };
    const change = { variants: [{ sku: dear.sku, price }] };
    await expected(shop, path(dear), 200, { who: seller, body: change });
    await expected(shop, path(gone), 200, { who: seller, body: { status: 'archived' } });
    await expect.poll(() => page.title()).toMatch(/^7 items/);
    await page.reload();
    const changed = page.getByRole('region', { name: 'What has changed' });
    await changed.getByText(`${dear.title} costs $999.00 now`, { exact: false }).waitFor();
    await changed.getByText(`Of ${few.title} there are only 2 left.`).waitFor();
    await changed.getByText(`${gone.title} is not for sale any more.`).waitFor();
    expect(await faultsIn(page, 'cart-changed')).toEqual([]);
  });

  test('a code that does not apply says why', async () => {
    const page = await shop.person();
    await addOn(page, lamp);
    await page.goto('/cart');
    await page.getByRole('textbox', { name: 'Coupon code' }).fill('no-such-code');
    await page.getByRole('button', { name: 'Apply' }).click();
    await page.getByRole('alert').getByText('There is no such code.').waitFor();
    expect(await faultsIn(page, 'cart-code')).toEqual([]);
  });

  test('goes with its guest into the account', async () => {
    const page = await shop.person();
    await addOn(page, lamp);
    const buyer = await member(shop.server, 'buyer');
    await signIn(page, buyer.email, '/cart');
    await quantity(page, lamp).waitFor();
    expect(await quantity(page, lamp).inputValue()).toBe('1');
  });
});
