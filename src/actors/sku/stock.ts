/**
 * Decisions about stock as the seller sees it: registering, changing and adjusting a SKU, and setting units aside
 * for sales. Only units that no sale has set aside can be taken away or set aside again.
 */
import type { Accepted } from '../../protocol/codes.ts';
import { type Instant, noEvents, refuse } from '../../protocol/decider.ts';
import type { Money } from '../../protocol/money.ts';
import type { Allocation } from './allocation.ts';
import type {
  AdjustStock,
  ChangeSku,
  CloseAllocation,
  OpenAllocation,
  PauseAllocation,
  ReadStock,
  RegisterSku,
  ReinstateSku,
  RetireSku,
  StockView,
} from './commands.ts';
import type { SkuEvent } from './events.ts';
import {
  availableOf,
  freeOf,
  levelOf,
  levelPush,
  noPushes,
  type SkuDecision,
  type SkuState,
} from './state.ts';
import { stockView } from './view.ts';

type StockDecision = SkuDecision<StockView>;

/** Adjustments remembered for a day; more are refused until the oldest are forgotten. */
const adjustmentsMax = 10_000;
/** Allocations that are open or not yet forgotten. */
const allocationsMax = 10_000;

function answer(code: Accepted, events: readonly SkuEvent[], at: Instant): StockDecision {
  return { code, events, reply: (after) => stockView(after, at) };
}

function isSameMoney(a: Money, b: Money): boolean {
  return a.amount === b.amount && a.currency === b.currency;
}

export function registerSku(state: SkuState, command: RegisterSku, at: Instant): StockDecision {
  const { productId, sellerId, title, price, stock } = command;
  const first = state.registration;
  if (first !== null) {
    const isSame =
      first.productId === productId &&
      first.sellerId === sellerId &&
      first.title === title &&
      first.stock === stock &&
      isSameMoney(first.price, price);
    return isSame ? answer('ok', noEvents, at) : refuse('exists_with_different');
  }
  if (!Number.isSafeInteger(stock) || stock < 0) return refuse('validation_failed');
  return answer(
    'created',
    [{ type: 'SkuRegistered', productId, sellerId, title, price, stock, atMs: at }],
    at,
  );
}

export function changeSku(state: SkuState, command: ChangeSku, at: Instant): StockDecision {
  if (state.registration === null) return refuse('not_found');
  const title = command.title ?? state.title;
  const price = command.price ?? state.price;
  if (title === state.title && isSameMoney(price, state.price)) return answer('ok', noEvents, at);
  return answer('ok', [{ type: 'SkuChanged', title, price, atMs: at }], at);
}

export function retireSku(state: SkuState, _command: RetireSku, at: Instant): StockDecision {
  if (state.registration === null) return refuse('not_found');
  return answer('ok', state.isRetired ? noEvents : [{ type: 'SkuRetired', atMs: at }], at);
}

export function reinstateSku(state: SkuState, _command: ReinstateSku, at: Instant): StockDecision {
  if (state.registration === null) return refuse('not_found');
  return answer('ok', state.isRetired ? [{ type: 'SkuReinstated', atMs: at }] : noEvents, at);
}

export function adjustStock(state: SkuState, command: AdjustStock, at: Instant): StockDecision {
  const { adjustmentId, delta, reason, sellerId, by } = command;
  if (state.registration === null) return refuse('not_found');
  // Checked before the repeat, so that other sellers cannot find out which adjustments there were.
  if (sellerId !== null && sellerId !== state.registration.sellerId) return refuse('forbidden');
  const known = state.adjustmentById.get(adjustmentId);
  if (known !== undefined) {
    const isSame = known.delta === delta && known.reason === reason;
    return isSame ? answer('ok', noEvents, at) : refuse('exists_with_different');
  }
  if (!Number.isSafeInteger(delta) || !Number.isSafeInteger(state.onHand + delta))
    return refuse('validation_failed');
  const available = availableOf(state);
  if (available + delta < 0) return refuse('insufficient_stock', { available });
  if (state.adjustmentById.size >= adjustmentsMax) return refuse('busy');
  const deputy = by === undefined ? {} : { by };
  return answer('created', [{ type: 'StockAdjusted', adjustmentId, delta, reason, ...deputy, atMs: at }], at);
}

export function readStock(state: SkuState, _command: ReadStock, at: Instant): StockDecision {
  return state.registration === null ? refuse('not_found') : answer('ok', noEvents, at);
}

export function openAllocation(state: SkuState, command: OpenAllocation, at: Instant): StockDecision {
  const { saleId, quantity, price, purchaseLimit, holdSeconds } = command;
  const known = state.allocationBySale.get(saleId);
  if (known !== undefined)
    return isSameAllocation(known, command) ? answer('ok', noEvents, at) : refuse('exists_with_different');
  const { registration } = state;
  // Another seller's SKU is answered as one that there is not: nobody learns what others have.
  if (registration === null || command.sellerId !== registration.sellerId || state.isRetired)
    return refuse('unknown_sku');
  if (!Number.isSafeInteger(quantity) || quantity < 1) return refuse('validation_failed');
  const available = availableOf(state);
  if (quantity > available) return refuse('insufficient_stock', { available });
  if (state.allocationBySale.size >= allocationsMax) return refuse('busy');
  return {
    code: 'created',
    events: [{ type: 'AllotmentOpened', saleId, quantity, price, purchaseLimit, holdSeconds, atMs: at }],
    reply: (after) => stockView(after, at),
    pushes: [levelPush(state, saleId, levelOf(quantity, quantity))],
  };
}

function isSameAllocation(known: Allocation, command: OpenAllocation): boolean {
  return (
    known.quantity === command.quantity &&
    known.purchaseLimit === command.purchaseLimit &&
    known.holdSeconds === command.holdSeconds &&
    isSameMoney(known.price, command.price)
  );
}

export function closeAllocation(state: SkuState, { saleId }: CloseAllocation, at: Instant): SkuDecision {
  const allocation = state.allocationBySale.get(saleId);
  if (allocation === undefined || !allocation.isOpen) return { code: 'ok', events: noEvents };
  const freed = freeOf(allocation);
  return {
    code: 'ok',
    events: [{ type: 'AllotmentClosed', saleId, freed, atMs: at }],
    pushes: freed > 0 ? [levelPush(state, saleId, 'none')] : noPushes,
  };
}

export function pauseAllocation(state: SkuState, command: PauseAllocation, at: Instant): SkuDecision {
  const { saleId, isPaused, revision } = command;
  const allocation = state.allocationBySale.get(saleId);
  if (allocation === undefined || !allocation.isOpen || revision <= allocation.pauseRevision)
    return { code: 'ok', events: noEvents };
  return { code: 'ok', events: [{ type: 'AllotmentPaused', saleId, isPaused, revision, atMs: at }] };
}
