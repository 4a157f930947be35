/**
 * `npm run sim -- --seeds 1000 [--from N] [--seed N] [--steps N] [--mutant NAME] [--trace] [--json]`
 *
 * Exit code 1 when a promise was broken; then the first failing seed is run again and the end of its story printed
 * (with `--seed N --trace`: all of it).
 */
import { parseArgs } from 'node:util';
import { mutants } from './mutants.ts';
import { type RunOptions, type RunResult, runSeed } from './run.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    steps: { type: 'string', default: '200' },
    mutant: { type: 'string' },
    json: { type: 'boolean', default: false },
    trace: { type: 'boolean', default: false },
  },
});

/** Of a failing run: the last things that happened. */
const traceLinesMax = 80;
const progressEvery = 1_000;

const mutantOf = values.mutant === undefined ? () => ({}) : mutants[values.mutant];
if (!mutantOf) throw new Error(`no such mutant; there are ${Object.keys(mutants).join(', ')}`);
function whole(name: 'seeds' | 'from' | 'seed' | 'steps'): number {
  const number = Number(values[name]);
  if (!Number.isSafeInteger(number) || number < 0) throw new Error(`--${name} takes a whole number`);
  return number;
}

const optionsOf = (seed: number): RunOptions => ({
  seed,
  steps: whole('steps'),
  mutant: mutantOf!(),
});

async function explain(seed: number): Promise<RunResult> {
  const lines: string[] = [];
  const result = await runSeed({ ...optionsOf(seed), onTrace: (line) => void lines.push(line) });
  const shown = values.trace ? lines : lines.slice(-traceLinesMax);
  console.log(shown.join('\n'));
  if (result.violation) {
    const { rule, detail, step, atMs } = result.violation;
    console.log(`\nseed ${seed}, step ${step}, ${atMs.toFixed(1)} ms: broken: ${rule}\n${detail}`);
    const mutant = values.mutant ? ` --mutant "${values.mutant}"` : '';
    const length = values.steps === '200' ? '' : ` --steps ${values.steps}`;
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
      if (!values.json) console.log(`seed ${seed}: ${result.violation.rule}`);
    }
    const ran = seed - from + 1;
    if (ran % progressEvery === 0 && ran < seeds)
      console.error(
        `${ran} seeds, ${failures.length} violations, ${total.acknowledgements} acknowledgements`,
      );
  }
  const seconds = (performance.now() - startedAt) / 1000;
  const report = { seeds, seconds, violations: failures.length, ...total };
  if (values.json)
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

if (values.seed !== undefined) {
  const result = await explain(whole('seed'));
  console.log(`journal ${result.journalHash}\nstate   ${result.stateHash}`);
  if (result.violation) process.exitCode = 1;
} else await many(whole('from'), whole('seeds'));
