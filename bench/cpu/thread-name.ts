/**
 * Loaded before a server (`node --import`), in its threads as well: each says what it is and which thread of the system it
 * runs in, because the system calls all of them `node`. It works with any version of the server.
 */
import { appendFileSync, readlinkSync } from 'node:fs';
import { isMainThread, workerData } from 'node:worker_threads';

const file = process.env.BENCH_THREADS_FILE;
if (file !== undefined) {
  const name = workerData?.name as { role: string; index: number } | undefined;
  const role = isMainThread ? 'main' : name ? `${name.role}-${name.index}` : 'worker';
  appendFileSync(file, `${readlinkSync('/proc/thread-self').replace('/task/', ' ')} ${role}\n`);
}
