/**
 * Loaded before a server (`node --import`), in its threads as well: each gateway says, twice a second, what its longest turn
 * of the event loop took of a processor. That is the thread's own doing, however busy the machine is.
 */
import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { workerData } from 'node:worker_threads';

const everyMs = 500;
/** Between two looks there may be several turns: never fewer than one. */
const lookEveryMs = 1;

export interface Turns {
  readonly thread: string;
  readonly longestMs: number;
  /** Beyond 20 ms. */
  readonly long: number;
}

const longMs = 20;
const file = process.env.TURNS_FILE;
const name = workerData?.name as { role: string; index: number } | undefined;
if (file !== undefined && name?.role === 'gateway') watchTurns(`${file}.${name.index}`, name.index);

function watchTurns(to: string, index: number): void {
  let longestMs = 0;
  let long = 0;
  let before = process.threadCpuUsage();
  // The start itself, which loads everything, is no turn of interest.
  let looks = 0;
  setInterval(() => {
    const now = process.threadCpuUsage();
    const ms = (now.user + now.system - before.user - before.system) / 1_000;
    before = now;
    if (looks++ < 1_000) return;
    longestMs = Math.max(longestMs, ms);
    if (ms > longMs) long += 1;
  }, lookEveryMs).unref();
  setInterval(() => {
    const turns: Turns = { thread: `gateway-${index}`, longestMs, long };
    // Whole or not at all: somebody may be reading.
    writeFileSync(`${to}.new`, JSON.stringify(turns));
    renameSync(`${to}.new`, to);
  }, everyMs).unref();
}

export function readTurns(from: string): Turns[] {
  return readdirSync(dirname(from))
    .filter((found) => found.startsWith(basename(from)) && !found.endsWith('.new'))
    .map((found) => JSON.parse(readFileSync(join(dirname(from), found), 'utf8')) as Turns);
}
