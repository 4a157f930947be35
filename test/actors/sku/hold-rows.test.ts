/** Rows of one group are decided as if each had come alone, one after the other. */
import fc from 'fast-check';
import { Packr } from 'msgpackr';
import { describe, expect, test } from 'vitest';
import { type PlaceHold, placeHold } from '../../../src/actors/sku/commands.ts';
import { skuDecider } from '../../../src/actors/sku/decide.ts';
import type { SkuEvent } from '../../../src/actors/sku/events.ts';
import type { SkuState } from '../../../src/actors/sku/state.ts';
import { RowAnswers, type Rows } from '../../../src/protocol/rows.ts';
import { readUuid, uuidSpace } from '../../../src/protocol/uuid-words.ts';
import { rowsOf as groupOf } from '../../support/rows.ts';
import { opened, openedAt, registered } from './story.ts';

const uuidOf = (n: number) => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;
const packr = new Packr({ useRecords: true, moreTypes: false });

type Row = Omit<PlaceHold, 'type' | 'saleId'>;

const rowsOf = (all: readonly Row[], saleId = 'sal_1') =>
  groupOf(
    placeHold,
    all.map((each) => ({ ...each, saleId })),
  );

function row(hold: number, buyer: number, change: Partial<Row> = {}): Row {
  return {
    ...{ holdId: uuidOf(hold), buyerId: `acc_${uuidOf(buyer)}`, ticketNumber: buyer, quantity: 1 },
    admissionExpiresAtMs: openedAt + 60_000,
    ...change,
  };
}

function openSku(quantity = 4, holdSeconds = 300): SkuState {
  const state = skuDecider.initial('PS-1');
  skuDecider.evolve(state, registered);
  skuDecider.evolve(state, { ...opened, quantity, holdSeconds });
  return state;
}

/** Answers row by row, and what happened. */
function decide(state: SkuState, rows: Rows, at: number) {
  const answers = new RowAnswers();
  const { event, common, pushes = [] } = skuDecider.decideRows!(state, rows, at, answers);
  const codes: string[] = new Array(rows.count).fill('created');
  for (const [index, code] of answers.others) codes[index] = code;
  expect(answers.accepted).toBe(codes.filter((code) => code === 'created').length);
  return { codes, others: answers.others, event, common, pushes };
}

const bytesOf = (state: SkuState) => Buffer.from(packr.pack(skuDecider.snapshot(state))).toString('hex');

describe('rows of one group', () => {
  test('see what those before them did: stock, limit and repeat', () => {
    const state = openSku(3);
    const { codes, others } = decide(
      state,
      rowsOf([row(1, 1), row(1, 1), row(2, 1), row(3, 1), row(4, 2, { quantity: 2 }), row(5, 2), row(1, 2)]),
      openedAt,
    );
    expect(codes).toEqual([
      ...['created', 'ok', 'created', 'purchase_limit', 'insufficient_stock', 'created'],
      'exists_with_different',
    ]);
    expect(others.find(([index]) => index === 3)![2]).toEqual({ limit: 2, owned: 2 });
    expect(others.find(([index]) => index === 4)![2]).toEqual({ available: 1 });
    expect(state).toMatchObject({ held: 3, sold: 0, allotted: 0 });
  });

  test('whose admission is over are refused, the others placed', () => {
    const late = { admissionExpiresAtMs: openedAt };
    const { codes } = decide(openSku(), rowsOf([row(1, 1, late), row(2, 2)]), openedAt);
    expect(codes).toEqual(['admission_expired', 'created']);
  });

  test('of an unknown sale happen not at all', () => {
    const state = openSku();
    const before = bytesOf(state);
    const { codes, event, common } = decide(state, rowsOf([row(1, 1), row(2, 2)], 'sal_2'), openedAt);
    expect({ codes, event, common }).toEqual({
      ...{ codes: ['unknown_sku', 'unknown_sku'], event: null, common: null },
    });
    expect(bytesOf(state)).toBe(before);
  });

  test('that live no longer than their warning are warned about, each of those that were placed', () => {
    const { pushes } = decide(openSku(2, 20), rowsOf([row(1, 1), row(2, 2), row(3, 3)]), openedAt);
    expect(pushes).toMatchObject([
      { type: 'stock.level', body: { level: 'none' } },
      { topic: `buyer/acc_${uuidOf(1)}`, type: 'hold.expiring', body: { holdId: uuidOf(1), state: 'held' } },
      { topic: `buyer/acc_${uuidOf(2)}`, type: 'hold.expiring', body: { holdId: uuidOf(2), quantity: 1 } },
    ]);
  });

  test('are one event with the ids, and the names by which the SKU is found', () => {
    const state = openSku();
    const { event } = decide(state, rowsOf([row(1, 1), row(2, 2, { quantity: 2 })]), openedAt);
    expect(event).toMatchObject({ type: 'HoldsPlaced', saleId: 'sal_1', count: 2, units: 3 });
    expect((event as Extract<SkuEvent, { type: 'HoldsPlaced' }>).rows).toHaveLength(80);
    const { words, from, step, count } = skuDecider.names!(event!, state)!.addRows!;
    const named = Array.from({ length: count }, (_, n) => readUuid(words, from + n * step, uuidSpace('')));
    expect(named).toEqual([uuidOf(1), uuidOf(2)]);
  });

  test('whose event was cut short are not applied', () => {
    const { event } = decide(openSku(), rowsOf([row(1, 1)]), openedAt);
    const cut = { ...(event as Extract<SkuEvent, { type: 'HoldsPlaced' }>), count: 2 };
    expect(() => skuDecider.evolve(openSku(), cut)).toThrow('40 bytes of 2 rows');
  });

  const anyRow = fc
    .record({
      hold: fc.integer({ min: 1, max: 12 }),
      buyer: fc.integer({ min: 1, max: 4 }),
      quantity: fc.constantFrom(1, 1, 1, 2, 3, 0),
      isLate: fc.constantFrom(false, false, false, true),
    })
    .map(({ hold, buyer, quantity, isLate }) =>
      row(hold, buyer, { quantity, admissionExpiresAtMs: openedAt + (isLate ? 0 : 60_000) }),
    );

  test('are answered as in groups of one, and leave the same bytes; so does their event', () => {
    fc.assert(
      fc.property(
        fc.array(anyRow, { minLength: 1, maxLength: 30 }),
        fc.integer({ min: 1, max: 9 }),
        (all, size) => {
          const [together, alone, replayed] = [openSku(9), openSku(9), openSku(9)];
          const codes: string[] = [];
          for (let from = 0; from < all.length; from += size) {
            const decided = decide(together, rowsOf(all.slice(from, from + size)), openedAt);
            codes.push(...decided.codes);
            // As the journal gives it back.
            if (decided.event) skuDecider.evolve(replayed, packr.unpack(packr.pack(decided.event)));
          }
          const one = all.map((each) => decide(alone, rowsOf([each]), openedAt).codes[0]);
          expect(codes).toEqual(one);
          expect(bytesOf(together)).toBe(bytesOf(alone));
          expect(bytesOf(replayed)).toBe(bytesOf(together));
        },
      ),
      { numRuns: 300 },
    );
  });

  test('are answered as the same commands that travel alone', () => {
    fc.assert(
      fc.property(fc.array(anyRow, { minLength: 1, maxLength: 20 }), (all) => {
        const [together, alone] = [openSku(9), openSku(9)];
        const { codes } = decide(together, rowsOf(all), openedAt);
        const one = all.map((each) => {
          const command: PlaceHold = { type: 'PlaceHold', saleId: 'sal_1', ...each };
          const { code, events } = skuDecider.decide(alone, command, openedAt);
          for (const event of events) skuDecider.evolve(alone, event);
          return code;
        });
        expect(codes).toEqual(one);
        expect(bytesOf(together)).toBe(bytesOf(alone));
      }),
      { numRuns: 200 },
    );
  });
});
