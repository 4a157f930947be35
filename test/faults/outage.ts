/** What the outages of stores have in common: windows, first signs of life, memory and the noise in the log. */
import { setTimeout as wait } from 'node:timers/promises';
import { readMetrics } from '../system/metrics.ts';
import { messagesOf, residentMb } from '../system/server.ts';
import { call } from '../system/shop.ts';
import { quantile, type Window, type WindowKind } from './ledger.ts';
import type { Round } from './round.ts';

/** The service goes on within this time after the store's return. */
export const resumeMsMax = 2_000;
const memoryGrowthMbMax = 150;
/** An outage that lasts so long must be seen by operators. */
const seenAfterSeconds = 3;
/** Lines in the log that one second of outage may cost at most. */
const linesPerSecondMax = 30;

/** A sale that is still going when the outage ends. */
export const longDrop = (seconds: number) => ({
  buyers: 110,
  units: 40,
  releasePerSecond: Math.max(1, Math.round(30 / (seconds + 3))),
});

export interface OutageParts {
  readonly name: string;
  readonly seconds: number;
  readonly kind: WindowKind;
  /** 2 s unless told otherwise. */
  readonly resumeMsMax?: number;
  begin(): Promise<void>;
  end(): Promise<void>;
}

export async function outage(round: Round, parts: OutageParts): Promise<Window> {
  const { world, ledger } = round;
  const beforeMb = residentMb(world.server.pid);
  const linesBefore = lines(round);
  await parts.begin();
  const window = ledger.openWindow(parts.name, parts.kind);
  await wait(parts.seconds * 1_000);
  const isServing = parts.kind === 'serving';
  // Short outages pass before anybody need be called.
  if (!isServing && parts.seconds >= seenAfterSeconds) await mustShow(round, parts.name);
  window.untilMs = performance.now();
  await parts.end();
  const backAtMs = performance.now();
  round.note('away s', parts.seconds);
  if (!isServing && !ledger.within(window).some(({ status }) => status === 503))
    round.fail(`${parts.name}: nobody was refused, so nothing was tested`);
  if (!isServing) await firstSign(round, backAtMs, parts.resumeMsMax);
  const grownMb = residentMb(world.server.pid) - beforeMb;
  round.note('memory grew MB', grownMb);
  if (grownMb > memoryGrowthMbMax) round.fail(`memory grew by ${Math.round(grownMb)} MB`);
  const perSecond = (lines(round) - linesBefore) / parts.seconds;
  round.note('log lines/s', perSecond);
  if (perSecond > linesPerSecondMax) round.fail(`${Math.round(perSecond)} warnings a second in the log`);
  return window;
}

/** Operators see it: not ready, for a reason, and at least one line in the log. */
async function mustShow(round: Round, name: string): Promise<void> {
  const { server } = round.world;
  const { status, body } = await call({ url: server.opsUrl }, 'GET /readyz');
  const failed = Object.entries((body?.checks ?? {}) as Record<string, { status: string }>)
    .filter(([, check]) => check.status !== 'ok')
    .map(([check]) => check);
  round.note('readyz', status === 503 ? `not ready: ${failed.join('+')}` : String(status));
  if (status !== 503) round.fail(`${name}: readyz says ${status}`);
  if (lines(round) === 0) round.fail(`${name}: not a line in the log`);
}

const lines = ({ world }: Round) => messagesOf(world.server.log(), 40).length;

/** The first new acknowledgement after the store's return. */
export async function firstSign(round: Round, backAtMs: number, limitMs = resumeMsMax): Promise<void> {
  const isSign = ({ isNew, sentAtMs, tookMs }: { isNew: boolean; sentAtMs: number; tookMs: number }) =>
    isNew && sentAtMs + tookMs >= backAtMs;
  while (!round.ledger.attempts.some(isSign)) {
    if (performance.now() - backAtMs > 20_000)
      throw new Error('no acknowledgement within 20 s of the return');
    await wait(10);
  }
  const tookMs = performance.now() - backAtMs;
  round.note('resumed after ms', tookMs);
  if (tookMs > limitMs) round.fail(`resumed ${Math.round(tookMs)} ms after the return`);
}

/** What was acknowledged in the window, by kind: the sale goes on. */
export function mustGoOn(round: Round, window: Window): void {
  const attempts = round.ledger.within(window).filter(({ isNew }) => isNew);
  const taken = attempts.map(({ tookMs }) => tookMs);
  round.note('acknowledged meanwhile', attempts.length);
  round.note('their p99 ms', quantile(taken, 0.99));
  for (const action of ['hold', 'checkout'])
    if (!attempts.some((attempt) => attempt.action === action))
      round.fail(`${window.name}: no ${action} was possible`);
}

/** Waits until the tables have caught up, and says how long it took. */
export async function untilCaughtUp(round: Round): Promise<void> {
  const startedAtMs = performance.now();
  for (;;) {
    const metrics = await readMetrics(round.world.server.opsUrl);
    if (metrics.value('doorbuster_projection_lag_frames') === 0) break;
    if (performance.now() - startedAtMs > 60_000) throw new Error('the tables did not catch up in 60 s');
    await wait(50);
  }
  round.note('caught up after ms', performance.now() - startedAtMs);
}
