/**
 * Redis' own protocol (RESP, version 2), as far as this server needs it: commands out, replies in.
 *
 * 1. All commands of a call are one piece of bytes: an append of many frames is one write.
 * 2. A reply is read once, however it was cut on its way: what has come of it is not looked at again.
 */
import type { RedisCommand } from './redis-command.ts';

const lineEnd = '\r\n';

export function encodeCommands(commands: readonly RedisCommand[]): Buffer {
  const pieces: (string | Uint8Array)[] = [];
  let text = '';
  for (const command of commands) {
    text += `*${command.length}${lineEnd}`;
    for (const part of command) {
      if (part instanceof Uint8Array) {
        pieces.push(`${text}$${part.length}${lineEnd}`, part);
        text = lineEnd;
      } else {
        const word = String(part);
        text += `$${Buffer.byteLength(word)}${lineEnd}${word}${lineEnd}`;
      }
    }
  }
  pieces.push(text);
  let size = 0;
  for (const piece of pieces) size += typeof piece === 'string' ? Buffer.byteLength(piece) : piece.length;
  const bytes = Buffer.allocUnsafe(size);
  let at = 0;
  for (const piece of pieces) {
    if (typeof piece === 'string') at += bytes.write(piece, at);
    else {
      bytes.set(piece, at);
      at += piece.length;
    }
  }
  return bytes;
}

/** What Redis answers to a command that it does not carry out. */
export class RedisError extends Error {
  override readonly name = 'RedisError';
}

/** Redis' own bound for one string, and what no reply comes near. */
const stringBytesMax = 512 * 1024 * 1024;
const depthMax = 8;

const carriageReturn = 13;
const type = { text: 43, error: 45, integer: 58, string: 36, list: 42 } as const;

interface OpenList {
  readonly items: unknown[];
  readonly length: number;
}

export class ReplyReader {
  /** Read and not handed out yet. */
  #replies: unknown[] = [];
  /** What has come and is not read yet. */
  #chunks: Buffer[] = [];
  #size = 0;
  /** With fewer bytes than this the next part of a reply cannot be read. */
  #wanted = 0;
  /** The lists that are not complete, the outermost first. */
  readonly #lists: OpenList[] = [];

  /** The replies that end in this chunk. Throws when its bytes are no replies: nothing more can be made of the connection. */
  read(chunk: Buffer): unknown[] {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    if (this.#size < this.#wanted) return [];
    this.#wanted = 0;
    const bytes = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks);
    let at = 0;
    while (at < bytes.length) {
      const next = this.#readPart(bytes, at);
      if (next === at) break;
      at = next;
    }
    this.#size = bytes.length - at;
    this.#chunks = this.#size === 0 ? [] : [bytes.subarray(at)];
    const replies = this.#replies;
    this.#replies = [];
    return replies;
  }

  /** Where the next part begins; `at` when this one has not come wholly. */
  #readPart(bytes: Buffer, at: number): number {
    const end = bytes.indexOf(carriageReturn, at);
    if (end < 0 || end + 1 === bytes.length) {
      this.#wanted = bytes.length - at + 1;
      return at;
    }
    const next = end + lineEnd.length;
    switch (bytes[at]) {
      case type.text:
        this.#take(bytes.toString('latin1', at + 1, end));
        return next;
      case type.error:
        this.#take(new RedisError(bytes.toString('utf8', at + 1, end)));
        return next;
      case type.integer:
        this.#take(integer(bytes, at + 1, end));
        return next;
      case type.string:
        return this.#readString(bytes, at, next, integer(bytes, at + 1, end));
      case type.list:
        this.#openList(integer(bytes, at + 1, end));
        return next;
      default:
        throw new Error('Redis sent something that is no reply');
    }
  }

  #readString(bytes: Buffer, at: number, from: number, length: number): number {
    if (length < 0) {
      this.#take(null);
      return from;
    }
    if (length > stringBytesMax) throw new Error(`Redis sent a string of ${length} bytes`);
    const next = from + length + lineEnd.length;
    if (next > bytes.length) {
      this.#wanted = next - at;
      return at;
    }
    this.#take(bytes.subarray(from, from + length));
    return next;
  }

  #openList(length: number): void {
    if (length < 0) this.#take(null);
    else if (length === 0) this.#take([]);
    else if (this.#lists.length === depthMax) throw new Error('Redis sent lists in lists in lists');
    else this.#lists.push({ items: [], length });
  }

  /** A value is complete, and with it maybe the lists that it ends. */
  #take(value: unknown): void {
    let complete = value;
    for (let list = this.#lists.at(-1); list; list = this.#lists.at(-1)) {
      list.items.push(complete);
      if (list.items.length < list.length) return;
      complete = list.items;
      this.#lists.pop();
    }
    this.#replies.push(complete);
  }
}

function integer(bytes: Buffer, from: number, end: number): number {
  const value = Number(bytes.toString('latin1', from, end));
  if (!Number.isInteger(value)) throw new Error('Redis sent a number that is none');
  return value;
}
