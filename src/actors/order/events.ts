/**
 * What happened: the journal's records and the only input of `evolve`. Shapes are pinned by golden files; a change
 * of meaning is a new type, never a new reading of an old one. `atMs` is engine time.
 */
import type { Code } from '../../protocol/codes.ts';
import type { Money } from '../../protocol/money.ts';
import type { OrderLine, OrderTerms, PaymentStatus } from './commands.ts';

export type OrderEvent =
  | ({ type: 'OrderPlaced' } & OrderTerms & { payByMs: number; atMs: number })
  | { type: 'LineTaken'; line: OrderLine; atMs: number }
  | { type: 'LineRefused'; sku: string; holdId: string; code: Code; available: number | null; atMs: number }
  /** A coupon actor took the order in. This and what else concerns coupons and the cart is nothing that the buyer sees. */
  | { type: 'DiscountTaken'; coupon: string; atMs: number }
  | { type: 'DiscountRefused'; coupon: string; code: Code; atMs: number }
  | { type: 'DiscountCommitted'; coupon: string; atMs: number }
  | { type: 'DiscountReleased'; coupon: string; atMs: number }
  /** The buyer's cart has heard what was bought. */
  | { type: 'CartTold'; atMs: number }
  | {
      type: 'OrderPriced';
      subtotal: Money;
      discount: Money;
      shipping: Money;
      tax: Money;
      /** Of a quote. */
      rounding?: Money;
      total: Money;
      estimatedDeliveryMs: number;
      atMs: number;
    }
  | { type: 'PaymentAuthorized'; paymentId: string; atMs: number }
  | { type: 'PaymentDeclined'; paymentId: string | null; declineCode: string | null; atMs: number }
  | { type: 'PaymentFailed'; reason: string; atMs: number }
  | { type: 'LineCommitted'; holdId: string; atMs: number }
  /** The line's hold had expired or was voided; another is being tried under `newHoldId`. */
  | { type: 'LineLost'; holdId: string; newHoldId: string; atMs: number }
  | { type: 'LineRetaken'; holdId: string; newHoldId: string; atMs: number }
  | { type: 'PaymentCaptured'; paymentId: string; atMs: number }
  | { type: 'OrderConfirmed'; atMs: number }
  | {
      type: 'OrderFailed';
      status: 'payment_failed' | 'expired' | 'cancelled';
      code: Code;
      declineCode: string | null;
      sku: string | null;
      available: number | null;
      /** Absent where there is none, like the two after it. */
      saleId?: string;
      coupon?: string;
      reason?: string;
      atMs: number;
    }
  | { type: 'LineReleased'; holdId: string; atMs: number }
  | { type: 'PaymentSettled'; paymentStatus: Extract<PaymentStatus, 'voided' | 'refunded'>; atMs: number }
  /** The provider tells that somebody else moved money of this payment: it is to be asked how things stand. */
  | { type: 'PaymentQuestioned'; paymentId: string; atMs: number }
  /** How things stand at the provider: `refunded` went back in all, `disputed` is with the buyer's bank. */
  | {
      type: 'PaymentExamined';
      paymentStatus: Extract<PaymentStatus, 'captured' | 'partially_refunded' | 'refunded'>;
      refunded: Money;
      disputed: Money | null;
      atMs: number;
    }
  /** A payment that was undone was looked at once more, because a refund of it failed: this is what really went back. */
  | {
      type: 'RefundExamined';
      paymentStatus: Exclude<PaymentStatus, 'none' | 'authorized' | 'failed'>;
      refunded: Money;
      disputed: Money | null;
      atMs: number;
    }
  /** The buyer's account is erased: of the address only the country is kept. */
  | { type: 'AddressForgotten'; atMs: number };

export type EventOf<Type extends OrderEvent['type']> = Extract<OrderEvent, { type: Type }>;
