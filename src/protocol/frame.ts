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

export interface JournalRecord {
  readonly kind: string;
  readonly key: string;
  readonly event: { readonly type: string };
}

export const frameVersion = 1;
const headerBytes = 21;

// Records keep field names once per frame instead of once per event; each buffer is self-contained.
const packr = new Packr({ useRecords: true, moreTypes: false, int64AsType: 'number' });

const crcTable = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c;
});

function crc32(bytes: Uint8Array, from: number): number {
  let crc = 0xffffffff;
  for (let i = from; i < bytes.length; i++) crc = crcTable[(crc ^ bytes[i]!) & 0xff]! ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

export function encodeFrame(
  partition: number,
  epoch: number,
  seq: number,
  records: readonly JournalRecord[],
): Uint8Array {
  const body = packr.pack(records.map((record) => [record.kind, record.key, record.event]));
  const bytes = new Uint8Array(headerBytes + body.length);
  const view = new DataView(bytes.buffer);
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
    Number(view.getBigUint64(13)) !== seq
  ) {
    throw fail('it belongs elsewhere');
  }
  const records = packr.unpack(bytes.subarray(headerBytes)) as [string, string, { type: string }][];
  return records.map(([kind, key, event]) => ({ kind, key, event }));
}
