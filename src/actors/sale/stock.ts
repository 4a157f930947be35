/** What the sku actors' reports about their units change in a sale. Those that come together: reported-rows.ts. */
import { type Instant, noEvents, type Push, refuse } from '../../protocol/decider.ts';
import type { Phase, ReportStock } from './commands.ts';
import type { SaleEvent } from './events.ts';
import type { SaleDecision, SaleState } from './state.ts';
import { ticketStatus } from './ticket-table.ts';
import { ticketPush } from './tickets.ts';
import { phasePushes, unitsInPlay } from './view.ts';

/** Whether a ticket had been claimed. */
export type Claim = readonly [ticketNumber: number, isClaimed: boolean];

/** One that travels alone, because it fits no row (commands.ts). */
export function report(state: SaleState, command: ReportStock, at: Instant): SaleDecision {
  const verdict = verdictOn(state, command);
  if (verdict === 'not_found') return refuse(verdict);
  if (verdict === 'ok') return { code: 'ok', events: noEvents };
  const { type: _, ...stock } = command;
  // A ticket is reported because something of it changed: one that owns nothing has held something meanwhile.
  const claimed = command.tickets
    .filter(([number, held, sold]) => held + sold === 0 && state.active.get(number)?.isClaimed === false)
    .map(([number]) => number);
  const item = state.items.get(command.sku)!;
  const before = unitsInPlay(state);
  const units = {
    available: before.available - item.available + command.available,
    held: before.held - item.held + command.held,
  };
  const { phase } = state;
  const claims = claimsBefore(state, command.tickets);
  return {
    code: 'ok',
    events: [
      { type: 'StockReported', ...stock, ...(claimed.length > 0 && { claimed }), atMs: at },
      ...turnOf(state, units, at),
    ],
    pushes: (now) => reportPushes(now, phase, claims, at),
  };
}

/** `ok`: the sale has heard that, or something newer. */
export function verdictOn(
  state: SaleState,
  { sku, seq }: Pick<ReportStock, 'sku' | 'seq'>,
): 'apply' | 'ok' | 'not_found' {
  const item = state.items.get(sku);
  if (!item) return 'not_found';
  return seq <= item.seq ? 'ok' : 'apply';
}

/** What the units in play make of the sale. */
export function turnOf(
  state: SaleState,
  { available, held }: { readonly available: number; readonly held: number },
  at: Instant,
): SaleEvent[] {
  const stage = state.phase === 'paused' ? state.pausedFrom : state.phase;
  if (stage === 'active' && available === 0 && held === 0) return [{ type: 'SaleSoldOut', atMs: at }];
  return stage === 'sold_out' && available > 0 ? [{ type: 'SaleReopened', atMs: at }] : [];
}

export function claimsBefore({ active }: SaleState, tickets: ReportStock['tickets']): Claim[] {
  return tickets.map(([number]) => [number, active.get(number)?.isClaimed ?? false]);
}

/** A ticket that began or ceased to hold units has another time limit or another status: its buyer is shown it. */
export function reportPushes(
  now: SaleState,
  phaseBefore: Phase,
  claimsBefore: readonly Claim[],
  at: Instant,
): Push[] {
  const pushes = phasePushes(now, phaseBefore, at);
  for (const [number, wasClaimed] of claimsBefore) {
    if (number < 1 || number > now.tickets.count) continue;
    const isClaimed = now.active.get(number)?.isClaimed ?? false;
    const isOver = now.tickets.status(number) === ticketStatus.completed;
    if (isClaimed !== wasClaimed || isOver) pushes.push(ticketPush(now, number, at, 'ticket'));
  }
  return pushes;
}
