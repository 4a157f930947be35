/** How a sale decides about rows: about joins worked out anew and naively from the list of its tickets. */
import { type JoinSale, joinSale, type ReportStock, reportStock } from '../../src/actors/sale/commands.ts';
import type { SaleState } from '../../src/actors/sale/state.ts';
import { ticketStatus } from '../../src/actors/sale/ticket-table.ts';
import type { Code } from '../../src/protocol/codes.ts';
import type { Rows } from '../../src/protocol/rows.ts';

/** The outcomes of a group's rows: each sees those before it. Nobody has an address in the simulator. */
export function naiveJoins(state: SaleState, { words, count }: Rows): Code[] {
  const { tickets } = state;
  const live = new Set<string>();
  const past = new Set<string>();
  for (let number = 1; number <= tickets.count; number++) {
    const status = tickets.status(number);
    const isLive = status === ticketStatus.waiting || status === ticketStatus.admitted;
    (isLive ? live : past).add(tickets.buyerId(number));
  }
  return Array.from({ length: count }, (_, row) => {
    const fields = joinSale.rows.read(words, row * joinSale.rows.words);
    const { buyerId, requestId, ticketId } = fields as unknown as JoinSale;
    if (live.has(buyerId)) return 'ok';
    const isKnown = requestId !== null && tickets.byRequest(buyerId, requestId) !== 0;
    if (past.has(buyerId) && (isKnown || tickets.byId(buyerId, ticketId) !== 0)) return 'ok';
    if (state.terms === null) return 'not_found';
    if (state.phase === 'scheduled' || state.pendingItems > 0) return 'sale_not_open';
    if (state.phase === 'ended')
      // A refused item whose units a repeat of the message had set aside all the same gives them back, and stays refused.
      return [...state.items.values()].some(({ refusal }) => refusal !== null) ? 'not_found' : 'sale_ended';
    live.add(buyerId);
    return 'created';
  });
}

/** Reports: one that is older than another one, or the same, changes nothing and is good. */
export function naiveReports({ items }: SaleState, { words, beside, count }: Rows): Code[] {
  return Array.from({ length: count }, (_, row) => {
    const fields = reportStock.rows.read(words, row * reportStock.rows.words, beside);
    return items.has((fields as unknown as ReportStock).sku) ? 'ok' : 'not_found';
  });
}
