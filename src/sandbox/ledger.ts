/**
 * The sandbox's rows and the file that keeps them: one line of JSON for each change.
 *
 * 1. `record` changes memory at once and `flushed` resolves when the file has it: answers wait for that, so what
 *    anybody was told is still true after kill -9.
 * 2. All changes of one turn of the event loop are one write. A write that fails is tried again from the same
 *    position before anything else is answered; the file never holds half a line in its middle.
 */
import { writeSync } from 'node:fs';
import { type FileHandle, mkdir, open, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Change, Rows, type StoredEvent } from './rows.ts';

export const ledgerPath = (dataDir: string): string => join(dataDir, 'sandbox', 'payments.jsonl');

/** Throws a SyntaxError for half a line. */
export const parseChange = (line: string): Change => JSON.parse(line) as Change;

export class Ledger {
  readonly rows: Rows;
  readonly #file: FileHandle;
  #endBytes: number;
  #lines: string[] = [];
  /** Bytes whose write has not succeeded yet: they go first. */
  #unwritten = Buffer.alloc(0);
  #writing: Promise<void> | null = null;

  private constructor(rows: Rows, file: FileHandle, endBytes: number) {
    this.rows = rows;
    this.#file = file;
    this.#endBytes = endBytes;
  }

  static async open(dataDir: string): Promise<Ledger> {
    const path = ledgerPath(dataDir);
    await mkdir(dirname(path), { recursive: true });
    // Opened for appending first, which makes the file; then for writing at positions of our own.
    await (await open(path, 'a')).close();
    const file = await open(path, 'r+');
    const rows = new Rows();
    const endBytes = readLines(await readFile(path), (change) => void rows.apply(change));
    await file.truncate(endBytes);
    return new Ledger(rows, file, endBytes);
  }

  record(change: Change): StoredEvent[] {
    this.#lines.push(`${JSON.stringify(change)}\n`);
    return this.rows.apply(change);
  }

  flushed(): Promise<void> {
    if (!this.#writing && !this.#hasUnwritten()) return Promise.resolve();
    this.#writing ??= this.#write();
    return this.#writing;
  }

  #hasUnwritten(): boolean {
    return this.#unwritten.length > 0 || this.#lines.length > 0;
  }

  async #write(): Promise<void> {
    try {
      // One turn's changes travel together.
      await new Promise((resolve) => setImmediate(resolve));
      while (this.#hasUnwritten()) {
        if (this.#unwritten.length === 0) {
          this.#unwritten = Buffer.from(this.#lines.join(''));
          this.#lines = [];
        }
        const bytes = this.#unwritten;
        const bytesWritten = writeSync(this.#file.fd, bytes, 0, bytes.length, this.#endBytes);
        this.#endBytes += bytesWritten;
        this.#unwritten = bytes.subarray(bytesWritten);
      }
    } finally {
      // In the same step as the last look at the lines: whoever records after this starts a new write.
      this.#writing = null;
    }
  }

  async close(): Promise<void> {
    await this.flushed();
    await this.#file.close();
  }
}

/** Length of the part of the file that ends with a whole line: what follows was being written at a crash. */
function readLines(bytes: Buffer, take: (change: Change) => void): number {
  let start = 0;
  for (;;) {
    const end = bytes.indexOf(10, start);
    if (end < 0) return start;
    let change: Change;
    try {
      change = parseChange(bytes.toString('utf8', start, end));
    } catch {
      // Only the last line can be torn; a broken one before it means that someone else wrote here.
      if (bytes.indexOf(10, end + 1) < 0) return start;
      throw new Error(`the sandbox's ledger is damaged at byte ${start}`);
    }
    take(change);
    start = end + 1;
  }
}
