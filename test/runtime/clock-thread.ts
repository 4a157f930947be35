/** A thread that finds times in its journal, many of them, while others do the same. Says how often time went back. */
import { parentPort, workerData } from 'node:worker_threads';
import { type EngineTime, startClock } from '../../src/runtime/clock.ts';

const { time, foundMs } = workerData as { time: EngineTime; foundMs: readonly number[] };
const clock = startClock(time);
let wentBack = 0;
let lastMs = 0;
for (const atMs of foundMs) {
  clock.advanceTo(atMs);
  const nowMs = clock.now();
  if (nowMs < lastMs || nowMs < atMs) wentBack++;
  lastMs = nowMs;
}
parentPort!.postMessage(wentBack);
