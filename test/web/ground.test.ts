/** What every page has, from the server's side and in a real browser. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSite, type Site } from '../system/server.ts';
import { axeFaults, complaintsOf, shot, sidewaysPixels } from './browser.ts';
import { browserSite } from './site.ts';

let site: Site;
let url: string;
const shop = browserSite('the pages', { site: () => site });

beforeAll(async () => {
  site = await openSite({ SAMPLE: '0' });
  ({ url } = await site.start());
});
afterAll(() => site.close());

const read = (path: string, headers: Record<string, string> = {}) => fetch(`${url}${path}`, { headers });

describe('over HTTP', () => {
  test('a page is HTML that is asked for again, and runs nothing but our files', async () => {
    const page = await read('/signin');
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(page.headers.get('cache-control')).toBe('no-cache');
    const policy = page.headers.get('content-security-policy')!;
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe|\*/);
    expect(await page.text()).not.toMatch(/<script(?![^>]+src=)|<style|style="/);
    const again = await read('/signin', { 'if-none-match': page.headers.get('etag')! });
    expect(again.status).toBe(304);
  });

  test('its files are named by their content, kept for ever and compressed', async () => {
    const html = await (await read('/signin')).text();
    const [name] = /\/assets\/[\w-]+\.js/.exec(html)!;
    const sizes = await Promise.all(
      ['identity', 'gzip', 'br'].map(async (coding) => {
        const answer = await read(name, { 'accept-encoding': coding });
        expect(answer.status).toBe(200);
        expect(answer.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
        expect(answer.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
        expect(answer.headers.get('content-encoding')).toBe(coding === 'identity' ? null : coding);
        return Number(answer.headers.get('content-length'));
      }),
    );
    expect(sizes[1]).toBeLessThan(sizes[0]! / 2);
    expect(sizes[2]).toBeLessThan(sizes[1]!);
    expect((await read('/assets/index-00000000.js')).status).toBe(404);
  });

  test.each(['/nowhere', '/drops/sal_018f0000-0000-7000-8000-000000000000', '/drops/x', '/signin/'])(
    '%s is a page with status 404',
    async (path) => {
      const page = await read(path);
      expect(page.status).toBe(404);
      expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
      expect(page.headers.get('content-security-policy')).not.toBeNull();
    },
  );

  test.each(['/signin?next=%2Fdrops', '/?utm_source=a&utm_source=b', '/register?next=%'])(
    '%s is the page, whatever it is asked with',
    async (path) => {
      const page = await read(path);
      expect(page.status).toBe(200);
      expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    },
  );

  test.each(['/v1/nowhere', '/v1', '/nowhere.json'])('%s stays the API’s', async (path) => {
    const answer = await read(path);
    expect(answer.status).toBe(404);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
  });

  test('HEAD has the head alone, POST to a page is refused', async () => {
    const head = await fetch(`${url}/signin`, { method: 'HEAD' });
    expect(head.status).toBe(200);
    expect(Number(head.headers.get('content-length'))).toBeGreaterThan(100);
    expect((await fetch(`${url}/signin`, { method: 'POST', body: '{}' })).status).toBe(405);
    expect((await fetch(`${url}/nowhere`, { method: 'POST', body: '{}' })).headers.get('content-type')).toBe(
      'application/problem+json',
    );
  });
});

shop.describe('in a browser', () => {
  test.each(['light', 'dark'] as const)(
    '"Not here" and "Sign in" can be read and used, %s',
    async (theme) => {
      const page = await shop.person({ theme });
      const complaints = complaintsOf(page);
      await page.goto('/nowhere');
      expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe('Not here');
      expect(await page.title()).toMatch(/^Not here/);
      expect(await axeFaults(page)).toEqual([]);
      await shot(page, `not-here-phone-${theme}`);
      await page.goto('/signin');
      for (const name of ['Email', 'Password']) await page.getByLabel(name).waitFor();
      expect(await axeFaults(page)).toEqual([]);
      await shot(page, `sign-in-phone-${theme}`);
      expect(complaints).toEqual([]);
    },
  );

  test('a wrong password is said, and what was typed stays', async () => {
    const page = await shop.person();
    await page.goto('/signin');
    await page.getByLabel('Email').fill('ada@example.com');
    await page.getByLabel('Password').fill('not the one');
    await page.getByRole('button', { name: 'Sign in' }).click();
    expect(await page.getByRole('alert').textContent()).toBe('E-mail or password is wrong.');
    expect(await page.getByLabel('Email').inputValue()).toBe('ada@example.com');
  });

  test('fits a narrow phone, and the first Tab leads to the content', async () => {
    const page = await shop.person({ size: 'narrow' });
    await page.goto('/signin');
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    expect(await sidewaysPixels(page)).toBeLessThanOrEqual(0);
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to content');
  });
});
