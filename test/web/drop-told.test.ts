/** What a drop says by itself: warnings before a time limit, sentences about the line, a sound and a notice for the turn. */
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { waitFor } from '../system/server.ts';
import { type Drop, expected, openDrop } from '../system/shop.ts';
import { button, crowd, figure, heading, hold, join, narrowDrop, numberIn, queueing } from './drop-page.ts';
import { browserSite } from './site.ts';

const shop = browserSite('what a drop says');

const timer = (page: Page, name: string) => page.getByRole('timer', { name, exact: true });
const status = (page: Page, name: string) => page.getByRole('status', { name, exact: true });

async function secondsLeft(page: Page, name: string): Promise<number> {
  const [minutes, seconds] = String(await timer(page, name).textContent()).split(':');
  return Number(minutes) * 60 + Number(seconds);
}

/** From now on nothing is heard of the server, whose clock would correct the one that the test moves. */
async function cutOff(page: Page): Promise<() => Promise<void>> {
  let isCut = false;
  await page.routeWebSocket(/\/v1\/live/, (socket) => {
    const server = socket.connectToServer();
    server.onMessage((text) => !isCut && socket.send(text));
  });
  return async () => {
    isCut = true;
    await page.route('**/v1/**', (route) => route.abort());
  };
}

/** Moves the page's clock until that many seconds are left. */
async function leave(page: Page, name: string, seconds: number): Promise<void> {
  await page.clock.fastForward(((await secondsLeft(page, name)) - seconds) * 1_000);
  await waitFor(async () => (await secondsLeft(page, name)) <= seconds);
}

/** A line that is as long as the test says: of what the server says of it only the place is let through. */
async function toldLine(page: Page, people: number) {
  let tell: (frame: object) => void = () => {};
  const ahead = { usersAhead: people, nowServing: 0, queueLength: people + 1 };
  await page.routeWebSocket(/\/v1\/live/, (socket) => {
    tell = (frame) => socket.send(JSON.stringify(frame));
    const server = socket.connectToServer();
    server.onMessage((text) => {
      const frame = JSON.parse(String(text));
      if (frame.body?.ticket)
        Object.assign(frame.body, { serving: null, ticket: { ...frame.body.ticket, ...ahead } });
      if (frame.type === 'reply' || frame.type === 'ready') tell(frame);
    });
  });
  await page.route(/\/tickets(\/mine)?$/, async (route) => {
    const answer = await route.fetch();
    const body = await answer.json();
    await route.fulfill({ response: answer, json: body.ticketId ? { ...body, ...ahead } : body });
  });
  return {
    /** The figure moves as by a broadcast. */
    async move({ saleId }: Drop, to: number): Promise<void> {
      const now = { nowServing: people - to, queueLength: people + 1, releasedPerSecond: 10 };
      const more = { outlook: 'likely', waitReason: 'release_rate', left: 5, onHold: 0 };
      // Newer than the place, whose count it moves.
      const asOf = new Date(Date.now() + 3_600_000).toISOString();
      tell({ type: 'queue.serving', saleId, ...now, ...more, asOf });
      await waitFor(async () => (await numberIn(page, 'People ahead')) === to);
    },
  };
}

/** A browser whose sounds and notices are written down, and which can be hidden. */
const observed = `{
  globalThis.told = { asked: 0, tones: 0, notices: [] };
  globalThis.isHidden = false;
  Object.defineProperty(document, 'hidden', { get: () => isHidden });
  globalThis.Notification = class {
    static permission = sessionStorage.permission ?? 'default';
    static async requestPermission() {
      told.asked++;
      sessionStorage.permission = Notification.permission = 'granted';
      return 'granted';
    }
    constructor(title, { body }) { told.notices.push([title, body]); }
    close() {}
  };
  const param = { setValueAtTime() {}, exponentialRampToValueAtTime() {} };
  const node = () => ({ frequency: {}, gain: param, connect: (to) => to, start: () => told.tones++, stop() {} });
  globalThis.AudioContext = class {
    currentTime = 0;
    createOscillator = node;
    createGain = node;
    async resume() {}
  };
}`;

const told = (page: Page) =>
  page.evaluate('told') as Promise<{ asked: number; tones: number; notices: string[][] }>;

async function openDoor({ saleId, seller }: Drop): Promise<void> {
  const body = { queueing: { activeLimit: 100 } };
  await expected(shop.server, `PATCH /v1/sales/${saleId}`, 200, { who: seller, body });
}

shop.describe('a drop says by itself', () => {
  test('that a long time limit comes near: at 60 and at 30 seconds', async () => {
    const page = await shop.person();
    await page.clock.install();
    const cut = await cutOff(page);
    const drop = await openDrop(shop.server, 5, { sale: { holdSeconds: 300 } });
    await join(page, drop.saleId);
    await hold(page);
    await cut();
    const warning = status(page, 'Held for');
    await leave(page, 'Held for', 63);
    expect(await warning.textContent()).toBe('');
    await leave(page, 'Held for', 59);
    expect(await warning.textContent()).toBe('60 seconds left to pay. Then the unit goes back to the line.');
    await leave(page, 'Held for', 33);
    expect(await warning.textContent()).toContain('60 seconds left to pay');
    await leave(page, 'Held for', 29);
    expect(await warning.textContent()).toContain('30 seconds left to pay');
    await leave(page, 'Held for', 8);
    expect(await warning.textContent()).toContain('30 seconds left to pay');
  });

  test('that a short one comes near: at 30 and at 10 seconds', async () => {
    const page = await shop.person();
    await page.clock.install();
    const cut = await cutOff(page);
    const drop = await openDrop(shop.server, 5, { sale: queueing({ claimSeconds: 60 }) });
    await join(page, drop.saleId);
    await timer(page, 'Time to choose').waitFor();
    await cut();
    const warning = status(page, 'Time to choose');
    await leave(page, 'Time to choose', 33);
    expect(await warning.textContent()).toBe('');
    await leave(page, 'Time to choose', 29);
    expect(await warning.textContent()).toContain('30 seconds left to choose');
    await leave(page, 'Time to choose', 13);
    expect(await warning.textContent()).toContain('30 seconds left to choose');
    await leave(page, 'Time to choose', 9);
    expect(await warning.textContent()).toContain('10 seconds left to choose');
  });

  test('how the line moves: each 30 seconds at the most, and at 1,000, 100 and 10', async () => {
    const page = await shop.person();
    await page.clock.install();
    const line = await toldLine(page, 1_200);
    const drop = await narrowDrop(shop.server, 9);
    await crowd(shop.server, drop.saleId, 2);
    await join(page, drop.saleId);
    await waitFor(async () => (await numberIn(page, 'People ahead')) === 1_200);
    await page.evaluate(`{
      globalThis.said = [];
      const updates = document.querySelector('[aria-label=Updates]');
      new MutationObserver(() => said.push(updates.textContent)).observe(updates, { subtree: true, characterData: true, childList: true });
    }`);
    const said = async () => (await page.evaluate('said.splice(0)')) as string[];
    const after = async (seconds: number, to: number) => {
      await page.clock.fastForward(seconds * 1_000);
      await line.move(drop, to);
      return said();
    };
    expect(await after(5, 1_150)).toEqual([]);
    expect(await after(31, 1_140)).toEqual([
      expect.stringMatching(/^1,140 people ahead of you, about .*\.$/),
    ]);
    expect(await after(10, 1_100)).toEqual([]);
    expect(await after(1, 1_000)).toEqual([expect.stringMatching(/^1,000 people ahead of you, /)]);
    expect(await after(10, 990)).toEqual([]);
    expect(await after(10, 500)).toEqual([]);
    expect(await after(1, 99)).toEqual([expect.stringMatching(/^99 people ahead of you, /)]);
    expect(await after(1, 9)).toEqual([expect.stringMatching(/^9 people ahead of you, /)]);
    expect(await after(1, 1)).toEqual([]);
    expect(await after(31, 12)).toEqual(['Your place was counted anew: 12 people ahead of you.']);
    expect(await after(31, 0)).toEqual(['Nobody is ahead of you.']);
  });

  test('when it is your turn, to whoever asked for it: a sound, and a notice while the page is hidden', async () => {
    const drop = await narrowDrop(shop.server, 9);
    await crowd(shop.server, drop.saleId, 2);
    const people = await Promise.all([shop.person(), shop.person(), shop.person()]);
    const [hidden, shown, silent] = people as [Page, Page, Page];
    for (const page of people) {
      await page.addInitScript(observed);
      await join(page, drop.saleId);
      await figure(page, 'People ahead').waitFor();
    }
    for (const page of [hidden, shown]) {
      await button(page, 'Tell me when it’s my turn').click();
      expect(await button(page, 'Tell me when it’s my turn').getAttribute('aria-pressed')).toBe('true');
      expect(await told(page)).toEqual({ asked: 1, tones: 0, notices: [] });
    }
    await hidden.evaluate('isHidden = true');
    await openDoor(drop);
    for (const page of people) await heading(page, 'It’s your turn').waitFor();
    const notice = ['It’s your turn', 'Console drop: hold a unit now.'];
    expect(await told(hidden)).toEqual({ asked: 1, tones: 4, notices: [notice] });
    expect(await told(shown)).toEqual({ asked: 1, tones: 4, notices: [] });
    expect(await told(silent)).toEqual({ asked: 0, tones: 0, notices: [] });
  });

  test('the same after a reload, once anything was pressed; and no more when it is taken back', async () => {
    const drop = await narrowDrop(shop.server, 9);
    await crowd(shop.server, drop.saleId, 2);
    const [kept, back] = [await shop.person(), await shop.person()];
    for (const page of [kept, back]) {
      await page.addInitScript(observed);
      await join(page, drop.saleId);
      await button(page, 'Tell me when it’s my turn').click();
      await page.reload();
      await figure(page, 'People ahead').waitFor();
      expect(await button(page, 'Tell me when it’s my turn').getAttribute('aria-pressed')).toBe('true');
    }
    await kept.getByText('What happens next').click();
    await button(back, 'Tell me when it’s my turn').click();
    await openDoor(drop);
    for (const page of [kept, back]) await heading(page, 'It’s your turn').waitFor();
    expect(await told(kept)).toMatchObject({ asked: 0, tones: 4 });
    expect(await told(back)).toMatchObject({ asked: 0, tones: 0 });
  });
});
