/** What a sale shows to those in line and to those who look: why they wait, what is left, whether a turn was used. */
import { describe, expect, it } from 'vitest';
import type { CurrentSaleView, ServingView, TicketView } from '../../../src/actors/sale/commands.ts';
import { SaleRoom, startMs, terms } from './room.ts';

const item = terms.items[0]!;
const servingOf = (room: SaleRoom) =>
  room.pushes.filter(({ type }) => type === 'queue.serving').map(({ body }) => body as ServingView);
const read = (room: SaleRoom): CurrentSaleView => room.send({ type: 'ReadSale' }).body;

/** One unit and two buyers, the first of whom is admitted. */
function two(): SaleRoom {
  const room = SaleRoom.open({ items: [{ ...item, quantity: 1 }] });
  room.join(1);
  room.join(2);
  room.wait(200);
  return room;
}

describe('why a ticket waits', () => {
  it('is the rate, then that every unit is on hold, then the rate again when one comes back', () => {
    const room = two();
    expect(room.view(1)).toMatchObject({ status: 'admitted', waitReason: null });
    expect(room.view(2)).toMatchObject({ status: 'waiting', waitReason: 'release_rate' });
    room.report(0, 1, 0, [[1, 1, 0]]);
    expect(room.view(2).waitReason).toBe('units_on_hold');
    room.report(1, 0, 0, [[1, 0, 0]]);
    expect(room.view(2).waitReason).toBe('release_rate');
  });

  it('is the rate while any item has a unit that nobody holds', () => {
    const items = ['A', 'B'].map((sku) => ({ ...item, sku, quantity: 1 }));
    const room = SaleRoom.open({ items, queueing: { ...terms.queueing, activeLimit: 1 } });
    room.join(1);
    room.join(2);
    room.wait(200);
    room.report(0, 1, 0, [[1, 1, 0]], 'A');
    expect(room.view(2).waitReason).toBe('release_rate');
    room.report(0, 1, 0, [[1, 1, 0]], 'B');
    expect(room.view(2).waitReason).toBe('units_on_hold');
  });

  it('is the pause while the sale is paused, and nothing before the start, sold out, or for who does not wait', () => {
    const room = two();
    room.send({ type: 'PauseSale', sellerId: null });
    expect(room.view(2).waitReason).toBe('paused');
    expect(room.view(1).waitReason).toBeNull();
    room.send({ type: 'ResumeSale', sellerId: null });
    room.report(0, 0, 1, [[1, 0, 1]]);
    expect(room.state.phase).toBe('sold_out');
    expect(room.view(2)).toMatchObject({ status: 'waiting', waitReason: null, outlook: 'sold_out' });
    room.leave(2);
    expect(room.view(2).waitReason).toBeNull();

    const early = new SaleRoom();
    early.send({ ...terms, prequeueAtMs: startMs - 5_000 });
    early.report(3, 0, 0);
    early.send({ type: 'Answered', id: `allot/PS-1/${early.state.saleId}`, code: 'created', body: null });
    early.waitUntil(startMs - 4_000);
    expect(early.join(1).body).toMatchObject({ status: 'prequeued', waitReason: null });
    early.send({ type: 'PauseSale', sellerId: null });
    expect(early.view(1)).toMatchObject({ status: 'prequeued', waitReason: 'paused' });
  });

  it('is told to everybody in the sale with the phase that begins, because a paused or sold-out sale may not tick again', () => {
    const room = two();
    room.send({ type: 'PauseSale', sellerId: null });
    expect(room.pushes.map(({ type }) => type)).toEqual(['sale.phase', 'queue.serving']);
    expect(servingOf(room)).toMatchObject([{ waitReason: 'paused', left: 1, onHold: 0 }]);
    room.send({ type: 'ResumeSale', sellerId: null });
    expect(servingOf(room)).toMatchObject([{ waitReason: 'release_rate' }]);
    room.report(0, 0, 1, [[1, 0, 1]]);
    expect(servingOf(room)).toMatchObject([{ waitReason: null, outlook: 'sold_out', left: 0, onHold: 0 }]);
    room.send({ type: 'CloseSale', sellerId: null });
    expect(servingOf(room)).toMatchObject([{ waitReason: null, outlook: 'sold_out' }]);
  });

  it('is in what the queue says at its ticks', () => {
    const room = two();
    room.report(0, 1, 0, [[1, 1, 0]]);
    room.wait(100);
    expect(servingOf(room)).toMatchObject([{ waitReason: 'units_on_hold', left: 0, onHold: 1 }]);
  });
});

describe('an admission', () => {
  it('ends with its claim time until the first hold, then with the admission, and the buyer is sent the ticket', () => {
    const room = two();
    const admittedAtMs = room.state.active.get(1)!.admittedAtMs;
    expect(room.view(1).admission).toEqual({ expiresAtMs: admittedAtMs + 20_000, isClaimed: false });
    room.report(0, 1, 0, [[1, 1, 0]]);
    const corrected = room.pushes.find(({ type }) => type === 'ticket')!.body as TicketView;
    expect(corrected.admission).toEqual({ expiresAtMs: admittedAtMs + 60_000, isClaimed: true });
  });

  it('stays as it is when the hold is given back, as after a declined card, and ends with its time', () => {
    const room = two();
    const { expiresAtMs } = room.state.active.get(1)!;
    room.report(0, 1, 0, [[1, 1, 0]]);
    room.report(1, 0, 0, [[1, 0, 0]]);
    room.waitUntil(expiresAtMs - 500);
    expect(room.view(1)).toMatchObject({ status: 'admitted', admission: { expiresAtMs, isClaimed: true } });
    room.waitUntil(expiresAtMs + 500);
    expect(room.view(1)).toMatchObject({ status: 'expired', admission: null });
  });
});

describe('the items of a sale', () => {
  it('say what is left, what may come back, and the chance of whoever comes now', () => {
    const items = ['A', 'B'].map((sku) => ({ ...item, sku, quantity: 2 }));
    const room = new SaleRoom();
    room.send({ ...terms, items });
    const whole = (sku: string) => ({ sku, left: 2, onHold: 0, outlook: 'likely' });
    expect(read(room).figures).toEqual([whole('A'), whole('B')]);
    const open = SaleRoom.open({ items });
    expect(read(open).figures).toEqual([whole('A'), whole('B')]);
    for (let n = 1; n <= 2; n++) open.join(n);
    open.wait(200);
    open.report(1, 1, 0, [[1, 1, 0]], 'A');
    open.report(0, 0, 2, [], 'B');
    expect(read(open).figures).toEqual([
      { sku: 'A', left: 1, onHold: 1, outlook: 'uncertain' },
      { sku: 'B', left: 0, onHold: 0, outlook: 'sold_out' },
    ]);
    const { version } = read(open);
    open.report(0, 2, 0, [[2, 1, 0]], 'A');
    expect(read(open).version).toBe(version);
  });

  it('have nothing left once the sale has ended', () => {
    const room = two();
    room.report(0, 1, 0, [[1, 1, 0]]);
    room.send({ type: 'CloseSale', sellerId: null });
    expect(read(room)).toMatchObject({
      figures: [{ sku: 'PS-1', left: 0, onHold: 0, outlook: 'sold_out' }],
      serving: { left: 0, onHold: 0, waitReason: null },
    });
  });

  it('counts as claimed when its hold came and went between two reports', () => {
    const room = two();
    const { expiresAtMs } = room.state.active.get(1)!;
    room.report(1, 0, 0, [[1, 0, 0]]);
    expect(room.events.at(-1)).toMatchObject({ type: 'StockReported', claimed: [1] });
    expect(room.view(1).admission).toEqual({ expiresAtMs, isClaimed: true });
    room.report(1, 0, 0, [[1, 0, 0]]);
    expect(room.events.at(-1)).not.toHaveProperty('claimed');
  });
});
