/**
 * What happened: the journal's records and the only input of `evolve`. Shapes are pinned by golden files; a change
 * of meaning is a new type, never a new reading of an old one. `atMs` is engine time.
 */
import type { CouponKind, DiscountTerms } from './commands.ts';

export type CouponEvent =
  | { type: 'CouponDefined'; kind: CouponKind; terms: DiscountTerms; atMs: number }
  | { type: 'CouponChanged'; terms: DiscountTerms; atMs: number }
  | { type: 'CouponRemoved'; atMs: number }
  | { type: 'CouponTaken'; orderId: string; buyerId: string; atMs: number }
  | { type: 'CouponCommitted'; orderId: string; atMs: number }
  /** `was`: what the order had; `nothing` of one that never took it and never will now. */
  | { type: 'CouponReleased'; orderId: string; was: 'reserved' | 'used' | 'nothing'; atMs: number };
