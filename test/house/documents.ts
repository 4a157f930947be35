/** What the documents say that can be looked up: links, commands, paths, tables. */

export interface Document {
  readonly path: string;
  readonly text: string;
}

export interface Mention {
  readonly line: number;
  readonly text: string;
}

function mentions(text: string, pattern: RegExp): Mention[] {
  return text
    .split('\n')
    .flatMap((row, index) =>
      [...row.matchAll(pattern)].map((found) => ({ line: index + 1, text: found[1]! })),
    );
}

/** Targets of `[text](target)` that are not on the web. */
export function linksIn(text: string): Mention[] {
  return mentions(text, /\[[^\]]*\]\(([^)\s]+)\)/g).filter((link) => !/^[a-z]+:/.test(link.text));
}

export interface Command {
  readonly line: number;
  readonly script: string;
  readonly flags: readonly string[];
}

/** `npm run x -- --flag 1`, `npm test`, `npm start`; in code or in backticks. */
export function commandsIn(text: string): Command[] {
  return mentions(text, /\bnpm ((?:run [\w:-]+|start|test)(?: -- [^`#|&\n]*)?)/g).map(
    ({ line, text: found }) => {
      const [script, flags = ''] = found.replace(/^run /, '').split(' -- ');
      return { line, script: script!.trim(), flags: flags.match(/--[\w-]+/g) ?? [] };
    },
  );
}

/** Paths in backticks: with a folder of the house, or a file's ending. */
export function pathsIn(text: string): Mention[] {
  return mentions(text, /`([\w@*{},-][\w@./*{},<>-]*)`/g).filter(
    ({ text: path }) =>
      /^(?:src|test|bench|docs)\//.test(path) ||
      (path.includes('/') && /\.(?:ts|md|json|sql|golden)$/.test(path)),
  );
}

/** Anchors of a document's headings, as GitHub makes them. */
export function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\w\s-]/g, '')
      .replaceAll(' ', '-'),
  );
}

/** First cells of the tables under a heading, one by one: `undici, ws` are two. */
export function listedUnder(text: string, heading: string): string[] {
  const start = text.indexOf(`\n## ${heading}\n`);
  if (start < 0) return [];
  const section = text.slice(start + 1).split(/\n## /)[0]!;
  return [...section.matchAll(/^\| *([^|]+?) *\|/gm)]
    .map(([, cell]) => cell!)
    .filter((cell) => cell !== 'package' && !/^-+$/.test(cell))
    .flatMap((cell) => cell.replaceAll(/\([^)]*\)|`/g, '').split(','))
    .map((name) => name.trim());
}
