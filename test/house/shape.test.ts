/** What a reader can take in: short files, short functions, no `any`, and no export that nobody imports. */
import { describe, expect, test } from 'vitest';
import type { House } from './module.ts';
import { houseOf, readHouse } from './source.ts';

const linesMax = 400;
/** A test file is a list of sentences: it may go on longer. */
const testLinesMax = 600;
const functionLinesMax = 70;

const house = readHouse();
const isTest = (path: string): boolean => path.startsWith('test/');

function longFiles(modules: House): string[] {
  return modules
    .filter(({ path, lineCount }) => lineCount > (isTest(path) ? testLinesMax : linesMax))
    .map(({ path, lineCount }) => `${path} has ${lineCount} lines`);
}

/** A `describe` is a list of tests, so its length is the file's. */
function longFunctions(modules: House): string[] {
  return modules.flatMap(({ path, functions }) =>
    functions
      .filter(({ lineCount }) => lineCount > functionLinesMax)
      .filter(({ name }) => !(isTest(path) && /^(?:\w+\.)?describe\b/.test(name)))
      .map(({ name, line, lineCount }) => `${path}:${line} ${name} has ${lineCount} lines`),
  );
}

function anys(modules: House): string[] {
  return modules.flatMap(({ path, anyLines }) =>
    path.startsWith('src/') ? anyLines.map((line) => `${path}:${line}`) : [],
  );
}

/** Exports of src that no other file imports, by whatever way. A type may be there for another export's sake. */
function unusedExports(modules: House): string[] {
  const used = new Set<string>();
  for (const { imports } of modules) {
    for (const { target, names } of imports) {
      if (names === null) used.add(target);
      for (const name of names ?? []) used.add(`${target} ${name}`);
    }
  }
  return modules
    .filter(({ path }) => path.startsWith('src/') && !used.has(path))
    .flatMap(({ path, exports }) =>
      exports
        .filter(({ name }) => !used.has(`${path} ${name}`))
        .filter(({ isType, isNamed }) => !(isType && isNamed))
        .map(({ name, line }) => `${path}:${line} ${name}`),
    );
}

describe('a file', () => {
  test('is not longer than a person reads', () => {
    expect(longFiles(house)).toEqual([]);
  });

  test('would be refused: with 401 lines, or 601 of a test', () => {
    const long = houseOf({
      'src/a.ts': '\n'.repeat(401),
      'src/b.ts': '\n'.repeat(400),
      'test/a.test.ts': '\n'.repeat(601),
      'test/b.test.ts': '\n'.repeat(600),
    });
    expect(longFiles(long)).toEqual(['src/a.ts has 401 lines', 'test/a.test.ts has 601 lines']);
  });

  test('of src has no any', () => {
    expect(anys(house)).toEqual([]);
  });

  test('would be refused: with an any, however deep', () => {
    const text =
      "// any\nexport type A = Map<string, any>;\nexport const b = 'any';\nlet c = (d as any).any;";
    expect(anys(houseOf({ 'src/a.ts': text, 'test/a.ts': text }))).toEqual(['src/a.ts:2', 'src/a.ts:4']);
  });
});

describe('a function', () => {
  test('is not longer than a screen, with all that it encloses', () => {
    expect(longFunctions(house)).toEqual([]);
  });

  test.each([
    ['function far() {BODY}', 'far'],
    ['const far = () => {BODY};', 'far'],
    ['class A { far() {BODY} }', 'far'],
    ['class A { #far = () => {BODY}; }', '#far'],
    ["far('…', () => {BODY});", 'far'],
    ['const a = { far() {BODY} };', 'far'],
  ])('would be refused: %s', (text, name) => {
    const long = houseOf({ 'src/a.ts': text.replace('BODY', '\n'.repeat(70)) });
    expect(longFunctions(long)).toEqual([`src/a.ts:1 ${name} has 71 lines`]);
    expect(longFunctions(houseOf({ 'src/a.ts': text.replace('BODY', '\n'.repeat(69)) }))).toEqual([]);
  });

  test('may be a long describe of a test', () => {
    const text = `describe('a', () => {${'\n'.repeat(80)}});`;
    expect(longFunctions(houseOf({ 'test/a.test.ts': text }))).toEqual([]);
    expect(longFunctions(houseOf({ 'src/a.ts': text }))).toHaveLength(1);
  });
});

describe('an export of src', () => {
  test('is imported by another file', () => {
    expect(unusedExports(house)).toEqual([]);
  });

  test('would be refused: unused constants, functions, classes and types', () => {
    const text = 'export const a = 1, b = 2; export function c() {} export class D {} export type E = 1;';
    const unused = unusedExports(houseOf({ 'src/x.ts': text, 'src/y.ts': "import { b } from './x.ts';" }));
    expect(unused).toEqual(['a', 'c', 'D', 'E'].map((name) => `src/x.ts:1 ${name}`));
  });

  test('may be a type that another export names', () => {
    const text = 'export interface A {} interface B {} export const c = (a: A, b: B) => 1;';
    expect(unusedExports(houseOf({ 'src/x.ts': text, 'src/y.ts': "import { c } from './x.ts';" }))).toEqual(
      [],
    );
  });

  test.each([
    "import { a } from './x.ts';",
    "import { a as b } from './x.ts';",
    "import * as x from './x.ts';",
    "export { a } from './x.ts';",
    "export * from './x.ts';",
    "const { a: b } = await import('./x.ts');",
    "const b = (await import('./x.ts')).a;",
    "const x = await import('./x.ts');",
    "let a: typeof import('./x.ts').a;",
  ])('is used by %s', (text) => {
    expect(unusedExports(houseOf({ 'src/x.ts': 'export const a = 1;', 'src/y.ts': text }))).toEqual([]);
  });
});
