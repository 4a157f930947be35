/**
 * The pages as the browser gets them, built from `src/web` into one folder: once, and again when their sources, or the
 * packages that they are built with, have changed.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Log } from '../protocol/log.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

export const webSources = join(root, 'src/web');
export const webFolder = join(root, 'dist/web');
/** The digest of what they were built from, beside them. */
export const digestName = '.sources';

/** Of everything that the build reads. */
export async function sourcesDigest(): Promise<string> {
  const files = ['package-lock.json'];
  for await (const file of glob('src/web/**/*.{ts,tsx,css,html,json,svg}', { cwd: root })) files.push(file);
  const hash = createHash('sha256');
  for (const file of files.sort()) hash.update(file).update(await readFile(join(root, file)));
  return hash.digest('hex');
}

/** Builds the pages when they are missing or older than their sources. Without them the server has its API alone. */
export async function ensurePages(log: Log): Promise<void> {
  const built = await readFile(join(webFolder, digestName), 'utf8').catch(() => null);
  if (built === (await sourcesDigest())) return;
  const startedAtMs = performance.now();
  log('info', built === null ? 'building the pages' : 'building the pages again: their sources have changed');
  const builder = spawn(process.execPath, [join(root, 'src/cli/pages.ts')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let complaint = '';
  builder.stderr.on('data', (chunk) => {
    complaint = `${complaint}${chunk}`.slice(-2_000);
  });
  const [code] = await once(builder, 'close').catch((error) => [String(error)]);
  if (code === 0) log('info', 'the pages are built', { tookMs: Math.round(performance.now() - startedAtMs) });
  else log('error', 'the pages cannot be built: the API is served alone', { code, complaint });
}
