/**
 * A file as batches of checked products. Runs in a thread of its own (parser-thread.ts): nothing here asks a database.
 *
 * 1. Memory is bounded: a batch has at most `linesPerBatch` lines and not much more than `bytesPerBatch` bytes, and
 *    nothing is read before the batch before it is taken.
 * 2. Every line of the file ends in exactly one batch, as a product or as a fault with its number; blank lines are none.
 * 3. A file that is read again from the end of a batch gives the same lines as if it had been read in one go.
 */
import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import Type, { type Static } from 'typebox';
import { compileCheck } from '../../gateway/check.ts';
import { parseJson } from '../../gateway/json.ts';
import { Closed } from '../../gateway/schemas.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import { NewProduct, NewVariant, variantsMax } from '../catalog/schemas.ts';
import { bodyOf, placeIn, readHeader } from './columns.ts';
import { CsvReader, type Fault, notUtf8, type Row, tooLong } from './csv.ts';
import { type Line, LineSplitter, withoutBreak } from './lines.ts';
import { unpackedBytesMax } from './schemas.ts';
import type { Format } from './store.ts';

const linesPerBatch = 250;
const bytesPerBatch = 1024 * 1024;
const chunkBytes = 256 * 1024;
const messageCharsMax = 500;

/** A new product's body, but for what only a product that is there already may lack or be. */
const ImportedProduct = Closed({
  ...NewProduct.properties,
  status: Type.Optional(Type.Enum(['draft', 'active', 'archived', 'held'])),
  variants: Type.Array(
    Closed({ ...NewVariant.properties, stock: Type.Optional(NewVariant.properties.stock) }),
    { minItems: 1, maxItems: variantsMax },
  ),
});
/** A line of CSV is one variant, perhaps of a product that a line before it began. */
const ImportedLine = Closed({
  ...ImportedProduct.properties,
  variantOf: Type.Optional(NewVariant.properties.sku),
});
export type ImportedProduct = Static<typeof ImportedLine>;

export interface ParsedLine {
  readonly line: number;
  /** Bytes of the unpacked file up to its end. */
  readonly endsAt: number;
  readonly content: ImportedProduct | Fault;
}

export interface Batch {
  /** Where it begins in the unpacked file: the end of the one before. */
  readonly from: number;
  /** At least one. */
  readonly lines: readonly ParsedLine[];
  /** Bytes of the file as it was sent that have been read. */
  readonly filePosition: number;
}

/** The file as a whole cannot be read, or not beyond this line. */
export class UnreadableFile extends Error {
  readonly line: number;
  readonly fault: Fault;

  constructor(line: number, fault: Fault) {
    super(fault.message);
    this.line = line;
    this.fault = fault;
  }
}

export interface ImportFile {
  readonly path: string;
  readonly format: Format;
  readonly isGzip: boolean;
  /** Lines before this byte of the unpacked file are done with. */
  readonly position: number;
}

/** Throws an `UnreadableFile`. */
export async function* parseFile({ path, format, isGzip, position }: ImportFile): AsyncGenerator<Batch> {
  const file = createReadStream(path, { highWaterMark: chunkBytes });
  const unpacked = isGzip ? file.pipe(createGunzip({ chunkSize: chunkBytes })) : file;
  file.on('error', (error) => unpacked.destroy(error));
  const splitter = new LineSplitter();
  const batches = new Batches(position, format === 'csv' ? new CsvLines(position) : new JsonLines(position));
  let bytes = 0;
  try {
    for await (const chunk of unpacked as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > unpackedBytesMax) throw tooLarge(batches.lastLine);
      yield* batches.push(splitter.push(chunk), file.bytesRead);
    }
    yield* batches.end(splitter.end(), file.bytesRead);
  } catch (error) {
    throw unreadable(error, batches.lastLine);
  } finally {
    file.destroy();
    unpacked.destroy();
  }
}

function tooLarge(line: number): UnreadableFile {
  return new UnreadableFile(line, {
    code: 'payload_too_large',
    message: `An unpacked file may have ${unpackedBytesMax} bytes`,
  });
}

function unreadable(error: unknown, line: number): unknown {
  const { code = '' } = error as { code?: string };
  if (error instanceof DoorbusterError) return new UnreadableFile(1, faultOf(error, placeIn.csv));
  if (code === 'ENOENT') return new UnreadableFile(1, { code: 'not_found', message: 'The file is gone' });
  if (/^Z_|^ERR_.*ZLIB/.test(code))
    return new UnreadableFile(line, { code: 'malformed_request', message: 'The gzip file is broken here' });
  return error;
}

/** What a format makes of its lines; each thing it finds is named by a line and ends at a byte of the file. */
interface Reader {
  read(lines: readonly Line[], isEnd: boolean): ParsedLine[];
}

/** Cuts what is found into batches. */
class Batches {
  readonly #reader: Reader;
  #from: number;
  #lines: ParsedLine[] = [];
  lastLine = 1;

  constructor(position: number, reader: Reader) {
    this.#reader = reader;
    this.#from = position;
  }

  *push(lines: readonly Line[], filePosition: number): Generator<Batch> {
    yield* this.#cut(this.#reader.read(lines, false), filePosition);
  }

  *end(lines: readonly Line[], filePosition: number): Generator<Batch> {
    yield* this.#cut([...this.#reader.read(lines, false), ...this.#reader.read([], true)], filePosition);
    if (this.#lines.length > 0) yield this.#take(filePosition);
  }

  *#cut(found: readonly ParsedLine[], filePosition: number): Generator<Batch> {
    for (const line of found) {
      this.#lines.push(line);
      this.lastLine = line.line;
      if (this.#lines.length >= linesPerBatch || line.endsAt - this.#from >= bytesPerBatch)
        yield this.#take(filePosition);
    }
  }

  #take(filePosition: number): Batch {
    const batch = { from: this.#from, lines: this.#lines, filePosition };
    this.#from = this.#lines.at(-1)!.endsAt;
    this.#lines = [];
    return batch;
  }
}

// ----------------------------------------------------------------

const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);

class CsvLines implements Reader {
  readonly #csv = new CsvReader();
  readonly #position: number;
  #columns: string[] | null = null;

  constructor(position: number) {
    this.#position = position;
  }

  read(lines: readonly Line[], isEnd: boolean): ParsedLine[] {
    const rest = this.#columns === null ? this.#behindHeader(lines) : lines;
    const rows = this.#csv.push(rest.filter(({ endsAt }) => endsAt > this.#position));
    if (isEnd) rows.push(...this.#csv.end());
    if (isEnd && this.#columns === null) this.#columns = headerIn(rows.shift());
    return rows.map((row) => this.#found(row));
  }

  /** The header is read each time; behind it reading begins where the last batch ended. */
  #behindHeader(lines: readonly Line[]): readonly Line[] {
    for (const [i, line] of lines.entries()) {
      const [row] = this.#csv.push([line.number === 1 ? withoutMark(line) : line]);
      if (row === undefined) continue;
      this.#columns = headerIn(row);
      return lines.slice(i + 1);
    }
    return [];
  }

  #found({ line, endsAt, cells }: Row): ParsedLine {
    const columns = this.#columns!;
    if ('code' in cells) return { line, endsAt, content: cells };
    if (cells.length !== columns.length) {
      const message = `The header has ${columns.length} columns, the line has ${cells.length}`;
      return { line, endsAt, content: { code: 'wrong_number_of_columns', message } };
    }
    return { line, endsAt, content: checked('csv', () => bodyOf(columns, cells)) };
  }
}

function withoutMark(line: Line): Line {
  const isMarked = line.bytes?.subarray(0, byteOrderMark.length).equals(byteOrderMark);
  return isMarked ? { ...line, bytes: line.bytes!.subarray(byteOrderMark.length) } : line;
}

function headerIn(row: Row | undefined): string[] {
  if (row === undefined) throw new DoorbusterError('validation_failed', 'The file has no header');
  if ('code' in row.cells) throw new UnreadableFile(row.line, row.cells);
  return readHeader(row.cells);
}

class JsonLines implements Reader {
  readonly #position: number;

  constructor(position: number) {
    this.#position = position;
  }

  read(lines: readonly Line[]): ParsedLine[] {
    return lines.flatMap((line) => {
      const { number, endsAt } = line;
      if (endsAt <= this.#position) return [];
      if (line.bytes === null) return [{ line: number, endsAt, content: tooLong }];
      const text = withoutBreak(number === 1 ? withoutMark(line).bytes! : line.bytes);
      if (text.every((byte) => byte === 0x20 || byte === 0x09)) return [];
      return [
        {
          line: number,
          endsAt,
          content: checked('ndjson', () => parseJson(text)),
        },
      ];
    });
  }
}

const checks = {
  csv: compileCheck(ImportedLine, 'The line'),
  ndjson: compileCheck(ImportedProduct, 'The line'),
} as const;

function checked(format: Format, read: () => unknown): ImportedProduct | Fault {
  try {
    // The check has found that it fits the schema.
    return checks[format](read()) as ImportedProduct;
  } catch (error) {
    if (error instanceof DoorbusterError) return faultOf(error, placeIn[format]);
    throw error;
  }
}

/** What is wrong, with the names of the file's own columns. */
export function faultOf(error: DoorbusterError, nameOf: (path: string) => string): Fault {
  if (error.code === 'malformed_json' && /UTF-8/.test(error.message)) return notUtf8;
  const { errors } = error.details as { errors?: readonly { path: string; message: string }[] };
  const places = errors?.map(({ path, message }) => `${nameOf(path)} ${message}`).join('; ');
  const message = (places || error.message).slice(0, messageCharsMax).toWellFormed();
  return { code: error.code, message };
}
