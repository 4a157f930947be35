/** What time does to a sale: phases begin, admissions end, the next in line are released. */
import type { Instant, Push, Tick } from '../../protocol/decider.ts';
import type { SaleEvent } from './events.ts';
import type { SaleDecision, SaleState } from './state.ts';
import { ticketStatus } from './ticket-table.ts';
import { ticketPush } from './tickets.ts';
import { phasePushes, servingView, unitsInPlay } from './view.ts';

/** The queue moves ten times a second: the contract's bound on broadcasts. */
const tickMs = 100;
/** While a prequeue fills, its length is shown once a second. */
const prequeueTickMs = 1000;
/**
 * One tick is one bounded turn: so many buyers are let in or out, and for the rest the next Tick is due at once. So
 * everybody's commands come in between, and the rate is kept all the same, because what it allows is saved.
 */
export const buyersPerTick = 2_000;

export function tick(state: SaleState, _tick: Tick, at: Instant): SaleDecision {
  const phase = state.phase;
  const timed = timedPhase(state, at);
  if (timed) return { code: 'ok', events: [timed], pushes: (now) => phasePushes(now, phase, at) };

  const events: SaleEvent[] = [];
  // Whoever held and gave back several times is in there as often.
  const ending = state.endings.upTo(at, buyersPerTick);
  const over = [...new Set(ending.map(({ serial }) => serial))];
  const possible = phase === 'active' ? releasable(state, over.length, at) : 0;
  const count = Math.min(possible, buyersPerTick - over.length);
  const isCut = ending.length === buyersPerTick || count < possible;
  const more = isCut ? ({ isCut } as const) : {};
  if (over.length > 0) events.push({ type: 'AdmissionsExpired', ticketNumbers: over, ...more, atMs: at });
  const first = state.nowServing + 1;
  const release = count > 0 ? nextRelease(state, count, at) : null;
  if (release) events.push({ ...release, ...more });
  return {
    code: 'ok',
    events,
    pushes: (now) => {
      const pushes: Push[] = over.map((number) => ticketPush(now, number, at, 'admission.expired'));
      for (let number = first; release && number <= release.upTo; number++) {
        if (now.active.has(number)) pushes.push(ticketPush(now, number, at, 'admission.granted'));
      }
      if (!isCut)
        pushes.push({ topic: `sale/${now.saleId}`, type: 'queue.serving', body: servingView(now, at) });
      return pushes;
    },
  };
}

/** A phase that begins by the clock; one a tick, so that each is announced. */
function timedPhase(state: SaleState, at: Instant): SaleEvent | null {
  const { endsAtMs, startsAtMs, prequeueAtMs } = state.terms!;
  if (state.phase === 'ended') return null;
  if (at >= endsAtMs) return { type: 'SaleEnded', reason: 'time', atMs: at };
  if (state.pendingItems > 0) return null;
  if (state.phase !== 'scheduled' && state.phase !== 'prequeue') return null;
  if (at >= startsAtMs) return { type: 'SaleStarted', atMs: at };
  const isPrequeueDue = state.phase === 'scheduled' && prequeueAtMs !== null && at >= prequeueAtMs;
  return isPrequeueDue ? { type: 'PrequeueOpened', atMs: at } : null;
}

/** How many more may be admitted now, `freed` slots being about to become free. */
function freeSlots(state: SaleState, freed: number): number {
  const { available, held } = unitsInPlay(state);
  const units = Math.floor((available + held) * state.queueing.overAdmission);
  return Math.min(state.queueing.activeLimit, units) - (state.active.size - freed);
}

/** A token bucket that holds two ticks' worth (at least one ticket): a stalled queue does not release in a burst. */
function creditAt(state: SaleState, at: Instant): number {
  const { releasePerSecond } = state.queueing;
  const burst = Math.max(1, (releasePerSecond * tickMs * 2) / 1000);
  return Math.min(burst, state.credit + ((at - state.creditAtMs) * releasePerSecond) / 1000);
}

/** How many may be admitted now, if one turn could do it. */
function releasable(state: SaleState, freed: number, at: Instant): number {
  const credit = Math.floor(creditAt(state, at));
  return Math.max(0, Math.min(credit, freeSlots(state, freed), state.tickets.waitingCount));
}

function nextRelease(
  state: SaleState,
  count: number,
  at: Instant,
): Extract<SaleEvent, { type: 'TicketsReleased' }> {
  let upTo = state.nowServing;
  for (let found = 0; found < count; ) {
    upTo++;
    if (state.tickets.status(upTo) === ticketStatus.waiting) found++;
  }
  return { type: 'TicketsReleased', upTo, count, credit: creditAt(state, at) - count, atMs: at };
}

/** The last tick left something to do, and it can still be done. */
function isMoreDue(state: SaleState, at: Instant): boolean {
  if (!state.isCut) return false;
  return state.endings.topMs <= at || (state.phase === 'active' && releasable(state, 0, at) > 0);
}

export function deadline(state: SaleState, at: Instant): Instant {
  if (state.terms === null) return Number.POSITIVE_INFINITY;
  const { endsAtMs, startsAtMs, prequeueAtMs } = state.terms;
  const nextTick = isMoreDue(state, at) ? at + 1 : Math.floor(at / tickMs + 1) * tickMs;
  if (state.phase === 'ended') return state.active.size > 0 ? nextTick : Number.POSITIVE_INFINITY;
  const later = (time: number) => Math.max(time, at + 1);
  if (state.pendingItems > 0) return later(endsAtMs);
  if (state.phase === 'scheduled') return later(Math.min(prequeueAtMs ?? startsAtMs, startsAtMs, endsAtMs));
  if (state.phase === 'prequeue') return Math.min(later(startsAtMs), later(endsAtMs), at + prequeueTickMs);
  const isBusy = state.active.size > 0 || (state.tickets.waitingCount > 0 && state.phase === 'active');
  return isBusy ? Math.min(later(endsAtMs), nextTick) : later(endsAtMs);
}
