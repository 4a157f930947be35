/**
 * The lines of a file, from its bytes as they come.
 *
 * 1. Memory is bounded: of a line longer than `lineBytesMax` nothing is kept but that it was too long.
 * 2. Lines count from 1. Where a line ends in the file is told, so that reading can begin again behind it.
 */

/** With its line break. */
export const lineBytesMax = 64 * 1024;

export interface Line {
  readonly number: number;
  /** With the line break, where there is one; null: too long. */
  readonly bytes: Buffer | null;
  /** Bytes of the file up to the end of this line. */
  readonly endsAt: number;
}

const lineFeed = 0x0a;

export class LineSplitter {
  #parts: Buffer[] = [];
  #partBytes = 0;
  #isTooLong = false;
  #number = 0;
  #offset = 0;

  /** The lines that end in this chunk. */
  push(chunk: Buffer): Line[] {
    const lines: Line[] = [];
    let from = 0;
    for (let at = chunk.indexOf(lineFeed); at >= 0; at = chunk.indexOf(lineFeed, from)) {
      this.#add(chunk.subarray(from, at + 1));
      lines.push(this.#take());
      from = at + 1;
    }
    if (from < chunk.length) this.#add(chunk.subarray(from));
    return lines;
  }

  /** The last line, when the file does not end with a line break. */
  end(): Line[] {
    return this.#partBytes === 0 && !this.#isTooLong ? [] : [this.#take()];
  }

  #add(part: Buffer): void {
    this.#offset += part.length;
    if (this.#isTooLong) return;
    this.#partBytes += part.length;
    if (this.#partBytes <= lineBytesMax) {
      this.#parts.push(part);
      return;
    }
    this.#isTooLong = true;
    this.#parts = [];
  }

  #take(): Line {
    const parts = this.#parts;
    const bytes = this.#isTooLong ? null : parts.length === 1 ? parts[0]! : Buffer.concat(parts);
    this.#parts = [];
    this.#partBytes = 0;
    this.#isTooLong = false;
    this.#number += 1;
    return { number: this.#number, bytes, endsAt: this.#offset };
  }
}

const carriageReturn = 0x0d;

/** The line without its line break. */
export function withoutBreak(bytes: Buffer): Buffer {
  let end = bytes.length;
  if (bytes[end - 1] === lineFeed) end -= 1;
  if (bytes[end - 1] === carriageReturn) end -= 1;
  return bytes.subarray(0, end);
}
