/**
 * Loaded before a server (`node --import`), in its threads as well: each says what it is and which thread of the system it
 * runs in, because the system calls all of them `node`. It works with any version of the server. With BENCH_DELAYS=1 each
 * also says, twice a second, how late its event loop was.
 */
import { appendFileSync, readFileSync, readlinkSync, renameSync, writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread, workerData } from 'node:worker_threads';

export const delaysEveryMs = 500;
const resolutionMs = 5;

const file = process.env.BENCH_THREADS_FILE;
if (file !== undefined) {
  const name = workerData?.name as { role: string; index: number } | undefined;
  const role = isMainThread ? 'main' : name ? `${name.role}-${name.index}` : 'worker';
  appendFileSync(file, `${readlinkSync('/proc/thread-self').replace('/task/', ' ')} ${role}\n`);
  if (process.env.BENCH_DELAYS === '1') watchDelays(`${file}.delay.${role}`, `${file}.reset`, role);
}

/** The time between two timers less their distance. A new text in `resetFile` begins anew. */
function watchDelays(to: string, resetFile: string, thread: string): void {
  const delays = monitorEventLoopDelay({ resolution: resolutionMs });
  delays.enable();
  let resetBy = '';
  const late = (ns: number) => Math.max(0, ns / 1e6 - resolutionMs);
  setInterval(() => {
    const asked = readText(resetFile);
    if (asked !== resetBy) {
      resetBy = asked;
      delays.reset();
      return;
    }
    const [p50Ms, p999Ms] = [50, 99.9].map((share) => late(delays.percentile(share)));
    // Whole or not at all: somebody may be reading.
    writeFileSync(`${to}.new`, JSON.stringify({ thread, p50Ms, p999Ms, maxMs: late(delays.max) }));
    renameSync(`${to}.new`, to);
  }, delaysEveryMs).unref();
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
