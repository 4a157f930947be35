/** The row of a code, a promotion or a counted offer, and what the events of its actor mean for it. */
import type { CouponKind, DiscountTerms } from '../../actors/coupon/commands.ts';
import type { CouponEvent } from '../../actors/coupon/events.ts';
import { ProjectionBroken } from '../../persistence/projection.ts';
import { table } from '../../persistence/table.ts';

export interface CouponRow {
  key: string;
  kind: CouponKind;
  sellerId: string | null;
  terms: DiscountTerms;
  used: number;
  reserved: number;
  version: number;
  isRemoved: boolean;
  createdAtMs: number;
}

export const couponTable = table<CouponRow>('coupons', ['key'], {
  key: ['key', 'text'],
  kind: ['kind', 'text'],
  sellerId: ['seller_id', 'text'],
  terms: ['terms', 'json'],
  used: ['used', 'integer'],
  reserved: ['reserved', 'integer'],
  version: ['version', 'integer'],
  isRemoved: ['is_removed', 'boolean'],
  createdAtMs: ['created_at', 'instant'],
});

/** Changes the row in place, or makes it. */
export function foldCoupon(row: CouponRow | undefined, key: string, event: CouponEvent): CouponRow {
  if (event.type === 'CouponDefined') {
    const { kind, terms, atMs } = event;
    return {
      ...{ key, kind, terms, sellerId: terms.sellerId, used: 0, reserved: 0 },
      ...{ version: (row?.version ?? 0) + 1, isRemoved: false, createdAtMs: atMs },
    };
  }
  if (row === undefined)
    throw new ProjectionBroken(`${event.type} of coupon ${key}, which was never defined`);
  switch (event.type) {
    case 'CouponChanged':
      Object.assign(row, { terms: event.terms, sellerId: event.terms.sellerId, version: row.version + 1 });
      break;
    case 'CouponRemoved':
      Object.assign(row, { isRemoved: true, used: 0, reserved: 0, version: row.version + 1 });
      break;
    case 'CouponTaken':
      row.reserved++;
      break;
    case 'CouponCommitted':
      row.reserved--;
      row.used++;
      break;
    case 'CouponReleased':
      if (event.was === 'reserved') row.reserved--;
      else if (event.was === 'used') row.used--;
      break;
  }
  return row;
}
