/** A SKU with many holds is restored in slices, and is then what it is when it is restored at once. */
import { isDeepStrictEqual } from 'node:util';
import { expect, test } from 'vitest';
import { skuDecider } from '../../../src/actors/sku/decide.ts';
import type { SkuEvent } from '../../../src/actors/sku/events.ts';
import { snapshotSkuInSlices } from '../../../src/actors/sku/snapshot.ts';
import type { SkuState } from '../../../src/actors/sku/state.ts';
import { rowsPerSlice, runToEnd } from '../../../src/protocol/slices.ts';

const holds = 5 * rowsPerSlice + 7;
const at = 1_800_000_000_000;
const id = (n: number) => `018f0000-0000-7000-8000-${String(n).padStart(12, '0')}`;

function* events(): Generator<SkuEvent> {
  const price = { amount: 100, currency: 'USD' };
  const first = { productId: 'prd_1', sellerId: 'acc_1', title: 'Thing', price, stock: holds, atMs: at };
  yield { type: 'SkuRegistered', ...first };
  const terms = { saleId: 'sal_1', quantity: holds, price, purchaseLimit: 4, holdSeconds: 300, atMs: at };
  yield { type: 'AllotmentOpened', ...terms };
  for (let n = 0; n < holds; n++) {
    const hold = { holdId: id(n), saleId: 'sal_1', buyerId: `acc_${id(n >> 1)}`, ticketNumber: n + 1 };
    yield { type: 'HoldPlaced', ...hold, quantity: 1, expiresAtMs: at + 300_000 + n, atMs: at + n };
  }
  // Resolved in another order than placed.
  for (let n = holds - 1; n >= 0; n -= 2)
    yield { type: 'HoldVoided', holdId: id(n), quantity: 1, atMs: at + holds + ((n * 7) % 1_000) };
}

const endedOf = ({ holds, ended }: SkuState) => Array.from(holds.listed(ended), ({ holdId }) => holdId);

test('in as many slices as its rows ask for, and no difference shows', () => {
  const state = skuDecider.initial('X');
  for (const event of events()) skuDecider.evolve(state, event);
  const saved = structuredClone(skuDecider.snapshot(state));
  const restoring = skuDecider.restoreInSlices!('X', saved, skuDecider.version);
  let slices = 0;
  let step = restoring.next();
  for (; !step.done; step = restoring.next()) slices++;
  // Tickets, buyers, holds, resolved holds.
  expect(slices).toBeGreaterThan((3.5 * holds) / rowsPerSlice);
  const [twin, whole] = [step.value, skuDecider.restore('X', saved, skuDecider.version)];
  for (const each of [twin, whole]) {
    expect(skuDecider.snapshot(each)).toEqual(saved);
    expect(endedOf(each)).toEqual(endedOf(state));
    expect(skuDecider.deadline(each, at)).toBe(skuDecider.deadline(state, at));
    const tick = (of: SkuState) => skuDecider.decide(of, { type: 'Tick' }, at + 400_000).events.slice(0, 50);
    expect(tick(each)).toEqual(tick(state));
  }
});

test('a hold that changes leaves the blocks of other holds as they are', () => {
  const state = skuDecider.initial('X');
  for (const event of events()) skuDecider.evolve(state, event);
  const rows = 1_000;
  const blocksOf = () => runToEnd(snapshotSkuInSlices(state, rows)).blocks;
  const before = blocksOf();
  // Holds, half as many buyers, tickets.
  expect(before).toHaveLength(10 + 5 + 10);
  skuDecider.evolve(state, { type: 'HoldVoided', holdId: id(4_500), quantity: 1, atMs: at + holds + 1_000 });
  const changed = blocksOf().flatMap((block, place) =>
    isDeepStrictEqual(block, before[place]) ? [] : [place],
  );
  // Of the hold, of its neighbour in the list of those that are over, of its buyer, of its ticket.
  expect(changed).toContain(4);
  expect(changed.length).toBeLessThanOrEqual(5);
});

test('blocks of any size lead to the same SKU', () => {
  const state = skuDecider.initial('X');
  for (const event of events()) skuDecider.evolve(state, event);
  const whole = skuDecider.snapshot(state);
  for (const rows of [1_500, 4_999, 100_000]) {
    const saved = structuredClone(runToEnd(snapshotSkuInSlices(state, rows)));
    expect(skuDecider.snapshot(skuDecider.restore('X', saved, skuDecider.version))).toEqual(whole);
    const cut = { ...saved, blocks: saved.blocks.slice(1) };
    if (saved.blocks.length > 0)
      expect(() => skuDecider.restore('X', cut, skuDecider.version)).toThrow(/block/);
  }
});
