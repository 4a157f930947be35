/**
 * A page that was hidden for long: its token has ended, the server has closed its socket, the line has moved on. Within
 * a second of being shown again it is right. As a phone does with a hidden page, its scripts stand still meanwhile: they
 * are held by the debugger, because `Page.setWebLifecycleState` does not freeze a page whose focus is emulated.
 */
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { AccessTokens, guestAccessSeconds } from '../../src/gateway/tokens.ts';
import { waitFor } from '../system/server.ts';
import { type Drop, expected } from '../system/shop.ts';
import { connectionState, crowd, join, narrowDrop, numberIn } from './drop-page.ts';
import { browserSite } from './site.ts';

const tokenSecret = 'a secret of at least thirty-two characters';
const shop = browserSite('pages that were hidden', { env: { TOKEN_SECRET: tokenSecret } });

const lifeMs = 8_000;
/** The server looks for sockets whose token has ended now and then. */
const closedWithinMs = 6_000;
/** What is promised; the test's own bound is generous, because the machine may be busy with other tests. */
const promisedMs = 1_000;
const boundMs = 5_000;
const crowdSize = 60;

/** The page can be hidden; it notes when its scripts ran again after a long time. */
const hideable = `{
  let isHidden = false;
  Object.defineProperty(document, 'hidden', { get: () => isHidden });
  Object.defineProperty(document, 'visibilityState', { get: () => isHidden ? 'hidden' : 'visible' });
  globalThis.setHidden = (now) => {
    isHidden = now;
    document.dispatchEvent(new Event('visibilitychange'));
  };
  let lastMs = performance.now();
  setInterval(() => {
    const nowMs = performance.now();
    if (nowMs - lastMs > 4_000) globalThis.awokeMs = nowMs;
    lastMs = nowMs;
  }, 50);
}`;

/** The guest's first token ends soon, as if it had been given nearly a day ago. */
async function guestOfLongAgo(page: Page): Promise<void> {
  const past = new AccessTokens(tokenSecret, () => Date.now() - guestAccessSeconds * 1_000 + lifeMs);
  await page.route('**/v1/auth/guest', async (route) => {
    const answer = await route.fetch();
    const body = await answer.json();
    const { accessToken } = past.issueAccess({ accountId: body.accountId, roles: ['guest'] });
    await route.fulfill({ response: answer, json: { ...body, accessToken, expiresIn: lifeMs / 1_000 } });
  });
}

/** Milliseconds from when its scripts run again until the page shows what `isRight` asks for, measured in the page. */
async function shownAgain(page: Page, meanwhile: () => Promise<unknown>, isRight: string): Promise<number> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Debugger.enable');
  await page.evaluate('setHidden(true)');
  const isHeld = new Promise((resolve) => devtools.once('Debugger.paused', resolve));
  await devtools.send('Debugger.pause');
  await isHeld;
  await meanwhile();
  await devtools.send('Debugger.resume');
  await devtools.send('Debugger.disable');
  return page.evaluate(`new Promise((done) => {
    setHidden(false);
    const text = (selector) => document.querySelector(selector)?.textContent ?? '';
    const ahead = () => [...document.querySelectorAll('[role=group]')]
      .find(({ textContent }) => textContent.startsWith('People ahead'))?.textContent.replace(/\\D/g, '');
    const isLive = () => text('[aria-label=Connection]') === 'Live';
    const look = () => {
      if (globalThis.awokeMs && isLive() && (${isRight})) done(performance.now() - awokeMs);
      else requestAnimationFrame(look);
    };
    look();
  })`);
}

const isPaused = `ahead() === '19' && text('main').includes('Paused by the shop: your place is kept')`;

/** Behind one who is inside and 59 who wait, with a token that ends in a few seconds. */
async function waiting(page: Page, more: object = {}): Promise<Drop & { tokenEndsMs: number }> {
  const drop = await narrowDrop(shop.server, 100, more);
  await crowd(shop.server, drop.saleId, crowdSize);
  await page.addInitScript(hideable);
  await guestOfLongAgo(page);
  await join(page, drop.saleId);
  await waitFor(async () => (await numberIn(page, 'People ahead')) === crowdSize - 1);
  await waitFor(async () => (await connectionState(page).textContent()) === 'Live');
  return { ...drop, tokenEndsMs: Date.now() + lifeMs };
}

/** The door lets this many be inside; resolves when nobody more is let in. */
async function letIn({ saleId, seller }: Drop, people: number): Promise<void> {
  const body = { queueing: { activeLimit: people } };
  await expected(shop.server, `PATCH /v1/sales/${saleId}`, 200, { who: seller, body });
  await waitFor(async () => {
    const status = await expected(shop.server, `GET /v1/sales/${saleId}/status`, 200, { who: seller });
    return status.queueLength === Math.max(0, crowdSize + 1 - people);
  });
}

/** By then the server has closed the socket, and nothing that happens later is on its way to the page. */
const closed = ({ tokenEndsMs }: { readonly tokenEndsMs: number }) =>
  waitFor(() => Date.now() > tokenEndsMs + closedWithinMs);

const pause = ({ saleId, seller }: Drop) =>
  expected(shop.server, `POST /v1/sales/${saleId}/pause`, 200, { who: seller, body: {} });

function say(what: string, tookMs: number): void {
  console.log(`hidden page, ${what}: right after ${Math.round(tookMs)} ms (promised: ${promisedMs})`);
  expect(tookMs).toBeLessThan(boundMs);
}

shop.describe('a page that was hidden is right when it is shown', () => {
  test('its token has ended, its socket was closed, the line has moved on and was paused', async () => {
    const page = await shop.person();
    let sockets = 0;
    let renewals = 0;
    page.on('websocket', () => sockets++);
    page.on('request', (request) => {
      if (request.url().endsWith('/v1/auth/refresh')) renewals++;
    });
    const drop = await waiting(page);
    const meanwhile = async () => {
      await closed(drop);
      await letIn(drop, 41);
      await pause(drop);
    };
    const tookMs = await shownAgain(page, meanwhile, isPaused);
    say('token ended, socket closed, line moved on', tookMs);
    await waitFor(() => sockets === 2);
    expect(renewals).toBe(1);
    expect(await numberIn(page, 'Your number')).toBe(crowdSize + 1);
  });

  test('the server was started anew meanwhile, too', async () => {
    const page = await shop.person();
    const drop = await waiting(page);
    const meanwhile = async () => {
      await closed(drop);
      await letIn(drop, 41);
      await pause(drop);
      await shop.server.end('SIGTERM');
      await shop.site.start();
    };
    say('server started anew', await shownAgain(page, meanwhile, isPaused));
  });

  test('the turn has come meanwhile: it is shown with the time that is left of it', async () => {
    const page = await shop.person();
    const claim = { method: 'fifo', releasePerSecond: 1_000, activeLimit: 1, claimSeconds: 120 };
    const drop = await waiting(page, { queueing: claim });
    let calledMs = 0;
    const meanwhile = async () => {
      await closed(drop);
      await letIn(drop, crowdSize + 1);
      calledMs = Date.now();
    };
    const isTurn = `text('main h2[tabindex]') === 'It’s your turn' && text('[role=timer]') !== ''`;
    say('the turn had come', await shownAgain(page, meanwhile, isTurn));
    const [minutes, seconds] = String(
      await page.getByRole('timer', { name: 'Time to choose' }).textContent(),
    ).split(':');
    const leftSeconds = Number(minutes) * 60 + Number(seconds);
    expect(Math.abs(leftSeconds - (120 - (Date.now() - calledMs) / 1_000))).toBeLessThan(4);
  });
});
