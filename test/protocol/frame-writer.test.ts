/** The quick writer of frames writes what msgpackr writes, or nothing. */
import fc from 'fast-check';
import { Packr } from 'msgpackr';
import { describe, expect, test } from 'vitest';
import { decodeFrame, type JournalRecord } from '../../src/protocol/frame.ts';
import { writeRecords } from '../../src/protocol/frame-writer.ts';
import { bytesOf, goldenSets } from '../golden/golden.ts';

const packr = new Packr({ useRecords: true, moreTypes: false, int64AsType: 'number' });
const packed = (records: readonly JournalRecord[]) =>
  Buffer.from(packr.pack(records.map(({ kind, key, event }) => [kind, key, event]))).toString('hex');
const startBytes = 21;

function written(records: readonly JournalRecord[]): string | null {
  const bytes = writeRecords(records, startBytes);
  return bytes === null ? null : Buffer.from(bytes.subarray(startBytes)).toString('hex');
}

const ascii = fc.string({ unit: 'binary-ascii' });
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.integer(),
    fc.maxSafeInteger(),
    fc.double(),
    fc.constantFrom(
      -32_769,
      -32_768,
      -129,
      -128,
      -33,
      -32,
      -1,
      -0,
      0,
      63,
      64,
      255,
      256,
      65_535,
      65_536,
      2 ** 32,
    ),
    ascii,
    fc.string({ unit: 'binary-ascii', minLength: 20, maxLength: 300 }),
    fc.boolean(),
    fc.constantFrom(null, undefined),
    fc.uint8Array({ maxLength: 300 }),
    fc.array(tie('value'), { maxLength: 20 }),
    fc.dictionary(fc.constantFrom('type', 'atMs', 'holdId', 'a b', '12', 'rows'), tie('value'), {
      maxKeys: 6,
      noNullPrototype: true,
    }),
  ),
}));
const event = fc
  .tuple(
    fc.constantFrom('HoldsPlaced', 'ReportFormed', 'X'),
    fc.dictionary(ascii, value, { maxKeys: 6, noNullPrototype: true }),
  )
  .map(([type, fields]) => ({ type, ...fields }));
const record = fc.record({ kind: fc.constantFrom('sku', 'sale'), key: ascii, event });

describe('records', () => {
  test('have the bytes that msgpackr gives them', () => {
    let count = 0;
    fc.assert(
      fc.property(fc.array(record, { maxLength: 8 }), (records) => {
        const bytes = written(records as JournalRecord[]);
        if (bytes === null) return;
        count++;
        expect(bytes).toBe(packed(records as JournalRecord[]));
      }),
      { numRuns: 500 },
    );
    expect(count).toBeGreaterThan(300);
  });

  test('of every golden set have the bytes that msgpackr gives them, and nearly all are written here', () => {
    let left = 0;
    let all = 0;
    for (const { frames } of goldenSets()) {
      for (const { base64, ...place } of frames) {
        const records = decodeFrame({ ...place, bytes: bytesOf(base64) });
        const bytes = written(records);
        all++;
        if (bytes === null) left++;
        else expect(bytes).toBe(packed(records));
      }
    }
    expect(left / all).toBeLessThan(0.2);
  });

  test.each([
    ['a text with other characters', 'größe'],
    ['a bigint', 1n],
    ['a date', new Date(0)],
    ['a map', new Map()],
    ['an object of a class', new (class Thing {})()],
  ])('with %s are left to msgpackr', (_, odd) => {
    const records = [{ kind: 'sku', key: 'A', event: { type: 'X', odd } }];
    expect(written(records)).toBeNull();
    const plain = [{ kind: 'sku', key: 'A', event: { type: 'X', odd: 'plain' } }];
    expect(written(plain)).toBe(packed(plain));
  });

  test('with more shapes than a frame has numbers for are left to msgpackr', () => {
    const of = (count: number) =>
      Array.from({ length: count }, (_, n) => ({
        kind: 'sku',
        key: 'A',
        event: { type: 'X', [`f${n}`]: n },
      }));
    expect(written(of(64)) === packed(of(64))).toBe(true);
    expect(written(of(65))).toBeNull();
  });

  test('that are long make room for themselves', () => {
    const long = 'x'.repeat(70_000);
    const records = [
      {
        kind: 'sku',
        key: 'A',
        event: { type: 'X', long, bytes: new Uint8Array(70_000), list: new Array(70_000).fill(1) },
      },
    ];
    expect(written(records) === packed(records)).toBe(true);
  });
});
