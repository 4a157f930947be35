/** What a sale asks of the sku actors: to set its units aside, and to take the rest back when it is over. */

import { numberIn } from '../../protocol/command.ts';
import { type Answered, answerTo, type Instant, message, noEvents } from '../../protocol/decider.ts';
import { closeAllocation, openAllocation } from '../sku/commands.ts';
import type { SaleItem } from './commands.ts';
import type { SaleEvent } from './events.ts';
import type { ItemState, KeptTerms, SaleDecision, SaleMessage, SaleState } from './state.ts';
import { phasePushes } from './view.ts';

const nothingPending: readonly SaleMessage[] = [];
const unchanged: SaleDecision = { code: 'ok', events: noEvents };

export function pendingMessages(state: SaleState): readonly SaleMessage[] {
  const { saleId, terms, items } = state;
  if (terms === null) return nothingPending;
  if (state.pendingItems > 0)
    return terms.items
      .filter((item) => items.get(item.sku)!.allocation === 'pending')
      .map((item) => openMessage(saleId, terms, item));
  if (state.phase !== 'ended' || state.active.size > 0) return nothingPending;
  return [...items.values()].filter(isSetAside).map(({ sku }) => closeMessage(saleId, sku));
}

function openMessage(saleId: string, { sellerId, holdSeconds }: KeptTerms, item: SaleItem): SaleMessage {
  const { sku, quantity, price, purchaseLimit } = item;
  const terms = { saleId, sellerId, holdSeconds, quantity, price, purchaseLimit };
  return message(`allot/${sku}/${saleId}`, openAllocation, sku, { type: 'OpenAllocation', ...terms });
}

function closeMessage(saleId: string, sku: string): SaleMessage {
  return message(`return/${sku}/${saleId}`, closeAllocation, sku, { type: 'CloseAllocation', saleId });
}

/** A refused item may have units all the same, when a repeat of the message found some: then it had a report of them. */
function isSetAside({ allocation, seq }: ItemState): boolean {
  return allocation === 'open' || (allocation === 'refused' && seq > 0);
}

/** Message ids are `step/sku/saleId`; a SKU holds no slash. */
function splitMessageId(id: string): [step: string, sku: string] {
  const [step, sku] = id.split('/');
  return [step!, sku!];
}

export function answered(state: SaleState, answer: Answered, at: Instant): SaleDecision {
  const [step, sku] = splitMessageId(answer.id);
  const item = state.items.get(sku);
  if (!item) return unchanged;
  if (step === 'return')
    return isSetAside(item) ? { code: 'ok', events: [{ type: 'ItemReleased', sku, atMs: at }] } : unchanged;
  return item.allocation === 'pending' ? openAnswered(state, sku, answer, at) : unchanged;
}

function openAnswered(state: SaleState, sku: string, answer: Answered, at: Instant): SaleDecision {
  const { code, body } = answerTo(openAllocation, answer);
  const isOpen = code === 'ok' || code === 'created';
  const events: SaleEvent[] = [
    isOpen
      ? { type: 'ItemAllotted', sku, atMs: at }
      : { type: 'ItemRefused', sku, code, available: numberIn(body, 'available'), atMs: at },
  ];
  const isLast = state.pendingItems === 1;
  const isRefused = !isOpen || [...state.items.values()].some((other) => other.allocation === 'refused');
  if (isLast && isRefused && state.phase !== 'ended')
    events.push({ type: 'SaleEnded', reason: 'refused', atMs: at });
  const phase = state.phase;
  return { code: 'ok', events, pushes: (now) => phasePushes(now, phase) };
}
