/** Stock levels, from what a SKU says. */
import { expect, test } from 'vitest';
import type { SkuEvent } from '../../../src/actors/sku/events.ts';
import { foldStock, type StockRow } from '../../../src/market/inventory/projection.ts';

test('rows that were told together count as each of them told alone', () => {
  const row: StockRow = {
    ...{ sku: 'PS-1', productId: 'p', sellerId: 's', onHand: 20, held: 0, sold: 0, allotted: 10 },
    updatedAtMs: 0,
  };
  const rows = new Uint8Array(0);
  const told: SkuEvent[] = [
    { type: 'HoldsPlaced', saleId: 'sal_1', count: 4, units: 7, expiresAtMs: 9, atMs: 1, rows },
    { type: 'HoldsAttached', count: 4, atMs: 2, rows },
    { type: 'HoldsCommitted', count: 2, units: 4, atMs: 3, rows },
    // Two of the three units that are voided are of a sale that has ended.
    { type: 'HoldsReleased', count: 3, voided: 3, returned: 1, freed: 2, atMs: 4, rows },
  ];
  for (const event of told) foldStock(row, 'PS-1', event);
  expect(row).toMatchObject({ onHand: 20, held: 0, sold: 3, allotted: 5, updatedAtMs: 4 });
});
