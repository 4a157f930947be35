/** What a SKU reports to its sales, and when. */
import { describe, expect, test } from 'vitest';
import type { ReportStock } from '../../../src/actors/sale/commands.ts';
import { placeHold as declaration } from '../../../src/actors/sku/commands.ts';
import { skuDecider } from '../../../src/actors/sku/decide.ts';
import { RowAnswers } from '../../../src/protocol/rows.ts';
import { rowsOf } from '../../support/rows.ts';
import { given, step } from '../given.ts';
import { drop, heard, opened, openedAt, placed, placeHold, registered, reported } from './story.ts';

const tick = { type: 'Tick' } as const;
const never = Number.POSITIVE_INFINITY;
const idOf = (seq: number, saleId = 'sal_1') => `report:PS-1:${saleId}:${seq}`;
const answered = (seq: number) => ({ type: 'Answered', id: idOf(seq), code: 'ok', body: null }) as const;
const reportsOf = (state: ReturnType<typeof skuDecider.initial>) =>
  skuDecider.pendingMessages(state).map(({ command }) => command as ReportStock);
/** The hold is warned of and expires long after. */
const holdSeconds = 100_000;
const longDrop = () => given(skuDecider, 'PS-1').events(registered, { ...opened, holdSeconds });

describe('when a sale hears of changes', () => {
  test('at once when the last report is longer ago, else 100 ms after it', () => {
    longDrop()
      .when(tick, openedAt)
      .then({ code: 'ok', events: [reported(openedAt)], pendingMessages: [{ id: idOf(openedAt) }] })
      .when(answered(openedAt), openedAt + 3)
      .then({ code: 'ok', events: [heard(openedAt)], pendingMessages: [], deadline: never })
      .when(placeHold('h1'), openedAt + 50)
      .then({ code: 'created', pendingMessages: [], deadline: openedAt + 100 })
      .when(tick, openedAt + 99)
      .then({ code: 'ok', events: [], deadline: openedAt + 100 })
      .when(tick, openedAt + 100)
      .then({
        code: 'ok',
        events: [reported(openedAt + 100)],
        pendingMessages: [{ id: idOf(openedAt + 100), kind: 'sale', key: 'sal_1' }],
      })
      .when(answered(openedAt + 100), openedAt + 110)
      .then({ code: 'ok', pendingMessages: [] })
      .when(placeHold('h2'), openedAt + 5_000)
      .then({ code: 'created', deadline: openedAt + 5_001 })
      .when(tick, openedAt + 5_001)
      .then({ code: 'ok', pendingMessages: [{ id: idOf(openedAt + 5_001), command: { held: 2 } }] });
  });

  test('with the rows that change something when the last report is long enough ago, else by a Tick', () => {
    const { state } = longDrop().events(reported(openedAt), heard(openedAt));
    const place = (n: number, at: number) => {
      const uuid = `00000000-0000-7000-8000-00000000000${n}`;
      const row = { holdId: uuid, buyerId: `acc_${uuid}`, ticketNumber: n, quantity: 1 };
      const rows = rowsOf(declaration, [
        { ...row, saleId: 'sal_1', admissionExpiresAtMs: openedAt + 60_000 },
      ]);
      const { event, more = [] } = skuDecider.decideRows!(state, rows, at, new RowAnswers());
      for (const each of more) skuDecider.evolve(state, each);
      return [event!, ...more].map(({ type }) => type);
    };
    expect(place(1, openedAt + 99)).toEqual(['HoldsPlaced']);
    expect(skuDecider.deadline(state, openedAt + 99)).toBe(openedAt + 100);
    expect(place(2, openedAt + 100)).toEqual(['HoldsPlaced', 'ReportFormed']);
    expect(reportsOf(state)).toMatchObject([
      {
        seq: openedAt + 100,
        held: 2,
        tickets: [
          [1, 1, 0],
          [2, 1, 0],
        ],
      },
    ]);
    expect(skuDecider.deadline(state, openedAt + 100)).toBeGreaterThan(openedAt + 60_000);
    // It is under way: the next one waits for its answer.
    expect(place(3, openedAt + 500)).toEqual(['HoldsPlaced']);
  });

  test('one report at a time: changes gather while it is unanswered, and the last value wins', () => {
    const first = { id: idOf(openedAt), command: { seq: openedAt, available: 4, held: 0, sold: 0 } };
    const later = openedAt + 400;
    drop()
      .when(placeHold('h1', { ticketNumber: 7 }), openedAt)
      .then({ code: 'created', pendingMessages: [first] })
      .when(placeHold('h2', { ticketNumber: 7 }), openedAt)
      .then({ code: 'created', pendingMessages: [first] })
      .when(placeHold('h3', { ticketNumber: 8, buyerId: 'bob' }), openedAt)
      .then({ code: 'created', pendingMessages: [first] })
      .when({ type: 'VoidHold', holdId: 'h2', buyerId: 'ann' }, openedAt)
      .then({ code: 'ok', pendingMessages: [first] })
      .when(tick, later)
      .then({ code: 'ok', events: [], pendingMessages: [first] })
      .when(answered(openedAt), later)
      .then({ code: 'ok', events: [heard(openedAt)], pendingMessages: [], deadline: later + 1 })
      .when(answered(openedAt), later)
      .then({ code: 'ok', events: [] })
      .when(tick, later)
      .then({
        code: 'ok',
        pendingMessages: [
          {
            id: idOf(later),
            command: {
              ...{ available: 2, held: 2, sold: 0 },
              tickets: [
                [7, 1, 0],
                [8, 1, 0],
              ],
            },
          },
        ],
      })
      .when(answered(later), later)
      .then({ code: 'ok', pendingMessages: [] })
      .when({ type: 'VoidHold', holdId: 'h3', buyerId: 'bob' }, later)
      .then({ code: 'ok', pendingMessages: [] })
      .when(tick, later + 100)
      .then({ code: 'ok', pendingMessages: [{ command: { tickets: [[8, 0, 0]] } }] });
  });

  test('units that come back by themselves are in the report of the same Tick', () => {
    const { expiresAtMs } = placed('h1');
    drop()
      .events(heard(openedAt), placed('h1'), { type: 'HoldsWarned', upToMs: expiresAtMs })
      .events(reported(openedAt + 100), heard(openedAt + 100))
      .when(tick, expiresAtMs)
      .then({
        code: 'ok',
        events: [{ type: 'HoldExpired' }, reported(expiresAtMs)],
        pendingMessages: [{ command: { available: 4, held: 0, tickets: [[1, 0, 0]] } }],
      });
  });

  test('a report names at most 5,000 tickets; the rest follow in the next', () => {
    const many = given(skuDecider, 'PS-1').events(
      { ...registered, stock: 9_000 },
      { ...opened, quantity: 9_000 },
      reported(openedAt),
    );
    for (let i = 1; i <= 6_000; i++) many.events({ ...placed(`h${i}`), buyerId: `b${i}`, ticketNumber: i });
    const told = [0, 100, 200].map((afterMs) => {
      const [report] = reportsOf(many.state);
      many.when(answered(openedAt + afterMs), openedAt + afterMs).then({ code: 'ok', pendingMessages: [] });
      many.when(tick, openedAt + afterMs + 100).then({ code: 'ok' });
      return report!.tickets.length;
    });
    expect(told).toEqual([0, 5_000, 1_000]);
    expect(skuDecider.pendingMessages(many.state)).toEqual([]);
  });

  test('every sale has its own pace; of very many a Tick takes a bounded part', () => {
    const two = drop().events(heard(openedAt), { ...opened, saleId: 'sal_2' });
    two
      .when(placeHold('h1'), openedAt + 10)
      .then({ code: 'created', deadline: openedAt + 11 })
      .when(tick, openedAt + 11)
      .then({ code: 'ok', pendingMessages: [{ id: idOf(openedAt + 11, 'sal_2') }], deadline: openedAt + 100 })
      .when(tick, openedAt + 100)
      .then({
        code: 'ok',
        pendingMessages: [{ id: idOf(openedAt + 100) }, { id: idOf(openedAt + 11, 'sal_2') }],
      });
    const many = given(skuDecider, 'PS-1').events(registered);
    for (let n = 0; n < 150; n++) many.events({ ...opened, saleId: `sal_${n}`, quantity: 0 });
    const { decided } = many.when(tick, openedAt);
    expect(decided.events).toHaveLength(100);
    expect(skuDecider.deadline(many.state, openedAt)).toBe(openedAt + 1);
    many.when(tick, openedAt + 1).then({ code: 'ok', deadline: never });
    expect(reportsOf(many.state)).toHaveLength(150);
  });
});

describe('what earlier versions left', () => {
  test('a journal without ReportFormed: the sale hears everything once more, under a greater number', () => {
    longDrop()
      // Reports 1 and 2 were answered; 3 was sent, and its answer never written.
      .events(placed('h1'), heard(1), heard(2), { ...placed('h2'), ticketNumber: 2 })
      .when(tick, openedAt + 9)
      .then({
        code: 'ok',
        events: [reported(openedAt + 9)],
        pendingMessages: [
          {
            id: idOf(openedAt + 9),
            command: {
              ...{ seq: openedAt + 9, available: 2, held: 2 },
              tickets: [
                [1, 1, 0],
                [2, 1, 0],
              ],
            },
          },
        ],
      });
  });

  test('a report that was under way when it was saved keeps its number; the next one is greater', () => {
    const before = longDrop().events(reported(1)).state;
    const state = skuDecider.restore(
      'PS-1',
      structuredClone(skuDecider.snapshot(before)),
      skuDecider.version,
    );
    expect(reportsOf(state)).toMatchObject([{ seq: 1 }]);
    skuDecider.evolve(state, placed('h1'));
    expect(step(skuDecider, state, answered(1), openedAt + 1).events).toEqual([heard(1)]);
    expect(step(skuDecider, state, tick, openedAt + 2).events).toEqual([reported(openedAt + 2)]);
    expect(reportsOf(state)).toMatchObject([{ seq: openedAt + 2, held: 1 }]);
  });
});
