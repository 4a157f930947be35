import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Column } from '../../src/protocol/column.ts';
import { IdColumn, IdTable } from '../../src/protocol/id-table.ts';
import { RowKeys, seedKeyHashes } from '../../src/protocol/row-keys.ts';

const uuidOf = (n: number) => `acc_00000000-0000-7000-8000-${n.toString(16).padStart(12, '0')}`;
/** UUIDs, and what is none. */
const id = fc.oneof(
  fc.integer({ min: 0, max: 30 }).map(uuidOf),
  fc.constantFrom('ann', '', 'acc_', uuidOf(1).toUpperCase(), `x${uuidOf(1)}`, uuidOf(1).slice(4)),
);

describe('a table of ids', () => {
  it('finds what a map would find, whatever comes and goes', () => {
    const step = fc.record({ id, isGone: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const table = new IdTable('acc_');
        const rows = new Map<string, number>();
        for (const each of steps) {
          const row = rows.get(each.id);
          if (row === undefined) {
            expect(table.find(each.id)).toBe(-1);
            const added = table.add(each.id);
            expect([...rows.values()]).not.toContain(added);
            rows.set(each.id, added);
          } else if (each.isGone) {
            table.remove(row);
            rows.delete(each.id);
          }
          expect(table.size).toBe(rows.size);
        }
        for (const [known, row] of rows) {
          expect(table.find(known)).toBe(row);
          expect(table.id(row)).toBe(known);
          expect(row).toBeLessThan(table.end);
        }
      }),
    );
  });

  it('keeps apart an id that is no UUID and a UUID with the same words', () => {
    const table = new IdTable('');
    const odd = table.add('odd');
    const words = new Uint32Array(4);
    const twin = table.id(odd) === 'odd' ? new IdTable('') : table;
    expect(twin.findUuid(words, 0)).toBe(-1);
    expect(table.find('odd')).toBe(odd);
    expect(table.find('even')).toBe(-1);
  });
});

describe('rows by keys', () => {
  it.each([1, 0x7fff_ffff, -5])('many of them come and go, under seed %i', (seed) => {
    seedKeyHashes(seed);
    const keys = new RowKeys(1);
    const word = (n: number) => Uint32Array.of(n * 7);
    const rows = Array.from({ length: 20_000 }, (_, n) => keys.add(word(n), 0));
    for (let n = 0; n < 20_000; n += 2) keys.remove(rows[n]!);
    expect(keys.size).toBe(10_000);
    for (let n = 0; n < 20_000; n++) expect(keys.find(word(n), 0)).toBe(n % 2 === 0 ? -1 : rows[n]!);
    for (let n = 0; n < 20_000; n += 2) rows[n] = keys.add(word(n), 0);
    expect(keys.end).toBe(20_000);
    for (let n = 0; n < 20_000; n++) expect(keys.find(word(n), 0)).toBe(rows[n]!);
  });
});

describe('a column', () => {
  it('keeps what was written, anywhere and however wide, and reads as 0 elsewhere', () => {
    const value = fc.oneof(
      fc.integer({ min: 0, max: 300 }),
      fc.integer({ min: 0, max: 2 ** 33 }),
      fc.constantFrom(
        65_535,
        65_536,
        2 ** 32 - 1,
        -1,
        0.5,
        Number.MAX_SAFE_INTEGER,
        Number.POSITIVE_INFINITY,
      ),
    );
    const rows = fc.array(fc.tuple(fc.integer({ min: 0, max: 9_000 }), value));
    fc.assert(
      fc.property(rows, (written) => {
        const column = new Column();
        const expected = new Map<number, number>();
        for (const [row, value] of written) {
          column.set(row, value);
          expected.set(row, value);
        }
        for (let row = 0; row < 9_001; row += 97) expect(column.get(row)).toBe(expected.get(row) ?? 0);
        for (const [row, value] of expected) expect(column.get(row)).toBe(value);
      }),
      { numRuns: 30 },
    );
  });

  it('of ids keeps ids, other texts, and none', () => {
    const column = new IdColumn('acc_');
    const texts = [uuidOf(1), 'ord', null, uuidOf(2)];
    for (const [row, text] of texts.entries()) column.set(row, text);
    expect(texts.map((_, row) => column.get(row))).toEqual(texts);
    for (const [row, text] of texts.toReversed().entries()) column.set(row, text);
    expect(texts.map((_, row) => column.get(row))).toEqual(texts.toReversed());
  });
});
