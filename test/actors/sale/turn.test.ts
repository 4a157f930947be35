/** What one Tick does is one bounded turn, however many buyers there are; the rate and the end result are the same. */
import { describe, expect, test } from 'vitest';
import { saleDecider } from '../../../src/actors/sale/decide.ts';
import type { SaleEvent } from '../../../src/actors/sale/events.ts';
import { initialSale, type SaleState } from '../../../src/actors/sale/state.ts';
import { buyersPerTick } from '../../../src/actors/sale/tick.ts';
import { buyer, SaleRoom, saleId, startMs, terms, ticket } from './room.ts';

const crowd = 30_000;

function fullRoom(queueing: Partial<typeof terms.queueing>): SaleRoom {
  const room = SaleRoom.open({
    items: [{ sku: 'PS-1', quantity: 2 * crowd, price: { amount: 100, currency: 'USD' }, purchaseLimit: 1 }],
    queueing: { ...terms.queueing, activeLimit: 2 * crowd, ...queueing },
  });
  for (let n = 1; n <= crowd; n++) room.join(n);
  return room;
}

/** Ticks when the sale asks for it, until `time`; what each of them released or expired, and how many broadcasts. */
function turns(room: SaleRoom, time: number) {
  const seen = { released: [] as number[], expired: [] as number[], atMs: [] as number[], broadcasts: 0 };
  for (;;) {
    const due = saleDecider.deadline(room.state, room.at);
    if (due > time) break;
    room.at = due;
    const before = room.events.length;
    room.send({ type: 'Tick' });
    const events = room.events.slice(before);
    const one = <Type extends SaleEvent['type']>(type: Type) =>
      events.find((event): event is Extract<SaleEvent, { type: Type }> => event.type === type);
    seen.released.push(one('TicketsReleased')?.count ?? 0);
    seen.expired.push(one('AdmissionsExpired')?.ticketNumbers.length ?? 0);
    seen.atMs.push(due);
    seen.broadcasts += room.pushes.filter(({ type }) => type === 'queue.serving').length;
  }
  room.at = Math.max(room.at, time);
  return seen;
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0);

describe('one turn of a sale', () => {
  test.each([100, 5_000, 20_000, 60_000])(
    'releases a bounded number, and over a second as many as the rate of %i asks for',
    (releasePerSecond) => {
      const room = fullRoom({ releasePerSecond });
      const seen = turns(room, room.at + 1_000);
      for (const released of seen.released) expect(released).toBeLessThanOrEqual(buyersPerTick);
      const wanted = Math.min(crowd, releasePerSecond);
      expect(sum(seen.released)).toBeGreaterThanOrEqual(wanted * 0.85);
      expect(sum(seen.released)).toBeLessThanOrEqual(wanted * 1.1 + releasePerSecond * 0.2 + 1);
      expect(seen.broadcasts).toBeLessThanOrEqual(11);
      expect([...room.state.active.keys()]).toEqual(
        Array.from({ length: sum(seen.released) }, (_, index) => index + 1),
      );
    },
  );

  test('after a full turn the next one is due at once, and commands come in between', () => {
    const room = fullRoom({ releasePerSecond: 1e9 });
    const { atMs, released } = turns(room, room.at + 99 + 100);
    expect(released.slice(0, 3)).toEqual([buyersPerTick, buyersPerTick, buyersPerTick]);
    expect(atMs[1]! - atMs[0]!).toBe(1);
    // A sale that cannot release any more does not ask for Ticks in a row.
    const paused = fullRoom({ releasePerSecond: 1e9 });
    paused.at = saleDecider.deadline(paused.state, paused.at);
    paused.send({ type: 'Tick' });
    paused.send({ type: 'PauseSale', sellerId: null });
    expect(saleDecider.deadline(paused.state, paused.at) - paused.at).toBeGreaterThan(1);
  });

  test('expires a bounded number; all of them are gone soon, and whoever is next is let in', () => {
    const room = fullRoom({ releasePerSecond: 1e9, activeLimit: 10_000, claimSeconds: 20 });
    turns(room, room.at + 1_000);
    expect(room.state.active.size).toBe(10_000);
    const seen = turns(room, room.at + 21_000);
    for (const [index, expired] of seen.expired.entries())
      expect(expired + seen.released[index]!).toBeLessThanOrEqual(buyersPerTick);
    expect(sum(seen.expired)).toBe(10_000);
    expect(room.state.active.size).toBe(10_000);
    expect(room.state.nowServing).toBe(20_000);
  });

  test('ends a sale with everybody who waits as it would end them one by one', () => {
    const rooms = [1, 2].map(() => {
      const room = fullRoom({ releasePerSecond: 1_000 });
      turns(room, room.at + 1_000);
      for (let n = 5_000; n < 6_000; n += 3) room.leave(n);
      return room;
    });
    const [room, other] = rooms as [SaleRoom, SaleRoom];
    room.send({ type: 'CloseSale', sellerId: null });
    let ended = 0;
    for (let number = 1; number <= crowd; number++) {
      if (other.state.tickets.status(number) !== 0) continue;
      other.state.tickets.setStatus(number, 3);
      ended++;
    }
    expect(ended).toBeGreaterThan(20_000);
    expect(room.state.expired - other.state.expired).toBe(ended);
    expect(room.state.tickets.columns()).toEqual(other.state.tickets.columns());
    expect([room.state.tickets.waitingCount, room.state.tickets.waitingBefore(crowd)]).toEqual([0, 0]);
  });

  test('old journals, in which one event lets in as many as there are, replay as they did', () => {
    const state: SaleState = initialSale(saleId);
    const { type: _, ...kept } = terms;
    const apply = (event: SaleEvent) => saleDecider.evolve(state, event);
    apply({ type: 'SaleCreated', ...kept, atMs: startMs });
    apply({ type: 'ItemAllotted', sku: 'PS-1', atMs: startMs });
    apply({ type: 'SaleStarted', atMs: startMs });
    for (let n = 1; n <= 10_000; n++)
      apply({ type: 'TicketIssued', ticketId: ticket(n), buyerId: buyer(n), requestId: null, atMs: startMs });
    apply({ type: 'TicketsReleased', upTo: 10_000, count: 10_000, credit: 3, atMs: startMs });
    expect([state.active.size, state.nowServing, state.credit]).toEqual([10_000, 10_000, 3]);
    const all = Array.from({ length: 10_000 }, (_, index) => index + 1);
    apply({ type: 'AdmissionsExpired', ticketNumbers: all, atMs: startMs + 1 });
    expect([state.active.size, state.expired]).toEqual([0, 10_000]);
    expect(saleDecider.deadline(state, startMs + 1)).toBeGreaterThan(startMs + 2);
  });
});
