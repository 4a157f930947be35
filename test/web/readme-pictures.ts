/**
 * `node test/web/readme-pictures.ts`: the pictures of the README, docs/pictures/{drop,console}.png: the sample drop as a
 * buyer sees it from the middle of a crowd, and the operator's console meanwhile. A real server, a real browser.
 */
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { openSite, repository, runNode, waitFor } from '../system/server.ts';
import { Window } from './browser.ts';

const folder = join(repository, 'docs/pictures');
const crowdWithinMs = 120_000;
/** Time for a line in the charts to become one. */
const watchedSeconds = 30;

const site = await openSite({ SAMPLE: '1', RATE_EXEMPT: '127.0.0.0/8' });
const window = await Window.open();
try {
  const { url, banner } = await site.start();
  const [, drop] = /Open now +\S+?(\/drops\/\S+)/.exec(banner)!;
  const [, email, password] = /Admin +(\S+) +password (\S+)/.exec(banner)!;
  const crowd = runNode(['bench/crowd.ts', '--sale', 'sample', '--pace', '60', '--url', url], {});
  const operator = await window.person(url, { size: 'desktop' });
  await operator.goto('/ops');
  await operator.getByLabel('Email').fill(email!);
  await operator.getByLabel('Password').fill(password!);
  await operator.getByRole('button', { name: 'Sign in' }).click();
  await operator.getByRole('status', { name: 'Health' }).waitFor();
  const buyer = await window.person(url, { size: 'desktop' });
  await buyer.goto(drop!);
  await buyer.getByRole('button', { name: 'Join the line' }).waitFor();
  const watchedSinceMs = performance.now();
  await waitFor(async () => performance.now() - watchedSinceMs > watchedSeconds * 1_000, crowdWithinMs);
  await buyer.getByRole('button', { name: 'Join the line' }).click();
  await buyer.getByRole('group', { name: 'People ahead' }).waitFor();
  await taken(buyer, 'drop');
  await taken(operator, 'console');
  crowd.process.kill();
  await crowd.exited;
} finally {
  await window.close();
  await site.close();
}

async function taken(page: Page, name: string): Promise<void> {
  // Nothing is in motion in a picture.
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await page.screenshot({ path: join(folder, `${name}.png`) });
}
