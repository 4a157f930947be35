/**
 * How full a sale's stock looks to its buyers: `none` at 0, `low` up to a tenth of the allocation or 10 units
 * (whichever is more), `high` above. A change is pushed to everybody in the sale.
 */
import type { Push } from '../../protocol/decider.ts';
import type { Allocation, SkuState } from './state.ts';
import { freeOf } from './state.ts';

type StockLevel = 'high' | 'low' | 'none';

export const noPushes: readonly Push[] = [];

export function levelOf(quantity: number, free: number): StockLevel {
  if (free <= 0) return 'none';
  return free <= Math.max(10, Math.floor(quantity / 10)) ? 'low' : 'high';
}

/** What to push when `units` more can be held in the sale (fewer when negative); nothing when the level stays. */
export function levelPushes(state: SkuState, allocation: Allocation, units: number): readonly Push[] {
  if (!allocation.isOpen) return noPushes;
  const free = freeOf(allocation);
  const level = levelOf(allocation.quantity, free + units);
  if (level === levelOf(allocation.quantity, free)) return noPushes;
  return [levelPush(state, allocation.saleId, level)];
}

export function levelPush(state: SkuState, saleId: string, level: StockLevel): Push {
  return { topic: `sale/${saleId}`, type: 'stock.level', body: { sku: state.sku, saleId, level } };
}
