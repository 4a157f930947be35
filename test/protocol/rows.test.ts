import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Answer } from '../../src/protocol/answer.ts';
import { commandsTo } from '../../src/protocol/command.ts';
import { RowGroup } from '../../src/protocol/row-group.ts';
import { groupRowsMax, rowsFrom, time, u32, uuid } from '../../src/protocol/rows.ts';

interface Fields {
  readonly room: string;
  readonly id: string;
  readonly who: string;
  readonly count: number;
  readonly untilMs: number;
}

const take = commandsTo('thing')('Take')
  .takes<Fields>()
  .inRows<{ price: number }, object>({
    group: ['room'],
    row: { id: uuid(), who: uuid('acc_'), count: u32, untilMs: time },
    view: ({ price }, { id }, nth) => ({ id, price, nth }),
  });
const { rows: layout } = take;
const other = commandsTo('thing')('Other')
  .takes<Fields>()
  .inRows<null, object>({
    ...{ group: ['room'], row: { id: uuid() }, view: () => ({}) },
  });

const id = '018f0c3a-1111-7000-8000-0123456789ab';
const fields: Fields = { room: 'a', id, who: `acc_${id}`, count: 1, untilMs: 1_800_000_000_123 };

function rowOf(fields: object): Record<string, unknown> | null {
  const words = new Int32Array(layout.words);
  return layout.write(fields, words, 0, []) ? layout.read(words, 0) : null;
}

describe('a row', () => {
  it('holds every UUID, every u32 and every time', () => {
    const anyFields = fc.record({
      id: fc.uuid(),
      who: fc.uuid().map((uuid) => `acc_${uuid}`),
      count: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      untilMs: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
    });
    fc.assert(
      fc.property(anyFields, (row) => {
        expect(rowOf({ ...row, room: 'a' })).toEqual(row);
      }),
    );
  });

  it.each([
    ['an id in capitals', { id: id.toUpperCase() }],
    ['an id that is too short', { id: id.slice(1) }],
    ['an id with a strange character', { id: `é${id.slice(1)}` }],
    ['an id without its hyphens', { id: id.replaceAll('-', '0') }],
    ['an id that is no text', { id: 7 }],
    ['an id without its prefix', { who: id }],
    ['another prefix', { who: `ord_${id}` }],
    ['a fraction', { count: 1.5 }],
    ['a negative number', { count: -1 }],
    ['a number past 32 bits', { count: 2 ** 32 }],
    ['a number that is none', { count: Number.NaN }],
    ['a number that is a text', { count: '1' }],
    ['a time with a fraction', { untilMs: 1.5 }],
    ['a time that is none', { untilMs: Number.NaN }],
    ['the end of time', { untilMs: Number.POSITIVE_INFINITY }],
    ['a field that is not there', { untilMs: undefined }],
  ])('does not hold %s: nothing is rounded or cut', (_, wrong) => {
    expect(rowOf({ ...fields, ...wrong })).toBeNull();
  });
});

describe('a group', () => {
  function groupOf(...all: readonly Fields[]) {
    const answers: Answer[][] = all.map(() => []);
    const group = new RowGroup(take, all[0]!);
    group.message(5, 'key');
    const taken = all.map((each, row) => group.take(take, each, (answer) => answers[row]!.push(answer)));
    return { group, answers, taken };
  }

  it('travels as the rows that it has, however many', () => {
    const all = Array.from({ length: 37 }, (_, count) => ({ ...fields, count }));
    const { group } = groupOf(...all);
    const message = group.message(5, 'key');
    group.finish();
    const rows = rowsFrom(message[4], message[5], message[6], message[7]);
    expect(rows).toMatchObject({ type: 'Take', group: { room: 'a' }, count: 37 });
    const { room: _, ...row } = fields;
    const read = Array.from({ length: 37 }, (_, n) => layout.read(rows.words, n * layout.words));
    expect(read).toEqual(all.map(({ count }) => ({ ...row, count })));
  });

  it('takes no row of another room, of another command, or that does not fit', () => {
    const { group, taken } = groupOf(fields, { ...fields, room: 'b' }, { ...fields, count: -1 }, fields);
    expect(taken).toEqual([true, false, false, true]);
    expect(group.take(other, fields, () => {})).toBe(false);
  });

  it('is bounded', () => {
    const { taken } = groupOf(...Array.from({ length: groupRowsMax + 1 }, () => fields));
    expect(taken.filter(Boolean)).toHaveLength(groupRowsMax);
  });

  it('hands each row its own answer, and those that were accepted what they share', () => {
    const { group, answers } = groupOf(fields, fields, fields);
    group.settle({ code: 'ok', body: ['created', { price: 7 }, [[1, 'sold_out', { available: 0 }]]] });
    const accepted = (nth: number) => [{ code: 'created', body: { id, price: 7, nth } }];
    expect(answers).toEqual([accepted(0), [{ code: 'sold_out', body: { available: 0 } }], accepted(1)]);
  });

  it('without a decision gives every row the same answer', () => {
    const { group, answers } = groupOf(fields, fields);
    group.settle({ code: 'busy', body: null });
    expect(answers).toEqual([[{ code: 'busy', body: null }], [{ code: 'busy', body: null }]]);
  });
});
