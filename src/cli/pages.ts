/**
 *   npm run pages         builds the pages of src/web into dist/web, with a brotli and a gzip beside each file that gets
 *                         shorter by it, and the module by which the server draws those that can be read without a script
 *   npm run dev           serves them while somebody works on them, with live reload, beside the server on PORT
 */
import { randomUUID } from 'node:crypto';
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { build, createServer, type InlineConfig, type Manifest } from 'vite';
import { configOrExit } from '../config.ts';
import { digestName, sourcesDigest, webFolder, webSources } from '../ops/web.ts';

const manifestName = 'manifest.json';

/** What the shopper's pages share is one file, and not a dozen small ones. */
const shopParts =
  /\/parts\/(?:answer|branches|catalogue|cost|facts|product-grid|rating|sorter|stock-line|things|trail)\./;

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
    manifest: manifestName,
  },
};

const clientConfig: InlineConfig = {
  ...config,
  build: {
    ...config.build,
    rolldownOptions: {
      output: {
        codeSplitting: {
          includeDependenciesRecursively: false,
          groups: [{ name: 'shop', test: shopParts }],
        },
      },
    },
  },
};

/** One module with everything in it: the server has no other way to the pages' sources. */
const serverConfig = (files: PageFiles): InlineConfig => ({
  ...config,
  build: { ...config.build, ssr: 'server.ts', outDir: join(folder, 'server'), manifest: false },
  ssr: { noExternal: true },
  define: { pageFiles: JSON.stringify(files) },
});

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
  await build(clientConfig);
  const manifest = JSON.parse(await readFile(join(folder, manifestName), 'utf8')) as Manifest;
  await build(serverConfig(pageFilesOf(manifest)));
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((each) => each.isFile() && !each.parentPath.endsWith('server'))) {
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

type PageFiles = Record<string, { readonly styles: readonly string[]; readonly scripts: readonly string[] }>;

/** What the page of each source loads beside what every page loads. */
function pageFilesOf(manifest: Manifest): PageFiles {
  const common = closureOf(manifest, 'index.html');
  const files: PageFiles = {};
  for (const source of Object.keys(manifest).filter((name) => name.startsWith('pages/'))) {
    const chunks = [...closureOf(manifest, source)].filter((name) => !common.has(name));
    files[source] = {
      styles: [...new Set(chunks.flatMap((name) => manifest[name]!.css ?? []))].map((file) => `/${file}`),
      scripts: chunks.map((name) => `/${manifest[name]!.file}`),
    };
  }
  return files;
}

/** The chunk and those that it imports, however deep. */
function closureOf(manifest: Manifest, name: string, known = new Set<string>()): ReadonlySet<string> {
  if (known.has(name)) return known;
  known.add(name);
  for (const imported of manifest[name]?.imports ?? []) closureOf(manifest, imported, known);
  return known;
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
