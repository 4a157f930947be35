/**
 * `docs/SPEED.md` from the last whole runs: a table of the bounds, then each run in full, with pictures. What people have
 * written around the marks stays; what was not measured is said to be so.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Measurement, Ratio } from '../measure.ts';
import { costPicture, ratePicture } from './picture.ts';
import { type Result, readResult } from './results.ts';
import { figure, text } from './text.ts';

/** The marks between which the document is written anew. */
const begin = '<!-- measured: written by npm run bench -- --report -->';
const end = '<!-- end of measured -->';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Every question that has a number, and the benches that answer it. */
export interface Question {
  readonly number: string;
  readonly asks: string;
  readonly benches: readonly string[];
}

export interface Picture {
  readonly name: string;
  readonly svg: string;
}

export interface Page {
  readonly markdown: string;
  readonly pictures: readonly Picture[];
}

/** `resultOf`: null where there is none. */
export function page(questions: readonly Question[], resultOf: (bench: string) => Result | null): Page {
  const table = ['| # | bound | wanted | measured | spread |', '|---|---|---|---|---|'];
  const chapters: string[] = [];
  const pictures: Picture[] = [];
  const written = new Set<string>();
  for (const { number, asks, benches } of questions) {
    if (benches.length === 0) table.push(`| ${number} | ${asks} | | no bench yet | |`);
    for (const bench of benches) {
      const result = resultOf(bench);
      if (result === null) {
        table.push(`| ${number} | ${asks} | | not measured | |`);
        continue;
      }
      const mine = result.measured.ratios.filter(({ name }) => isOf(number, name));
      table.push(...mine.map((ratio) => row(number, ratio)));
      if (mine.length === 0) table.push(`| ${number} | ${asks} | none | below | |`);
      if (written.has(bench)) continue;
      written.add(bench);
      const drawn = draw(bench, result.measured);
      pictures.push(...drawn);
      chapters.push(chapter(number, result, drawn));
    }
  }
  return { markdown: [table.join('\n'), ...chapters].join('\n\n'), pictures };
}

/** A bench that answers two questions says of each bound whose it is. */
function isOf(number: string, name: string): boolean {
  const [, of] = /^(S\d+p?):/.exec(name) ?? [];
  return of === undefined || of === number;
}

function row(number: string, { name, value, wanted, rounds }: Ratio): string {
  const spread =
    rounds && rounds.length > 1 ? `${figure(Math.min(...rounds))} to ${figure(Math.max(...rounds))}` : '';
  return `| ${number} | ${name.replace(/^S\d+p?: /, '')} | ${wanted} | ${figure(value)} | ${spread} |`;
}

function draw(bench: string, { name, runs = [] }: Measurement): Picture[] {
  if (runs.length === 0) return [];
  return [
    { name: `speed-${bench}-rate`, svg: ratePicture(`${name}: rates`, runs) },
    { name: `speed-${bench}-cost`, svg: costPicture(`${name}: what a request costs`, runs) },
  ];
}

function chapter(number: string, { at, machine, measured }: Result, drawn: readonly Picture[]): string {
  const { cpu, cores, memoryGiB, node, platform, loadAtStart } = machine;
  const [headline, ...body] = text(measured).trimEnd().split('\n');
  return [
    `### ${number}: ${measured.question}`,
    `${at.slice(0, 16).replace('T', ' ')} UTC, ${cpu}, ${cores} cores, ${memoryGiB} GiB, Node ${node}, ${platform}, load average ${loadAtStart} at its end.`,
    ...drawn.map(({ name }) => `![${headline}](pictures/${name}.svg)`),
    ['```', ...body.map((line) => line.replace(/^ {2}/, '')), '```'].join('\n'),
  ].join('\n\n');
}

/** Writes the document, as the formatter has it, and its pictures; the name of the document. */
export function writeReport(questions: readonly Question[]): string {
  const { markdown, pictures } = page(questions, readResult);
  const file = join(root, 'docs/SPEED.md');
  writeFileSync(file, between(readFileSync(file, 'utf8'), markdown));
  mkdirSync(join(root, 'docs/pictures'), { recursive: true });
  for (const { name, svg } of pictures) writeFileSync(join(root, `docs/pictures/${name}.svg`), svg);
  execFileSync(join(root, 'node_modules/.bin/biome'), ['format', '--write', file], {
    cwd: root,
    stdio: 'ignore',
  });
  return file;
}

export function between(document: string, markdown: string): string {
  const from = document.indexOf(begin);
  const to = document.indexOf(end);
  if (from < 0 || to < from) throw new Error(`the document lacks its marks: ${begin} … ${end}`);
  return `${document.slice(0, from + begin.length)}\n\n${markdown}\n\n${document.slice(to)}`;
}
