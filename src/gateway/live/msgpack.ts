/**
 * Reads a client's msgpack as JSON's values and nothing else: null, booleans, numbers, texts, arrays and maps with
 * texts as names. msgpackr, which writes our frames, reads more than a client may send: extension types become regular
 * expressions and references, 64-bit integers are rounded, and of two equal names the last one counts.
 *
 * Nesting is bounded, and so is a length: nothing is made before its bytes are there.
 */
import { isUtf8 } from 'node:buffer';
import { DoorbusterError } from '../../protocol/errors.ts';
import { invalidRequest, pointer } from '../invalid.ts';
import { inexact, nestingMax, nestsTooDeep, notStorable } from '../json.ts';

/** Refuses with `malformed_json` or `validation_failed`. */
export function readMsgpack(message: ArrayBuffer): unknown {
  const reader = new Reader(message);
  const value = reader.value(1);
  reader.end();
  return value;
}

function malformed(): DoorbusterError {
  return new DoorbusterError('malformed_json', 'The frame is not valid msgpack');
}

class Reader {
  readonly #bytes: Buffer;
  /** The names and indexes of where it is. */
  readonly #steps: (string | number)[] = [];
  #at = 0;

  constructor(message: ArrayBuffer) {
    this.#bytes = Buffer.from(message);
  }

  end(): void {
    if (this.#at !== this.#bytes.length) throw malformed();
  }

  value(depth: number): unknown {
    const type = this.#uint(1);
    if (type < 0x80) return type;
    if (type < 0x90) return this.#map(type - 0x80, depth);
    if (type < 0xa0) return this.#array(type - 0x90, depth);
    if (type < 0xc0) return this.#text(type - 0xa0);
    if (type >= 0xe0) return type - 0x100;
    switch (type) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xca:
        return this.#kept(this.#bytes.readFloatBE(this.#take(4)));
      case 0xcb:
        return this.#kept(this.#bytes.readDoubleBE(this.#take(8)));
      case 0xcc:
      case 0xcd:
      case 0xce:
        return this.#uint(1 << (type - 0xcc));
      case 0xcf:
        return this.#kept(whole(this.#bytes.readBigUInt64BE(this.#take(8))));
      case 0xd0:
      case 0xd1:
      case 0xd2:
        return this.#int(1 << (type - 0xd0));
      case 0xd3:
        return this.#kept(whole(this.#bytes.readBigInt64BE(this.#take(8))));
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.#text(this.#uint(1 << (type - 0xd9)));
      case 0xdc:
      case 0xdd:
        return this.#array(this.#uint(2 << (type - 0xdc)), depth);
      case 0xde:
      case 0xdf:
        return this.#map(this.#uint(2 << (type - 0xde)), depth);
      case 0xc1:
        throw malformed();
      default:
        throw this.#refusal('is of a type that JSON does not have');
    }
  }

  #array(length: number, depth: number): unknown[] {
    this.#enter(length, depth);
    const items: unknown[] = [];
    for (let i = 0; i < length; i++) {
      this.#steps.push(i);
      items.push(this.value(depth + 1));
      this.#steps.pop();
    }
    return items;
  }

  #map(size: number, depth: number): object {
    this.#enter(2 * size, depth);
    const map: Record<string, unknown> = {};
    for (let i = 0; i < size; i++) {
      const name = this.value(depth + 1);
      if (typeof name !== 'string') throw this.#refusal('must have texts as names');
      this.#steps.push(name);
      if (Object.hasOwn(map, name)) throw this.#refusal('is given twice');
      const value = this.value(depth + 1);
      // Assigned, it would become the prototype.
      if (name === '__proto__') Object.defineProperty(map, name, { value, enumerable: true });
      else map[name] = value;
      this.#steps.pop();
    }
    return map;
  }

  /** Each part is a byte at least. */
  #enter(parts: number, depth: number): void {
    if (depth > nestingMax) throw nestsTooDeep();
    if (parts > this.#bytes.length - this.#at) throw malformed();
  }

  #text(length: number): string {
    const start = this.#take(length);
    const text = this.#bytes.toString('utf8', start, this.#at);
    // What is no UTF-8 was read as U+FFFD, which may also have been sent.
    if (text.includes('\ufffd') && !isUtf8(this.#bytes.subarray(start, this.#at))) throw malformed();
    if (text.includes('\0')) throw this.#refusal(notStorable);
    return text;
  }

  #refusal(message: string): DoorbusterError {
    return invalidRequest([{ path: pointer(...this.#steps), message }], 'The frame');
  }

  #kept(number: number): number {
    if (!Number.isFinite(number)) throw this.#refusal(inexact);
    return number;
  }

  #uint(length: number): number {
    if (length === 1 && this.#at < this.#bytes.length) return this.#bytes[this.#at++]!;
    return this.#bytes.readUIntBE(this.#take(length), length);
  }

  #int(length: number): number {
    return this.#bytes.readIntBE(this.#take(length), length);
  }

  /** Where so many bytes begin, which are there. */
  #take(length: number): number {
    const start = this.#at;
    if (length > this.#bytes.length - start) throw malformed();
    this.#at += length;
    return start;
  }
}

/** NaN for an integer that no double keeps for certain. */
function whole(integer: bigint): number {
  const number = Number(integer);
  return Number.isSafeInteger(number) ? number : Number.NaN;
}
