import fc from 'fast-check';
import { pack, unpack } from 'msgpackr';
import { describe, expect, it } from 'vitest';
import type { SaleStatusView, SaleView } from '../../../src/actors/sale/commands.ts';
import { saleDecider } from '../../../src/actors/sale/decide.ts';
import { restoreSale, snapshotSale } from '../../../src/actors/sale/snapshot.ts';
import { initialSale, type SaleState } from '../../../src/actors/sale/state.ts';
import { ticketStatus } from '../../../src/actors/sale/ticket-table.ts';
import type { PauseAllocation } from '../../../src/actors/sku/commands.ts';
import { buyer, request, SaleRoom, saleId, startMs, terms } from './room.ts';

const queueing = (changes: Partial<typeof terms.queueing>) => ({
  queueing: { ...terms.queueing, ...changes },
});

describe('a sale that is being prepared', () => {
  it('asks every SKU for its units and opens at its time once it has them', () => {
    const room = new SaleRoom();
    expect(room.send(terms).code).toBe('created');
    expect(
      saleDecider.pendingMessages(room.state).map((pending) => `${pending.kind}/${pending.key}`),
    ).toEqual(['sku/PS-1']);
    expect(room.join(1).code).toBe('sale_not_open');
    room.send({
      type: 'Answered',
      id: saleDecider.pendingMessages(room.state)[0]!.id,
      code: 'created',
      body: null,
    });
    expect(saleDecider.pendingMessages(room.state)).toEqual([]);
    room.waitUntil(startMs);
    expect(room.state.phase).toBe('active');
    expect(room.join(1).code).toBe('created');
  });

  it('ends, and gives back what it got, when one SKU has not enough', () => {
    const room = new SaleRoom();
    const items = ['A', 'B'].map((sku) => ({ ...terms.items[0]!, sku }));
    room.send({ ...terms, items });
    const [a, b] = saleDecider.pendingMessages(room.state);
    room.send({ type: 'Answered', id: a!.id, code: 'created', body: null });
    room.send({ type: 'Answered', id: b!.id, code: 'insufficient_stock', body: { available: 2 } });
    const view: SaleView = room.send({ type: 'ReadSale' }).body;
    expect(view).toMatchObject({
      phase: 'ended',
      stock: 'refused',
      stockRefusals: [{ sku: 'B', code: 'insufficient_stock', available: 2 }],
    });
    const pending = saleDecider.pendingMessages(room.state);
    expect(pending.map(({ key, command }) => [key, command.type])).toEqual([['A', 'CloseAllocation']]);
    room.send({ type: 'Answered', id: pending[0]!.id, code: 'ok', body: null });
    expect(saleDecider.pendingMessages(room.state)).toEqual([]);
  });

  it('gives back what a refused SKU set aside after all, on a repeat of the question', () => {
    const room = new SaleRoom();
    room.send(terms);
    const [asked] = saleDecider.pendingMessages(room.state);
    room.report(3, 0, 0);
    room.send({ type: 'Answered', id: asked!.id, code: 'insufficient_stock', body: { available: 0 } });
    expect(saleDecider.pendingMessages(room.state).map(({ command }) => command.type)).toEqual([
      'CloseAllocation',
    ]);
  });

  it('is the same sale when it is created again, and another content is refused', () => {
    const room = SaleRoom.open();
    room.send({ type: 'ChangeSale', sellerId: null, queueing: { releasePerSecond: 7 } });
    expect(room.send(terms).code).toBe('ok');
    expect(room.send({ ...terms, title: 'Other' }).code).toBe('exists_with_different');
  });
});

describe('the queue', () => {
  it('numbers tickets in the order of joining and admits them in that order', () => {
    const room = SaleRoom.open();
    for (const n of [7, 3, 9, 1]) room.join(n);
    room.wait(1000);
    expect(room.admitted()).toEqual([1, 2, 3]);
    expect(room.view(7)).toMatchObject({ ticketNumber: 1, status: 'admitted' });
    expect(room.view(1)).toMatchObject({ ticketNumber: 4, status: 'waiting', usersAhead: 0, nowServing: 3 });
  });

  it('gives a buyer one live ticket, however often they join', () => {
    const room = SaleRoom.open();
    const first = room.join(1).body;
    expect(room.join(1)).toMatchObject({ code: 'ok', body: { ticketId: first.ticketId } });
    room.leave(1);
    const second = room.join(1);
    expect(second).toMatchObject({ code: 'created', body: { ticketNumber: 2 } });
  });

  it('answers a repeated join request with the ticket it made, even after the buyer has left', () => {
    const room = SaleRoom.open();
    const first = room.join(1, request(77)).body;
    room.leave(1);
    expect(room.join(1, request(77))).toMatchObject({
      code: 'ok',
      body: { ticketId: first.ticketId, status: 'left' },
    });
  });

  it('counts only live tickets ahead', () => {
    const room = SaleRoom.open({ items: [{ ...terms.items[0]!, quantity: 1 }] });
    for (let n = 1; n <= 6; n++) room.join(n);
    room.wait(200);
    room.leave(3);
    expect(room.view(6)).toMatchObject({ usersAhead: 3, queueLength: 4 });
  });

  it('admits no more than could still find a unit', () => {
    const room = SaleRoom.open({ items: [{ ...terms.items[0]!, quantity: 2 }] });
    for (let n = 1; n <= 5; n++) room.join(n);
    room.wait(5000);
    expect(room.admitted()).toEqual([1, 2]);
  });

  it('admits no more at once than the active limit, and no faster than the rate', () => {
    const room = SaleRoom.open({
      items: [{ ...terms.items[0]!, quantity: 1000 }],
      ...queueing({ releasePerSecond: 10, activeLimit: 25 }),
    });
    for (let n = 1; n <= 100; n++) room.join(n);
    room.wait(1000);
    expect(room.admitted().length).toBeGreaterThanOrEqual(9);
    expect(room.admitted().length).toBeLessThanOrEqual(12);
    room.wait(9000);
    expect(room.admitted()).toHaveLength(25);
  });

  it('admits everybody whose slot becomes free to the next in line, within a tick', () => {
    const room = SaleRoom.open({ items: [{ ...terms.items[0]!, quantity: 1 }] });
    for (const n of [1, 2, 3]) room.join(n);
    room.wait(100);
    room.leave(1);
    room.wait(100);
    expect(room.admitted()).toEqual([2]);
  });

  it('fills before the start when there is a prequeue, and shows those tickets as prequeued', () => {
    const room = new SaleRoom();
    room.send({ ...terms, prequeueAtMs: startMs - 5_000 });
    for (const pending of saleDecider.pendingMessages(room.state)) {
      room.send({ type: 'Answered', id: pending.id, code: 'created', body: null });
    }
    room.waitUntil(startMs - 5_000);
    expect(room.join(1).body).toMatchObject({ status: 'prequeued', waitTimeSeconds: 6 });
    room.waitUntil(startMs + 100);
    expect(room.view(1).status).toBe('admitted');
  });
});

describe('an admission', () => {
  it('is lost when it is not claimed in time, and the slot goes on', () => {
    const room = SaleRoom.open({ items: [{ ...terms.items[0]!, quantity: 1 }] });
    room.join(1);
    room.join(2);
    room.wait(100);
    const { admission } = room.view(1);
    expect(admission!.expiresAtMs - room.at).toBeLessThanOrEqual(20_000);
    room.wait(22_000);
    expect(room.view(1).status).toBe('expired');
    expect(room.view(2).status).toBe('admitted');
  });

  it('that holds a unit stays until the hold is resolved, however long', () => {
    const room = SaleRoom.open({ items: [{ ...terms.items[0]!, quantity: 1 }] });
    room.join(1);
    room.wait(100);
    room.report(0, 1, 0, [[1, 1, 0]]);
    room.wait(120_000);
    expect(room.view(1).status).toBe('admitted');
    room.report(1, 0, 0, [[1, 0, 0]]);
    room.wait(200);
    expect(room.view(1).status).toBe('expired');
  });

  it('that held a unit and gave it back, twice, ends once, at its time', () => {
    const room = SaleRoom.open();
    room.join(1);
    room.wait(100);
    for (const held of [1, 0, 1, 0]) room.report(3 - held, held, 0, [[1, held, 0]]);
    const endsAtMs = room.view(1).admission!.expiresAtMs;
    room.waitUntil(endsAtMs - 1);
    expect(room.admitted()).toEqual([1]);
    room.waitUntil(endsAtMs + 100);
    expect(room.view(1).status).toBe('expired');
    const ends = room.events.filter(({ type }) => type === 'AdmissionsExpired');
    expect(ends).toMatchObject([{ ticketNumbers: [1] }]);
    expect(room.state.expired).toBe(1);
  });

  it('is completed by a purchase and frees its slot', () => {
    const room = SaleRoom.open();
    room.join(1);
    room.wait(100);
    room.report(2, 1, 0, [[1, 1, 0]]);
    room.report(2, 0, 1, [[1, 0, 1]]);
    expect(room.view(1)).toMatchObject({ status: 'completed', admission: null });
    expect(room.admitted()).toEqual([]);
  });

  it('whose hold became known only after it was given up comes back', () => {
    const room = SaleRoom.open();
    room.join(1);
    room.wait(25_000);
    expect(room.view(1).status).toBe('expired');
    room.report(2, 1, 0, [[1, 1, 0]]);
    expect(room.view(1).status).toBe('admitted');
    room.report(2, 0, 1, [[1, 0, 1]]);
    expect(room.view(1).status).toBe('completed');
  });
});

it('an admission that was given up does not come back when its buyer has joined again', () => {
  const room = SaleRoom.open();
  room.join(1);
  room.wait(25_000);
  expect(room.join(1)).toMatchObject({ code: 'created', body: { ticketNumber: 2 } });
  room.report(2, 1, 0, [[1, 1, 0]]);
  room.wait(200);
  expect(room.admitted()).toEqual([2]);
});

describe('stock', () => {
  it('tells the room at once when everything is sold, and again when a unit returns', () => {
    const room = SaleRoom.open();
    for (let n = 1; n <= 4; n++) room.join(n);
    room.wait(200);
    room.report(0, 0, 3, [
      [1, 0, 1],
      [2, 0, 1],
      [3, 0, 1],
    ]);
    expect(room.state.phase).toBe('sold_out');
    expect(room.pushes.find((push) => push.type === 'sale.phase')?.body).toEqual({
      saleId,
      phase: 'sold_out',
    });
    expect(room.view(4)).toMatchObject({ status: 'waiting', outlook: 'sold_out' });
    room.report(1, 0, 2);
    expect(room.state.phase).toBe('active');
    room.wait(200);
    expect(room.view(4).status).toBe('admitted');
  });

  it('is not sold out while somebody who holds the last unit may not pay', () => {
    const room = SaleRoom.open();
    room.report(0, 1, 2);
    expect(room.state.phase).toBe('active');
  });

  it('ignores a report that it has seen', () => {
    const room = SaleRoom.open();
    room.report(2, 1, 0);
    const before = room.events.length;
    room.send({ type: 'ReportStock', sku: 'PS-1', seq: 1, available: 9, held: 9, sold: 9, tickets: [] });
    expect(room.events).toHaveLength(before);
  });
});

describe('steering', () => {
  it('pauses, resumes and closes for its seller and for operators only', () => {
    const room = SaleRoom.open();
    room.join(1);
    expect(room.send({ type: 'PauseSale', sellerId: 'acc_other' }).code).toBe('not_found');
    expect(room.send({ type: 'PauseSale', sellerId: 'acc_seller' }).code).toBe('ok');
    room.wait(1000);
    expect(room.admitted()).toEqual([]);
    expect(room.send({ type: 'ResumeSale', sellerId: null }).code).toBe('ok');
    room.wait(200);
    expect(room.admitted()).toEqual([1]);
    room.join(2);
    room.send({ type: 'CloseSale', sellerId: null });
    expect(room.join(3).code).toBe('sale_ended');
    expect(room.send({ type: 'ResumeSale', sellerId: null }).code).toBe('sale_ended');
  });

  it('gives the units back that nobody holds as soon as it ends', () => {
    const room = SaleRoom.open();
    room.join(1);
    room.wait(100);
    room.join(2);
    room.send({ type: 'CloseSale', sellerId: null });
    expect(room.view(1).status).toBe('admitted');
    expect(room.view(2).status).toBe('expired');
    const [close, ...others] = saleDecider.pendingMessages(room.state);
    expect(close?.command.type).toBe('CloseAllocation');
    expect(others).toEqual([]);
    room.send({ type: 'Answered', id: close!.id, code: 'ok', body: null });
    expect(saleDecider.pendingMessages(room.state)).toEqual([]);
  });

  it('stops holds with a pause when asked to, and gives them again with the end of the pause', () => {
    const room = SaleRoom.open();
    const asked = () =>
      saleDecider.pendingMessages(room.state).map(({ id, command }) => {
        expect(command.type).toBe('PauseAllocation');
        const { isPaused, revision } = command as PauseAllocation;
        return { id, isPaused, revision };
      });
    const answer = (id: string) => room.send({ type: 'Answered', id, code: 'ok', body: null });
    room.send({ type: 'PauseSale', sellerId: null });
    expect(asked()).toEqual([]);
    const paused = room.send({ type: 'PauseSale', sellerId: null, holds: true });
    expect(paused).toMatchObject({ code: 'ok', body: { phase: 'paused', isSettled: false } });
    const [first] = asked();
    expect(first).toMatchObject({ isPaused: true, revision: 1 });
    answer(first!.id);
    expect(asked()).toEqual([]);
    // A repeat that says nothing about holds lets them stay as they are.
    room.send({ type: 'PauseSale', sellerId: null });
    expect(asked()).toEqual([]);
    const again = restoreSale(saleId, structuredClone(snapshotSale(room.state)), saleDecider.version);
    expect(again).toMatchObject({ isHoldingPaused: true, pauseRevision: 1 });
    room.send({ type: 'ResumeSale', sellerId: null });
    const [second] = asked();
    expect(second).toMatchObject({ isPaused: false, revision: 2 });
    answer(first!.id);
    expect(asked()).toEqual([second]);
    answer(second!.id);
    expect(asked()).toEqual([]);
  });

  it('changes rates without touching the order', () => {
    const room = SaleRoom.open({ items: [{ ...terms.items[0]!, quantity: 100 }] });
    room.send({ type: 'ChangeSale', sellerId: null, queueing: { releasePerSecond: 1, activeLimit: 1 } });
    for (let n = 1; n <= 5; n++) room.join(n);
    room.wait(500);
    room.send({ type: 'ChangeSale', sellerId: null, queueing: { releasePerSecond: 100, activeLimit: 100 } });
    room.wait(500);
    expect(room.admitted()).toEqual([1, 2, 3, 4, 5]);
  });

  it('shows its numbers to its seller', () => {
    const room = SaleRoom.open();
    for (let n = 1; n <= 5; n++) room.join(n);
    room.wait(2000);
    const status: SaleStatusView = room.send({ type: 'ReadSaleStatus', sellerId: 'acc_seller' }).body;
    expect(status).toMatchObject({
      joined: 5,
      released: 3,
      queueLength: 2,
      activeAdmissions: 3,
      oversold: 0,
    });
  });
});

// ---------------------------------------------------------------- properties

type Step =
  | { do: 'join' | 'leave' | 'hold' | 'buy' | 'drop'; n: number }
  | { do: 'wait'; ms: number }
  | { do: 'pause' | 'resume' }
  | { do: 'rates'; perSecond: number; active: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('join' as const), n: fc.integer({ min: 1, max: 30 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('leave' as const), n: fc.integer({ min: 1, max: 30 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('hold' as const, 'buy' as const, 'drop' as const),
      n: fc.integer({ min: 0, max: 9 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 30_000 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('pause' as const, 'resume' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('rates' as const),
      perSecond: fc.integer({ min: 1, max: 50 }),
      active: fc.integer({ min: 1, max: 12 }),
    }),
  },
);

/** The stock behind the room: who holds and who bought, one unit each. */
class Stock {
  readonly held = new Set<number>();
  readonly sold = new Set<number>();
  readonly quantity: number;
  constructor(quantity: number) {
    this.quantity = quantity;
  }
  get available() {
    return this.quantity - this.held.size - this.sold.size;
  }
}

function play(room: SaleRoom, stock: Stock, action: Step): void {
  const report = (number: number) =>
    room.report(stock.available, stock.held.size, stock.sold.size, [
      [number, stock.held.has(number) ? 1 : 0, stock.sold.has(number) ? 1 : 0],
    ]);
  switch (action.do) {
    case 'join':
      room.join(action.n);
      return;
    case 'leave':
      room.leave(action.n);
      return;
    case 'wait':
      room.wait(action.ms);
      return;
    case 'pause':
      room.send({ type: 'PauseSale', sellerId: null });
      return;
    case 'resume':
      room.send({ type: 'ResumeSale', sellerId: null });
      return;
    case 'rates':
      room.send({
        type: 'ChangeSale',
        sellerId: null,
        queueing: { releasePerSecond: action.perSecond, activeLimit: action.active },
      });
      return;
    case 'hold': {
      const free = room.admitted().filter((number) => !stock.held.has(number));
      const number = free[action.n % Math.max(1, free.length)];
      if (number === undefined || stock.available === 0) return;
      stock.held.add(number);
      report(number);
      return;
    }
    default: {
      const holders = [...stock.held];
      const number = holders[action.n % Math.max(1, holders.length)];
      if (number === undefined) return;
      stock.held.delete(number);
      if (action.do === 'buy') stock.sold.add(number);
      report(number);
    }
  }
}

/** What must hold whatever happened. */
function check(room: SaleRoom): void {
  const { tickets, active, nowServing } = room.state;
  let waiting = 0;
  const live = new Set<string>();
  for (let number = 1; number <= tickets.count; number++) {
    const status = tickets.status(number);
    expect(active.has(number)).toBe(status === ticketStatus.admitted);
    if (status === ticketStatus.waiting) {
      expect(tickets.waitingBefore(number)).toBe(waiting);
      expect(number).toBeGreaterThan(nowServing);
      waiting++;
    }
    if (status === ticketStatus.waiting || status === ticketStatus.admitted) {
      expect(live.has(tickets.buyerId(number))).toBe(false);
      live.add(tickets.buyerId(number));
    }
  }
  expect(tickets.waitingCount).toBe(waiting);
}

function saved(state: SaleState): unknown {
  return JSON.parse(JSON.stringify(saleDecider.snapshot(state)));
}

describe('whatever happens in a room', () => {
  it('places are honoured, slots stay within their bounds, and the journal tells the same story', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.array(step, { maxLength: 60 }), (quantity, steps) => {
        const room = SaleRoom.open({ items: [{ ...terms.items[0]!, quantity }] });
        const stock = new Stock(quantity);
        let releasedUpTo = 0;
        let seen = 0;
        for (const action of steps) {
          play(room, stock, action);
          check(room);
          for (const event of room.events.slice(seen)) {
            if (event.type !== 'TicketsReleased') continue;
            expect(event.upTo).toBeGreaterThan(releasedUpTo);
            releasedUpTo = event.upTo;
          }
          seen = room.events.length;
        }
        const replayed = initialSale(saleId);
        for (const event of room.events) saleDecider.evolve(replayed, event);
        expect(saved(replayed)).toEqual(saved(room.state));
      }),
      { numRuns: 200 },
    );
  });

  it('releases never exceed the active limit nor the units in play', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.array(step, { maxLength: 60 }), (quantity, steps) => {
        const room = SaleRoom.open({ items: [{ ...terms.items[0]!, quantity }] });
        const stock = new Stock(quantity);
        const send = room.send.bind(room);
        room.send = (command) => {
          const before = room.events.length;
          const answer = send(command);
          if (room.events.slice(before).some((event) => event.type === 'TicketsReleased')) {
            expect(room.state.active.size).toBeLessThanOrEqual(room.state.queueing.activeLimit);
            expect(room.state.active.size).toBeLessThanOrEqual(stock.available + stock.held.size);
          }
          return answer;
        };
        for (const action of steps) play(room, stock, action);
      }),
      { numRuns: 200 },
    );
  });

  it('a room that was saved and loaded goes on as if nothing had been', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.array(step, { maxLength: 20 }), (before, after) => {
        const room = SaleRoom.open();
        const stock = new Stock(3);
        for (const action of before) play(room, stock, action);
        const copy = saleDecider.restore(saleId, unpack(pack(saleDecider.snapshot(room.state))), 1);
        expect(saved(copy)).toEqual(saved(room.state));
        const seen = room.events.length;
        for (const action of after) play(room, stock, action);
        for (const event of room.events.slice(seen)) saleDecider.evolve(copy, event);
        expect(saved(copy)).toEqual(saved(room.state));
        expect(copy.tickets.newestOf(buyer(1))).toBe(room.state.tickets.newestOf(buyer(1)));
      }),
      { numRuns: 100 },
    );
  });
});
