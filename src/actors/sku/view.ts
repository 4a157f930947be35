/** What a SKU shows: its stock and its holds. */
import type { Instant } from '../../protocol/decider.ts';
import { isGeneral } from './allocation.ts';
import type { HoldView, StockView } from './commands.ts';
import type { Hold } from './hold-table.ts';
import { availableOf, isOver, type SkuState } from './state.ts';

export function stockView(state: SkuState, at: Instant): StockView {
  return {
    sku: state.sku,
    productId: state.registration?.productId ?? '',
    sellerId: state.registration?.sellerId ?? '',
    title: state.title,
    price: state.price,
    onHand: state.onHand,
    held: state.held,
    sold: state.sold,
    allotted: state.allotted,
    available: availableOf(state),
    asOfMs: at,
  };
}

/** The hold as it is at that time: one whose deadline has passed shows as expired even before the Tick. */
export function holdView(state: SkuState, hold: Hold, at: Instant): HoldView {
  const isFree = isGeneral(hold.allocation);
  return {
    holdId: hold.holdId,
    saleId: isFree ? null : hold.allocation.saleId,
    sku: state.sku,
    buyerId: hold.buyerId,
    quantity: hold.quantity,
    unitPrice: isFree ? state.price : hold.allocation.price,
    state: isOver(hold, at) ? 'expired' : hold.state,
    expiresAtMs: hold.expiresAtMs,
    title: state.title,
    sellerId: state.registration?.sellerId ?? '',
    productId: state.registration?.productId ?? '',
    orderId: hold.orderId,
  };
}
