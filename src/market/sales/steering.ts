/** What operators and administrators did to sales, for the audit trail. What sellers do to their own is no privileged act. */
import type { SaleEvent } from '../../actors/sale/events.ts';
import type { JournalRecord } from '../../protocol/frame.ts';
import type { Action } from '../audit/store.ts';

const actionByType: Readonly<Record<string, string>> = {
  SaleChanged: 'sale.rates',
  SalePaused: 'sale.paused',
  SaleResumed: 'sale.resumed',
  SaleEnded: 'sale.closed',
} satisfies { readonly [Type in SaleEvent['type']]?: string };

export function steeringsOf(records: readonly JournalRecord[]): Action[] {
  return records.flatMap(({ key: target, event }) => {
    const steered = event as SaleEvent;
    const action = actionByType[steered.type];
    if (action === undefined || !('by' in steered) || steered.by === undefined) return [];
    const { accountId, role } = steered.by;
    if (role === 'seller') return [];
    return [{ actor: { accountId, role }, action, target, details: detailsOf(steered) }];
  });
}

function detailsOf(event: SaleEvent) {
  if (event.type === 'SaleChanged') return { queueing: { ...event.queueing } };
  return event.type === 'SalePaused' && event.holds ? { holds: true } : undefined;
}
