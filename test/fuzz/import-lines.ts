/**
 * Mutated lines of imports, through the code that reads them: whatever the bytes, every line that is not blank comes
 * out once, in order, as a product that fits its schema or as a fault with a code, and nothing is thrown.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { parseFile } from '../../src/market/imports/parse.ts';
import type { Import } from '../../src/market/imports/schemas.ts';
import { refusals } from '../../src/protocol/codes.ts';
import { mutate, nasty, type Pick, seededFor } from '../system/mutations.ts';
import { expected, member, type Person, type Place } from '../system/shop.ts';

const linesPerFile = 25_000;
/** Files on their way at once: one waits while another is read. */
const turns = 2;
const pollMs = 200;
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
type FuzzedFormat = keyof typeof samples;

function lineOf(format: FuzzedFormat, pick: Pick): Buffer {
  const some = samples[format];
  const kind = pick(8);
  if (kind === 0) return nasty[pick(nasty.length)]!;
  const sample = some[pick(some.length)]!;
  return kind === 1 ? sample : mutate(sample, pick);
}

/** The bytes of one file of so many mutated lines. */
function mutatedFile(format: FuzzedFormat, lines: number, seed: number): Buffer {
  const lineBreak = Buffer.from('\n');
  const parts = Array.from({ length: lines }, (_, n) => [lineOf(format, seededFor(seed, n)), lineBreak]);
  return Buffer.concat([Buffer.from(format === 'csv' ? `${header}\n` : ''), ...parts.flat()]);
}

interface LinesRead {
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

/**
 * Mutated files, half of them CSV and half of them packed, through this process and then through a running server, which
 * must read each to its end and account for as many lines; the same on every run with this seed.
 */
export async function fuzzImports(target: Place, lines: number, seed: number): Promise<ImportsRun> {
  const folder = await mkdtemp(join(tmpdir(), 'doorbuster-lines-'));
  const sum = { lines: 0, taken: 0, refused: 0 };
  const strange: string[] = [];
  let next = 0;
  // Of one seller, so that a line of a known SKU changes it.
  const who = await member(target, 'seller');
  const filesInTurn = async () => {
    for (let n = next++; n * linesPerFile < lines; n = next++) {
      const format: FuzzedFormat = n % 2 === 0 ? 'csv' : 'ndjson';
      const path = join(folder, String(n));
      const file = mutatedFile(format, Math.min(linesPerFile, lines - n * linesPerFile), seed * 1_000 + n);
      await writeFile(path, file);
      const expectedLines = await readMutated(path, format);
      const read = await sendFile(target, who, format, n % 4 < 2 ? file : gzipSync(file));
      await rm(path);
      const taken = read.created + read.updated + read.unchanged;
      const wanted = expectedLines.taken + expectedLines.refused;
      if (read.status !== 'done' || read.linesRead !== wanted || taken + read.rejected !== wanted)
        strange.push(`file ${n}: ${wanted} lines in here, there ${JSON.stringify({ ...read, errors: [] })}`);
      sum.lines += read.linesRead;
      sum.taken += taken;
      sum.refused += read.rejected;
    }
  };
  try {
    await Promise.all(Array.from({ length: turns }, filesInTurn));
  } finally {
    await rm(folder, { recursive: true });
  }
  return { ...sum, strange };
}

export interface ImportsRun extends LinesRead {
  readonly lines: number;
  /** Files that were not read as in this process. */
  readonly strange: readonly string[];
}

async function sendFile(target: Place, who: Person, format: FuzzedFormat, file: Buffer): Promise<Import> {
  const isGzip = file[0] === 0x1f && file[1] === 0x8b;
  const headers = {
    'content-type': format === 'csv' ? 'text/csv' : 'application/x-ndjson',
    ...(isGzip && { 'content-encoding': 'gzip' }),
  };
  const body = new Blob([new Uint8Array(file)]);
  const { importId } = await expected(target, 'POST /v1/imports', 202, { who, body, headers });
  for (;;) {
    const read: Import = await expected(target, `GET /v1/imports/${importId}`, 200, { who });
    if (read.status !== 'running') return read;
    await wait(pollMs);
  }
}
