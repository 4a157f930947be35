/**
 * The sale itself, without its queue: terms, phase and items. This is the one place that says what its events mean:
 * the actor and the tables of sales call the same fold.
 *
 * 1. `pendingItems` counts the items whose units are neither set aside nor refused yet.
 * 2. Sold out and open again happen behind a pause as well: they change what the sale goes back to.
 *
 * Units that are set aside are an allocation; the event ItemAllotted and the snapshots are older than the word.
 */
import type { Code } from '../../protocol/codes.ts';
import type { Phase, Queueing, SaleItem, SaleTerms } from './commands.ts';
import type { SaleEvent } from './events.ts';

/** The terms as they were at first; the rates in force, which can change, are kept apart. */
export type KeptTerms = SaleTerms & { createdAtMs: number };

export interface ItemState {
  readonly sku: string;
  readonly quantity: number;
  readonly limit: number;
  allocation: 'pending' | 'open' | 'refused' | 'released';
  refusal: { code: Code; available: number | null } | null;
  /** Number of the last report that counted; the figures that it gave follow. */
  seq: number;
  available: number;
  held: number;
  sold: number;
}

/** What a sale goes back to after a pause. */
type PausedFrom = 'active' | 'sold_out' | 'prequeue';

export interface SaleFacts {
  terms: KeptTerms | null;
  phase: Phase;
  /** Where `resume` returns to. */
  pausedFrom: PausedFrom;
  queueing: Queueing;
  items: Map<string, ItemState>;
  pendingItems: number;
}

export function initialFacts(): SaleFacts {
  return {
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
  };
}

/** Events about tickets and admissions leave the sale itself as it is. */
export function evolveFacts(facts: SaleFacts, event: SaleEvent): void {
  switch (event.type) {
    case 'SaleCreated': {
      const { type: _, atMs, ...terms } = event;
      facts.terms = { ...terms, createdAtMs: atMs };
      facts.queueing = terms.queueing;
      facts.items = new Map(event.items.map((item) => [item.sku, newItem(item)]));
      facts.pendingItems = event.items.length;
      return;
    }
    case 'ItemAllotted': {
      const item = facts.items.get(event.sku)!;
      item.allocation = 'open';
      if (item.seq === 0) item.available = item.quantity;
      facts.pendingItems--;
      return;
    }
    case 'ItemRefused': {
      const item = facts.items.get(event.sku)!;
      item.allocation = 'refused';
      item.refusal = { code: event.code, available: event.available };
      facts.pendingItems--;
      return;
    }
    case 'ItemReleased':
      facts.items.get(event.sku)!.allocation = 'released';
      return;
    case 'SaleChanged':
      facts.queueing = event.queueing;
      return;
    default:
      movePhase(facts, event);
  }
}

function movePhase(facts: SaleFacts, event: SaleEvent): void {
  switch (event.type) {
    case 'PrequeueOpened':
      facts.phase = 'prequeue';
      return;
    case 'SaleStarted':
      facts.phase = 'active';
      return;
    case 'SalePaused':
      if (isPausable(facts.phase)) facts.pausedFrom = facts.phase;
      facts.phase = 'paused';
      return;
    case 'SaleResumed':
      facts.phase = facts.pausedFrom;
      return;
    case 'SaleSoldOut':
      turnTo(facts, 'sold_out');
      return;
    case 'SaleReopened':
      turnTo(facts, 'active');
      return;
    case 'SaleEnded':
      facts.phase = 'ended';
  }
}

function isPausable(phase: Phase): phase is PausedFrom {
  return phase === 'active' || phase === 'sold_out' || phase === 'prequeue';
}

function turnTo(facts: SaleFacts, phase: 'active' | 'sold_out'): void {
  if (facts.phase === 'paused') facts.pausedFrom = phase;
  else facts.phase = phase;
}

/** An item whose units are not set aside yet. */
export function newItem(item: SaleItem): ItemState {
  return {
    sku: item.sku,
    quantity: item.quantity,
    limit: item.purchaseLimit,
    allocation: 'pending',
    refusal: null,
    seq: 0,
    available: 0,
    held: 0,
    sold: 0,
  };
}
