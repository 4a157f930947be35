/**
 * The pages as a browser and a load test meet them.
 *
 * 1. What one gateway thread serves a second: the drop page's HTML, its largest script, both as a browser asks for them.
 * 2. First paint and layout shift of a drop page with a processor four times as slow (the browser's own throttle).
 * 3. A drop page and the operator's console that stay open for ten minutes while the line moves ten times a second:
 *    memory after the garbage collection at each minute, frames that came late, against a line that stands.
 */
import autocannon from 'autocannon';
import type { CDPSession, Page } from 'playwright-core';
import { openSite, type Site, waitFor } from '../test/system/server.ts';
import { call, type Drop, expected, guest, openDrop } from '../test/system/shop.ts';
import { Window, whyNoBrowser } from '../test/web/browser.ts';
import { join, numberIn, queueing } from '../test/web/drop-page.ts';
import { layoutShift } from '../test/web/visit.ts';
import { type Measurement, quantile, seriesOf } from './measure.ts';

const rounds = 5;
const connections = 64;
const secondsARound = 4;
const minutes = Number(process.env.PAGES_MINUTES ?? 10);
const positionsPerSecond = 10;
/** A frame is late when two of 60 a second would have fitted. */
const lateMs = 1_000 / 30;

export async function run(): Promise<Measurement> {
  const site = await openSite({ GATEWAYS: '1', ADMIN_EMAIL: 'admin@doorbuster.local' });
  const skipped = whyNoBrowser();
  try {
    await site.start();
    const served = await servedPerSecond(site);
    const seen = skipped === null ? await inABrowser(site) : [];
    const perSecond = Object.entries(served).map(([arm, rates]) => seriesOf(arm, 'requests/s', rates));
    const slowest = Math.min(...perSecond.map(({ median }) => median));
    return {
      name: 'pages',
      question: 'what the pages cost the server, the browser and whoever keeps them open',
      load: `autocannon, ${connections} connections, ${secondsARound} s a round; ${minutes} minutes of ${positionsPerSecond} admissions a second`,
      doesNotMeasure: ['a network', 'a real phone', 'a screen: the browser draws into memory'],
      series: [...perSecond, ...seen],
      ratios: [{ name: 'slowest page of 10,000/s', value: slowest / 10_000, wanted: 'at least 1' }],
      skipped: skipped === null ? [] : [skipped],
    };
  } finally {
    await site.close();
  }
}

async function servedPerSecond(site: Site): Promise<Record<string, number[]>> {
  const { saleId } = await openDrop(site.server, 5);
  const path = `/drops/${saleId}`;
  const { body: html } = await call(site.server, `GET ${path}`);
  const scripts = [...String(html).matchAll(/(?:src|href)="(\/assets\/[^"]+\.js)"/g)].map(
    ([, name]) => name!,
  );
  const rates: Record<string, number[]> = { 'HTML of a drop': [], 'its first script, brotli': [] };
  for (let round = 0; round < rounds; round++) {
    for (const [arm, target] of [
      ['HTML of a drop', path],
      ['its first script, brotli', scripts[0]!],
    ] as const) {
      const headers = { 'accept-encoding': 'gzip, deflate, br' };
      const url = `${site.server.url}${target}`;
      const result = await autocannon({ url, connections, duration: secondsARound, headers });
      if (result.non2xx > 0) throw new Error(`${target}: ${result.non2xx} answers were no success`);
      rates[arm]!.push(result.requests.average);
    }
  }
  return rates;
}

async function inABrowser(site: Site) {
  const window = await Window.open();
  try {
    const paints: number[] = [];
    const shifts: number[] = [];
    const { saleId } = await openDrop(site.server, 5);
    for (let round = 0; round < rounds; round++) {
      const page = await window.person(site.server.url);
      const devtools = await page.context().newCDPSession(page);
      await devtools.send('Emulation.setCPUThrottlingRate', { rate: 4 });
      await page.goto(`/drops/${saleId}`);
      await page.getByRole('button', { name: 'Join the line' }).waitFor();
      paints.push(
        Number(await page.evaluate('performance.getEntriesByName("first-contentful-paint")[0].startTime')),
      );
      shifts.push(await layoutShift(page));
      await page.context().close();
    }
    return [
      seriesOf('first paint, processor / 4', 'ms', paints),
      seriesOf('layout shift', '', shifts),
      ...(await openForMinutes(site, window)),
    ];
  } finally {
    await window.close();
  }
}

/** A page that stays open, and what it costs by the minute. */
interface Kept {
  readonly name: string;
  readonly page: Page;
  readonly devtools: CDPSession;
  readonly heapMiB: number[];
  readonly lateFrames: number[];
  readonly p99Ms: number[];
  received: number;
}

async function openForMinutes(site: Site, window: Window) {
  const people = minutes * 60 * positionsPerSecond + 600;
  const drop = await openDrop(site.server, people, {
    sale: queueing({ releasePerSecond: positionsPerSecond, activeLimit: 1 }),
  });
  for (let done = 0; done < people; done += 32) {
    const joined = Array.from({ length: 32 }, async () => {
      const who = await guest(site.server);
      await expected(site.server, `POST /v1/sales/${drop.saleId}/tickets`, 201, { who, body: {} });
    });
    await Promise.all(joined);
  }
  const kept = [
    await open(window, site, 'drop page', (page) => queue(page, drop)),
    await open(window, site, 'console', (page) => watch(page, site, drop), 'desktop'),
  ];
  // The first minute is that of a line that stands.
  for (let minute = 0; minute <= minutes; minute++) {
    if (minute === 1) await setActiveLimit(site, drop, 1_000_000);
    await new Promise((resolve) => setTimeout(resolve, 60_000));
    for (const each of kept) await read(each);
    if (minute === 0) for (const each of kept) each.received = 0;
  }
  return kept.flatMap((each) => seriesOfPage(each));
}

function seriesOfPage({ name, heapMiB, lateFrames, p99Ms, received }: Kept) {
  const perSecond = received / minutes / 60;
  return [
    seriesOf(`${name}: frames received`, 'a second', [perSecond]),
    seriesOf(`${name}: heap, line stands`, 'MiB', heapMiB.slice(0, 1)),
    seriesOf(`${name}: heap, first minute`, 'MiB', heapMiB.slice(1, 2)),
    seriesOf(`${name}: heap, last minute`, 'MiB', heapMiB.slice(-1)),
    seriesOf(`${name}: late frames, line stands`, 'a minute', lateFrames.slice(0, 1)),
    seriesOf(`${name}: late frames, line moves`, 'a minute', lateFrames.slice(1)),
    seriesOf(`${name}: time between frames, p99`, 'ms', p99Ms.slice(1)),
  ];
}

async function open(
  window: Window,
  site: Site,
  name: string,
  go: (page: Page) => Promise<void>,
  size: 'phone' | 'desktop' = 'phone',
): Promise<Kept> {
  const page = await window.person(site.server.url, { size });
  const devtools = await page.context().newCDPSession(page);
  const kept: Kept = {
    ...{ name, page, devtools, heapMiB: [], lateFrames: [], p99Ms: [], received: 0 },
  };
  page.on('websocket', (socket) => socket.on('framereceived', () => kept.received++));
  await go(page);
  // The array has its size from the beginning, so that counting costs the page no memory.
  await page.evaluate(`{
    globalThis.gaps = new Float64Array(20_000); globalThis.gapCount = 0;
    let before = performance.now();
    requestAnimationFrame(function next(now) {
      if (gapCount < gaps.length) gaps[gapCount++] = now - before;
      before = now;
      requestAnimationFrame(next);
    });
  }`);
  return kept;
}

async function read({ page, devtools, heapMiB, lateFrames, p99Ms }: Kept): Promise<void> {
  const gaps = (await page.evaluate('Array.from(gaps.subarray(0, gapCount, (gapCount = 0)))')) as number[];
  const sorted = Float64Array.from(gaps).sort();
  lateFrames.push(gaps.filter((gap) => gap > lateMs).length);
  p99Ms.push(quantile(sorted, 0.99));
  await devtools.send('HeapProfiler.collectGarbage');
  const { usedSize } = await devtools.send('Runtime.getHeapUsage');
  heapMiB.push(usedSize / 2 ** 20);
}

async function queue(page: Page, { saleId }: Drop): Promise<void> {
  await join(page, saleId);
  await waitFor(async () => (await numberIn(page, 'People ahead')) > 0);
}

async function watch(page: Page, site: Site, { saleId }: Drop): Promise<void> {
  const [, email, password] = /Admin +(\S+) +password (\S+)/.exec(site.server.banner)!;
  await page.goto(`/signin?next=/ops/drops/${saleId}`);
  await page.getByLabel('Email').fill(email!);
  await page.getByLabel('Password').fill(password!);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL(`**/ops/drops/${saleId}`);
}

async function setActiveLimit(site: Site, { saleId, seller }: Drop, activeLimit: number): Promise<void> {
  const body = { queueing: { activeLimit } };
  await expected(site.server, `PATCH /v1/sales/${saleId}`, 200, { who: seller, body });
}
