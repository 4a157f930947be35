/** What the seller decides about a sale: its terms, its rates, and when it pauses, goes on and closes. */
import { type Instant, noEvents, type RefusedDecision, refuse } from '../../protocol/decider.ts';
import type {
  ChangeSale,
  CloseSale,
  CreateSale,
  CurrentSaleView,
  PauseSale,
  ReadSale,
  ReadSaleChanges,
  ReadSaleStatus,
  ResumeSale,
  SaleChange,
  SaleStatusView,
  Steering,
} from './commands.ts';
import type { SaleEvent } from './events.ts';
import { areInstants } from './facts.ts';
import type { SaleDecision, SaleState } from './state.ts';
import { phasePushes, saleStatusView, saleView, shownVersion } from './view.ts';

type ViewDecision = SaleDecision<CurrentSaleView>;

function unchanged(at: Instant): ViewDecision {
  return { code: 'ok', events: noEvents, reply: (now) => saleView(now, at) };
}

/** Answers with the sale, and shows its phase to everybody in it when it is another one. */
function changed(before: SaleState, event: SaleEvent, at: Instant): ViewDecision {
  const { phase } = before;
  return {
    code: 'ok',
    events: [event],
    reply: (now) => saleView(now, at),
    pushes: (now) => phasePushes(now, phase, at),
  };
}

/** Whether this caller may steer the sale as it is now. */
function refusalOf(state: SaleState, { sellerId, versions = null }: Steering): RefusedDecision | null {
  if (!mayManage(state, sellerId)) return refuse('not_found');
  return versions === null || versions.includes(shownVersion(state)) ? null : refuse('stale_version');
}

/** As a part of the event. */
function byOf({ by }: Steering): Pick<Steering, 'by'> {
  return by === undefined ? {} : { by };
}

function mayManage(state: SaleState, sellerId: string | null): boolean {
  return sellerId === null || sellerId === state.terms!.sellerId;
}

export function createSale(state: SaleState, command: CreateSale, at: Instant): ViewDecision {
  const { type: _, ...terms } = command;
  if (state.terms !== null) {
    const { createdAtMs, ...existing } = state.terms;
    const isSame = JSON.stringify(sorted(existing)) === JSON.stringify(sorted(terms));
    return isSame ? unchanged(at) : refuse('exists_with_different');
  }
  if (!areInstants(terms)) return refuse('validation_failed');
  return {
    code: 'created',
    events: [{ type: 'SaleCreated', ...terms, atMs: at }],
    reply: (now) => saleView(now, at),
  };
}

/** The same value with keys in order, so that equal content has equal text. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}

export function readSale(_state: SaleState, _command: ReadSale, at: Instant): ViewDecision {
  return unchanged(at);
}

export function readSaleStatus(
  state: SaleState,
  { sellerId }: ReadSaleStatus,
  at: Instant,
): SaleDecision<SaleStatusView> {
  if (!mayManage(state, sellerId)) return refuse('not_found');
  return { code: 'ok', events: noEvents, reply: (now) => saleStatusView(now, at) };
}

export function readSaleChanges(
  state: SaleState,
  { sellerId }: ReadSaleChanges,
): SaleDecision<{ changes: SaleChange[] }> {
  if (!mayManage(state, sellerId)) return refuse('not_found');
  return { code: 'ok', events: noEvents, reply: (now) => ({ changes: now.changes.toReversed() }) };
}

export function changeSale(state: SaleState, command: ChangeSale, at: Instant): ViewDecision {
  const refusal = refusalOf(state, command);
  if (refusal !== null) return refusal;
  if (state.phase === 'ended') return refuse('sale_ended');
  const queueing = { ...state.queueing, ...command.queueing };
  return changed(state, { type: 'SaleChanged', queueing, ...byOf(command), atMs: at }, at);
}

export function pauseSale(state: SaleState, command: PauseSale, at: Instant): ViewDecision {
  const refusal = refusalOf(state, command);
  if (refusal !== null) return refusal;
  const { holds } = command;
  if (state.phase === 'ended') return refuse('sale_ended');
  if (state.phase === 'scheduled') return refuse('wrong_state');
  if (state.phase !== 'paused')
    return changed(state, { type: 'SalePaused', ...(holds && { holds }), ...byOf(command), atMs: at }, at);
  if (holds === undefined || holds === state.isHoldingPaused) return unchanged(at);
  return changed(state, { type: 'SalePaused', holds, ...byOf(command), atMs: at }, at);
}

export function resumeSale(state: SaleState, command: ResumeSale, at: Instant): ViewDecision {
  const refusal = refusalOf(state, command);
  if (refusal !== null) return refusal;
  if (state.phase === 'ended') return refuse('sale_ended');
  if (state.phase === 'paused')
    return changed(state, { type: 'SaleResumed', ...byOf(command), atMs: at }, at);
  return state.phase === 'active' ? unchanged(at) : refuse('wrong_state');
}

export function closeSale(state: SaleState, command: CloseSale, at: Instant): ViewDecision {
  const refusal = refusalOf(state, command);
  if (refusal !== null) return refusal;
  if (state.phase === 'ended') return unchanged(at);
  return changed(state, { type: 'SaleEnded', reason: 'closed', ...byOf(command), atMs: at }, at);
}
