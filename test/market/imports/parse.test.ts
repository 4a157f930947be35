/** A file as lines, records and products: what is taken, what is refused, and by which number. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { columnNames } from '../../../src/market/imports/columns.ts';
import { CsvReader, csvLine } from '../../../src/market/imports/csv.ts';
import { LineSplitter } from '../../../src/market/imports/lines.ts';
import { type Batch, parseFile, UnreadableFile } from '../../../src/market/imports/parse.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'doorbuster-parse-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function collected(batches: AsyncIterable<Batch>): Promise<Batch[]> {
  const all: Batch[] = [];
  for await (const batch of batches) all.push(batch);
  return all;
}

interface Options {
  readonly format?: 'csv' | 'ndjson';
  readonly isGzip?: boolean;
  readonly position?: number;
}

async function batchesOf(bytes: Buffer | string, options: Options = {}): Promise<Batch[]> {
  const { format = 'csv', isGzip = false, position = 0 } = options;
  const path = join(folder, 'file');
  await writeFile(path, isGzip ? gzipSync(bytes) : bytes);
  return collected(parseFile({ path, format, isGzip, position }));
}

/** Each line as `number code` or `number sku`, and what was said of it. */
async function linesOf(bytes: Buffer | string, options: Options = {}) {
  const lines = (await batchesOf(bytes, options)).flatMap((batch) => batch.lines);
  return lines.map(({ line, content }) =>
    'code' in content ? `${line} ${content.code}` : `${line} ${content.variants[0]!.sku}`,
  );
}

async function contentOf(bytes: Buffer | string, options: Options = {}) {
  return (await batchesOf(bytes, options)).flatMap((batch) => batch.lines)[0]!.content;
}

const header = 'sku,title,category,price,currency,stock';
const row = (sku: string) => `${sku},Lamp,Home,1999,USD,3`;
const csv = (...lines: string[]) => `${[header, ...lines].join('\n')}\n`;

describe('a CSV file', () => {
  test('is read with any columns that are needed, in any order, with or without a mark and line breaks of Windows', async () => {
    const whole = `${columnNames.join(',')}\r\nL-1,Lamp,"Shines, ""bright""",Luma,Home > Light,a|b | ,1999,USD,3,"{""colour"":""red""}","{""watts"":5,""dim"":true}",https://x.example/1.webp|/media/2.webp,draft\r\n`;
    expect(await contentOf(`\ufeff${whole}`)).toEqual({
      ...{ title: 'Lamp', description: 'Shines, "bright"', brand: 'Luma', category: 'Home > Light' },
      ...{ tags: ['a', 'b'], attributes: { watts: 5, dim: true }, status: 'draft' },
      images: ['https://x.example/1.webp', '/media/2.webp'],
      variants: [
        { sku: 'L-1', options: { colour: 'red' }, price: { amount: 1999, currency: 'USD' }, stock: 3 },
      ],
    });
    expect(await contentOf('Currency,PRICE,category,title,sku\nUSD,5,Home,Lamp,L-1')).toEqual({
      ...{ title: 'Lamp', category: 'Home' },
      variants: [{ sku: 'L-1', price: { amount: 5, currency: 'USD' } }],
    });
  });

  test('says by number and code what is wrong with a line, and keeps the others', async () => {
    const big = 'x'.repeat(70_000);
    const bytes = Buffer.concat([
      Buffer.from(csv(row('A'), 'B,Lamp,Home,1999,USD', 'C,Lamp,Home,cheap,USD,3', `D,${big},Home,1,USD,1`)),
      Buffer.from([0x45, 0x2c, 0xff, 0xfe, 0x0a]),
      Buffer.from(`${row('F')}\n\n  \n"G,""x",La"mp,Home,1,USD,1\n${row('H')}\n`),
      Buffer.from('I,,Home,1,XXX,-1\nJ,4242 4242 4242 4242,Home,1,USD,1\nK,Lamp,Home,1,USD,1'),
    ]);
    expect(await linesOf(bytes)).toEqual([
      ...['2 A', '3 wrong_number_of_columns', '4 validation_failed', '5 line_too_long', '6 not_utf8', '7 F'],
      ...['10 validation_failed', '11 H', '12 validation_failed', '13 card_data_refused', '14 K'],
    ]);
    const lines = (await batchesOf(bytes)).flatMap((batch) => batch.lines);
    const messageOf = (line: number) =>
      (lines.find((each) => each.line === line)!.content as { message: string }).message;
    expect(messageOf(3)).toBe('The header has 6 columns, the line has 5');
    expect(messageOf(4)).toBe('price must be integer');
    expect(messageOf(12)).toMatch(
      /^title must have at least 1 characters; currency .*stock must be at least 0/,
    );
  });

  test('names a record of several lines by its first one', async () => {
    const paragraph =
      'description,sku,title,category,price,currency,stock\n"one\ntwo\n\nfour",A,Lamp,Home,1,USD,1\n';
    expect(await linesOf(`${paragraph}${'x,'.repeat(3)}\n"a\nb",B,Lamp,Home,1,USD,1\n`)).toEqual([
      ...['2 A', '6 wrong_number_of_columns', '7 B'],
    ]);
    expect(await contentOf(paragraph)).toMatchObject({ description: 'one\ntwo\n\nfour' });
  });

  test('loses one line to a quote that is not closed, not the file', async () => {
    const open = csv('A,"Lamp,Home,1,USD,1', row('B'), row('C'), '5" pipe,x', row('D'));
    expect((await linesOf(open)).filter((line) => !line.includes('validation'))).toEqual([
      '3 B',
      '4 C',
      '6 D',
    ]);
    const long = csv('A,"Lamp,Home,1,USD,1', ...Array.from({ length: 3_500 }, (_, n) => row(`B${n}`)));
    const lines = await linesOf(long);
    expect(lines).toHaveLength(3_501);
    expect(lines[0]).toBe('2 line_too_long');
    expect(lines.at(-1)).toBe('3502 B3499');
  });

  test.each([
    ['', 'The file has no header'],
    ['\n\n', 'The file has no header'],
    ['sku,title\nA,B\n', 'The header: the column category, price, currency is missing'],
    [`${header},colour\n`, 'The header: "colour" is no column'],
    [`${header},sku\n`, 'The header: the column sku stands there twice'],
    ['"sku\n', 'A quote stands inside'],
  ])('without a good header is no file: %j', async (text, message) => {
    const reading = linesOf(text);
    await expect(reading).rejects.toThrow(UnreadableFile);
    await expect(reading).rejects.toThrow(message);
  });

  test('packed is the same, and a broken packing is told where it breaks', async () => {
    const rows = Array.from({ length: 6_000 }, (_, n) => row(`S${n}${Math.sin(n)}`));
    const text = csv(...rows);
    expect(await linesOf(text, { isGzip: true })).toEqual(await linesOf(text));
    const path = join(folder, 'broken');
    const packed = gzipSync(text);
    await writeFile(path, packed.subarray(0, packed.length >> 1));
    const reading = collected(parseFile({ path, format: 'csv', isGzip: true, position: 0 }));
    const error = await reading.catch((reason: unknown) => reason);
    expect(error).toMatchObject({ fault: { code: 'malformed_request' } });
    expect((error as UnreadableFile).line).toBeGreaterThan(1);
  });

  test('read again from the end of any batch gives the rest of it', async () => {
    const rows = Array.from({ length: 800 }, (_, n) =>
      n % 7 === 0 ? `X${n},"two\nlines",Home,1,USD,1` : n % 31 === 0 ? `X${n},5" pipe` : row(`S${n}`),
    );
    for (const isGzip of [false, true]) {
      const text = csv(...rows);
      const batches = await batchesOf(text, { isGzip });
      expect(batches.length).toBeGreaterThan(2);
      for (const [n, batch] of batches.entries()) {
        const rest = await batchesOf(text, { isGzip, position: batch.lines.at(-1)!.endsAt });
        const given = batches.slice(n + 1).flatMap(({ lines }) => lines);
        expect(rest.flatMap(({ lines }) => lines)).toEqual(given);
        expect(batch.from).toBe(n === 0 ? 0 : batches[n - 1]!.lines.at(-1)!.endsAt);
      }
    }
  });
});

describe('JSON Lines', () => {
  const product = {
    title: 'Lamp',
    category: 'Home',
    variants: [{ sku: 'A', price: { amount: 1, currency: 'USD' } }],
  };
  const json = JSON.stringify(product);

  test('are bodies of new products; blank lines are none', async () => {
    const lines = [json, '', '{', 'null', '[]', `{"title":1}`, json.replace('"A"', '"B"'), '{"a":"\ud800"}'];
    const bytes = Buffer.concat([
      Buffer.from(`\ufeff${lines.join('\n')}\n`),
      Buffer.from([0x22, 0xff, 0x22]),
    ]);
    expect(await linesOf(bytes, { format: 'ndjson' })).toEqual([
      ...[
        '1 A',
        '3 malformed_json',
        '4 validation_failed',
        '5 validation_failed',
        '6 validation_failed',
        '7 B',
      ],
      ...['8 validation_failed', '9 not_utf8'],
    ]);
  });

  test('that are too long or nest too deep cost themselves alone', async () => {
    const long = JSON.stringify({ ...product, description: 'x'.repeat(70_000) });
    const lines = [long, `${'['.repeat(40)}${']'.repeat(40)}`, json];
    expect(await linesOf(lines.join('\r\n'), { format: 'ndjson' })).toEqual([
      ...['1 line_too_long', '2 malformed_json', '3 A'],
    ]);
  });
});

const cell = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.string({ unit: fc.constantFrom('"', ',', '\n', '\r\n', 'a', ' ', '|'), maxLength: 12 }),
);

test('what is written as CSV is read as it was, however it is cut into chunks', () => {
  const table = fc.array(fc.array(cell, { minLength: 2, maxLength: 5 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(table, fc.integer({ min: 1, max: 50 }), (rows, chunkBytes) => {
      const bytes = Buffer.from(rows.map(csvLine).join(''));
      const splitter = new LineSplitter();
      const reader = new CsvReader();
      const read: unknown[] = [];
      for (let at = 0; at < bytes.length; at += chunkBytes)
        read.push(...reader.push(splitter.push(bytes.subarray(at, at + chunkBytes))));
      read.push(...reader.push(splitter.end()), ...reader.end());
      // A lone carriage return in a cell is kept; lone surrogates have no bytes.
      const written = rows.map((cells) => cells.map((text) => Buffer.from(text).toString()));
      expect(read.map((one) => (one as { cells: unknown }).cells)).toEqual(
        written.filter((cells) => !isBlank(cells)),
      );
    }),
    { numRuns: 150 },
  );
});

const isBlank = (cells: readonly string[]) => /^[ \t]*$/.test(csvLine(cells).slice(0, -2));

test('whatever bytes come, every line that is not blank is one product or one fault, in order', async () => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
    fc
      .constantFrom('"', ',', '\n', '\r\n', '""', row('A'), `${row('B')}\n`, '\u{1f3f4}')
      .map((text) => Buffer.from(text)),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(piece, { maxLength: 60 }),
      fc.constantFrom('csv', 'ndjson'),
      async (pieces, format) => {
        const bytes = Buffer.concat([Buffer.from(format === 'csv' ? `${header}\n` : ''), ...pieces]);
        const lines = (await batchesOf(bytes, { format: format as 'csv' })).flatMap((batch) => batch.lines);
        const numbers = lines.map(({ line }) => line);
        expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
        for (const { content } of lines)
          if ('code' in content)
            expect(content).toEqual({ code: expect.any(String), message: expect.any(String) });
      },
    ),
    { numRuns: 100 },
  );
});
