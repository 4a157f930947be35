/** The operator's console in a real browser: what it shows, and what it says when something is wrong. */
import type { Page } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';
import { waitFor } from '../system/server.ts';
import { checkOut, type Drop, holding, member, openDrop } from '../system/shop.ts';
import { axeFaults, complaintsOf, type PersonOptions, shot, sidewaysPixels } from './browser.ts';
import { figure, figureIs, frames, operator, scrolls } from './console-people.ts';
import { crowd } from './drop-page.ts';
import { browserSite } from './site.ts';
import { fillSignIn } from './visit.ts';

const shop = browserSite('the console', { env: { SHARDS: '2' }, person: { size: 'desktop' } });

const title = 'Nimbus handheld, Tokyo';
let email: string;
let drop: Drop;

/** Signed in, with the drop in the table. */
async function console_(more: PersonOptions = {}): Promise<Page> {
  const page = await shop.person(more);
  await page.goto('/ops');
  await fillSignIn(page, email);
  await page.getByRole('link', { name: title }).waitFor();
  return page;
}

const waitingIn = async (page: Page) => {
  const row = page.getByRole('table', { name: 'Drops' }).getByRole('row', { name: title });
  return Number((await row.getByRole('cell').nth(1).innerText()).replaceAll(',', ''));
};

shop.describe('the operator’s console', () => {
  beforeAll(async () => {
    ({ email } = await operator(shop.server));
    drop = await openDrop(shop.server, 500, {
      sale: {
        title,
        queueing: { releasePerSecond: 1, activeLimit: 20, ticketsPerAddress: null },
      },
    });
    await crowd(shop.server, drop.saleId, 60);
  });

  test('an operator signs in in place and sees shards and drops move', async () => {
    const page = await shop.person();
    const complaints = complaintsOf(page);
    await page.goto('/ops');
    await page.getByRole('link', { name: 'Create an account' }).waitFor();
    await fillSignIn(page, email);
    await page.getByRole('heading', { level: 1, name: 'Operator console' }).waitFor();
    const shards = page.getByRole('table', { name: 'Shards' });
    await waitFor(async () => (await shards.getByRole('rowheader').allInnerTexts()).join() === '0,1');
    expect(await shards.getByRole('columnheader').allInnerTexts()).toEqual([
      'Shard',
      'Commands/s',
      'Commit p50',
      'Commit p99',
      'Mailbox',
      'Batch',
      'Journal',
      'Restarts',
      'Epoch',
    ]);
    await waitFor(
      async () => (await page.getByRole('status', { name: 'Connection' }).innerText()) === 'Live',
    );
    const before = await waitFor(async () => (await waitingIn(page)) || null);
    await crowd(shop.server, drop.saleId, 30);
    await waitFor(async () => (await waitingIn(page)) > before);
    for (const name of ['Queue length', 'Admissions', 'Stock', 'Commit p99'])
      await page.getByRole('img', { name, exact: true }).waitFor();
    for (const name of ['Oversold units', 'Orders', 'Payments', 'Dead letters', 'Mismatch'])
      await page.getByRole('group', { name, exact: true }).waitFor();
    await page.getByRole('status', { name: 'Health' }).waitFor();
    expect(await scrolls(page)).toBeLessThanOrEqual(0);
    expect(complaints).toEqual([]);
  });

  test.each(['light', 'dark'] as const)(
    'can be read by everybody and has its pictures, %s',
    async (theme) => {
      const page = await console_({ theme });
      await page.getByText('500 of 500 left').waitFor();
      expect(await axeFaults(page)).toEqual([]);
      await shot(page, `ops-desktop-${theme}`);
      await page.setViewportSize({ width: 390, height: 844 });
      await shot(page, `ops-phone-${theme}`, true);
      await page.setViewportSize({ width: 320, height: 640 });
      expect(await sidewaysPixels(page)).toBeLessThanOrEqual(0);
      await shot(page, `ops-narrow-${theme}`);
    },
  );

  test('what is wrong is said with the first thing to do, and its row is marked', async () => {
    const page = await shop.person();
    const since = new Date(Date.now() - 8_000).toISOString();
    const until = new Date(Date.now() + 60_000).toISOString();
    const wrong = {
      health: {
        state: 'a state of a later version',
        problems: [
          {
            ...{ code: 'shard_restarting', since, until, shard: 1, what: 'Shard 1 is restarting' },
            ...{ doFirst: 'Wait for it.', safe: 'Holds on it stay valid; their time goes on.' },
          },
          {
            ...{ code: 'journal_lags', since, what: 'The journal lags' },
            doFirst: 'Look at the disk of the journal.',
            safe: 'Answers wait for the journal: buyers see slow pages, not wrong ones.',
          },
        ],
      },
      orders: { byStatus: { pending: 14_035, confirmed: 14_020, expired: 12 } },
      payments: { byResult: { captured: 14_020, declined: 611 } },
      ...{ deadLetters: 2, oversoldUnits: 0, inventoryMismatch: 0, saleMode: 'auto' },
      journal: { kind: 'redis', durability: 'synced at every write', lagMs: 1 },
      unknownYet: { to: 'this page' },
    };
    await page.route('**/v1/ops/overview', (route) => route.fulfill({ json: wrong }));
    await frames(page, 'ops.overview', () => wrong);
    await page.goto('/ops');
    await fillSignIn(page, email);
    const health = page.getByRole('status', { name: 'Health' });
    await health.getByText('Shard 1 is restarting').waitFor();
    expect(await health.innerText()).toMatch(/since \d\d:\d\d:\d\d/);
    expect(await health.innerText()).toContain('First: Wait for it.');
    expect(await health.innerText()).toContain('Journal in Redis · synced at every write');
    expect(await page.title()).toBe('Shard 1 is restarting – Operator console');
    const row = page
      .getByRole('row')
      .filter({ has: page.getByRole('rowheader', { name: '1', exact: true }) });
    await waitFor(async () => (await row.getAttribute('class'))?.includes('row-bad') ?? false);
    await shot(page, 'ops-problem-desktop-light');
    expect(await scrolls(page)).toBeLessThanOrEqual(0);
    expect(await axeFaults(page)).toEqual([]);
    await page.emulateMedia({ colorScheme: 'dark' });
    await shot(page, 'ops-problem-desktop-dark');
    expect(await axeFaults(page)).toEqual([]);
    await page.setViewportSize({ width: 390, height: 844 });
    await shot(page, 'ops-problem-phone-dark', true);
  });

  test('all is good, and its figures are those of what was sold', async () => {
    const page = await console_();
    const sold = await openDrop(shop.server, 5, { sale: { title: 'Sold from' } });
    const before = await figure(page, 'Orders');
    const declined = await holding(shop.server, sold);
    expect((await checkOut(shop.server, declined, { paymentMethod: 'pm_card_chargeDeclined' })).status).toBe(
      402,
    );
    for (let n = 0; n < 2; n++)
      expect((await checkOut(shop.server, await holding(shop.server, sold))).status).toBe(201);
    await figureIs(page, 'Orders', (value) => value === (before || 0) + 2);
    await figureIs(page, 'Payments', (value) => value === 2);
    await page.getByText('1 declined').waitFor();
    for (const name of ['Oversold units', 'Dead letters', 'Mismatch'])
      expect(await figure(page, name)).toBe(0);
    await page.getByRole('status', { name: 'Health' }).getByText('All good').waitFor();
    expect(await page.title()).toBe('All good – Operator console');
    await shot(page, 'ops-good-desktop-light');
  });

  test('more than eight shards scroll inside their table, the worst first', async () => {
    const page = await shop.person();
    await frames(page, 'ops.shards', ({ shards }) => ({
      shards: Array.from({ length: 12 }, (_, shard) => ({
        ...(shards as object[])[0],
        ...{ shard, commandsPerSecond: 5, commitP99Ms: shard === 9 ? 400 : 3 },
      })),
    }));
    await page.goto('/ops');
    await fillSignIn(page, email);
    const shards = page.getByRole('table', { name: 'Shards' });
    await waitFor(async () => (await shards.getByRole('rowheader').count()) === 12);
    await waitFor(async () => (await shards.getByRole('rowheader').first().innerText()) === '9');
    expect(await scrolls(page)).toBeLessThanOrEqual(0);
    await shot(page, 'ops-twelve-shards-desktop-light');
  });

  test('other roles read that the page is not for them', async () => {
    const page = await shop.person({ size: 'phone' });
    const { email: buyer } = await member(shop.server, 'buyer');
    await page.goto('/ops');
    await fillSignIn(page, buyer);
    await page.getByRole('heading', { level: 1, name: 'Not for this account' }).waitFor();
    await page.goto(`/ops/drops/${drop.saleId}`);
    await page.getByRole('heading', { level: 1, name: 'Not for this account' }).waitFor();
    await shot(page, 'ops-not-for-this-account-phone-light');
  });

  test('a drop that does not exist is not here', async () => {
    const page = await console_();
    const answer = await page.goto('/ops/drops/sal_018f0000-0000-7000-8000-000000000000');
    expect(answer?.status()).toBe(404);
    await page.getByRole('heading', { level: 1, name: 'Not here' }).waitFor();
  });

  test('figures of a lost connection keep, with their age, and come back by themselves', async () => {
    const page = await console_();
    const before = await waitFor(async () => (await waitingIn(page)) || null);
    await shop.server.end('SIGKILL');
    const health = page.getByRole('status', { name: 'Health' });
    await page.getByText(/^As of \d\d:\d\d:\d\d$/).waitFor();
    await health.getByText('The shop does not answer').waitFor();
    expect(await page.getByRole('status', { name: 'Connection' }).innerText()).toMatch(
      /^(Reconnecting|Updating)/,
    );
    expect(await waitingIn(page)).toBeGreaterThan(before - 30);
    await shot(page, 'ops-lost-desktop-light');
    await page.emulateMedia({ colorScheme: 'dark' });
    await shot(page, 'ops-lost-desktop-dark');
    expect(await axeFaults(page)).toEqual([]);
    await shop.site.start();
    await waitFor(
      async () => (await page.getByRole('status', { name: 'Connection' }).innerText()) === 'Live',
      40_000,
    );
    await page.getByText(/^As of/).waitFor({ state: 'hidden' });
    await health.getByText('All good').waitFor();
    expect(await health.innerText()).toContain('Last trouble: The shop does not answer');
  });
});
