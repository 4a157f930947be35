/** The list of orders and one order, for accounts and for guests. */
import type { Page } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';
import { checkOut, type Drop, expected, type Holder, holding, member, openDrop } from '../system/shop.ts';
import { complaintsOf } from './browser.ts';
import { browserSite } from './site.ts';
import { beGuest, faultsIn, fillSignIn, layoutShift, loseSession, signIn, tabTo } from './visit.ts';

const shop = browserSite('orders');

shop.describe('in a browser', () => {
  let drop: Drop;
  beforeAll(async () => {
    drop = await openDrop(shop.server, 100);
  });

  const bought = async (who: Holder, paymentMethod = 'pm_card_visa') =>
    (await checkOut(shop.server, who, { paymentMethod })).body;

  const headingIs = (page: Page, text: string) =>
    page.getByRole('heading', { level: 1, name: text }).waitFor();

  test('a stranger is asked to sign in under "Orders"', async () => {
    const page = await shop.person();
    await page.goto('/orders');
    await headingIs(page, 'Orders');
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    expect(await faultsIn(page, 'orders-stranger')).toEqual([]);
  });

  test('a guest sees the order, keeps it with an e-mail and a password, and it stays', async () => {
    const page = await shop.person();
    const complaints = complaintsOf(page);
    const buyer = await holding(shop.server, drop);
    const order = await bought(buyer);
    await beGuest(page, buyer);
    await page.goto('/orders');
    await page.getByRole('link', { name: order.orderNumber }).waitFor();
    await page.getByText('Only this browser knows your order').waitFor();
    expect(await layoutShift(page)).toBe(0);
    expect(await faultsIn(page, 'orders-guest')).toEqual([]);

    const form = page.getByRole('form', { name: 'Keep this order' });
    const taken = await member(shop.server, 'buyer');
    await form.getByLabel('Email').fill(taken.email);
    await form.getByLabel('Password').fill('a long password');
    await form.getByRole('button', { name: 'Create an account' }).click();
    await form.getByText('This address has an account already.', { exact: false }).waitFor();
    await form.getByLabel('Email').fill(`kept-${Date.now()}@example.com`);
    await form.getByRole('button', { name: 'Create an account' }).click();
    await page.getByText('Your order is kept in the account of kept-', { exact: false }).waitFor();
    await page.getByRole('link', { name: 'Account' }).waitFor();
    await page.getByRole('link', { name: order.orderNumber }).waitFor();
    expect(await faultsIn(page, 'orders-kept')).toEqual([]);
    expect(complaints).toEqual([]);
  });

  test('nobody has bought yet: what to do next', async () => {
    const page = await shop.person();
    const { email } = await member(shop.server, 'buyer');
    await signIn(page, email, '/orders');
    await page.getByRole('heading', { name: 'No order yet' }).waitFor();
    expect(await page.getByRole('link', { name: 'See the drops' }).getAttribute('href')).toBe('/drops');
    expect(await faultsIn(page, 'orders-empty')).toEqual([]);
  });

  test('more orders than a page has come at the press of a button', async () => {
    const page = await shop.person();
    const buyer = await member(shop.server, 'buyer');
    const { token, accountId } = buyer;
    const numbers = [];
    for (let n = 0; n < 2; n++) {
      const other = await openDrop(shop.server, 2);
      const holder = await holding(shop.server, other, { token, accountId });
      numbers.push((await bought(holder)).orderNumber);
    }
    await page.route('**/v1/orders?limit=20*', (route) =>
      route.continue({ url: route.request().url().replace('limit=20', 'limit=1') }),
    );
    await signIn(page, buyer.email, '/orders');
    await page.getByRole('link', { name: numbers[1]! }).waitFor();
    expect(await page.getByRole('link', { name: numbers[0]! }).count()).toBe(0);
    await page.getByRole('button', { name: 'More orders' }).click();
    await page.getByRole('link', { name: numbers[0]! }).waitFor();
    expect(await page.getByRole('button', { name: 'More orders' }).count()).toBe(0);
  });

  test('an order says its state, lines, address and total; it is cancelled by keyboard and refunded', async () => {
    const page = await shop.person();
    const complaints = complaintsOf(page);
    const buyer = await holding(shop.server, drop);
    const order = await bought(buyer);
    await beGuest(page, buyer);
    await page.goto(`/orders/${order.orderId}`);
    await headingIs(page, `Order ${order.orderNumber}`);
    expect(await page.title()).toMatch(/^Paid – Order DB-/);
    await page.getByRole('heading', { name: /^Arrives [A-Z]/ }).waitFor();
    expect(await page.getByRole('group', { name: 'Total' }).textContent()).toContain('$199.00');
    await page.getByText('1 Market Street').waitFor();
    await page.getByText('United States').waitFor();
    expect(await layoutShift(page)).toBe(0);
    expect(await faultsIn(page, 'order')).toEqual([]);

    await page.getByRole('button', { name: 'Cancel order' }).focus();
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog', { name: 'Cancel this order?' });
    await dialog.getByText('$199.00 goes back', { exact: false }).waitFor();
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Keep the order');
    expect(await faultsIn(page, 'order-cancel')).toEqual([]);
    await page.keyboard.press('Enter');
    await dialog.waitFor({ state: 'hidden' });
    await page.keyboard.press('Enter');
    await dialog.waitFor();
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Cancel order');
    await page.keyboard.press('Enter');
    // What was charged comes back, and the page says so without being asked.
    await page.getByText('Refunded $199.00').waitFor();
    await page
      .getByRole('heading', { name: 'Refunded' })
      .or(page.getByRole('heading', { name: 'Cancelled' }))
      .waitFor();
    expect(await page.getByRole('button', { name: 'Cancel order' }).count()).toBe(0);
    expect(await faultsIn(page, 'order-refunded')).toEqual([]);
    expect(complaints).toEqual([]);
  });

  test('a declined one says that nothing was charged', async () => {
    const page = await shop.person();
    const buyer = await holding(shop.server, drop);
    const declined = await bought(buyer, 'pm_card_chargeDeclined');
    await beGuest(page, buyer);
    await page.goto(`/orders/${declined.orderId}`);
    await page.getByRole('heading', { name: 'Not paid' }).waitFor();
    await page.getByText('You were not charged', { exact: false }).waitFor();
    await page.getByText('The bank said:', { exact: false }).waitFor();
    await page.getByRole('heading', { name: 'Not charged' }).waitFor();
    expect(await page.getByRole('button', { name: 'Cancel order' }).count()).toBe(0);
    expect(await faultsIn(page, 'order-declined')).toEqual([]);
  });

  test('an order that is no more to be cancelled says why', async () => {
    const page = await shop.person();
    const buyer = await holding(shop.server, drop);
    const order = await bought(buyer);
    await beGuest(page, buyer);
    await page.route(`**/v1/orders/${order.orderId}`, async (route) => {
      const answer = await route.fetch();
      await route.fulfill({
        json: { ...(await answer.json()), status: 'shipped', parcels: [{ later: true }] },
      });
    });
    await page.goto(`/orders/${order.orderId}`);
    await page.getByText('It can no longer be cancelled', { exact: false }).waitFor();
    expect(await page.getByRole('button', { name: 'Cancel order' }).count()).toBe(0);
  });

  test('a state of a newer server is named, with one next step', async () => {
    const page = await shop.person();
    const buyer = await holding(shop.server, drop);
    const order = await bought(buyer);
    await beGuest(page, buyer);
    const newer = { ...order, status: 'gift_wrapping', paymentStatus: 'escrow', shippingMethod: 'drone' };
    await page.route(`**/v1/orders/${order.orderId}`, (route) => route.fulfill({ json: newer }));
    await page.goto(`/orders/${order.orderId}`);
    await page.getByRole('heading', { name: 'Gift wrapping' }).waitFor();
    await page.getByText('Loading it again may help.', { exact: false }).waitFor();
    await page.getByRole('link', { name: 'All orders' }).waitFor();
  });

  test('an order of somebody else, or of nobody, is "Not here"', async () => {
    const page = await shop.person();
    const { orderId } = await bought(await holding(shop.server, drop));
    await beGuest(page, await holding(shop.server, drop));
    for (const path of [orderId, 'ord_nothing', '%25']) {
      await page.goto(`/orders/${path}`);
      await headingIs(page, 'Not here');
    }
  });

  test('a session that ends while an order is shown: the form in its place, then the order', async () => {
    const page = await shop.person();
    const buyer = await member(shop.server, 'buyer');
    const order = await bought(await holding(shop.server, drop, buyer));
    await signIn(page, buyer.email, `/orders/${order.orderId}`);
    await headingIs(page, `Order ${order.orderNumber}`);
    await loseSession(page);
    await page.reload();
    await fillSignIn(page, buyer.email);
    await headingIs(page, `Order ${order.orderNumber}`);
  });

  test('a cancellation that comes too late is told in the dialog, and nothing is lost', async () => {
    const page = await shop.person();
    const buyer = await holding(shop.server, drop);
    const order = await bought(buyer);
    await beGuest(page, buyer);
    await page.route('**/cancel', (route) =>
      route.fulfill({ status: 409, json: { code: 'wrong_state', detail: 'no' } }),
    );
    await page.goto(`/orders/${order.orderId}`);
    await page.getByRole('button', { name: 'Cancel order' }).click();
    await page.getByRole('dialog').waitFor();
    await tabTo(page, 'Cancel order');
    await page.keyboard.press('Enter');
    await page.getByText('The order has changed meanwhile', { exact: false }).waitFor();
    await page.keyboard.press('Escape');
    await headingIs(page, `Order ${order.orderNumber}`);
    await expected(shop.server, `GET /v1/orders/${order.orderId}`, 200, { who: buyer });
  });
});
