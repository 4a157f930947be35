/** Categories and products, read over HTTP as a search engine does and used in a real browser, in the sample shop. */
import { beforeAll, describe, expect, test } from 'vitest';
import { waitFor } from '../system/server.ts';
import { admin, expected, member, type Person } from '../system/shop.ts';
import { complaintsOf, sidewaysPixels } from './browser.ts';
import { browserSite } from './site.ts';
import { faultsIn, layoutShift, tabTo } from './visit.ts';

const shop = browserSite('the shop', { env: { SAMPLE: '1' } });

interface Listed {
  readonly productId: string;
  readonly title: string;
}

async function productCalled(title: string): Promise<Listed> {
  const { items } = await expected(shop, 'GET /v1/products?limit=100', 200);
  return items.find((each: Listed) => each.title === title)!;
}

/** As what wants a page asks. */
const read = (path: string, headers: Record<string, string> = {}) =>
  fetch(`${shop.url}${path}`, { redirect: 'manual', headers: { accept: 'text/html', ...headers } });

shop.describe('the shop', () => {
  let shoe: Listed;
  let seller: Person;
  beforeAll(async () => {
    shoe = await productCalled('Fjell trail running shoe');
    seller = await member(shop, 'seller');
  });

  describe('over HTTP', () => {
    test('a product page says everything without its script, under the strict policy', async () => {
      const page = await read(`/products/${shoe.productId}`);
      expect(page.status).toBe(200);
      expect(page.headers.get('cache-control')).toBe('no-cache');
      const policy = page.headers.get('content-security-policy')!;
      expect(policy).toContain("default-src 'none'");
      expect(policy).not.toMatch(/unsafe|\*/);
      const html = await page.text();
      expect(html).toMatch(/<title>Fjell trail running shoe – Fjell – In stock<\/title>/);
      expect(html).toMatch(/<meta name="description" content="Light, grippy, made for mud/);
      expect(html).toContain(`<link rel="canonical" href="${shop.url}/products/${shoe.productId}"/>`);
      expect(html).toMatch(/<h1[^>]*>Fjell trail running shoe<\/h1>/);
      for (const text of ['$129.00', '44, sold out', 'Sold by', '6 mm']) expect(html).toContain(text);
      expect(html).not.toContain('Turn on JavaScript');
      const again = await read(`/products/${shoe.productId}`, { 'if-none-match': page.headers.get('etag')! });
      expect([200, 304]).toContain(again.status);
      const packed = await read(`/products/${shoe.productId}`, { 'accept-encoding': 'br' });
      expect(packed.headers.get('content-encoding')).toBe('br');
    });

    test('what does not exist is a page with status 404, and a draft is nobody’s to see', async () => {
      for (const path of [
        '/products/prd_018f0000-0000-7000-8000-000000000000',
        '/products/x',
        '/category/nowhere',
      ])
        expect([path, (await read(path)).status]).toEqual([path, 404]);
    });

    test('a category that has moved leads to where it is now, its parameters kept', async () => {
      const who = await admin(shop.server);
      const { categoryId, slug } = await expected(shop, 'POST /v1/categories', 201, {
        who,
        body: { name: 'Curios' },
      });
      await expected(shop, `PATCH /v1/categories/${categoryId}`, 200, { who, body: { name: 'Rarities' } });
      const page = await read(`/category/${slug}?sort=price_asc`);
      expect(page.status).toBe(301);
      expect(page.headers.get('location')).toBe('/category/rarities?sort=price_asc');
    });

    test('programs find what is theirs to follow', async () => {
      const robots = await (await read('/robots.txt')).text();
      expect(robots).toContain('User-agent: *\nDisallow: /v1/\n');
      expect(robots).toContain(`Sitemap: ${shop.url}/sitemap.xml`);
      const index = await read('/sitemap.xml');
      expect(index.headers.get('content-type')).toBe('application/xml; charset=utf-8');
      const maps = [...(await index.text()).matchAll(/<loc>(.*?)<\/loc>/g)].map(([, url]) => url!);
      expect(maps).toEqual([`${shop.url}/sitemaps/categories.xml`, `${shop.url}/sitemaps/0.xml`]);
      const pages = (await Promise.all(maps.map(async (url) => (await fetch(url)).text()))).join('');
      expect(pages).toContain(`<loc>${shop.url}/products/${shoe.productId}</loc><lastmod>20`);
      expect(pages).toContain(`<loc>${shop.url}/category/sports</loc>`);
      for (const name of ['1.xml', '9999.xml', 'x.xml', '..%2f0.xml'])
        expect([name, (await read(`/sitemaps/${name}`)).status]).toEqual([name, 404]);
    });
  });

  describe('in a browser', () => {
    test('a product: pictures and variants by keyboard, what is sold out cannot be chosen, nothing moves', async () => {
      const page = await shop.person({ size: 'desktop' });
      const complaints = complaintsOf(page);
      await page.goto(`/products/${shoe.productId}`);
      const sizes = page.getByRole('radiogroup', { name: 'Size' });
      await sizes.waitFor();
      await page.waitForLoadState('networkidle');
      expect(await layoutShift(page)).toBe(0);
      expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe(shoe.title);
      expect(await sizes.getByRole('radio', { name: '44, sold out' }).isDisabled()).toBe(true);
      await sizes.getByRole('radio', { name: '42', exact: true }).focus();
      await page.keyboard.press('Space');
      await page.getByText('Only 4 left').waitFor();
      expect(new URL(page.url()).searchParams.get('sku')).toBe('FJELL-42');
      await page.reload();
      await page.getByText('Only 4 left').waitFor();
      const pictures = page.getByRole('group', { name: 'Pictures' }).getByRole('button');
      await pictures.first().focus();
      await page.keyboard.press('ArrowRight');
      expect(await pictures.nth(1).getAttribute('aria-pressed')).toBe('true');
      expect(await page.evaluate('document.activeElement.getAttribute("aria-label")')).toBe('Picture 2');
      expect(await page.getByRole('button', { name: 'Add to cart' }).count()).toBe(1);
      expect(await faultsIn(page, 'product')).toEqual([]);
      expect(complaints).toEqual([]);
    });

    test('a product that a drop sells leads to the door', async () => {
      const page = await shop.person();
      const { productId } = await productCalled('Nimbus handheld console');
      await page.goto(`/products/${productId}`);
      await page.getByRole('region', { name: 'Where to get it' }).waitFor();
      expect(await faultsIn(page, 'product-drop')).toEqual([]);
      await page.getByRole('link', { name: 'Go to the door' }).click();
      await page.waitForURL('**/drops/sal_*');
      await page.goBack();
      await page.getByRole('link', { name: 'Go to the door' }).waitFor();
    });

    test('what a seller writes is text, whatever it looks like', async () => {
      const title = '</script><img src=x onerror=alert(1)>"\'';
      const body = {
        ...{ title, description: `${title}\n<b>bold</b>`, brand: title, category: 'Odd' },
        ...{ attributes: { a: title }, images: [] },
        variants: [
          { sku: 'ODD-1', options: { size: title }, price: { amount: 100, currency: 'USD' }, stock: 1 },
        ],
      };
      const { productId } = await expected(shop, 'POST /v1/products', 201, { who: seller, body });
      const page = await shop.person();
      const complaints = complaintsOf(page);
      let dialogs = 0;
      page.on('dialog', (dialog) => {
        dialogs += 1;
        void dialog.dismiss();
      });
      for (const path of [`/products/${productId}`, '/category/odd', '/']) {
        await page.goto(path);
        await page.getByText(title).first().waitFor();
        await page.waitForLoadState('networkidle');
      }
      expect(await page.locator('main img[src="x"], main b b').count()).toBe(0);
      expect([dialogs, complaints]).toEqual([0, []]);
    });

    test('a category: the way there, the order and the page in the address, the back button', async () => {
      const page = await shop.person({ size: 'desktop' });
      const complaints = complaintsOf(page);
      await page.goto('/category/electronics');
      await page.getByRole('list', { name: 'Electronics' }).waitFor();
      await page.waitForLoadState('networkidle');
      expect(await layoutShift(page)).toBe(0);
      expect(await faultsIn(page, 'category')).toEqual([]);
      await page.getByRole('combobox', { name: 'Sort by' }).selectOption('price_asc');
      await page.waitForURL('**/category/electronics?sort=price_asc');
      const first = page.getByRole('list', { name: 'Electronics' }).getByRole('link').first();
      await waitFor(async () => (await first.innerText()).startsWith('Moth'));
      await first.click();
      await page.waitForURL('**/products/*');
      await page
        .getByRole('navigation', { name: 'Breadcrumb' })
        .getByRole('link', { name: 'Headphones' })
        .waitFor();
      expect(await page.evaluate('document.activeElement.tagName')).toBe('H1');
      await page.goBack();
      await page.waitForURL('**/category/electronics?sort=price_asc');
      await waitFor(async () => (await first.innerText()).startsWith('Moth'));
      expect(complaints).toEqual([]);
    });

    test('without JavaScript the shop can be walked through', async () => {
      const page = await shop.person({ more: { javaScriptEnabled: false } });
      await page.goto('/');
      await page
        .getByRole('navigation', { name: 'Categories' })
        .getByRole('link', { name: /^Sports/ })
        .click();
      await page.waitForURL('**/category/sports');
      await page.getByRole('link', { name: shoe.title }).click();
      await page.waitForURL(`**/products/${shoe.productId}`);
      expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe(shoe.title);
      expect(await page.getByText('$129.00').first().isVisible()).toBe(true);
      await page.goto('/category/sports');
      await page.getByRole('combobox', { name: 'Sort by' }).selectOption('price_desc');
      await page.getByRole('button', { name: 'Apply' }).click();
      await page.waitForURL(/sort=price_desc/);
    });

    test('fits a narrow phone; the first Tab leads to the content, the next ones through the header', async () => {
      const page = await shop.person({ size: 'narrow' });
      for (const path of ['/', `/products/${shoe.productId}`, '/category/sports', '/drops']) {
        await page.goto(path);
        await page.getByRole('combobox', { name: 'Search' }).waitFor();
        expect([path, await sidewaysPixels(page)]).toEqual([path, 0]);
      }
      await tabTo(page, 'Search');
    });

    test('a page that cannot be drawn is the browser’s to draw', async () => {
      const page = await shop.person();
      await page.route(`${shop.url}/products/${shoe.productId}`, async (route) => {
        const answer = await route.fetch({ url: `${shop.url}/signin` });
        await route.fulfill({ response: answer });
      });
      await page.goto(`/products/${shoe.productId}`);
      await page.getByRole('heading', { level: 1, name: shoe.title }).waitFor();
    });
  });
});
