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
/** One tick is one bounded turn; the rest ends with the next. */
const expiredPerTick = 5_000;

export function tick(state: SaleState, _tick: Tick, at: Instant): SaleDecision {
  const phase = state.phase;
  const timed = timedPhase(state, at);
  if (timed) return { code: 'ok', events: [timed], pushes: (now) => phasePushes(now, phase) };

  const events: SaleEvent[] = [];
  // Whoever held and gave back several times is in there as often.
  const over = [...new Set(state.endings.upTo(at, expiredPerTick).map(({ serial }) => serial))];
  if (over.length > 0) events.push({ type: 'AdmissionsExpired', ticketNumbers: over, atMs: at });
  const first = state.nowServing + 1;
  const release = phase === 'active' ? nextRelease(state, over.length, at) : null;
  if (release) events.push(release);
  return {
    code: 'ok',
    events,
    pushes: (now) => {
      const pushes: Push[] = over.map((number) => ticketPush(now, number, at, 'admission.expired'));
      for (let number = first; release && number <= release.upTo; number++) {
        if (now.active.has(number)) pushes.push(ticketPush(now, number, at, 'admission.granted'));
      }
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

function nextRelease(
  state: SaleState,
  freed: number,
  at: Instant,
): Extract<SaleEvent, { type: 'TicketsReleased' }> | null {
  const credit = creditAt(state, at);
  const count = Math.min(Math.floor(credit), freeSlots(state, freed), state.tickets.waitingCount);
  if (count <= 0) return null;
  let upTo = state.nowServing;
  for (let found = 0; found < count; ) {
    upTo++;
    if (state.tickets.status(upTo) === ticketStatus.waiting) found++;
  }
  return { type: 'TicketsReleased', upTo, count, credit: credit - count, atMs: at };
}

export function deadline(state: SaleState, at: Instant): Instant {
  if (state.terms === null) return Number.POSITIVE_INFINITY;
  const { endsAtMs, startsAtMs, prequeueAtMs } = state.terms;
  const nextTick = Math.floor(at / tickMs + 1) * tickMs;
  if (state.phase === 'ended') return state.active.size > 0 ? nextTick : Number.POSITIVE_INFINITY;
  const later = (time: number) => Math.max(time, at + 1);
  if (state.pendingItems > 0) return later(endsAtMs);
  if (state.phase === 'scheduled') return later(Math.min(prequeueAtMs ?? startsAtMs, startsAtMs, endsAtMs));
  if (state.phase === 'prequeue') return Math.min(later(startsAtMs), later(endsAtMs), at + prequeueTickMs);
  const isBusy = state.active.size > 0 || (state.tickets.waitingCount > 0 && state.phase === 'active');
  return isBusy ? Math.min(later(endsAtMs), nextTick) : later(endsAtMs);
}
