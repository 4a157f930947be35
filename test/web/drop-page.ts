/** What people do on a drop's page: by the names that window.md fixes, as somebody with a keyboard or a screen reader. */
import type { Locator, Page } from 'playwright-core';
import { asked, guest, openDrop, type Place } from '../system/shop.ts';

export const address = {
  'Full name': 'Mara Quist',
  Address: '1806 East 12th Street',
  'Address line 2 (optional)': 'Unit 4',
  City: 'Austin',
  'State or region (optional)': 'TX',
  'Postal code': '78702',
} as const;

export const button = (page: Page, name: string | RegExp): Locator =>
  page.getByRole('button', typeof name === 'string' ? { name, exact: true } : { name });
export const heading = (page: Page, name: string): Locator =>
  page.getByRole('heading', { level: 2, name, exact: true });
export const figure = (page: Page, name: string): Locator => page.getByRole('group', { name, exact: true });
export const alert = (page: Page): Locator => page.getByRole('alert');
export const connectionState = (page: Page): Locator => page.getByRole('status', { name: 'Connection' });
export const textbox = (page: Page, name: string): Locator =>
  page.getByRole('textbox', { name, exact: true });

/** What stands in a figure, without its label. */
export async function textIn(page: Page, name: string): Promise<string> {
  return ((await figure(page, name).textContent()) ?? '').replace(name, '').trim();
}

export async function numberIn(page: Page, name: string): Promise<number> {
  return Number((await textIn(page, name)).replaceAll(',', ''));
}

export async function join(page: Page, saleId: string): Promise<void> {
  await page.goto(`/drops/${saleId}`);
  await button(page, 'Join the line').click();
}

export async function hold(page: Page): Promise<void> {
  await button(page, 'Hold 1 unit').click();
  await heading(page, 'Held for you').waitFor();
}

export async function fillAddress(page: Page): Promise<void> {
  for (const [name, text] of Object.entries(address)) await textbox(page, name).fill(text);
  await page.getByRole('combobox', { name: 'Country' }).selectOption('US');
}

export async function pay(page: Page, card = 'Visa – succeeds'): Promise<void> {
  await page.getByRole('radio', { name: card }).check();
  await button(page, /^Pay/).click();
}

export const queueing = (more: object = {}) => ({
  queueing: { method: 'fifo', releasePerSecond: 1_000, activeLimit: 5_000, ...more },
});

/** A drop whose door lets one in, and who is in stays there: all others wait. */
export function narrowDrop(place: Place, units: number, more: object = {}) {
  return openDrop(place, units, { sale: { ...queueing({ activeLimit: 1 }), ...more } });
}

/** That many guests join, all at once. */
export async function crowd(place: Place, saleId: string, people: number): Promise<void> {
  const path = `POST /v1/sales/${saleId}/tickets`;
  await Promise.all(
    Array.from({ length: people }, async () => {
      const { status, body } = await asked(place, path, { who: await guest(place), body: {} });
      // 200: a busy server had given the place before it could say so.
      if (status !== 201 && status !== 200) throw new Error(`${path}: ${status} ${JSON.stringify(body)}`);
    }),
  );
}
