/** One drop in the operator's console: its figures, its door, its rates, and a page that stays open over night. */
import type { Page } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';
import { AccessTokens } from '../../src/gateway/tokens.ts';
import { waitFor } from '../system/server.ts';
import { call, type Drop, expected, holding, openDrop } from '../system/shop.ts';
import { axeFaults, complaintsOf, type PersonOptions, shot, sidewaysPixels } from './browser.ts';
import { figure, figureIs, operator, scrolls } from './console-people.ts';
import { crowd } from './drop-page.ts';
import { browserSite } from './site.ts';
import { fillSignIn } from './visit.ts';

const tokenSecret = 'a secret of at least thirty-two characters';
const shop = browserSite('one drop of the console', {
  env: { TOKEN_SECRET: tokenSecret },
  person: { size: 'desktop' },
});

let who: { readonly email: string; readonly accountId: string };

const paused = 'Paused by the shop: your place is kept';
const phaseOf = async ({ saleId }: Drop): Promise<string> =>
  (await expected(shop.server, `GET /v1/sales/${saleId}`, 200)).phase;
const ratesOf = async ({ saleId }: Drop) =>
  (await expected(shop.server, `GET /v1/sales/${saleId}`, 200)).queueing;

function slowDrop(title: string, more: object = {}): Promise<Drop> {
  const queueing = { releasePerSecond: 1, activeLimit: 3, ticketsPerAddress: null, ...more };
  return openDrop(shop.server, 20, { sale: { title, queueing } });
}

/** Signed in, with the figures of the drop. */
async function dropPage(drop: Drop, more: PersonOptions = {}): Promise<Page> {
  const page = await shop.person(more);
  await page.goto(`/ops/drops/${drop.saleId}`);
  await fillSignIn(page, who.email);
  await figureIs(page, 'Waiting', (value) => value >= 0);
  return page;
}

function authenticated(accessToken: string): Promise<WebSocket> {
  const socket = new WebSocket(`${shop.url.replace('http', 'ws')}/v1/live`);
  socket.onopen = () => socket.send(JSON.stringify({ type: 'authenticate', accessToken }));
  return new Promise((resolve, reject) => {
    socket.onmessage = () => resolve(socket);
    socket.onerror = reject;
  });
}

const dialog = (page: Page) => page.getByRole('dialog');

shop.describe('one drop in the console', () => {
  beforeAll(async () => {
    who = await operator(shop.server);
  });

  test('its figures are those of its status, and move', async () => {
    const drop = await slowDrop('Skua bicycle', { activeLimit: 1 });
    const page = await dropPage(drop);
    const complaints = complaintsOf(page);
    expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe('Skua bicycle');
    await holding(shop.server, drop);
    await crowd(shop.server, drop.saleId, 12);
    await figureIs(page, 'Joined', (value) => value === 13);
    await figureIs(page, 'Waiting', (value) => value === 12);
    await figureIs(page, 'Admitted now', (value) => value === 1);
    await figureIs(page, 'Held', (value) => value === 1);
    for (const [name, value] of Object.entries({
      Completed: 0,
      'Let pass': 0,
      Left: 0,
      Available: 19,
      Sold: 0,
    }))
      expect([name, await figure(page, name)]).toEqual([name, value]);
    expect(await figure(page, 'Oversold')).toBe(0);
    for (const name of ['Queue length', 'Admissions', 'Stock'])
      await page.getByRole('img', { name, exact: true }).waitFor();
    await page.getByText('19 available').waitFor();
    expect(await page.title()).toBe('active – Skua bicycle');
    expect(await scrolls(page)).toBeLessThanOrEqual(0);
    expect(complaints).toEqual([]);
  });

  test('it is paused and resumed; what buyers will read is said first', async () => {
    const drop = await slowDrop('Low Orbit LP');
    const page = await dropPage(drop);
    await page.getByRole('button', { name: 'Pause', exact: true }).click();
    expect(await dialog(page).innerText()).toContain(paused);
    expect(await axeFaults(page)).toEqual([]);
    await shot(page, 'ops-drop-pause-desktop-light');
    await page.keyboard.press('Escape');
    await dialog(page).waitFor({ state: 'detached' });
    expect(await phaseOf(drop)).toBe('active');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Pause');
    await page.getByRole('button', { name: 'Pause', exact: true }).click();
    await dialog(page).getByRole('button', { name: 'Pause', exact: true }).click();
    await page.getByText('Paused. Nobody is let in.').waitFor();
    expect(await phaseOf(drop)).toBe('paused');
    expect(await page.getByRole('button', { name: 'Pause', exact: true }).count()).toBe(0);
    await shot(page, 'ops-drop-paused-desktop-light');
    await page.getByRole('button', { name: 'Resume' }).click();
    await page.getByText('Resumed. The line moves.').waitFor();
    expect(await phaseOf(drop)).toBe('active');
    const changes = page.getByRole('list', { name: 'Changes' });
    await waitFor(async () => /Resumed, by you[\s\S]*Paused, by you/.test(await changes.innerText()));
  });

  test('rates are changed on the version that is shown; a slip of the finger is asked about', async () => {
    const drop = await slowDrop('Grille, cream');
    const page = await dropPage(drop);
    const form = page.getByRole('form', { name: 'Rates' });
    const release = form.getByLabel('Release per second');
    const sent: (string | undefined)[] = [];
    page.on('request', (request) => {
      if (request.method() === 'PATCH') sent.push(request.headers()['if-match']);
    });
    await release.fill('4');
    await form.getByRole('button', { name: 'Apply rates' }).click();
    await form.getByText('Applied.').waitFor();
    expect(await ratesOf(drop)).toMatchObject({ releasePerSecond: 4, activeLimit: 3, admissionSeconds: 300 });
    expect(sent[0]).toMatch(/^"/);
    await release.fill('400');
    await form.getByLabel('Active limit').fill('5');
    await form.getByRole('button', { name: 'Apply rates' }).click();
    expect(await dialog(page).innerText()).toContain('Release per second: 4 to 400');
    await dialog(page).getByRole('button', { name: 'Keep the rates' }).click();
    expect(await ratesOf(drop)).toMatchObject({ releasePerSecond: 4, activeLimit: 3 });
    expect(await release.inputValue()).toBe('400');
    await release.fill('6');
    await form.getByLabel('Admission seconds').fill('20');
    await form.getByRole('button', { name: 'Apply rates' }).click();
    await form.getByText('an admission cannot be shorter').waitFor();
    expect(await ratesOf(drop)).toMatchObject({ releasePerSecond: 4 });
  });

  test('rates that somebody else changed meanwhile are not written over unseen', async () => {
    const drop = await slowDrop('Mudline');
    const page = await dropPage(drop);
    const form = page.getByRole('form', { name: 'Rates' });
    // The page hears of nothing between the other's change and the press.
    await page.route(`**/v1/sales/${drop.saleId}`, (route) =>
      route.request().method() === 'GET' ? route.abort() : route.continue(),
    );
    const body = { queueing: { releasePerSecond: 7 } };
    await expected(shop.server, `PATCH /v1/sales/${drop.saleId}`, 200, { who: drop.seller, body });
    await form.getByLabel('Active limit').fill('9');
    await form.getByRole('button', { name: 'Apply rates' }).click();
    await form.getByRole('alert').waitFor();
    expect(await ratesOf(drop)).toMatchObject({ releasePerSecond: 7, activeLimit: 3 });
    await page.unroute(`**/v1/sales/${drop.saleId}`);
    await waitFor(async () => (await form.getByLabel('Release per second').inputValue()) === '7');
    expect(await form.getByLabel('Active limit').inputValue()).toBe('9');
    await page.getByText('Release per second: 1 to 7, by the seller').waitFor();
    await form.getByRole('button', { name: 'Apply rates' }).click();
    await form.getByText('Applied.').waitFor();
    expect(await ratesOf(drop)).toMatchObject({ releasePerSecond: 7, activeLimit: 9 });
  });

  test('it is closed by typing its title', async () => {
    const drop = await slowDrop('Pike 35');
    await crowd(shop.server, drop.saleId, 5);
    const page = await dropPage(drop);
    await page.getByRole('button', { name: 'Close drop' }).click();
    const close = dialog(page).getByRole('button', { name: 'Close drop' });
    expect(await dialog(page).innerText()).toContain('This drop has ended');
    expect(await close.isDisabled()).toBe(true);
    await dialog(page).getByRole('textbox').fill('Pike 36');
    expect(await close.isDisabled()).toBe(true);
    await shot(page, 'ops-drop-close-desktop-light');
    await dialog(page).getByRole('textbox').fill('Pike 35');
    await close.click();
    await page.getByText('Closed for good.').waitFor();
    expect(await phaseOf(drop)).toBe('ended');
    expect(await page.getByRole('button', { name: 'Close drop' }).count()).toBe(0);
    await shot(page, 'ops-drop-ended-desktop-light');
  });

  test.each(['light', 'dark'] as const)(
    'can be read by everybody and has its pictures, %s',
    async (theme) => {
      const drop = await slowDrop('Nimbus handheld, Tokyo');
      await crowd(shop.server, drop.saleId, 30);
      const page = await dropPage(drop, { theme });
      await figureIs(page, 'Admitted now', (value) => value === 3);
      expect(await axeFaults(page)).toEqual([]);
      await shot(page, `ops-drop-desktop-${theme}`);
      await page.setViewportSize({ width: 390, height: 844 });
      await shot(page, `ops-drop-phone-${theme}`, true);
      await page.setViewportSize({ width: 320, height: 640 });
      expect(await sidewaysPixels(page)).toBeLessThanOrEqual(0);
      await page.getByRole('button', { name: 'Close drop' }).click();
      expect(await sidewaysPixels(page)).toBeLessThanOrEqual(0);
      await shot(page, `ops-drop-close-narrow-${theme}`);
    },
  );

  test('without a network figures keep their age, and buttons say what came of them', async () => {
    const drop = await slowDrop('Skua bicycle, blue');
    await crowd(shop.server, drop.saleId, 6);
    const page = await dropPage(drop);
    await figureIs(page, 'Joined', (value) => value === 6);
    await page.context().setOffline(true);
    await page.getByText(/^As of \d\d:\d\d:\d\d$/).waitFor();
    expect(await figure(page, 'Joined')).toBe(6);
    const button = page.getByRole('button', { name: 'Pause', exact: true });
    expect(await button.isEnabled()).toBe(true);
    await button.click();
    await dialog(page).getByRole('button', { name: 'Pause', exact: true }).click();
    await dialog(page).getByText('No answer came').waitFor();
    await shot(page, 'ops-drop-lost-desktop-light');
    await page.context().setOffline(false);
    await dialog(page).getByRole('button', { name: 'Pause', exact: true }).click();
    await page.getByText('Paused. Nobody is let in.').waitFor();
    await page.getByText(/^As of/).waitFor({ state: 'hidden' });
    expect(await phaseOf(drop)).toBe('paused');
  });

  test('a page that stays open is live with new tokens when the old one has ended', async () => {
    const drop = await slowDrop('Night drop');
    const page = await shop.person();
    const lifeMs = 10_000;
    let sockets = 0;
    page.on('websocket', () => sockets++);
    await page.route('**/v1/auth/login', async (route) => {
      const answer = await route.fetch();
      const body = await answer.json();
      const { sid } = JSON.parse(Buffer.from(body.accessToken.split('.')[1], 'base64url').toString());
      // As if it had been given nearly a quarter of an hour ago.
      const past = new AccessTokens(tokenSecret, () => Date.now() - 900_000 + lifeMs);
      const { accessToken } = past.issueAccess({ accountId: who.accountId, roles: ['operator'] }, sid);
      await route.fulfill({ response: answer, json: { ...body, accessToken, expiresIn: lifeMs / 1000 } });
    });
    const statuses: number[] = [];
    page.on('response', (response) => statuses.push(response.status()));
    await page.goto(`/ops/drops/${drop.saleId}`);
    await fillSignIn(page, who.email);
    const signedInAtMs = Date.now();
    const connection = page.getByRole('status', { name: 'Connection' });
    await waitFor(async () => (await connection.innerText()) === 'Live');
    await waitFor(() => Date.now() > signedInAtMs + lifeMs + 4_000, lifeMs + 10_000);
    await crowd(shop.server, drop.saleId, 3);
    await figureIs(page, 'Joined', (value) => value === 3);
    expect(await connection.innerText()).toBe('Live');
    expect(sockets).toBe(1);
    expect(statuses).not.toContain(401);
  });

  test('a tab beyond the bound of its account goes on by asking and pushes no other out', async () => {
    const drop = await slowDrop('Many tabs');
    const page = await shop.person();
    let sockets = 0;
    page.on('websocket', () => sockets++);
    await page.goto(`/ops/drops/${drop.saleId}`);
    await fillSignIn(page, who.email);
    const connection = page.getByRole('status', { name: 'Connection' });
    await waitFor(async () => (await connection.innerText()) === 'Live');
    const token = await page.evaluate(
      'JSON.parse(localStorage.getItem("doorbuster:session")).accessToken' as string,
    );
    const others = await Promise.all(Array.from({ length: 8 }, () => authenticated(String(token))));
    await waitFor(async () => (await connection.innerText()) === 'Updating every 5 seconds');
    await crowd(shop.server, drop.saleId, 2);
    await figureIs(page, 'Joined', (value) => value === 2);
    await crowd(shop.server, drop.saleId, 2);
    await figureIs(page, 'Joined', (value) => value === 4);
    expect(sockets).toBe(1);
    expect(others.every(({ readyState }) => readyState === WebSocket.OPEN)).toBe(true);
    for (const other of others) other.close();
  });

  test('a role that was taken away is said, not shown as an endless wait', async () => {
    const drop = await slowDrop('Lost role');
    const other = await operator(shop.server);
    const page = await shop.person();
    await page.goto(`/ops/drops/${drop.saleId}`);
    await fillSignIn(page, other.email);
    await figureIs(page, 'Joined', (value) => value === 0);
    await page.route('**/v1/sales/*/pause', (route) =>
      route.fulfill({ status: 403, json: { code: 'forbidden', status: 403, title: 'Forbidden' } }),
    );
    await page.getByRole('button', { name: 'Pause', exact: true }).click();
    await dialog(page).getByRole('button', { name: 'Pause', exact: true }).click();
    await dialog(page).getByText('your account may not do this any more').waitFor();
    expect((await call(shop.server, `GET /v1/sales/${drop.saleId}`)).body.phase).toBe('active');
  });
});
