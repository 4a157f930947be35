/**
 * What a sale can be asked, and what it answers. All times are engine milliseconds; the gateway turns them into
 * ISO 8601. A comment before a command lists its outcomes: the good ones, then its refusals in order of precedence.
 */
import type { Code } from '../../protocol/codes.ts';
import { commandsTo, type Sent } from '../../protocol/command.ts';
import type { Money } from '../../protocol/money.ts';
import { list, optional, text, time, u32, uuid } from '../../protocol/rows.ts';
import { type Line, type Outlook, type Place, placeIn } from './line.ts';

const command = commandsTo('sale');

export interface SaleItem {
  sku: string;
  quantity: number;
  price: Money;
  purchaseLimit: number;
}

export interface Queueing {
  method: 'fifo';
  releasePerSecond: number;
  activeLimit: number;
  admissionSeconds: number;
  claimSeconds: number;
  /** Live admissions per unit that could still be sold; 1 admits nobody who could find nothing. */
  overAdmission: number;
  /** Live tickets of one address; null, or absent in sales of before: any number. */
  ticketsPerAddress?: number | null;
}

export type Phase = 'scheduled' | 'prequeue' | 'active' | 'paused' | 'sold_out' | 'ended';

/** What the seller decided when the sale was made; of these only the rates can be changed later. */
export interface SaleTerms {
  sellerId: string;
  title: string;
  items: SaleItem[];
  prequeueAtMs: number | null;
  startsAtMs: number;
  endsAtMs: number;
  queueing: Queueing;
  holdSeconds: number;
  paymentSeconds: number;
}

/** created | ok (same again) | exists_with_different | validation_failed. Units are set aside asynchronously: see SaleView.stock. */
export const createSale = command('CreateSale').takes<SaleTerms>().answers<CurrentSaleView>();
export type CreateSale = Sent<typeof createSale>;

/** ok | not_found. */
export const readSale = command('ReadSale').takes<object>().answers<CurrentSaleView>();
export type ReadSale = Sent<typeof readSale>;

/** ok | not_found (also for another seller). */
export const readSaleStatus = command('ReadSaleStatus')
  .takes<{
    /** The owner, or null for an operator. */
    sellerId: string | null;
  }>()
  .answers<SaleStatusView>();
export type ReadSaleStatus = Sent<typeof readSaleStatus>;

/** An account, and the role in which it acted. */
export interface Steerer {
  accountId: string;
  role: 'seller' | 'operator' | 'admin';
}

/** Who steers a sale, and what that is based on. */
export interface Steering {
  by?: Steerer;
  /** The owner, or null for an operator. */
  sellerId: string | null;
  /** The versions that the caller may have seen; null, or absent: any. */
  versions?: string[] | null;
}

/** One of the things that somebody did to a sale. */
export interface SaleChange {
  what: 'paused' | 'resumed' | 'closed' | 'rates';
  atMs: number;
  by: Steerer;
  /** Of a pause: whether new holds stopped, too. */
  holds?: boolean;
  /** Of the rates that are others than before: [before, after]. */
  rates?: Record<string, [number | null, number | null]>;
}

/** ok | not_found (also for another seller). Newest first; of the many only the last hundred. */
export const readSaleChanges = command('ReadSaleChanges')
  .takes<{
    /** The owner, or null for an operator. */
    sellerId: string | null;
  }>()
  .answers<{ changes: SaleChange[] }>();
export type ReadSaleChanges = Sent<typeof readSaleChanges>;

/** Rates only; the order of the queue never changes. ok | not_found (also for another seller) | stale_version | sale_ended. */
export const changeSale = command('ChangeSale')
  .takes<Steering & { queueing: Partial<Omit<Queueing, 'method'>> }>()
  .answers<CurrentSaleView>();
export type ChangeSale = Sent<typeof changeSale>;

/**
 * Stops admissions: who is inside goes on, places are kept. ok (also when it is paused already) | not_found (also for
 * another seller) | stale_version | sale_ended | wrong_state (scheduled).
 */
export const pauseSale = command('PauseSale')
  .takes<
    Steering & {
      /** Whether new holds stop as well; when it is not said, a sale that is paused already goes on as it is. */
      holds?: boolean;
    }
  >()
  .answers<CurrentSaleView>();
/** ok (also when it is active already) | not_found (also for another seller) | stale_version | sale_ended | wrong_state. */
export const resumeSale = command('ResumeSale').takes<Steering>().answers<CurrentSaleView>();
/** ok (also when it has ended already) | not_found (also for another seller) | stale_version. */
export const closeSale = command('CloseSale').takes<Steering>().answers<CurrentSaleView>();
export type PauseSale = Sent<typeof pauseSale>;
export type ResumeSale = Sent<typeof resumeSale>;
export type CloseSale = Sent<typeof closeSale>;

/**
 * created | ok (has one already, or the same requestId again) | not_found (also when it was refused) | sale_not_open |
 * sale_ended | address_limit {limit} | busy.
 */
export const joinSale = command('JoinSale')
  .takes<{
    /** Minted by the gateway; used only when a new ticket is made. */
    ticketId: string;
    buyerId: string;
    /** A UUID, or null. */
    requestId: string | null;
    /** What stands for the buyer's address in this sale: 1 to 2^32 - 1, or null when it is not counted. */
    address: number | null;
    /** The same for the address's site (a /48 of IPv6), which has sixteen times the share; absent: it has none. */
    site?: number | null;
  }>()
  .inRows<IssuedInCommon, TicketView>({
    group: [],
    row: {
      ticketId: uuid('tkt_'),
      buyerId: uuid('acc_'),
      requestId: optional(uuid()),
      address: optional(u32),
      site: optional(u32),
    },
    view: ({ first, ahead, line, ...common }, { ticketId, buyerId }, nth) => ({
      ...common,
      ...{ ticketId, buyerId, ticketNumber: first + nth, admission: null },
      ...placeIn(line, ahead + nth),
      queueLength: ahead + nth + 1,
    }),
  });
export type JoinSale = Sent<typeof joinSale>;

/** ok | not_found. `ticketId` null reads the buyer's newest ticket. */
export const readTicket = command('ReadTicket')
  .takes<{
    buyerId: string;
    ticketId: string | null;
  }>()
  .answers<TicketView>();
export type ReadTicket = Sent<typeof readTicket>;

/** ok | not_found. For live views: at most 5,000 buyers; buyers without a ticket are left out. */
export const readTickets = command('ReadTickets')
  .takes<{
    buyerIds: string[];
  }>()
  .answers<{ tickets: TicketView[] }>();
export type ReadTickets = Sent<typeof readTickets>;

/** ok (also when it was over already) | not_found. */
export const leaveSale = command('LeaveSale')
  .takes<{
    buyerId: string;
    ticketId: string | null;
  }>()
  .answers<TicketView>();
export type LeaveSale = Sent<typeof leaveSale>;

/**
 * From the sku actor: what a SKU has left and what each changed ticket holds and bought. Last value wins per ticket.
 * ok | not_found.
 */
export const reportStock = command('ReportStock')
  .takes<{
    sku: string;
    /** Grows with every report of a sku to a sale; an older or equal number changes nothing. */
    seq: number;
    available: number;
    held: number;
    sold: number;
    /** [ticketNumber, unitsHeld, unitsSold] */
    tickets: [number, number, number][];
  }>()
  .inRows<null, null>({
    group: [],
    row: { sku: text, seq: time, available: u32, held: u32, sold: u32, tickets: list },
    view: () => null,
  });
export type ReportStock = Sent<typeof reportStock>;

export interface SaleView extends SaleTerms {
  saleId: string;
  phase: Phase;
  /** `pending` until every item's units are set aside; `refused` ends the sale, with the refusals. */
  stock: 'pending' | 'ready' | 'refused';
  stockRefusals: { sku: string; code: Code; available: number | null }[];
  createdAtMs: number;
}

export interface CurrentSaleView extends SaleView {
  /** Names what is shown and can change; the same again when it is as before. */
  version: string;
  /** Every SKU has answered: units are set aside, holds stopped or given again, the rest taken back. */
  isSettled: boolean;
  /** One an item, in the order of `items`. They move all the time and are no part of the version. */
  figures: ItemFigures[];
  serving: ServingView;
}

/** What is left of one item, for anybody who thinks of joining now. */
export interface ItemFigures {
  sku: string;
  /** Neither held nor sold. */
  left: number;
  /** Held, and not sold yet: may come back. */
  onHold: number;
  outlook: Outlook;
}

export interface SaleStatusView {
  saleId: string;
  phase: Phase;
  queueLength: number;
  activeAdmissions: number;
  joined: number;
  released: number;
  completed: number;
  expired: number;
  left: number;
  inflowPerSecond: number;
  outflowPerSecond: number;
  items: { sku: string; quantity: number; available: number; held: number; sold: number }[];
  oversold: number;
}

export type TicketStatus = 'prequeued' | 'waiting' | 'admitted' | 'completed' | 'expired' | 'left';
/**
 * Why those in line are not let in now: the sale is paused, every unit is held by somebody who may not pay, or else it
 * takes one after the other.
 */
export type WaitReason = 'release_rate' | 'units_on_hold' | 'paused';

export interface TicketView extends Place {
  ticketId: string;
  saleId: string;
  buyerId: string;
  status: TicketStatus;
  ticketNumber: number;
  nowServing: number;
  queueLength: number;
  /** null for who does not wait, or waits for the start. */
  waitReason: WaitReason | null;
  /**
   * While admitted: what the gateway signs into the admission token. Unclaimed it ends with the time to place the first
   * hold; once a hold was placed, with the admission itself.
   */
  admission: { expiresAtMs: number; isClaimed: boolean } | null;
  asOfMs: number;
}

/** What all have in common who wait. */
export interface LineView
  extends Pick<TicketView, 'saleId' | 'status' | 'nowServing' | 'waitReason' | 'asOfMs'> {
  line: Line;
}

/** What tickets that are issued together have in common: their numbers follow each other. */
interface IssuedInCommon extends LineView {
  first: number;
  /** Of the first. */
  ahead: number;
}

/** Push `queue.serving` on `sale/<saleId>`. */
export interface ServingView {
  saleId: string;
  nowServing: number;
  queueLength: number;
  releasedPerSecond: number;
  outlook: Outlook;
  /** Of everybody who waits. */
  waitReason: WaitReason | null;
  /** Units of all items: neither held nor sold, and held. */
  left: number;
  onHold: number;
  asOfMs: number;
}

export type SaleCommands =
  | typeof createSale
  | typeof readSale
  | typeof readSaleStatus
  | typeof readSaleChanges
  | typeof changeSale
  | typeof pauseSale
  | typeof resumeSale
  | typeof closeSale
  | typeof joinSale
  | typeof readTicket
  | typeof readTickets
  | typeof leaveSale
  | typeof reportStock;
export type SaleCommand = Sent<SaleCommands>;
