/**
 * `npm run rooms`: draws the rooms of `src` from the imports and writes the drawings into docs/ARCHITECTURE.md, each
 * between its marks. `documents.test.ts` compares, so that they cannot lie.
 *
 * An arrow says "imports", type-only imports included. Every room imports `protocol`: those arrows are left out.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { House } from './module.ts';
import { readHouse, root } from './source.ts';
import { type Spot, spotOf } from './table.ts';

/** What a spot is called in the drawing; null leaves it out. */
type NameOf = (spot: Spot) => string | null;

const drawings: Readonly<Record<string, NameOf>> = {
  rooms: ({ room }) => (room === 'protocol' ? null : room),
  nouns: ({ room, noun }) => (noun === null ? null : `${room}/${noun}`),
};

/** Who imports from whom, as `from --> to`. */
function arrowsOf(house: House, nameOf: NameOf): Set<string> {
  const arrows = new Set<string>();
  for (const { path, imports } of house) {
    const from = nameAt(path, nameOf);
    if (from === null) continue;
    for (const { target, isOurs } of imports) {
      const to = isOurs ? nameAt(target, nameOf) : null;
      if (to !== null && to !== from) arrows.add(`${from} --> ${to}`);
    }
  }
  return arrows;
}

function nameAt(path: string, nameOf: NameOf): string | null {
  const spot = spotOf(path);
  return spot && nameOf(spot);
}

function draw(house: House, nameOf: NameOf): string {
  const lines = [...arrowsOf(house, nameOf)].sort().map((arrow) => `  ${arrow}`);
  return ['```mermaid', 'flowchart TD', ...lines, '```'].join('\n');
}

/** The document with its drawings made anew. */
export function redrawn(document: string, house: House): string {
  return Object.entries(drawings).reduce((text, [name, nameOf]) => {
    const begin = `<!-- ${name}: drawn by npm run rooms -->`;
    const [from, to] = [text.indexOf(begin), text.indexOf(`<!-- end of ${name} -->`)];
    if (from < 0 || to < from) throw new Error(`the document has no marks for the drawing "${name}"`);
    return `${text.slice(0, from + begin.length)}\n\n${draw(house, nameOf)}\n\n${text.slice(to)}`;
  }, document);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const file = join(root, 'docs/ARCHITECTURE.md');
  writeFileSync(file, redrawn(readFileSync(file, 'utf8'), readHouse()));
}
