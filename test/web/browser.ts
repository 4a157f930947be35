/**
 * A real browser for the pages: Debian's Chromium, one for a test file, a new context for each person. Pictures go to
 * `results/web/`, which git ignores.
 */
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from 'playwright-core';
import { root } from '../house/source.ts';

const executablePath = '/usr/bin/chromium';

/** null: there is one. */
export function whyNoBrowser(): string | null {
  return existsSync(executablePath) ? null : `no Chromium at ${executablePath}`;
}

const sizes = {
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true },
  desktop: { viewport: { width: 1280, height: 800 } },
  narrow: { viewport: { width: 320, height: 640 } },
} as const;
export type Size = keyof typeof sizes;
export type Theme = 'light' | 'dark';

/** What somebody looks at the pages with. */
export interface PersonOptions {
  readonly size?: Size;
  readonly theme?: Theme;
  readonly more?: BrowserContextOptions;
}

export class Window {
  readonly #browser: Browser;
  readonly #contexts = new Set<BrowserContext>();

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  static async open(): Promise<Window> {
    return new Window(
      await chromium.launch({
        executablePath,
        args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
      }),
    );
  }

  /** A browser of its own for one person: nothing is stored in it. */
  async person(
    baseURL: string,
    { size = 'phone', theme = 'light', more = {} }: PersonOptions = {},
  ): Promise<Page> {
    const context = await this.#browser.newContext({
      ...sizes[size],
      ...{ baseURL, colorScheme: theme, locale: 'en-US', timezoneId: 'UTC' },
      ...more,
    });
    context.setDefaultTimeout(30_000);
    this.#contexts.add(context);
    context.once('close', () => this.#contexts.delete(context));
    return context.newPage();
  }

  async close(): Promise<void> {
    for (const context of this.#contexts) await context.close();
    await this.#browser.close();
  }
}

const pictures = join(root, 'results/web');

export async function shot(page: Page, name: string, isWhole = false): Promise<void> {
  await mkdir(pictures, { recursive: true });
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: isWhole });
}

const axePath = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** What axe finds serious or critical, in words. */
export async function axeFaults(page: Page): Promise<string[]> {
  await page.evaluate(await readAxe());
  const violations = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: {
        run(): Promise<{
          violations: { id: string; impact: string; nodes: { html: string; failureSummary: string }[] }[];
        }>;
      };
    };
    return (await axe.run()).violations;
  });
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`));
}

/** By evaluation, because the pages' policy refuses scripts that are not theirs. */
async function readAxe(): Promise<string> {
  const { readFile } = await import('node:fs/promises');
  return readFile(axePath, 'utf8');
}

/** Pixels by which the page is wider than its window. */
export function sidewaysPixels(page: Page): Promise<number> {
  return page.evaluate('document.documentElement.scrollWidth - innerWidth');
}

/** What the page complained about, from now on. */
export function complaintsOf(page: Page): string[] {
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    // A refused request is the page's to show; the browser writes it down all the same.
    if (message.type() === 'error' && !/Failed to load resource|WebSocket/.test(message.text()))
      complaints.push(message.text());
  });
  return complaints;
}
