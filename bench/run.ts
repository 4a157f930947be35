/** `npm run bench [-- core|S1|… …] [flags]`: one process a bench, so that none warms up for another. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { whileChild } from './baselines/children.ts';
import { BadFlags } from './flags.ts';
import { type Measurement, machine } from './measure.ts';
import { type BenchOptions, isWhole, readBenchOptions, usage } from './run/options.ts';
import { type Question, writeReport } from './run/report.ts';
import { keepResult } from './run/results.ts';
import { text } from './run/text.ts';

type Bench = () => Promise<{ run(options: BenchOptions): Promise<Measurement> }>;

const benches: Readonly<Record<string, Bench>> = {
  core: () => import('./core.ts'),
  journal: () => import('./journal.ts'),
  recovery: () => import('./recovery.ts'),
  'large-actor': () => import('./large-actor.ts'),
  worker: () => import('./worker.ts'),
  passivation: () => import('./passivation.ts'),
  snapshots: () => import('./snapshots.ts'),
  pages: () => import('./pages.ts'),
  reserve: () => reserve('s1'),
  'reserve-postgres': () => reserve('s1p'),
  'reserve-many': () => reserve('s3'),
  latency: () => import('./latency.ts'),
  drop: () => import('./drop.ts'),
  positions: () => import('./positions.ts'),
  imports: () => import('./imports.ts'),
  search: () => import('./search.ts'),
  reads: () => import('./reads.ts'),
  carts: () => import('./carts.ts'),
  live: () => import('./live-reserve.ts'),
  purchases: () => import('./purchases.ts'),
  growth: () => reserve('s13'),
};

async function reserve(plan: 's1' | 's1p' | 's3' | 's13') {
  const [{ runReserve }, plans] = await Promise.all([import('./reserve.ts'), import('./reserve-plans.ts')]);
  return { run: (options: BenchOptions) => runReserve(plans[plan], options) };
}

/** The questions that have a number, and the benches that answer them. */
const questions: readonly Question[] = [
  { number: 'S1', asks: 'durable reserve over HTTP, one hot SKU', benches: ['reserve'] },
  { number: 'S1p', asks: 'the same, journal in PostgreSQL', benches: ['reserve-postgres'] },
  { number: 'S2', asks: 'the same over a live socket', benches: ['live'] },
  { number: 'S3', asks: '10,000 SKUs, uniform', benches: ['reserve-many'] },
  { number: 'S4', asks: 'latency at half of the peak', benches: ['latency'] },
  { number: 'S5', asks: 'overload', benches: ['latency'] },
  { number: 'S6', asks: 'a million buyers, 1,000 units', benches: ['drop'] },
  { number: 'S7', asks: '18,000 live sockets', benches: ['positions'] },
  { number: 'S8', asks: 'decide, evolve, encode', benches: ['core'] },
  { number: 'S9', asks: 'recovery', benches: ['recovery', 'large-actor'] },
  { number: 'S10', asks: 'the journal alone', benches: ['journal'] },
  { number: 'S11', asks: 'search in 500,000 products', benches: ['search'] },
  { number: 'S12', asks: 'reads over HTTP', benches: ['reads'] },
  { number: 'S13', asks: 'cost of growth', benches: ['growth'] },
  { number: 'S14', asks: 'whole purchases', benches: ['purchases'] },
  { number: 'S15', asks: 'adding to carts', benches: ['carts'] },
  { number: 'S16', asks: 'a catalogue from a file and into a file', benches: ['imports'] },
];

const numbered = Object.fromEntries(
  questions.filter(({ benches: of }) => of.length > 0).map(({ number, benches: of }) => [number, of]),
);

function readOptions(argv: readonly string[]): BenchOptions {
  const known = [...Object.keys(numbered), ...Object.keys(benches)];
  try {
    const options = readBenchOptions(argv, known);
    if (!options.isHelp) return options;
    process.stdout.write(`${usage(known)}\n`);
    process.exit(0);
  } catch (error) {
    if (!(error instanceof BadFlags)) throw error;
    for (const problem of error.problems) process.stderr.write(`bench: ${problem}\n`);
    process.stderr.write(`${usage(known)}\n`);
    process.exit(2);
  }
}

/** The heap is large enough for a million holds, whatever the machine's default is. */
async function runApart(name: string, flags: readonly string[]): Promise<Measurement> {
  const args = ['--max-old-space-size=6144', fileURLToPath(import.meta.url), name, ...flags, '--child'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  // SIGTERM lets it end what it has started.
  const code = await whileChild(child, 'SIGTERM');
  if (code !== 0) throw new Error(`bench ${name} ended with ${code}`);
  return JSON.parse(out) as Measurement;
}

const argv = process.argv.slice(2);
const options = readOptions(argv);
const asked = options.names.length > 0 ? options.names : Object.keys(benches);
const names = [...new Set(asked.flatMap((name) => numbered[name] ?? [name]))];
if (options.isChild) {
  const { run } = await benches[names[0]!]!();
  // Whatever the engine still has going must not keep this process.
  process.stdout.write(JSON.stringify(await run(options)), () => process.exit());
} else if (options.isReport) {
  process.stdout.write(`${writeReport(questions)} is written\n`);
} else {
  const flags = argv.filter((arg) => !options.names.includes(arg));
  const facts = machine();
  if (!options.isJson) process.stdout.write(`${Object.values(facts).join(', ')}\n\n`);
  const measured: Measurement[] = [];
  for (const name of names) {
    const one = await runApart(name, flags).catch((error: Error) => {
      process.stderr.write(`bench: ${error.message}\n`);
      process.exitCode = 1;
      return null;
    });
    if (one === null) continue;
    measured.push(one);
    keepResult(name, isWhole(options), { machine: machine(), measured: one });
    if (!options.isJson) process.stdout.write(`${text(one)}\n`);
  }
  if (options.isJson) process.stdout.write(`${JSON.stringify({ machine: facts, measured }, null, 2)}\n`);
}
