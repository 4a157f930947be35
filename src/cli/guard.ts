/**
 * `npm start`: the server's parent. A crash of the whole process (a native abort, kill -9, out of memory) is answered
 * by a fresh one, which recovers from the journal. A server that stops, or refuses to start, is left alone.
 *
 * 1. SIGTERM and SIGINT are passed on, and the server's exit code is ours.
 * 2. A server that dies too often is not started again: something is wrong that a restart does not mend.
 * 3. When this process dies, the server notices (its channel closes) and stops in order.
 * 4. A signal to npm reaches this process because its script is `exec node`. Where it stays with a shell in between, or
 *    npm is killed, this process finds itself with another parent, and stops as if the signal had come.
 */

import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { isUnderNpm } from '../environment.ts';

const crashesMax = 5;
const crashWindowMs = 60_000;
const lookAtParentEveryMs = 250;

const crashes: number[] = [];
let isStopping = false;
let child: ChildProcess = start();

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop(signal));
if (isUnderNpm) watchParent(process.ppid);

function stop(signal: 'SIGTERM' | 'SIGINT'): void {
  isStopping = true;
  child.kill(signal);
}

/** Without npm there is no such watch: a shell may end and leave its programs running. */
function watchParent(parent: number): void {
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    stop('SIGTERM');
  }, lookAtParentEveryMs);
}

function start(): ChildProcess {
  const started = fork(fileURLToPath(new URL('../main.ts', import.meta.url)), { stdio: 'inherit' });
  started.once('exit', (code, signal) => onExit(code, signal));
  return started;
}

/** Exit codes up to 3 are the server's own decisions: stopped, cannot start, bad settings, replaced. */
function onExit(code: number | null, signal: NodeJS.Signals | null): void {
  if (isStopping || (code !== null && code <= 3)) process.exit(code ?? 1);
  const now = performance.now();
  crashes.push(now);
  const recent = crashes.filter((atMs) => atMs > now - crashWindowMs);
  process.stderr.write(`doorbuster: the server died (${signal ?? `code ${code}`})\n`);
  if (recent.length > crashesMax) {
    process.stderr.write(`doorbuster: ${recent.length} deaths in a minute: giving up\n`);
    process.exit(1);
  }
  child = start();
}
