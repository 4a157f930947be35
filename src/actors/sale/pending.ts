/**
 * What a sale asks of the sku actors: to set its units aside, to stop holds and give them again, and to take the rest back
 * when it is over.
 */

import { message } from '../../protocol/decider.ts';
import { closeAllocation, openAllocation, pauseAllocation } from '../sku/commands.ts';
import type { SaleItem } from './commands.ts';
import type { ItemState, KeptTerms, SaleMessage, SaleState } from './state.ts';

const nothingPending: readonly SaleMessage[] = [];

export function pendingMessages(state: SaleState): readonly SaleMessage[] {
  const { saleId, terms, items } = state;
  if (terms === null) return nothingPending;
  if (state.pendingItems > 0)
    return terms.items
      .filter((item) => items.get(item.sku)!.allocation === 'pending')
      .map((item) => openMessage(saleId, terms, item));
  if (state.phase === 'ended')
    return [...items.values()].filter(isSetAside).map(({ sku }) => closeMessage(saleId, sku));
  if (state.pauseRevision === 0) return nothingPending;
  return [...items.values()]
    .filter(({ pauseSettled }) => pauseSettled < state.pauseRevision)
    .map(({ sku }) => pauseMessage(state, sku));
}

function openMessage(saleId: string, { sellerId, holdSeconds }: KeptTerms, item: SaleItem): SaleMessage {
  const { sku, quantity, price, purchaseLimit } = item;
  const terms = { saleId, sellerId, holdSeconds, quantity, price, purchaseLimit };
  return message(`allot/${sku}/${saleId}`, openAllocation, sku, { type: 'OpenAllocation', ...terms });
}

function closeMessage(saleId: string, sku: string): SaleMessage {
  return message(`return/${sku}/${saleId}`, closeAllocation, sku, { type: 'CloseAllocation', saleId });
}

function pauseMessage({ saleId, isHoldingPaused, pauseRevision }: SaleState, sku: string): SaleMessage {
  const pause = { saleId, isPaused: isHoldingPaused, revision: pauseRevision };
  return message(`pause/${sku}/${saleId}/${pauseRevision}`, pauseAllocation, sku, {
    type: 'PauseAllocation',
    ...pause,
  });
}

/** A refused item may have units all the same, when a repeat of the message found some: then it had a report of them. */
export function isSetAside({ allocation, seq }: ItemState): boolean {
  return allocation === 'open' || (allocation === 'refused' && seq > 0);
}
