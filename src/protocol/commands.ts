/**
 * What actors can be asked, and what they answer. All times are engine milliseconds; the gateway turns them
 * into ISO 8601. A comment after a command lists its outcomes in order of precedence.
 */
import type { Code } from './codes.ts';
import type { Money } from './money.ts';

// ---------------------------------------------------------------- sku/<sku>

/** created | ok (same again) | exists_with_different. -> StockView */
export interface RegisterSku {
  type: 'RegisterSku';
  productId: string;
  sellerId: string;
  title: string;
  price: Money;
  /** Initial units on hand, 0 or more. */
  stock: number;
}
/** ok | not_found. Changes what the product page shows; open sales keep their own price. -> StockView */
export interface ChangeSku {
  type: 'ChangeSku';
  title?: string;
  price?: Money;
}
/** not_found | forbidden | created | ok (same id again) | exists_with_different | insufficient_stock {available}. -> StockView */
export interface AdjustStock {
  type: 'AdjustStock';
  adjustmentId: string;
  /** Units added (or taken away when negative); never below what is held, sold or set aside for sales. */
  delta: number;
  reason: string;
  /** The owner, or null for an operator. */
  sellerId: string | null;
}
/** ok | not_found. -> StockView */
export interface ReadStock {
  type: 'ReadStock';
}
/** Sets units aside for a sale. created | ok | exists_with_different | unknown_sku | forbidden | insufficient_stock {available}. */
export interface OpenAllotment {
  type: 'OpenAllotment';
  saleId: string;
  sellerId: string;
  quantity: number;
  price: Money;
  purchaseLimit: number;
  holdSeconds: number;
}
/** Gives unsold, unheld units of a sale back to general stock. ok. */
export interface CloseAllotment {
  type: 'CloseAllotment';
  saleId: string;
}
/**
 * created | ok (same again) | exists_with_different | unknown_sku | admission_expired | purchase_limit {limit, owned}
 * | sold_out {available: 0} | insufficient_stock {available}. -> HoldView
 */
export interface PlaceHold {
  type: 'PlaceHold';
  holdId: string;
  saleId: string;
  buyerId: string;
  ticketNumber: number;
  quantity: number;
  admissionExpiresAtMs: number;
}
/** ok | not_found. -> HoldView. A null `buyerId` reads any hold. */
export interface ReadHold {
  type: 'ReadHold';
  holdId: string;
  buyerId: string | null;
}
/** The buyer gives the hold back. ok | not_found | hold_in_use | wrong_state (committed). -> HoldView */
export interface VoidHold {
  type: 'VoidHold';
  holdId: string;
  buyerId: string;
}
/** An order takes a hold: it lives until `untilMs` at least and only this order can resolve it.
 * ok | not_found | hold_in_use | hold_expired. -> HoldView with title and sellerId */
export interface AttachHold {
  type: 'AttachHold';
  holdId: string;
  buyerId: string;
  orderId: string;
  untilMs: number;
}
/** ok (also when done before) | not_found | hold_in_use | hold_expired. */
export interface CommitHold {
  type: 'CommitHold';
  holdId: string;
  orderId: string;
}
/** The order gives up: an attached hold is voided, a committed one is returned to stock. ok (always safe to repeat). */
export interface ReleaseHold {
  type: 'ReleaseHold';
  holdId: string;
  orderId: string;
}
/** A paid order whose hold died tries once more, under a new id. created | ok | exists_with_different | not_found (no such
 * earlier hold of this order) | purchase_limit | sold_out | insufficient_stock. -> HoldView */
export interface RetakeHold {
  type: 'RetakeHold';
  holdId: string;
  replaces: string;
  orderId: string;
  untilMs: number;
}

export type SkuCommand =
  | RegisterSku
  | ChangeSku
  | AdjustStock
  | ReadStock
  | OpenAllotment
  | CloseAllotment
  | PlaceHold
  | ReadHold
  | VoidHold
  | AttachHold
  | CommitHold
  | ReleaseHold
  | RetakeHold;

export interface StockView {
  sku: string;
  productId: string;
  sellerId: string;
  title: string;
  price: Money;
  /** onHand = available + held + sold, always. */
  onHand: number;
  held: number;
  sold: number;
  available: number;
  /** Part of `available` that is set aside for sales. */
  allotted: number;
  asOfMs: number;
}

export type HoldState = 'held' | 'committing' | 'committed' | 'voided' | 'expired';

export interface HoldView {
  holdId: string;
  saleId: string;
  sku: string;
  buyerId: string;
  quantity: number;
  unitPrice: Money;
  state: HoldState;
  expiresAtMs: number;
  title: string;
  sellerId: string;
  productId: string;
  orderId: string | null;
}

// ---------------------------------------------------------------- sale/<saleId>

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

/** created | ok (same again) | exists_with_different. -> SaleView. Units are set aside asynchronously: see SaleView.stock. */
export interface CreateSale extends SaleTerms {
  type: 'CreateSale';
}
/** ok | not_found. -> SaleView */
export interface ReadSale {
  type: 'ReadSale';
}
/** ok | not_found (also for another seller). -> SaleStatusView */
export interface ReadSaleStatus {
  type: 'ReadSaleStatus';
  /** The owner, or null for an operator. */
  sellerId: string | null;
}
/** Rates only; the order of the queue never changes. ok | not_found (also for another seller) | sale_ended. -> SaleView */
export interface ChangeSale {
  type: 'ChangeSale';
  sellerId: string | null;
  queueing: Partial<Omit<Queueing, 'method'>>;
}
/** ok | not_found (also for another seller) | wrong_state | sale_ended. -> SaleView */
export interface PauseSale {
  type: 'PauseSale' | 'ResumeSale' | 'CloseSale';
  sellerId: string | null;
}
/** created | ok (has one already, or the same requestId again) | not_found | sale_not_open | sale_ended. -> TicketView */
export interface JoinSale {
  type: 'JoinSale';
  /** Minted by the gateway; used only when a new ticket is made. */
  ticketId: string;
  buyerId: string;
  /** A UUID, or null. */
  requestId: string | null;
}
/** ok | not_found. `ticketId` null reads the buyer's newest ticket. -> TicketView */
export interface ReadTicket {
  type: 'ReadTicket';
  buyerId: string;
  ticketId: string | null;
}
/** ok | not_found. For live boards: at most 5,000 buyers; buyers without a ticket are left out. -> {tickets: TicketView[]} */
export interface ReadTickets {
  type: 'ReadTickets';
  buyerIds: string[];
}
/** ok (also when it was over already) | not_found. -> TicketView */
export interface LeaveSale {
  type: 'LeaveSale';
  buyerId: string;
  ticketId: string | null;
}
/** From the sku actor: what a SKU has left and what each changed ticket holds and bought. Last value wins per ticket. ok. */
export interface ReportStock {
  type: 'ReportStock';
  sku: string;
  /** 1, 2, 3 … per sku and sale; an older or equal number changes nothing. */
  seq: number;
  available: number;
  held: number;
  sold: number;
  /** [ticketNumber, unitsHeld, unitsSold] */
  tickets: [number, number, number][];
}

export type SaleCommand =
  | CreateSale
  | ReadSale
  | ReadSaleStatus
  | ChangeSale
  | PauseSale
  | JoinSale
  | ReadTicket
  | ReadTickets
  | LeaveSale
  | ReportStock;

export interface SaleView extends SaleTerms {
  saleId: string;
  phase: Phase;
  /** `pending` until every item's units are set aside; `refused` ends the sale, with the refusals. */
  stock: 'pending' | 'ready' | 'refused';
  stockRefusals: { sku: string; code: Code; available: number | null }[];
  createdAtMs: number;
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
export type Outlook = 'likely' | 'uncertain' | 'unlikely' | 'sold_out';

export interface TicketView {
  ticketId: string;
  saleId: string;
  buyerId: string;
  status: TicketStatus;
  ticketNumber: number;
  nowServing: number;
  usersAhead: number;
  queueLength: number;
  waitTimeSeconds: number;
  waitTimeKnown: boolean;
  outlook: Outlook;
  /** While admitted: what the gateway signs into the admission token. */
  admission: { items: { sku: string; limit: number }[]; expiresAtMs: number } | null;
  pollAfterSeconds: number;
  asOfMs: number;
}

/** Push `queue.serving` on `sale/<saleId>`. */
export interface ServingView {
  saleId: string;
  nowServing: number;
  queueLength: number;
  releasedPerSecond: number;
  outlook: Outlook;
  asOfMs: number;
}

// ---------------------------------------------------------------- order/<orderId>

export interface ShippingAddress {
  name: string;
  line1: string;
  line2?: string;
  city: string;
  state?: string;
  postalCode: string;
  /** ISO 3166 alpha-2. */
  country: string;
}

export type ShippingMethod = 'standard' | 'express';

/** created | ok (same again) | exists_with_different. -> OrderView. The saga goes on by itself; watch `order.updated`. */
export interface PlaceOrder {
  type: 'PlaceOrder';
  orderNumber: string;
  buyerId: string;
  /** In any order; the saga works in SKU order. At most 20, distinct. */
  holds: { holdId: string; sku: string }[];
  shippingAddress: ShippingAddress;
  shippingMethod: ShippingMethod;
  /** The provider's payment method id, such as `pm_card_visa`. */
  paymentMethod: string;
  paymentSeconds: number;
}
/** ok | not_found. A null `buyerId` reads any order. -> OrderView */
export interface ReadOrder {
  type: 'ReadOrder';
  buyerId: string | null;
}
/** Before the stock is committed: undone at once. Confirmed and not shipped: refunded. ok | not_found | wrong_state. -> OrderView */
export interface CancelOrder {
  type: 'CancelOrder';
  buyerId: string | null;
}
/** A provider's webhook or poll, whatever their order or number: only forward moves count. ok | not_found. */
export interface PaymentReported {
  type: 'PaymentReported';
  paymentId: string;
  status: 'authorized' | 'captured' | 'voided' | 'refunded' | 'declined';
  declineCode?: string | null;
}

export type OrderCommand = PlaceOrder | ReadOrder | CancelOrder | PaymentReported;

export type OrderStatus =
  | 'pending'
  | 'authorizing'
  | 'committing'
  | 'confirmed'
  | 'payment_failed'
  | 'expired'
  | 'cancelled'
  | 'shipped'
  | 'delivered'
  | 'returned'
  | 'refunded';
export type PaymentStatus = 'none' | 'authorized' | 'captured' | 'voided' | 'refunded' | 'failed';

export interface OrderLine {
  holdId: string;
  saleId: string;
  sku: string;
  title: string;
  productId: string;
  sellerId: string;
  quantity: number;
  unitPrice: Money;
  lineTotal: Money;
  discount: Money;
  tax: Money;
}

export interface OrderView {
  orderId: string;
  orderNumber: string;
  buyerId: string;
  status: OrderStatus;
  paymentStatus: PaymentStatus;
  paymentId: string | null;
  /** Why the order ended without a purchase: a code, with the provider's decline code for a declined card. */
  failure: { code: Code; declineCode: string | null; sku: string | null; available: number | null } | null;
  lines: OrderLine[];
  subtotal: Money | null;
  discount: Money | null;
  shipping: Money | null;
  tax: Money | null;
  total: Money | null;
  shippingAddress: ShippingAddress;
  shippingMethod: ShippingMethod;
  estimatedDeliveryMs: number | null;
  createdAtMs: number;
  /** Counts up with every change. */
  version: number;
}

// ---------------------------------------------------------------- idempotency/<accountId>

/** ok -> {outcome: 'run'|'replay', resourceId, status, body} | idempotency_key_reused | idempotency_in_progress. */
export interface BeginRequest {
  type: 'BeginRequest';
  key: string;
  /** SHA-256 of method, path and body, hex. */
  fingerprint: string;
  /** The id that this request would mint; the first one is kept and returned to every repeat. */
  resourceId: string;
  /** Names the server run: a request left open by an earlier run may be run again. */
  run: string;
}
/** ok | not_found. */
export interface FinishRequest {
  type: 'FinishRequest';
  key: string;
  status: number;
  body: unknown;
  location: string | null;
}
/** The attempt did nothing and its id may be forgotten. ok. The gateway hands unfinished keys back instead: `BeginRequest` with
 * run `handed-back`, so that a repeat runs under the same id. */
export interface AbandonRequest {
  type: 'AbandonRequest';
  key: string;
}
export type IdempotencyCommand = BeginRequest | FinishRequest | AbandonRequest;

// ---------------------------------------------------------------- payments/<orderId>, served by the back office
// Answers are final: the back office retries with the same key until the provider has said yes or no. Calls for one
// order are made one after the other.

/** ok {paymentId} | payment_declined {paymentId, declineCode} | payment_failed {reason}. */
export interface AuthorizePayment {
  type: 'AuthorizePayment';
  orderId: string;
  buyerId: string;
  amount: Money;
  paymentMethod: string;
  /** `<orderId>:authorize`. */
  idempotencyKey: string;
  /** Engine ms after which an authorisation is no longer wanted: stop retrying, find out and void it. */
  untilMs: number;
}
/** ok {paymentId} (also when captured before) | payment_failed {reason}. */
export interface CapturePayment {
  type: 'CapturePayment';
  orderId: string;
  paymentId: string;
  amount: Money;
  idempotencyKey: string;
}
/** Cancels an authorisation; `paymentId` null: whatever the authorize call of this order made, if anything. ok. */
export interface VoidPayment {
  type: 'VoidPayment';
  orderId: string;
  paymentId: string | null;
  idempotencyKey: string;
}
/** ok. */
export interface RefundPayment {
  type: 'RefundPayment';
  orderId: string;
  paymentId: string;
  amount: Money;
  idempotencyKey: string;
}
export type PaymentCommand = AuthorizePayment | CapturePayment | VoidPayment | RefundPayment;
