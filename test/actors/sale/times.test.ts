/** case 01: a sale whose journal holds a time that is none can be read, ends, and gives its units back. */
import { pack, unpack } from 'msgpackr';
import { describe, expect, it } from 'vitest';
import type { SaleView } from '../../../src/actors/sale/commands.ts';
import { saleDecider } from '../../../src/actors/sale/decide.ts';
import type { SaleEvent } from '../../../src/actors/sale/events.ts';
import { initialSale } from '../../../src/actors/sale/state.ts';
import { foldSale } from '../../../src/market/sales/projection.ts';
import { SaleRoom, saleId, startMs, terms } from './room.ts';

const times = ['prequeueAtMs', 'startsAtMs', 'endsAtMs'] as const;
type Created = Extract<SaleEvent, { type: 'SaleCreated' }>;
const none = [Number.NaN, Number.POSITIVE_INFINITY, 1.5, 2 ** 60];

describe('a time that is none', () => {
  it('is refused by the sale, whichever it is', () => {
    for (const field of times)
      for (const atMs of none) {
        const room = new SaleRoom();
        expect([field, atMs, room.send({ ...terms, [field]: atMs }).code]).toEqual([
          ...[field, atMs, 'validation_failed'],
        ]);
        expect(room.events).toEqual([]);
      }
  });

  it.each(times)('that an earlier version wrote as %s is read as one that can come', (field) => {
    const { type: _, ...written } = { ...terms, [field]: Number.NaN };
    // As the journal keeps it.
    const event = unpack(pack({ type: 'SaleCreated', ...written, atMs: startMs - 5_000 })) as Created;
    const room = new SaleRoom();
    saleDecider.evolve(room.state, event);
    const [pending] = saleDecider.pendingMessages(room.state);
    room.send({ type: 'Answered', id: pending!.id, code: 'created', body: null });

    const view = room.send({ type: 'ReadSale' }).body as SaleView;
    for (const known of [view.startsAtMs, view.endsAtMs, view.prequeueAtMs ?? 0])
      expect(Number.isSafeInteger(known)).toBe(true);
    const row = foldSale(undefined, saleId, event).sale;
    for (const name of times) expect([name, row[name]]).toEqual([name, view[name]]);

    // A state that was saved with it, too.
    const snapshot = saleDecider.snapshot(room.state) as { terms: object };
    const saved = { ...snapshot, terms: { ...snapshot.terms, [field]: Number.NaN } };
    const restored = saleDecider.restore(saleId, unpack(pack(saved)), saleDecider.version);
    const { prequeueAtMs, startsAtMs, endsAtMs } = (restored as typeof room.state).terms!;
    expect({ prequeueAtMs, startsAtMs, endsAtMs }).toMatchObject(
      Object.fromEntries(times.map((name) => [name, view[name]])),
    );

    // It lives by its clock and ends.
    for (let ticks = 0; room.state.phase !== 'ended' && ticks < 100; ticks++) {
      const nextMs = saleDecider.deadline(room.state, room.at);
      expect(nextMs).toBeGreaterThan(room.at);
      expect(nextMs).toBeLessThanOrEqual(terms.endsAtMs);
      room.at = nextMs;
      room.send({ type: 'Tick' });
    }
    expect(room.state.phase).toBe('ended');
    expect(saleDecider.pendingMessages(room.state).map(({ id }) => id)).toEqual([`return/PS-1/${saleId}`]);
  });

  it('leaves the terms of every other sale as they were written', () => {
    const state = initialSale(saleId);
    const { type: _, ...written } = terms;
    saleDecider.evolve(state, { type: 'SaleCreated', ...written, atMs: startMs });
    expect(state.terms).toEqual({ ...written, createdAtMs: startMs });
  });
});
