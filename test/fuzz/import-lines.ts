/**
 * Mutated lines of imports, through the code that reads them: whatever the bytes, every line that is not blank comes
 * out once, in order, as a product that fits its schema or as a fault with a code, and nothing is thrown.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseFile } from '../../src/market/imports/parse.ts';
import { refusals } from '../../src/protocol/codes.ts';
import { mutate, nasty, type Pick, seededFor } from '../system/mutations.ts';

const linesPerFile = 10_000;
const codes = new Set([...Object.keys(refusals), 'wrong_number_of_columns', 'not_utf8', 'line_too_long']);

const header =
  'sku,title,description,brand,category,tags,price,currency,stock,options,attributes,imageUrls,status';
const csv: readonly string[] = [
  'L-1,Lamp,"Shines, ""bright""",Luma,Home > Light,new|sale,1999,USD,3,"{""colour"":""red""}","{""watts"":5}",https://x.example/1.webp,active',
  'L-2,"A lamp\nof two lines",,,Home,,500,EUR,0,,,,draft',
  'L-3,é\u{1f3f4},,,Home,,500,JPY,,,,,',
];
const product = {
  ...{ title: 'Lamp', description: 'Shines.', brand: 'Luma', category: 'Home > Light', tags: ['new'] },
  ...{ attributes: { watts: 5, dim: true }, images: ['https://x.example/1.webp'], status: 'draft' },
  variants: [{ sku: 'L-1', options: { colour: 'red' }, price: { amount: 1999, currency: 'USD' }, stock: 3 }],
};
const samples = {
  csv: csv.map((line) => Buffer.from(line)),
  ndjson: [Buffer.from(JSON.stringify(product))],
} as const;
export type FuzzedFormat = keyof typeof samples;

function lineOf(format: FuzzedFormat, pick: Pick): Buffer {
  const some = samples[format];
  const kind = pick(8);
  if (kind === 0) return nasty[pick(nasty.length)]!;
  const sample = some[pick(some.length)]!;
  return kind === 1 ? sample : mutate(sample, pick);
}

/** The bytes of one file of so many mutated lines. */
export function mutatedFile(format: FuzzedFormat, lines: number, seed: number): Buffer {
  const lineBreak = Buffer.from('\n');
  const parts = Array.from({ length: lines }, (_, n) => [lineOf(format, seededFor(seed, n)), lineBreak]);
  return Buffer.concat([Buffer.from(format === 'csv' ? `${header}\n` : ''), ...parts.flat()]);
}

export interface LinesRead {
  readonly taken: number;
  readonly refused: number;
}

/** Throws what is wrong with the reading of this file. */
async function readMutated(path: string, format: FuzzedFormat): Promise<LinesRead> {
  let taken = 0;
  let refused = 0;
  let last = 0;
  for await (const batch of parseFile({ path, format, isGzip: false, position: 0 }))
    for (const { line, content } of batch.lines) {
      if (line <= last) throw new Error(`line ${line} comes behind line ${last}`);
      last = line;
      if (!('code' in content)) taken += 1;
      else if (codes.has(content.code) && content.message !== '') refused += 1;
      else throw new Error(`line ${line} is refused with ${JSON.stringify(content)}`);
    }
  return { taken, refused };
}

/** Reads `lines` mutated lines, half of them CSV; the same on every run with this seed. */
export async function fuzzImportLines(lines: number, seed: number): Promise<LinesRead> {
  const folder = await mkdtemp(join(tmpdir(), 'doorbuster-lines-'));
  const sum = { taken: 0, refused: 0 };
  try {
    for (let done = 0, n = 0; done < lines; done += linesPerFile, n++) {
      const format = n % 2 === 0 ? 'csv' : 'ndjson';
      const path = join(folder, format);
      await writeFile(path, mutatedFile(format, Math.min(linesPerFile, lines - done), seed * 1_000 + n));
      const { taken, refused } = await readMutated(path, format);
      sum.taken += taken;
      sum.refused += refused;
    }
  } finally {
    await rm(folder, { recursive: true });
  }
  return sum;
}
