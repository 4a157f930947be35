/**
 * A server of any checkout in a process of its own, watched thread by thread. Unlike the tests' server its output goes to a
 * file: nobody who measures should spend his processor on reading an access log.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeDataDir, postmasterOf, removeDataDir, waitFor } from '../../test/system/server.ts';
import type { Watched } from '../cpu/schedstat.ts';
import { kill, onBenchEnd } from './children.ts';

export const repository = fileURLToPath(new URL('../..', import.meta.url));
/** A checkout that was never started builds its pages first. */
const startMsMax = 120_000;
const stopMsMax = 12_000;

export interface OurServer {
  readonly url: string;
  readonly opsUrl: string;
  readonly sandboxUrl: string | null;
  readonly banner: string;
  readonly pid: number;
  readonly dataDir: string;
  /** What `thread-name.ts` writes. */
  readonly threadsFile: string;
  /** With the embedded PostgreSQL, without Redis. */
  watched(): Promise<Watched[]>;
  /** Lines that were logged as warnings or errors, so far. */
  complaints(): string[];
  stop(): Promise<void>;
}

export interface ServerPlan {
  readonly checkout: string;
  readonly tokenSecret: string;
  readonly redisUrl: string | null;
  readonly env: Readonly<Record<string, string>>;
}

export async function startOurs(plan: ServerPlan): Promise<OurServer> {
  const dataDir = await makeDataDir();
  const [out, err, threads] = ['out', 'err', 'threads'].map((name) => join(dataDir, `bench.${name}`)) as [
    string,
    string,
    string,
  ];
  mkdirSync(dataDir, { recursive: true });
  const child = spawn(process.execPath, ['src/main.ts'], {
    cwd: plan.checkout,
    env: environment(plan, dataDir, threads),
    stdio: ['ignore', openSync(out, 'w'), openSync(err, 'w')],
  });
  const forget = onBenchEnd(() => endAtOnce(child, dataDir));
  const banner = await waitFor(() => {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}\n${text(err)}`);
    const said = text(out);
    return /^Doorbuster is ready[\s\S]*Payments .*\n/.test(said) ? said : null;
  }, startMsMax);
  return {
    url: /API +(\S+)\/v1/.exec(banner)![1]!,
    opsUrl: /Operators +(\S+)\/readyz/.exec(banner)![1]!,
    sandboxUrl: /Payments +sandbox[^(]*\((\S+)\)/.exec(banner)?.[1] ?? null,
    banner,
    pid: child.pid!,
    dataDir,
    threadsFile: threads,
    async watched() {
      const postmaster = await postmasterOf(dataDir);
      const nameOf = threadNames(text(threads), child.pid!);
      return [
        { label: 'server', pid: child.pid!, nameOf },
        ...(postmaster ? [{ label: 'postgres', pid: postmaster.pid, isTree: true }] : []),
      ];
    },
    complaints: () =>
      text(err)
        .split('\n')
        .filter((line) => /^\{"level":[456]0/.test(line)),
    async stop() {
      const timer = setTimeout(() => child.kill('SIGKILL'), stopMsMax);
      const ended = new Promise((resolve) => child.once('exit', resolve));
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGTERM');
        await ended;
      }
      clearTimeout(timer);
      await removeDataDir(dataDir);
      forget();
    },
  };
}

function environment({ tokenSecret, redisUrl, env }: ServerPlan, dataDir: string, threads: string) {
  const preload = join(repository, 'bench/cpu/thread-name.ts');
  return {
    PATH: process.env.PATH,
    ...{ PORT: '0', OPS_PORT: '0', DATA_DIR: dataDir, SAMPLE: '0', TOKEN_SECRET: tokenSecret },
    ...(redisUrl === null ? {} : { REDIS_URL: redisUrl }),
    ...{ NODE_OPTIONS: `--import=${preload}`, BENCH_THREADS_FILE: threads },
    ...env,
  };
}

/**
 * `pid tid role-index` a line, as `thread-name.ts` writes them. A role that has one thread needs no number; what has no
 * name is V8's and Node's own: garbage collection, compilation, the pool.
 */
export function threadNames(lines: string, pid: number): (tid: number, comm: string) => string {
  const named = lines
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([of]) => Number(of) === pid)
    .map(([, tid, name]) => [Number(tid), name!] as const);
  const isAlone = (name: string) =>
    new Set(named.filter((one) => roleOf(one[1]) === roleOf(name)).map((one) => one[1])).size === 1;
  const nameByTid = new Map(named.map(([tid, name]) => [tid, isAlone(name) ? roleOf(name) : name]));
  return (tid, comm) => nameByTid.get(tid) ?? (comm === 'libuv-worker' ? 'pool' : 'helpers');
}

const roleOf = (name: string) => name.replace(/-\d+$/, '');

function endAtOnce(child: ChildProcess, dataDir: string): void {
  child.kill('SIGKILL');
  const pid = Number(text(join(dataDir, 'postgres', 'postmaster.pid')).split('\n')[0]);
  if (pid > 1) kill(pid, 'SIGQUIT');
}

function text(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
