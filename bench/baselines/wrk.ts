/** One run of `wrk`, the load generator that costs least: 9 to 12 us a request, where one in JavaScript costs 60. */
import { spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { whileChild } from './children.ts';

/** What a load generator tells of a run. */
export interface LoadFigures {
  /** Answered with success. */
  readonly requests: number;
  readonly seconds: number;
  /** Answered with another status, and connections that broke or stayed silent. */
  readonly errors: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
}

export interface WrkResult extends LoadFigures {
  readonly maxMs: number;
}

export interface WrkRun {
  readonly url: string;
  readonly connections: number;
  readonly seconds: number;
  /** Beside this file. */
  readonly script: string;
  readonly args: readonly string[];
}

/** null when wrk can be started here, otherwise why not. */
export function whyNoWrk(): string | null {
  // It has no --version that ends well: it is there when it can be started at all.
  return spawnSync('wrk', ['--version']).error ? 'wrk is not installed (apt-get install wrk)' : null;
}

export async function runWrk({ url, connections, seconds, script, args }: WrkRun): Promise<WrkResult> {
  const file = fileURLToPath(new URL(`./${script}`, import.meta.url));
  const flags = [
    '-t1',
    `-c${connections}`,
    `-d${seconds}s`,
    '--timeout',
    '20s',
    '-s',
    file,
    url,
    '--',
    ...args,
  ];
  const child = spawn('wrk', flags, { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
    // A script that has nothing more to send says so.
    if (out.includes('\nENDED\n')) child.kill('SIGINT');
  });
  const code = await whileChild(child);
  if (code !== 0) throw new Error(`wrk ended with ${code}: ${out}`);
  return parseWrk(out);
}

/** What the script's `done` printed. */
export function parseWrk(out: string): WrkResult {
  const [, json] = /^BENCH (\{.*\})$/m.exec(out) ?? [];
  if (json === undefined) throw new Error(`wrk said nothing of its requests: ${out}`);
  const said = JSON.parse(json) as Record<string, number>;
  return {
    requests: said.requests! - said.statusErrors!,
    seconds: said.durationUs! / 1e6,
    errors: said.statusErrors! + said.socketErrors!,
    p50Ms: said.p50Us! / 1e3,
    p99Ms: said.p99Us! / 1e3,
    p999Ms: said.p999Us! / 1e3,
    maxMs: said.maxUs! / 1e3,
  };
}
