/**
 * `npm run crowd`: a crowd of real clients at a real drop, from outside, and the proof that the promises to them were
 * kept. It does NOT measure the server's limits: client and server share the machine, and the client is one process.
 */
import { writeFileSync } from 'node:fs';
import { BadFlags, type CrowdOptions, readOptions, usage } from './crowd/options.ts';
import { isEveryPromiseKept, type Report, reportText } from './crowd/report.ts';
import { runCrowd, Unreachable } from './crowd/run.ts';

const exitCodes = { kept: 0, broken: 1, badFlags: 2, unreachable: 3 } as const;

async function main(argv: readonly string[]): Promise<number> {
  let options: CrowdOptions | null;
  try {
    options = readOptions(argv);
  } catch (error) {
    if (!(error instanceof BadFlags)) throw error;
    for (const problem of error.problems) console.error(`crowd: ${problem}`);
    console.error('crowd: --help shows the flags');
    return exitCodes.badFlags;
  }
  if (options === null) {
    console.log(usage);
    return exitCodes.kept;
  }
  try {
    const report = await runCrowd(options, process.stderr);
    print(report, options.json);
    return isEveryPromiseKept(report) ? exitCodes.kept : exitCodes.broken;
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    console.error(`crowd: ${error.message}`);
    return exitCodes.unreachable;
  }
}

/** With `--json -` standard output is the JSON alone; the text then goes to standard error. */
function print(report: Report, json: string | null): void {
  const text = reportText(report);
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
