/** The administrator's pages, and a seller's application, in a real browser against a real server. */
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { waitFor } from '../system/server.ts';
import { admin, expected, member, type Person, productBody } from '../system/shop.ts';
import { complaintsOf } from './browser.ts';
import { browserSite } from './site.ts';
import { faultsIn, fillSignIn, layoutShift, signIn, tabTo } from './visit.ts';

const shop = browserSite('the pages of administrators', { person: { size: 'desktop' } });

shop.describe('in a browser', () => {
  let boss: Person & { email: string };

  /** A page on which an administrator is signed in. */
  async function asAdmin(next: string): Promise<Page> {
    boss ??= await newAdmin();
    const page = await shop.person();
    await signIn(page, boss.email, next);
    return page;
  }

  async function newAdmin() {
    const who = await member(shop.server, 'buyer');
    const body = { roles: ['buyer', 'admin'] };
    const first = await admin(shop.server);
    await expected(shop.server, `PATCH /v1/admin/accounts/${who.accountId}`, 200, { who: first, body });
    return who;
  }

  async function setWords(items: object[]) {
    const who = await admin(shop.server);
    await expected(shop.server, 'PUT /v1/settings/forbidden-words', 200, { who, body: { items } });
  }

  test('"Account" leads an administrator to the administration, and it to its pages', async () => {
    const page = await asAdmin('/account');
    const complaints = complaintsOf(page);
    await page.getByRole('main').getByRole('link', { name: 'Administration' }).click();
    await page.getByRole('heading', { level: 1, name: 'Administration' }).waitFor();
    await page.getByRole('group', { name: 'To verify' }).getByText(/\d/).waitFor();
    expect(await layoutShift(page)).toBe(0);
    expect(await faultsIn(page, 'admin')).toEqual([]);
    const ways = page.getByRole('navigation', { name: 'Pages of the administration' });
    for (const name of ['Held listings', 'Sellers', 'Accounts', 'Audit trail']) {
      await ways.getByRole('link', { name }).click();
      await page.getByRole('heading', { level: 1, name }).waitFor();
      expect(await ways.getByRole('link', { name }).getAttribute('aria-current')).toBe('page');
    }
    expect(complaints).toEqual([]);
  });

  test('others are told that it is not for them, strangers sign in there', async () => {
    const page = await shop.person({ size: 'phone' });
    const { email } = await member(shop.server, 'seller');
    await page.goto('/admin/accounts');
    await fillSignIn(page, email);
    await page.getByRole('heading', { level: 1, name: 'Not for this account' }).waitFor();
  });

  test('an account is found, given a role, suspended and let in again, by keyboard', async () => {
    const who = await member(shop.server, 'buyer');
    const page = await asAdmin('/admin/accounts');
    const complaints = complaintsOf(page);
    const table = page.getByRole('table', { name: 'Accounts' });
    await table.getByText(boss.email).waitFor();
    expect(await layoutShift(page)).toBe(0);
    expect(await faultsIn(page, 'admin-accounts')).toEqual([]);
    await tabTo(page, 'Search');
    await page.keyboard.type(who.email.split('@')[0]!);
    await page.getByText('1 is shown.').waitFor();
    expect(new URL(page.url()).searchParams.get('q')).toBe(who.email.split('@')[0]);

    await tabTo(page, 'Change roles of A buyer');
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Operator').check();
    expect(await faultsIn(page, 'admin-accounts-roles')).toEqual([]);
    await dialog.getByRole('button', { name: 'Save roles' }).click();
    await page.getByRole('alert').getByText('The roles of A buyer are changed.').waitFor();
    await table.getByRole('cell', { name: 'Operator, Buyer' }).waitFor();

    await tabTo(page, 'Suspend A buyer');
    await page.keyboard.press('Enter');
    await dialog.getByRole('button', { name: 'Suspend' }).click();
    await dialog.getByText('Say why.').waitFor();
    await dialog.getByLabel('Reason').fill('Chargebacks');
    await dialog.getByRole('button', { name: 'Suspend' }).click();
    await table.getByRole('cell', { name: 'Suspended' }).waitFor();
    const login = { email: who.email, password: 'a long password' };
    await expected(shop.server, 'POST /v1/auth/login', 403, { body: login });

    await page.getByRole('button', { name: 'Let in again: A buyer' }).click();
    await dialog.getByRole('button', { name: 'Let in again' }).click();
    await table.getByRole('cell', { name: 'Active' }).waitFor();
    await page.getByRole('link', { name: 'What was done to A buyer' }).click();
    await page.getByRole('table', { name: 'Audit trail' }).getByText('Chargebacks').waitFor();
    expect(complaints).toEqual([]);
  });

  test('a search that finds nothing says so, and a reload finds the same', async () => {
    const page = await asAdmin('/admin/accounts');
    await page.getByLabel('Search').fill('nobody-of-this-name');
    await page.getByRole('heading', { name: 'Nothing matches.' }).waitFor();
    expect(await faultsIn(page, 'admin-accounts-nothing')).toEqual([]);
    await page.reload();
    await page.getByRole('heading', { name: 'Nothing matches.' }).waitFor();
    expect(await page.getByLabel('Search').inputValue()).toBe('nobody-of-this-name');
    await page.getByRole('button', { name: 'Clear the filters' }).click();
    await page.getByRole('table', { name: 'Accounts' }).getByText(boss.email).waitFor();
    expect(await page.getByLabel('Search').inputValue()).toBe('');
  });

  test('the last administrator cannot be taken the role, and the page says why', async () => {
    const page = await asAdmin('/admin/accounts?role=admin');
    await page.route('**/v1/admin/accounts/*', (route) =>
      route.fulfill({ status: 409, json: { code: 'last_admin', detail: 'no' } }),
    );
    await page.getByRole('button', { name: 'Change roles of A buyer' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Administrator').uncheck();
    await dialog.getByRole('button', { name: 'Save roles' }).click();
    await dialog.getByText('Somebody must be administrator', { exact: false }).waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
  });

  test('a list that does not come says so and comes by itself', async () => {
    const page = await asAdmin('/account');
    let answers = 0;
    await page.route('**/v1/admin/sellers?*', (route) =>
      answers++ < 1
        ? route.fulfill({
            status: 503,
            json: { code: 'busy', detail: 'no' },
            headers: { 'Retry-After': '1' },
          })
        : route.continue(),
    );
    await page.goto('/admin/sellers');
    await page.getByText('The shop is very busy.', { exact: false }).waitFor();
    await page.getByText(/shown\.|Nothing matches\./).waitFor();
  });

  test('a seller applies, is verified, suspended and reinstated; each side reads where it stands', async () => {
    const seller = await member(shop.server, 'seller');
    const their = await shop.person({ size: 'phone' });
    const complaints = complaintsOf(their);
    await signIn(their, seller.email, '/sell');
    const standing = their.getByRole('region', { name: 'Being paid' });
    await standing.getByText('You can list and sell at once.', { exact: false }).waitFor();
    await standing.getByLabel('Legal name').fill('Quist Shoes GmbH');
    await standing.getByLabel('Country').selectOption('DE');
    await standing.getByLabel('Payout reference').fill('4111 1111 1111 1111');
    await standing.getByRole('button', { name: 'Apply' }).click();
    await standing.locator('.problem').waitFor();
    await standing.getByLabel('Payout reference').fill('acct_quist');
    expect(await faultsIn(their, 'sell-apply')).toEqual([]);
    await standing.getByRole('button', { name: 'Apply' }).click();
    await standing.getByText('An administrator will look at it.', { exact: false }).waitFor();

    const page = await asAdmin('/admin/sellers');
    await page.getByLabel('State').selectOption('To verify');
    const table = page.getByRole('table', { name: 'Sellers' });
    await table.getByText('acct_quist').waitFor();
    expect(await faultsIn(page, 'admin-sellers')).toEqual([]);
    await page.getByRole('button', { name: 'Verify Quist Shoes GmbH' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Verify' }).click();
    await page.getByRole('alert').getByText('Quist Shoes GmbH is verified.').waitFor();
    await their.reload();
    await standing.getByText('Verified', { exact: false }).waitFor();

    await page.getByLabel('State').selectOption('All');
    await page.getByLabel('Search').fill(seller.email.split('@')[0]!);
    await page.getByText('1 is shown.').waitFor();
    await page.getByRole('button', { name: 'Suspend Quist Shoes GmbH' }).click();
    await dialog.getByLabel('Reason').fill('Counterfeits');
    await dialog.getByRole('button', { name: 'Suspend' }).click();
    await table.getByText('Counterfeits', { exact: false }).waitFor();
    expect(await faultsIn(page, 'admin-sellers-suspended')).toEqual([]);
    await their.reload();
    await standing.getByText('Your shop is suspended', { exact: false }).waitFor();
    expect(await faultsIn(their, 'sell-suspended')).toEqual([]);

    await page.getByRole('button', { name: 'Let sell again: Quist Shoes GmbH' }).click();
    await dialog.getByRole('button', { name: 'Let sell again' }).click();
    await page.getByRole('alert').getByText('Quist Shoes GmbH sells again.').waitFor();
    expect(complaints).toEqual([]);
  });

  test('a buyer reads that the shop is for sellers, and applies there', async () => {
    const { email } = await member(shop.server, 'buyer');
    const page = await shop.person({ size: 'phone' });
    await signIn(page, email, '/sell');
    await page.getByRole('heading', { level: 1, name: 'Not for this account' }).waitFor();
    const standing = page.getByRole('region', { name: 'Sell here' });
    await standing.getByLabel('Legal name').fill('Ada Lovelace');
    await standing.getByLabel('Payout reference').fill('acct_ada');
    expect(await faultsIn(page, 'sell-buyer')).toEqual([]);
    await standing.getByRole('button', { name: 'Apply' }).click();
    await standing.getByText('An administrator will look at it.', { exact: false }).waitFor();
    await standing.getByRole('button', { name: 'Change what I applied with' }).click();
    expect(await standing.getByLabel('Legal name').inputValue()).toBe('Ada Lovelace');
    await standing.getByRole('button', { name: 'Cancel' }).click();
    await waitFor(async () => (await page.evaluate('document.activeElement.id')) === 'standing');
  });

  test('held listings are approved and rejected, with the reasons in sight', async () => {
    const seller = await member(shop.server, 'seller');
    await setWords([{ pattern: 'replica', action: 'hold' }]);
    const list = (title: string) =>
      expected(shop.server, 'POST /v1/products', 201, {
        who: seller,
        body: { ...productBody([`R-${title.length}-${seller.accountId.slice(-6)}`], 5), title },
      });
    const good = await list('Replica watch stand');
    const bad = await list('Replica of a famous watch');
    const page = await asAdmin('/admin/listings');
    const complaints = complaintsOf(page);
    const held = page.getByRole('list', { name: 'Held listings' });
    await held.getByText('A forbidden word: "replica" in the title').first().waitFor();
    await held.getByText('Description, attributes and variants').first().click();
    expect(await layoutShift(page)).toBe(0);
    expect(await faultsIn(page, 'admin-listings')).toEqual([]);

    await tabTo(page, 'Approve Replica watch stand');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').getByText('Replica watch stand is in the shop.').waitFor();
    await expected(shop.server, `GET /v1/products/${good.productId}`, 200);

    await page.getByRole('button', { name: 'Reject Replica of a famous watch' }).click();
    const dialog = page.getByRole('dialog', { name: 'Reject Replica of a famous watch?' });
    await dialog.getByLabel('Reason').fill('No replicas here');
    expect(await faultsIn(page, 'admin-listings-reject')).toEqual([]);
    await dialog.getByRole('button', { name: 'Reject' }).click();
    await page.getByRole('heading', { name: 'No listing waits' }).waitFor();
    const own = await expected(shop.server, `GET /v1/products/${bad.productId}`, 200, { who: seller });
    expect(own.rejection.reason).toBe('No replicas here');
    expect(complaints).toEqual([]);
  });

  test('rules are added and taken out on the page of held listings', async () => {
    await setWords([]);
    const seller = await member(shop.server, 'seller');
    const body = { ...productBody([`C-${seller.accountId.slice(-6)}`], 5), title: 'Contraband lamp' };
    const { productId } = await expected(shop.server, 'POST /v1/products', 201, { who: seller, body });
    const page = await asAdmin('/admin/listings');
    const complaints = complaintsOf(page);
    const words = page.getByRole('region', { name: 'Forbidden words and categories' });
    await words.getByText('No word and no category is forbidden.').waitFor();
    await words.getByLabel('Word, or category such as', { exact: false }).fill('contraband');
    await words.getByRole('radio', { name: 'Refuse' }).check();
    await words.getByRole('button', { name: 'Add the rule' }).click();
    await words.getByText('Word · Refuse').waitFor();
    // What is in the shop already is judged, too.
    await page.getByText(/^Listings checked by them: \d+\. Put on hold: 1\.$/).waitFor();
    await page.getByRole('button', { name: 'Approve Contraband lamp' }).waitFor();
    const own = await expected(shop.server, `GET /v1/products/${productId}`, 200, { who: seller });
    expect(own.status).toBe('held');
    const prices = page.getByRole('region', { name: 'Suspicious prices' });
    await prices.getByRole('button', { name: 'Add the bound' }).click();
    await prices.getByText('Write a lowest or a highest price.').waitFor();
    await prices.getByLabel('Lowest price').fill('5.00');
    await prices.getByRole('button', { name: 'Add the bound' }).click();
    await prices.getByText('below $5.00').waitFor();
    expect(await faultsIn(page, 'admin-rules')).toEqual([]);
    await page.getByRole('button', { name: 'Remove the rule for contraband' }).click();
    await words.getByText('No word and no category is forbidden.').waitFor();
    await waitFor(async () => (await page.evaluate('document.activeElement.id')) === 'word-rules');
    await page.getByRole('button', { name: 'Remove the bound for Everything, USD' }).click();
    await prices.getByText('No listing is held for its price.').waitFor();
    expect(complaints).toEqual([]);
  });

  test('the audit trail is narrowed by what, who and since when, and shows its chain', async () => {
    await setWords([{ pattern: 'trail', action: 'hold' }]);
    const page = await asAdmin('/admin/audit');
    const complaints = complaintsOf(page);
    const table = page.getByRole('table', { name: 'Audit trail' });
    await table.getByText('Changed the forbidden words').first().waitFor();
    expect(await layoutShift(page)).toBe(0);
    expect(await faultsIn(page, 'admin-audit')).toEqual([]);
    await page.getByLabel('What was done').selectOption('Made the first administrator');
    await page.getByText('1 is shown.').waitFor();
    await table.getByText('Link 1').click();
    await table.getByText('none: it is the first').waitFor();
    expect(await faultsIn(page, 'admin-audit-link')).toEqual([]);
    await page.getByLabel('From').fill('2999-01-01');
    await page.getByRole('heading', { name: 'Nothing matches.' }).waitFor();
    await page.getByRole('button', { name: 'Clear the filters' }).click();
    await table.getByText('Changed the forbidden words').first().waitFor();
    expect(complaints).toEqual([]);
    await setWords([]);
  });
});
