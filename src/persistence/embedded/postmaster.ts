/**
 * What a PostgreSQL data folder says about the server that runs on it: `postmaster.pid`, line by line
 * (PostgreSQL: src/include/utils/pidfile.h).
 *
 * 1. A pid file alone proves nothing: the process may be gone, a zombie that nobody reaps, or another program that
 *    was given the same number after a reboot.
 */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

interface Postmaster {
  readonly pid: number;
  readonly port: number;
  /** `starting`, `stopping`, `ready` or `standby`; empty in the first moments. */
  readonly status: string;
}

const pidFile = (folder: string) => join(folder, 'postmaster.pid');

export function readPostmaster(folder: string): Postmaster | null {
  try {
    const lines = readFileSync(pidFile(folder), 'utf8').split('\n');
    const pid = Number(lines[0]);
    // A negative pid is a stand-alone backend's; it serves nobody.
    if (!Number.isInteger(pid) || pid <= 0) return null;
    return { pid, port: Number(lines[3] ?? 0) || 0, status: (lines[7] ?? '').trim() };
  } catch {
    return null;
  }
}

/** Whether the process exists and, where the system can tell, is a PostgreSQL and not a zombie. */
export function isPostgresAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  if (process.platform !== 'linux') return true;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const state = stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3);
    return stat.includes('(postgres)') && state !== 'Z' && state !== 'X';
  } catch {
    return false;
  }
}

/** Removes a pid file whose process is no live PostgreSQL; PostgreSQL itself would refuse to start on some of them. */
export function removeStalePidFile(folder: string): void {
  const found = readPostmaster(folder);
  if (found && !isPostgresAlive(found.pid)) rmSync(pidFile(folder), { force: true });
}

/** Fast shutdown: sessions are ended, a checkpoint is written. Falls back to an immediate one, which recovers at the next start. */
export async function stopPostmaster(folder: string, pid: number, timeoutMs: number): Promise<boolean> {
  const isGone = () => !isPostgresAlive(pid);
  const signal = (name: 'SIGINT' | 'SIGQUIT') => {
    try {
      process.kill(pid, name);
    } catch {
      // It went by itself.
    }
  };
  async function isGoneWithin(limitMs: number): Promise<boolean> {
    const deadlineMs = performance.now() + limitMs;
    while (!isGone()) {
      if (performance.now() > deadlineMs) return false;
      await wait(10);
    }
    return true;
  }
  signal('SIGINT');
  if (await isGoneWithin(timeoutMs)) return true;
  signal('SIGQUIT');
  await isGoneWithin(5_000);
  removeStalePidFile(folder);
  return false;
}
