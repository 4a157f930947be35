/**
 * The access log: one line of JSON for each request, HTTP or live, beside the other log lines on standard error.
 *
 * 1. A line is put together by hand from parts that are known to be harmless, and holds no body, no query and no token.
 * 2. Lines are written in pieces, by Node's pool, one at a time: a write costs about 20 us whatever its size. A pipe takes a
 *    piece whole while its reader keeps up; only on a full one may another thread's line stand inside a line.
 * 3. A reader that is slow or gone costs lines, which are counted, and neither memory nor time.
 */
import { fstatSync, write } from 'node:fs';
import type { AccessLog } from '../protocol/log.ts';
import { counter, type Family } from '../protocol/metric.ts';

/** A quarter of a pipe; a file takes anything. */
const pipeBytesMax = 16 * 1024;
const fileBytesMax = 64 * 1024;
const waitingBytesMax = 1024 * 1024;
/** A line is seen so late at the most. */
const flushMs = 200;
const retryMs = 20;
const stopMsMax = 500;

export class AccessLines implements AccessLog {
  readonly #fd: number;
  readonly #pieceBytesMax: number;
  readonly #gateway: number;
  readonly #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #piece = '';
  #startText = '';
  #startMs = 0;
  /** What most lines in a row have in common, and of whom it is. */
  #middle = '';
  #middleOf = { via: '', route: '', status: 0, address: '' };
  #timer: NodeJS.Timeout | null = null;
  #isWriting = false;
  #dropped = 0;
  #toldDropped = 0;
  #onIdle: (() => void) | null = null;

  constructor(gateway: number, fd = 2) {
    const stat = fstatSync(fd);
    this.#fd = fd;
    this.#gateway = gateway;
    this.#pieceBytesMax = stat.isFIFO() || stat.isSocket() ? pipeBytesMax : fileBytesMax;
  }

  readonly line: AccessLog['line'] = (requestId, route, status, ms, address, accountId, via) => {
    if (this.#waitingBytes > waitingBytesMax) {
      this.#dropped += 1;
      return;
    }
    const id = needsEscape.test(requestId) ? JSON.stringify(requestId) : `"${requestId}"`;
    const account = accountId === null ? '' : `,"account":"${accountId}"`;
    const middle = this.#middleFor(via, route, status, address);
    const line = `${this.#start()}${id}${middle}${hundredths(ms)}${account},"msg":"request"}\n`;
    if (this.#piece.length + line.length > this.#pieceBytesMax) this.#flush();
    this.#piece += line;
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#flush();
    }, flushMs).unref();
  };

  /** The same for all lines of a millisecond. */
  #start(): string {
    const nowMs = Date.now();
    if (nowMs !== this.#startMs) {
      this.#startMs = nowMs;
      this.#startText = `{"level":30,"time":${nowMs},"gateway":${this.#gateway},"requestId":`;
    }
    return this.#startText;
  }

  /** The same for as long as the same is asked, as in a rush. */
  #middleFor(via: string, route: string, status: number, address: string): string {
    const of = this.#middleOf;
    if (of.route !== route || of.status !== status || of.address !== address || of.via !== via) {
      this.#middleOf = { via, route, status, address };
      this.#middle = `,"via":"${via}","route":"${route}","status":${status},"address":"${address}","ms":`;
    }
    return this.#middle;
  }

  metrics(): Family[] {
    const help = 'Lines of the access log that were not written, because standard error is slow or gone';
    return [counter('doorbuster_access_log_lines_dropped_total', help, this.#dropped)];
  }

  /** Writes what waits, for as long as a stop may take. */
  async stop(): Promise<void> {
    this.#flush();
    if (!this.#isWriting) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, stopMsMax);
      this.#onIdle = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #flush(): void {
    if (this.#piece === '') return;
    // All of it is ASCII: as many bytes as characters.
    const piece = Buffer.from(this.#piece, 'latin1');
    this.#piece = '';
    this.#waiting.push(piece);
    this.#waitingBytes += piece.length;
    if (!this.#isWriting) this.#writeNext();
  }

  #writeNext(): void {
    const next = this.#waiting.shift() ?? this.#droppedLine();
    this.#isWriting = next !== null;
    if (next === null) this.#onIdle?.();
    else this.#write(next, next.length);
  }

  /** `bytes` of the whole piece wait until its last part is written. */
  #write(part: Buffer, bytes: number): void {
    write(this.#fd, part, (error, written) => {
      if (error?.code === 'EAGAIN') {
        setTimeout(() => this.#write(part, bytes), retryMs).unref();
      } else if (error) {
        // Nobody reads any more: this piece is lost.
        this.#dropped += part.toString('latin1').split('\n').length - 1;
        this.#waitingBytes -= bytes;
        this.#writeNext();
      } else if (written < part.length) {
        this.#write(part.subarray(written), bytes);
      } else {
        this.#waitingBytes -= bytes;
        this.#writeNext();
      }
    });
  }

  #droppedLine(): Buffer | null {
    const lines = this.#dropped - this.#toldDropped;
    if (lines === 0) return null;
    this.#toldDropped = this.#dropped;
    const text = `{"level":40,"time":${Date.now()},"gateway":${this.#gateway},"lines":${lines},"msg":"lines of the access log were dropped"}\n`;
    const line = Buffer.from(text, 'latin1');
    this.#waitingBytes += line.length;
    return line;
  }
}

const twoDigits = Array.from({ length: 100 }, (_, number) => String(number).padStart(2, '0'));

/** With two digits behind the point: whole numbers become text four times as fast as others. */
function hundredths(ms: number): string {
  const rounded = Math.round(ms * 100);
  return `${Math.floor(rounded / 100)}.${twoDigits[rounded % 100]!}`;
}

/** The only ones of the visible ASCII characters that JSON escapes. */
const needsEscape = /["\\]/;
