/** Proving an address, a forgotten password, another provider, one's data and leaving, in a real browser. */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '../../src/persistence/embedded/free-port.ts';
import { clientId, clientSecret, startProvider, type TestProvider } from '../market/accounts/provider.ts';
import { mailedLink } from '../system/mail.ts';
import { openSite, type Site } from '../system/server.ts';
import { expected, member, openDrop, shippingAddress } from '../system/shop.ts';
import { complaintsOf, whyNoBrowser } from './browser.ts';
import { browserSite } from './site.ts';
import { faultsIn, signIn, tabTo } from './visit.ts';

let site: Site;
let provider: TestProvider;
const shop = browserSite('the pages of identity', { site: () => site });
if (whyNoBrowser() === null) {
  beforeAll(async () => {
    const port = await freePort('127.0.0.1', 0);
    provider = await startProvider([`http://127.0.0.1:${port}/v1/auth/oidc/acme/callback`]);
    site = await openSite({
      ...{ PORT: String(port), OIDC_PROVIDERS: 'acme', OIDC_ACME_ISSUER: provider.issuer },
      ...{ OIDC_ACME_CLIENT_ID: clientId, OIDC_ACME_CLIENT_SECRET: clientSecret },
    });
    await site.start();
  });
  afterAll(async () => {
    await site.close();
    await provider.stop();
  });
}

const h1 = (page: Page) => page.getByRole('heading', { level: 1 });
const linkTo = async (email: string, page: string) =>
  (await mailedLink(site.dataDir, email, page)).replace(/^https?:\/\/[^/]+/, shop.url);

shop.describe('in a browser', () => {
  test('an address is confirmed by its link, once, and the account says so', async () => {
    const page = await shop.person();
    const complaints = complaintsOf(page);
    const person = await member(shop.server, 'buyer');
    await signIn(page, person.email, '/account');
    await page.getByText('Your e-mail address is not confirmed yet', { exact: false }).waitFor();
    expect(await faultsIn(page, 'account-unproven')).toEqual([]);
    const first = await linkTo(person.email, 'verify');
    await page.getByRole('button', { name: 'Send again' }).click();
    await page.getByText('A new link is on its way.', { exact: false }).waitFor();
    await expect.poll(() => linkTo(person.email, 'verify')).not.toBe(first);
    const link = await linkTo(person.email, 'verify');
    await page.goto(link);
    await page.getByRole('heading', { level: 1, name: 'E-mail confirmed' }).waitFor();
    expect(await page.title()).toMatch(/^E-mail confirmed/);
    // The link leaves the address, and the history with it.
    expect(new URL(page.url()).search).toBe('');
    expect(await faultsIn(page, 'verify')).toEqual([]);
    await page.getByRole('main').getByRole('link', { name: 'Your account' }).click();
    await page.getByText('E-mail confirmed').waitFor();
    expect(await page.getByRole('button', { name: 'Send again' }).count()).toBe(0);
    await page.goto(link);
    await page.getByRole('heading', { level: 1, name: 'Not confirmed' }).waitFor();
    await page.getByText('This link was used already', { exact: false }).waitFor();
    expect(await faultsIn(page, 'verify-used')).toEqual([]);
    expect(complaints).toEqual([]);
  });

  test('a forgotten password is replaced by keyboard alone', async () => {
    const page = await shop.person();
    const complaints = complaintsOf(page);
    const person = await member(shop.server, 'buyer');
    await page.goto('/signin');
    await page.getByRole('button', { name: 'Sign in', exact: true }).waitFor();
    await tabTo(page, 'Forgot your password?');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/reset');
    expect(await h1(page).textContent()).toBe('New password');
    await tabTo(page, 'Email');
    await page.keyboard.type(person.email);
    await page.keyboard.press('Enter');
    await page.getByText(`If ${person.email} has an account`, { exact: false }).waitFor();
    expect(await faultsIn(page, 'reset-asked')).toEqual([]);
    const link = await linkTo(person.email, 'reset');
    await page.goto(link);
    await page.getByLabel('New password').waitFor();
    expect(new URL(page.url()).search).toBe('');
    await page.getByLabel('New password').fill('short');
    await page.keyboard.press('Enter');
    await page.getByText('8 characters', { exact: false }).nth(1).waitFor();
    expect(await page.evaluate('document.activeElement.name')).toBe('password');
    expect(await faultsIn(page, 'reset')).toEqual([]);
    await page.getByLabel('New password').fill('a better password');
    await page.keyboard.press('Enter');
    await page.getByText('Your password is changed. Sign in with it.').waitFor();
    await page.getByRole('main').getByRole('link', { name: 'Sign in' }).click();
    await page.getByLabel('Email').fill(person.email);
    await page.getByLabel('Password').fill('a better password');
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByRole('link', { name: 'Account' }).waitFor();
    await page.goto(link);
    await page.getByLabel('New password').fill('a third password');
    await page.keyboard.press('Enter');
    await page.getByText('This link was used already', { exact: false }).waitFor();
    await page.getByLabel('Email').waitFor();
    expect(complaints).toEqual([]);
  });

  test('another provider signs in, and the way back keeps no tokens in the address', async () => {
    const page = await shop.person();
    const complaints = complaintsOf(page);
    const email = `${randomUUID()}@example.com`;
    provider.people.set('ada', { email, email_verified: true, name: 'Ada Lovelace' });
    provider.next = 'ada';
    await page.goto('/account');
    await page.getByRole('link', { name: 'Sign in with Acme' }).waitFor();
    expect(await faultsIn(page, 'sign-in-providers')).toEqual([]);
    await page.getByRole('link', { name: 'Sign in with Acme' }).click();
    await page.getByRole('heading', { level: 1, name: 'Account' }).waitFor();
    await page.getByText(email).waitFor();
    await page.getByText('E-mail confirmed').waitFor();
    expect(page.url()).toBe(`${shop.url}/account`);
    expect(complaints).toEqual([]);
  });

  test('a way back that failed says why at the form, and tokens that somebody sends sign nobody in', async () => {
    const page = await shop.person();
    provider.next = null;
    await page.goto('/signin?next=%2Forders');
    await page.getByRole('link', { name: 'Sign in with Acme' }).click();
    await page.getByText('You came back without signing in there.').waitFor();
    expect(new URL(page.url()).searchParams.get('next')).toBe('/orders');
    expect(await faultsIn(page, 'sign-in-refused')).toEqual([]);
    const { token } = await member(shop.server, 'buyer');
    await page.goto(`/orders#accessToken=${token}&refreshToken=x&expiresIn=900`);
    await page.waitForURL('**/orders');
    await page.getByRole('link', { name: 'Sign in', exact: true }).waitFor();
    expect(await page.evaluate("localStorage['doorbuster:session'] ?? null")).toBeNull();
  });

  test('one address is the default, and another one can be', async () => {
    const page = await shop.person();
    const person = await member(shop.server, 'buyer');
    for (const line1 of ['1 First Street', '2 Second Street'])
      await expected(shop.server, 'POST /v1/me/addresses', 201, {
        who: person,
        body: { ...shippingAddress, line1 },
      });
    await signIn(page, person.email, '/account');
    const region = page.getByRole('region', { name: 'Addresses' });
    const items = region.getByRole('listitem');
    await items.filter({ hasText: '1 First Street' }).getByText('Default address').waitFor();
    await region.getByRole('button', { name: /^Use as default: .*2 Second Street/ }).click();
    await items.filter({ hasText: '2 Second Street' }).getByText('Default address').waitFor();
    expect(await region.getByText('Default address').count()).toBe(1);
    expect(await faultsIn(page, 'account-default')).toEqual([]);
  });

  test('one’s data is downloaded, and the account deleted after a question', async () => {
    const page = await shop.person();
    const complaints = complaintsOf(page);
    const person = await member(shop.server, 'buyer');
    await signIn(page, person.email, '/account');
    const region = page.getByRole('region', { name: 'Your data' });
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      region.getByRole('button', { name: 'Download my data' }).click(),
    ]);
    expect(JSON.parse(await readFile(await download.path(), 'utf8')).account.email).toBe(person.email);
    await region.getByText('Your file is in your downloads.').waitFor();
    const ask = region.getByRole('button', { name: 'Delete my account' });
    await ask.focus();
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog', { name: 'Delete your account?' });
    await dialog.waitFor();
    expect(await faultsIn(page, 'account-delete')).toEqual([]);
    await page.keyboard.press('Escape');
    // The browser tells the page of the closing a moment after it has hidden the dialog.
    await page.locator('dialog').waitFor({ state: 'detached' });
    await page.keyboard.press('Enter');
    await dialog.getByLabel('Your password').fill('not this one');
    await dialog.getByRole('button', { name: 'Delete' }).click();
    await dialog.getByText('The password is wrong.').waitFor();
    await dialog.getByLabel('Your password').fill('a long password');
    await page.keyboard.press('Enter');
    await page.waitForURL(`${shop.url}/`);
    await page.getByRole('link', { name: 'Sign in', exact: true }).waitFor();
    expect(complaints).toEqual([]);
  });

  test('a seller with an open drop learns why it cannot be deleted now', async () => {
    const page = await shop.person();
    const seller = await member(shop.server, 'seller');
    await openDrop(shop.server, 1, { seller });
    await signIn(page, seller.email, '/account');
    await page.getByRole('button', { name: 'Delete my account' }).click();
    const dialog = page.getByRole('dialog', { name: 'Delete your account?' });
    await dialog.getByLabel('Your password').fill('a long password');
    await dialog.getByRole('button', { name: 'Delete' }).click();
    await dialog.getByText('one of your drops is announced or open', { exact: false }).waitFor();
    expect(await faultsIn(page, 'account-in-use')).toEqual([]);
  });
});
