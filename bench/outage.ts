/**
 * `npm run outage -- --store redis --seconds 60`: a crowd at a real drop, and in the middle of it one of the stores goes
 * away and comes back. The crowd and this program are outside; stores and server are processes of their own.
 */
import { writeFileSync } from 'node:fs';
import { whyNoRedis } from '../test/persistence/support.ts';
import { isAlive } from '../test/system/server.ts';
import { reportText } from './crowd/report.ts';
import { runCrowd } from './crowd/run.ts';
import { direct, type Seen } from './outage/direct.ts';
import { crowdOptionsOf, type Plan, readPlan, usage } from './outage/flags.ts';
import { PhaseBook } from './outage/phases.ts';
import { checkRules, type OutageReport, outageText } from './outage/report.ts';
import { openScene } from './outage/scene.ts';

const exitCodes = { kept: 0, broken: 1, badFlags: 2 } as const;

async function run(plan: Plan): Promise<OutageReport> {
  const scene = await openScene(plan.store);
  try {
    const { server } = scene;
    const book = new PhaseBook();
    let seen: Seen | null = null;
    const crowd = await runCrowd(crowdOptionsOf(plan, server.url, server.opsUrl), process.stderr, {
      onAttempt: (attempt) => book.note(attempt),
      async onOpen(open) {
        seen = await direct(plan, scene, open, book);
      },
    });
    const { backAtMs } = book.moments;
    const sinceBack = (atMs: number | null) => (atMs === null ? null : Math.max(0, atMs - backAtMs));
    return {
      plan,
      phases: book.rows(performance.now()),
      firstNewMs: sinceBack(book.firstNewAtMs),
      firstBrowseMs: sinceBack(book.firstBrowseAtMs),
      seen: seen!,
      isSameServer: server.isRunning && isAlive(server.pid),
      crowd,
    };
  } finally {
    await scene.close();
  }
}

async function main(): Promise<number> {
  let plan: Plan | null;
  try {
    plan = readPlan(process.argv.slice(2));
  } catch (error) {
    for (const line of String((error as Error).message).split('\n')) console.error(`outage: ${line}`);
    return exitCodes.badFlags;
  }
  if (plan === null) {
    console.log(usage);
    return exitCodes.kept;
  }
  const reason = whyNoRedis();
  if (reason !== null) {
    console.error(`outage: ${reason}`);
    return exitCodes.badFlags;
  }
  const report = await run(plan);
  console.log(reportText(report.crowd));
  console.log(outageText(report));
  if (plan.json !== null) writeFileSync(plan.json, `${JSON.stringify(report, null, 2)}\n`);
  return checkRules(report).every(({ isKept }) => isKept) ? exitCodes.kept : exitCodes.broken;
}

process.exitCode = await main();
