/** What the page knows of a drop: given what is known, when this is heard, then that is shown, in whatever order it comes. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  aheadOf,
  type DropState,
  type Hold,
  type News,
  type Order,
  reduce,
  type Sale,
  type Serving,
  screenOf,
  stockOf,
  type Ticket,
  unknownDrop,
  waitOf,
} from '../../src/web/pages/drop/state.ts';

const price = { amount: 19_900, currency: 'USD' };
const at = (seconds: number) => new Date(Date.UTC(2026, 10, 27, 12) + seconds * 1_000).toISOString();

const sale = (left = 5, more: Partial<Sale> = {}): Sale => ({
  ...{ saleId: 'sal_1', sellerId: 'acc_1', title: 'Console drop', phase: 'active', stock: 'ready' },
  items: [
    {
      ...{ sku: 'PS-1', productId: null, title: 'Console', imageUrl: null, quantity: 5, price },
      ...{ purchaseLimit: 1, left, onHold: 0, outlook: 'likely' },
    },
  ],
  ...{ prequeueAt: null, startsAt: at(0), endsAt: at(3_600), holdSeconds: 300, paymentSeconds: 300 },
  queueing: {
    ...{ method: 'fifo', releasePerSecond: 10, activeLimit: 100, admissionSeconds: 300, claimSeconds: 60 },
    ...{ overAdmission: 1, ticketsPerAddress: 20 },
  },
  ...{ inviteOnly: false, createdAt: at(-60) },
  ...more,
});

const ticket = (status: string, seconds: number, more: Partial<Ticket> = {}): Ticket => ({
  ...{ ticketId: 'tkt_1', saleId: 'sal_1', status, ticketNumber: 50, nowServing: 10, usersAhead: 39 },
  ...{ queueLength: 60, waitTimeSeconds: 4, waitTimeKnown: true, outlook: 'likely' },
  admission: status === 'admitted' ? admission(seconds + 60) : null,
  ...{ waitReason: null, pollAfterSeconds: 5, asOf: at(seconds) },
  ...more,
});

const admission = (endsAtSeconds: number, claimed = false) => ({
  ...{ token: `token until ${endsAtSeconds}`, expiresAt: at(endsAtSeconds), claimed },
});

const serving = (seconds: number, more: Partial<Serving> = {}): Serving => ({
  ...{ nowServing: 10 + seconds, queueLength: 60, releasedPerSecond: 10, outlook: 'likely' },
  ...{ waitReason: null, left: 5, onHold: 0, asOf: at(seconds) },
  ...more,
});

const hold = (state: Hold['state'], endsAtSeconds = 300, holdId = 'hold-1'): Hold => ({
  ...{
    holdId,
    saleId: 'sal_1',
    sku: 'PS-1',
    quantity: 1,
    unitPrice: price,
    state,
    expiresAt: at(endsAtSeconds),
  },
});

const order = (status: string, version: number, more: object = {}): Order =>
  ({
    ...{ orderId: 'ord_1', orderNumber: 'DB-1', status, version, failure: null, createdAt: at(100) },
    lines: [{ holdId: 'hold-1', saleId: 'sal_1', sku: 'PS-1', title: 'Console', quantity: 1 }],
    ...more,
  }) as unknown as Order;

const read = (value: Sale, readSinceMs = 0): News => ({ type: 'sale', sale: value, readSinceMs });
const place = (value: Ticket | null): News => ({ type: 'ticket', ticket: value });
const taken = (value: Hold): News => ({ type: 'hold', hold: value });
const ordered = (value: Order): News => ({ type: 'order', order: value });
const granted = (endsAtSeconds: number, claimed = false): News => ({
  ...{ type: 'granted', ticketId: 'tkt_1', admission: admission(endsAtSeconds, claimed) },
});

const known = (...news: News[]): DropState => news.reduce(reduce, unknownDrop);
const inLine = [read(sale()), place(ticket('waiting', 1))];
const inside = [...inLine, granted(70)];
const holding = [...inside, taken(hold('held'))];

describe('given somebody who', () => {
  test.each<[string, News[], string]>([
    ['has heard nothing', [], 'loading'],
    ['knows the sale, not yet whether there is a place', [read(sale())], 'loading'],
    ['has no place', [read(sale()), place(null)], 'before'],
    ['stands in line', inLine, 'place'],
    ['is called', inside, 'turn'],
    ['holds a unit', holding, 'held'],
    ['pays', [...holding, { type: 'paying', isPaying: true }], 'paying'],
    ['has a hold that an order took', [...inside, taken(hold('committing'))], 'paying'],
    ['has an order that is not at rest', [...holding, ordered(order('authorizing', 2))], 'paying'],
    ['has bought', [...holding, ordered(order('confirmed', 3))], 'receipt'],
    ['bought elsewhere', [read(sale()), place(ticket('completed', 9))], 'bought'],
    ['let the turn pass', [...inside, { type: 'passed', ticketId: 'tkt_1' }], 'passed'],
    ['left', [read(sale()), place(ticket('left', 9))], 'left'],
    ['asked in vain', [...inside, { type: 'noneLeft', atMs: 9 }], 'soldOut'],
    ['waits when all is sold', [...inLine, { type: 'phase', phase: 'sold_out', atMs: 9 }], 'soldOut'],
    ['waits when it is closed', [...inLine, { type: 'phase', phase: 'ended', atMs: 9 }], 'ended'],
    ['has a state of a later server', [read(sale()), place(ticket('teleported', 9))], 'unknown'],
    ['signs in as somebody else', [...inLine, { type: 'stranger' }], 'loading'],
  ])('%s, then the screen is right', (_, news, screen) => {
    expect(screenOf(known(...news))).toBe(screen);
  });
});

describe('when', () => {
  test('the card is declined, then the unit is free, the turn goes on, and the notice says so', () => {
    const failure = { code: 'payment_declined', declineCode: 'insufficient_funds' };
    const state = known(...holding, ordered(order('payment_failed', 4, { failure })));
    expect(screenOf(state)).toBe('turn');
    expect(state.notice).toEqual({ kind: 'declined', declineCode: 'insufficient_funds', isCard: true });
    expect(state.holds).toEqual([]);
  });

  test('the hold runs out, then it is said; not when it is being paid for', () => {
    const paying: News = { type: 'paying', isPaying: true };
    expect(known(...holding, taken(hold('expired'))).notice).toEqual({ kind: 'ranOut' });
    expect(known(...holding, paying, taken(hold('expired'))).notice).toBeNull();
  });

  test('an order failed long ago, then it is no news', () => {
    const old = order('payment_failed', 9, { orderId: 'ord_0', createdAt: at(10), lines: [] });
    for (const before of [inside, holding]) {
      const state = known(...before);
      expect(reduce(state, ordered(old))).toBe(state);
    }
  });

  test('a unit comes back to whoever asked in vain, then there is something to choose again', () => {
    const none: News = { type: 'noneLeft', atMs: 10_000 };
    expect(screenOf(known(...inside, none, { type: 'stock', hasUnits: true }))).toBe('turn');
    expect(screenOf(known(...inside, none, read(sale(1), 10_500)))).toBe('soldOut');
    expect(screenOf(known(...inside, none, read(sale(1), 13_000)))).toBe('turn');
  });

  test('the queue moves, then fewer stand ahead, and never less than none', () => {
    const moved = known(...inLine, { type: 'serving', serving: serving(9, { nowServing: 30 }), atMs: 9 });
    expect(aheadOf(moved)).toBe(19);
    expect(waitOf(moved, 19)).toBe(2);
    const far = known(...inLine, { type: 'serving', serving: serving(9, { nowServing: 900 }), atMs: 9 });
    expect(aheadOf(far)).toBe(0);
  });

  test('somebody joined again elsewhere, then the new ticket counts, and nothing of the old one', () => {
    const again = ticket('waiting', 90, { ticketId: 'tkt_2', ticketNumber: 99 });
    const state = known(...holding, place(ticket('expired', 80)), place(again));
    expect(state).toMatchObject({ ticket: { ticketId: 'tkt_2' }, holds: [], notice: null });
    expect(reduce(state, place(ticket('expired', 95)))).toBe(state);
  });

  test('the server does not know a hold yet, then its answer is still taken', () => {
    const unknown: News = { type: 'holdUnknown', holdId: 'hold-1' };
    expect(screenOf(known(...inside, unknown, taken(hold('held'))))).toBe('held');
    const given: News = { type: 'holdOver', holdId: 'hold-1' };
    expect(screenOf(known(...holding, given, taken(hold('held'))))).toBe('turn');
  });

  test('a sale is read from a cache, then it does not undo what was broadcast meanwhile', () => {
    const heard: News[] = [
      { type: 'serving', serving: serving(50, { left: 2, onHold: 1 }), atMs: 50_000 },
      { type: 'phase', phase: 'paused', atMs: 50_000 },
    ];
    const early = known(read(sale(5)), ...heard, read(sale(4), 51_000));
    expect([early.phase, stockOf(early)]).toEqual(['paused', { quantity: 5, left: 2, onHold: 1 }]);
    const late = known(read(sale(5)), ...heard, read(sale(1), 53_000));
    expect([late.phase, stockOf(late)]).toEqual(['active', { quantity: 5, left: 1, onHold: 0 }]);
  });
});

// ---------------------------------------------------------------- whatever order they come in

/** A drop as it went, each line from its first news to its last. */
const story = {
  tickets: [
    place(ticket('prequeued', 1, { ticketNumber: null })),
    place(ticket('waiting', 2, { usersAhead: 39 })),
    place(ticket('waiting', 3, { usersAhead: 8 })),
    granted(63),
    place(ticket('admitted', 4, { admission: admission(63) })),
    granted(300, true),
    place(ticket('admitted', 6, { admission: admission(300, true) })),
    place(ticket('completed', 9)),
  ],
  servings: [1, 2, 5, 8].map(
    (seconds): News => ({ type: 'serving', serving: serving(seconds), atMs: seconds * 1_000 }),
  ),
  sales: [1, 4, 7].map((seconds) => read(sale(9 - seconds), seconds * 1_000)),
  phases: ['prequeue', 'active', 'sold_out'].map(
    (phase, index): News => ({ type: 'phase', phase, atMs: 1_000 * (index + 1) }),
  ),
  holds: [hold('held', 300), hold('held', 330), hold('committing', 600), hold('committed', 600)].map(taken),
  orders: [order('pending', 1), order('authorizing', 2), order('confirmed', 3)].map(ordered),
};
type Line = keyof typeof story;
const lines = Object.keys(story) as Line[];

/** How far the state has come on a line: the place in its story. */
const come: Readonly<Record<Line, (state: DropState) => number>> = {
  tickets({ ticket: mine }) {
    if (mine === null) return -1;
    const { status, usersAhead } = mine;
    if (status === 'completed') return 7;
    if (status === 'admitted') return mine.admission?.claimed ? 5 : 3;
    return status === 'prequeued' ? 0 : usersAhead === 39 ? 1 : 2;
  },
  servings: (state) => [1, 2, 5, 8].map(at).indexOf(state.serving?.asOf ?? ''),
  sales: (state) => [1, 4, 7].indexOf(state.saleReadMs / 1_000),
  phases: (state) => [1_000, 2_000, 3_000].indexOf(state.phaseHeardMs),
  holds({ holds, overHolds }) {
    if (overHolds.includes('hold-1')) return 3;
    const [held] = holds;
    return held === undefined ? -1 : [at(300), at(330), at(600)].indexOf(held.expiresAt);
  },
  orders: (state) => (state.order?.version ?? 0) - 1,
};

const screens = [
  ...['loading', 'before', 'place', 'turn', 'held', 'paying', 'receipt', 'bought', 'soldOut', 'passed'],
  ...['left', 'ended', 'unknown'],
];

/** Any of the story, each as often as it likes, in any order. */
const muddle = fc.array(
  fc.constantFrom(...lines.flatMap((line) => story[line].map((news, index) => ({ line, news, index })))),
  { maxLength: 60 },
);

describe('whatever order frames and answers come in,', () => {
  test('an older one never overwrites a newer one', () => {
    fc.assert(
      fc.property(muddle, (told) => {
        let state = unknownDrop;
        for (const { line, news } of told) {
          const before = state;
          state = reduce(state, news);
          for (const each of lines) expect(come[each](state)).toBeGreaterThanOrEqual(come[each](before));
          // What a read of a hold or an order says is about that line, and about the holds of the order.
          for (const each of lines)
            if (each !== line && !(line === 'orders' && each === 'holds') && !(line === 'sales'))
              expect(come[each](state)).toBe(come[each](before));
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test('who has heard all of it shows the newest of each, and the receipt', () => {
    const all = lines.flatMap((line) => story[line]);
    fc.assert(
      fc.property(fc.shuffledSubarray(all, { minLength: all.length }), (told) => {
        const state = known(...told);
        // A grant is about a ticket that is known: before it is, the page reads the ticket.
        expect(state.ticket?.status).toBe('completed');
        for (const line of lines)
          if (line !== 'tickets') expect([line, come[line](state)]).toEqual([line, story[line].length - 1]);
        expect(screenOf(state)).toBe('receipt');
      }),
    );
  });

  test('a turn that has passed, or a card that was declined, stays so', () => {
    const early = [...story.tickets.slice(0, 7), ...story.holds.slice(0, 3), ...story.orders.slice(0, 2)];
    const failed = ordered(order('payment_failed', 4, { failure: { code: 'payment_declined' } }));
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...early)), (late) => {
        const passed = known(...inLine, { type: 'passed', ticketId: 'tkt_1' });
        const still = late
          .filter(({ type }) => type === 'ticket' || type === 'granted')
          .reduce(reduce, passed);
        expect(screenOf(still)).toBe('passed');
        const declined = late
          .filter(({ type }) => type === 'hold' || type === 'order')
          .reduce(reduce, known(...holding, ordered(order('pending', 1)), failed));
        expect([screenOf(declined), declined.notice?.kind]).toEqual(['turn', 'declined']);
      }),
    );
  });

  test('there is always a screen', () => {
    const statuses = ['prequeued', 'waiting', 'admitted', 'completed', 'expired', 'left', 'teleported'];
    const phases = ['scheduled', 'prequeue', 'active', 'paused', 'sold_out', 'ended', 'dancing'];
    const orders = ['pending', 'authorizing', 'committing', 'confirmed', 'payment_failed', 'expired'];
    const holds = ['held', 'committing', 'committed', 'voided', 'expired', 'frozen'] as Hold['state'][];
    const id = fc.constantFrom('1', '2', '3');
    const seconds = fc.nat({ max: 50 });
    const anything = fc.oneof<fc.Arbitrary<News>[]>(
      fc.record({
        type: fc.constant('sale' as const),
        sale: fc.constantFrom(sale(), sale(0), sale(3, { items: [] })),
        readSinceMs: seconds,
      }),
      fc.record({ type: fc.constant('phase' as const), phase: fc.constantFrom(...phases), atMs: seconds }),
      fc.tuple(seconds, seconds).map(([from, atMs]) => ({ type: 'serving', serving: serving(from), atMs })),
      fc
        .tuple(fc.constantFrom(...statuses), seconds, id)
        .map(([status, from, n]) => place(ticket(status, from, { ticketId: `tkt_${n}` }))),
      fc.constant(place(null)),
      fc
        .tuple(id, seconds)
        .map(([n, to]) => ({ type: 'granted', ticketId: `tkt_${n}`, admission: admission(to) })),
      id.map((n) => ({ type: 'passed', ticketId: `tkt_${n}` })),
      fc
        .tuple(fc.constantFrom(...holds), seconds, id)
        .map(([state, to, n]) => taken(hold(state, to, `hold-${n}`))),
      id.map((n) => ({ type: 'holdUnknown', holdId: `hold-${n}` })),
      id.map((n) => ({ type: 'holdOver', holdId: `hold-${n}` })),
      fc
        .tuple(fc.constantFrom(...orders, 'cancelled', 'shipped', 'dancing'), seconds, id)
        .map(([status, version, n]) => ordered(order(status, version, { orderId: `ord_${n}` }))),
      fc.boolean().map((isPaying) => ({ type: 'paying', isPaying })),
      fc.boolean().map((hasUnits) => ({ type: 'stock', hasUnits })),
      seconds.map((atMs) => ({ type: 'noneLeft', atMs })),
      fc.constantFrom<News>(
        { type: 'stranger' },
        { type: 'notice', notice: null },
        { type: 'notice', notice: { kind: 'taken' } },
      ),
    );
    fc.assert(
      fc.property(fc.array(anything, { maxLength: 40 }), (told) => {
        let state = unknownDrop;
        for (const news of told) {
          state = reduce(state, news);
          expect(screens).toContain(screenOf(state));
          expect(aheadOf(state)).toBeGreaterThanOrEqual(0);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
