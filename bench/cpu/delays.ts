/** Event-loop delays of each thread of a server that was started with BENCH_DELAYS=1 (`thread-name.ts` writes them). */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { delaysEveryMs } from './thread-name.ts';

export interface Delay {
  readonly thread: string;
  readonly p50Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
}

interface Threads {
  readonly threadsFile: string;
}

/** Counts from here on. */
export async function resetDelays({ threadsFile }: Threads): Promise<void> {
  writeFileSync(`${threadsFile}.reset`, String(Date.now()));
  await wait(2 * delaysEveryMs);
}

export function readDelays({ threadsFile }: Threads): Delay[] {
  const prefix = `${basename(threadsFile)}.delay.`;
  return readdirSync(dirname(threadsFile))
    .filter((name) => name.startsWith(prefix))
    .map((name) => JSON.parse(readFileSync(join(dirname(threadsFile), name), 'utf8')) as Delay)
    .sort((a, b) => b.p999Ms - a.p999Ms);
}
