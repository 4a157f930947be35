/**
 * What happened: the journal's records and the only input of `evolve`. Shapes are pinned by golden files; a change
 * of meaning is a new type, never a new reading of an old one. `atMs` is engine time.
 *
 * `isFreed`: the sale of the hold had ended, so its units are not set aside again but free.
 */
import type { Money } from '../../protocol/money.ts';
import type { Deputy } from './commands.ts';

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
  | { type: 'SkuRetired'; atMs: number }
  | { type: 'SkuReinstated'; atMs: number }
  /** `by`: who did it in the seller's place; absent where it was the seller, and in records of before. */
  | { type: 'StockAdjusted'; adjustmentId: string; delta: number; reason: string; by?: Deputy; atMs: number }
  | {
      type: 'AllotmentOpened';
      saleId: string;
      quantity: number;
      price: Money;
      purchaseLimit: number;
      holdSeconds: number;
      atMs: number;
    }
  /** `freed`: units that were set aside until then; records from before it was told have none. */
  | { type: 'AllotmentClosed'; saleId: string; freed?: number; atMs: number }
  | { type: 'AllotmentPaused'; saleId: string; isPaused: boolean; revision: number; atMs: number }
  | {
      type: 'HoldPlaced';
      holdId: string;
      saleId: string;
      buyerId: string;
      ticketNumber: number;
      quantity: number;
      expiresAtMs: number;
      atMs: number;
      /** Set when an order retook it: it is assigned to that order from the start. */
      orderId?: string;
    }
  /** An order took free stock for a cart's line: a hold of no sale, assigned to the order from the start. */
  | {
      type: 'StockTaken';
      holdId: string;
      buyerId: string;
      orderId: string;
      quantity: number;
      expiresAtMs: number;
      atMs: number;
    }
  /**
   * Holds that were placed together, in one sale and at one time. `rows`: 40 bytes each, little-endian: the hold's id and
   * its buyer's (16 bytes each, the UUID's digits as four 32-bit words), ticket number, quantity. `units`: of all.
   */
  | {
      type: 'HoldsPlaced';
      saleId: string;
      count: number;
      units: number;
      expiresAtMs: number;
      atMs: number;
      rows: Uint8Array;
    }
  /**
   * What orders did at one time with holds, told together. `rows`: little-endian, first the hold's id and, where an order takes it, the
   * order's (16 bytes each, the UUID's digits as four 32-bit words) and the milliseconds of its new end in two words.
   */
  | { type: 'HoldsAttached'; count: number; atMs: number; rows: Uint8Array }
  /** `units`: of all. */
  | { type: 'HoldsCommitted'; count: number; units: number; atMs: number; rows: Uint8Array }
  /**
   * Holds whose orders gave them up: `voided` units that were held and `returned` ones that were sold. Of both, the sales of
   * `freed` units had ended.
   */
  | {
      type: 'HoldsReleased';
      count: number;
      voided: number;
      returned: number;
      freed: number;
      atMs: number;
      rows: Uint8Array;
    }
  | { type: 'HoldAttached'; holdId: string; orderId: string; expiresAtMs: number; atMs: number }
  | { type: 'HoldCommitted'; holdId: string; quantity: number; atMs: number }
  | { type: 'HoldVoided'; holdId: string; quantity: number; atMs: number; isFreed?: true }
  | { type: 'HoldExpired'; holdId: string; quantity: number; atMs: number; isFreed?: true }
  /** A committed hold whose order was undone: its units can be sold again. */
  | { type: 'UnitsReturned'; holdId: string; quantity: number; atMs: number; isFreed?: true }
  /** The buyers of holds that end by `upToMs` were warned. */
  | { type: 'HoldsWarned'; upToMs: number }
  /** Holds resolved before `beforeMs` were forgotten; their ids count as unknown from now on. */
  | { type: 'HoldsForgotten'; beforeMs: number }
  /** What has changed is on its way to the sale. In journals of earlier versions reports were formed by other events. */
  | { type: 'ReportFormed'; saleId: string; atMs: number }
  | { type: 'ReportAcknowledged'; saleId: string; seq: number };
