/**
 * What a sale remembers: the sale itself (facts.ts), its queue and who is admitted (admissions.ts).
 *
 * 1. `nowServing` never goes back; every ticket up to it was released or had left.
 */

import type { Sent } from '../../protocol/command.ts';
import { DeadlineHeap } from '../../protocol/deadline-heap.ts';
import type { Decision, PendingMessage } from '../../protocol/decider.ts';
import type { closeAllocation, openAllocation } from '../sku/commands.ts';
import type { SaleEvent } from './events.ts';
import type { SaleFacts } from './facts.ts';
import { initialFacts } from './facts.ts';
import { RateWindow } from './rate-window.ts';
import { TicketTable } from './ticket-table.ts';

export interface Admission {
  /** The ticket's number. */
  readonly serial: number;
  readonly admittedAtMs: number;
  /** Until when the first hold must be placed. */
  readonly claimByMs: number;
  readonly expiresAtMs: number;
  isClaimed: boolean;
  /** By SKU: units held and units bought. */
  readonly units: Map<string, readonly [held: number, sold: number]>;
  /** When it ends if nothing more happens; Infinity while units are held, and when it is over. */
  endsAtMs: number;
}

export interface SaleState extends SaleFacts {
  readonly saleId: string;
  tickets: TicketTable;
  nowServing: number;
  active: Map<number, Admission>;
  endings: DeadlineHeap<Admission>;
  released: number;
  completed: number;
  expired: number;
  left: number;
  /** Releases that the rate allows, saved up to `creditAtMs`; see `creditAt`. */
  credit: number;
  creditAtMs: number;
  joins: RateWindow;
  releases: RateWindow;
}

export type SaleDecision<Reply = null> = Decision<SaleState, SaleEvent, Reply>;

/** Everything that a sale asks of others. */
export type SaleMessage = PendingMessage<Sent<typeof openAllocation | typeof closeAllocation>>;

export function initialSale(saleId: string): SaleState {
  return {
    saleId,
    ...initialFacts(),
    tickets: new TicketTable(),
    nowServing: 0,
    active: new Map(),
    endings: new DeadlineHeap((admission, deadlineMs) => admission.endsAtMs === deadlineMs),
    released: 0,
    completed: 0,
    expired: 0,
    left: 0,
    credit: 0,
    creditAtMs: 0,
    joins: new RateWindow(),
    releases: new RateWindow(),
  };
}
