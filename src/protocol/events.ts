/**
 * What happened: the journal's records and the only input of `evolve`. Shapes are pinned by golden files; a change
 * of meaning is a new type, never a new reading of an old one. `atMs` is engine time.
 */
import type { Code } from './codes.ts';
import type {
  OrderLine,
  PaymentStatus,
  Queueing,
  SaleTerms,
  ShippingAddress,
  ShippingMethod,
} from './commands.ts';
import type { Money } from './money.ts';

export type SkuEvent =
  | {
      type: 'SkuRegistered';
      productId: string;
      sellerId: string;
      title: string;
      price: Money;
      stock: number;
      atMs: number;
    }
  | { type: 'SkuChanged'; title: string; price: Money; atMs: number }
  | { type: 'StockAdjusted'; adjustmentId: string; delta: number; reason: string; atMs: number }
  | {
      type: 'AllotmentOpened';
      saleId: string;
      quantity: number;
      price: Money;
      purchaseLimit: number;
      holdSeconds: number;
      atMs: number;
    }
  | { type: 'AllotmentClosed'; saleId: string; atMs: number }
  | {
      type: 'HoldPlaced';
      holdId: string;
      saleId: string;
      buyerId: string;
      ticketNumber: number;
      quantity: number;
      expiresAtMs: number;
      atMs: number;
      /** Set when an order retook it: it is attached from the start. */
      orderId?: string;
    }
  | { type: 'HoldAttached'; holdId: string; orderId: string; expiresAtMs: number; atMs: number }
  | { type: 'HoldCommitted'; holdId: string; quantity: number; atMs: number }
  | { type: 'HoldVoided'; holdId: string; quantity: number; atMs: number }
  | { type: 'HoldExpired'; holdId: string; quantity: number; atMs: number }
  /** A committed hold whose order was undone: its units can be sold again. */
  | { type: 'UnitsReturned'; holdId: string; quantity: number; atMs: number }
  /** Buyers whose holds end by `upToMs` were told. */
  | { type: 'HoldsWarned'; upToMs: number }
  /** Holds resolved before `beforeMs` were forgotten; their ids count as unknown from now on. */
  | { type: 'HoldsForgotten'; beforeMs: number }
  | { type: 'ReportAcknowledged'; saleId: string; seq: number };

export type SaleEvent =
  | ({ type: 'SaleCreated'; atMs: number } & SaleTerms)
  | { type: 'ItemAllotted'; sku: string; atMs: number }
  | { type: 'ItemRefused'; sku: string; code: Code; available: number | null; atMs: number }
  | { type: 'SaleChanged'; queueing: Queueing; atMs: number }
  | { type: 'PrequeueOpened'; atMs: number }
  | { type: 'SaleStarted'; atMs: number }
  | { type: 'SalePaused'; atMs: number }
  | { type: 'SaleResumed'; atMs: number }
  | { type: 'SaleSoldOut'; atMs: number }
  | { type: 'SaleReopened'; atMs: number }
  | { type: 'SaleEnded'; reason: 'time' | 'closed' | 'refused'; atMs: number }
  | { type: 'ItemReleased'; sku: string; atMs: number }
  | { type: 'TicketIssued'; ticketId: string; buyerId: string; requestId: string | null; atMs: number }
  | { type: 'TicketLeft'; ticketNumber: number; atMs: number }
  /** Every live waiting ticket up to and including `upTo` was admitted: by its form it cannot reorder. */
  | { type: 'TicketsReleased'; upTo: number; count: number; credit: number; atMs: number }
  | { type: 'AdmissionsExpired'; ticketNumbers: number[]; atMs: number }
  | {
      type: 'StockReported';
      sku: string;
      seq: number;
      available: number;
      held: number;
      sold: number;
      tickets: [number, number, number][];
      atMs: number;
    };

export type OrderEvent =
  | {
      type: 'OrderPlaced';
      orderNumber: string;
      buyerId: string;
      holds: { holdId: string; sku: string }[];
      shippingAddress: ShippingAddress;
      shippingMethod: ShippingMethod;
      paymentMethod: string;
      payByMs: number;
      atMs: number;
    }
  | { type: 'LineTaken'; line: OrderLine; atMs: number }
  | { type: 'LineRefused'; sku: string; holdId: string; code: Code; available: number | null; atMs: number }
  | {
      type: 'OrderPriced';
      subtotal: Money;
      discount: Money;
      shipping: Money;
      tax: Money;
      total: Money;
      estimatedDeliveryMs: number;
      atMs: number;
    }
  | { type: 'PaymentAuthorized'; paymentId: string; atMs: number }
  | { type: 'PaymentDeclined'; paymentId: string | null; declineCode: string | null; atMs: number }
  | { type: 'PaymentFailed'; reason: string; atMs: number }
  | { type: 'LineCommitted'; holdId: string; atMs: number }
  /** The line's hold had died; another is being tried under `newHoldId`. */
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
      atMs: number;
    }
  | { type: 'LineReleased'; holdId: string; atMs: number }
  | { type: 'PaymentSettled'; paymentStatus: Extract<PaymentStatus, 'voided' | 'refunded'>; atMs: number };

export type IdempotencyEvent =
  | { type: 'RequestBegun'; key: string; fingerprint: string; resourceId: string; run: string; atMs: number }
  | {
      type: 'RequestFinished';
      key: string;
      status: number;
      body: unknown;
      location: string | null;
      atMs: number;
    }
  | { type: 'RequestAbandoned'; key: string }
  | { type: 'RequestsForgotten'; beforeMs: number };
