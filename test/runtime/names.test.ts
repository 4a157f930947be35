/** An actor is found by its other names, however many it was loaded with, and by none that it has no more. */
import { expect, test } from 'vitest';
import { skuDecider } from '../../src/actors/sku/decide.ts';
import type { SkuEvent } from '../../src/actors/sku/events.ts';
import { deciders } from '../../src/features.ts';
import { Partition } from '../../src/runtime/partition.ts';

const at = 1_800_000_000_000;
const forgotten: SkuEvent = { type: 'HoldsForgotten', beforeMs: at + 24 * 3_600_000 };
const anySku = deciders.find(({ kind }) => kind === 'sku')!;
const price = { amount: 100, currency: 'USD' };

const placed = (n: number): SkuEvent => {
  const hold = {
    holdId: `hold-${n}`,
    saleId: 'sal_1',
    buyerId: `acc_${n}`,
    ticketNumber: n + 1,
    quantity: 1,
  };
  return { type: 'HoldPlaced', ...hold, expiresAtMs: at + 300_000, atMs: at };
};
const voided = (n: number): SkuEvent => ({ type: 'HoldVoided', holdId: `hold-${n}`, quantity: 1, atMs: at });

function stateWith(holds: number) {
  const state = skuDecider.initial('X');
  const first = { productId: 'prd_1', sellerId: 'acc_1', title: 'Thing', price, stock: 20_000, atMs: at };
  const terms = { saleId: 'sal_1', quantity: 20_000, price, purchaseLimit: 4, holdSeconds: 300, atMs: at };
  skuDecider.evolve(state, { type: 'SkuRegistered', ...first });
  skuDecider.evolve(state, { type: 'AllotmentOpened', ...terms });
  for (let n = 0; n < holds; n++) skuDecider.evolve(state, placed(n));
  return state;
}

test.each([3, 12_000])('loaded with %i names, and with those that came and went since', (holds) => {
  const partition = new Partition(0);
  const actor = partition.install(anySku, 'X', stateWith(holds), 1);
  const found = () => Array.from({ length: holds + 1 }, (_, n) => partition.keyOf('sku', `hold-${n}`));
  const expected = new Array<string | undefined>(holds).fill('X');
  expect(found()).toEqual([...expected, undefined]);
  partition.evolve(actor, placed(holds), 2);
  expect(found()).toEqual([...expected, 'X']);
  for (const n of [0, holds - 1, holds]) partition.evolve(actor, voided(n), 3);
  expect(found()).toEqual([...expected, 'X']);
  partition.evolve(actor, forgotten, 4);
  expect(found()).toEqual([undefined, ...expected.slice(2), undefined, undefined]);
  expect(partition.keyOf('order', 'hold-1')).toBeUndefined();
  partition.clear();
  expect(partition.keyOf('sku', 'hold-1')).toBeUndefined();
});

test('one that left memory is asked no more', () => {
  const partition = new Partition(0);
  const actor = partition.install(anySku, 'X', stateWith(12_000), 1);
  expect(partition.keyOf('sku', 'hold-11999')).toBe('X');
  partition.remove(actor);
  expect(partition.find('sku', 'X')).toBeUndefined();
  expect(partition.keyOf('sku', 'hold-11999')).toBeUndefined();
});
