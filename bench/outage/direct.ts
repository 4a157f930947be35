/** The play itself: the drop runs for a while, the store goes, the store comes back, everything catches up. */
import { setTimeout as wait } from 'node:timers/promises';
import { messagesOf, residentMb } from '../../test/system/server.ts';
import type { Crowd } from '../crowd/run.ts';
import type { Plan } from './flags.ts';
import type { PhaseBook } from './phases.ts';
import type { Scene } from './scene.ts';
import { readBacklog, startWatcher, type Watcher } from './watcher.ts';

export interface Seen {
  readonly samples: Watcher['samples'];
  readonly complaints: readonly string[];
  /** Units that were sold when the store went and when it was back. */
  readonly soldBefore: number;
  readonly soldAtReturn: number;
  /** After the return; null: not within the time given. */
  readonly tablesCaughtUpMs: number | null;
  readonly snapshotsCaughtUpMs: number | null;
  readonly memoryBeforeMb: number;
  readonly memoryAfterMb: number;
  /** Messages of level warn and above from the stop until everything had caught up, with their counts. */
  readonly logged: Readonly<Record<string, number>>;
}

const catchUpMsMax = 180_000;
const memorySamples = 20;
/** Buyers stand in the hall and hold units when the store goes: otherwise nothing would be at stake. */
const holdsFirst = 20;
const holdsWaitMsMax = 60_000;

export async function direct(plan: Plan, scene: Scene, crowd: Crowd, book: PhaseBook): Promise<Seen> {
  const { server } = scene;
  const { moments } = book;
  moments.openedAtMs = performance.now();
  const watcher = startWatcher(server, crowd.ledger, crowd.client);
  try {
    await wait(plan.beforeSeconds * 1_000);
    const holdsByMs = performance.now() + holdsWaitMsMax;
    while (crowd.ledger.holds.length < holdsFirst && performance.now() < holdsByMs) await wait(20);
    const memoryBeforeMb = residentMb(server.pid);
    const linesBefore = messagesOf(server.log(), 40).length;
    const soldBefore = crowd.stage.sold;

    watcher.phase = 'away';
    moments.stoppingAtMs = performance.now();
    await scene.stopStore();
    moments.awayAtMs = performance.now();
    await wait(plan.seconds * 1_000);
    moments.returningAtMs = performance.now();
    await scene.startStore();
    moments.backAtMs = performance.now();
    watcher.phase = 'after';
    const soldAtReturn = crowd.stage.sold;

    const [tablesCaughtUpMs, snapshotsCaughtUpMs] = await catchUp(server.opsUrl, moments.backAtMs);
    const logged = countMessages(messagesOf(server.log(), 40).slice(linesBefore));
    // The crowd goes on meanwhile: the lowest of some seconds is what is really kept.
    await wait(plan.afterSeconds * 1_000 - (performance.now() - moments.backAtMs));
    let memoryAfterMb = Number.POSITIVE_INFINITY;
    for (let sample = 0; sample < memorySamples; sample++) {
      memoryAfterMb = Math.min(memoryAfterMb, residentMb(server.pid));
      await wait(250);
    }
    return {
      samples: watcher.samples,
      complaints: [...watcher.complaints],
      soldBefore,
      soldAtReturn,
      tablesCaughtUpMs,
      snapshotsCaughtUpMs,
      memoryBeforeMb,
      memoryAfterMb,
      logged,
    };
  } finally {
    await watcher.stop();
  }
}

/**
 * Tables have caught up when no frame waits; snapshots, when the oldest unsaved change is younger than the return.
 * Both are measured while the sale goes on.
 */
async function catchUp(opsUrl: string, backAtMs: number): Promise<[number | null, number | null]> {
  let tablesMs: number | null = null;
  let snapshotsMs: number | null = null;
  while (performance.now() - backAtMs < catchUpMsMax && (tablesMs === null || snapshotsMs === null)) {
    const backlog = await readBacklog(opsUrl).catch(() => null);
    const sinceMs = performance.now() - backAtMs;
    if (backlog?.lagFrames === 0) tablesMs ??= sinceMs;
    if (backlog && backlog.snapshotAgeSeconds * 1_000 < sinceMs) snapshotsMs ??= sinceMs;
    await wait(50);
  }
  return [tablesMs, snapshotsMs];
}

function countMessages(lines: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const line of lines) {
    const { msg } = JSON.parse(line) as { msg: string };
    counts[msg] = (counts[msg] ?? 0) + 1;
  }
  return counts;
}
