/**
 * `npm run openapi`: builds the OpenAPI document from the very routes that answer requests and has it linted by
 * @redocly/cli (rules in redocly.yaml). The linter's exit code is ours.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { about, loadLive, loadRoutes } from '../src/features.ts';
import { documented } from '../src/gateway/documents.ts';
import { openApiDocument } from '../src/gateway/openapi.ts';

const routes = documented(await loadRoutes(), await loadLive(), about);
const document = openApiDocument(routes, about);
const folder = mkdtempSync(join(tmpdir(), 'doorbuster-openapi-'));
try {
  const file = join(folder, 'openapi.json');
  writeFileSync(file, JSON.stringify(document, null, 2));
  const root = fileURLToPath(new URL('..', import.meta.url));
  const linter = fileURLToPath(import.meta.resolve('@redocly/cli/bin/cli.js'));
  const { status, error } = spawnSync(
    process.execPath,
    [linter, 'lint', file, '--config', join(root, 'redocly.yaml'), '--format', 'stylish'],
    // It would ask the registry for a newer version and report its use.
    {
      stdio: 'inherit',
      env: { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
    },
  );
  if (error) throw error;
  console.log(`${routes.length} routes in the OpenAPI document`);
  process.exitCode = status ?? 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
