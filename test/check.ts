/**
 * `npm run check`: everything that a change must pass, one step after the other; ends with 1 at the first that fails.
 *
 *   npm run check                     types, lint, the OpenAPI lint, every test
 *   npm run check -- --changed        in seconds: types, lint, the rules of the house, and the quick tests that import
 *                                     what has changed
 *   npm run check -- test/house       types, lint, the OpenAPI lint, these tests
 *
 * Changed is what differs from `main`, or on `main` itself what is not committed. The quick suites are those that start
 * neither a process nor a database; the full run has the others.
 */
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

const quickSuites = ['test/actors', 'test/protocol', 'test/golden', 'test/runtime'];

const usage = 'usage: npm run check [-- --changed | -- TEST_PATH …]';

const { isChanged, tests } = readFlags();

run('types', 'tsc', ['--noEmit']);
run('types of the pages', 'tsc', ['--noEmit', '-p', 'src/web']);
run('lint', 'biome', ['check', '.']);
if (isChanged) {
  run('house', 'vitest', ['run', 'test/house']);
  process.stdout.write(`check: of the other tests only ${quickSuites.join(', ')}\n`);
  run('tests', 'vitest', ['run', ...quickSuites, '--changed', baseOfChange(), '--passWithNoTests']);
} else {
  run('openapi', 'node', ['test/openapi-lint.ts']);
  run('tests', 'vitest', ['run', ...tests]);
}

function readFlags(): { isChanged: boolean; tests: string[] } {
  try {
    const { values, positionals } = parseArgs({
      options: { changed: { type: 'boolean' } },
      allowPositionals: true,
    });
    if (values.changed && positionals.length > 0) throw new Error('--changed chooses the tests itself');
    return { isChanged: values.changed ?? false, tests: positionals };
  } catch (error) {
    process.stderr.write(`check: ${error instanceof Error ? error.message : error}\n${usage}\n`);
    process.exit(2);
  }
}

/** The commit that the present work began from. */
function baseOfChange(): string {
  const { status, stdout } = spawnSync('git', ['merge-base', 'HEAD', 'main'], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : 'HEAD';
}

function run(name: string, program: string, args: readonly string[]): void {
  process.stdout.write(`check: ${name}\n`);
  const { status, error } = spawnSync(program, args, { stdio: 'inherit' });
  if (error) process.stderr.write(`check: ${program} cannot be run: ${error.message}\n`);
  if (status !== 0) process.exit(1);
}
