/**
 * Writes the records of a journal frame: the same bytes as msgpackr, a few times as fast, because a frame of a lone event costs
 * its shard as much as the event. Like the reader (frame-reader.ts) it leaves to msgpackr what it does not know: texts with
 * other characters than ASCII, values that are neither JSON nor bytes, more shapes than fit into one frame.
 */
import type { AnyEvent } from './decider.ts';

interface Written {
  readonly kind: string;
  readonly key: string;
  readonly event: AnyEvent;
}

/** The names of an object's fields, in their order. */
interface Shape {
  readonly names: readonly string[];
  /** As they stand in a frame. */
  readonly bytes: Uint8Array;
  /** The frame in which it was defined last, and its number there. */
  frame: number;
  id: number;
}

const firstId = 0x40;
const idsMax = 0x40;
/** Shapes that are kept from frame to frame: the events have about fifty, answers kept for idempotency add theirs. */
const shapesMax = 1_000;
/** Room that a number, or the head of anything, takes at most. */
const headBytes = 16;
const notKnownHere = Symbol('not known here');

const shapeByNames = new Map<string, Shape>();
/** The shape that an event of this type had last. */
const shapeByType = new Map<string, Shape>();

let target = new Uint8Array(16 * 1024);
let view = new DataView(target.buffer);
let position = 0;
let frame = 0;
let nextId = firstId;

/** The records after `start` bytes that are left free, until the next call; null: see above. */
export function writeRecords(records: readonly Written[], start: number): Uint8Array | null {
  position = start;
  frame++;
  nextId = firstId;
  if (shapeByNames.size >= shapesMax) {
    shapeByNames.clear();
    shapeByType.clear();
  }
  try {
    writeLength(records.length);
    for (const { kind, key, event } of records) {
      makeRoom(1);
      target[position++] = 0x93;
      writeText(kind);
      writeText(key);
      writeObject(event, event.type);
    }
    return target.subarray(0, position);
  } catch (error) {
    if (error === notKnownHere) return null;
    throw error;
  }
}

function makeRoom(bytes: number): void {
  if (position + bytes + headBytes <= target.length) return;
  const grown = new Uint8Array(Math.max(target.length * 2, position + bytes + headBytes));
  grown.set(target);
  target = grown;
  view = new DataView(target.buffer);
}

/** Of an array. */
function writeLength(length: number): void {
  makeRoom(0);
  if (length < 0x10) target[position++] = 0x90 | length;
  else if (length < 0x10000) writeUint16(0xdc, length);
  else writeUint32(0xdd, length);
}

function writeUint16(token: number, value: number): void {
  target[position] = token;
  view.setUint16(position + 1, value);
  position += 3;
}

function writeUint32(token: number, value: number): void {
  target[position] = token;
  view.setUint32(position + 1, value);
  position += 5;
}

function write(value: unknown): void {
  switch (typeof value) {
    case 'string':
      writeText(value);
      return;
    case 'number':
      writeNumber(value);
      return;
    case 'boolean':
      makeRoom(0);
      target[position++] = value ? 0xc3 : 0xc2;
      return;
    case 'undefined':
      makeRoom(0);
      target[position++] = 0xd4;
      target[position++] = 0;
      target[position++] = 0;
      return;
    case 'object':
      writeThing(value);
      return;
    default:
      throw notKnownHere;
  }
}

function writeThing(value: object | null): void {
  if (value === null) {
    makeRoom(0);
    target[position++] = 0xc0;
  } else if (Array.isArray(value)) {
    writeLength(value.length);
    for (let n = 0; n < value.length; n++) write(value[n]);
  } else if (value instanceof Uint8Array) writeBytes(value);
  else if (value.constructor === Object) writeObject(value, null);
  else throw notKnownHere;
}

function writeBytes(bytes: Uint8Array): void {
  const { length } = bytes;
  makeRoom(length);
  if (length < 0x100) {
    target[position++] = 0xc4;
    target[position++] = length;
  } else if (length < 0x10000) writeUint16(0xc5, length);
  else writeUint32(0xc6, length);
  target.set(bytes, position);
  position += length;
}

function writeText(text: string): void {
  const { length } = text;
  makeRoom(length);
  if (length < 0x20) target[position++] = 0xa0 | length;
  else if (length < 0x100) {
    target[position++] = 0xd9;
    target[position++] = length;
  } else if (length < 0x10000) writeUint16(0xda, length);
  else writeUint32(0xdb, length);
  let bits = 0;
  for (let n = 0; n < length; n++) {
    const code = text.charCodeAt(n);
    bits |= code;
    target[position++] = code;
  }
  if (bits > 0x7f) throw notKnownHere;
}

function writeNumber(value: number): void {
  makeRoom(0);
  if (value >>> 0 === value) {
    // From 0x40 on a byte alone would be a shape's number.
    if (value < firstId) target[position++] = value;
    else if (value < 0x100) {
      target[position++] = 0xcc;
      target[position++] = value;
    } else if (value < 0x10000) writeUint16(0xcd, value);
    else writeUint32(0xce, value);
  } else if (value >> 0 === value) writeNegative(value);
  else {
    target[position] = 0xcb;
    view.setFloat64(position + 1, value);
    position += 9;
  }
}

function writeNegative(value: number): void {
  if (value >= -0x20) target[position++] = 0x100 + value;
  else if (value >= -0x80) {
    target[position++] = 0xd0;
    target[position++] = value + 0x100;
  } else if (value >= -0x8000) writeUint16(0xd1, value);
  else writeUint32(0xd2, value);
}

/** `type`: of an event. */
function writeObject(object: object, type: string | null): void {
  const known = type === null ? undefined : shapeByType.get(type);
  const shape = known !== undefined && isOf(object, known) ? known : shapeOf(object, type);
  makeRoom(shape.bytes.length);
  if (shape.frame === frame) target[position++] = shape.id;
  else {
    if (nextId === firstId + idsMax) throw notKnownHere;
    shape.frame = frame;
    shape.id = nextId++;
    target[position++] = 0xd4;
    target[position++] = 0x72;
    target[position++] = shape.id;
    target.set(shape.bytes, position);
    position += shape.bytes.length;
  }
  for (const name of shape.names) write((object as Record<string, unknown>)[name]);
}

function isOf(object: object, { names }: Shape): boolean {
  let n = 0;
  for (const name in object) if (names[n++] !== name) return false;
  return n === names.length;
}

function shapeOf(object: object, type: string | null): Shape {
  const names = Object.keys(object);
  const written = JSON.stringify(names);
  let shape = shapeByNames.get(written);
  if (shape === undefined) {
    shape = { names, bytes: bytesOf(names), frame: 0, id: 0 };
    shapeByNames.set(written, shape);
  }
  if (type !== null) shapeByType.set(type, shape);
  return shape;
}

function bytesOf(names: readonly string[]): Uint8Array {
  const from = position;
  writeLength(names.length);
  for (const name of names) writeText(name);
  const bytes = target.slice(from, position);
  position = from;
  return bytes;
}
