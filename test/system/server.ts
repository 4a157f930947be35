/** A real server in a process of its own: free ports, its own data folder, stopped by pid. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const startTimeoutMs = 60_000;

export interface ServerProcess {
  readonly url: string;
  readonly opsUrl: string;
  readonly banner: string;
  readonly pid: number;
  /** Log lines so far. */
  readonly log: () => string;
  /** Sends the signal and waits for the end. */
  end(signal: NodeJS.Signals): Promise<{ code: number | null; tookMs: number }>;
}

/** A folder that the embedded database's own user can reach. */
export async function makeDataDir(): Promise<string> {
  return mkdtemp('/tmp/doorbuster-test-');
}

/** Stops an embedded PostgreSQL that a killed server left behind, then removes the folder. */
export async function removeDataDir(dataDir: string): Promise<void> {
  const pidFile = await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8').catch(() => null);
  const pid = Number(pidFile?.split('\n', 1)[0]);
  if (pid > 0) {
    try {
      process.kill(pid, 'SIGQUIT');
    } catch {
      // It has ended by itself.
    }
    await waitFor(async () => !isAlive(pid), 10_000);
  }
  await rm(dataDir, { recursive: true, force: true });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

export async function startServer(dataDir: string, env: Record<string, string> = {}): Promise<ServerProcess> {
  const child = spawn(process.execPath, ['src/main.ts'], {
    cwd: repository,
    env: {
      PATH: process.env.PATH,
      PORT: '0',
      OPS_PORT: '0',
      DATA_DIR: dataDir,
      SAMPLE: '0',
      LOG_LEVEL: 'info',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let banner = '';
  let log = '';
  child.stdout.on('data', (chunk) => {
    banner += chunk;
  });
  child.stderr.on('data', (chunk) => {
    log = (log + chunk).slice(-200_000);
  });
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`the server did not start\n${log}`)), startTimeoutMs);
    child.stdout.on('data', () => {
      if (!/Operators .*\n[\s\S]*Payments .*\n/.test(banner)) return;
      clearTimeout(timer);
      resolve();
    });
    void exited.then((code) => reject(new Error(`the server ended with ${code}\n${banner}${log}`)));
  });
  return {
    url: /API +(\S+)\/v1/.exec(banner)![1]!,
    opsUrl: /Operators +(\S+)\/readyz/.exec(banner)![1]!,
    banner,
    pid: child.pid!,
    log: () => log,
    end: (signal) => end(child, exited, signal),
  };
}

async function end(
  child: ChildProcess,
  exited: Promise<number | null>,
  signal: NodeJS.Signals,
): Promise<{ code: number | null; tookMs: number }> {
  const startedAtMs = performance.now();
  child.kill(signal);
  const code = await exited;
  return { code, tookMs: performance.now() - startedAtMs };
}

/** Looks again and again until it is so. */
export async function waitFor<Value>(
  look: () => Promise<Value | false | null>,
  timeoutMs = 15_000,
): Promise<Value> {
  const untilMs = performance.now() + timeoutMs;
  for (;;) {
    const value = await look();
    if (value !== false && value !== null) return value as Value;
    if (performance.now() > untilMs) throw new Error('waited in vain');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: an outside client knows the shape by the contract
  readonly body: any;
}

/** One request as an outside client makes it. */
export async function call(
  base: string,
  method: string,
  path: string,
  options: { token?: string; body?: unknown; headers?: Record<string, string> } = {},
): Promise<Answered> {
  const response = await fetch(`${base}${path}`, {
    method,
    headers: {
      ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(options.token ? { authorization: `Bearer ${options.token}` } : {}),
      ...options.headers,
    },
    ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? null : JSON.parse(text) };
}
