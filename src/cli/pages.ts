/**
 *   npm run pages         builds the pages of src/web into dist/web, with a brotli and a gzip beside each file that gets
 *                         shorter by it
 *   npm run dev           serves them while somebody works on them, with live reload, beside the server on PORT
 */
import { randomUUID } from 'node:crypto';
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { build, createServer, type InlineConfig } from 'vite';
import { configOrExit } from '../config.ts';
import { digestName, sourcesDigest, webFolder, webSources } from '../ops/web.ts';

/** Each build has a folder of its own, which takes the place of the last one when it is whole. */
const folder = `${webFolder}-${randomUUID()}`;

const config: InlineConfig = {
  configFile: false,
  root: webSources,
  logLevel: 'warn',
  build: {
    outDir: folder,
    emptyOutDir: true,
    // Nothing inline: the pages' policy runs and shows files only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2023',
  },
};

const encoders: readonly [ending: string, encode: (bytes: Uint8Array) => Promise<Buffer>][] = [
  ['br', promisify(brotliCompress)],
  ['gz', (bytes) => promisify(gzip)(bytes, { level: constants.Z_BEST_COMPRESSION })],
];

const [mode = '--build'] = process.argv.slice(2);
if (mode === '--dev') await serve();
else if (mode === '--build') await buildPages();
else {
  process.stderr.write('usage: npm run pages, or npm run dev\n');
  process.exit(2);
}

async function buildPages(): Promise<void> {
  // Before the build: a source that changes meanwhile makes the next start build again.
  const digest = await sourcesDigest();
  await build(config);
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((each) => each.isFile())) {
    const path = join(entry.parentPath, entry.name);
    const bytes = await readFile(path);
    for (const [ending, encode] of encoders) {
      const encoded = await encode(bytes);
      if (encoded.length < bytes.length * 0.95) await writeFile(`${path}.${ending}`, encoded);
    }
  }
  await writeFile(join(folder, digestName), digest);
  await replace();
}

/** Others may build at the same time: whoever comes last stays, and all of them have built the same. */
async function replace(): Promise<void> {
  const old = `${folder}-old`;
  await rename(webFolder, old).catch(() => {});
  await rename(folder, webFolder).catch(() => {});
  await rm(old, { recursive: true, force: true });
  await rm(folder, { recursive: true, force: true });
}

async function serve(): Promise<void> {
  const target = `http://127.0.0.1:${configOrExit().port}`;
  const proxy = { '/v1': { target, ws: true }, '/openapi.json': target, '/media': target };
  const server = await createServer({ ...config, logLevel: 'info', server: { proxy } });
  await server.listen();
  server.printUrls();
}
