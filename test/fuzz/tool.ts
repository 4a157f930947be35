/** Schemathesis as a program beside this one: how it is run, and what its report says of each case. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Stranger } from './shop.ts';

const program = 'schemathesis';
/** The others are made up, so that what does not exist is asked for, too. */
const knownShare = 0.7;
/** An administrator who changes its own roles is signed out: that is done to others. */
const alwaysKnown = 'path.accountId';
const outCharsMax = 4_000;

export interface RunOptions {
  readonly seconds: number;
  readonly seed: number;
  readonly filter: readonly string[];
}

/** A check that a case failed. */
export interface Finding {
  readonly check: string;
  readonly phase: string;
  readonly request: string;
  readonly status: number;
  /** The answer's body as text. */
  readonly body: string;
  /** It says when to try again. */
  readonly isRetryable: boolean;
  readonly message: string;
}

export interface Run {
  readonly casesByPhase: Readonly<Record<string, number>>;
  readonly casesByStatus: Readonly<Record<string, number>>;
  readonly findings: readonly Finding[];
}

/** The tool's version, or null when it is not installed. */
export async function toolVersion(): Promise<string | null> {
  const child = spawn(program, ['--version'], { stdio: ['ignore', 'pipe', 'ignore'] });
  let out = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  try {
    const [code] = await once(child, 'close');
    return code === 0 ? out.trim() : null;
  } catch {
    return null;
  }
}

/** All phases and all checks against the document of a running server. */
export async function runTool(url: string, stranger: Stranger, options: RunOptions): Promise<Run> {
  const folder = await mkdtemp(join(tmpdir(), 'doorbuster-fuzz-'));
  try {
    await writeFile(join(folder, 'schemathesis.toml'), settingsOf(stranger));
    const args = ['run', `${url}/openapi.json`, '--phases', 'examples,coverage,fuzzing,stateful'];
    args.push('--checks', 'all', '--workers', '2', '--continue-on-failure', '--max-examples', '10');
    args.push('--max-time', String(options.seconds), '--seed', String(options.seed));
    args.push('--generation-database', 'none', '--suppress-health-check', 'all', '--warnings', 'off');
    args.push('--report', 'ndjson', '--report-ndjson-path', 'report.ndjson', '--output-sanitize', 'false');
    if (stranger.token !== null) args.push('--header', `Authorization: Bearer ${stranger.token}`);
    const child = spawn(program, [...args, ...options.filter], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let out = '';
    child.stdout.on('data', (chunk) => {
      out = (out + chunk).slice(-outCharsMax);
    });
    const kill = () => void child.kill('SIGKILL');
    process.once('exit', kill);
    // 1: some checks failed, which the report says one by one.
    const [code] = await once(child, 'close');
    process.removeListener('exit', kill);
    if (code !== 0 && code !== 1) throw new Error(`${program} ended with ${code}:\n${out}`);
    return await readReport(join(folder, 'report.ndjson'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Texts of JSON are texts of TOML. */
function settingsOf({ known }: Stranger): string {
  const places = Object.entries(known);
  const dictionaries = places.map(
    ([, values], i) => `[dictionaries.d${i}]\nvalues = ${JSON.stringify(values)}`,
  );
  const bindings = places.map(([place], i) => {
    const share = place === alwaysKnown ? 1 : knownShare;
    return `"${place}" = { dictionary = "d${i}", probability = ${share} }`;
  });
  return [...dictionaries, '[parameters]', ...bindings, ''].join('\n');
}

// ---------------------------------------------------------------- the report: one event a line

interface Recorded {
  readonly ScenarioFinished?: { readonly phase: string; readonly recorder: Partial<Recorder> };
}

interface Recorder {
  readonly checks: Readonly<Record<string, readonly Check[]>>;
  readonly interactions: Readonly<Record<string, Interaction>>;
}

interface Check {
  readonly name: string;
  readonly status: string;
  readonly failure_info?: { readonly failure: { readonly title: string; readonly message: string } };
}

interface Interaction {
  readonly request: { readonly method: string; readonly uri: string; readonly body?: Bytes | null };
  readonly response: Response | null;
}

interface Response {
  readonly status_code: number;
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, readonly string[]>>;
  readonly content?: Bytes | null;
}

interface Bytes {
  readonly $base64: string;
}

async function readReport(path: string): Promise<Run> {
  const casesByPhase: Record<string, number> = {};
  const casesByStatus: Record<string, number> = {};
  const findings: Finding[] = [];
  for await (const line of createInterface({ input: createReadStream(path) })) {
    const scenario = (JSON.parse(line) as Recorded).ScenarioFinished;
    if (scenario === undefined) continue;
    const { phase, recorder } = scenario;
    const { interactions = {}, checks = {} } = recorder;
    for (const [id, interaction] of Object.entries(interactions)) {
      const status = interaction.response?.status_code ?? 0;
      casesByPhase[phase] = (casesByPhase[phase] ?? 0) + 1;
      casesByStatus[status] = (casesByStatus[status] ?? 0) + 1;
      for (const check of checks[id] ?? [])
        if (check.status === 'failure') findings.push(findingOf(phase, interaction, check));
    }
  }
  return { casesByPhase, casesByStatus, findings };
}

function findingOf(phase: string, { request, response }: Interaction, check: Check): Finding {
  const failure = check.failure_info?.failure;
  return {
    check: check.name,
    phase,
    request: `${request.method} ${new URL(request.uri).pathname}${new URL(request.uri).search} ${textOf(request.body)}`,
    status: response?.status_code ?? 0,
    body: textOf(response?.content),
    isRetryable: response?.headers['retry-after'] !== undefined,
    message: failure === undefined ? '' : `${failure.title}: ${failure.message}`,
  };
}

function textOf(bytes: Bytes | null | undefined): string {
  return bytes ? Buffer.from(bytes.$base64, 'base64').toString() : '';
}
