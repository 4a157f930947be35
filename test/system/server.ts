/**
 * A real server in a process of its own: free ports, its own data folder, stopped by pid.
 *
 * 1. Ports are chosen by the first start of a site and kept for the later ones, so that clients come back.
 * 2. Whatever a test leaves running is ended by `close`, by pid: the server, and the PostgreSQL that a killed one
 *    left behind. A test process that ends early takes its servers along.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const repository = fileURLToPath(new URL('../..', import.meta.url));
const startTimeoutMs = 60_000;
/** A line a request is in it: the lines of a trouble must not be pushed out by those of a minute's traffic. */
const logCharsMax = 4_000_000;

export interface ServerEnd {
  readonly code: number | null;
  readonly tookMs: number;
}

export interface ServerProcess {
  readonly url: string;
  readonly opsUrl: string;
  /** null with a provider that is no sandbox. */
  readonly sandboxUrl: string | null;
  readonly banner: string;
  readonly pid: number;
  readonly isRunning: boolean;
  /** Log lines so far. */
  readonly log: () => string;
  /** Messages logged as errors. */
  readonly errors: () => string[];
  /** Sends the signal and waits for the end. */
  end(signal: NodeJS.Signals): Promise<ServerEnd>;
}

/** One data folder and one pair of ports, on which a server is started as often as a test wants. */
export interface Site {
  readonly dataDir: string;
  /** The server that was started last. */
  readonly server: ServerProcess;
  start(env?: Record<string, string>): Promise<ServerProcess>;
  /** Ends what runs and removes the folder. */
  close(): Promise<void>;
}

export async function openSite(env: Record<string, string> = {}): Promise<Site> {
  const dataDir = await makeDataDir();
  let current: ServerProcess | null = null;
  let ports: Record<string, string> = {};
  return {
    dataDir,
    get server() {
      if (!current) throw new Error('no server was started here');
      return current;
    },
    async start(more = {}) {
      if (current?.isRunning) throw new Error('a server runs here already');
      current = await startServer(dataDir, { ...ports, ...env, ...more });
      ports = { PORT: new URL(current.url).port, OPS_PORT: new URL(current.opsUrl).port };
      return current;
    },
    async close() {
      if (current?.isRunning) await current.end('SIGKILL');
      await removeDataDir(dataDir);
    },
  };
}

/** A folder that the embedded database's own user can reach. */
export async function makeDataDir(): Promise<string> {
  return mkdtemp('/tmp/doorbuster-test-');
}

/** The embedded PostgreSQL's pid and port, null when it has none: it outlives a killed server. */
export async function postmasterOf(dataDir: string): Promise<{ pid: number; port: number } | null> {
  const lines = await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8').catch(() => null);
  if (lines === null) return null;
  const [pid, , , port] = lines.split('\n').map(Number);
  return { pid: pid!, port: port! };
}

/** Stops an embedded PostgreSQL that a killed server left behind, then removes the folder. */
export async function removeDataDir(dataDir: string): Promise<void> {
  const postmaster = await postmasterOf(dataDir);
  if (postmaster && isAlive(postmaster.pid)) {
    process.kill(postmaster.pid, 'SIGQUIT');
    await waitFor(async () => !isAlive(postmaster.pid), 10_000);
  }
  // Its children may still be writing their last file when the postmaster is gone.
  await rm(dataDir, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

export interface Child {
  readonly process: ChildProcess;
  readonly out: () => string;
  readonly err: () => string;
  readonly isRunning: boolean;
  readonly exited: Promise<number | null>;
}

/** Cut now and then only: each cut copies all of it. */
function kept(text: string): string {
  return text.length > 2 * logCharsMax ? text.slice(-logCharsMax) : text;
}

/** Runs a program of ours with node and this environment only; its output is kept, the last of it when it is long. */
export function runNode(args: readonly string[], env: Record<string, string>): Child {
  const child = spawn(process.execPath, args, {
    cwd: repository,
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  let isRunning = true;
  child.stdout.on('data', (chunk) => {
    out = kept(out + chunk);
  });
  child.stderr.on('data', (chunk) => {
    err = kept(err + chunk);
  });
  const kill = () => void child.kill('SIGKILL');
  process.once('exit', kill);
  const exited = new Promise<number | null>((resolve) => {
    // `close`, not `exit`: the last lines have been read then.
    child.once('close', (code) => {
      isRunning = false;
      process.removeListener('exit', kill);
      resolve(code);
    });
  });
  return {
    process: child,
    out: () => out,
    err: () => err,
    get isRunning() {
      return isRunning;
    },
    exited,
  };
}

/** The environment of a server that disturbs nobody. */
export function quietEnv(dataDir: string): Record<string, string> {
  return { PORT: '0', OPS_PORT: '0', DATA_DIR: dataDir, SAMPLE: '0', LOG_LEVEL: 'info' };
}

/** The environment of a server whose wall clock is that much ahead of ours. */
export function clockAhead(ms: number): Record<string, string> {
  const preload = join(repository, 'test/support/wall-clock.ts');
  return { NODE_OPTIONS: `--import=${preload}`, WALL_CLOCK_OFF_MS: String(ms) };
}

export async function startServer(dataDir: string, env: Record<string, string> = {}): Promise<ServerProcess> {
  const child = runNode(['src/main.ts'], { ...quietEnv(dataDir), ...env });
  await new Promise<void>((resolve, reject) => {
    const fail = (what: string) => reject(new Error(`${what}\n${child.out()}${child.err()}`));
    const timer = setTimeout(() => {
      child.process.kill('SIGKILL');
      fail('the server did not start in time');
    }, startTimeoutMs);
    child.process.stdout!.on('data', () => {
      if (!/^Doorbuster is ready[\s\S]*Payments .*\n/.test(child.out())) return;
      clearTimeout(timer);
      resolve();
    });
    void child.exited.then((code) => {
      clearTimeout(timer);
      fail(`the server ended with ${code}`);
    });
  });
  const banner = child.out();
  return {
    url: /API +(\S+)\/v1/.exec(banner)![1]!,
    opsUrl: /Operators +(\S+)\/readyz/.exec(banner)![1]!,
    sandboxUrl: /Payments +sandbox[^(]*\((\S+)\)/.exec(banner)?.[1] ?? null,
    banner,
    pid: child.process.pid!,
    get isRunning() {
      return child.isRunning;
    },
    log: child.err,
    errors: () => messagesOf(child.err(), 50),
    async end(signal) {
      const startedAtMs = performance.now();
      child.process.kill(signal);
      const code = await child.exited;
      return { code, tookMs: performance.now() - startedAtMs };
    },
  };
}

/** What was logged at this level (40 warn, 50 error) or above. */
export function messagesOf(log: string, levelMin: number): string[] {
  return log
    .split('\n')
    .filter((line) => line.startsWith('{') && line.endsWith('}'))
    .map((line) => JSON.parse(line) as { level: number; msg: string })
    .filter(({ level }) => level >= levelMin)
    .map((line) => JSON.stringify(line));
}

/** Resident memory of a process, in MB. */
export function residentMb(pid: number): number {
  const [, kilobytes] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))!;
  return Number(kilobytes) / 1024;
}

/** Looks again and again until it is so. */
export async function waitFor<Value>(
  look: () => Promise<Value | false | null> | Value | false | null,
  timeoutMs = 30_000,
): Promise<Value> {
  const untilMs = performance.now() + timeoutMs;
  for (;;) {
    const value = await look();
    if (value !== false && value !== null) return value as Value;
    if (performance.now() > untilMs) throw new Error(`not within ${timeoutMs} ms: ${look}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
