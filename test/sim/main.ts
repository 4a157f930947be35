/**
 * `npm run sim -- --seeds 1000 [--from N] [--seed N] [--steps N] [--mutant NAME] [--trace] [--json]`
 *
 * Exit code 1 when a promise was broken; then the first failing seed is run again and the end of its story printed
 * (with `--seed N --trace`: all of it). 2 for flags that it does not know.
 */
import { parseArgs } from 'node:util';
import { whole } from '../support/flags.ts';
import { mutants } from './mutants.ts';
import { type RunOptions, type RunResult, runSeed } from './run.ts';

/** Of a failing run: the last things that happened. */
const traceLinesMax = 80;
const progressEvery = 1_000;
const stepsDefault = 200;

const flags = readFlags();

function readFlags() {
  try {
    const { values } = parseArgs({
      options: {
        seeds: { type: 'string', default: '1000' },
        from: { type: 'string', default: '1' },
        seed: { type: 'string' },
        steps: { type: 'string', default: String(stepsDefault) },
        mutant: { type: 'string' },
        json: { type: 'boolean', default: false },
        trace: { type: 'boolean', default: false },
      },
    });
    const { seeds, from, seed, steps, mutant, json, trace } = values;
    if (mutant !== undefined && !mutants[mutant])
      throw new Error(`no such mutant; there are ${Object.keys(mutants).join(', ')}`);
    return {
      ...{ seeds: whole(seeds, 'seeds'), from: whole(from, 'from'), steps: whole(steps, 'steps') },
      ...{ seed: seed === undefined ? null : whole(seed, 'seed'), mutant, json, trace },
    };
  } catch (error) {
    console.error(`sim: ${(error as Error).message}`);
    process.exit(2);
  }
}

const optionsOf = (seed: number): RunOptions => ({
  seed,
  steps: flags.steps,
  mutant: flags.mutant === undefined ? {} : mutants[flags.mutant]!(),
});

async function explain(seed: number): Promise<RunResult> {
  const lines: string[] = [];
  const result = await runSeed({ ...optionsOf(seed), onTrace: (line) => void lines.push(line) });
  const shown = flags.trace ? lines : lines.slice(-traceLinesMax);
  console.log(shown.join('\n'));
  if (result.violation) {
    const { rule, detail, step, atMs } = result.violation;
    console.log(`\nseed ${seed}, step ${step}, ${atMs.toFixed(1)} ms: broken: ${rule}\n${detail}`);
    const mutant = flags.mutant ? ` --mutant "${flags.mutant}"` : '';
    const length = flags.steps === stepsDefault ? '' : ` --steps ${flags.steps}`;
    console.log(`again: npm run sim -- --seed ${seed} --trace${length}${mutant}`);
  }
  return result;
}

async function many(from: number, seeds: number): Promise<void> {
  const startedAt = performance.now();
  const total: Record<string, number> = {};
  const failures: RunResult[] = [];
  const add = (what: string, by: number) => {
    total[what] = (total[what] ?? 0) + by;
  };
  for (let seed = from; seed < from + seeds; seed++) {
    const result = await runSeed(optionsOf(seed));
    add('steps', result.steps);
    add('frames', result.frames);
    add('events', result.events);
    add('acknowledgements', result.acknowledgements);
    add('answers compared', result.compared);
    add('virtual hours', result.virtualMs / 3_600_000);
    for (const [what, times] of Object.entries(result.counts)) add(what, times);
    if (result.violation) {
      failures.push(result);
      if (!flags.json) console.log(`seed ${seed}: ${result.violation.rule}`);
    }
    const ran = seed - from + 1;
    if (ran % progressEvery === 0 && ran < seeds)
      console.error(
        `${ran} seeds, ${failures.length} violations, ${total.acknowledgements} acknowledgements`,
      );
  }
  const seconds = (performance.now() - startedAt) / 1000;
  const report = { seeds, seconds, violations: failures.length, ...total };
  if (flags.json)
    console.log(
      JSON.stringify({ ...report, failures: failures.map(({ seed, violation }) => ({ seed, violation })) }),
    );
  else {
    for (const [what, value] of Object.entries(report))
      console.log(`${what.padEnd(44)} ${Number(value.toFixed(1))}`);
    if (failures[0]) await explain(failures[0].seed);
  }
  if (failures.length > 0) process.exitCode = 1;
}

if (flags.seed !== null) {
  const result = await explain(flags.seed);
  console.log(`journal ${result.journalHash}\nstate   ${result.stateHash}`);
  if (result.violation) process.exitCode = 1;
} else await many(flags.from, flags.seeds);
