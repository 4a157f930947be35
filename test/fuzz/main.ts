/**
 * `npm run fuzz -- [--seconds N] [--roles nobody,guest,…] [--images N] [--lines N] [--seed N]`: so many mutated lines of
 * imports and so many mutated images are sent to a real server (`import-lines.ts`, `images.ts`), whose gateways' turns are
 * watched; then Schemathesis makes up requests from `/openapi.json` for so many seconds a role, all its phases and checks.
 * Each check that fails has a reason in `explanations.ts`, or is printed. `--roles none`, `--images 0` and `--lines 0` leave
 * a part out. Exit code 0: nothing without a reason; 1: something without, an error in the server's log, or a gateway that
 * was held up; 2: bad flags. Where the tool is not installed its part is skipped.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { temporaryFolder } from '../persistence/support.ts';
import { whole } from '../support/flags.ts';
import { messagesOf, openSite, type ServerProcess } from '../system/server.ts';
import { explain } from './explanations.ts';
import { fuzzImages } from './images.ts';
import { fuzzImports } from './import-lines.ts';
import { type Role, roles, settle } from './shop.ts';
import { type Finding, type Run, runTool, toolVersion } from './tool.ts';
import { readTurns } from './turns.ts';

const flags = {
  seconds: { type: 'string', default: '150' },
  roles: { type: 'string', default: roles.join(',') },
  images: { type: 'string', default: '10000' },
  seed: { type: 'string', default: '1' },
  lines: { type: 'string', default: '1000000' },
} as const;

const unexplainedShown = 20;
/** No request is refused for its number. */
const noLimits = { RATE_ACCOUNT_PER_SECOND: '1000000', RATE_ACCOUNT_BURST: '1000000', LOG_LEVEL: 'warn' };
const endsSession = '^/v1/auth/(?:logout|register)$';

/** Which operations: those with a token do not end its session, but for the one that is there to leave. */
function filterOf(role: Role): string[] {
  if (role === 'nobody') return [];
  return [role === 'leaving' ? '--include-path-regex' : '--exclude-path-regex', endsSession];
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: flags });
  // A token lives fifteen minutes.
  const seconds = whole(values.seconds, 'seconds', 800);
  const seed = whole(values.seed, 'seed', 1_000_000);
  const chosen = roles.filter((role) => values.roles.split(',').includes(role));
  const images = whole(values.images, 'images', 1_000_000);
  const lines = whole(values.lines, 'lines', 100_000_000);
  const found =
    (lines > 0 ? await watched((server) => sendLines(server, lines, seed)) : 0) +
    (images > 0 ? await watched((server) => sendImages(server, images, seed)) : 0);
  const version = chosen.length === 0 ? null : await toolVersion();
  if (version === null) {
    if (chosen.length > 0)
      console.error('fuzz: skipped, because schemathesis is not installed (pip install schemathesis)');
    return found === 0 ? 0 : 1;
  }
  console.error(`fuzz: ${version}, ${seconds} s for each of ${chosen.join(', ')}`);
  const site = await openSite(noLimits);
  try {
    const server = await site.start();
    let unexplained = 0;
    let cases = 0;
    for (const role of chosen) {
      const stranger = await settle(server, role);
      const run = await runTool(server.url, stranger, { seconds, seed, filter: filterOf(role) });
      unexplained += print(role, run);
      cases += total(run.casesByPhase);
    }
    const errors = messagesOf(server.log(), 50);
    for (const line of errors) console.log(`in the log: ${line}`);
    console.log(
      `${cases} cases, ${unexplained} findings without a reason, ${errors.length} errors in the log`,
    );
    return found + unexplained + errors.length === 0 && server.isRunning ? 0 : 1;
  } finally {
    await site.close();
  }
}

const turnsModule = new URL('./turns.ts', import.meta.url).href;

/** Runs the work with a server whose gateways are watched. Answers with how much was wrong; the work with what was strange. */
async function watched(work: (server: ServerProcess) => Promise<readonly string[]>): Promise<number> {
  const folder = await temporaryFolder();
  const turnsFile = join(folder, 'turns');
  const watching = { NODE_OPTIONS: `--import=${turnsModule}`, TURNS_FILE: turnsFile };
  const site = await openSite({ ...noLimits, ...watching });
  try {
    const server = await site.start();
    const startedAtMs = performance.now();
    const strange = await work(server);
    console.log(`  in ${Math.round((performance.now() - startedAtMs) / 1_000)} s`);
    for (const line of strange.slice(0, unexplainedShown)) console.log(`  ${line}`);
    const errors = messagesOf(server.log(), 50);
    for (const line of errors) console.log(`in the log: ${line}`);
    const turns = readTurns(turnsFile);
    for (const { thread, longestMs, long } of turns)
      console.log(
        `  ${thread}: its longest turn took ${longestMs.toFixed(1)} ms, ${long} took more than 20 ms`,
      );
    const stalled = turns.length === 0 ? 1 : turns.reduce((sum, { long }) => sum + long, 0);
    return strange.length + errors.length + stalled + (server.isRunning ? 0 : 1);
  } finally {
    await site.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function sendLines(server: ServerProcess, count: number, seed: number): Promise<readonly string[]> {
  console.error(`fuzz: ${count} mutated lines of imports`);
  const { lines, taken, refused, strange } = await fuzzImports(server, count, seed);
  console.log(`imports: ${count} mutated lines, ${lines} read, ${taken} taken, ${refused} refused by number`);
  return strange;
}

async function sendImages(server: ServerProcess, count: number, seed: number): Promise<readonly string[]> {
  console.error(`fuzz: ${count} mutated images`);
  const { countByStatus, strange } = await fuzzImages(server, count, seed);
  const answers = [...countByStatus].map(([status, times]) => `${status} ${times}`).join(', ');
  console.log(`images: ${count} (${answers})`);
  return strange;
}

/** Returns how many findings have no reason. */
function print(role: Role, { casesByPhase, casesByStatus, findings }: Run): number {
  const listed = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ');
  console.log(`${role}: ${total(casesByPhase)} cases (${listed(casesByPhase)})`);
  console.log(`  answers: ${listed(casesByStatus)}`);
  const byReason = Map.groupBy(findings, explain);
  for (const [why, { length }] of byReason) if (why !== null) console.log(`  ${length} x ${why}`);
  const unexplained = byReason.get(null) ?? [];
  for (const finding of firstOfEach(unexplained)) console.log(`  UNEXPLAINED ${textOf(finding)}`);
  return unexplained.length;
}

/** One of each kind is enough to see what is wrong. */
function firstOfEach(findings: readonly Finding[]): Finding[] {
  const kinds = Map.groupBy(findings, ({ check, status, request, body }) =>
    [check, status, request.split(/[ ?]/, 2).join(' '), body.slice(0, 300)].join(' '),
  );
  return [...kinds.values()].map(([first]) => first!).slice(0, unexplainedShown);
}

function textOf({ check, phase, request, status, body, message }: Finding): string {
  return [
    `${check} (${phase})`,
    request.slice(0, 600),
    `${status} ${body.slice(0, 600)}`,
    message.slice(0, 600),
  ].join('\n    ');
}

function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

process.exitCode = await main();
