/** The only writer of the sale actor's state: what each event of the journal means. */
import { admit, awaitEnd, giveUp, heldBy, soldTo } from './admissions.ts';
import { noteChange } from './changes.ts';
import type { SaleItem } from './commands.ts';
import type { SaleEvent, StockRow } from './events.ts';
import { evolveFacts, withTimes } from './facts.ts';
import { issueTogether } from './issued-rows.ts';
import type { Admission, ItemState, SaleState } from './state.ts';
import { ticketStatus } from './ticket-table.ts';

type EventOf<Type extends SaleEvent['type']> = Extract<SaleEvent, { type: Type }>;

export function evolveSale(state: SaleState, event: SaleEvent): void {
  switch (event.type) {
    case 'SaleCreated':
      createSale(state, event);
      return;
    case 'ItemAllotted': {
      evolveFacts(state, event);
      const item = state.items.get(event.sku)!;
      if (item.seq === 0) item.available = item.quantity;
      return;
    }
    case 'SaleChanged':
      noteChange(state, event);
      evolveFacts(state, event);
      return;
    case 'SalePaused':
      noteChange(state, event);
      evolveFacts(state, event);
      pauseHolds(state, event.holds ?? state.isHoldingPaused);
      return;
    case 'ItemPauseSettled':
      state.items.get(event.sku)!.pauseSettled = event.revision;
      return;
    case 'SaleStarted':
    case 'SaleResumed':
      if (event.type === 'SaleResumed') noteChange(state, event);
      evolveFacts(state, event);
      pauseHolds(state, false);
      state.credit = 0;
      state.creditAtMs = event.atMs;
      return;
    case 'SaleEnded':
      noteChange(state, event);
      evolveFacts(state, event);
      // Waiting tickets end with the sale; admitted buyers may finish.
      state.expired += state.tickets.expireWaiting();
      return;
    case 'TicketIssued':
      state.tickets.issue(event.ticketId, event.buyerId, event.requestId, event.address, event.site);
      state.joins.add(event.atMs, 1);
      return;
    case 'TicketsIssued':
      issueTogether(state, event);
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
      state.isCut = event.isCut ?? false;
      for (const number of event.ticketNumbers) {
        state.tickets.setStatus(number, ticketStatus.expired);
        giveUp(state, number);
        state.expired++;
      }
      return;
    case 'StockReported':
      takeReport(state, event);
      return;
    case 'StocksReported':
      for (const row of event.reports) takeRow(state, row, event.atMs);
      return;
    default:
      evolveFacts(state, event);
  }
}

function createSale(state: SaleState, event: EventOf<'SaleCreated'>): void {
  const { type: _, atMs, ...terms } = withTimes(event, event.atMs);
  state.terms = { ...terms, createdAtMs: atMs };
  state.queueing = terms.queueing;
  state.items = new Map(terms.items.map((item) => [item.sku, newItem(item)]));
  state.pendingItems = terms.items.length;
}

function newItem(item: SaleItem): ItemState {
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
    pauseSettled: 0,
  };
}

function pauseHolds(state: SaleState, isPaused: boolean): void {
  if (isPaused === state.isHoldingPaused) return;
  state.isHoldingPaused = isPaused;
  state.pauseRevision++;
}

function releaseTickets(state: SaleState, event: EventOf<'TicketsReleased'>): void {
  const { claimSeconds, admissionSeconds } = state.queueing;
  const expiresAtMs = event.atMs + admissionSeconds * 1000;
  const claimByMs = Math.min(expiresAtMs, event.atMs + claimSeconds * 1000);
  for (let number = state.nowServing + 1; number <= event.upTo; number++) {
    if (state.tickets.status(number) !== ticketStatus.waiting) continue;
    state.tickets.setStatus(number, ticketStatus.admitted);
    admit(state, number, { admittedAtMs: event.atMs, claimByMs, expiresAtMs });
  }
  state.isCut = event.isCut ?? false;
  state.nowServing = event.upTo;
  state.released += event.count;
  state.credit = event.credit;
  state.creditAtMs = event.atMs;
  state.releases.add(event.atMs, event.count);
}

/** The one way in which `decideRows` and the event take a report in. */
export function takeRow(
  state: SaleState,
  [sku, seq, available, held, sold, tickets]: StockRow,
  atMs: number,
): void {
  const claimed: number[] = [];
  for (const [number, ticketHeld, ticketSold] of tickets)
    if (ticketHeld + ticketSold === 0) claimed.push(number);
  takeReport(state, { sku, seq, available, held, sold, tickets, claimed, atMs });
}

function takeReport(state: SaleState, event: Omit<EventOf<'StockReported'>, 'type'>): void {
  const item = state.items.get(event.sku)!;
  item.seq = event.seq;
  item.available = event.available;
  item.held = event.held;
  item.sold = event.sold;
  for (const number of event.claimed ?? []) {
    const admission = state.active.get(number);
    if (admission) admission.isClaimed = true;
  }
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
    // The hold was placed in time, but its report came after the admission had expired: it counts.
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
