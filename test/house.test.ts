/**
 * The house rules that a machine can check: who may import whom (docs/ARCHITECTURE.md: imports form a star), how long a
 * file may be, and that every refusal is documented.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { refusals } from '../src/protocol/codes.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Besides `protocol`, which everybody may import. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  actors: [],
  runtime: ['persistence'],
  persistence: [],
  projections: ['persistence'],
  effects: [],
  market: ['persistence'],
  gateway: ['market'],
  // Turns what the others count into metrics.
  ops: ['runtime', 'gateway'],
  web: [],
};
/** Rooms that could run anywhere: no clock, no files, no network. */
const pureRooms = ['protocol', 'actors'];
const actors = ['sale', 'sku', 'order', 'idempotency', 'cart', 'coupon'];

const linesMax = 400;
/** A test file is a list of sentences: it may go on longer. */
const testLinesMax = 600;
/** Longer files, each with its reason. */
const longFiles: Readonly<Record<string, number>> = {
  // The engine's whole vocabulary, types only: it is read as one page.
  'src/protocol/commands.ts': 500,
};

interface Import {
  readonly specifier: string;
  readonly isTypeOnly: boolean;
}

const importPattern =
  /^\s*(?:import|export)\s+(type\s+)?(?:[\w*{][^'";]*?\sfrom\s*)?'([^']+)'|\bimport\('([^']+)'\)/gm;

function importsOf(source: string): Import[] {
  return [...source.matchAll(importPattern)].map(([text, type, declared, called]) => ({
    specifier: (declared ?? called)!,
    // `typeof import('…')` is a type; a plain `import('…')` is not.
    isTypeOnly: type !== undefined || (called !== undefined && isTypeQuery(source, text)),
  }));
}

function isTypeQuery(source: string, text: string): boolean {
  return source.includes(`typeof ${text}`);
}

/** `src/gateway/routes/sales.ts` -> `gateway`; files directly in src/ have no room. */
function roomOf(file: string): string | null {
  const parts = file.split('/');
  return parts.length > 2 ? parts[1]! : null;
}

function actorOf(file: string): string | null {
  const name = file.split('/')[2]?.replace(/\.ts$/, '') ?? '';
  return actors.find((actor) => name === actor || name.startsWith(`${actor}-`)) ?? null;
}

/** Why this import breaks the star, or null. `file` is relative to the repository. */
function offence(file: string, { specifier, isTypeOnly }: Import): string | null {
  const room = roomOf(file);
  // main.ts, the workers and what only they use compose the system: they import everything.
  if (room === null) return null;
  if (pureRooms.includes(room) && specifier.startsWith('node:')) return `${room} imports no node: module`;
  if (!specifier.startsWith('.')) return null;
  const target = join(dirname(file), specifier);
  const targetRoom = roomOf(target);
  if (targetRoom === null) {
    if (target === 'src/config.ts') return isTypeOnly ? null : 'config.ts is imported as a type only';
    return 'a room imports no file of the composition root';
  }
  if (targetRoom === room) {
    const mine = room === 'actors' ? actorOf(file) : null;
    const theirs = room === 'actors' ? actorOf(target) : null;
    return theirs !== null && theirs !== mine ? 'an actor never imports an actor' : null;
  }
  if (targetRoom === 'protocol' || mayImport[room]?.includes(targetRoom)) return null;
  return `${room} may not import ${targetRoom}`;
}

function filesIn(...folders: string[]): string[] {
  return folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
      .map((entry) => relative(root, join(entry.parentPath, entry.name))),
  );
}

function read(file: string): string {
  return readFileSync(join(root, file), 'utf8');
}

describe('imports', () => {
  test('form a star', () => {
    const files = filesIn('src');
    const offences = files.flatMap((file) =>
      importsOf(read(file))
        .map((found) => ({ file, imports: found.specifier, why: offence(file, found) }))
        .filter(({ why }) => why !== null),
    );
    expect(files.length).toBeGreaterThan(20);
    expect(offences).toEqual([]);
  });

  test('come only from rooms that the star knows', () => {
    const rooms = new Set(filesIn('src').map(roomOf));
    rooms.delete(null);
    expect([...rooms].filter((room) => !(room! in mayImport))).toEqual([]);
  });

  test.each([
    [
      'src/gateway/routes/sales.ts',
      "import { x } from '../../runtime/shard.ts';",
      'gateway may not import runtime',
    ],
    ['src/market/a.ts', "import type { X } from '../gateway/route.ts';", 'market may not import gateway'],
    ['src/effects/a.ts', "export { x } from '../persistence/p.ts';", 'effects may not import persistence'],
    ['src/actors/sku.ts', "import {\n  a,\n  b,\n} from './order.ts';", 'an actor never imports an actor'],
    ['src/actors/sku.ts', "import { createHash } from 'node:crypto';", 'actors imports no node: module'],
    ['src/protocol/a.ts', "import 'node:fs';", 'protocol imports no node: module'],
    ['src/runtime/a.ts', "const x = await import('../effects/a.ts');", 'runtime may not import effects'],
    [
      'src/runtime/a.ts',
      "import { readConfig } from '../config.ts';",
      'config.ts is imported as a type only',
    ],
    [
      'src/runtime/a.ts',
      "import { createLog } from '../log.ts';",
      'a room imports no file of the composition root',
    ],
  ])('would be refused: %s with %j', (file, source, why) => {
    expect(importsOf(source).map((found) => offence(file, found))).toEqual([why]);
  });

  test.each([
    ['src/gateway/routes/sales.ts', "import { x } from '../../market/catalog.ts';"],
    ['src/gateway/route.ts', "import type { Config } from '../config.ts';"],
    ['src/gateway/route.ts', "mints: typeof import('../protocol/ids.ts').newId;"],
    ['src/actors/sale.ts', "import { ticketView } from './sale-view.ts';"],
    ['src/actors/sale.ts', "import { createHeap } from './deadline-heap.ts';"],
    ['src/main.ts', "import { x } from './runtime/shard.ts';"],
    ['src/runtime/a.ts', "import { Worker } from 'node:worker_threads';"],
  ])('are allowed: %s with %j', (file, source) => {
    expect(importsOf(source).map((found) => offence(file, found))).toEqual([null]);
  });
});

test('no file is longer than a person reads', () => {
  const tooLong = filesIn('src', 'bench', 'test')
    .map((file) => ({ file, lines: read(file).split('\n').length - 1 }))
    .filter(
      ({ file, lines }) => lines > (longFiles[file] ?? (file.startsWith('test/') ? testLinesMax : linesMax)),
    );
  expect(tooLong).toEqual([]);
});

test('every refusal is documented for operators and clients', () => {
  const documented = read('docs/OPERATIONS.md') + read('README.md');
  const missing = Object.keys(refusals).filter((code) => !documented.includes(`\`${code}\``));
  expect(missing).toEqual([]);
});
