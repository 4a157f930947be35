/** The seller's shop and a new drop, and the forecast that its preview shows. */
import { describe, expect, test } from 'vitest';
import { forecast, leftAfter } from '../../src/web/pages/forecast.ts';
import { checkOut, expected, holding, member, openDrop, productBody } from '../system/shop.ts';
import { complaintsOf } from './browser.ts';
import { browserSite } from './site.ts';
import { faultsIn, fillSignIn, layoutShift, loseSession, signIn, tabTo } from './visit.ts';

const shop = browserSite('the pages of sellers');

describe('the forecast', () => {
  const pace = { units: 800, releasePerSecond: 20, activeLimit: 5_000, admissionSeconds: 300 };

  test('lets nobody in faster than the pace, and sells every unit once', () => {
    const { lastUnitSeconds, people, curve } = forecast(pace);
    // 800 units at 20 a second: 40 s for the first round, then those who do not buy let their 60 s pass.
    expect(lastUnitSeconds).toBeGreaterThan(40);
    expect(lastUnitSeconds).toBeLessThan(40 + 4 * 60);
    expect(people).toBeGreaterThan(800);
    expect(people * 0.9).toBeCloseTo(800, -1);
    for (const [index, [seconds, left]] of curve.entries())
      if (index > 0) expect(left).toBeGreaterThanOrEqual(800 - seconds * 20);
  });

  test('is twice as quick at twice the pace when the drop is large', () => {
    const large = { ...pace, units: 500_000, activeLimit: 1_000_000 };
    const slow = forecast({ ...large, releasePerSecond: 50 }).lastUnitSeconds;
    const quick = forecast({ ...large, releasePerSecond: 100 }).lastUnitSeconds;
    expect(slow / quick).toBeCloseTo(2, 0);
  });

  test('sees the active limit, and what is left when a drop ends early', () => {
    const free = forecast({ ...pace, units: 10_000, releasePerSecond: 100 });
    const limited = forecast({ ...pace, units: 10_000, releasePerSecond: 100, activeLimit: 600 });
    expect(limited.peoplePerSecondLater).toBeCloseTo(10, 0);
    expect(limited.lastUnitSeconds).toBeGreaterThan(3 * free.lastUnitSeconds);
    expect(leftAfter(limited, 0)).toBe(10_000);
    expect(leftAfter(limited, limited.lastUnitSeconds)).toBeLessThan(1);
  });

  test('takes the greatest and the smallest drop in few steps', () => {
    const most = { releasePerSecond: 1, activeLimit: 1, admissionSeconds: 3_600 };
    const [greatest, smallest] = [forecast({ ...most, units: 1_000_000 }), forecast({ ...most, units: 1 })];
    expect(greatest.lastUnitSeconds).toBeGreaterThan(1_000_000);
    expect(smallest.lastUnitSeconds).toBeLessThan(200);
    for (const { curve } of [greatest, smallest]) expect(curve.length).toBeLessThan(10_000);
  });
});

shop.describe('in a browser', () => {
  /** A seller with one listing of 40 units. */
  async function sellerWithListing() {
    const seller = await member(shop.server, 'seller');
    const sku = `FJELL-${seller.accountId.slice(-6)}`;
    const body = { ...productBody([sku], 40), title: 'Mudline trail shoe' };
    await expected(shop.server, 'POST /v1/products', 201, { who: seller, body });
    return { seller, sku };
  }

  test('a buyer is told that the shop is not for this account; a stranger signs in there', async () => {
    const page = await shop.person();
    const { email } = await member(shop.server, 'buyer');
    await page.goto('/sell');
    await fillSignIn(page, email);
    await page.getByRole('heading', { level: 1, name: 'Not for this account' }).waitFor();
    expect(await faultsIn(page, 'sell-wrong-role')).toEqual([]);
  });

  test('the shop shows listings, drops and what was sold', async () => {
    const page = await shop.person({ size: 'desktop' });
    const complaints = complaintsOf(page);
    const seller = await member(shop.server, 'seller');
    const drop = await openDrop(shop.server, 20, { seller });
    await checkOut(shop.server, await holding(shop.server, drop));
    await signIn(page, seller.email, '/sell');
    await page.getByRole('heading', { level: 1, name: 'Your shop' }).waitFor();
    const drops = page.getByRole('table', { name: 'Drops' });
    await drops.getByRole('cell', { name: '1 of 20' }).waitFor();
    await drops.getByRole('link', { name: 'Console drop' }).waitFor();
    await page.getByRole('table', { name: 'Listings' }).getByText('sold out').waitFor();
    const orders = page.getByRole('table', { name: 'Orders' });
    await orders.getByRole('cell', { name: '$199.00' }).waitFor();
    await page.getByRole('group', { name: 'Sold in your drops' }).getByText('$199.00').waitFor();
    expect(await layoutShift(page)).toBe(0);
    expect(await faultsIn(page, 'sell')).toEqual([]);
    expect(complaints).toEqual([]);
    await page.getByRole('link', { name: 'New drop' }).click();
    await page.waitForURL('**/sell/drops/new');
  });

  test('a shop with nothing in it says what to do', async () => {
    const page = await shop.person();
    const { email } = await member(shop.server, 'seller');
    await signIn(page, email, '/sell');
    await page.getByText('No drop yet.', { exact: false }).waitFor();
    await page.getByText('No listing yet.', { exact: false }).waitFor();
    expect(await faultsIn(page, 'sell-empty')).toEqual([]);
    await page.goto('/sell/drops/new');
    await page.getByText('There is nothing to sell yet.', { exact: false }).waitFor();
  });

  test('a drop is written by keyboard, previewed and published, and has these terms', async () => {
    const page = await shop.person({ size: 'desktop' });
    const complaints = complaintsOf(page);
    const { seller, sku } = await sellerWithListing();
    await signIn(page, seller.email, '/sell/drops/new');
    await page.getByRole('heading', { level: 1, name: 'New drop' }).waitFor();
    await page.getByText('Choose a product').waitFor({ state: 'attached' });
    expect(await layoutShift(page)).toBe(0);
    expect(await faultsIn(page, 'new-drop-empty')).toEqual([]);

    const write = async (label: string, text: string) => {
      await tabTo(page, label);
      await page.keyboard.press('Control+A');
      await page.keyboard.type(text);
    };
    await write('Title', 'Mudline, first pressing');
    await page.getByRole('combobox', { name: 'Product' }).selectOption(sku);
    await page.getByText('of 40 in stock').waitFor();
    await expect.poll(() => page.getByLabel('Price', { exact: true }).inputValue()).toBe('199.00');
    await write('Units', '30');
    await write('Price', '$1,129.50');
    await write('Units per person', '2');
    await page.getByLabel('Starts').fill('2030-07-01T19:30');
    await page.getByLabel('Line opens').fill('2030-07-01T19:15');
    expect(await page.getByRole('radio', { name: 'By lot' }).isDisabled()).toBe(true);
    await write('Release per second', '5');
    const preview = page.getByRole('region', { name: 'Preview' });
    const figure = (name: string) => preview.getByRole('group', { name }).textContent();
    await expect.poll(() => figure('People a second')).toMatch(/5$/);
    await expect.poll(() => figure('The last unit goes at about')).toMatch(/7:3\d:\d\d PM$/);
    await preview.getByText('after the start, on July 1, 2030', { exact: false }).waitFor();
    await expect.poll(() => figure('Last in line waits')).toMatch(/about \d/);
    await preview.getByText('Assumed:', { exact: false }).waitFor();
    expect(await faultsIn(page, 'new-drop')).toEqual([]);
    await tabTo(page, 'Publish drop');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/drops/sal_*');

    const saleId = new URL(page.url()).pathname.split('/').at(-1);
    const sale = await expected(shop.server, `GET /v1/sales/${saleId}`, 200);
    expect(sale).toMatchObject({
      ...{ title: 'Mudline, first pressing', sellerId: seller.accountId },
      ...{ prequeueAt: '2030-07-01T19:15:00.000Z', startsAt: '2030-07-01T19:30:00.000Z' },
      endsAt: '2030-07-02T19:30:00.000Z',
      items: [{ sku, quantity: 30, purchaseLimit: 2, price: { amount: 112_950, currency: 'USD' } }],
      queueing: { method: 'fifo', releasePerSecond: 5, activeLimit: 5_000, admissionSeconds: 300 },
      holdSeconds: 300,
    });
    expect(complaints).toEqual([]);
    await page.goto('/sell/drops/new');
    await page.getByRole('heading', { level: 1, name: 'New drop' }).waitFor();
    expect(await page.getByLabel('Title').inputValue()).toBe('');
  });

  test('what is wrong stands at its field, from the page and from the API, and nothing typed is lost', async () => {
    const page = await shop.person();
    const { seller, sku } = await sellerWithListing();
    await signIn(page, seller.email, '/sell/drops/new');
    const problemOf = async (label: string) => {
      const ids = await page.getByLabel(label, { exact: true }).getAttribute('aria-describedby');
      const id = ids?.split(' ').find((each) => each.endsWith('problem'));
      return id === undefined ? null : page.locator(`[id="${id}"]`).textContent();
    };
    await page.getByRole('button', { name: 'Publish drop' }).click();
    await page.getByText('Not published yet.', { exact: false }).waitFor();
    expect(await problemOf('Title')).toBe('Say what buyers will read.');
    expect(await problemOf('Product')).toBe('Choose what is sold.');
    await expect.poll(() => page.evaluate('document.activeElement.name')).toBe('title');
    expect(await faultsIn(page, 'new-drop-problems')).toEqual([]);

    await page.getByLabel('Title').fill('Mudline');
    await page.getByRole('combobox', { name: 'Product' }).selectOption(sku);
    await page.getByLabel('Units', { exact: true }).fill('41');
    await page.getByRole('button', { name: 'Publish drop' }).click();
    await page.getByText('Only 40 are free to be dropped.').waitFor();
    await page.getByLabel('Units', { exact: true }).fill('10');
    await page.getByLabel('Starts').fill('2030-07-01T19:30');
    await page.getByLabel('Line opens').fill('2030-07-02T19:15');
    await page.getByLabel('Admission seconds').fill('5');
    await page.getByRole('button', { name: 'Publish drop' }).click();
    await page.locator('[aria-invalid]').first().waitFor();
    await expect.poll(() => problemOf('Admission seconds')).toMatch(/^Must be/);
    await page.getByLabel('Admission seconds').fill('300');
    await page.getByRole('button', { name: 'Publish drop' }).click();
    await page.getByText('Must not be later than startsAt.').waitFor();
    await expect.poll(() => problemOf('Line opens')).toMatch(/^Must not be later/);
    expect(await page.getByLabel('Title').inputValue()).toBe('Mudline');
    await page.getByLabel('Line opens').fill('2030-07-01T19:15');
    await page.getByRole('button', { name: 'Publish drop' }).click();
    await page.waitForURL('**/drops/sal_*');
  });

  test('a draft is kept over a reload and a session that ends, for its account alone', async () => {
    const page = await shop.person();
    const { seller } = await sellerWithListing();
    await signIn(page, seller.email, '/sell/drops/new');
    await page.getByLabel('Title').fill('Half a thought');
    await page.reload();
    await page.getByText('Draft, kept in this browser').waitFor();
    await expect.poll(() => page.getByLabel('Title').inputValue()).toBe('Half a thought');
    await page.getByLabel('Units', { exact: true }).fill('12');
    await page.getByRole('button', { name: 'Save draft' }).click();
    await page.getByText(/^Draft, saved \d/).waitFor();
    expect(await faultsIn(page, 'new-drop-draft')).toEqual([]);
    await loseSession(page);
    await page.reload();
    await fillSignIn(page, seller.email);
    await page.getByRole('heading', { level: 1, name: 'New drop' }).waitFor();
    await expect.poll(() => page.getByLabel('Units', { exact: true }).inputValue()).toBe('12');

    await page.goto('/account');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('link', { name: 'Sign in' }).waitFor();
    const other = await sellerWithListing();
    await signIn(page, other.seller.email, '/sell/drops/new');
    await page.getByRole('button', { name: 'Publish drop' }).waitFor();
    expect(await page.getByLabel('Title').inputValue()).toBe('');
  });

  test('an answer that is lost publishes nothing twice, also after a reload', async () => {
    const page = await shop.person();
    const { seller, sku } = await sellerWithListing();
    await signIn(page, seller.email, '/sell/drops/new');
    await page.getByLabel('Title').fill('Once only');
    await page.getByRole('combobox', { name: 'Product' }).selectOption(sku);
    await page.getByLabel('Units', { exact: true }).fill('10');
    let tries = 0;
    await page.route('**/v1/sales', async (route) => {
      if (tries++ > 0) return route.continue();
      await route.fetch();
      await route.abort('connectionreset');
    });
    await page.getByRole('button', { name: 'Publish drop' }).click();
    await page.getByText('Nothing is published twice', { exact: false }).waitFor();
    await page.reload();
    await page.getByRole('button', { name: 'Publish drop' }).click();
    await page.waitForURL('**/drops/sal_*');
    const { items } = await expected(shop.server, `GET /v1/sales?seller=${seller.accountId}`, 200);
    expect(items).toHaveLength(1);
  });

  test.each([
    [503, 'busy', 'The shop is very busy.'],
    [429, 'rate_limited', 'There were many requests from your address.'],
  ])(
    'a publication that is answered with %i is a plain sentence, and the button works again',
    async (status, code, sentence) => {
      const page = await shop.person();
      const { seller, sku } = await sellerWithListing();
      await signIn(page, seller.email, '/sell/drops/new');
      await page.getByLabel('Title').fill('Patience');
      await page.getByRole('combobox', { name: 'Product' }).selectOption(sku);
      await page.getByLabel('Units', { exact: true }).fill('10');
      let tries = 0;
      await page.route('**/v1/sales', (route) =>
        tries++ > 0 ? route.continue() : route.fulfill({ status, json: { code, detail: 'no' } }),
      );
      await page.getByRole('button', { name: 'Publish drop' }).click();
      await page.getByText(sentence, { exact: false }).waitFor();
      await page.getByRole('button', { name: 'Publish drop' }).click();
      await page.waitForURL('**/drops/sal_*');
    },
  );
});
