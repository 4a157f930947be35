/**
 * What a sale remembers: the sale itself (facts.ts), its queue and who is admitted (admissions.ts).
 *
 * 1. `nowServing` never goes back; every ticket up to it was released or had left.
 */

import type { Sent } from '../../protocol/command.ts';
import { DeadlineHeap } from '../../protocol/deadline-heap.ts';
import type { Decision, PendingMessage } from '../../protocol/decider.ts';
import type { closeAllocation, openAllocation, pauseAllocation } from '../sku/commands.ts';
import type { SaleChange, SaleTerms } from './commands.ts';
import type { SaleEvent } from './events.ts';
import type { ItemFacts, SaleFacts } from './facts.ts';
import { RateWindow } from './rate-window.ts';
import { TicketTable } from './ticket-table.ts';

/** The terms as they were at first; the rates in force, which can change, are among the facts. */
export type KeptTerms = SaleTerms & { createdAtMs: number };

export interface ItemState extends ItemFacts {
  readonly quantity: number;
  /** As the terms say; the saved form has it. */
  readonly limit: number;
  /** Number of the last report that counted; it gave the figures that follow. */
  seq: number;
  available: number;
  held: number;
  sold: number;
  /** The SKU gives holds, or none, as of this revision. */
  pauseSettled: number;
}

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
  terms: KeptTerms | null;
  items: Map<string, ItemState>;
  /** No new holds while the sale is paused. */
  isHoldingPaused: boolean;
  /** Counts the times that `isHoldingPaused` changed. */
  pauseRevision: number;
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
  /** The last tick was full: more is due at once. Not saved: it would only come a moment later. */
  isCut: boolean;
  joins: RateWindow;
  releases: RateWindow;
  /** Oldest first. */
  readonly changes: SaleChange[];
}

export type SaleDecision<Reply = null> = Decision<SaleState, SaleEvent, Reply>;

/** Everything that a sale asks of others. */
export type SaleMessage = PendingMessage<
  Sent<typeof openAllocation | typeof closeAllocation | typeof pauseAllocation>
>;

export function initialSale(saleId: string): SaleState {
  return {
    saleId,
    terms: null,
    phase: 'scheduled',
    pausedFrom: 'active',
    queueing: {
      method: 'fifo',
      releasePerSecond: 0,
      activeLimit: 0,
      admissionSeconds: 0,
      claimSeconds: 0,
      overAdmission: 1,
    },
    items: new Map(),
    pendingItems: 0,
    isHoldingPaused: false,
    pauseRevision: 0,
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
    isCut: false,
    joins: new RateWindow(),
    releases: new RateWindow(),
    changes: [],
  };
}
