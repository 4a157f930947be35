/**
 * `npm run fuzz -- [--seconds N] [--roles nobody,guest,…] [--seed N]`: Schemathesis makes up requests from
 * `/openapi.json` for so many seconds a role, all its phases and checks, against a real server. Each check that fails
 * has a reason in `explanations.ts`, or is printed. Exit code 0: nothing without a reason, or the tool is not
 * installed; 1: something without, or an error in the server's log; 2: bad flags.
 */
import { parseArgs } from 'node:util';
import { whole } from '../support/flags.ts';
import { messagesOf, openSite } from '../system/server.ts';
import { explain } from './explanations.ts';
import { type Role, roles, settle } from './shop.ts';
import { type Finding, type Run, runTool, toolVersion } from './tool.ts';

const flags = {
  seconds: { type: 'string', default: '150' },
  roles: { type: 'string', default: roles.join(',') },
  seed: { type: 'string', default: '1' },
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
  const version = await toolVersion();
  if (version === null) {
    console.error('fuzz: skipped, because schemathesis is not installed (pip install schemathesis)');
    return 0;
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
    return unexplained + errors.length === 0 && server.isRunning ? 0 : 1;
  } finally {
    await site.close();
  }
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
