/** Rows fold as the actor does: after every event of any history they say what the sale itself would show. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { saleDecider } from '../../../src/actors/sale/decide.ts';
import type { SaleEvent } from '../../../src/actors/sale/events.ts';
import { saleView } from '../../../src/actors/sale/view.ts';
import { foldSale, projection } from '../../../src/market/sales/projection.ts';
import type { SaleRows } from '../../../src/market/sales/rows.ts';
import { takes } from '../../../src/persistence/projection.ts';
import { makeHistory } from '../../runtime/history.ts';

test('whatever happens to a sale, its rows show after every event what the sale shows', () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const states = new Map<string, ReturnType<typeof saleDecider.initial>>();
      const rowsById = new Map<string, SaleRows>();
      for (const { kind, key, event } of makeHistory(seed, 300, 'x').records) {
        if (kind !== 'sale') continue;
        const state = states.get(key) ?? saleDecider.initial(key);
        states.set(key, state);
        saleDecider.evolve(state, event as SaleEvent);
        if (!takes(projection, { kind, key, event })) continue;
        const fact = event as Parameters<typeof foldSale>[2];
        const rows = JSON.parse(JSON.stringify(foldSale(rowsById.get(key), key, fact)));
        rowsById.set(key, rows);
        const { updatedAtMs, pausedFrom, ...sale } = rows.sale;
        const items = (rows as SaleRows).items.map(({ sku, quantity, price, currency, purchaseLimit }) => ({
          ...{ sku, quantity, purchaseLimit },
          price: { amount: price, currency },
        }));
        const { isSettled: _, version: __, figures: ___, serving: ____, ...shown } = saleView(state, 0);
        expect({ ...sale, items }).toEqual(shown);
        expect(pausedFrom).toBe(state.phase === 'paused' ? state.pausedFrom : null);
        expect(updatedAtMs).toBe((event as SaleEvent).atMs);
      }
    }),
    { numRuns: 60 },
  );
});
