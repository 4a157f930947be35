/** Home, the drops, registering and the account, in a real browser against a real server with the sample shop. */
import { expect, test } from 'vitest';
import { countries as known } from '../../src/market/accounts/countries.ts';
import { countries } from '../../src/web/parts/countries.ts';
import { waitFor } from '../system/server.ts';
import { admin, expected, guest, member } from '../system/shop.ts';
import { complaintsOf } from './browser.ts';
import { browserSite } from './site.ts';
import { beGuest, faultsIn, fillSignIn, layoutShift, loseSession, signIn, tabTo } from './visit.ts';

const shop = browserSite('the pages of people', { env: { SAMPLE: '1' } });

test('the countries to choose from are those that the API takes', () => {
  expect(countries.map(({ code }) => code).sort()).toEqual([...known].sort());
  expect(countries.find(({ code }) => code === 'DE')?.name).toBe('Germany');
});

shop.describe('in a browser', () => {
  test('home shows the drop that is open, the next ones and products, and nothing moves', async () => {
    const page = await shop.person();
    const complaints = complaintsOf(page);
    await page.goto('/');
    await page.getByRole('link', { name: 'Go to the door' }).waitFor();
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Doorbuster');
    expect(await page.title()).toMatch(/^Open now/);
    expect(await page.getByRole('group', { name: 'Units left' }).textContent()).toMatch(/\d/);
    const next = page.getByRole('list', { name: 'Next' }).getByRole('listitem');
    expect(await next.count()).toBeGreaterThanOrEqual(2);
    await page.getByRole('heading', { name: 'In the shop' }).waitFor();
    await page.waitForLoadState('networkidle');
    expect(await layoutShift(page)).toBe(0);
    expect(await faultsIn(page, 'home')).toEqual([]);
    expect(complaints).toEqual([]);
    await page.getByRole('link', { name: 'Go to the door' }).click();
    await page.waitForURL('**/drops/sal_*');
  });

  test('"Drops" lists what is open, what is next, and is reached from home by keyboard', async () => {
    const page = await shop.person();
    await page.goto('/');
    await page.getByRole('link', { name: 'All drops' }).waitFor();
    await tabTo(page, 'All drops');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/drops');
    await page.getByRole('list', { name: 'Open now' }).waitFor();
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Drops');
    // A new page is read from its heading.
    expect(await page.evaluate('document.activeElement.tagName')).toBe('H1');
    expect(await page.getByRole('list', { name: 'Next' }).getByRole('link').count()).toBeGreaterThan(1);
    expect(await layoutShift(page)).toBe(0);
    expect(await faultsIn(page, 'drops')).toEqual([]);
  });

  test('a shop without drops says so, and what comes next', async () => {
    const page = await shop.person();
    await page.route('**/v1/sales?*', (route) => route.fulfill({ json: { items: [], nextCursor: null } }));
    await page.goto('/');
    await page.getByRole('heading', { name: 'No drop is open or announced.' }).waitFor();
    expect(await faultsIn(page, 'home-empty')).toEqual([]);
  });

  test.each([
    [503, 'busy', 'The shop is very busy.'],
    [429, 'rate_limited', 'There were many requests from your address.'],
  ])(
    'an API that answers %i is a plain sentence, and the page goes on by itself',
    async (status, code, sentence) => {
      const page = await shop.person();
      let answers = 0;
      await page.route('**/v1/sales?*', (route) =>
        answers++ < 1
          ? route.fulfill({
              ...{ status, json: { code, detail: 'no' } },
              headers: { 'Retry-After': '1', 'X-Request-Id': 'req-1' },
            })
          : route.continue(),
      );
      await page.goto('/drops');
      await page.getByText(sentence).waitFor();
      await page.getByText('Details').click();
      await page.getByText('X-Request-Id req-1').waitFor();
      await page.getByRole('list', { name: 'Open now' }).waitFor();
      expect(await page.getByText(sentence).count()).toBe(0);
    },
  );

  test('a state and fields of a newer server are shown as far as they are understood', async () => {
    const page = await shop.person();
    await page.route('**/v1/sales?*', async (route) => {
      const answer = await route.fetch();
      const { items } = await answer.json();
      for (const item of items) Object.assign(item, { phase: 'encore', mood: { is: 'new' } });
      await route.fulfill({ json: { items, nextCursor: null, more: true } });
    });
    await page.goto('/drops');
    await page.getByRole('list', { name: 'Over' }).getByText('encore').first().waitFor();
    await page.goto('/');
    await page.getByRole('heading', { name: 'No drop is open or announced.' }).waitFor();
  });

  test('somebody registers, and goes on where they came from', async () => {
    const page = await shop.person();
    const complaints = complaintsOf(page);
    const taken = await member(shop.server, 'buyer');
    await page.goto('/register?next=%2Fdrops');
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Create an account');
    expect(await faultsIn(page, 'register')).toEqual([]);
    await page.getByLabel('Full name').fill('Mara Quist');
    await page.getByLabel('Email').fill(taken.email);
    await page.getByLabel('Password').fill('short');
    await page.getByRole('button', { name: 'Create an account' }).click();
    await page.getByText('8 characters', { exact: false }).nth(1).waitFor();
    await page.getByLabel('Password').fill('a long password');
    await page.getByRole('button', { name: 'Create an account' }).click();
    await page.getByText('This address has an account already.', { exact: false }).waitFor();
    expect(await page.getByLabel('Full name').inputValue()).toBe('Mara Quist');
    expect(await faultsIn(page, 'register-taken')).toEqual([]);
    await page.getByLabel('Email').fill(`mara-${Date.now()}@example.com`);
    await page.getByRole('button', { name: 'Create an account' }).click();
    await page.waitForURL('**/drops');
    await page.getByRole('link', { name: 'Account' }).waitFor();
    expect(complaints).toEqual([]);
  });

  test('an address of another site is no place to go to afterwards', async () => {
    const page = await shop.person();
    await page.goto('/register?next=https%3A%2F%2Fexample.com');
    await page.getByLabel('Full name').fill('Mara Quist');
    await page.getByLabel('Email').fill(`mara-${Date.now()}@example.com`);
    await page.getByLabel('Password').fill('a long password');
    await page.getByRole('button', { name: 'Create an account' }).click();
    await page.getByRole('link', { name: 'Account' }).waitFor();
    expect(new URL(page.url()).origin).toBe(shop.url);
  });

  test('a guest who registers is the same account', async () => {
    const page = await shop.person();
    const person = await guest(shop.server);
    await beGuest(page, person);
    await page.goto('/register?next=%2Faccount');
    await page.getByText('Your places in line, your cart and your orders come with you.').waitFor();
    await page.getByLabel('Full name').fill('Mara Quist');
    await page.getByLabel('Email').fill(`guest-${Date.now()}@example.com`);
    await page.getByLabel('Password').fill('a long password');
    await page.getByRole('radio', { name: 'Selling, and buying' }).check();
    await page.getByRole('button', { name: 'Create an account' }).click();
    await page.waitForURL('**/account');
    await page.getByRole('main').getByRole('link', { name: 'Your shop' }).waitFor();
    const stored = JSON.parse(await page.evaluate("localStorage['doorbuster:session']"));
    expect(stored.accountId).toBe(person.accountId);
  });

  test('the account: who you are, addresses, signing out, by keyboard', async () => {
    const page = await shop.person();
    const complaints = complaintsOf(page);
    const person = await member(shop.server, 'buyer');
    await page.goto('/account');
    // Nobody is signed in: the form stands in its place.
    await fillSignIn(page, person.email);
    await page.getByRole('heading', { level: 1, name: 'Account' }).waitFor();
    await page.getByText(person.email).waitFor();
    expect(await page.getByRole('link', { name: 'Operator console' }).count()).toBe(0);
    const region = page.getByRole('region', { name: 'Addresses' });
    await region.getByRole('button', { name: 'Add an address' }).click();
    await region.getByLabel('Full name').waitFor();
    // The button is gone: typing goes on in the form, and afterwards at the heading.
    expect(await page.evaluate('document.activeElement.name')).toBe('name');
    await region.getByLabel('Full name').fill('Mara Quist');
    await region.getByLabel('Address', { exact: true }).fill('1806 East 12th Street');
    await region.getByLabel('City').fill('Austin');
    await region.getByLabel('State or region (optional)').fill('TX');
    await region.getByLabel('Postal code').fill('no code');
    await region.getByLabel('Country').selectOption('US');
    expect(await faultsIn(page, 'account-address-form')).toEqual([]);
    await region.getByRole('button', { name: 'Save address' }).click();
    await waitFor(async () => (await region.locator('.problem').count()) === 1);
    expect(await region.getByLabel('Postal code').getAttribute('aria-invalid')).toBe('true');
    expect(await region.getByLabel('City').inputValue()).toBe('Austin');
    await region.getByLabel('Postal code').fill('78702');
    await region.getByRole('button', { name: 'Save address' }).click();
    await region.getByText('Austin, TX 78702').waitFor();

    await region.getByRole('button', { name: /^Change Mara Quist/ }).click();
    await region.getByLabel('State or region (optional)').fill('');
    await region.getByRole('button', { name: 'Save address' }).click();
    await region.getByText('Austin, 78702').waitFor();
    expect(await faultsIn(page, 'account')).toEqual([]);

    const remove = region.getByRole('button', { name: /^Remove Mara Quist/ });
    await remove.focus();
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog', { name: 'Remove this address?' });
    await dialog.waitFor();
    expect(await faultsIn(page, 'account-remove')).toEqual([]);
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
    expect(await remove.evaluate('document.activeElement.getAttribute("aria-label")')).toMatch(/^Remove/);
    await page.keyboard.press('Enter');
    // Until the dialog stands, the list's own button is the next that says "Remove".
    await dialog.waitFor();
    await tabTo(page, 'Remove');
    await page.keyboard.press('Enter');
    await region.getByText('No address is saved.', { exact: false }).waitFor();
    expect(await page.evaluate('document.activeElement.id')).toBe('addresses');

    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('link', { name: 'Sign in' }).waitFor();
    expect(await page.evaluate("localStorage['doorbuster:session'] ?? null")).toBeNull();
    expect(complaints).toEqual([]);
  });

  test('an operator finds the console in the account, and neither the administration nor a shop', async () => {
    const page = await shop.person();
    const { token } = await admin(shop.server);
    const person = await member(shop.server, 'buyer');
    const body = { roles: ['buyer', 'operator'] };
    const who = { accountId: '', token };
    await expected(shop.server, `PATCH /v1/admin/accounts/${person.accountId}`, 200, { who, body });
    await signIn(page, person.email, '/account');
    await page.getByRole('main').getByRole('link', { name: 'Operator console' }).waitFor();
    expect(await page.getByRole('link', { name: 'Administration' }).count()).toBe(0);
    expect(await page.getByRole('main').getByRole('link', { name: 'Your shop' }).count()).toBe(0);
  });

  test('sessions are listed, and one that is not known is ended', async () => {
    const page = await shop.person();
    const person = await member(shop.server, 'buyer');
    // Another place where the account is signed in.
    const body = { email: person.email, password: 'a long password' };
    const headers = { 'user-agent': 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:130.0) Firefox/130.0' };
    await expected(shop.server, 'POST /v1/auth/login', 200, { body, headers });
    await signIn(page, person.email, '/account');
    const region = page.getByRole('region', { name: 'Sessions' });
    await region.getByText('Firefox on Windows').waitFor();
    await region.getByText('Chrome on Linux').waitFor();
    await region.getByText('This browser').waitFor();
    expect(await layoutShift(page)).toBe(0);
    expect(await faultsIn(page, 'account-sessions')).toEqual([]);
    await region.getByRole('button', { name: 'End the session: Firefox on Windows' }).click();
    await region.getByText('Firefox on Windows').waitFor({ state: 'hidden' });
    await page.reload();
    await region.getByText('This browser').waitFor();
    expect(await region.getByText('Firefox on Windows').count()).toBe(0);
  });

  test('a session that has ended shows the form in its place, and then the account again', async () => {
    const page = await shop.person();
    const person = await member(shop.server, 'buyer');
    await signIn(page, person.email, '/account');
    await page.getByRole('region', { name: 'Addresses' }).waitFor();
    await loseSession(page);
    await page.reload();
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    await fillSignIn(page, person.email);
    await page.getByRole('heading', { level: 1, name: 'Account' }).waitFor();
  });
});
