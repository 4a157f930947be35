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
import { inexact, isStorable, nestingMax, nestsTooDeep, notStorable } from '../json.ts';

/** Refuses with `malformed_json` or `validation_failed`. */
export function readMsgpack(message: ArrayBuffer): unknown {
  const reader = new Reader(message);
  const value = reader.value('', 1);
  reader.end();
  return value;
}

function malformed(): DoorbusterError {
  return new DoorbusterError('malformed_json', 'The frame is not valid msgpack');
}

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(message: ArrayBuffer) {
    this.#bytes = Buffer.from(message);
  }

  end(): void {
    if (this.#at !== this.#bytes.length) throw malformed();
  }

  value(path: string, depth: number): unknown {
    const type = this.#uint(1);
    if (type < 0x80) return type;
    if (type < 0x90) return this.#map(type - 0x80, path, depth);
    if (type < 0xa0) return this.#array(type - 0x90, path, depth);
    if (type < 0xc0) return this.#text(type - 0xa0, path);
    if (type >= 0xe0) return type - 0x100;
    switch (type) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xca:
        return kept(this.#bytes.readFloatBE(this.#take(4)), path);
      case 0xcb:
        return kept(this.#bytes.readDoubleBE(this.#take(8)), path);
      case 0xcc:
      case 0xcd:
      case 0xce:
        return this.#uint(1 << (type - 0xcc));
      case 0xcf:
        return kept(whole(this.#bytes.readBigUInt64BE(this.#take(8))), path);
      case 0xd0:
      case 0xd1:
      case 0xd2:
        return this.#int(1 << (type - 0xd0));
      case 0xd3:
        return kept(whole(this.#bytes.readBigInt64BE(this.#take(8))), path);
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.#text(this.#uint(1 << (type - 0xd9)), path);
      case 0xdc:
      case 0xdd:
        return this.#array(this.#uint(2 << (type - 0xdc)), path, depth);
      case 0xde:
      case 0xdf:
        return this.#map(this.#uint(2 << (type - 0xde)), path, depth);
      case 0xc1:
        throw malformed();
      default:
        throw invalidRequest([{ path, message: 'is of a type that JSON does not have' }], 'The frame');
    }
  }

  #array(length: number, path: string, depth: number): unknown[] {
    this.#enter(length, depth);
    const items: unknown[] = [];
    for (let i = 0; i < length; i++) items.push(this.value(`${path}/${i}`, depth + 1));
    return items;
  }

  #map(size: number, path: string, depth: number): object {
    this.#enter(2 * size, depth);
    // Without a prototype, so that a field called __proto__ is a field like any other.
    const map: Record<string, unknown> = Object.create(null);
    for (let i = 0; i < size; i++) {
      const name = this.value(path, depth + 1);
      if (typeof name !== 'string')
        throw invalidRequest([{ path, message: 'must have texts as names' }], 'The frame');
      const at = path + pointer(name);
      if (name in map) throw invalidRequest([{ path: at, message: 'is given twice' }], 'The frame');
      map[name] = this.value(at, depth + 1);
    }
    return map;
  }

  /** Each part is a byte at least. */
  #enter(parts: number, depth: number): void {
    if (depth > nestingMax) throw nestsTooDeep();
    if (parts > this.#bytes.length - this.#at) throw malformed();
  }

  #text(length: number, path: string): string {
    const start = this.#take(length);
    const bytes = this.#bytes.subarray(start, start + length);
    if (!isUtf8(bytes)) throw malformed();
    const text = bytes.toString('utf8');
    if (!isStorable(text)) throw invalidRequest([{ path, message: notStorable }], 'The frame');
    return text;
  }

  #uint(length: number): number {
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

function kept(number: number, path: string): number {
  if (!Number.isFinite(number)) throw invalidRequest([{ path, message: inexact }], 'The frame');
  return number;
}
