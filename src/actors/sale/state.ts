/**
 * What a sale remembers, and how events change it. See `sale.ts` for the decisions.
 *
 * 1. `nowServing` never goes back; every ticket up to it was released or had left.
 * 2. `active` holds exactly the tickets whose status is `admitted`.
 * 3. A ticket that holds units keeps its slot until they are sold or given back, whatever its time limit.
 * 4. `endings` has a live entry for each admission that time alone would end: a million of them cost a tick nothing.
 */
import type { Code } from '../../protocol/codes.ts';
import { DeadlineHeap } from '../../protocol/deadline-heap.ts';
import type { Decision } from '../../protocol/decider.ts';
import type { Phase, Queueing, SaleItem, SaleTerms } from './commands.ts';
import type { SaleEvent } from './events.ts';
import { RateWindow } from './rate-window.ts';
import { TicketTable, ticketStatus } from './ticket-table.ts';

/** The terms as they were at first; the rates in force, which can change, are kept apart. */
export type KeptTerms = SaleTerms & { createdAtMs: number };

export interface ItemState {
  readonly sku: string;
  readonly quantity: number;
  readonly limit: number;
  allocation: 'pending' | 'open' | 'refused' | 'released';
  refusal: { code: Code; available: number | null } | null;
  /** Number of the last report that counted. */
  seq: number;
  available: number;
  held: number;
  sold: number;
}

/** How much later than its time an unclaimed admission is given up: news of a hold may be on its way. */
const claimGraceMs = 1000;

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

export interface SaleState {
  readonly saleId: string;
  terms: KeptTerms | null;
  phase: Phase;
  /** Where `resume` returns to. */
  pausedFrom: 'active' | 'sold_out' | 'prequeue';
  queueing: Queueing;
  items: Map<string, ItemState>;
  pendingItems: number;
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

export type SaleDecision = Decision<SaleState, SaleEvent>;

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

export function heldBy(admission: Admission): number {
  let held = 0;
  for (const [units] of admission.units.values()) held += units;
  return held;
}

function soldTo(admission: Admission): number {
  let sold = 0;
  for (const [, units] of admission.units.values()) sold += units;
  return sold;
}

type Times = Pick<Admission, 'admittedAtMs' | 'claimByMs' | 'expiresAtMs'>;

/** Takes a slot for the ticket. Also what a snapshot says of it. */
export function admit(
  state: SaleState,
  serial: number,
  saved: Times & Partial<Pick<Admission, 'isClaimed' | 'units'>>,
): Admission {
  const admission = {
    serial,
    isClaimed: false,
    units: new Map(),
    endsAtMs: Number.POSITIVE_INFINITY,
    ...saved,
  };
  state.active.set(serial, admission);
  awaitEnd(state, admission);
  return admission;
}

/** Until when new holds may be placed: an unclaimed admission ends early, so no token outlives its slot. */
export function admissionEndsAtMs({ isClaimed, expiresAtMs, claimByMs }: Admission): number {
  return isClaimed ? expiresAtMs : claimByMs;
}

/** Works out anew when the admission ends by itself. */
function awaitEnd({ endings }: SaleState, admission: Admission): void {
  const graceMs = admission.isClaimed ? 0 : claimGraceMs;
  const endsAtMs = heldBy(admission) > 0 ? Number.POSITIVE_INFINITY : admissionEndsAtMs(admission) + graceMs;
  if (endsAtMs === admission.endsAtMs) return;
  admission.endsAtMs = endsAtMs;
  if (endsAtMs < Number.POSITIVE_INFINITY) endings.push(endsAtMs, admission);
  endings.prune();
}

/** The slot is free again. */
function giveUp({ active, endings }: SaleState, number: number): void {
  const admission = active.get(number);
  if (!admission) return;
  admission.endsAtMs = Number.POSITIVE_INFINITY;
  active.delete(number);
  endings.prune();
}

export function evolveSale(state: SaleState, event: SaleEvent): void {
  switch (event.type) {
    case 'SaleCreated': {
      const { type: _, atMs, ...terms } = event;
      state.terms = { ...terms, createdAtMs: atMs };
      state.queueing = terms.queueing;
      state.items = new Map(event.items.map((item) => [item.sku, itemState(item)]));
      state.pendingItems = event.items.length;
      return;
    }
    case 'ItemAllotted': {
      const item = state.items.get(event.sku)!;
      item.allocation = 'open';
      if (item.seq === 0) item.available = item.quantity;
      state.pendingItems--;
      return;
    }
    case 'ItemRefused': {
      const item = state.items.get(event.sku)!;
      item.allocation = 'refused';
      item.refusal = { code: event.code, available: event.available };
      state.pendingItems--;
      return;
    }
    case 'ItemReleased':
      state.items.get(event.sku)!.allocation = 'released';
      return;
    case 'SaleChanged':
      state.queueing = event.queueing;
      return;
    case 'PrequeueOpened':
      state.phase = 'prequeue';
      return;
    case 'SaleStarted':
      state.phase = 'active';
      state.credit = 0;
      state.creditAtMs = event.atMs;
      return;
    case 'SalePaused':
      state.pausedFrom = state.phase as SaleState['pausedFrom'];
      state.phase = 'paused';
      return;
    case 'SaleResumed':
      state.phase = state.pausedFrom;
      state.credit = 0;
      state.creditAtMs = event.atMs;
      return;
    case 'SaleSoldOut':
      if (state.phase === 'paused') state.pausedFrom = 'sold_out';
      else state.phase = 'sold_out';
      return;
    case 'SaleReopened':
      if (state.phase === 'paused') state.pausedFrom = 'active';
      else state.phase = 'active';
      return;
    case 'SaleEnded':
      endSale(state);
      return;
    case 'TicketIssued':
      state.tickets.issue(event.ticketId, event.buyerId, event.requestId);
      state.joins.add(event.atMs, 1);
      return;
    case 'TicketLeft':
      state.tickets.setStatus(event.ticketNumber, ticketStatus.left);
      giveUp(state, event.ticketNumber);
      state.left++;
      return;
    case 'TicketsReleased':
      releaseTickets(state, event);
      return;
    case 'AdmissionsExpired':
      for (const number of event.ticketNumbers) {
        state.tickets.setStatus(number, ticketStatus.expired);
        giveUp(state, number);
        state.expired++;
      }
      return;
    case 'StockReported':
      takeReport(state, event);
  }
}

function itemState(item: SaleItem): ItemState {
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

/** Those who wait are told that it is over; those admitted may finish. */
function endSale(state: SaleState): void {
  state.phase = 'ended';
  for (let number = 1; number <= state.tickets.count; number++) {
    if (state.tickets.status(number) !== ticketStatus.waiting) continue;
    state.tickets.setStatus(number, ticketStatus.expired);
    state.expired++;
  }
}

function releaseTickets(state: SaleState, event: Extract<SaleEvent, { type: 'TicketsReleased' }>): void {
  const { claimSeconds, admissionSeconds } = state.queueing;
  const expiresAtMs = event.atMs + admissionSeconds * 1000;
  const claimByMs = Math.min(expiresAtMs, event.atMs + claimSeconds * 1000);
  for (let number = state.nowServing + 1; number <= event.upTo; number++) {
    if (state.tickets.status(number) !== ticketStatus.waiting) continue;
    state.tickets.setStatus(number, ticketStatus.admitted);
    admit(state, number, { admittedAtMs: event.atMs, claimByMs, expiresAtMs });
  }
  state.nowServing = event.upTo;
  state.released += event.count;
  state.credit = event.credit;
  state.creditAtMs = event.atMs;
  state.releases.add(event.atMs, event.count);
}

function takeReport(state: SaleState, event: Extract<SaleEvent, { type: 'StockReported' }>): void {
  const item = state.items.get(event.sku)!;
  item.seq = event.seq;
  item.available = event.available;
  item.held = event.held;
  item.sold = event.sold;
  for (const [number, held, sold] of event.tickets) noteUnits(state, event, number, held, sold);
}

/** One ticket's units of one SKU changed. */
function noteUnits(
  state: SaleState,
  event: { readonly sku: string; readonly atMs: number },
  number: number,
  held: number,
  sold: number,
): void {
  let admission = state.active.get(number);
  if (!admission && held > 0 && mayRevive(state, number)) {
    // The hold was placed in time, but its news came after the admission had been given up: it counts.
    admission = revive(state, number, event.atMs);
  }
  if (!admission) {
    if (sold > 0) complete(state, number);
    return;
  }
  admission.units.set(event.sku, [held, sold]);
  if (held > 0 || sold > 0) admission.isClaimed = true;
  if (soldTo(admission) > 0 && heldBy(admission) === 0) complete(state, number);
  else awaitEnd(state, admission);
}

/** Not when the buyer has joined again meanwhile: one live ticket each. */
function mayRevive({ tickets }: SaleState, number: number): boolean {
  return (
    tickets.status(number) === ticketStatus.expired && tickets.newestOf(tickets.buyerId(number)) === number
  );
}

function revive(state: SaleState, number: number, atMs: number): Admission {
  state.tickets.setStatus(number, ticketStatus.admitted);
  state.expired--;
  return admit(state, number, { admittedAtMs: atMs, claimByMs: atMs, expiresAtMs: atMs, isClaimed: true });
}

function complete(state: SaleState, number: number): void {
  const before = state.tickets.status(number);
  if (before === ticketStatus.completed) return;
  if (before === ticketStatus.expired) state.expired--;
  if (before === ticketStatus.left) state.left--;
  state.tickets.setStatus(number, ticketStatus.completed);
  giveUp(state, number);
  state.completed++;
}
