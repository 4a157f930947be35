/** The units that a sale has set aside of a sku, and what is known of its buyers, tickets and holds. */
import type { PendingMessage } from '../../protocol/decider.ts';
import type { Money } from '../../protocol/money.ts';
import type { ReportStock } from '../sale/commands.ts';
import { BuyerTable } from './buyer-table.ts';
import { TicketUnits } from './ticket-units.ts';

/** Rows of the table of holds in an order: row + 1 of the first and of the last, 0: there is none. */
export class HoldList {
  first = 0;
  last = 0;
  size = 0;
}

export type ReportMessage = PendingMessage<ReportStock>;

/** Instead of a sale's id: units of free stock that orders took for carts' lines. */
const noSale = '';

export interface Allocation {
  readonly saleId: string;
  /** Among those that the table of holds knows. */
  readonly place: number;
  readonly quantity: number;
  readonly price: Money;
  readonly purchaseLimit: number;
  readonly holdSeconds: number;
  isOpen: boolean;
  closedAtMs: number;
  /** No new holds for now. */
  isPaused: boolean;
  /** Of the last PauseAllocation that counted; 0 before the first. */
  pauseRevision: number;
  held: number;
  sold: number;
  /** Holds that are still remembered, whatever their state. */
  holdCount: number;
  readonly buyers: BuyerTable;
  readonly tickets: TicketUnits;
  /** Holds that no order has taken, in the order in which they end. */
  readonly unassigned: HoldList;
  /** The first of them whose buyer is still to be warned, row + 1; 0: there is none. */
  unwarned: number;
  /** Something changed since the last report was formed. */
  isReportDue: boolean;
  /** Of the last report: the time at which it was formed, or less in journals of earlier versions; 0 before the first. */
  reportSeq: number;
  /** The one report that waits for its answer. */
  report: ReportMessage | null;
}

export function newAllocation(
  place: number,
  terms: Pick<Allocation, 'saleId' | 'quantity' | 'price' | 'purchaseLimit' | 'holdSeconds'>,
): Allocation {
  return {
    saleId: terms.saleId,
    place,
    quantity: terms.quantity,
    price: terms.price,
    purchaseLimit: terms.purchaseLimit,
    holdSeconds: terms.holdSeconds,
    isOpen: true,
    closedAtMs: 0,
    isPaused: false,
    pauseRevision: 0,
    held: 0,
    sold: 0,
    holdCount: 0,
    buyers: new BuyerTable(),
    tickets: new TicketUnits(),
    unassigned: new HoldList(),
    unwarned: 0,
    isReportDue: false,
    reportSeq: 0,
    report: null,
  };
}

/**
 * What orders take of free stock is counted as if a sale had sold it that is over: its units are free again as soon as a hold of it
 * ends. Nobody hears of it, so its next report is never due.
 */
export function generalStock(place: number, price: Money): Allocation {
  const terms = { saleId: noSale, quantity: 0, price, purchaseLimit: 0, holdSeconds: 0 };
  return { ...newAllocation(place, terms), isOpen: false, reportSeq: Number.POSITIVE_INFINITY };
}

export function isGeneral({ saleId }: Allocation): boolean {
  return saleId === noSale;
}
