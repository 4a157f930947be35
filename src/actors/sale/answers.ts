/** What the sku actors' answers to a sale's messages change. */
import { numberIn } from '../../protocol/command.ts';
import { type Answered, answerTo, type Instant, noEvents } from '../../protocol/decider.ts';
import { openAllocation } from '../sku/commands.ts';
import type { SaleEvent } from './events.ts';
import { isSetAside } from './pending.ts';
import type { SaleDecision, SaleState } from './state.ts';
import { phasePushes } from './view.ts';

const unchanged: SaleDecision = { code: 'ok', events: noEvents };

/** Message ids are `step/sku/saleId`, those of a pause with its revision; neither a SKU nor an id holds a slash. */
function splitMessageId(id: string): [step: string, sku: string, revision: number] {
  const [step, sku, , revision] = id.split('/');
  return [step!, sku!, Number(revision ?? 0)];
}

export function answered(state: SaleState, answer: Answered, at: Instant): SaleDecision {
  const [step, sku, revision] = splitMessageId(answer.id);
  const item = state.items.get(sku);
  if (!item) return unchanged;
  if (step === 'return')
    return isSetAside(item) ? { code: 'ok', events: [{ type: 'ItemReleased', sku, atMs: at }] } : unchanged;
  if (step === 'pause')
    return revision > item.pauseSettled
      ? { code: 'ok', events: [{ type: 'ItemPauseSettled', sku, revision, atMs: at }] }
      : unchanged;
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
  return { code: 'ok', events, pushes: (now) => phasePushes(now, phase, at) };
}
