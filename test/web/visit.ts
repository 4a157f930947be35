/** Going to a page as somebody, and looking at it as everybody might: both themes, a phone, a desk, a narrow phone. */
import type { Page } from 'playwright-core';
import type { Person } from '../system/shop.ts';
import { axeFaults, shot, sidewaysPixels } from './browser.ts';

/** Everybody of `shop.ts` has it. */
const password = 'a long password';

export async function signIn(page: Page, email: string, next: string): Promise<void> {
  await page.goto(`/signin?next=${encodeURIComponent(next)}`);
  await fillSignIn(page, email);
  await page.waitForURL(`**${next}`);
}

export async function fillSignIn(page: Page, email: string): Promise<void> {
  await page.getByLabel('Email').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

/** As if this browser had made the guest: the pages do it at the press of "Join the line". */
export async function beGuest(page: Page, { accountId, token }: Person): Promise<void> {
  const session = {
    ...{ accountId, account: null, accessToken: token, refreshToken: 'none' },
    renewAtMs: Date.now() + 600_000,
  };
  await page.addInitScript(
    `localStorage['doorbuster:session'] ??= ${JSON.stringify(JSON.stringify(session))}`,
  );
}

/** Whoever opens the page next finds a session that has ended: its tokens are refused. */
export async function loseSession(page: Page): Promise<void> {
  await page.evaluate(`{
    const name = 'doorbuster:session';
    const ended = { accessToken: 'ended', refreshToken: 'ended', renewAtMs: 0 };
    localStorage[name] = JSON.stringify({ ...JSON.parse(localStorage[name]), ...ended });
    dispatchEvent(new StorageEvent('storage', { key: name }));
  }`);
}

const sizes = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 800 } };

/** Pictures of the page in both sizes and themes, and what is wrong with it: axe's faults, and what does not fit. */
export async function faultsIn(page: Page, name: string): Promise<string[]> {
  const faults: string[] = [];
  const before = page.viewportSize()!;
  for (const colorScheme of ['light', 'dark'] as const) {
    // Without motion, so that no picture is taken in the middle of one.
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    for (const [size, viewport] of Object.entries(sizes)) {
      await page.setViewportSize(viewport);
      await shot(page, `${name}-${size}-${colorScheme}`, true);
      faults.push(...(await overflow(page)));
    }
    faults.push(...(await axeFaults(page)));
  }
  await page.setViewportSize({ width: 320, height: 640 });
  faults.push(...(await overflow(page)));
  await page.emulateMedia({ colorScheme: null, reducedMotion: null });
  await page.setViewportSize(before);
  return faults;
}

async function overflow(page: Page): Promise<string[]> {
  const pixels = await sidewaysPixels(page);
  return pixels > 0 ? [`${pixels} pixels do not fit ${page.viewportSize()!.width}`] : [];
}

/** How far what was shown has moved by itself since the page began (1: by the whole window). */
export async function layoutShift(page: Page): Promise<number> {
  return page.evaluate(`new Promise((done) => {
    let sum = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) if (!entry.hadRecentInput) sum += entry.value;
    }).observe({ type: 'layout-shift', buffered: true });
    requestAnimationFrame(() => setTimeout(() => done(sum)));
  })`);
}

/** Tab until the element of this name has the focus, as somebody without a mouse does. */
export async function tabTo(page: Page, name: string): Promise<void> {
  for (let presses = 0; presses < 60; presses++) {
    const isThere = await page.evaluate(`(() => {
      const at = document.activeElement;
      const texts = [at?.getAttribute('aria-label'), at?.textContent?.trim(), at?.labels?.[0]?.textContent?.trim()];
      return texts.includes(${JSON.stringify(name)});
    })()`);
    if (isThere) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`Tab does not lead to ${name}`);
}
