/** Stock as clients see it. */
import type { StockView } from '../../actors/sku/commands.ts';
import { iso } from '../../gateway/handling.ts';
import type { Stock } from './schemas.ts';

/** Field by field, so that nothing internal gets out by being added to the actor's view. */
export function stockJson({ sku, onHand, held, sold, allotted, available, asOfMs }: StockView): Stock {
  return { sku, onHand, held, sold, allotted, available, asOf: iso(asOfMs) };
}
