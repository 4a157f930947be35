/** `npm run bench [-- core|journal|… …] [--json]`: one process a bench, so that none warms up for another. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Measurement, machine, text } from './measure.ts';

const benches: Readonly<Record<string, () => Promise<{ run(): Promise<Measurement> }>>> = {
  core: () => import('./core.ts'),
  journal: () => import('./journal.ts'),
  recovery: () => import('./recovery.ts'),
  'large-actor': () => import('./large-actor.ts'),
  worker: () => import('./worker.ts'),
  passivation: () => import('./passivation.ts'),
  snapshots: () => import('./snapshots.ts'),
  pages: () => import('./pages.ts'),
};

function readFlags(): { names: string[]; isJson: boolean; isChild: boolean } {
  try {
    const options = { json: { type: 'boolean' }, child: { type: 'boolean' } } as const;
    const { values, positionals } = parseArgs({ allowPositionals: true, options });
    const unknown = positionals.filter((name) => !(name in benches));
    if (unknown.length > 0) throw new Error(`no such bench: ${unknown.join(', ')}`);
    const names = positionals.length > 0 ? positionals : Object.keys(benches);
    return { names, isJson: values.json ?? false, isChild: values.child ?? false };
  } catch (error) {
    process.stderr.write(
      `bench: ${(error as Error).message}\nusage: npm run bench -- [${Object.keys(benches).join('|')} …] [--json]\n`,
    );
    process.exit(2);
  }
}

/** The heap is large enough for a million holds, whatever the machine's default is. */
function runApart(name: string): Promise<Measurement> {
  const args = ['--max-old-space-size=6144', fileURLToPath(import.meta.url), name, '--child'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve(JSON.parse(out) as Measurement);
      else reject(new Error(`bench ${name} ended with ${code}`));
    });
  });
}

const { names, isJson, isChild } = readFlags();
if (isChild) {
  const { run } = await benches[names[0]!]!();
  // Whatever the engine still has going must not keep this process.
  process.stdout.write(JSON.stringify(await run()), () => process.exit());
} else {
  const facts = machine();
  if (!isJson) process.stdout.write(`${Object.values(facts).join(', ')}\n\n`);
  const measured: Measurement[] = [];
  for (const name of names) {
    const one = await runApart(name);
    measured.push(one);
    if (!isJson) process.stdout.write(`${text(one)}\n`);
  }
  if (isJson) process.stdout.write(`${JSON.stringify({ machine: facts, measured }, null, 2)}\n`);
}
