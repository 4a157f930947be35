/** Searching, in a real browser in the sample shop: suggestions, filters, the address, with and without JavaScript. */
import { beforeAll, expect, test } from 'vitest';
import { waitFor } from '../system/server.ts';
import { expected } from '../system/shop.ts';
import { complaintsOf } from './browser.ts';
import { browserSite } from './site.ts';
import { faultsIn, layoutShift } from './visit.ts';

const shop = browserSite('search', { env: { SAMPLE: '1' } });

shop.describe('search', () => {
  // What is put into the shop can be found a moment later.
  beforeAll(() =>
    waitFor(async () => (await expected(shop, 'GET /v1/search?limit=1', 200)).total === 48, 30_000),
  );

  const results = (page: Awaited<ReturnType<typeof shop.person>>) =>
    page.getByRole('list', { name: 'Results' }).getByRole('listitem');

  test('the box suggests while somebody types; arrows and Enter choose, Escape closes', async () => {
    const page = await shop.person({ size: 'desktop' });
    const complaints = complaintsOf(page);
    await page.goto('/');
    const box = page.getByRole('combobox', { name: 'Search' });
    await box.pressSequentially('headph');
    const options = page.getByRole('listbox', { name: 'Suggestions' }).getByRole('option');
    await options.first().waitFor();
    expect(await box.getAttribute('aria-expanded')).toBe('true');
    expect(await faultsIn(page, 'suggestions')).toEqual([]);
    await page.keyboard.press('Escape');
    await options.first().waitFor({ state: 'hidden' });
    expect(await box.inputValue()).toBe('headph');
    await page.keyboard.press('ArrowDown');
    await options.first().waitFor();
    await page.keyboard.press('ArrowUp');
    const last = options.last();
    expect(await last.getAttribute('aria-selected')).toBe('true');
    expect(await box.getAttribute('aria-activedescendant')).toBe(await last.getAttribute('id'));
    await page.keyboard.press('ArrowDown');
    expect(await box.getAttribute('aria-activedescendant')).toBeNull();
    await page.keyboard.press('Enter');
    await page.waitForURL('**/search?q=headph');
    // The page that comes takes the focus to its heading, and with it the box's list.
    await page.getByRole('list', { name: 'Results' }).waitFor();
    await box.fill('fjell tr');
    await options.filter({ hasText: 'Fjell trail running shoe' }).click();
    await page.waitForURL('**/products/prd_*');
    expect(complaints).toEqual([]);
  });

  test('questions that were typed over are given up, and a pause comes before each', async () => {
    const page = await shop.person({ size: 'desktop' });
    const asked: string[] = [];
    page.on('request', (request) => {
      const url = new URL(request.url());
      if (url.pathname === '/v1/suggest') asked.push(url.searchParams.get('q')!);
    });
    await page.goto('/');
    const box = page.getByRole('combobox', { name: 'Search' });
    await box.pressSequentially('kettle', { delay: 5 });
    await page.getByRole('option').first().waitFor();
    expect(asked.at(-1)).toBe('kettle');
    expect(asked.length).toBeLessThan(6);
  });

  test('filters, sorting and what is found stand in the address and survive reload and the back button', async () => {
    const page = await shop.person({ size: 'desktop' });
    const complaints = complaintsOf(page);
    await page.goto('/search?q=shoe');
    await page.getByText('4 found').waitFor();
    await page.waitForLoadState('networkidle');
    expect(await layoutShift(page)).toBe(0);
    expect(await page.title()).toBe('shoe: 4 found – Search');
    expect(await faultsIn(page, 'search')).toEqual([]);
    const filters = page.getByRole('group', { name: 'Filters' });
    await filters.getByRole('checkbox', { name: 'Myr' }).check();
    await page.getByText('2 found').waitFor();
    await filters.getByRole('textbox', { name: 'Price from' }).fill('$120');
    await page.keyboard.press('Enter');
    await page.getByText('1 found').waitFor();
    await page.waitForURL('**/search?q=shoe&brand=Myr&from=%24120');
    await page.reload();
    await page.getByText('1 found').waitFor();
    expect(await filters.getByRole('checkbox', { name: 'Myr' }).isChecked()).toBe(true);
    expect(await filters.getByRole('textbox', { name: 'Price from' }).inputValue()).toBe('$120');
    await page.goBack();
    await page.getByText('2 found').waitFor();
    expect(await filters.getByRole('textbox', { name: 'Price from' }).inputValue()).toBe('');
    await page.getByRole('link', { name: 'Clear all' }).click();
    await page.getByText('4 found').waitFor();
    await page.getByRole('combobox', { name: 'Sort by' }).selectOption({ label: 'Price, high first' });
    await page.waitForURL('**/search?q=shoe&sort=price_desc');
    await waitFor(async () => /Skare/.test(await results(page).first().innerText()));
    expect(complaints).toEqual([]);
  });

  test('a price that is none is said, and nothing is asked', async () => {
    const page = await shop.person({ size: 'desktop' });
    await page.goto('/search');
    await page.waitForLoadState('networkidle');
    const box = page.getByRole('textbox', { name: 'Price to' });
    await box.fill('cheap');
    await page.keyboard.press('Enter');
    await page.getByText('Write a price such as').waitFor();
    expect(await box.getAttribute('aria-invalid')).toBe('true');
    expect(new URL(page.url()).search).toBe('');
  });

  test('a mistyped word finds what was meant, and what is not there says so', async () => {
    const page = await shop.person();
    await page.goto('/search?q=hedphones');
    await page.getByText('Did you mean').waitFor();
    await page.getByRole('link', { name: 'headphones', exact: true }).click();
    await page.waitForURL('**/search?q=headphones');
    expect(await results(page).count()).toBeGreaterThan(2);
    await page.getByText('Filters').click();
    await page.getByRole('checkbox', { name: 'Moth' }).waitFor();
    expect(await faultsIn(page, 'search-filters')).toEqual([]);
    await page.goto('/search?q=qqqqqq');
    await page.getByRole('heading', { name: 'Nothing is found.' }).waitFor();
    expect(await faultsIn(page, 'search-empty')).toEqual([]);
  });

  test('what was typed and ticked before the script was there is not lost', async () => {
    const page = await shop.person({ size: 'desktop' });
    let letCome = () => {};
    const mayCome = new Promise<void>((resolve) => {
      letCome = resolve;
    });
    await page.route('**/assets/search-*.js', async (route) => {
      await mayCome;
      await route.continue();
    });
    await page.goto('/search?q=shoe', { waitUntil: 'commit' });
    await page.getByRole('combobox', { name: 'Search' }).fill('lamp');
    await page.getByRole('checkbox', { name: 'Myr' }).check();
    letCome();
    await page.getByText('2 found').waitFor();
    expect(await page.getByRole('checkbox', { name: 'Myr' }).isChecked()).toBe(true);
    expect(await page.getByRole('combobox', { name: 'Search' }).inputValue()).toBe('lamp');
  });

  test('more results come below the first ones', async () => {
    const page = await shop.person({ size: 'desktop' });
    await page.goto('/search');
    await page.getByText('48 found').waitFor();
    expect(await results(page).count()).toBe(24);
    await page.getByRole('button', { name: 'More results' }).click();
    await waitFor(async () => (await results(page).count()) === 48);
  });

  test('without JavaScript the forms search and filter', async () => {
    const page = await shop.person({ size: 'desktop', more: { javaScriptEnabled: false } });
    await page.goto('/');
    await page.getByRole('combobox', { name: 'Search' }).fill('shoe');
    await page.keyboard.press('Enter');
    await page.getByText('4 found').waitFor();
    await page.getByRole('checkbox', { name: 'Myr' }).check();
    await page.getByRole('textbox', { name: 'Price from' }).fill('120');
    await page.getByRole('group', { name: 'Filters' }).getByRole('button', { name: 'Apply' }).click();
    await page.getByText('1 found').waitFor();
    expect(await page.getByRole('checkbox', { name: 'Myr' }).isChecked()).toBe(true);
    expect(await page.locator('head meta[name=robots]').getAttribute('content')).toBe('noindex, follow');
  });

  test('an attribute of a product leads to everything that has it', async () => {
    const page = await shop.person({ size: 'desktop' });
    const complaints = complaintsOf(page);
    const { items } = await expected(shop, 'GET /v1/search?q=shoe', 200);
    const product = items.find(
      ({ attributes }: { attributes: object }) => Object.keys(attributes).length > 0,
    );
    const [name, value] = Object.entries(product.attributes)[0] as [string, string];
    const parameter = `attributes%5B${encodeURIComponent(name)}%5D=${encodeURIComponent(value)}`;
    const { total } = await expected(shop, `GET /v1/search?${parameter}`, 200);
    await page.goto(`/products/${product.productId}`);
    await page.getByRole('link', { name: new RegExp(`^More with ${name}: `, 'i') }).click();
    await page.getByText(`${total} found`).waitFor();
    expect(await faultsIn(page, 'search-attribute')).toEqual([]);
    await page.getByRole('link', { name: `${name}: ${value} remove` }).click();
    await page.getByText('48 found').waitFor();
    expect(complaints).toEqual([]);
  });

  test('what stands in for a search engine that is away says so, with JavaScript and without', async () => {
    await shop.server.end('SIGTERM');
    await shop.site.start({ SAMPLE: '1', ELASTICSEARCH_URL: 'http://127.0.0.1:1' });
    const sentence = 'Search answers more simply at the moment';
    const drawn = await (await fetch(`${shop.url}/search?q=shoe`)).text();
    expect(drawn).toContain(sentence);
    const page = await shop.person({ size: 'desktop' });
    await page.goto('/search?q=shoe');
    await page.getByText(sentence, { exact: false }).waitFor();
    await page.getByText('4 found').waitFor();
    expect(await faultsIn(page, 'search-degraded')).toEqual([]);
    const box = page.getByRole('combobox', { name: 'Search' });
    await box.fill('lamp');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/search?q=lamp');
    await results(page).filter({ hasText: 'lamp' }).first().waitFor();
    await page.getByText(sentence, { exact: false }).waitFor();
  });
});
