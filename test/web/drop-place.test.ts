/** A place in line is kept: over reloads, tabs, devices, lost connections, a restart of the server, a wrong clock. */
import type { Page, WebSocketRoute } from 'playwright-core';
import { expect, test } from 'vitest';
import { waitFor } from '../system/server.ts';
import { call, type Drop, expected, guest, member, openDrop, stockOf } from '../system/shop.ts';
import {
  alert,
  button,
  connectionState,
  crowd,
  fillAddress,
  heading,
  hold,
  join,
  narrowDrop,
  numberIn,
  pay,
  queueing,
  textIn,
} from './drop-page.ts';
import { browserSite } from './site.ts';

const shop = browserSite('the place in line');

/** In a line of four, behind three who wait, and one who is inside. */
async function waiting(page: Page): Promise<Drop> {
  const drop = await narrowDrop(shop.server, 9);
  await crowd(shop.server, drop.saleId, 4);
  await join(page, drop.saleId);
  await waitFor(async () => (await numberIn(page, 'People ahead')) === 3);
  return drop;
}

const connectionIs = (page: Page, wanted: string, timeoutMs?: number) =>
  waitFor(async () => (await connectionState(page).textContent()) === wanted, timeoutMs);

/** The request reaches the server, and its answer nobody: `sent` is done when the server has answered. */
async function swallow(page: Page, path: RegExp, method: string): Promise<{ sent: Promise<void> }> {
  let done: () => void = () => {};
  const sent = new Promise<void>((resolve) => {
    done = resolve;
  });
  await page.route(path, async (route) => {
    if (route.request().method() !== method) return route.fallback();
    await route.fetch();
    done();
  });
  return { sent };
}

shop.describe('a place in line', () => {
  test('is the same after a reload and in a second tab, and both are called', async () => {
    const page = await shop.person();
    const drop = await waiting(page);
    await page.reload();
    expect(await numberIn(page, 'Your number')).toBe(5);
    const tab = await page.context().newPage();
    await tab.goto(`/drops/${drop.saleId}`);
    expect(await numberIn(tab, 'Your number')).toBe(5);
    const rates = { queueing: { activeLimit: 100 } };
    await expected(shop.server, `PATCH /v1/sales/${drop.saleId}`, 200, { who: drop.seller, body: rates });
    for (const each of [page, tab]) await heading(each, 'It’s your turn').waitFor();
    await hold(page);
    await heading(tab, 'Held for you').waitFor();
    await fillAddress(tab);
    await pay(tab);
    for (const each of [page, tab]) await heading(each, 'Receipt').waitFor();
    expect(await stockOf(shop.server, drop.sku)).toMatchObject({ sold: 1, held: 0 });
  });

  test('is the same on another device of the account, and so are the hold and the receipt', async () => {
    const drop = await openDrop(shop.server, 9);
    const { email } = await member(shop.server, 'buyer');
    const devices = [await shop.person(), await shop.person({ size: 'desktop' })] as const;
    for (const device of devices) {
      await device.goto(`/signin?next=/drops/${drop.saleId}`);
      await device.getByLabel('Email').fill(email);
      await device.getByLabel('Password').fill('a long password');
      await button(device, 'Sign in').click();
      await device.getByRole('heading', { level: 1, name: 'Console drop' }).waitFor();
    }
    const [phone, desk] = devices;
    await button(phone, 'Join the line').click();
    for (const device of devices) await heading(device, 'It’s your turn').waitFor();
    await hold(phone);
    await desk.reload();
    await heading(desk, 'Held for you').waitFor();
    await fillAddress(desk);
    await pay(desk);
    for (const device of devices) await heading(device, 'Receipt').waitFor();
    expect(await stockOf(shop.server, drop.sku)).toMatchObject({ sold: 1, held: 0 });
  });

  test('a lost connection is said after a second, figures keep their age, and it comes back by itself', async () => {
    const page = await shop.person();
    let sockets: WebSocketRoute[] = [];
    let isDown = false;
    await page.routeWebSocket(/\/v1\/live/, (socket) => {
      // A network that swallows everything says nothing.
      if (isDown) return;
      socket.connectToServer();
      sockets.push(socket);
    });
    await page.route(/\/v1\//, (route) => (isDown ? undefined : route.fallback()));
    const drop = await waiting(page);
    await connectionIs(page, 'Live');
    isDown = true;
    for (const socket of sockets) await socket.close({ code: 1012 });
    sockets = [];
    await connectionIs(page, 'Reconnecting – your place is kept');
    await page.getByText(/As of .* s ago\./).waitFor();
    expect(await numberIn(page, 'Your number')).toBe(5);
    await call(shop.server, `DELETE /v1/sales/${drop.saleId}/tickets/mine`, {
      who: await guest(shop.server),
    });
    isDown = false;
    await connectionIs(page, 'Live', 40_000);
    await page.getByText(/As of .* s ago\./).waitFor({ state: 'detached' });
    expect(await numberIn(page, 'Your number')).toBe(5);
  });

  test('two tabs that join at the same moment have one place', async () => {
    const drop = await narrowDrop(shop.server, 9);
    await crowd(shop.server, drop.saleId, 2);
    const first = await shop.person();
    const tabs = [first, await first.context().newPage()];
    for (const tab of tabs) {
      await tab.goto(`/drops/${drop.saleId}`);
      await button(tab, 'Join the line').waitFor();
    }
    // As soon as one has joined, the other shows the place, too: both have pressed before the server hears of it.
    const pressed = Promise.withResolvers<void>();
    await first.context().route(/\/tickets$/, async (route) => {
      await pressed.promise;
      await route.fallback();
    });
    const press = `[...document.querySelectorAll('button')].find((b) => b.textContent === 'Join the line').click()`;
    for (const tab of tabs) await tab.evaluate(press);
    pressed.resolve();
    for (const tab of tabs) expect(await numberIn(tab, 'Your number')).toBe(3);
    const status = await expected(shop.server, `GET /v1/sales/${drop.saleId}/status`, 200, {
      who: drop.seller,
    });
    expect(status.joined).toBe(3);
  });

  test('a browser that is offline does not say that it is live, also while its socket stands', async () => {
    const page = await shop.person();
    await waiting(page);
    await connectionIs(page, 'Live');
    await page.context().setOffline(true);
    await connectionIs(page, 'Reconnecting – your place is kept');
    await page.context().setOffline(false);
    await connectionIs(page, 'Live');
    expect(await numberIn(page, 'Your number')).toBe(5);
  });

  test('without any socket the page polls, up to the receipt', async () => {
    const page = await shop.person();
    await page.routeWebSocket(/\/v1\/live/, (socket) => void socket.close({ code: 1012 }));
    const drop = await narrowDrop(shop.server, 9);
    await crowd(shop.server, drop.saleId, 2);
    await join(page, drop.saleId);
    await connectionIs(page, 'Updating every 5 seconds');
    expect(await numberIn(page, 'Your number')).toBe(3);
    const rates = { queueing: { activeLimit: 100 } };
    await expected(shop.server, `PATCH /v1/sales/${drop.saleId}`, 200, { who: drop.seller, body: rates });
    await heading(page, 'It’s your turn').waitFor();
    await hold(page);
    await fillAddress(page);
    await pay(page, 'Visa – declined');
    await alert(page).filter({ hasText: 'declined' }).waitFor();
    await hold(page);
    await pay(page);
    await heading(page, 'Receipt').waitFor();
  });

  test('a browser whose clock is 10 minutes wrong shows the server’s time limits', async () => {
    for (const minutes of [-10, 10]) {
      const page = await shop.person();
      await page.addInitScript((offMs) => {
        const now = Date.now.bind(Date);
        const Real = Date;
        globalThis.Date = class extends Real {
          constructor(...given: unknown[]) {
            // biome-ignore lint/suspicious/noExplicitAny: as the real one takes them
            super(...((given.length === 0 ? [now() + offMs] : given) as [any]));
          }
          static override now = () => now() + offMs;
        } as DateConstructor;
      }, minutes * 60_000);
      const startsAt = new Date(Date.now() + 100_000).toISOString();
      const soon = await openDrop(shop.server, 9, { sale: { startsAt } });
      await page.goto(`/drops/${soon.saleId}`);
      const startsIn = await page.getByRole('timer', { name: 'Starts in' }).textContent();
      expect(startsIn).toMatch(/^1:[0-4]\d$/);
      const drop = await openDrop(shop.server, 9);
      await join(page, drop.saleId);
      await heading(page, 'It’s your turn').waitFor();
      expect(await page.getByRole('timer', { name: 'Time to choose' }).textContent()).toMatch(
        /^(0:[45]\d|1:0[01])$/,
      );
      await hold(page);
      // What the server says of its clock is as late as the answer that brings it: a second on a busy machine.
      expect(await page.getByRole('timer', { name: 'Held for' }).textContent()).toMatch(/^(4:\d\d|5:0[01])$/);
    }
  });

  test('a reload in mid-request takes and pays nothing twice', async () => {
    const drop = await openDrop(shop.server, 9);
    const page = await shop.person();
    await page.goto(`/drops/${drop.saleId}`);
    const joined = await swallow(page, /\/tickets$/, 'POST');
    await button(page, 'Join the line').click();
    await joined.sent;
    await page.unrouteAll({ behavior: 'ignoreErrors' });
    await page.reload();
    await heading(page, 'It’s your turn').waitFor();
    const held = await swallow(page, /\/holds$/, 'POST');
    await button(page, 'Hold 1 unit').click();
    await held.sent;
    await page.unrouteAll({ behavior: 'ignoreErrors' });
    await page.reload();
    await heading(page, 'Held for you').waitFor();
    await fillAddress(page);
    const paid = await swallow(page, /\/v1\/checkout$/, 'POST');
    await pay(page);
    await heading(page, 'Paying').or(heading(page, 'Receipt')).first().waitFor();
    await paid.sent;
    await page.unrouteAll({ behavior: 'ignoreErrors' });
    await page.reload();
    await heading(page, 'Receipt').waitFor();
    expect(await stockOf(shop.server, drop.sku)).toMatchObject({ sold: 1, held: 0 });
    const who = await sessionOf(page);
    expect((await expected(shop.server, 'GET /v1/orders', 200, { who })).items).toHaveLength(1);
  });

  test('a slow payment survives a reload', async () => {
    const { sandboxUrl } = shop.server;
    const slow = (delayMs: number) =>
      fetch(`${sandboxUrl}/_sandbox/faults`, { method: 'POST', body: JSON.stringify({ delayMs }) });
    const drop = await openDrop(shop.server, 9);
    const page = await shop.person();
    await join(page, drop.saleId);
    await hold(page);
    await fillAddress(page);
    await slow(8_000);
    try {
      await pay(page);
      await heading(page, 'Paying').waitFor();
      await page.getByText('Your unit stays yours meanwhile; paying again is not needed.').waitFor();
      expect(await page.getByRole('timer').count()).toBe(0);
      await page.reload();
      await heading(page, 'Paying').waitFor();
      await page.getByText('The bank has not answered yet.').waitFor();
    } finally {
      await slow(0);
    }
    await waitFor(async () => heading(page, 'Receipt').isVisible(), 40_000);
    expect(await stockOf(shop.server, drop.sku)).toMatchObject({ sold: 1, held: 0 });
  });

  test('the server restarts while somebody waits: the same number, and the line goes on', async () => {
    const page = await shop.person();
    const drop = await waiting(page);
    await shop.server.end('SIGTERM');
    await waitFor(async () => (await connectionState(page).textContent()) !== 'Live', 30_000);
    expect(await numberIn(page, 'Your number')).toBe(5);
    await shop.site.start();
    await connectionIs(page, 'Live', 40_000);
    expect(await numberIn(page, 'Your number')).toBe(5);
    const rates = { queueing: { activeLimit: 100 } };
    await expected(shop.server, `PATCH /v1/sales/${drop.saleId}`, 200, { who: drop.seller, body: rates });
    await heading(page, 'It’s your turn').waitFor();
    await hold(page);
  });

  test('by keyboard alone, from the button to the receipt', async () => {
    const drop = await openDrop(shop.server, 9, { sale: queueing() });
    const page = await shop.person({ size: 'desktop' });
    await page.goto(`/drops/${drop.saleId}`);
    await button(page, 'Join the line').waitFor();
    const focused = () => page.evaluate('document.activeElement.innerText || document.activeElement.name');
    const tabTo = async (wanted: string) => {
      for (let presses = 0; (await focused()) !== wanted; presses++) {
        if (presses > 40) throw new Error(`no way to ${wanted}`);
        await page.keyboard.press('Tab');
      }
    };
    await tabTo('Join the line');
    await page.keyboard.press('Enter');
    await heading(page, 'It’s your turn').waitFor();
    await tabTo('Hold 1 unit');
    await page.keyboard.press('Enter');
    await heading(page, 'Held for you').waitFor();
    for (const [name, text] of [
      ['name', 'Mara Quist'],
      ['line1', '1806 East 12th Street'],
      ['city', 'Austin'],
      ['postalCode', '78702'],
    ] as const) {
      await tabTo(name);
      await page.keyboard.type(text);
    }
    await tabTo('shippingMethod');
    await page.keyboard.press('ArrowDown');
    await tabTo('Pay $208.99');
    await page.keyboard.press('Enter');
    await heading(page, 'Receipt').waitFor();
    expect(await textIn(page, 'Total')).toBe('$208.99');
  });
});

async function sessionOf(page: Page) {
  const { accountId, accessToken } = JSON.parse(
    String(await page.evaluate('localStorage.getItem("doorbuster:session")')),
  );
  return { accountId, token: accessToken };
}
