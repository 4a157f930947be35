/** A buyer's way through a drop, in a real browser, from the button to the receipt and to every other end. */
import { expect, test } from 'vitest';
import { waitFor } from '../system/server.ts';
import { call, expected, holding, openDrop, stockOf } from '../system/shop.ts';
import { complaintsOf } from './browser.ts';
import {
  address,
  alert,
  button,
  crowd,
  figure,
  fillAddress,
  heading,
  hold,
  join,
  narrowDrop,
  numberIn,
  pay,
  queueing,
  textbox,
  textIn,
} from './drop-page.ts';
import { browserSite } from './site.ts';

const shop = browserSite('the drop page');

shop.describe('a drop in a browser', () => {
  test('from the button to the receipt, as a guest made at the press of it', async () => {
    const drop = await openDrop(shop.server, 5);
    const page = await shop.person();
    const complaints = complaintsOf(page);
    const asked: string[] = [];
    page.on('request', (request) => asked.push(`${request.method()} ${new URL(request.url()).pathname}`));
    await page.goto(`/drops/${drop.saleId}`);
    await button(page, 'Join the line').waitFor();
    await page.getByText('No account needed').waitFor();
    await page.getByRole('main').getByRole('link', { name: 'Sign in' }).waitFor();
    expect(asked.filter((each) => each.includes('/v1/auth'))).toEqual([]);
    await button(page, 'Join the line').click();
    await heading(page, 'It’s your turn').waitFor();
    expect(asked.filter((each) => each === 'POST /v1/auth/guest')).toHaveLength(1);
    expect(await alert(page).textContent()).toContain('It’s your turn');
    expect(await page.title()).toMatch(/^It’s your turn – Console drop/);
    await hold(page);
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Held for you');
    await page.getByText('Sandbox: no money moves').waitFor();
    await fillAddress(page);
    await page.getByRole('radio', { name: 'Express' }).check();
    await button(page, 'Pay $208.99').waitFor();
    await page.getByRole('radio', { name: 'Standard' }).check();
    await pay(page);
    await heading(page, 'Receipt').waitFor();
    expect(await textIn(page, 'Total')).toBe('$199.00');
    expect(await textIn(page, 'Order number')).toMatch(/^DB-/);
    await page.getByText('Only this browser knows your order').waitFor();
    expect(await page.title()).toMatch(/^Receipt – /);
    expect(await stockOf(shop.server, drop.sku)).toMatchObject({ sold: 1, held: 0 });
    await page.reload();
    await heading(page, 'Receipt').waitFor();
    await page.getByRole('link', { name: 'See the order' }).click();
    await page.getByRole('heading', { level: 1, name: /^Order DB-/ }).waitFor();
    expect(complaints).toEqual([]);
  });

  test('the order is kept by who makes an account of the guest', async () => {
    const drop = await openDrop(shop.server, 5);
    const page = await shop.person();
    await join(page, drop.saleId);
    await hold(page);
    await fillAddress(page);
    await pay(page);
    const form = page.getByRole('form', { name: 'Keep this order' });
    await form.getByLabel('Email').fill(`mara-${Date.now()}@example.com`);
    await form.getByLabel('Password').fill('a long password');
    await button(page, 'Create an account').click();
    await page.getByRole('link', { name: 'Account' }).waitFor();
    await heading(page, 'Receipt').waitFor();
    await page.getByText('Your order is kept').waitFor();
    expect(await page.evaluate('document.activeElement.textContent')).toMatch(/^Your order is kept/);
  });

  test('a declined card costs nothing, and the form comes back with all fields kept', async () => {
    const drop = await openDrop(shop.server, 5);
    const page = await shop.person();
    await join(page, drop.saleId);
    await hold(page);
    await fillAddress(page);
    await page.getByRole('radio', { name: 'Express' }).check();
    await pay(page, 'Visa – declined');
    await alert(page).filter({ hasText: 'declined' }).waitFor();
    expect(await alert(page).textContent()).toMatch(/declined.*not charged/);
    expect(await page.evaluate('document.activeElement.textContent')).toMatch(/declined/);
    await page.getByRole('timer', { name: 'Time to choose' }).waitFor();
    await hold(page);
    for (const [name, text] of Object.entries(address))
      expect(await textbox(page, name).inputValue()).toBe(text);
    expect(await page.getByRole('radio', { name: 'Express' }).isChecked()).toBe(true);
    await page.getByText('ends in 0002 · was declined').waitFor();
    await pay(page, 'Visa – insufficient funds');
    await page.getByText('There is not enough money on the card.').waitFor();
    await hold(page);
    await pay(page);
    await heading(page, 'Receipt').waitFor();
    expect(await stockOf(shop.server, drop.sku)).toMatchObject({ sold: 1, held: 0 });
  });

  test('what the shop does not take is said at its field, and nothing is charged', async () => {
    const drop = await openDrop(shop.server, 5);
    const page = await shop.person();
    await join(page, drop.saleId);
    await hold(page);
    await fillAddress(page);
    await textbox(page, 'Postal code').fill('no code');
    // The Enter of a phone's keyboard leads to the next field: only the button pays.
    await textbox(page, 'Full name').press('Enter');
    expect(await page.evaluate('document.activeElement.name')).toBe('line1');
    await pay(page);
    await alert(page).filter({ hasText: 'Nothing was charged' }).waitFor();
    expect(await textbox(page, 'Postal code').getAttribute('aria-invalid')).toBe('true');
    expect(await page.evaluate('document.activeElement.name')).toBe('postalCode');
    expect(await alert(page).textContent()).toMatch(/^Postal code: /);
    expect(await textbox(page, 'Full name').inputValue()).toBe('Mara Quist');
    await textbox(page, 'Postal code').fill('78702');
    await pay(page);
    await heading(page, 'Receipt').waitFor();
  });

  test('with real payments no test card is offered, and nothing says that no money moves', async () => {
    const drop = await openDrop(shop.server, 5);
    const page = await shop.person();
    await page.route('**/v1/checkout/options', (route) => route.fulfill({ json: { payments: 'stripe' } }));
    await join(page, drop.saleId);
    await hold(page);
    await page.getByText('cannot take real cards yet').waitFor();
    expect(await button(page, 'Pay $199.00').isDisabled()).toBe(true);
    expect(await page.getByText('Sandbox').count()).toBe(0);
    expect(await page.getByRole('radio', { name: 'Visa' }).count()).toBe(0);
  });

  test('two buyers and one unit: one has it, the other one’s place is kept', async () => {
    const drop = await openDrop(shop.server, 1);
    const [first, second] = [await shop.person(), await shop.person()];
    await join(first, drop.saleId);
    await hold(first);
    await join(second, drop.saleId);
    await heading(second, 'All units are being paid for').waitFor();
    expect(await numberIn(second, 'May still come back')).toBe(1);
    expect(await numberIn(second, 'Your number')).toBe(2);
    await fillAddress(first);
    await pay(first);
    await heading(first, 'Receipt').waitFor();
    await heading(second, 'Sold out').waitFor();
    expect(await numberIn(second, 'Your number')).toBe(2);
    await second.getByText('You were not charged.').waitFor();
    await second.getByText(/Your place is kept until/).waitFor();
    const late = await shop.person();
    await late.goto(`/drops/${drop.saleId}`);
    await heading(late, 'Sold out').waitFor();
    expect(await figure(late, 'Your number').count()).toBe(0);
    expect(await button(late, 'Join the line').count()).toBe(0);
  });

  test('a unit that is given back comes to the next in line', async () => {
    const drop = await openDrop(shop.server, 1);
    const [first, second] = [await shop.person(), await shop.person()];
    await join(first, drop.saleId);
    await hold(first);
    await join(second, drop.saleId);
    await heading(second, 'All units are being paid for').waitFor();
    await button(first, 'Give it back').click();
    await button(first, 'Hold 1 unit').waitFor();
    await button(first, 'I don’t want it').click();
    await button(first, 'Leave').click();
    await heading(first, 'You left the line').waitFor();
    await hold(second);
  });

  test('the last unit is taken while somebody chooses: said at once, and the place is kept', async () => {
    const drop = await openDrop(shop.server, 1, { sale: queueing({ overAdmission: 10 }) });
    const page = await shop.person();
    await join(page, drop.saleId);
    await heading(page, 'It’s your turn').waitFor();
    const other = await holding(shop.server, drop);
    await button(page, 'Hold 1 unit').click();
    await alert(page).filter({ hasText: 'The last one was just taken. You were not charged.' }).waitFor();
    await heading(page, 'Sold out').waitFor();
    expect(await numberIn(page, 'Your number')).toBe(1);
    await call(shop.server, `DELETE /v1/holds/${other.holdId}`, { who: other });
    await hold(page);
  });

  test('a hold that runs out: not charged, held again with all fields kept', async () => {
    const drop = await openDrop(shop.server, 2, { sale: { ...queueing(), holdSeconds: 5 } });
    const page = await shop.person();
    await join(page, drop.saleId);
    await hold(page);
    await textbox(page, 'Full name').fill('Mara Quist');
    await alert(page).filter({ hasText: 'The hold ran out. You were not charged.' }).waitFor();
    await hold(page);
    expect(await textbox(page, 'Full name').inputValue()).toBe('Mara Quist');
  });

  test('a turn that is not used passes, and who joins again stands at the end', async () => {
    const drop = await openDrop(shop.server, 2, { sale: queueing({ claimSeconds: 5 }) });
    const page = await shop.person();
    await join(page, drop.saleId);
    await heading(page, 'It’s your turn').waitFor();
    await heading(page, 'Your turn has passed').waitFor();
    await page.getByText(/It was yours from .* to .*You were not charged/).waitFor();
    await page.getByText('At the end of the line, 0 people').waitFor();
    await button(page, 'Join again').click();
    await heading(page, 'It’s your turn').waitFor();
    await hold(page);
  });

  test('the shop pauses, resumes and closes: the buyer sees it', async () => {
    const drop = await narrowDrop(shop.server, 5);
    await crowd(shop.server, drop.saleId, 3);
    const page = await shop.person();
    await join(page, drop.saleId);
    await figure(page, 'People ahead').waitFor();
    const steer = (verb: string) =>
      expected(shop.server, `POST /v1/sales/${drop.saleId}/${verb}`, 200, {
        ...{ who: drop.seller, ...(verb === 'pause' ? { body: {} } : {}) },
      });
    await steer('pause');
    await page.getByText('Paused by the shop: your place is kept').waitFor();
    expect(await textIn(page, 'Estimated wait')).toBe('paused');
    await waitFor(async () => /^Paused – /.test(await page.title()));
    await steer('resume');
    await page.getByText('Paused by the shop: your place is kept').waitFor({ state: 'detached' });
    expect(await numberIn(page, 'Your number')).toBe(4);
    await steer('close');
    await heading(page, 'This drop has ended').waitFor();
  });

  test('a guest registers in the line and keeps the number', async () => {
    const drop = await narrowDrop(shop.server, 5);
    await crowd(shop.server, drop.saleId, 3);
    const page = await shop.person();
    await join(page, drop.saleId);
    expect(await numberIn(page, 'Your number')).toBe(4);
    await page.getByRole('link', { name: 'Create an account' }).click();
    await textbox(page, 'Full name').fill('Mara Quist');
    await page.getByLabel('Email').fill(`mara-${Date.now()}@example.com`);
    await page.getByLabel('Password').fill('a long password');
    await button(page, 'Create an account').click();
    await figure(page, 'Your number').waitFor();
    expect(await numberIn(page, 'Your number')).toBe(4);
    await page.getByRole('link', { name: 'Account' }).waitFor();
  });

  test('leaving is asked about; staying changes nothing', async () => {
    const drop = await narrowDrop(shop.server, 5);
    await crowd(shop.server, drop.saleId, 2);
    const page = await shop.person();
    await join(page, drop.saleId);
    await button(page, 'Leave the line').click();
    await button(page, 'Stay').click();
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Leave the line');
    await button(page, 'Leave the line').click();
    await page.getByRole('dialog', { name: 'Leave the line?' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await button(page, 'Leave the line').click();
    await button(page, 'Leave').click();
    await heading(page, 'You left the line').waitFor();
    await button(page, 'Join the line').click();
    expect(await numberIn(page, 'Your number')).toBe(4);
  });

  test('several units of several items', async () => {
    const first = await openDrop(shop.server, 5);
    const sku = `${first.sku}-2`;
    const product = {
      ...{ title: 'Dock', description: 'A dock.', brand: 'Nimbus', category: 'Electronics > Docks' },
      variants: [{ sku, options: {}, price: { amount: 4_900, currency: 'USD' }, stock: 9 }],
    };
    await expected(shop.server, 'POST /v1/products', 201, {
      ...{ who: first.seller, body: { ...product, attributes: {}, images: [] } },
    });
    const price = { amount: 4_900, currency: 'USD' };
    const items = [
      { sku: `${first.sku}-3`, quantity: 4, price, purchaseLimit: 1 },
      { sku, quantity: 9, price, purchaseLimit: 3 },
    ];
    const drop = await openDrop(shop.server, 4, {
      ...{ seller: first.seller, sku: `${first.sku}-3`, sale: { items } },
    });
    const page = await shop.person();
    await join(page, drop.saleId);
    const dock = figure(page, 'Dock');
    await dock.getByRole('spinbutton', { name: 'Units' }).fill('3');
    expect(await figure(page, 'Console').getByRole('spinbutton').count()).toBe(0);
    await dock.getByRole('button', { name: 'Hold 3 units' }).click();
    await heading(page, 'Held for you').waitFor();
    await button(page, 'Pay $147.00').waitFor();
  });
});
