/**
 * `npm start`: the server's parent. A crash of the whole process (a native abort, kill -9, out of memory) is answered
 * by a fresh one, which recovers from the journal. A server that stops, or refuses to start, is left alone.
 *
 * 1. SIGTERM and SIGINT are passed on, and the server's exit code is ours.
 * 2. A server that dies too often is not started again: something is wrong that a restart does not mend.
 * 3. When this process dies, the server notices (its channel closes) and stops in order.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const crashesMax = 5;
const crashWindowMs = 60_000;

const crashes: number[] = [];
let isStopping = false;
let child: ChildProcess = start();

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    isStopping = true;
    child.kill(signal);
  });
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
