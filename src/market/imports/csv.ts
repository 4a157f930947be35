/**
 * CSV (RFC 4180) as rows of cells. Which lines belong together is told by their quotes: a record is whole when it has
 * an even number of them. `csv-parse` reads the cells.
 *
 * 1. A record that cannot be read costs its first line: reading goes on with the next line, so one stray quote does
 *    not swallow the file. No line is looked at more than a few times.
 * 2. A record has at most 64 KiB, however many lines it has.
 */

import { isUtf8 } from 'node:buffer';
import { parse } from 'csv-parse/sync';
import { type Line, lineBytesMax, withoutBreak } from './lines.ts';

/** What is wrong with a line. */
export interface Fault {
  readonly code: string;
  readonly message: string;
}

/** One record, named by its first line: its cells, or why it cannot be read. */
export interface Row {
  readonly line: number;
  /** Bytes of the file up to its end. */
  readonly endsAt: number;
  readonly cells: readonly string[] | Fault;
}

export const tooLong: Fault = { code: 'line_too_long', message: `A line may have ${lineBytesMax} bytes` };
export const notUtf8: Fault = { code: 'not_utf8', message: 'The line is not valid UTF-8' };
const badQuotes: Fault = {
  code: 'validation_failed',
  message: 'A quote stands inside a cell without quotes around it, or is not closed',
};

/** A whole record whose cells have not been read. */
interface RawRecord {
  readonly line: number;
  readonly endsAt: number;
  readonly bytes: Buffer;
}

const quote = 0x22;

export class CsvReader {
  /** Lines of a record that is not whole yet. */
  #open: Line[] = [];
  #openBytes = 0;
  #openQuotes = 0;

  /** The rows that end with these lines. */
  push(lines: readonly Line[]): Row[] {
    return rowsOf(this.#assemble(lines));
  }

  /** What is left at the end of the file. */
  end(): Row[] {
    const found: (RawRecord | Row)[] = [];
    while (this.#open.length > 0) {
      const rest = this.#giveUp(found, badQuotes);
      found.push(...this.#assemble(rest));
    }
    return rowsOf(found);
  }

  #assemble(lines: readonly Line[]): (RawRecord | Row)[] {
    const found: (RawRecord | Row)[] = [];
    /** Lines still to look at, the next one last. */
    const waiting = lines.toReversed();
    for (let line = waiting.pop(); line !== undefined; line = waiting.pop()) {
      const { bytes } = line;
      const isTooMuch = bytes === null || this.#openBytes + bytes.length > lineBytesMax;
      if (isTooMuch && this.#open.length > 0) {
        waiting.push(line, ...this.#giveUp(found, tooLong).toReversed());
        continue;
      }
      if (bytes === null) {
        found.push({ line: line.number, endsAt: line.endsAt, cells: tooLong });
        continue;
      }
      this.#open.push(line);
      this.#openBytes += bytes.length;
      this.#openQuotes += quotesIn(bytes);
      if (this.#openQuotes % 2 !== 0) continue;
      const record = this.#record();
      // A record of several lines is read at once: if it is none, they are looked at anew.
      if (this.#open.length > 1 && !isReadable(record))
        waiting.push(...this.#giveUp(found, isUtf8(record.bytes) ? badQuotes : notUtf8).toReversed());
      else {
        if (!isBlank(record.bytes)) found.push(record);
        this.#clear();
      }
    }
    return found;
  }

  #record(): RawRecord {
    const last = this.#open.at(-1)!;
    const bytes =
      this.#open.length === 1 ? last.bytes! : Buffer.concat(this.#open.map((line) => line.bytes!));
    return { line: this.#open[0]!.number, endsAt: last.endsAt, bytes: withoutBreak(bytes) };
  }

  /** The first open line is no record. Answers with the other ones. */
  #giveUp(found: (RawRecord | Row)[], fault: Fault): Line[] {
    const [first, ...rest] = this.#open;
    found.push({ line: first!.number, endsAt: first!.endsAt, cells: fault });
    this.#clear();
    return rest;
  }

  #clear(): void {
    this.#open = [];
    this.#openBytes = 0;
    this.#openQuotes = 0;
  }
}

function quotesIn(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(quote); at >= 0; at = bytes.indexOf(quote, at + 1)) count += 1;
  return count;
}

function isBlank(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0x20 || byte === 0x09);
}

function isReadable({ bytes }: RawRecord): boolean {
  return isUtf8(bytes) && !('code' in cellsOf(bytes));
}

const lineBreak = Buffer.from('\n');
/** Records of any number of cells: whether it is the right one is judged where the header is known. */
const options = { relax_column_count: true, record_delimiter: ['\r\n', '\n'] };

/** All good records are read in one call, which costs a fraction of a call for each; if one is bad, each by itself. */
function rowsOf(found: readonly (RawRecord | Row)[]): Row[] {
  const good = found.filter((one): one is RawRecord => 'bytes' in one && isUtf8(one.bytes));
  const together = Buffer.concat(good.flatMap(({ bytes }) => [bytes, lineBreak]));
  const cellsByRecord = new Map<RawRecord, string[]>();
  try {
    const rows = parse(together, options);
    if (rows.length === good.length) good.forEach((record, i) => void cellsByRecord.set(record, rows[i]!));
  } catch {
    // One of them is bad: which one is seen when each is read by itself.
  }
  return found.map((one) => {
    if ('cells' in one) return one;
    const { line, endsAt, bytes } = one;
    return { line, endsAt, cells: cellsByRecord.get(one) ?? (isUtf8(bytes) ? cellsOf(bytes) : notUtf8) };
  });
}

function cellsOf(bytes: Buffer): string[] | Fault {
  try {
    const rows = parse(bytes, options);
    return rows.length === 1 ? rows[0]! : badQuotes;
  } catch {
    return badQuotes;
  }
}

// ----------------------------------------------------------------

/** Cells as a line of CSV, with its line break. No cell is disarmed for spreadsheets: what comes back is what went out. */
export function csvLine(cells: readonly string[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`;
}

function csvCell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
