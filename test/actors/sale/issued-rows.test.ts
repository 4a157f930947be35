/** Joins of one group are decided as if each had come alone, one after the other. */
import fc from 'fast-check';
import { Packr } from 'msgpackr';
import { describe, expect, test } from 'vitest';
import { type JoinSale, joinSale } from '../../../src/actors/sale/commands.ts';
import { saleDecider } from '../../../src/actors/sale/decide.ts';
import type { SaleEvent } from '../../../src/actors/sale/events.ts';
import type { SaleState } from '../../../src/actors/sale/state.ts';
import { RowAnswers, type Rows } from '../../../src/protocol/rows.ts';
import { rowsOf } from '../../support/rows.ts';
import { buyer, request, SaleRoom, saleId, terms, ticket } from './room.ts';

type Row = Omit<JoinSale, 'type'>;
type TicketsIssued = Extract<SaleEvent, { type: 'TicketsIssued' }>;

const packr = new Packr({ useRecords: true, moreTypes: false });
const bytesOf = (state: SaleState) => Buffer.from(packr.pack(saleDecider.snapshot(state))).toString('hex');

function row(ticketNo: number, buyerNo: number, change: Partial<Row> = {}): Row {
  return {
    ...{ ticketId: ticket(ticketNo), buyerId: buyer(buyerNo), requestId: null, address: null, site: null },
    ...change,
  };
}

/** What each row's sender is answered, and what happened. */
function decide(state: SaleState, rows: Rows, at: number) {
  const answers = new RowAnswers();
  const { code, event, common } = saleDecider.decideRows!(state, rows, at, answers);
  const otherByRow = new Map(answers.others.map(([index, ...other]) => [index, other]));
  let nth = 0;
  const told = Array.from({ length: rows.count }, (_, index) => {
    const other = otherByRow.get(index);
    if (other) return { code: other[0], body: other[1] };
    const fields = joinSale.rows.read(rows.words, index * joinSale.rows.words);
    return { code, body: joinSale.rows.view(common, fields, nth++) };
  });
  expect(answers.accepted).toBe(nth);
  expect((event as TicketsIssued | null)?.count ?? 0).toBe(nth);
  return { told, codes: told.map((one) => one.code), event };
}

/** A sale that has let some in, seen some leave, and has places behind them. */
function halfWay(limit: number | null = null): SaleRoom {
  const queueing = { activeLimit: 2, releasePerSecond: 20, ticketsPerAddress: limit };
  const room = SaleRoom.open({ queueing: { ...terms.queueing, ...queueing } });
  for (let n = 1; n <= 6; n++) room.join(n, request(n));
  room.wait(3_000);
  for (const n of [1, 4]) room.send({ type: 'LeaveSale', buyerId: buyer(n), ticketId: null });
  return room;
}

describe('joins of one group', () => {
  test('see what those before them did: one live ticket each, however often', () => {
    const room = halfWay();
    const all = [row(21, 21), row(22, 22), row(23, 21), row(24, 2), row(25, 22)];
    const { told } = decide(room.state, rowsOf(joinSale, all), room.at);
    expect(told.map(({ code }) => code)).toEqual(['created', 'created', 'ok', 'ok', 'ok']);
    expect(told.map(({ body }) => (body as { ticketNumber: number }).ticketNumber)).toEqual([7, 8, 7, 2, 8]);
  });

  test('are known again by their request, also when the ticket is over', () => {
    const room = halfWay();
    const again = [row(21, 1, { requestId: request(1) }), row(22, 1, { requestId: request(99) }), row(1, 4)];
    const { told } = decide(room.state, rowsOf(joinSale, again), room.at);
    expect(told.map(({ code, body }) => [code, (body as { ticketNumber: number }).ticketNumber])).toEqual([
      ['ok', 1],
      ['created', 7],
      ['created', 8],
    ]);
  });

  test('have the share of one address together', () => {
    const room = halfWay(2);
    const at7 = { address: 7 };
    const all = [row(21, 21, at7), row(22, 22, at7), row(23, 23, at7), row(24, 24, { address: 8 })];
    const { told } = decide(room.state, rowsOf(joinSale, all), room.at);
    expect(told.map(({ code }) => code)).toEqual(['created', 'created', 'address_limit', 'created']);
    expect(told[2]!.body).toEqual({ limit: 2 });
  });

  test('of a sale that never was change nothing', () => {
    const state = saleDecider.initial(saleId);
    const before = bytesOf(state);
    const { codes, event } = decide(state, rowsOf(joinSale, [row(1, 1), row(2, 2)]), 1);
    expect({ codes, event }).toEqual({ codes: ['not_found', 'not_found'], event: null });
    expect(bytesOf(state)).toBe(before);
  });

  test('whose event was cut short are not applied', () => {
    const room = halfWay();
    const { event } = decide(room.state, rowsOf(joinSale, [row(21, 21)]), room.at);
    const cut = { ...(event as TicketsIssued), count: 2 };
    expect(() => saleDecider.evolve(halfWay().state, cut)).toThrow('56 bytes of 2 rows');
  });

  test('that fit no row travel alone', () => {
    const { rows } = joinSale;
    const fits = (fields: Row) => rows.write(fields, new Int32Array(rows.words), 0, []);
    const { site: _, ...siteless } = row(1, 1);
    for (const fields of [row(1, 1), siteless, row(1, 1, { requestId: request(1), address: 2 ** 32 - 1 })])
      expect(fits(fields)).toBe(true);
    const nil = '00000000-0000-0000-0000-000000000000';
    for (const change of [{ address: 0 }, { address: 2 ** 32 }, { requestId: nil }, { requestId: 'x' }])
      expect(fits(row(1, 1, change))).toBe(false);
    expect(fits(row(1, 1, { buyerId: 'somebody' }))).toBe(false);
  });

  const anyRow = fc
    .record({
      ticketNo: fc.integer({ min: 30, max: 60 }),
      buyerNo: fc.integer({ min: 1, max: 14 }),
      requestNo: fc.option(fc.integer({ min: 1, max: 9 })),
      address: fc.constantFrom(null, null, 7, 8),
      site: fc.constantFrom(null, 9),
    })
    .map(({ ticketNo, buyerNo, requestNo, ...origin }) =>
      row(ticketNo, buyerNo, { requestId: requestNo === null ? null : request(requestNo), ...origin }),
    );
  const rowsAndSize = [
    fc.array(anyRow, { minLength: 1, maxLength: 30 }),
    fc.integer({ min: 1, max: 9 }),
    fc.constantFrom(null, 2),
  ] as const;

  test('are answered as in groups of one, and leave the same bytes; so does their event', () => {
    fc.assert(
      fc.property(...rowsAndSize, (all, size, limit) => {
        const [together, alone, replayed] = [halfWay(limit), halfWay(limit), halfWay(limit)];
        const told: unknown[] = [];
        for (let from = 0; from < all.length; from += size) {
          const decided = decide(together.state, rowsOf(joinSale, all.slice(from, from + size)), together.at);
          told.push(...decided.told);
          // As the journal gives it back.
          if (decided.event) saleDecider.evolve(replayed.state, packr.unpack(packr.pack(decided.event)));
        }
        const one = all.flatMap((each) => decide(alone.state, rowsOf(joinSale, [each]), alone.at).told);
        expect(told).toEqual(one);
        expect(bytesOf(together.state)).toBe(bytesOf(alone.state));
        expect(bytesOf(replayed.state)).toBe(bytesOf(together.state));
      }),
      { numRuns: 300 },
    );
  });

  test('are answered as the same commands that travel alone', () => {
    fc.assert(
      fc.property(
        fc.array(anyRow, { minLength: 1, maxLength: 20 }),
        fc.constantFrom(null, 2),
        (all, limit) => {
          const [together, alone] = [halfWay(limit), halfWay(limit)];
          const { told } = decide(together.state, rowsOf(joinSale, all), together.at);
          const one = all.map((each) => alone.send({ type: 'JoinSale', ...each }));
          expect(told).toEqual(one);
          expect(bytesOf(together.state)).toBe(bytesOf(alone.state));
        },
      ),
      { numRuns: 200 },
    );
  });
});
