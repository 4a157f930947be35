/**
 * What a browser suite stands on: a server of its own, a browser, and people in it, each gone after their test: a page
 * that stays open goes on asking. Where there is no Chromium nothing of it is started, and the tests are skipped.
 */
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe } from 'vitest';
import { openSite, type ServerProcess, type Site } from '../system/server.ts';
import { type PersonOptions, Window, whyNoBrowser } from './browser.ts';

interface Options {
  /** Of the server. */
  readonly env?: Record<string, string>;
  /** Of whoever says nothing else. */
  readonly person?: PersonOptions;
  /** A site that the file has opened, and closes, itself. */
  readonly site?: () => Site;
}

export interface BrowserSite {
  readonly site: Site;
  /** The one that was started last. */
  readonly server: ServerProcess;
  readonly url: string;
  /** A browser of its own for one person. */
  person(options?: PersonOptions): Promise<Page>;
  /** A suite with all of it: it registers the hooks. */
  describe(name: string, tests: () => void): void;
}

/** What a page has asked for meanwhile is of no interest any more. */
async function leave(page: Page): Promise<void> {
  const context = page.context();
  for (const each of context.pages()) await each.unrouteAll({ behavior: 'ignoreErrors' });
  await context.close();
}

/** `what` is skipped, it says so where there is no browser. */
export function browserSite(what: string, options: Options = {}): BrowserSite {
  const skipped = whyNoBrowser();
  if (skipped) console.warn(`skipping ${what} in a browser: ${skipped}`);
  let site: Site | undefined;
  let window: Window | undefined;
  const pages: Page[] = [];
  const open = async () => {
    site = options.site?.() ?? (await openSite(options.env));
    if (!options.site) await site.start();
    window = await Window.open();
  };
  const close = async () => {
    await window?.close();
    if (!options.site) await site?.close();
  };
  return {
    get site() {
      return site!;
    },
    get server() {
      return site!.server;
    },
    get url() {
      return site!.server.url;
    },
    async person(more = {}) {
      const page = await window!.person(site!.server.url, { ...options.person, ...more });
      pages.push(page);
      return page;
    },
    describe(name, tests) {
      describe.skipIf(skipped !== null)(name, () => {
        beforeAll(open);
        afterEach(async () => {
          for (const page of pages.splice(0)) await leave(page);
        });
        afterAll(close);
        tests();
      });
    },
  };
}
