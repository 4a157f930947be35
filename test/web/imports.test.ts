/** A seller's imports in a browser: a file chosen, dropped, read, refused in part, stopped; and all products as a file. */
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { expected, member } from '../system/shop.ts';
import { complaintsOf } from './browser.ts';
import { browserSite } from './site.ts';
import { faultsIn, layoutShift, signIn, tabTo } from './visit.ts';

const shop = browserSite('the page of imports');

const header = 'sku,title,category,price,currency,stock';
const fileOf = (rows: readonly string[], name = 'products.csv') => ({
  name,
  mimeType: 'text/csv',
  buffer: Buffer.from([header, ...rows].join('\n')),
});
const rowsOf = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, n) => `${prefix}-${n},Lamp ${n},Home > Light,${100 + n},USD,3`);

shop.describe('the page of imports', () => {
  test('reads a file, shows what became of its lines and which were refused, and gives all of it back', async () => {
    const page = await shop.person();
    const complaints = complaintsOf(page);
    const seller = await member(shop.server, 'seller');
    await signIn(page, seller.email, '/sell');
    await page.getByRole('link', { name: 'Imports' }).click();
    await page.getByRole('heading', { level: 1, name: 'Imports' }).waitFor();
    await page.getByText('No import yet.').waitFor();
    expect(await layoutShift(page)).toBe(0);
    expect(await faultsIn(page, 'imports-empty')).toEqual([]);

    const bad = Array.from({ length: 60 }, (_, n) => `W-${n},,Home,100,USD,1`);
    await page.getByLabel('Choose a file').setInputFiles(fileOf([...rowsOf('W', 40), ...bad]));
    await page.getByRole('heading', { level: 2, name: 'Done' }).waitFor();
    await page
      .getByRole('status')
      .filter({ hasText: 'The import is done: 100 lines, 60 refused.' })
      .waitFor();
    expect(await page.getByRole('group', { name: 'New' }).textContent()).toBe('New40');
    expect(await page.getByRole('group', { name: 'Refused' }).textContent()).toBe('Refused60');
    const refused = page.getByRole('table', { name: 'Refused lines' });
    expect(await refused.getByRole('row').nth(1).textContent()).toMatch(
      /^42title must .* validation_failed$/,
    );
    await page.getByRole('button', { name: 'More lines' }).click();
    await refused.getByRole('rowheader', { name: '101' }).waitFor();
    expect(await refused.getByRole('rowheader').count()).toBe(60);
    expect(await faultsIn(page, 'imports-done')).toEqual([]);

    const downloading = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Download CSV' }).click();
    const download = await downloading;
    expect(download.suggestedFilename()).toBe('products.csv');
    const lines = (await readFile(await download.path(), 'utf8')).trimEnd().split('\r\n');
    expect(lines).toHaveLength(41);
    expect(lines[1]).toBe('W-0,Lamp 0,,,Home > Light,,100,USD,3,,,,active');
    await page.getByText('products.csv is in your downloads.').waitFor();
    expect(complaints).toEqual([]);
  });

  test('says what is wrong with a file before it is sent, and takes one that is dropped', async () => {
    const page = await shop.person({ size: 'desktop' });
    const seller = await member(shop.server, 'seller');
    await signIn(page, seller.email, '/sell/imports');
    await page.getByLabel('Choose a file').setInputFiles(fileOf([], 'products.xlsx'));
    await page.getByRole('alert').filter({ hasText: 'products.xlsx is no .csv' }).waitFor();
    expect(await faultsIn(page, 'imports-wrong')).toEqual([]);
    const text = fileOf(rowsOf(`D${seller.accountId.slice(-4)}`, 3)).buffer.toString();
    await page.evaluate(`{
      const zone = document.querySelector('.drop-zone');
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File([${JSON.stringify(text)}], 'dropped.csv'));
      zone.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
    }`);
    await page.getByRole('status').filter({ hasText: '3 lines, 0 refused' }).waitFor();
    await page.getByText('No line was refused.').waitFor();
  });

  test('stops an import by keyboard, after a question', async () => {
    const page = await shop.person({ size: 'desktop' });
    const seller = await member(shop.server, 'seller');
    await signIn(page, seller.email, '/sell/imports');
    await page.getByText('No import yet.').waitFor();
    await page
      .getByLabel('Choose a file')
      .setInputFiles(fileOf(rowsOf(`S${seller.accountId.slice(-4)}`, 30_000)));
    await page.getByRole('heading', { level: 2, name: 'Reading the file' }).waitFor();
    await page.getByRole('progressbar', { name: 'Reading the file' }).waitFor();
    expect(await faultsIn(page, 'imports-running')).toEqual([]);
    await tabTo(page, 'Stop the import');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'Stop this import?' }).waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 2, name: 'Stopped' }).waitFor();
    const { items } = await expected(shop.server, 'GET /v1/imports', 200, { who: seller });
    expect(items).toMatchObject([{ status: 'stopped' }]);
    expect(items[0].linesRead).toBeLessThan(30_000);
    await page.getByRole('button', { name: /^Show the import of/ }).waitFor();
  });

  test('can be told not to send a file, and says when the server did not take it', async () => {
    const page = await shop.person();
    const seller = await member(shop.server, 'seller');
    await signIn(page, seller.email, '/sell/imports');
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    await page.route('**/v1/imports', async (route) => {
      if (route.request().method() !== 'POST') return route.continue();
      await held;
      await route.fulfill({ status: 503, json: { code: 'busy', detail: 'no' } }).catch(() => {});
    });
    await page.getByLabel('Choose a file').setInputFiles(fileOf(rowsOf('N', 3)));
    await page.getByRole('heading', { level: 2, name: 'Sending the file' }).waitFor();
    expect(await faultsIn(page, 'imports-sending')).toEqual([]);
    await page.getByRole('button', { name: 'Do not send it' }).click();
    await page.getByText('The file was not sent. Nothing has changed.').waitFor();
    release();
    await page.getByLabel('Choose a file').setInputFiles(fileOf(rowsOf('N', 3)));
    await page.getByRole('alert').filter({ hasText: 'busy' }).waitFor();
  });
});
