/** The quick reader of frames says what msgpackr says, or nothing; the checksum is the one that everybody calls CRC-32. */
import { isDeepStrictEqual } from 'node:util';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { Packr } from 'msgpackr';
import { describe, expect, test } from 'vitest';
import { decodeFrame, encodeFrame, type JournalRecord } from '../../src/protocol/frame.ts';
import { readRecords } from '../../src/protocol/frame-reader.ts';
import { bytesOf, goldenSets } from '../golden/golden.ts';

const headerBytes = 21;
const packr = new Packr({ useRecords: true, moreTypes: false, int64AsType: 'number' });

function unpacked(bytes: Uint8Array): JournalRecord[] {
  const records = packr.unpack(bytes.subarray(headerBytes)) as [string, string, { type: string }][];
  return records.map(([kind, key, event]) => ({ kind, key, event }));
}

/** Vitest's own comparison stumbles over fields that are called `constructor`. */
function expectSame(found: unknown, wanted: unknown): void {
  if (!isDeepStrictEqual(found, wanted)) expect(found).toStrictEqual(wanted);
  expect(isDeepStrictEqual(found, wanted)).toBe(true);
}

const place = { partition: 3, epoch: 7, seq: 2 ** 40 + 5 };
const encoded = (records: readonly JournalRecord[]) =>
  encodeFrame(place.partition, place.epoch, place.seq, records);

const number = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true }),
  fc.constantFrom(-33, -32, -1, 0, 63, 64, 127, 128, 255, 256, 65_535, 65_536, 2 ** 31, 2 ** 32, 2 ** 53),
);
const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'grapheme' }),
  fc.uuid(),
  fc.uuid().map((id) => `acc_${id}`),
  fc.string({ minLength: 60, maxLength: 70 }),
  fc.string({ unit: 'grapheme', minLength: 200, maxLength: 400 }),
);
const name = fc.oneof(
  fc.constantFrom('type', 'atMs', 'holdId', 'a b', '12', 'constructor', 'größe', "it's", '"'),
  fc.string(),
);
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    number,
    text,
    fc.boolean(),
    fc.constant(null),
    fc.constant(undefined),
    fc.array(tie('value'), { maxLength: 20 }),
    fc.dictionary(name, tie('value'), { maxKeys: 8 }),
  ),
}));
const record = fc.record({
  kind: fc.constantFrom('sku', 'sale', 'order', 'idempotency'),
  key: text,
  event: fc
    .tuple(fc.string(), fc.dictionary(name, value, { maxKeys: 10 }))
    .map(([type, fields]) => ({ type, ...fields }) as JournalRecord['event']),
});
const someRecords = fc.array(record, { maxLength: 30 });

describe('frames', () => {
  test('any record comes back as msgpackr would read it', () => {
    fc.assert(
      fc.property(someRecords, (records) => {
        const bytes = encoded(records);
        expectSame(decodeFrame({ ...place, bytes }), unpacked(bytes));
      }),
      { numRuns: 300 },
    );
  });

  test('no bytes are read differently from msgpackr, whatever they are', () => {
    const edits = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
    let read = 0;
    fc.assert(
      fc.property(someRecords, edits, fc.nat(), (records, changes, cut) => {
        const whole = encoded(records);
        const bytes = cut % 3 === 0 ? whole.slice(0, headerBytes + (cut % whole.length)) : whole;
        for (const [at, byte] of changes) {
          const index = headerBytes + (at % Math.max(1, bytes.length - headerBytes));
          if (index < bytes.length) bytes[index] = byte;
        }
        const found = readRecords(bytes, headerBytes);
        if (found === null) return;
        read++;
        expectSame(found, unpacked(bytes));
      }),
      { numRuns: 1_000 },
    );
    expect(read).toBeGreaterThan(30);
  });

  test('the quick way is taken for everything that was ever written', () => {
    for (const set of goldenSets()) {
      for (const { base64 } of set.frames) {
        const bytes = bytesOf(base64);
        expect(readRecords(bytes, headerBytes)).toStrictEqual(unpacked(bytes));
      }
    }
  });

  test('what it does not know is left to msgpackr', () => {
    const wide = Object.fromEntries(Array.from({ length: 80 }, (_, n) => [`field${n}`, n]));
    const rare = [wide, '\ufeffmark', '\ud800'];
    for (const body of rare) {
      const bytes = encoded([
        { kind: 'idempotency', key: 'a', event: { type: 'RequestFinished', body } as never },
      ]);
      expect(readRecords(bytes, headerBytes)).toBeNull();
      expect(decodeFrame({ ...place, bytes })).toStrictEqual(unpacked(bytes));
    }
  });

  test('more shapes than a frame has numbers for, and more than are kept, are read all the same', () => {
    for (let from = 0; from < 3_000; from += 100) {
      const records = Array.from({ length: 100 }, (_, n) => ({
        kind: 'order',
        key: 'ord_1',
        event: { type: 'Some', [`field${from + n}`]: n } as JournalRecord['event'],
      }));
      expect(decodeFrame({ ...place, bytes: encoded(records) })).toStrictEqual(records);
    }
  });

  test('the same string in two records is one string, and the frame may go', () => {
    const key = `SKU-${'x'.repeat(30)}`;
    const bytes = encoded([
      { kind: 'sku', key, event: { type: 'HoldsWarned' } },
      { kind: 'sku', key, event: { type: 'HoldsForgotten' } },
    ]);
    const before = decodeFrame({ ...place, bytes });
    bytes.fill(0);
    expect(before.map((one) => [one.key, one.event.type])).toEqual([
      [key, 'HoldsWarned'],
      [key, 'HoldsForgotten'],
    ]);
  });

  test('the checksum is CRC-32, at every length', () => {
    for (let length = 0; length < 70; length++) {
      const bytes = encoded([{ kind: 'sku', key: 'x'.repeat(length), event: { type: 'HoldsWarned' } }]);
      const view = new DataView(bytes.buffer, bytes.byteOffset);
      expect(view.getUint32(1)).toBe(crc32(bytes.subarray(5)));
    }
  });

  test('a frame of another partition, epoch or place is refused', () => {
    const bytes = encoded([]);
    expect(decodeFrame({ ...place, bytes })).toEqual([]);
    for (const other of [
      { partition: 4 },
      { epoch: 8 },
      { seq: place.seq + 1 },
      { seq: place.seq - 2 ** 32 },
    ])
      expect(() => decodeFrame({ ...place, ...other, bytes })).toThrow('it belongs elsewhere');
  });
});
