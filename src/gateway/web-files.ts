/**
 * The built pages in memory: one HTML file, which is the page of every address, and the files that it loads. Each
 * stands there as it is and, where that is shorter, compressed by the build.
 *
 * 1. A hashed file never changes, so it may be kept for ever; the HTML is asked for again each time.
 * 2. The HTML runs and shows what this server sends, and nothing else: no script or style inside it, none from others.
 * 3. Some pages are drawn here, too, by a module of the build: the same HTML with their content in it (`drawn-pages.ts`).
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

export interface WebFile {
  readonly contentType: string;
  readonly cacheControl: string;
  readonly etag: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Uint8Array;
  /** null: not shorter than the file itself. */
  readonly br: Uint8Array | null;
  readonly gzip: Uint8Array | null;
}

type Params = Readonly<Record<string, string>>;

/** What the build's module of drawn pages offers (`src/web/server.ts`). `url` is the page's whole address. */
export interface Drawing {
  /** The paths of the API whose answers the page shows: first what it is about. null: the browser draws it alone. */
  readsOf(page: string, params: Params, url: string): readonly string[] | null;
  /** `answers`: by the path that was read. null: there is too much to draw for a thread that others wait for. */
  draw(
    page: string,
    params: Params,
    url: string,
    answers: Readonly<Record<string, DrawnAnswer>>,
  ): DrawnHtml | null;
}

export interface DrawnAnswer {
  /** JSON. */
  readonly text: string;
  readonly headers: Readonly<Record<string, string>>;
}

interface DrawnHtml {
  /** In place of the title. */
  readonly head: string;
  readonly body: string;
}

export interface WebFiles {
  readonly html: WebFile;
  /** null: every page is drawn by the browser. */
  readonly drawing: Drawing | null;
  /** By name, without the folder. */
  readonly assets: ReadonlyMap<string, WebFile>;
}

const contentTypes: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};

const immutable = 'public, max-age=31536000, immutable';

const assetHeaders = { 'X-Content-Type-Options': 'nosniff' };

/** `connect-src 'self'` is also the live socket of the same host. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' https: data:",
  "font-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

const htmlHeaders = {
  ...assetHeaders,
  'Content-Security-Policy': policy,
  'Referrer-Policy': 'strict-origin-when-cross-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=()',
};

/** null: nothing is built in this folder. */
export async function readWebFiles(folder: string): Promise<WebFiles | null> {
  const html = await readWebFile(join(folder, 'index.html'), 'no-cache', htmlHeaders).catch(() => null);
  if (html === null) return null;
  const assets = new Map<string, WebFile>();
  for (const name of await readdir(join(folder, 'assets'))) {
    if (contentTypes[extname(name)] === undefined) continue;
    assets.set(name, await readWebFile(join(folder, 'assets', name), immutable, assetHeaders));
  }
  return { html, assets, drawing: await readDrawing(join(folder, 'server', 'server.js')) };
}

/** A build without it has its pages all the same; one that cannot be loaded is a fault of the build. */
async function readDrawing(path: string): Promise<Drawing | null> {
  return existsSync(path) ? ((await import(pathToFileURL(path).href)) as Drawing) : null;
}

const titlePattern = /<title>[^<]*<\/title>/;
/** What it says holds for pages that the browser draws. */
const noScriptPattern = /<noscript>.*?<\/noscript>/s;
const emptyRoot = '<div id="app"></div>';

/** The HTML of every page with this content in it. */
export function filledHtml(html: WebFile, { head, body }: DrawnHtml): Omit<WebFile, 'br' | 'gzip'> {
  const [start = '', titled = ''] = Buffer.from(html.bytes).toString().split(titlePattern);
  const [middle = '', end = ''] = titled.split('</head>');
  const [before = '', after = ''] = end.split(emptyRoot);
  const rest = after.replace(noScriptPattern, '');
  const text = `${start}${middle}${head}</head>${before}<div id="app">${body}</div>${rest}`;
  const bytes = Buffer.from(text);
  return { ...html, bytes, etag: digestTag(bytes) };
}

function digestTag(bytes: Uint8Array): string {
  return `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`;
}

async function readWebFile(
  path: string,
  cacheControl: string,
  headers: Readonly<Record<string, string>>,
): Promise<WebFile> {
  const [bytes, br, gzip] = await Promise.all([
    readFile(path),
    readFile(`${path}.br`).catch(() => null),
    readFile(`${path}.gz`).catch(() => null),
  ]);
  const contentType = contentTypes[extname(path)]!;
  return { contentType, cacheControl, etag: digestTag(bytes), headers, bytes, br, gzip };
}
