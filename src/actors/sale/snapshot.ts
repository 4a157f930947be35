/** The sale's saved form, version 1. Rates of the last seconds are not kept: they are shown, never decided on. */
import { admit } from './admissions.ts';
import type { SaleChange } from './commands.ts';
import { withTimes } from './facts.ts';
import { RateWindow } from './rate-window.ts';
import { type ItemState, initialSale, type SaleState } from './state.ts';
import { type TicketColumns, TicketTable } from './ticket-table.ts';

type SavedItem = Omit<ItemState, 'allocation' | 'pauseSettled'> & {
  allotment: ItemState['allocation'];
  /** Absent while holds were never stopped, like the two of the sale. */
  pauseSettled?: number;
};

export const saleVersion = 1;

interface SavedSale
  extends Omit<
    SaleState,
    | 'items'
    | 'active'
    | 'endings'
    | 'tickets'
    | 'joins'
    | 'releases'
    | 'isCut'
    | 'isHoldingPaused'
    | 'pauseRevision'
    | 'changes'
  > {
  isHoldingPaused?: boolean;
  pauseRevision?: number;
  /** Absent while there are none. */
  changes?: SaleChange[];
  items: SavedItem[];
  active: [number, number, number, number, boolean, [string, readonly [number, number]][]][];
  tickets: TicketColumns;
}

export function snapshotSale(state: SaleState): SavedSale {
  const { joins: _joins, releases: _releases, endings: _endings, isCut: _isCut, ...kept } = state;
  const { items, active, tickets, isHoldingPaused, pauseRevision, changes, ...plain } = kept;
  const wasPaused = pauseRevision > 0;
  return {
    ...plain,
    ...(wasPaused && { isHoldingPaused, pauseRevision }),
    ...(changes.length > 0 && { changes: [...changes] }),
    items: [...items.values()].map(({ sku, quantity, limit, allocation, pauseSettled, ...rest }) => ({
      ...{ sku, quantity, limit },
      // The saved form is older than the word allocation.
      allotment: allocation,
      ...rest,
      ...(wasPaused && { pauseSettled }),
    })),
    active: [...active].map(([number, admission]) => [
      number,
      admission.admittedAtMs,
      admission.claimByMs,
      admission.expiresAtMs,
      admission.isClaimed,
      [...admission.units],
    ]),
    tickets: tickets.columns(),
  };
}

export function restoreSale(key: string, snapshot: unknown, version: number): SaleState {
  if (version !== saleVersion) throw new Error(`unknown version ${version} of a sale snapshot`);
  const { items, active, tickets, changes = [], ...plain } = snapshot as SavedSale;
  const state: SaleState = {
    ...initialSale(key),
    ...plain,
    terms: plain.terms && withTimes(plain.terms, plain.terms.createdAtMs),
    items: new Map(
      items.map(({ allotment: allocation, pauseSettled = 0, ...item }) => [
        item.sku,
        { ...item, allocation, pauseSettled },
      ]),
    ),
    tickets: TicketTable.fromColumns(tickets),
    joins: new RateWindow(),
    releases: new RateWindow(),
    changes: [...changes],
  };
  for (const [number, admittedAtMs, claimByMs, expiresAtMs, isClaimed, units] of active)
    admit(state, number, { admittedAtMs, claimByMs, expiresAtMs, isClaimed, units: new Map(units) });
  return state;
}
