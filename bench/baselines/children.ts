/**
 * Child processes of a bench. All of them are ended when the bench ends, in whatever way: by pid, and what a server left
 * running (its embedded PostgreSQL) as well.
 */
import type { ChildProcess } from 'node:child_process';

const endings = new Set<() => void>();

process.on('exit', () => {
  for (const end of endings) end();
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130));

/** `end` is called when the bench ends before the function that is answered was called. */
export function onBenchEnd(end: () => void): () => void {
  endings.add(end);
  return () => void endings.delete(end);
}

/** The child's exit code, when it has ended. A bench that ends first sends it the signal. */
export async function whileChild(
  child: ChildProcess,
  signal: NodeJS.Signals = 'SIGKILL',
): Promise<number | null> {
  const forget = onBenchEnd(() => void child.kill(signal));
  try {
    return await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
  } finally {
    forget();
  }
}

export function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has gone by itself.
  }
}
