/** What the sku actors' reports about its units change in a sale. */
import { type Instant, noEvents, refuse } from '../../protocol/decider.ts';
import type { ReportStock } from './commands.ts';
import type { SaleEvent } from './events.ts';
import type { SaleDecision, SaleState } from './state.ts';
import { ticketStatus } from './ticket-table.ts';
import { ticketPush } from './tickets.ts';
import { phasePushes, unitsInPlay } from './view.ts';

export function report(state: SaleState, command: ReportStock, at: Instant): SaleDecision {
  const item = state.items.get(command.sku);
  if (!item) return refuse('not_found');
  if (command.seq <= item.seq) return { code: 'ok', events: noEvents };
  const { type: _, ...stock } = command;
  // A ticket is reported because something of it changed: one that owns nothing has held something meanwhile.
  const claimed = command.tickets
    .filter(([number, held, sold]) => held + sold === 0 && state.active.get(number)?.isClaimed === false)
    .map(([number]) => number);
  const events: SaleEvent[] = [
    { type: 'StockReported', ...stock, ...(claimed.length > 0 && { claimed }), atMs: at },
  ];
  const before = unitsInPlay(state);
  const available = before.available - item.available + command.available;
  const held = before.held - item.held + command.held;
  const stage = state.phase === 'paused' ? state.pausedFrom : state.phase;
  if (stage === 'active' && available === 0 && held === 0) events.push({ type: 'SaleSoldOut', atMs: at });
  if (stage === 'sold_out' && available > 0) events.push({ type: 'SaleReopened', atMs: at });

  const phase = state.phase;
  // A ticket that began or ceased to hold units has another time limit or another status: its buyer is shown it.
  const statusesBefore = command.tickets.map(([number]) => state.active.get(number)?.isClaimed ?? false);
  return {
    code: 'ok',
    events,
    pushes: (now) => {
      const pushes = phasePushes(now, phase, at);
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
