/**
 * The facts of a sale: its phase, its rates and what became of its items' units. This is the one place that says what
 * the events of the sale itself mean: the actor and the tables of sales call the same fold. Tickets are no facts.
 *
 * 1. `pendingItems` counts the items whose units are neither set aside nor refused yet.
 * 2. Sold out and open again happen behind a pause as well: they change what the sale goes back to.
 *
 * Units that are set aside are an allocation; the event ItemAllotted, the tables and the snapshots are older than
 * the word.
 */
import type { Code } from '../../protocol/codes.ts';
import { isInstant, unknownEvent } from '../../protocol/decider.ts';
import type { Phase, Queueing, SaleTerms, SaleView } from './commands.ts';
import type { SaleEvent } from './events.ts';

export interface ItemFacts {
  readonly sku: string;
  allocation: 'pending' | 'open' | 'refused' | 'released';
  refusal: { code: Code; available: number | null } | null;
}

/** What a sale goes back to after a pause. */
export type PausedFrom = 'active' | 'sold_out' | 'prequeue';

export interface SaleFacts {
  phase: Phase;
  /** Where `resume` returns to; only a paused sale has use for it. */
  pausedFrom: PausedFrom;
  queueing: Queueing;
  readonly items: ReadonlyMap<string, ItemFacts>;
  pendingItems: number;
}

/** What happens to tickets and stock, which are no facts. */
type OtherEvent = Extract<
  SaleEvent['type'],
  | 'SaleCreated'
  | 'ItemPauseSettled'
  | 'TicketIssued'
  | 'TicketsIssued'
  | 'TicketLeft'
  | 'TicketsReleased'
  | 'AdmissionsExpired'
  | 'StockReported'
  | 'StocksReported'
>;
export type FactEvent = Exclude<SaleEvent, { type: OtherEvent }>;

type SaleTimes = Pick<SaleTerms, 'prequeueAtMs' | 'startsAtMs' | 'endsAtMs'>;

export function areInstants({ prequeueAtMs, startsAtMs, endsAtMs }: SaleTimes): boolean {
  return isInstant(startsAtMs) && isInstant(endsAtMs) && (prequeueAtMs === null || isInstant(prequeueAtMs));
}

/**
 * The terms of a sale as they were written, with times that can come. Journals and snapshots of earlier versions may
 * hold a time that is no number: such a sale had no prequeue, or started, or ended when it was created.
 */
export function withTimes<Terms extends SaleTimes>(terms: Terms, createdAtMs: number): Terms {
  if (areInstants(terms)) return terms;
  const { prequeueAtMs, startsAtMs, endsAtMs } = terms;
  return {
    ...terms,
    prequeueAtMs: isInstant(prequeueAtMs) ? prequeueAtMs : null,
    startsAtMs: isInstant(startsAtMs) ? startsAtMs : createdAtMs,
    endsAtMs: isInstant(endsAtMs) ? endsAtMs : createdAtMs,
  };
}

/** The creation event, SaleCreated, is handled by the caller (actor or projection), all others here. */
export function evolveFacts(facts: SaleFacts, event: FactEvent): void {
  switch (event.type) {
    case 'ItemAllotted':
      facts.items.get(event.sku)!.allocation = 'open';
      facts.pendingItems--;
      return;
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

function movePhase(
  facts: SaleFacts,
  event: Exclude<FactEvent, { type: 'ItemAllotted' | 'ItemRefused' | 'ItemReleased' | 'SaleChanged' }>,
): void {
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
      return;
    default:
      unknownEvent(event);
  }
}

function isPausable(phase: Phase): phase is PausedFrom {
  return phase === 'active' || phase === 'sold_out' || phase === 'prequeue';
}

function turnTo(facts: SaleFacts, phase: 'active' | 'sold_out'): void {
  if (facts.phase === 'paused') facts.pausedFrom = phase;
  else facts.phase = phase;
}

/** `pending` until every item's units are set aside or refused. */
export function stockOf(facts: SaleFacts): Pick<SaleView, 'stock' | 'stockRefusals'> {
  const stockRefusals: SaleView['stockRefusals'] = [];
  for (const { sku, refusal } of facts.items.values())
    if (refusal !== null) stockRefusals.push({ sku, ...refusal });
  if (facts.pendingItems > 0) return { stock: 'pending', stockRefusals };
  return { stock: stockRefusals.length > 0 ? 'refused' : 'ready', stockRefusals };
}
