/** Who the tests of the console need: an operator who signs in on the page, and people who keep a drop moving. */

import type { Page } from 'playwright-core';
import { waitFor } from '../system/server.ts';
import { admin, expected, member, type Place } from '../system/shop.ts';

export async function operator(
  place: Place & { banner: string },
): Promise<{ email: string; accountId: string }> {
  const { accountId, email } = await member(place, 'buyer');
  const who = await admin(place);
  const body = { roles: ['operator'] };
  await expected(place, `PATCH /v1/admin/accounts/${accountId}`, 200, { who, body });
  return { email, accountId };
}

/** The number in a figure; NaN: a dash. */
export async function figure(page: Page, name: string): Promise<number> {
  const text = await page.getByRole('group', { name, exact: true }).innerText();
  return Number(text.replace(name, '').replaceAll(',', '').trim() || Number.NaN);
}

export function figureIs(page: Page, name: string, wanted: (value: number) => boolean): Promise<true> {
  return waitFor(async () => wanted(await figure(page, name)));
}

/** Changes what the page hears of one live frame a second; everything else is the server's. */
export function frames(page: Page, type: string, change: (frame: Record<string, unknown>) => object) {
  return page.routeWebSocket('**/v1/live', (socket) => {
    const server = socket.connectToServer();
    server.onMessage((text) => {
      const frame = JSON.parse(String(text));
      socket.send(JSON.stringify(frame.type === type ? { ...frame, ...change(frame) } : frame));
    });
  });
}

/** Pixels by which the page is higher than its window. */
export function scrolls(page: Page): Promise<number> {
  return page.evaluate('document.documentElement.scrollHeight - innerHeight');
}
