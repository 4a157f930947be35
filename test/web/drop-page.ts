/** What people do on a drop's page: by the names that window.md fixes, as somebody with a keyboard or a screen reader. */
import type { Locator, Page } from 'playwright-core';

export const address = {
  'Full name': 'Mara Quist',
  Address: '1806 East 12th Street',
  'Address line 2 (optional)': 'Unit 4',
  City: 'Austin',
  'State or region (optional)': 'TX',
  'Postal code': '78702',
} as const;

export const button = (page: Page, name: string | RegExp): Locator => page.getByRole('button', { name });
export const heading = (page: Page, name: string): Locator =>
  page.getByRole('heading', { level: 2, name, exact: true });
export const figure = (page: Page, name: string): Locator => page.getByRole('group', { name, exact: true });
export const alert = (page: Page): Locator => page.getByRole('alert');
export const textbox = (page: Page, name: string): Locator =>
  page.getByRole('textbox', { name, exact: true });

/** The number in a figure, without its separators. */
export async function numberIn(page: Page, name: string): Promise<number> {
  const text = (await figure(page, name).textContent()) ?? '';
  return Number(text.replace(name, '').replaceAll(/[^\d]/g, ''));
}

export async function join(page: Page, saleId: string): Promise<void> {
  await page.goto(`/drops/${saleId}`);
  await button(page, 'Join the line').click();
}

export async function hold(page: Page): Promise<void> {
  await heading(page, 'It’s your turn').waitFor();
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
