/** A buyer's way through a drop, in a real browser, from the button to the receipt. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSite, type Site } from '../system/server.ts';
import { openDrop, stockOf } from '../system/shop.ts';
import { complaintsOf, shot, Window, whyNoBrowser } from './browser.ts';
import { button, figure, fillAddress, heading, hold, pay } from './drop-page.ts';

const skipped = whyNoBrowser();
if (skipped) console.warn(`skipping the drop page in a browser: ${skipped}`);

describe.skipIf(skipped !== null)('a drop in a browser', () => {
  let site: Site;
  let window: Window;
  let url: string;
  beforeAll(async () => {
    site = await openSite();
    ({ url } = await site.start());
    window = await Window.open();
  });
  afterAll(async () => {
    await window.close();
    await site.close();
  });

  test('from the button to the receipt, as a guest made at the press of it', async () => {
    const drop = await openDrop(site.server, 5);
    const page = await window.person(url);
    const complaints = complaintsOf(page);
    const asked: string[] = [];
    page.on('request', (request) => asked.push(`${request.method()} ${new URL(request.url()).pathname}`));
    await page.goto(`/drops/${drop.saleId}`);
    await button(page, 'Join the line').waitFor();
    expect(await page.getByText('No account needed').isVisible()).toBe(true);
    expect(asked.filter((each) => each.includes('/v1/auth'))).toEqual([]);
    await shot(page, 'drop-join-phone-light');
    await button(page, 'Join the line').click();
    await heading(page, 'It’s your turn').waitFor();
    expect(asked.filter((each) => each === 'POST /v1/auth/guest')).toHaveLength(1);
    await shot(page, 'drop-turn-phone-light');
    await hold(page);
    await shot(page, 'drop-held-phone-light', true);
    await fillAddress(page);
    await pay(page);
    await heading(page, 'Receipt').waitFor();
    expect(await figure(page, 'Total').textContent()).toContain('$199.00');
    expect(await figure(page, 'Order number').textContent()).toMatch(/DB-/);
    expect(await page.getByText('Only this browser knows your order').isVisible()).toBe(true);
    expect(await page.title()).toMatch(/^Receipt – /);
    await shot(page, 'drop-receipt-phone-light', true);
    expect(await stockOf(site.server, drop.sku)).toMatchObject({ sold: 1, held: 0 });
    await page.reload();
    await heading(page, 'Receipt').waitFor();
    expect(complaints).toEqual([]);
  });
});
