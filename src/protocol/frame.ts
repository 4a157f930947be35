/**
 * The journal's frame format, version 1:
 *
 *   byte 0      format version (1)
 *   bytes 1-4   CRC-32 (IEEE) of everything after it, big-endian
 *   bytes 5-8   partition, 9-12 epoch, 13-20 seq (unsigned big-endian): a frame cannot be moved elsewhere unnoticed
 *   bytes 21-   msgpack: [[kind, key, event], …] in the order in which the events happened
 *
 * Formats are never changed in place: a new version gets a new first byte, and old ones stay readable.
 */
import { Packr } from 'msgpackr';
import type { AnyEvent } from './decider.ts';
import { readRecords } from './frame-reader.ts';
import { writeRecords } from './frame-writer.ts';

export interface JournalRecord {
  readonly kind: string;
  readonly key: string;
  readonly event: AnyEvent;
}

export const frameVersion = 1;
const headerBytes = 21;

// Records keep field names once per frame instead of once per event; each buffer is self-contained.
const packr = new Packr({ useRecords: true, moreTypes: false, int64AsType: 'number' });

// Eight tables, so that eight bytes are taken at a time ("slicing by 8"): replay checks every byte of the journal.
const crcTables = makeCrcTables();

function makeCrcTables(): Int32Array {
  const tables = new Int32Array(8 * 256);
  for (let n = 0; n < 256; n++) {
    let c = n;
    for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
    tables[n] = c;
  }
  for (let n = 256; n < 8 * 256; n++) {
    const before = tables[n - 256]!;
    tables[n] = tables[before & 0xff]! ^ (before >>> 8);
  }
  return tables;
}

function crc32(bytes: Uint8Array, from: number): number {
  const t = crcTables;
  let crc = -1;
  let i = from;
  for (const last = bytes.length - 8; i <= last; i += 8) {
    crc ^= bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
    crc =
      t[0x700 | (crc & 0xff)]! ^
      t[0x600 | ((crc >>> 8) & 0xff)]! ^
      t[0x500 | ((crc >>> 16) & 0xff)]! ^
      t[0x400 | (crc >>> 24)]! ^
      t[0x300 | bytes[i + 4]!]! ^
      t[0x200 | bytes[i + 5]!]! ^
      t[0x100 | bytes[i + 6]!]! ^
      t[bytes[i + 7]!]!;
  }
  for (; i < bytes.length; i++) crc = t[(crc ^ bytes[i]!) & 0xff]! ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** Most frames hold an event or two, and memory of their own would cost more than they do: it is cut from chunks. */
const chunkBytes = 32 * 1024;
let chunk = new Uint8Array(chunkBytes);
let used = 0;

function newBytes(size: number): Uint8Array<ArrayBuffer> {
  if (size > chunkBytes / 8) return new Uint8Array(size);
  if (used + size > chunkBytes) {
    chunk = new Uint8Array(chunkBytes);
    used = 0;
  }
  used += size;
  return new Uint8Array(chunk.buffer, used - size, size);
}

export function encodeFrame(
  partition: number,
  epoch: number,
  seq: number,
  records: readonly JournalRecord[],
): Uint8Array {
  const written = writeRecords(records, headerBytes);
  const body = written === null ? packRecords(records) : written.subarray(headerBytes);
  const bytes = newBytes(headerBytes + body.length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, headerBytes);
  bytes[0] = frameVersion;
  view.setUint32(5, partition);
  view.setUint32(9, epoch);
  view.setBigUint64(13, BigInt(seq));
  bytes.set(body, headerBytes);
  view.setUint32(1, crc32(bytes, 5));
  return bytes;
}

/** A frame that cannot be trusted: replay of its partition stops here. */
export class CorruptFrame extends Error {
  constructor(partition: number, seq: number, reason: string) {
    super(`journal frame ${seq} of partition ${partition}: ${reason}`);
    this.name = 'CorruptFrame';
  }
}

/** Throws CorruptFrame when the bytes are not exactly what `encodeFrame` wrote for this partition, epoch and seq. */
export function decodeFrame(frame: {
  partition: number;
  epoch: number;
  seq: number;
  bytes: Uint8Array;
}): JournalRecord[] {
  const { partition, epoch, seq, bytes } = frame;
  const fail = (reason: string) => new CorruptFrame(partition, seq, reason);
  if (bytes.length < headerBytes) throw fail('too short');
  if (bytes[0] !== frameVersion) throw fail(`unknown format version ${bytes[0]}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(1) !== crc32(bytes, 5)) throw fail('bad checksum');
  if (
    view.getUint32(5) !== partition ||
    view.getUint32(9) !== epoch ||
    view.getUint32(13) * 0x100000000 + view.getUint32(17) !== seq
  ) {
    throw fail('it belongs elsewhere');
  }
  return readRecords(bytes, headerBytes) ?? unpackRecords(bytes.subarray(headerBytes));
}

/** The general way, for what `writeRecords` leaves to it. */
function packRecords(records: readonly JournalRecord[]): Uint8Array {
  return packr.pack(records.map(({ kind, key, event }) => [kind, key, event]));
}

/** The general way, for what `readRecords` leaves to it. */
function unpackRecords(body: Uint8Array): JournalRecord[] {
  const records = packr.unpack(body) as [string, string, { type: string }][];
  return records.map(([kind, key, event]) => ({ kind, key, event }));
}
