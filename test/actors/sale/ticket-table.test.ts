import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Fenwick } from '../../../src/actors/sale/fenwick.ts';
import { TicketTable, ticketStatus } from '../../../src/actors/sale/ticket-table.ts';
import { buyer, request, ticket } from './room.ts';

interface Issued {
  readonly ticketId: string;
  readonly buyerId: string;
  readonly requestId: string | null;
}

/** Everything that a table can be asked about its tickets, compared with a plain list of them. */
function expectSame(table: TicketTable, all: readonly Issued[]): void {
  expect(table.count).toBe(all.length);
  const newestBy = new Map<string, number>();
  for (const [index, { ticketId, buyerId, requestId }] of all.entries()) {
    const number = index + 1;
    newestBy.set(buyerId, number);
    expect([table.ticketId(number), table.buyerId(number)]).toEqual([ticketId, buyerId]);
    expect(table.byId(buyerId, ticketId)).toBe(number);
    if (requestId !== null) expect(table.byRequest(buyerId, requestId)).toBe(number);
  }
  for (const [buyerId, number] of newestBy) expect(table.newestOf(buyerId)).toBe(number);
}

describe('the tickets of a sale', () => {
  const joins = fc.array(
    fc.record({ buyerNo: fc.integer({ min: 1, max: 12 }), hasRequest: fc.boolean(), isSaved: fc.boolean() }),
    { maxLength: 80 },
  );

  test('are found by their buyer, their id and their request, also after they were saved', () => {
    fc.assert(
      fc.property(joins, (all) => {
        let table = new TicketTable();
        const issued: Issued[] = [];
        for (const [n, { buyerNo, hasRequest, isSaved }] of all.entries()) {
          const one = {
            ticketId: ticket(n),
            buyerId: buyer(buyerNo),
            requestId: hasRequest ? request(n + 1) : null,
          };
          table.issue(one.ticketId, one.buyerId, one.requestId);
          issued.push(one);
          if (isSaved) table = TicketTable.fromColumns(table.columns());
        }
        expectSame(table, issued);
        expect(TicketTable.fromColumns(table.columns()).columns()).toEqual(table.columns());
        for (const stranger of [13, 14]) {
          expect(table.newestOf(buyer(stranger))).toBe(0);
          expect(table.byId(buyer(stranger), ticket(0))).toBe(0);
        }
      }),
      { numRuns: 100 },
    );
  });

  test('of nobody else are found by an id, or by no request', () => {
    const table = new TicketTable();
    table.issue(ticket(1), buyer(1), null);
    table.issue(ticket(2), buyer(2), request(2));
    expect([table.byId(buyer(1), ticket(2)), table.byRequest(buyer(1), request(2))]).toEqual([0, 0]);
    expect(table.byRequest(buyer(1), '00000000-0000-0000-0000-000000000000')).toBe(0);
  });

  test('keep their places while the table grows over many chunks', () => {
    const table = new TicketTable();
    const all = Array.from({ length: 20_000 }, (_, n) => ({
      ticketId: ticket(n),
      buyerId: buyer(n % 15_000),
      requestId: n > 9_000 && n % 3 === 0 ? request(n) : null,
    }));
    let left = 0;
    for (const [index, { ticketId, buyerId, requestId }] of all.entries()) {
      const number = table.issue(ticketId, buyerId, requestId);
      expect(number).toBe(index + 1);
      if (number % 7 === 0) {
        table.setStatus(number, ticketStatus.left);
        left++;
      } else if (number % 997 === 0) expect(table.waitingBefore(number)).toBe(number - 1 - left);
    }
    expectSame(table, all);
    expect(table.waitingCount).toBe(20_000 - left);
    expectSame(TicketTable.fromColumns(table.columns()), all);
  });
});

test('a tree of counts that has grown is the one that was made so large', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 100 }), (bits) => {
      const grown = new Fenwick(1);
      const isSet = (position: number) => bits[position - 1] ?? false;
      for (let position = 1; position <= bits.length; position++) {
        if (position > grown.capacity) grown.grow();
        if (isSet(position)) grown.add(position, 1);
      }
      const built = Fenwick.build(grown.capacity, isSet);
      for (let position = 0; position <= grown.capacity; position++)
        expect(grown.prefix(position)).toBe(built.prefix(position));
    }),
  );
});
