/** A sale and its units: setting them aside, hearing what became of them, giving the rest back. */

import type { Instant, PendingMessage, RuntimeCommand } from '../../protocol/decider.ts';
import type { SaleCommand } from './commands.ts';
import type { SaleEvent } from './events.ts';
import type { ItemState, SaleDecision, SaleState } from './state.ts';
import { ticketStatus } from './ticket-table.ts';
import { ticketPush } from './tickets.ts';
import { phasePushes, unitsInPlay } from './view.ts';

const nothingPending: readonly PendingMessage[] = [];

export function report(
  state: SaleState,
  command: Extract<SaleCommand, { type: 'ReportStock' }>,
  at: Instant,
): SaleDecision {
  const item = state.items.get(command.sku);
  if (!item) return { code: 'not_found', events: [] };
  if (command.seq <= item.seq) return { code: 'ok', events: [] };
  const { type: _, ...stock } = command;
  const events: SaleEvent[] = [{ type: 'StockReported', ...stock, atMs: at }];
  const before = unitsInPlay(state);
  const available = before.available - item.available + command.available;
  const held = before.held - item.held + command.held;
  const stage = state.phase === 'paused' ? state.pausedFrom : state.phase;
  if (stage === 'active' && available === 0 && held === 0) events.push({ type: 'SaleSoldOut', atMs: at });
  if (stage === 'sold_out' && available > 0) events.push({ type: 'SaleReopened', atMs: at });

  const phase = state.phase;
  // Who now holds, or holds no more, has another time limit or another status: tell the buyer.
  const statusesBefore = command.tickets.map(([number]) => state.active.get(number)?.isClaimed ?? false);
  return {
    code: 'ok',
    events,
    pushes: (now) => {
      const pushes = phasePushes(now, phase);
      command.tickets.forEach(([number], index) => {
        if (number < 1 || number > now.tickets.count) return;
        const isClaimed = now.active.get(number)?.isClaimed ?? false;
        const isOver = now.tickets.status(number) === ticketStatus.completed;
        if (isClaimed !== statusesBefore[index] || isOver) pushes.push(ticketPush(now, number, at, 'ticket'));
      });
      return pushes;
    },
  };
}

export function answered(
  state: SaleState,
  answer: Extract<RuntimeCommand, { type: 'Answered' }>,
  at: Instant,
): SaleDecision {
  const [step, sku] = splitMessageId(answer.id);
  const item = state.items.get(sku);
  if (!item) return { code: 'ok', events: [] };
  if (step === 'return') {
    if (!isSetAside(item)) return { code: 'ok', events: [] };
    return { code: 'ok', events: [{ type: 'ItemReleased', sku, atMs: at }] };
  }
  if (item.allocation !== 'pending') return { code: 'ok', events: [] };
  const isOpen = answer.code === 'ok' || answer.code === 'created';
  const available = (answer.body as { available?: number } | null)?.available ?? null;
  const events: SaleEvent[] = [
    isOpen
      ? { type: 'ItemAllotted', sku, atMs: at }
      : { type: 'ItemRefused', sku, code: answer.code, available, atMs: at },
  ];
  const isLast = state.pendingItems === 1;
  const isRefused = !isOpen || [...state.items.values()].some((other) => other.allocation === 'refused');
  if (isLast && isRefused && state.phase !== 'ended')
    events.push({ type: 'SaleEnded', reason: 'refused', atMs: at });
  const phase = state.phase;
  return { code: 'ok', events, pushes: (now) => phasePushes(now, phase) };
}

export function pendingMessages(state: SaleState): readonly PendingMessage[] {
  if (state.terms === null) return nothingPending;
  if (state.pendingItems > 0) {
    const { sellerId, holdSeconds, items } = state.terms;
    return items
      .filter((item) => state.items.get(item.sku)!.allocation === 'pending')
      .map((item) => ({
        id: `allot/${item.sku}/${state.saleId}`,
        kind: 'sku',
        key: item.sku,
        command: { type: 'OpenAllocation', saleId: state.saleId, sellerId, holdSeconds, ...without(item) },
      }));
  }
  if (state.phase !== 'ended' || state.active.size > 0) return nothingPending;
  return [...state.items.values()].filter(isSetAside).map((item) => ({
    id: `return/${item.sku}/${state.saleId}`,
    kind: 'sku',
    key: item.sku,
    command: { type: 'CloseAllocation', saleId: state.saleId },
  }));
}

/** A refused item may have units all the same: a repeat of the question found them, and their report tells of it. */
function isSetAside({ allocation, seq }: ItemState): boolean {
  return allocation === 'open' || (allocation === 'refused' && seq > 0);
}

function without<Item extends { sku: string }>({ sku: _, ...rest }: Item): Omit<Item, 'sku'> {
  return rest;
}

/** PendingMessage ids are `step/sku/saleId`; a SKU holds no slash. */
function splitMessageId(id: string): [step: string, sku: string] {
  const [step, sku] = id.split('/');
  return [step!, sku!];
}
