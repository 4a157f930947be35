/** Codes, promotions and counted offers, from the coupon actor's events. */
import type pg from 'pg';
import type { CouponEvent } from '../../actors/coupon/events.ts';
import { eventTypes, type Projection } from '../../persistence/projection.ts';
import type { JournalRecord } from '../../protocol/frame.ts';
import { type CouponRow, couponTable, foldCoupon } from './coupon-rows.ts';

const types = eventTypes<CouponEvent>({
  CouponDefined: true,
  CouponChanged: true,
  CouponRemoved: true,
  CouponTaken: true,
  CouponCommitted: true,
  CouponReleased: true,
});

async function project(client: pg.ClientBase, records: readonly JournalRecord[]): Promise<void> {
  const rows = new Map<string, CouponRow>();
  const keys = [...new Set(records.map(({ key }) => key))];
  for (const row of await couponTable.load(client, keys)) rows.set(row.key, row);
  for (const { key, event } of records) rows.set(key, foldCoupon(rows.get(key), key, event as CouponEvent));
  await couponTable.save(client, [...rows.values()]);
}

export const projection: Projection = { kind: 'coupon', types, project };
