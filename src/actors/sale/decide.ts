/**
 * The sale: one drop's waiting room. It decides who may come in and when; the units themselves are the sku actors'.
 *
 * 1. Tickets are released in the order of their numbers, never another.
 * 2. At any time no more are admitted than `activeLimit`, nor than units that could still be sold (times
 *    `overAdmission`), nor faster than `releasePerSecond`.
 * 3. One live ticket per buyer; joining again, or repeating a join by its `requestId`, gives the same ticket.
 * 4. Stock is known from the sku actors' numbered reports; an old or repeated report changes nothing.
 * 5. When the last admission of an ended sale is over, unsold units go back to general stock.
 */

import type { Decider, Instant, RuntimeCommand } from '../../protocol/decider.ts';
import type { CloseSale, PauseSale, ResumeSale, SaleCommand } from './commands.ts';
import type { SaleEvent } from './events.ts';
import { saleMeasures } from './measures.ts';
import { restoreSale, snapshotSale } from './snapshot.ts';
import { evolveSale, initialSale, type SaleDecision, type SaleState } from './state.ts';
import { answered, pendingMessages, report } from './stock.ts';
import { deadline, tick } from './tick.ts';
import { join, leave, readTicket, readTickets } from './tickets.ts';
import { phasePushes, saleStatusView, saleView } from './view.ts';

const unknownSale: SaleDecision = { code: 'not_found', events: [] };

export const saleDecider: Decider<SaleState, SaleCommand, SaleEvent> = {
  kind: 'sale',
  version: 1,
  initial: initialSale,
  decide,
  evolve: evolveSale,
  pendingMessages,
  deadline,
  snapshot: snapshotSale,
  restore: restoreSale,
  gauges: saleMeasures,
};

function decide(state: SaleState, command: SaleCommand | RuntimeCommand, at: Instant): SaleDecision {
  if (command.type === 'CreateSale') return create(state, command, at);
  if (state.terms === null) return unknownSale;
  switch (command.type) {
    case 'JoinSale':
      return join(state, command, at);
    case 'ReadTicket':
      return readTicket(state, command, at);
    case 'ReadTickets':
      return readTickets(state, command.buyerIds, at);
    case 'LeaveSale':
      return leave(state, command, at);
    case 'ReportStock':
      return report(state, command, at);
    case 'Tick':
      return tick(state, at);
    case 'Answered':
      return answered(state, command, at);
    case 'ReadSale':
      return { code: 'ok', events: [], reply: saleView };
    case 'ReadSaleStatus':
      if (!mayManage(state, command.sellerId)) return unknownSale;
      return { code: 'ok', events: [], reply: (now) => saleStatusView(now, at) };
    case 'ChangeSale':
      if (!mayManage(state, command.sellerId)) return unknownSale;
      if (state.phase === 'ended') return { code: 'sale_ended', events: [] };
      return changed(state, [
        { type: 'SaleChanged', queueing: { ...state.queueing, ...command.queueing }, atMs: at },
      ]);
    default:
      return steer(state, command, at);
  }
}

function mayManage(state: SaleState, sellerId: string | null): boolean {
  return sellerId === null || sellerId === state.terms!.sellerId;
}

/** Answers with the sale and tells the room when the phase is another one. */
function changed(before: SaleState, events: SaleEvent[]): SaleDecision {
  const phase = before.phase;
  return { code: 'ok', events, reply: saleView, pushes: (after) => phasePushes(after, phase) };
}

// ---------------------------------------------------------------- the sale itself

function create(
  state: SaleState,
  command: Extract<SaleCommand, { type: 'CreateSale' }>,
  at: Instant,
): SaleDecision {
  const { type: _, ...terms } = command;
  if (state.terms !== null) {
    const { createdAtMs, ...existing } = state.terms;
    const isSame = JSON.stringify(sorted(existing)) === JSON.stringify(sorted(terms));
    return isSame
      ? { code: 'ok', events: [], reply: saleView }
      : { code: 'exists_with_different', events: [] };
  }
  return { code: 'created', events: [{ type: 'SaleCreated', ...terms, atMs: at }], reply: saleView };
}

/** The same value with keys in order, so that equal content has equal text. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}

function steer(state: SaleState, command: PauseSale | ResumeSale | CloseSale, at: Instant): SaleDecision {
  if (!mayManage(state, command.sellerId)) return unknownSale;
  if (state.phase === 'ended') {
    return command.type === 'CloseSale' ? changed(state, []) : { code: 'sale_ended', events: [] };
  }
  if (command.type === 'CloseSale')
    return changed(state, [{ type: 'SaleEnded', reason: 'closed', atMs: at }]);
  const isPaused = state.phase === 'paused';
  if (command.type === 'PauseSale') {
    if (isPaused) return changed(state, []);
    if (state.phase === 'scheduled') return { code: 'wrong_state', events: [] };
    return changed(state, [{ type: 'SalePaused', atMs: at }]);
  }
  if (isPaused) return changed(state, [{ type: 'SaleResumed', atMs: at }]);
  return state.phase === 'active' ? changed(state, []) : { code: 'wrong_state', events: [] };
}
