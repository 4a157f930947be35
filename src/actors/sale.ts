/**
 * The sale: one drop's waiting room. It decides who may come in and when; the units themselves are the sku actors'.
 *
 * 1. Tickets are released in the order of their numbers, never another.
 * 2. At any time no more are admitted than `activeLimit`, nor than units that could still be sold (times
 *    `overAdmission`), nor faster than `releasePerSecond`.
 * 3. One live ticket per buyer; joining again, or repeating a join by its `requestId`, gives the same ticket.
 * 4. Stock is known from the sku actors' numbered reports; an old or repeated report changes nothing.
 * 5. When the last admission of an ended sale is over, unsold units go back to general stock.
 */
import type { PauseSale, SaleCommand } from '../protocol/commands.ts';
import type { Decider, Decision, Instant, Owed, Push, RuntimeCommand } from '../protocol/decider.ts';
import type { SaleEvent } from '../protocol/events.ts';
import { restoreSale, snapshotSale } from './sale-snapshot.ts';
import { type Admission, evolveSale, heldBy, initialSale, type SaleState } from './sale-state.ts';
import {
  admissionEndsAtMs,
  oversoldUnits,
  saleStatusView,
  saleView,
  servingView,
  ticketView,
  unitsInPlay,
} from './sale-view.ts';
import { ticketStatus } from './ticket-table.ts';

/** The queue moves ten times a second: the contract's bound on broadcasts. */
const tickMs = 100;
/** While a prequeue fills, its length is shown once a second. */
const prequeueTickMs = 1000;
/** How much later than its time an unclaimed admission is given up: news of a hold may be on its way. */
const claimGraceMs = 1000;
const ticketsMax = 4_000_000;
const readTicketsMax = 5_000;

type SaleDecision = Decision<SaleState, SaleEvent>;

const nothingOwed: readonly Owed[] = [];
const unknownSale: SaleDecision = { code: 'not_found', events: [] };

export const saleDecider: Decider<SaleState, SaleCommand, SaleEvent> = {
  kind: 'sale',
  version: 1,
  initial: initialSale,
  decide,
  evolve: evolveSale,
  owes,
  deadline,
  snapshot: snapshotSale,
  restore: restoreSale,
  gauges(state) {
    if (state.terms === null || (state.phase === 'ended' && state.active.size === 0)) return null;
    const room = {
      saleId: state.saleId,
      queueLength: state.tickets.waitingCount,
      activeAdmissions: state.active.size,
    };
    return { oversoldUnits: oversoldUnits(state), room };
  },
};

function decide(state: SaleState, command: SaleCommand | RuntimeCommand, at: Instant): SaleDecision {
  if (command.type === 'CreateSale') return create(state, command, at);
  if (state.terms === null) return unknownSale;
  switch (command.type) {
    case 'JoinSale':
      return join(state, command, at);
    case 'ReadTicket':
      return readTicket(state, command, at);
    case 'ReadTickets':
      return readTickets(state, command.buyerIds, at);
    case 'LeaveSale':
      return leave(state, command, at);
    case 'ReportStock':
      return report(state, command, at);
    case 'Tick':
      return tick(state, at);
    case 'Answered':
      return answered(state, command, at);
    case 'ReadSale':
      return { code: 'ok', events: [], reply: saleView };
    case 'ReadSaleStatus':
      if (!mayManage(state, command.sellerId)) return { code: 'forbidden', events: [] };
      return { code: 'ok', events: [], reply: (now) => saleStatusView(now, at) };
    case 'ChangeSale':
      if (!mayManage(state, command.sellerId)) return { code: 'forbidden', events: [] };
      if (state.phase === 'ended') return { code: 'sale_ended', events: [] };
      return changed(state, [
        { type: 'SaleChanged', queueing: { ...state.queueing, ...command.queueing }, atMs: at },
      ]);
    default:
      return steer(state, command, at);
  }
}

function mayManage(state: SaleState, sellerId: string | null): boolean {
  return sellerId === null || sellerId === state.terms!.sellerId;
}

/** Answers with the sale and tells the room when the phase is another one. */
function changed(before: SaleState, events: SaleEvent[]): SaleDecision {
  const phase = before.phase;
  return { code: 'ok', events, reply: saleView, pushes: (after) => phasePushes(after, phase) };
}

function phasePushes(after: SaleState, phaseBefore: SaleState['phase']): Push[] {
  if (after.phase === phaseBefore) return [];
  const body = { saleId: after.saleId, phase: after.phase };
  return [{ topic: `sale/${after.saleId}`, type: 'sale.phase', body }];
}

// ---------------------------------------------------------------- the sale itself

function create(
  state: SaleState,
  command: Extract<SaleCommand, { type: 'CreateSale' }>,
  at: Instant,
): SaleDecision {
  const { type: _, ...terms } = command;
  if (state.terms !== null) {
    const { createdAtMs, ...existing } = state.terms;
    const isSame =
      JSON.stringify(sorted({ ...existing, queueing: state.queueing })) === JSON.stringify(sorted(terms));
    return isSame
      ? { code: 'ok', events: [], reply: saleView }
      : { code: 'exists_with_different', events: [] };
  }
  return { code: 'created', events: [{ type: 'SaleCreated', ...terms, atMs: at }], reply: saleView };
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

function steer(state: SaleState, command: PauseSale, at: Instant): SaleDecision {
  if (!mayManage(state, command.sellerId)) return { code: 'forbidden', events: [] };
  if (state.phase === 'ended') {
    return command.type === 'CloseSale' ? changed(state, []) : { code: 'sale_ended', events: [] };
  }
  if (command.type === 'CloseSale')
    return changed(state, [{ type: 'SaleEnded', reason: 'closed', atMs: at }]);
  const isPaused = state.phase === 'paused';
  if (command.type === 'PauseSale') {
    if (isPaused) return changed(state, []);
    if (state.phase === 'scheduled') return { code: 'wrong_state', events: [] };
    return changed(state, [{ type: 'SalePaused', atMs: at }]);
  }
  if (isPaused) return changed(state, [{ type: 'SaleResumed', atMs: at }]);
  return state.phase === 'active' ? changed(state, []) : { code: 'wrong_state', events: [] };
}

// ---------------------------------------------------------------- tickets

function join(
  state: SaleState,
  command: Extract<SaleCommand, { type: 'JoinSale' }>,
  at: Instant,
): SaleDecision {
  const { tickets } = state;
  const { buyerId, ticketId, requestId } = command;
  const repeated = requestId === null ? 0 : tickets.byRequest(buyerId, requestId);
  const newest = repeated || tickets.newestOf(buyerId);
  if (newest !== 0 && (repeated !== 0 || isLive(state, newest))) {
    return { code: 'ok', events: [], reply: (now) => ticketView(now, newest, at) };
  }
  if (state.phase === 'scheduled' || state.pendingItems > 0) return { code: 'sale_not_open', events: [] };
  if (state.phase === 'ended') return { code: 'sale_ended', events: [] };
  if (tickets.count >= ticketsMax) return { code: 'busy', events: [] };
  return {
    code: 'created',
    events: [{ type: 'TicketIssued', ticketId, buyerId, requestId, atMs: at }],
    reply: (now) => ticketView(now, now.tickets.newestOf(buyerId), at),
  };
}

function isLive(state: SaleState, number: number): boolean {
  const status = state.tickets.status(number);
  return status === ticketStatus.waiting || status === ticketStatus.admitted;
}

function find(state: SaleState, buyerId: string, ticketId: string | null): number {
  return ticketId === null ? state.tickets.newestOf(buyerId) : state.tickets.byId(buyerId, ticketId);
}

function readTicket(
  state: SaleState,
  command: Extract<SaleCommand, { type: 'ReadTicket' }>,
  at: Instant,
): SaleDecision {
  const number = find(state, command.buyerId, command.ticketId);
  if (number === 0) return { code: 'not_found', events: [] };
  return { code: 'ok', events: [], reply: (now) => ticketView(now, number, at) };
}

function readTickets(state: SaleState, buyerIds: string[], at: Instant): SaleDecision {
  const tickets = buyerIds
    .slice(0, readTicketsMax)
    .map((buyerId) => state.tickets.newestOf(buyerId))
    .filter((number) => number !== 0)
    .map((number) => ticketView(state, number, at));
  return { code: 'ok', events: [], reply: { tickets } };
}

function leave(
  state: SaleState,
  command: Extract<SaleCommand, { type: 'LeaveSale' }>,
  at: Instant,
): SaleDecision {
  const number = find(state, command.buyerId, command.ticketId);
  if (number === 0) return { code: 'not_found', events: [] };
  const reply = (now: SaleState) => ticketView(now, number, at);
  if (!isLive(state, number)) return { code: 'ok', events: [], reply };
  return {
    code: 'ok',
    events: [{ type: 'TicketLeft', ticketNumber: number, atMs: at }],
    reply,
    pushes: (now) => [ticketPush(now, number, at, 'ticket')],
  };
}

function ticketPush(state: SaleState, number: number, at: Instant, type: string): Push {
  return { topic: `buyer/${state.tickets.buyerId(number)}`, type, body: ticketView(state, number, at) };
}

// ---------------------------------------------------------------- stock

function report(
  state: SaleState,
  command: Extract<SaleCommand, { type: 'ReportStock' }>,
  at: Instant,
): SaleDecision {
  const item = state.items.get(command.sku);
  if (!item) return { code: 'not_found', events: [] };
  if (command.seq <= item.seq) return { code: 'ok', events: [] };
  const { type: _, ...stock } = command;
  const events: SaleEvent[] = [{ type: 'StockReported', ...stock, atMs: at }];
  const before = unitsInPlay(state);
  const available = before.available - item.available + command.available;
  const held = before.held - item.held + command.held;
  const stage = state.phase === 'paused' ? state.pausedFrom : state.phase;
  if (stage === 'active' && available === 0 && held === 0) events.push({ type: 'SaleSoldOut', atMs: at });
  if (stage === 'sold_out' && available > 0) events.push({ type: 'SaleReopened', atMs: at });

  const phase = state.phase;
  // Who now holds, or holds no more, has another time limit or another status: tell the buyer.
  const statusesBefore = command.tickets.map(([number]) => state.active.get(number)?.isClaimed ?? false);
  return {
    code: 'ok',
    events,
    pushes: (now) => {
      const pushes = phasePushes(now, phase);
      command.tickets.forEach(([number], index) => {
        if (number < 1 || number > now.tickets.count) return;
        const isClaimed = now.active.get(number)?.isClaimed ?? false;
        const isOver = now.tickets.status(number) === ticketStatus.completed;
        if (isClaimed !== statusesBefore[index] || isOver) pushes.push(ticketPush(now, number, at, 'ticket'));
      });
      return pushes;
    },
  };
}

function answered(
  state: SaleState,
  answer: Extract<RuntimeCommand, { type: 'Answered' }>,
  at: Instant,
): SaleDecision {
  const [step, sku] = splitOwedId(answer.id);
  const item = state.items.get(sku);
  if (!item) return { code: 'ok', events: [] };
  if (step === 'return') {
    if (item.allotment !== 'open') return { code: 'ok', events: [] };
    return { code: 'ok', events: [{ type: 'ItemReleased', sku, atMs: at }] };
  }
  if (item.allotment !== 'pending') return { code: 'ok', events: [] };
  const isOpen = answer.code === 'ok' || answer.code === 'created';
  const available = (answer.body as { available?: number } | null)?.available ?? null;
  const events: SaleEvent[] = [
    isOpen
      ? { type: 'ItemAllotted', sku, atMs: at }
      : { type: 'ItemRefused', sku, code: answer.code, available, atMs: at },
  ];
  const isLast = state.pendingItems === 1;
  const isRefused = !isOpen || [...state.items.values()].some((other) => other.allotment === 'refused');
  if (isLast && isRefused && state.phase !== 'ended')
    events.push({ type: 'SaleEnded', reason: 'refused', atMs: at });
  const phase = state.phase;
  return { code: 'ok', events, pushes: (now) => phasePushes(now, phase) };
}

// ---------------------------------------------------------------- time

function tick(state: SaleState, at: Instant): SaleDecision {
  const phase = state.phase;
  const timed = timedPhase(state, at);
  if (timed) return { code: 'ok', events: [timed], pushes: (now) => phasePushes(now, phase) };

  const events: SaleEvent[] = [];
  const over: number[] = [];
  for (const [number, admission] of state.active) if (isOver(admission, at)) over.push(number);
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

function isOver(admission: Admission, at: Instant): boolean {
  if (admission.isClaimed) return at >= admission.expiresAtMs && heldBy(admission) === 0;
  return at >= admissionEndsAtMs(admission) + claimGraceMs;
}

/** How many more may be admitted now, `freed` slots being about to become free. */
function freeSlots(state: SaleState, freed: number): number {
  const { available, held } = unitsInPlay(state);
  const units = Math.floor((available + held) * state.queueing.overAdmission);
  return Math.min(state.queueing.activeLimit, units) - (state.active.size - freed);
}

/** A token bucket that holds one tick's worth (at least one ticket): a stalled queue does not release in a burst. */
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

function deadline(state: SaleState, at: Instant): Instant {
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

// ---------------------------------------------------------------- what it owes

function owes(state: SaleState): readonly Owed[] {
  if (state.terms === null) return nothingOwed;
  if (state.pendingItems > 0) {
    const { sellerId, holdSeconds, items } = state.terms;
    return items
      .filter((item) => state.items.get(item.sku)!.allotment === 'pending')
      .map((item) => ({
        id: `allot/${item.sku}/${state.saleId}`,
        kind: 'sku',
        key: item.sku,
        command: { type: 'OpenAllotment', saleId: state.saleId, sellerId, holdSeconds, ...without(item) },
      }));
  }
  if (state.phase !== 'ended' || state.active.size > 0) return nothingOwed;
  return [...state.items.values()]
    .filter((item) => item.allotment === 'open')
    .map((item) => ({
      id: `return/${item.sku}/${state.saleId}`,
      kind: 'sku',
      key: item.sku,
      command: { type: 'CloseAllotment', saleId: state.saleId },
    }));
}

function without<Item extends { sku: string }>({ sku: _, ...rest }: Item): Omit<Item, 'sku'> {
  return rest;
}

/** Owed ids are `step/sku/saleId`; a SKU holds no slash. */
function splitOwedId(id: string): [step: string, sku: string] {
  const [step, sku] = id.split('/');
  return [step!, sku!];
}
