/** What orders do with holds of one SKU, in groups of rows: as one by one, and each row sees what those before it did. */
import fc from 'fast-check';
import { Packr } from 'msgpackr';
import { describe, expect, test } from 'vitest';
import {
  type AttachHold,
  attachHold,
  type CommitHold,
  commitHold,
  type HoldView,
  placeHold,
  releaseHold,
  type SkuCommand,
} from '../../../src/actors/sku/commands.ts';
import { skuDecider } from '../../../src/actors/sku/decide.ts';
import type { SkuEvent } from '../../../src/actors/sku/events.ts';
import type { SkuState } from '../../../src/actors/sku/state.ts';
import { type Answer, busy } from '../../../src/protocol/answer.ts';
import type { RowCommand } from '../../../src/protocol/command.ts';
import { RowGroup } from '../../../src/protocol/row-group.ts';
import { type GroupAnswer, RowAnswers } from '../../../src/protocol/rows.ts';
import { step } from '../given.ts';
import { opened, openedAt, registered } from './story.ts';

const uuidOf = (n: number) => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;
const buyerOf = (n: number) => `acc_${uuidOf(n)}`;
const orderOf = (n: number) => `ord_${uuidOf(n)}`;
const packr = new Packr({ useRecords: true, moreTypes: false });
const bytesOf = (state: SkuState) => Buffer.from(packr.pack(skuDecider.snapshot(state))).toString('hex');
const copied = <Value>(value: Value): Value => packr.unpack(packr.pack(value)) as Value;

const [commands, holds] = [[attachHold, commitHold, releaseHold] as const, 6];
type Asked = { readonly type: 'AttachHold' | 'CommitHold' | 'ReleaseHold' } & Omit<AttachHold, 'type'>;

/** Holds 1 to 6 of buyers 1 to 6, two of each of three sales; the third sale has ended. */
function soldSku(): SkuState {
  const state = skuDecider.initial('PS-1');
  skuDecider.evolve(state, registered);
  for (const n of [1, 2, 3])
    skuDecider.evolve(state, {
      ...opened,
      saleId: `sal_${n}`,
      quantity: 11,
      holdSeconds: n === 2 ? 40 : 300,
    });
  for (let n = 1; n <= holds; n++) {
    const hold = { holdId: uuidOf(n), saleId: `sal_${1 + (n % 3)}`, buyerId: buyerOf(n), ticketNumber: n };
    const command = { ...hold, quantity: 1 + (n % 2), admissionExpiresAtMs: openedAt + 60_000 };
    step(skuDecider, state, { type: placeHold.type, ...command }, openedAt);
  }
  step(skuDecider, state, { type: 'CloseAllocation', saleId: 'sal_3' }, openedAt);
  return state;
}

interface Outcome {
  readonly answers: Answer[];
  readonly events: SkuEvent[];
  readonly pushes: string[];
}

/** Each run of one type is a group, of at most so many rows. */
function inGroups(state: SkuState, all: readonly Asked[], rowsMax: number, at: number): Outcome {
  const outcome: Outcome = { answers: [], events: [], pushes: [] };
  for (let from = 0; from < all.length; ) {
    let to = from + 1;
    while (to < all.length && to - from < rowsMax && all[to]!.type === all[from]!.type) to++;
    decideGroup(state, all.slice(from, to), at, outcome);
    from = to;
  }
  return outcome;
}

function decideGroup(state: SkuState, asked: readonly Asked[], at: number, outcome: Outcome): void {
  const command: RowCommand = commands.find(({ type }) => type === asked[0]!.type)!;
  const group = new RowGroup(command, asked[0]!);
  const answers: Answer[] = asked.map(() => busy);
  for (const [row, fields] of asked.entries())
    expect(group.take(command, fields, (answer) => (answers[row] = answer))).toBe(true);
  const rows = group.rows();
  group.finish();
  const decided = new RowAnswers();
  const { code, event, common, pushes } = skuDecider.decideRows!(state, rows, at, decided);
  group.settle({ code: 'ok', body: copied([code, common, decided.others] satisfies GroupAnswer) });
  outcome.answers.push(...answers);
  if (event !== null) outcome.events.push(copied(event));
  const said = typeof pushes === 'function' ? pushes() : (pushes ?? []);
  outcome.pushes.push(...said.map(({ topic, body }) => `${topic} ${(body as { level: string }).level}`));
}

/** As the objects that they are. */
function alone(state: SkuState, all: readonly Asked[], at: number): Answer[] {
  return all.map((asked) => {
    const { code, reply } = step(skuDecider, state, asked as SkuCommand, at);
    return { code, body: reply };
  });
}

const asked = (type: Asked['type'], n: number, order: number, more: Partial<Asked> = {}): Asked => ({
  ...{ type, holdId: uuidOf(n), orderId: orderOf(order), buyerId: buyerOf(n), untilMs: openedAt + 400_000 },
  ...more,
});

const anyAsked: fc.Arbitrary<Asked> = fc
  .record({
    type: fc.constantFrom<Asked['type']>(
      'AttachHold',
      'AttachHold',
      'CommitHold',
      'CommitHold',
      'ReleaseHold',
    ),
    hold: fc.integer({ min: 1, max: holds + 1 }),
    order: fc.constantFrom(1, 1, 1, 2),
    isStranger: fc.constantFrom(false, false, false, false, true),
    forMs: fc.constantFrom(400_000, 400_000, 10_000, 0),
  })
  .map(({ type, hold, order, isStranger, forMs }) =>
    asked(type, hold, order, {
      ...(isStranger && { buyerId: buyerOf(99) }),
      untilMs: openedAt + forMs,
    }),
  );
/** Most of one type come behind each other, as in a rush. */
const anyStory = fc
  .array(fc.array(anyAsked, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 6 })
  .map((turns) => turns.flatMap((turn) => turn.map((each) => ({ ...each, type: turn[0]!.type }))));
/** Before, at and after the end of a short hold. */
const anyAt = fc.constantFrom(openedAt + 1, openedAt + 40_000, openedAt + 40_001);

describe('rows of orders', () => {
  test('see what those before them did: a hold is taken, committed and given up once', () => {
    const state = soldSku();
    const { answers, events } = inGroups(
      state,
      [
        ...[asked('AttachHold', 1, 1), asked('AttachHold', 1, 2), asked('AttachHold', 1, 1)],
        ...[asked('AttachHold', 2, 1, { buyerId: buyerOf(9) }), asked('AttachHold', 7, 1)],
        ...[asked('CommitHold', 1, 1), asked('CommitHold', 1, 1), asked('CommitHold', 1, 2)],
        asked('CommitHold', 2, 1),
        ...[asked('ReleaseHold', 1, 1), asked('ReleaseHold', 1, 1), asked('ReleaseHold', 2, 1)],
      ],
      99,
      openedAt + 1,
    );
    expect(answers.map(({ code }) => code)).toEqual([
      ...['ok', 'hold_in_use', 'ok', 'not_found', 'not_found'],
      ...['ok', 'ok', 'hold_in_use', 'not_found'],
      ...['ok', 'ok', 'ok'],
    ]);
    expect(events).toMatchObject([
      { type: 'HoldsAttached', count: 1 },
      { type: 'HoldsCommitted', count: 1, units: 2 },
      { type: 'HoldsReleased', count: 1, voided: 0, returned: 2, freed: 0 },
    ]);
    expect(events.map((event) => (event as { rows: Uint8Array }).rows.length)).toEqual([40, 16, 16]);
  });

  test('are told what they have taken, whatever the sale', () => {
    const { answers } = inGroups(
      soldSku(),
      [1, 2, 4].map((n) => asked('AttachHold', n, n)),
      99,
      openedAt + 1,
    );
    const views = answers.map(({ body }) => body as HoldView);
    expect(views).toMatchObject([
      { holdId: uuidOf(1), saleId: 'sal_2', quantity: 2, buyerId: buyerOf(1), orderId: orderOf(1) },
      { holdId: uuidOf(2), saleId: 'sal_3', quantity: 1, state: 'committing', title: 'Console' },
      { holdId: uuidOf(4), saleId: 'sal_2', quantity: 1, expiresAtMs: openedAt + 400_000 },
    ]);
  });

  test('that give units back say so once a sale, and what an ended sale had is free', () => {
    const state = soldSku();
    const all = [2, 5, 1, 4];
    inGroups(
      state,
      [...all.map((n) => asked('AttachHold', n, 1)), asked('CommitHold', 2, 1)],
      99,
      openedAt + 1,
    );
    const { events, pushes } = inGroups(
      state,
      all.map((n) => asked('ReleaseHold', n, 1)),
      99,
      openedAt + 2,
    );
    expect(events).toMatchObject([{ type: 'HoldsReleased', count: 4, voided: 5, returned: 1, freed: 3 }]);
    expect(pushes).toEqual(['sale/sal_2 high']);
  });

  test('whose event was cut short are not applied', () => {
    const { events } = inGroups(soldSku(), [asked('AttachHold', 1, 1)], 1, openedAt + 1);
    const cut = { ...(events[0] as Extract<SkuEvent, { type: 'HoldsAttached' }>), count: 2 };
    expect(() => skuDecider.evolve(soldSku(), cut)).toThrow('40 bytes of 2 rows');
  });

  test('are answered as in groups of one and as alone, and leave the same bytes; so does their event', () => {
    fc.assert(
      fc.property(anyStory, anyAt, fc.integer({ min: 2, max: 9 }), (all, at, rowsMax) => {
        const [together, byOne, single, replayed] = [soldSku(), soldSku(), soldSku(), soldSku()];
        const outcome = inGroups(together, all, rowsMax, at);
        expect(inGroups(byOne, all, 1, at).answers).toEqual(outcome.answers);
        expect(alone(single, all, at)).toEqual(outcome.answers);
        for (const event of outcome.events) skuDecider.evolve(replayed, event);
        for (const state of [byOne, single, replayed]) expect(bytesOf(state)).toBe(bytesOf(together));
      }),
      { numRuns: 300 },
    );
  });
});

test('ids that fit no row travel alone', () => {
  const group = new RowGroup(commitHold, {});
  const again: Omit<CommitHold, 'type'> = { holdId: `${uuidOf(1)}:again`, orderId: orderOf(1) };
  expect(group.take(commitHold, again, () => {})).toBe(false);
});
