/**
 * Server time in the browser, whatever its own clock says. Time limits are shown by it.
 *
 * 1. What the server says reaches us late by the way it took: of several, the one that makes the server's clock latest
 *    is the nearest.
 * 2. It goes on by the browser's monotonic clock, which nobody sets; after a sleep it is heard of anew.
 */
import { signal } from '@preact/signals';
import { isBrowser } from './browser.ts';

/** Server milliseconds at which `performance.now()` was 0; null: nothing was heard yet. */
let originMs: number | null = null;
const seenMax = 60_000;
const farOffMs = 3_000;
let heardAtMs = 0;

export function hearServerTime(iso: string | null | undefined): void {
  const serverMs = iso ? Date.parse(iso) : Number.NaN;
  if (Number.isNaN(serverMs)) return;
  const heardMs = performance.now();
  const candidate = serverMs - heardMs;
  const isOld = heardMs - heardAtMs > seenMax;
  if (originMs !== null && !isOld && candidate <= originMs) return;
  originMs = candidate;
  heardAtMs = heardMs;
}

/** `Date` of an answer: a second is its step, so it counts where nothing better is known, or the clock is far off. */
export function hearServerDate(header: string | null): void {
  const serverMs = Date.parse(header ?? '') + 500;
  if (Number.isNaN(serverMs)) return;
  const candidate = serverMs - performance.now();
  if (originMs === null || Math.abs(candidate - originMs) > farOffMs) originMs = candidate;
}

/** Milliseconds since 1970 by the server's clock. */
export function serverNow(): number {
  return originMs === null ? Date.now() : originMs + performance.now();
}

/** Changes four times a second while the page is shown: whoever shows a time reads it. */
export const tick = signal(0);

function moveOn(): void {
  if (!document.hidden) tick.value++;
}

if (isBrowser) {
  setInterval(moveOn, 250);
  document.addEventListener('visibilitychange', moveOn);
}
