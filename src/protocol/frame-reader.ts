/**
 * Reads the records of a journal frame: the part of msgpack that `encodeFrame` writes, several times as fast as the
 * general reader, because replay spends most of its time here.
 *
 * 1. It answers what msgpackr would answer, or null: whatever it does not know (maps, other extensions,
 *    bytes that end too early) the caller reads with msgpackr.
 * 2. Strings that come again (kinds, keys, sale ids, a hold's id in the next frame) are one string in memory, and no
 *    string keeps the frame alive that it was read from.
 * 3. Field names come once per frame and shape; the function that makes objects of a shape is kept across frames.
 */
import type { AnyEvent } from './decider.ts';

type Shape = () => unknown;

interface Read {
  readonly kind: string;
  readonly key: string;
  readonly event: AnyEvent;
}

/** Shapes that are kept: the events have about fifty; answers kept for idempotency add theirs. */
const shapesMax = 1_000;
/** Names of fields per shape that are read here; bigger objects go the general way. */
const fieldsMax = 64;
const shapeByNames = new Map<string, Shape>();
/** Defined so far in this frame, by record id. */
const shapes: (Shape | undefined)[] = new Array(64).fill(undefined);

/** Direct-mapped: a slot holds the last string that fell into it. */
const slotCount = 1_024;
const slotBytes = 64;
const slotText: string[] = new Array(slotCount).fill('');
const slotContent = new Uint8Array(slotCount * slotBytes);

let source: Buffer = Buffer.alloc(0);
let view: DataView = new DataView(source.buffer);
let position = 0;
let end = 0;

const notKnownHere = Symbol('not known here');

/** The records in `bytes` from `start` to the end, or null: see invariant 1. */
export function readRecords(bytes: Uint8Array, start: number): Read[] | null {
  source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  position = start;
  end = bytes.byteLength;
  shapes.fill(undefined);
  try {
    const count = readLength();
    const records: Read[] = [];
    for (let n = 0; n < count; n++) {
      if (source[position++] !== 0x93) return null;
      const kind = readName() as string;
      const key = read() as string;
      records.push({ kind, key, event: read() as AnyEvent });
    }
    return position === end ? records : null;
  } catch (error) {
    if (error === notKnownHere || error instanceof RangeError) return null;
    throw error;
  }
}

/** The length of the array that begins here. */
function readLength(): number {
  const token = source[position++]!;
  if (token >= 0x90 && token < 0xa0) return token - 0x90;
  if (token === 0xdc) return readUint16();
  if (token === 0xdd) return readUint32();
  throw notKnownHere;
}

function read(): unknown {
  const token = source[position++]!;
  if (token < 0x40) return token;
  if (token < 0x80) {
    const shape = shapes[token & 0x3f];
    return shape === undefined ? token : shape();
  }
  if (token >= 0xe0) return token - 0x100;
  if (token >= 0xa0 && token < 0xc0) return readText(token - 0xa0, false);
  if (token >= 0x90 && token < 0xa0) return readArray(token - 0x90);
  return readLong(token);
}

/** Whatever its first byte does not contain. */
function readLong(token: number): unknown {
  switch (token) {
    case 0xc0:
      return null;
    case 0xc2:
      return false;
    case 0xc3:
      return true;
    case 0xc4:
      return readBytes(source[position++]!);
    case 0xc5:
      return readBytes(readUint16());
    case 0xc6:
      return readBytes(readUint32());
    case 0xcb:
      position += 8;
      return view.getFloat64(position - 8);
    case 0xcc:
      if (position >= end) throw notKnownHere;
      return source[position++];
    case 0xcd:
      return readUint16();
    case 0xce:
      return readUint32();
    case 0xcf:
      position += 8;
      return view.getUint32(position - 8) * 0x100000000 + view.getUint32(position - 4);
    case 0xd0:
      return view.getInt8(position++);
    case 0xd1:
      position += 2;
      return view.getInt16(position - 2);
    case 0xd2:
      position += 4;
      return view.getInt32(position - 4);
    case 0xd3:
      position += 8;
      return view.getInt32(position - 8) * 0x100000000 + view.getUint32(position - 4);
    case 0xd4:
      return readExtension();
    case 0xd9:
      return readText(source[position++]!, false);
    case 0xda:
      return readText(readUint16(), false);
    case 0xdb:
      return readText(readUint32(), false);
    case 0xdc:
      return readArray(readUint16());
    case 0xdd:
      return readArray(readUint32());
    default:
      throw notKnownHere;
  }
}

function readUint16(): number {
  position += 2;
  return view.getUint16(position - 2);
}

function readUint32(): number {
  position += 4;
  return view.getUint32(position - 4);
}

/** A part of the frame: whoever keeps it copies it. */
function readBytes(length: number): Uint8Array {
  const from = position;
  // Written so that a length which is not there (undefined, hence NaN) is refused, too.
  if (!(from + length <= end)) throw notKnownHere;
  position = from + length;
  return new Uint8Array(source.buffer, source.byteOffset + from, length);
}

function readArray(length: number): unknown[] {
  // An element takes a byte at least: no header can make us ask for more memory than that.
  if (length > end - position) throw notKnownHere;
  const array: unknown[] = new Array(length);
  for (let n = 0; n < length; n++) array[n] = read();
  return array;
}

/** `undefined`, or the definition of a shape with its first object. */
function readExtension(): unknown {
  const type = source[position++];
  const id = source[position++]!;
  if (type === 0) return undefined;
  if (type !== 0x72) throw notKnownHere;
  const shape = readShape();
  shapes[id & 0x3f] = shape;
  return shape();
}

function readShape(): Shape {
  const start = position;
  const count = readLength();
  if (count > fieldsMax) throw notKnownHere;
  for (let n = 0; n < count; n++) {
    const token = source[position++]!;
    if (token >= 0xa0 && token < 0xc0) position += token - 0xa0;
    else if (token === 0xd9) position += 1 + source[position]!;
    else throw notKnownHere;
  }
  if (!(position <= end)) throw notKnownHere;
  const written = source.toString('latin1', start, position);
  let shape = shapeByNames.get(written);
  if (shape === undefined) {
    position = start;
    shape = makeShape(readArray(readLength()) as string[]);
    if (shapeByNames.size >= shapesMax) shapeByNames.clear();
    shapeByNames.set(written, shape);
  }
  return shape;
}

/** Generated, because only a literal gives all objects of a shape one hidden class without a look-up per field. */
function makeShape(names: readonly string[]): Shape {
  if (names.includes('__proto__')) throw notKnownHere;
  const fields = names.map((name) => `${JSON.stringify(name)}:${name === 'type' ? 'name' : 'value'}()`);
  return new Function('name', 'value', `return () => ({${fields.join()}})`)(readName, read) as Shape;
}

/** A value that is most often one of a few words, compared with literals: those are made the same string as they. */
function readName(): unknown {
  const token = source[position];
  if (token === undefined || token < 0xa0 || token >= 0xc0) return read();
  position++;
  return readText(token - 0xa0, true);
}

function readText(length: number, isName: boolean): string {
  const from = position;
  const to = from + length;
  // Written so that a length which is not there (undefined, hence NaN) is refused, too.
  if (!(to <= end)) throw notKnownHere;
  position = to;
  if (length === 0) return '';
  if (length > slotBytes) return decoded(from, to);
  const mixed = Math.imul(
    source[from]! + (source[to - 1]! << 8) + (source[to - 2]! << 16) + (source[to - 3]! << 24),
    0x9e3779b1,
  );
  const slot = (mixed >>> 22) ^ (length & 0x3f);
  const at = slot * slotBytes;
  const known = slotText[slot]!;
  if (known.length === length) {
    let n = 0;
    while (n < length && slotContent[at + n] === source[from + n]) n++;
    if (n === length) return known;
  }
  let bits = 0;
  for (let n = 0; n < length; n++) {
    const byte = source[from + n]!;
    bits |= byte;
    slotContent[at + n] = byte;
  }
  if (bits > 0x7f) {
    slotText[slot] = '';
    return decoded(from, to);
  }
  const plain = source.toString('latin1', from, to);
  const text = isName ? interned(plain) : plain;
  slotText[slot] = text;
  return text;
}

/** Bytes that are not UTF-8, and byte order marks, have more than one reading: msgpackr's counts. */
function decoded(from: number, to: number): string {
  const text = source.toString('utf8', from, to);
  if (text.includes('\ufffd') || text.charCodeAt(0) === 0xfeff) throw notKnownHere;
  return text;
}

/** The same string, as the engine keeps property names and literals. */
function interned(text: string): string {
  return Object.keys({ [text]: 0 })[0]!;
}
