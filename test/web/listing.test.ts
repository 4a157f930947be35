/** A seller's listings: made, changed, their images and variants, and whether they are on sale. */
import { randomUUID } from 'node:crypto';
import type { Locator, Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { picture } from '../market/images/samples.ts';
import { waitFor } from '../system/server.ts';
import { call, expected, member, type Person, productBody } from '../system/shop.ts';
import { complaintsOf } from './browser.ts';
import { browserSite } from './site.ts';
import { faultsIn, signIn, tabTo } from './visit.ts';

const shop = browserSite('the pages of listings', { person: { size: 'desktop' } });

const png = async (name: string, width = 300) => ({
  ...{ name, mimeType: 'image/png' },
  buffer: await picture(width, 200).png().toBuffer(),
});

const spoken = (page: Page) => page.getByRole('region', { name: 'Images' }).getByRole('status');
const focused = (page: Page, name: string) =>
  page.getByRole('button', { name }).and(page.locator(':focus')).waitFor();
const regionOf = (page: Page, name: string) => page.getByRole('region', { name });
/** A server on a loaded machine may be busy for a moment: the page says so, and the button is pressed again. */
async function pressUntil(page: Page, name: string, done: Locator): Promise<void> {
  const busy = page.getByText('The shop is very busy.', { exact: false });
  do {
    await page.getByRole('button', { name }).click();
    await done.or(busy).first().waitFor();
  } while (!(await done.isVisible()));
}
/** What the images are said to show, in their order. */
const alts = (page: Page) =>
  page
    .getByLabel(/^What image \d+ shows$/)
    .evaluateAll((inputs) => inputs.map((input) => (input as { value?: string }).value));

shop.describe('in a browser', () => {
  async function listing(change: object = {}) {
    const seller = await member(shop.server, 'seller');
    const sku = `MUG-${seller.accountId.slice(-6)}`;
    const body = { ...productBody([sku], 12), title: 'Campo mug', ...change };
    const product = await expected(shop.server, 'POST /v1/products', 201, { who: seller, body });
    return { seller, sku, product, path: `/sell/products/${product.productId as string}` };
  }
  const read = (productId: string, who: Person) =>
    expected(shop.server, `GET /v1/products/${productId}`, 200, { who });

  test('a listing is written, saved as a draft, and put on sale', async () => {
    const page = await shop.person();
    const complaints = complaintsOf(page);
    const seller = await member(shop.server, 'seller');
    await signIn(page, seller.email, '/sell');
    await page.getByRole('link', { name: 'New listing' }).click();
    await page.getByRole('heading', { level: 1, name: 'New listing' }).waitFor();
    await page.getByRole('button', { name: 'Save as draft' }).click();
    await page.getByText('Say what it is.').waitFor();
    expect(await page.evaluate('document.activeElement.getAttribute("name")')).toBe('title');
    expect(await faultsIn(page, 'listing-new')).toEqual([]);

    await page.getByLabel('Title').fill('Campo mug');
    await page.getByLabel('Description').fill('Holds coffee.\nAlso tea.');
    await page.getByLabel('Category').fill('Kitchen > Mugs');
    await page.getByLabel('Tags (optional)').fill('Coffee, enamel, coffee');
    await page.getByRole('button', { name: 'Add an attribute' }).click();
    await page.getByLabel('Name of attribute 1').fill('Weight');
    await page.getByLabel('Value of attribute 1').fill('320 g');
    const first = page.getByRole('group', { name: 'New variant 1' });
    const sku = `MUG-${randomUUID()}`;
    await first.getByLabel('SKU').fill(sku);
    await first.getByLabel('Options (optional)').fill('no colon');
    await first.getByLabel('Price', { exact: true }).fill('19.00');
    await first.getByLabel('Units in stock').fill('7');
    await page.getByRole('button', { name: 'Save as draft' }).click();
    await first.getByText(/Write a name, a colon and a value/).waitFor();
    // Nothing typed is lost by a reload.
    await page.reload();
    await first.getByLabel('Options (optional)').fill('Colour: red; Size: S');
    await pressUntil(page, 'Save as draft', page.getByRole('heading', { level: 1, name: 'Campo mug' }));
    const status = regionOf(page, 'Status');
    await status.getByText('Only you see it.').waitFor();
    const productId = page.url().split('/').at(-1)!;
    expect(await read(productId, seller)).toMatchObject({
      ...{ status: 'draft', description: 'Holds coffee.\nAlso tea.', category: 'Kitchen > Mugs' },
      ...{ tags: ['coffee', 'enamel'], attributes: { Weight: '320 g' } },
      variants: [{ sku, options: { Colour: 'red', Size: 'S' }, price: { amount: 1_900, currency: 'USD' } }],
    });
    expect(await faultsIn(page, 'listing-draft')).toEqual([]);
    await status.getByRole('button', { name: 'Put on sale' }).click();
    await status.getByText('Everybody can find and buy it.').waitFor();
    expect((await read(productId, seller)).status).toBe('active');
    await page.getByRole('link', { name: 'Your shop' }).first().click();
    const row = page.getByRole('table', { name: 'Listings' }).getByRole('row', { name: /Campo mug/ });
    await row.getByText('On sale').waitFor();
    expect(complaints).toEqual([]);
  });

  test('images are added by a button and by dropping, described, and removed', async () => {
    const page = await shop.person();
    const complaints = complaintsOf(page);
    const { seller, path } = await listing();
    await signIn(page, seller.email, path);
    const images = regionOf(page, 'Images');
    const chooser = page.waitForEvent('filechooser');
    await images.getByRole('button', { name: 'Add images' }).click();
    await (await chooser).setFiles([
      await png('front.png'),
      { name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('hello') },
      { name: 'broken.png', mimeType: 'image/png', buffer: (await png('x')).buffer.subarray(0, 80) },
      await png('back.png', 310),
    ]);
    await images.getByText('notes.txt was not added. It is no JPEG, PNG, WebP or AVIF image.').waitFor();
    await images
      .locator('.uploads')
      .getByText(/^broken.png was not added. It cannot be used: it is cut off/)
      .waitFor();
    await images.getByText('Image 2 of 2').waitFor();
    expect(await faultsIn(page, 'listing-uploads')).toEqual([]);
    for (const name of ['notes.txt', 'broken.png'])
      await images.getByRole('button', { name: `Dismiss ${name}` }).click();

    const { buffer, ...dropped } = await png('side.png', 320);
    const transfer = await page.evaluateHandle(
      `(() => {
        const bytes = Uint8Array.from(atob(${JSON.stringify(buffer.toString('base64'))}), (c) => c.charCodeAt(0));
        const data = new DataTransfer();
        data.items.add(new File([bytes], ${JSON.stringify(dropped.name)}, { type: 'image/png' }));
        return data;
      })()`,
    );
    for (const type of ['dragover', 'drop']) await images.dispatchEvent(type, { dataTransfer: transfer });
    await images.getByText('Image 3 of 3').waitFor();
    await spoken(page).getByText('side.png is added as image 3.').waitFor();

    await page.getByLabel('What image 1 shows').fill('The mug from the front');
    await page.getByLabel('What image 1 shows').press('Tab');
    await spoken(page).getByText('Saved.').waitFor();
    expect(await faultsIn(page, 'listing-images')).toEqual([]);
    await images.getByRole('button', { name: 'Remove image 2' }).click();
    const dialog = page.getByRole('dialog', { name: 'Remove this image?' });
    await dialog.waitFor();
    expect(await faultsIn(page, 'listing-remove-image')).toEqual([]);
    await dialog.getByRole('button', { name: 'Remove' }).click();
    await images.getByText('Image 2 of 2').waitFor();
    expect(await page.evaluate('document.activeElement.id')).toBe('images');
    expect(await alts(page)).toEqual(['The mug from the front', '']);
    expect(complaints).toEqual([]);
  });

  test('images are given to variants by keyboard, and the product shows them with the variant', async () => {
    const page = await shop.person();
    const complaints = complaintsOf(page);
    const skus = ['S', 'M'].map((size) => `MUG-${size}-${randomUUID().slice(0, 6)}`);
    const { seller, product, path } = await listing({
      variants: skus.map((sku, n) => ({
        ...{ sku, options: { Size: 'SM'[n] }, stock: 5 },
        price: { amount: 1_900, currency: 'USD' },
      })),
    });
    const [front, back] = [
      await addImage(seller, product, 'front', 100),
      await addImage(seller, product, 'back', 101),
    ];
    await signIn(page, seller.email, path);
    const images = page
      .getByRole('group', { name: `Variant ${skus[1]}` })
      .getByRole('group', { name: 'Images of it' });
    await images.getByRole('checkbox', { name: 'Image 2, back' }).focus();
    await page.keyboard.press('Space');
    expect(await faultsIn(page, 'listing-variant-images')).toEqual([]);
    await page.getByRole('button', { name: 'Save changes' }).click();
    await page
      .getByText(/^Saved \d/)
      .last()
      .waitFor();
    expect((await read(product.productId, seller)).variants).toMatchObject([
      { images: [] },
      { images: [back] },
    ]);

    await page.goto(`/products/${product.productId}`);
    const shown = page.getByRole('main').getByRole('img');
    await page.getByRole('img', { name: 'front' }).waitFor();
    await page.getByRole('radio', { name: 'M' }).check();
    await page.getByRole('img', { name: 'back' }).waitFor();
    expect(await shown.count()).toBe(1);
    await page.getByRole('radio', { name: 'S' }).check();
    await page.getByRole('img', { name: 'front' }).waitFor();

    // A listing whose image goes loses it at its variants, too, and what is typed meanwhile stays.
    await page.goto(path);
    await page.getByLabel('Title').fill('Campo mug, blue');
    await page.getByRole('button', { name: 'Remove image 2' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
    await page.getByText('Image 1 of 1').waitFor();
    expect(await page.getByText('Somebody else has changed this listing').count()).toBe(0);
    await page.getByRole('button', { name: 'Save changes' }).click();
    await page
      .getByText(/^Saved \d/)
      .last()
      .waitFor();
    expect(await read(product.productId, seller)).toMatchObject({
      ...{ title: 'Campo mug, blue', images: [{ imageId: front }] },
      variants: [{ images: [] }, { images: [] }],
    });
    expect(complaints).toEqual([]);
  });

  test('images are moved by dragging and by arrow keys, with what became of it spoken', async () => {
    const page = await shop.person();
    const { seller, product, path } = await listing();
    for (const [n, alt] of ['one', 'two', 'three'].entries()) await addImage(seller, product, alt, 100 + n);
    await signIn(page, seller.email, path);
    await page.getByText('Image 3 of 3').waitFor();
    expect(await alts(page)).toEqual(['one', 'two', 'three']);

    await tabTo(page, 'Move image 1, one');
    await page.keyboard.press('ArrowRight');
    await spoken(page).getByText('Image 1 is now image 2 of 3.').waitFor();
    await focused(page, 'Move image 2, one');
    expect(await alts(page)).toEqual(['two', 'one', 'three']);
    await page.keyboard.press('ArrowDown');
    await focused(page, 'Move image 3, one');
    await page.keyboard.press('ArrowDown');
    await spoken(page).getByText('It is the last already.').waitFor();
    await page.reload();
    await page.getByText('Image 3 of 3').waitFor();
    expect(await alts(page)).toEqual(['two', 'three', 'one']);

    const middle = async (name: string) => {
      const box = (await page.getByRole('button', { name }).boundingBox())!;
      return [box.x + box.width / 2, box.y + box.height / 2] as const;
    };
    await page.setViewportSize({ width: 1280, height: 1_400 });
    await page.mouse.move(...(await middle('Move image 3, one')));
    await page.mouse.down();
    await page.mouse.move(...(await middle('Move image 1, two')), { steps: 8 });
    await page.mouse.up();
    await spoken(page).getByText('Image 3 is now image 1 of 3.').waitFor();
    await focused(page, 'Move image 1, one');
    await waitFor(async () => {
      const { images } = await read(product.productId, seller);
      return images.map(({ alt }: { alt: string }) => alt).join() === 'one,two,three';
    });
  });

  async function addImage(who: Person, { productId }: { productId: string }, alt: string, width: number) {
    const answer = await fetch(`${shop.url}/v1/products/${productId}/images`, {
      method: 'POST',
      headers: { authorization: `Bearer ${who.token}`, 'content-type': 'image/png' },
      body: new Uint8Array((await png('x', width)).buffer),
    });
    const { imageId } = (await answer.json()) as { imageId: string };
    await expected(shop.server, `PATCH /v1/products/${productId}/images/${imageId}`, 200, {
      who,
      body: { alt },
    });
    return imageId;
  }

  test('variants are added, changed and removed, and one in use says why it stays', async () => {
    const page = await shop.person();
    const { seller, sku, product, path } = await listing();
    await signIn(page, seller.email, path);
    const variants = regionOf(page, 'Variants');
    await variants.getByRole('button', { name: 'Add a variant' }).click();
    const adding = variants.getByRole('group', { name: 'Add a variant' });
    await adding.getByLabel('SKU').fill(sku);
    await adding.getByLabel('Price', { exact: true }).fill('21');
    await adding.getByLabel('Units in stock').fill('3');
    await adding.getByRole('button', { name: 'Add this variant' }).click();
    await adding.getByText(`The SKU ${sku} is taken.`).waitFor();
    expect(await faultsIn(page, 'listing-variants')).toEqual([]);
    await adding.getByLabel('SKU').fill(`${sku}-XL`);
    await adding.getByLabel('Options (optional)').fill('Size: XL');
    await adding.getByRole('button', { name: 'Add this variant' }).click();
    const added = variants.getByRole('group', { name: `Variant ${sku}-XL` });
    await added.getByText('3 in stock').waitFor();

    await added.getByLabel('Price', { exact: true }).fill('25.50');
    await added.getByLabel('Price before (optional)').fill('30');
    await page.getByRole('button', { name: 'Save changes' }).click();
    await page
      .getByText(/^Saved \d/)
      .last()
      .waitFor();
    expect((await read(product.productId, seller)).variants[1]).toMatchObject({
      ...{ sku: `${sku}-XL`, options: { Size: 'XL' }, price: { amount: 2_550, currency: 'USD' } },
      compareAtPrice: { amount: 3_000, currency: 'USD' },
    });

    expect(await page.getByText('Somebody else has changed this listing').count()).toBe(0);
    const inUse = await openDropOf(seller, sku);
    await variants.getByRole('button', { name: `Remove variant ${sku}`, exact: true }).click();
    const dialog = page.getByRole('dialog', { name: 'Remove this variant?' });
    await dialog.getByRole('button', { name: 'Remove' }).click();
    await dialog.getByText(/It is held by a buyer or promised to a running drop/).waitFor();
    expect(await faultsIn(page, 'listing-in-use')).toEqual([]);
    await dialog.getByRole('button', { name: 'Keep it' }).click();
    expect(inUse).toMatch(/^sal_/);
    await variants.getByRole('button', { name: `Remove variant ${sku}-XL` }).click();
    await dialog.getByRole('button', { name: 'Remove' }).click();
    await added.waitFor({ state: 'detached' });
  });

  async function openDropOf(who: Person, sku: string): Promise<string> {
    const price = { amount: 100, currency: 'USD' };
    const body = {
      ...{ title: 'Drop', items: [{ sku, quantity: 1, price, purchaseLimit: 1 }] },
      endsAt: new Date(Date.now() + 3_600_000).toISOString(),
      queueing: { releasePerSecond: 10 },
    };
    return (await expected(shop.server, 'POST /v1/sales', 201, { who, body })).saleId;
  }

  test('what somebody else has changed meanwhile is told, and nothing typed is lost', async () => {
    const page = await shop.person();
    const { seller, product, path } = await listing();
    await signIn(page, seller.email, path);
    await page.getByLabel('Title').fill('Campo mug, large');
    await page.getByText('Changes are not saved yet.', { exact: false }).waitFor();
    await page.reload();
    await page.getByText('Your changes from before', { exact: false }).waitFor();
    expect(await page.getByLabel('Title').inputValue()).toBe('Campo mug, large');
    const body = { description: 'From another window.' };
    await expected(shop.server, `PATCH /v1/products/${product.productId}`, 200, { who: seller, body });
    await page.getByRole('button', { name: 'Save changes' }).click();
    await page.getByRole('alert').getByText('Somebody else has changed this listing').waitFor();
    expect(await page.getByLabel('Title').inputValue()).toBe('Campo mug, large');
    expect(await page.getByLabel('Description').inputValue()).toBe('From another window.');
    expect(await faultsIn(page, 'listing-stale')).toEqual([]);
    await page.getByRole('button', { name: 'Save changes' }).click();
    await page.getByRole('heading', { level: 1, name: 'Campo mug, large' }).waitFor();
    expect(await read(product.productId, seller)).toMatchObject({ title: 'Campo mug, large', ...body });
  });

  test('what the shop refuses stands at its field', async () => {
    const page = await shop.person();
    const { seller, path } = await listing();
    await signIn(page, seller.email, path);
    await page.getByLabel('Category').fill('Kitchen > > Mugs');
    await page.getByRole('button', { name: 'Save changes' }).click();
    await page.getByText('Not saved yet. Correct what is marked.').waitFor();
    expect(await page.evaluate('document.activeElement.getAttribute("name")')).toBe('category');
    await page.getByRole('button', { name: 'Discard changes' }).click();
    expect(await page.getByLabel('Category').inputValue()).toBe('Electronics > Consoles');
  });

  test('a listing is archived after a question, and put on sale again; on a phone, too', async () => {
    const page = await shop.person({ size: 'phone' });
    const { seller, product, path } = await listing();
    await signIn(page, seller.email, path);
    const status = regionOf(page, 'Status');
    await status.getByRole('button', { name: 'Archive' }).click();
    await page
      .getByRole('dialog', { name: 'Archive this listing?' })
      .getByRole('button', { name: 'Archive' })
      .click();
    await status.getByText('Archived').first().waitFor();
    expect((await call(shop.server, `GET /v1/products/${product.productId}`)).status).toBe(404);
    await status.getByRole('button', { name: 'Put on sale' }).click();
    await status.getByText('Everybody can find and buy it.').waitFor();
    expect((await call(shop.server, `GET /v1/products/${product.productId}`)).status).toBe(200);
    expect(await faultsIn(page, 'listing-phone')).toEqual([]);
  });

  test('another seller’s listing is not here, whatever its state', async () => {
    const page = await shop.person();
    const { path } = await listing();
    const other = await member(shop.server, 'seller');
    await signIn(page, other.email, path);
    await page.getByRole('heading', { level: 1, name: 'Not here' }).waitFor();
  });
});
