/**
 * `npm run crowd`: a crowd of real clients at a real drop, from outside, and the proof that the promises to them were
 * kept. It does NOT measure the server's limits: client and server share the machine, and the client is one process.
 * With `--sale` it comes to a drop that is there already, to be looked at.
 */
import { writeFileSync } from 'node:fs';
import { readOptions, usage } from './crowd/options.ts';
import { isEveryPromiseKept, type Report, reportText } from './crowd/report.ts';
import { runCrowd, Unreachable } from './crowd/run.ts';
import { isVisit, readVisitOptions, visitUsage } from './crowd/visit/options.ts';
import { visitReportText } from './crowd/visit/report.ts';
import { visitSale } from './crowd/visit/run.ts';
import { NoSuchDrop } from './crowd/visit/sale.ts';
import { BadFlags } from './flags.ts';

const exitCodes = { kept: 0, broken: 1, badFlags: 2, unreachable: 3 } as const;

/** null when only the usage was wanted. */
interface Outcome {
  readonly report: Pick<Report, 'promises'>;
  readonly text: string;
  readonly json: string | null;
}

async function main(argv: readonly string[]): Promise<number> {
  try {
    const outcome = isVisit(argv) ? await visit(argv) : await open(argv);
    if (outcome === null) {
      console.log(isVisit(argv) ? visitUsage : usage);
      return exitCodes.kept;
    }
    print(outcome);
    return isEveryPromiseKept(outcome.report) ? exitCodes.kept : exitCodes.broken;
  } catch (error) {
    if (error instanceof BadFlags) {
      for (const problem of error.problems) console.error(`crowd: ${problem}`);
      console.error('crowd: --help shows the flags');
      return exitCodes.badFlags;
    }
    if (!(error instanceof Unreachable || error instanceof NoSuchDrop)) throw error;
    console.error(`crowd: ${error.message}`);
    return exitCodes.unreachable;
  }
}

/** A drop of its own. */
async function open(argv: readonly string[]): Promise<Outcome | null> {
  const options = readOptions(argv);
  if (options === null) return null;
  const report = await runCrowd(options, process.stderr);
  return { report, text: reportText(report), json: options.json };
}

/** A drop that is there. The first Ctrl-C sends everybody home, a second one ends the program. */
async function visit(argv: readonly string[]): Promise<Outcome | null> {
  const options = readVisitOptions(argv);
  if (options === null) return null;
  const report = await visitSale(options, process.stderr, (end) => void process.once('SIGINT', end));
  return { report, text: visitReportText(report), json: options.json };
}

/** With `--json -` standard output is the JSON alone; the text then goes to standard error. */
function print({ report, text, json }: Outcome): void {
  const data = `${JSON.stringify(report, null, 2)}\n`;
  if (json === '-') {
    process.stderr.write(text);
    process.stdout.write(data);
    return;
  }
  process.stdout.write(text);
  if (json !== null) writeFileSync(json, data);
}

process.exitCode = await main(process.argv.slice(2));
