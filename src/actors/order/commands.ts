/**
 * What an order can be asked, and what it answers. All times are engine milliseconds; the gateway turns them into
 * ISO 8601. A comment before a command lists its outcomes: the good ones, then its refusals in order of precedence.
 */
import type { Code } from '../../protocol/codes.ts';
import { commandsTo, type Sent } from '../../protocol/command.ts';
import type { Money } from '../../protocol/money.ts';

const command = commandsTo('order');

export interface ShippingAddress {
  name: string;
  line1: string;
  line2?: string;
  /** Absent where the country has none. */
  city?: string;
  state?: string;
  /** Absent where the country has none. */
  postalCode?: string;
  /** ISO 3166 alpha-2. */
  country: string;
}

/** Sealed under the buyer's key by the gateway; no actor looks into it. null: forgotten. */
export interface SealedAddress {
  readonly sealed: string | null;
  readonly country: string;
}

/** As it is kept. Earlier versions kept what the buyer gave, and so does a gateway that gets no key. */
export type KeptAddress = ShippingAddress | SealedAddress;

/** A cart's line: the order takes its stock itself, under a hold of this id. */
export interface OrderItem {
  holdId: string;
  sku: string;
  quantity: number;
  unitPrice: Money;
}

/** What a quote says of the line that this hold stands for. All of a quote is in one currency. */
export interface QuotedLine {
  holdId: string;
  unitPrice: Money;
  discount: Money;
  tax: Money;
  /** A decimal, such as `0.0625`. */
  taxRate: string;
  isTaxInclusive: boolean;
}

/** What the whole costs, as it was quoted: the order takes its figures from here. */
export interface OrderQuote {
  /** One for every line of the order. */
  lines: QuotedLine[];
  subtotal: Money;
  discount: Money;
  shipping: Money;
  tax: Money;
  /** What the total was rounded by, so that it can be charged. */
  rounding: Money;
  /** 0: the order needs no payment. */
  total: Money;
  /** Until it is delivered, at the latest. */
  maxDays: number;
  /** Its coupons must have been valid then. */
  quotedAtMs: number;
}

/** What is ordered, and how: the OrderPlaced event keeps it as it was sent. */
export interface OrderTerms {
  orderNumber: string;
  buyerId: string;
  /** In any order; the saga works in SKU order. At most 20, distinct. */
  holds: { holdId: string; sku: string }[];
  /** At most 100. Their stock is taken before any hold is: where it is short, the buyer keeps the holds. */
  items?: OrderItem[];
  quote?: OrderQuote;
  /** Keys of coupon actors (codes, and promotions and offers with a limit), at most 40; with a quote only. Taken beside the items. */
  coupons?: string[];
  /** The buyer's cart hears of the items once they are bought. */
  isCart?: true;
  shippingAddress: KeptAddress;
  /** `standard` or `express`, or with a quote whatever it names. */
  shippingMethod: string;
  /** The provider's payment method id, such as `pm_card_visa`. */
  paymentMethod: string;
}

/**
 * created | ok (same again) | exists_with_different | validation_failed. The saga goes on by itself; `order.updated` is
 * pushed at each step.
 */
export const placeOrder = command('PlaceOrder')
  .takes<OrderTerms & { paymentSeconds: number }>()
  .answers<OrderView>();
export type PlaceOrder = Sent<typeof placeOrder>;

/** ok | not_found. A null `buyerId` reads any order. */
export const readOrder = command('ReadOrder')
  .takes<{
    buyerId: string | null;
  }>()
  .answers<OrderView>();
export type ReadOrder = Sent<typeof readOrder>;

/**
 * Before the stock is committed: undone at once. Confirmed and not shipped: refunded, unless a bank disputes the
 * payment. ok | not_found | stale_version | wrong_state.
 */
export const cancelOrder = command('CancelOrder')
  .takes<{
    buyerId: string | null;
    /** The versions that the buyer may have seen; null, or absent: any. */
    versions?: string[] | null;
  }>()
  .answers<OrderView>();
export type CancelOrder = Sent<typeof cancelOrder>;

/** Whom it went to is forgotten, but for the country: the buyer's account is erased. ok (repeats too) | not_found. */
export const forgetAddress = command('ForgetAddress').takes<{ buyerId: string }>().answers<null>();
export type ForgetAddress = Sent<typeof forgetAddress>;

/**
 * A provider's webhook or poll, whatever their order or number: only forward moves count. `refunded` and `disputed` say that
 * somebody moved money of the payment, `refund_failed` that money which went back did not arrive: the order then asks the
 * provider how things stand. These three are of the order's own payment or of none here. ok | not_found.
 */
export const paymentReported = command('PaymentReported')
  .takes<{
    paymentId: string;
    status: 'authorized' | 'captured' | 'voided' | 'refunded' | 'refund_failed' | 'disputed' | 'declined';
    declineCode?: string | null;
    /** All that went back so far, as far as the report says. */
    refunded?: Money | null;
  }>()
  .answers<null>();
export type PaymentReported = Sent<typeof paymentReported>;

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
export type PaymentStatus =
  | 'none'
  | 'authorized'
  | 'captured'
  | 'voided'
  | 'partially_refunded'
  | 'refunded'
  | 'failed';

export interface OrderLine {
  holdId: string;
  /** null: free stock, of a cart's line. */
  saleId: string | null;
  sku: string;
  title: string;
  productId: string;
  sellerId: string;
  quantity: number;
  unitPrice: Money;
  lineTotal: Money;
  discount: Money;
  tax: Money;
  /** Of a quote, as the one after it: absent without. */
  taxRate?: string;
  isTaxInclusive?: boolean;
}

/** Why an order ended without a purchase. */
export interface OrderFailure {
  readonly code: Code;
  /** The provider's, for a declined card. */
  readonly declineCode: string | null;
  readonly sku: string | null;
  readonly available: number | null;
  /** For which what is left is set aside. */
  readonly saleId?: string;
  /** The key of the coupon that could not be taken, and why. */
  readonly coupon?: string;
  readonly reason?: string;
}

export interface OrderView {
  orderId: string;
  orderNumber: string;
  buyerId: string;
  status: OrderStatus;
  paymentStatus: PaymentStatus;
  paymentId: string | null;
  failure: OrderFailure | null;
  lines: OrderLine[];
  subtotal: Money | null;
  discount: Money | null;
  shipping: Money | null;
  tax: Money | null;
  /** Of a quote; null without, and until the order is priced. */
  rounding: Money | null;
  total: Money | null;
  /** Of the total, what went back to the buyer, by whomever. */
  refunded: Money | null;
  /** What the buyer's bank has taken back, or holds back until the dispute is over; null when nothing. */
  disputed: Money | null;
  shippingAddress: KeptAddress;
  shippingMethod: string;
  couponCodes: readonly string[];
  estimatedDeliveryMs: number | null;
  createdAtMs: number;
  /** Counts up with every change. */
  version: number;
}

export type OrderCommands =
  | typeof placeOrder
  | typeof readOrder
  | typeof cancelOrder
  | typeof forgetAddress
  | typeof paymentReported;
export type OrderCommand = Sent<OrderCommands>;
